"""Every entry of every registry does its work, and what lists them (command line, README, text files) is read from them."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace

import numpy as np
import pytest
from dmdp import models, packages, words
from dmdp.bundles.bundle import read_bundle
from dmdp.cli import find_commands
from dmdp.delineation.method import Seed
from dmdp.delineation.methods import MANUAL, METHODS, ORIGINS, method_for
from dmdp.delineation.pet import candidates
from dmdp.errors import InputError, ModelError, UsageError
from dmdp.images.volume import SUVBW, Geometry, Volume
from dmdp.network.config import SIZES
from dmdp.radiomics.backend import find_settings
from dmdp.radiomics.catalogue import CATALOGUE
from dmdp.radiomics.engine import extract
from dmdp.radiomics.families import FAMILIES
from dmdp.radiomics.family import MASK
from dmdp.radiomics.filters import FILTERS, image_names
from dmdp.radiomics.names import feature_names
from dmdp.radiomics.profile import Profile
from dmdp.report.export import export_result
from dmdp.report.formats import FORMATS
from dmdp.resources import find_bundle, installed_bundles, installed_profiles

GRID = Geometry.from_spacing((24, 24, 24), (3.0, 3.0, 3.0), (-34.5, -34.5, -34.5))
EVERYTHING = Profile("everything", wavelet="coif1", log_sigma_mm=(3.5,), bin_width=0.5)


@pytest.fixture(scope="module")
def pet() -> Volume:
    """A ball of uptake that falls outwards, with some noise."""
    away = np.linalg.norm(GRID.to_lps(np.moveaxis(np.indices(GRID.shape), 0, -1)), axis=-1)
    return Volume(12 - away / 2 + np.random.default_rng(0).normal(0, 0.1, GRID.shape), GRID, SUVBW)


def options(command: str) -> dict[str, object]:
    """The choices of a command's options."""
    import argparse

    parser = argparse.ArgumentParser()
    find_commands()[command].add_arguments(parser)
    return {action.option_strings[0]: action.choices for action in parser._actions if action.option_strings and action.choices}


@pytest.mark.parametrize("name", METHODS)
def test_every_contour_method_outlines_one_lesion_at_a_seed(name, pet):
    images = {"PET": pet, "CT": Volume(np.zeros(GRID.shape), GRID, "HU")}
    (lesion,) = candidates(images, name, Seed((0.0, 0.0, 0.0)))
    assert (lesion.method, lesion.modality) == (name, METHODS[name].modalities[0])
    assert lesion.mask.array[GRID.nearest_voxel((0.0, 0.0, 0.0))]
    assert METHODS[name].help.rstrip(".") == METHODS[name].help


def test_what_a_method_lacks_is_refused(pet):
    with pytest.raises(UsageError, match="outlines the lesion at a point"):
        method_for("auto", None)
    with pytest.raises(InputError, match="no PET"):
        candidates({}, "auto", Seed((0.0, 0.0, 0.0)))
    assert {origin.algorithm for origin in ORIGINS.values()} <= {"MANUAL", "SEMIAUTOMATIC", "AUTOMATIC"}
    assert words.method(MANUAL.name) == MANUAL.title


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_computes_what_its_table_names(name, pet):
    mask = pet.array > 6
    found = extract(pet, {"r": mask}, Profile("p", (name,), bin_width=0.5, convention="ibsi"))["r"]
    assert [key.removeprefix(f"original_{name}_") for key in found] == list(FAMILIES[name].features)
    assert np.isfinite(list(found.values())).all()
    assert all(f"{name}_{feature}" in CATALOGUE for feature in FAMILIES[name].features)


def test_every_filter_makes_the_images_that_it_names(pet):
    made = {key.split("_")[0] for key in extract(pet, {"r": pet.array > 6}, EVERYTHING)["r"]}
    assert made == set(image_names(EVERYTHING))
    assert all(item.images(EVERYTHING) for item in FILTERS.values())
    once = sum(len(family.features) for family in FAMILIES.values() if family.reads == MASK)
    each = sum(len(family.features) for family in FAMILIES.values() if family.reads != MASK and family.pyradiomics)
    assert len(feature_names(EVERYTHING)) == once + each * len(image_names(EVERYTHING))


