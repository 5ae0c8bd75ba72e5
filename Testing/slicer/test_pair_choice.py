"""Which PET and CT are chosen of several: by evidence, with the reason said, and nothing that would be a guess."""

from __future__ import annotations

import pydicom
import pytest
from dmdp.images.volume import Volume

from .conftest import addVolume, wait

pytestmark = pytest.mark.slicer
LIE = ["DECY", "ATTN", "DTIM", "RAN", "NORM"]


@pytest.fixture
def series(scene, simulated_study, dicomDatabase, tmp_path):
    """``series("pet", name, tag=value, …)`` is a volume node of the simulated study whose header was changed so."""
    patient, folder = simulated_study
    made = []

    def make(kind, name, slices=None, **tags):
        image = getattr(patient, kind)
        if slices is not None:
            image = Volume(image.array[:slices], image.geometry.crop((0, 0, 0), image.array[:slices].shape), image.unit)
        header = pydicom.dcmread(sorted((folder / kind).glob("*.dcm"))[0])
        header.SOPInstanceUID = f"{header.SOPInstanceUID[:60]}.{len(made)}"
        for tag, value in tags.items():
            setattr(header, tag, value)
        place = tmp_path / str(len(made))
        place.mkdir()
        header.save_as(place / "1.dcm")
        node = addVolume(scene, image, name)
        node.SetAttribute("DICOM.instanceUIDs", next(iter(dicomDatabase(place))))
        made.append(node)
        return node

    return make


@pytest.fixture(params=["corrected first", "corrected last"])
def order(request):
    return request.param == "corrected first"


