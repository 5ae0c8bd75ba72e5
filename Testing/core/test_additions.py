"""Another contour method, feature family and report format, each by its recipe: a file, a line in a registry, and nothing else.

They are added to a copy of the packages; command line, engine, catalogue, IBSI report and export then take them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from dmdp.images.files import read_mask, write_mask, write_volume
from dmdp.images.volume import SUVBW, Geometry, Volume

CONTOUR = """
from .method import ContourMethod


def _outline(method, images, seed, progress):
    from scipy import ndimage

    from ..images.mask import Mask
    from ..patients.case import Lesion

    pet = images["PET"]
    labels, count = ndimage.label(pet.array >= 4)
    numbers = range(1, count + 1) if seed is None else [labels[pet.geometry.nearest_voxel(seed.point)]]
    progress(1.0, "looked")
    return tuple(Lesion(Mask(labels == number, pet.geometry), method.name) for number in numbers)


METHOD = ContourMethod("foci", "every focus", True, "AUTOMATIC", "each focus of SUV 4 and more", _outline, needs_seed=False)
"""
FAMILY = '''
from .family import LEVELS, Family


def _of(patch):
    present = patch.levels.present
    return {"Contrast": float(((present[:, None] - present) ** 2).sum()), "Levels": len(present)}


FAMILY = Family("twin", LEVELS, _of, """
Contrast | 1 | twin_contrast | squared differences of the grey levels
Levels | 1 | - | number of grey levels
""")
'''
FORMAT = """
def write(item, export):
    yield export.put(item, "verdict.txt", export.source.result.prediction.applicability.verdict.encode())
"""
ADDED = {  # file: content, and of each registry the text that takes the line
    "delineation/foci.py": CONTOUR,
    "radiomics/twin.py": FAMILY,
    "report/verdict.py": FORMAT,
}
LINES = {
    "delineation/methods.py": (
        ("from .method import", "from . import foci\nfrom .method import"),
        ("(*ISOCONTOURS,)", "(*ISOCONTOURS, foci.METHOD)"),
    ),
    "radiomics/families.py": (
        ("from . import first_order, glcm", "from . import twin, first_order, glcm"),
        ("ngtdm.FAMILY)", "ngtdm.FAMILY, twin.FAMILY)"),
    ),
    "report/formats.py": (
        ("from .outcome import", "from . import verdict\nfrom .outcome import"),
        ('_dicom("seg"', 'Format("verdict", "the verdict as text", verdict.write),\n        _dicom("seg"'),
    ),
}


@pytest.fixture(scope="module")
def extended(project, tmp_path_factory):
    """``extended(words)`` runs Python with the packages to which the three were added, and returns what it prints."""
    root = tmp_path_factory.mktemp("extended")
    for module, package in (("DMDPPredictor", "dmdp"), ("DMDPTraining", "dmdp_training")):
        shutil.copytree(project / module / package, root / module / package, ignore=shutil.ignore_patterns("__pycache__"))
    core = root / "DMDPPredictor" / "dmdp"
    for file, content in ADDED.items():
        (core / file).write_text(f"from __future__ import annotations\n{content}", encoding="utf-8")
    for file, changes in LINES.items():
        text = (core / file).read_text(encoding="utf-8")
        for before, after in changes:
            assert text.count(before) == 1, (file, before)
            text = text.replace(before, after)
        (core / file).write_text(text, encoding="utf-8")
    path = os.pathsep.join(str(root / module) for module in ("DMDPPredictor", "DMDPTraining"))

    def run(*words) -> str:
        environment = {**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1", "NUMBA_DISABLE_JIT": "1"}
        command = [sys.executable, *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment, cwd=root)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_another_contour_needs_no_seed(extended, tmp_path):
    grid = Geometry.from_spacing((20, 20, 20), (4.0, 4.0, 4.0))
    suv = np.ones(grid.shape)
    suv[3:6, 3:6, 3:6], suv[12:15, 10:14, 12:15] = 8.0, 6.0
    write_volume(tmp_path / "pet.nrrd", Volume(suv, grid, SUVBW))
    assert "foci: each focus of SUV 4 and more" in " ".join(extended("-m", "dmdp", "delineate", "--help").split())
    words = ("-m", "dmdp", "delineate", "--pet", tmp_path / "pet.nrrd", "--pet-is-suv", "--method", "foci", "--out")
    assert "method foci" in extended(*words, tmp_path / "all.nrrd")
    assert "SUVmax 6.0" in extended(*words, tmp_path / "one.nrrd", "--seed", "48,48,52")
    labels = read_labels(tmp_path / "all.nrrd")
    assert [int((labels == number).sum()) for number in (1, 2)] == [27, 36]
    assert int(read_mask(tmp_path / "one.nrrd")[0].sum()) == 36


def read_labels(path: Path) -> np.ndarray:
    import SimpleITK as sitk

    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


def test_another_family_is_computed_named_and_compared(extended, tmp_path):
    grid = Geometry.from_spacing((12, 12, 12), (2.0, 2.0, 2.0))
    image = Volume(np.random.default_rng(0).integers(-200, 200, grid.shape).astype(np.float32), grid, "HU")
    mask = np.zeros(grid.shape, bool)
    mask[3:9, 3:9, 3:9] = True
    for phantom in ("digital_phantom", "ct_phantom"):
        (tmp_path / phantom).mkdir()
        write_volume(tmp_path / phantom / "image.nii.gz", image)
        write_mask(tmp_path / phantom / "mask.nii.gz", mask, grid)
    (tmp_path / "reference").mkdir()
    rows = "tag,reference value,tolerance,consensus\ntwin_contrast_3D,1,0,weak\ntwin_contrast_2_5D,1,0,weak\n"
    for name in ("digital_phantom", *(f"config_{letter}" for letter in "ABCDE")):
        (tmp_path / "reference" / f"ibsi_1_reference_values_{name}.csv").write_text(rows, encoding="utf-8")
    extended("-m", "dmdp_training.studies.ibsi", tmp_path, tmp_path / "ibsi.md")
    report = (tmp_path / "ibsi.md").read_text(encoding="utf-8")
    assert report.count("| twin_Contrast | twin_contrast_3D |") + report.count("| twin_Contrast | twin_contrast_2_5D |") == 7
    code = """
from pathlib import Path
import sys
from dmdp.images.files import read_mask, read_volume
from dmdp.radiomics.catalogue import described
from dmdp.radiomics.engine import extract
from dmdp.radiomics.names import feature_names
from dmdp.radiomics.profile import Profile
folder = Path(sys.argv[1]) / "ct_phantom"
profile = Profile("p", ("firstorder", "twin"), wavelet="coif1")
image, mask = read_volume(folder / "image.nii.gz", "HU"), read_mask(folder / "mask.nii.gz")[0]
found = extract(image, {"r": mask}, profile)["r"]
assert tuple(found) == feature_names(profile)
assert described("wavelet-LLH_twin_Levels", found["wavelet-LLH_twin_Levels"], "HU").definition.startswith("number of grey levels")
assert Profile("q").classes == ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")
print(found["original_twin_Levels"])
"""
    assert float(extended("-c", code, tmp_path)) == 16


def test_another_format_is_written(extended, predicted, tmp_path):
    assert "verdict" in extended("-m", "dmdp", "export", "--help")
    said = extended("-m", "dmdp", "export", predicted, "--format", "verdict", "--format", "json", "--out", tmp_path / "out")
    assert "verdict.txt: the verdict as text" in said
    assert (tmp_path / "out" / "verdict.txt").read_text(encoding="utf-8") in ("ok", "caution", "outside")