@pytest.mark.parametrize("name", sorted(installed_profiles()))
def test_every_installed_profile_is_read(name):
    assert feature_names(find_settings(name))


def test_every_format_writes(predicted, simulated_study, tmp_path):
    study = simulated_study[1]
    for name in FORMATS:
        outcome = export_result(predicted, tmp_path / name, [name], ct=study, pet=study)
        assert not outcome.not_written
        assert any(item.format == name and item.path.stat().st_size for item in outcome), name


@pytest.mark.parametrize("name", models.KINDS)
def test_every_kind_of_model_loads_and_tells_how_well_it_does(name):
    bundles = [read_bundle(path) for path in installed_bundles().values()]
    bundle = next(bundle for bundle in bundles if models.kind_of(bundle).name == name)
    kind = models.KINDS[name]
    assert kind.load(bundle).bundle is bundle
    task = bundle.manifest.tasks[0]
    assert [metric.value for metric, _inputs in kind.performance(task, bundle.manifest)]


def test_a_kind_that_nobody_knows_is_refused():
    bundle = read_bundle(find_bundle("published-pet-clinical"))
    strange = type(bundle)(replace(bundle.manifest, kind="oracle"), bundle.files, bundle.sha256)
    with pytest.raises(ModelError, match="'oracle'"):
        models.load_model(strange)


@pytest.mark.parametrize("name", SIZES)
def test_every_size_makes_a_network(name):
    dmdp = pytest.importorskip("dmdp.network.dmdp", reason="torch is not installed: there are no networks")
    config = SIZES[name](tasks=("EGFR",))
    assert dmdp.Dmdp(config).config == config


def test_the_command_line_offers_what_is_registered():
    for command in ("delineate", "features", "predict"):
        assert list(options(command)["--method"]) == list(METHODS)
    assert set(FORMATS) <= set(options("export")["--format"])


def test_the_readme_names_what_is_registered(project):
    readme = (project / "README.md").read_text(encoding="utf-8")
    assert "\\|".join(METHODS) in re.search(r"`dmdp delineate [^`]*`", readme)[0]
    row = next(line for line in readme.splitlines() if line.startswith("| `dmdp export"))
    assert [name for name in re.findall(r"`(\w+)`", row) if name in FORMATS] == list(FORMATS)


def test_the_needed_packages_are_those_of_the_project(project):
    """The lists for Slicer are the project's, but for what Slicer brings; parameter files in YAML are none of the panel's."""
    from packaging.requirements import Requirement

    described = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = [Requirement(line) for line in described["dependencies"]]
    assert [requirement.name for requirement in needed] == list(packages.MODULES)
    folder = project / "DMDPPredictor" / "Resources" / "DMDPPredictor"
    lists = {}
    for name in ("requirements", "requirements-more"):
        lines = (folder / f"{name}.txt").read_text(encoding="utf-8").splitlines()
        lists[name] = [line for line in lines if not line.startswith("#")]
    assert lists["requirements"] == [str(r) for r in needed if r.name not in packages.SLICERS_OWN]
    extras = described["optional-dependencies"]
    more = [line for extra in ("radiomics", "pdf", "dicom") for line in extras[extra] if not line.startswith("ruamel")]
    assert lists["requirements-more"] == more
    pinned = {line.split("==")[0].lower() for line in (project / "constraints.txt").read_text().splitlines() if "==" in line}
    assert {name.lower() for name in packages.MODULES} <= pinned


def test_dicom_objects_are_written_without_matplotlib(project):
    import subprocess
    import sys

    code = "import sys, dmdp.report.dicom.objects, dmdp.report.dicom.segmentation; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