LIARS = {
    "both claim ATTN, one holds PROPCNTS": (
        {"SeriesDescription": "PET"}, {"SeriesDescription": "PET", "Units": "PROPCNTS"}, "units BQML", "holds PROPCNTS",
    ),
    "the description alone tells": (
        {"SeriesDescription": "PET AC"}, {"SeriesDescription": "PET NAC"}, "units BQML", "is described as not corrected",
    ),
    "in many words": (
        {"SeriesDescription": "WB"}, {"SeriesDescription": "WB, non-attenuation corrected"}, "units BQML", "not corrected",
    ),
    "in capitals": ({"SeriesDescription": "WB"}, {"SeriesDescription": "WB_UNCORR"}, "units BQML", "not corrected"),
    "SCAT alone tells": (
        {"CorrectedImage": [*LIE, "SCAT"], "SeriesDescription": "1"}, {"CorrectedImage": LIE, "SeriesDescription": "2"},
        "SCAT in its CorrectedImage", "lacks SCAT",
    ),
    "an honest header": (
        {"SeriesDescription": "1"}, {"SeriesDescription": "2", "CorrectedImage": ["DECY"]}, "units BQML", "lacks ATTN",
    ),
    "counts with a factor against counts without": (
        {"Units": "BQML"}, {"Units": "CNTS"}, "units BQML", "without a factor",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", LIARS)
def test_the_corrected_pet_is_chosen_and_the_reason_said(series, logic, order, case):
    good, bad, by, against = LIARS[case]
    lie = {"CorrectedImage": LIE} if "CorrectedImage" not in good else {}
    names = [("first", {**lie, **good}), ("second", {**lie, **bad})]
    nodes = {name: series("pet", name, **tags) for name, tags in (names if order else names[::-1])}
    ct = series("ct", "ct")
    assert logic.choosePair() == (ct, nodes["first"]), "for the console"
    pair = logic.pair()
    assert (pair.ct, pair.pet) == (ct, nodes["first"])
    assert pair.reason.startswith(f"PET {1 if order else 2} of 2: 'first' (attenuation-corrected by")
    assert by in pair.reason
    assert "'second' " in pair.reason
    assert against in pair.reason


@pytest.mark.parametrize(
    ("good", "bad"),
    [("pet_ac", "pet_nac"), ("PET_CTAC", "PET no AC"), ("pet corrected", "pet_uncorrected"), ("pet", "PET-WB_UNCORR")],
)
def test_names_alone_tell(scene, simulated_study, logic, order, good, bad):
    """As from NIfTI files: there is no header."""
    patient, _ = simulated_study
    nodes = {name: addVolume(scene, patient.pet, name) for name in ((good, bad) if order else (bad, good))}
    ct = addVolume(scene, patient.ct, "ct")
    assert logic.choosePair() == (ct, nodes[good])
    pair = logic.pair()
    assert (pair.ct, pair.pet) == (ct, nodes[good])
    assert f"'{bad}' is described as not corrected" in pair.reason


def test_equal_pets_and_cts_are_not_chosen_between(series, logic):
    ct = series("ct", "ct")
    series("pet", "pet a")
    series("pet", "pet b")
    pair = logic.pair()
    assert (pair.ct, pair.pet) == (ct, None)
    assert pair.reason == "2 PETs fit equally ('pet a', 'pet b'): choose one."
    other = series("ct", "ct thin")
    assert "2 CTs fit equally" in logic.pair().reason
    assert logic.pair(ctNode=other).ct is other


def test_the_ct_with_the_most_slices_and_no_localiser(series, logic):
    scout = series("ct", "scout", slices=2, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    ct, pet = series("ct", "ct"), series("pet", "pet")
    assert logic.choosePair() == (ct, pet)
    series("ct", "ct short", slices=10)
    series("ct", "ct elsewhere", FrameOfReferenceUID="1.2.3")
    pair = logic.pair()
    assert pair.ct is ct
    assert pair.reason.startswith("CT 2 of 4: 'ct' (")
    assert "most slices" in pair.reason
    assert "frame of reference" in pair.reason
    assert logic.pair(ctNode=scout).ct is scout


def test_a_pet_that_is_not_corrected_is_not_chosen_for_want_of_another(series, logic):
    ct, pet = series("ct", "ct"), series("pet", "pet", Units="PROPCNTS", CorrectedImage=LIE)
    pair = logic.pair()
    assert (pair.ct, pair.pet) == (ct, None)
    assert "No attenuation-corrected PET is loaded: 'pet' holds PROPCNTS. Load the corrected one." in pair.reason
    assert logic.pair(petNode=pet).pet is pet, "the user may"


def test_patients_never_mix(series, scene, simulated_study, logic):
    ct = series("ct", "ct of one")
    pet = series("pet", "pet of another", StudyInstanceUID="1.2.3")
    pair = logic.pair()
    assert (pair.ct, pair.pet) == (None, None)
    assert "one and the same study" in pair.reason
    assert logic.pair(ctNode=ct).pet is None
    named = addVolume(scene, simulated_study[0].pet, "pet from a file", suv=True)
    assert logic.choosePair() == (None, None), "whose it is nobody knows"
    scene.RemoveNode(named)
    other = series("ct", "ct of another", StudyInstanceUID="1.2.3")
    assert logic.choosePair() == (other, pet)
    series("pet", "pet of one")
    pair = logic.pair()
    assert (pair.ct, pair.pet) == (None, None)
    assert "CT and PET of 2 studies are loaded" in pair.reason
    assert logic.choosePair(petNode=pet) == (other, pet)


def test_a_study_of_the_subject_hierarchy_counts_without_a_database(scene, simulated_study, logic):
    """As after a scene was loaded on another computer."""
    patient, _ = simulated_study
    hierarchy = scene.GetSubjectHierarchyNode()
    nodes = {}
    for name in ("one", "two"):
        item = hierarchy.CreateStudyItem(hierarchy.GetSceneItemID(), name)
        for kind in ("ct", "pet"):
            nodes[kind, name] = addVolume(scene, getattr(patient, kind), f"{kind} {name}", suv=kind == "pet")
            hierarchy.CreateItem(item, nodes[kind, name])
    assert logic.choosePair() == (None, None)
    assert logic.choosePair(ctNode=nodes["ct", "one"]) == (nodes["ct", "one"], nodes["pet", "one"])


def test_what_is_missing_is_said(series, logic):
    assert logic.pair().reason == "No CT is loaded."
    ct = series("ct", "ct")
    assert logic.pair().reason == "No PET is loaded."
    assert logic.pair(ctNode=ct).ct is ct
    pet = series("pet", "pet")
    pair = logic.pair()
    assert (pair.ct, pair.pet, pair.reason) == (ct, pet, "")


def test_headers_are_asked_of_one_file_a_volume(series, logic):
    import slicer

    pet = series("pet", "pet ac")
    series("pet", "pet nac")
    series("ct", "ct")
    pet.SetAttribute("DICOM.instanceUIDs", pet.GetAttribute("DICOM.instanceUIDs") + " 1.2.3" * 500)
    before = slicer.dicomDatabase.asked
    assert logic.pair().pet is pet
    assert slicer.dicomDatabase.asked - before < 60


def test_the_whole_acrin_study_gives_its_corrected_pet(browser, data, panel, dicomDatabase):
    study = data("acrin_nsclc_042")
    dicomDatabase(*(study / name for name in ("rwv_318261", "rwv_829512", "rwv_833547", "seg_test_drawing")))
    ct, pet = browser(study / "ct"), browser(study / "pet_ac")
    nac = browser(study / "pet_nac")
    assert panel.logic.choosePair() == (ct, pet)
    pair = panel.logic.pair()
    assert (pair.ct, pair.pet) == (ct, pet)
    assert pair.reason == ("PET 1 of 2: '1: PET AC' (attenuation-corrected by its units BQML; '2: PET NAC' holds PROPCNTS).")
    parameters = panel.logic.getParameterNode()
    wait(lambda: parameters.pet is not None, 5)
    assert parameters.pet is pet
    assert parameters.pet is not nac
