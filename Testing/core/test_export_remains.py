"""What a saved scene holds of a result: written small, read back whole, proven by its hashes."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime

import numpy as np
import pytest
from dmdp.errors import InputError, LesionError, MissingPackage
from dmdp.images.mask import Mask
from dmdp.report.export import export_result
from dmdp.report.formats import FORMATS
from dmdp.report.from_scene import SceneRemains
from dmdp.report.remains import Drawn, write_remains
from dmdp.results.reader import read_result

CREATED = datetime(2026, 11, 30, 12, 0, 5)


@pytest.fixture
def whole(predicted):
    return read_result(predicted)


@pytest.fixture
def remains(whole, tmp_path):
    """``remains(mask)`` writes what a scene would hold whose contour is ``mask``, on the PET unless told."""

    def write(mask=None, on="pet", regions=whole.regions):
        folder = tmp_path / "scene"
        folder.mkdir(exist_ok=True)
        grids = {name.lower(): contour.geometry for name, contour in whole.contours.items()}
        drawn = Drawn(Mask(mask, grids[on]), on, grids) if mask is not None else None
        return write_remains(folder, whole.prediction, CREATED, drawn, regions)

    return write


def test_it_comes_back_as_it_was(remains, whole):
    back = SceneRemains.read(remains(whole.contours["PET"].array)).result
    np.testing.assert_array_equal(back.contours["PET"].array, whole.contours["PET"].array)
    np.testing.assert_array_equal(back.contours["CT"].array, whole.contours["CT"].array)
    for name, contour in whole.contours.items():
        assert back.contours[name].geometry.same_grid(contour.geometry)
    assert back.created == CREATED
    np.testing.assert_array_equal(back.regions.array, whole.regions.array)
    assert back.prediction == type(back.prediction).from_json(json.loads(json.dumps(whole.prediction.to_json())))


def test_it_is_small(remains, whole):
    folder = remains(whole.contours["PET"].array)
    assert sum(path.stat().st_size for path in folder.glob("*.npy")) < whole.regions.array.size + 8000


def test_page_tables_and_objects_are_made_from_it(remains, predicted, simulated_study, whole, tmp_path):
    study = simulated_study[1]
    outcome = export_result(
        remains(whole.contours["PET"].array), tmp_path / "out", ["html", "json", "csv", "seg", "sr", "map"], ct=study, pet=study
    )
    assert [item.format for item in outcome.not_written] == ["map"]
    for name in ("prediction.json", "features.csv"):
        assert (tmp_path / "out" / name).read_bytes() == (predicted / name).read_bytes()
    again = export_result(remains(whole.contours["PET"].array), tmp_path / "again", ["seg", "sr"], ct=study, pet=study)
    for item in again:
        assert item.path.read_bytes() == (tmp_path / "out" / item.path.name).read_bytes(), "the same object"


@pytest.mark.parametrize("change", ["edited", "gone", "on the CT"])
def test_of_another_contour_there_are_no_objects(remains, whole, simulated_study, tmp_path, change):
    mask, on = whole.contours["PET"].array.copy(), "pet"
    if change == "edited":
        mask[tuple(np.argwhere(mask)[0])] = False
    if change == "on the CT":  # whose voxels are another grid's
        mask, on = whole.contours["CT"].array.copy(), "ct"
        mask[tuple(np.argwhere(mask)[0])] = False
    folder = remains(None if change == "gone" else mask, on)
    study = simulated_study[1]
    outcome = export_result(folder, tmp_path / "out", ["json", "seg", "sr"], ct=study, pet=study)
    assert {item.path.name for item in outcome} == {"prediction.json"}
    assert all(isinstance(item.reason, LesionError) for item in outcome.not_written)


def test_other_regions_cost_their_segmentation(remains, whole):
    changed = whole.regions.array.copy()
    changed[tuple(np.argwhere(changed)[0])] = 0
    regions = type(whole.regions)(changed, whole.regions.geometry, "1")
    lesion, needs = whole.contours["PET"].array, FORMATS["seg"].needs
    assert SceneRemains.read(remains(lesion, regions=regions)).obstacle(needs).code == "export.regions"
    assert SceneRemains.read(remains(lesion)).obstacle(needs) is None


def test_without_jinja_the_page_says_how_to_get_it(remains, whole, tmp_path, monkeypatch):
    folder = remains(whole.contours["PET"].array)
    monkeypatch.setitem(sys.modules, "jinja2", None)
    monkeypatch.delitem(sys.modules, "dmdp.report.html", raising=False)  # as in a Python that has not imported it
    with pytest.raises(MissingPackage, match="Jinja2"):
        export_result(folder, tmp_path / "out", ["html", "pdf"])
    assert [item.format for item in export_result(folder, tmp_path / "out", ["html", "csv"])] == ["csv"]


@pytest.mark.parametrize(
    "content", ["{}", "[", '{"schema": 9}', '{"schema": 1, "created": "?", "lesion": null, "regions": null}']
)
def test_damaged_ones_are_refused(remains, whole, tmp_path, content):
    folder = remains(whole.contours["PET"].array)
    (folder / "scene.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        export_result(folder, tmp_path / "out", ["csv"])
    assert refused.value.code == "export.no_scene"


def test_writing_it_imports_nothing_heavy():
    code = "import sys, dmdp.report.remains, dmdp.report.listing; print({'scipy', 'SimpleITK'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
