"""DICOM SR after TID 1500: the PET measurements of the lesion, and per task what the model said and how far to trust it."""

from __future__ import annotations

from collections.abc import Sequence

import highdicom as hd
from pydicom.dataset import Dataset

from ... import POPULATION, RESEARCH_USE_ONLY, __version__
from ...applicability.verdict import Applicability
from ...endpoints.answers import Answer, OfSubModel
from ...prediction.document import Prediction
from . import codes
from .identity import MANUFACTURER, MODEL, Identity
from .schemes import private_scheme
from .source import Source

DEVICE_UID = "2.25.96329480614277196371868262226108187407"
OUTSIDE = "Outside what the model may speak about: no probability is exported. prediction.json keeps it."


def structured_report(
    source: Source, segmentation: Dataset, prediction: Prediction, identity: Identity, images: tuple[str, ...]
) -> hd.sr.ComprehensiveSR:
    """The report: one group of TID 1411 for the lesion (segment 1 of ``segmentation``, on the ``source``), one of TID 1501 per
    task. ``images`` are the modalities that the result was made from.

    If the verdict is ``outside`` the groups of the tasks hold the verdict but no number, as an archive cannot ask the reader
    whether to show it anyway.
    """
    groups = [
        _lesion(source, segmentation, prediction, identity),
        *(_task(name, task, prediction, identity) for name, task in prediction.tasks.items()),
    ]
    device = hd.sr.DeviceObserverIdentifyingAttributes(
        uid=DEVICE_UID, name=MODEL, manufacturer_name=MANUFACTURER, model_name=MODEL, serial_number=__version__
    )
    observer = hd.sr.ObserverContext(observer_type=hd.sr.CodedConcept("121007", "DCM", "Device"),
                                     observer_identifying_attributes=device)  # fmt: skip
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_device_context=observer),
        procedure_reported=codes.PROCEDURES[images],
        imaging_measurements=groups,
        title=codes.TITLE,
    )
    _comment(content, RESEARCH_USE_ONLY, f"Intended population: {POPULATION}")
    first = segmentation.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    used = {str(item.ReferencedSOPInstanceUID) for item in first}
    dataset = hd.sr.ComprehensiveSR(
        evidence=[*(header for header in source.headers if str(header.SOPInstanceUID) in used), segmentation],
        content=content,
        is_complete=True,
        coding_schemes=[private_scheme()],
        **identity.arguments("report", 9103, "Research use only: PET measurements and prediction"),
    )
    identity.finish(dataset, "report")
    return dataset


def _lesion(source: Source, segmentation: Dataset, prediction: Prediction, identity: Identity):
    """TID 1411: the features that have a standard code, with the units of UCUM; what could not be computed is left out."""
    measured = {name: feature.value for name, feature in prediction.features.items() if feature.value is not None}
    group = hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=identity.uid("lesion"), identifier="Index lesion"),
        referenced_segment=hd.sr.ReferencedSegment(
            sop_class_uid=segmentation.SOPClassUID,
            sop_instance_uid=segmentation.SOPInstanceUID,
            segment_number=1,
            source_series=hd.sr.SourceSeriesForSegmentation(source.series.uid),
        ),
        finding_category=codes.ABNORMAL,
        finding_type=codes.NEOPLASM,
        algorithm_id=hd.sr.AlgorithmIdentification(name="DMDP PET features", version=__version__),
        measurements=[
            hd.sr.Measurement(m.name, measured[m.feature], m.unit, derivation=m.derivation, method=m.method)
            for m in codes.MEASURES
            if m.feature in measured
        ]
        or None,
    )
    warnings = [warning.text for warning in prediction.suv_audit.warnings] if prediction.suv_audit else []
    _comment(group, RESEARCH_USE_ONLY, f"Contour: {prediction.contour.method}.", *warnings)
    return group


def _task(name: str, task: Answer, prediction: Prediction, identity: Identity):
    """TID 1501 with TID 4019: the numbers of the answer (unit 1), the verdict, and in words what stands behind them."""
    applicability = prediction.applicability
    outside = applicability.verdict == "outside"
    answers = [hd.sr.QualitativeEvaluation(codes.APPLICABILITY, codes.VERDICTS[applicability.verdict])]
    answers += [hd.sr.QualitativeEvaluation(codes.ANSWER, codes.private(*one)) for one in task.evaluated() if not outside]
    numbers = [hd.sr.Measurement(codes.private(one.code, one.meaning), one.value, codes.ONE) for one in task.coded(name)]
    group = hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=identity.uid("task", name), identifier=f"{task.title}: prediction"),
        finding_category=codes.ABNORMAL,
        finding_type=codes.NEOPLASM,
        algorithm_id=_algorithm(task, prediction) if isinstance(task, OfSubModel) else None,
        measurements=None if outside or not numbers else numbers,
        qualitative_evaluations=answers,
    )
    _comment(group, RESEARCH_USE_ONLY, *_words(task, applicability))
    return group


def _algorithm(task: OfSubModel, prediction: Prediction) -> hd.sr.AlgorithmIdentification:
    name, _, version = task.model.rpartition(" ")
    bundle = next((model for model in prediction.models if f"{model.name} {model.version}" == task.model), None)
    parameters = [f"sub-model: {task.sub_model}", f"inputs: {', '.join(task.inputs)}", f"software: dmdp {__version__}"]
    if bundle is not None:
        parameters.append(f"bundle SHA-256: {bundle.hash}")
    return hd.sr.AlgorithmIdentification(name=name or task.model, version=version or "unknown", parameters=parameters)


def _words(task: Answer, applicability: Applicability) -> list[str]:
    """Sentences for the reader: the verdict's reasons, and what stands behind the answer."""
    words = [f"Applicability: {applicability.verdict}."]
    words += [f"{reason.level}: {reason.found} Expected: {reason.expected}." for reason in applicability.reasons]
    if applicability.verdict == "outside":
        words.append(OUTSIDE)
    return [*words, *task.evidence(), f"Intended population: {POPULATION}"]


def _comment(content: Sequence, *sentences: str) -> None:
    """Add sentences as (121106, DCM, "Comment") to a template's root container; TID 1500 and 1501 are extensible."""
    for sentence in sentences:
        content[0].ContentSequence.append(hd.sr.TextContentItem(codes.COMMENT, sentence, hd.sr.RelationshipTypeValues.CONTAINS))
