"""A trained ensemble as a bundle that the panel and the command line can load, with its model card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from dmdp import POPULATION, RESEARCH_USE_ONLY, __version__
from dmdp.bundles.bundle import Bundle, write_bundle
from dmdp.bundles.card import Cohort, Metric
from dmdp.bundles.manifest import Manifest, SelfTest
from dmdp.endpoints.registry import described, endpoint_of
from dmdp.evidence import DEMONSTRATION
from dmdp.network.dmdp import Dmdp
from dmdp.network.members import Members as LoadedMembers
from dmdp.network.model import SELF_TEST_SEED, load_network_model, self_test_images
from safetensors.torch import save

from ..simulate.labels import SIMULATED_ENDPOINTS
from .examples import Example
from .notes import IMAGES
from .plan import NetworkPlan

CARD = "model_card.md"


def write_network(
    out: str | Path,
    networks: Sequence[Dmdp],
    examples: Sequence[Example],
    plan: NetworkPlan,
    calibration: Mapping[str, Mapping[str, Any]],
    metrics: Sequence[Metric],
    notes: Sequence[str] = (),
    made_from: Mapping[str, str] | None = None,
) -> Bundle:
    """Write the bundle of the plan's name to ``out`` and read it back, self-test included. Weights are stored in half precision.

    It holds no patient: counts, means and deviations of the table, and the networks. A network for a simulated task is marked as
    a demonstration. ``notes`` are for its card; ``made_from`` is what :func:`dmdp.bundles.bundle.write_bundle` is told.
    """
    halved = [_halved(network) for network in networks]
    files = {f"network-{i + 1}.safetensors": save(_stored(network)) for i, network in enumerate(halved)}
    images = torch.from_numpy(self_test_images(SELF_TEST_SEED, halved[0].config.shape))
    tested = LoadedMembers(tuple(halved), calibration).probabilities(images, None)
    simulated = any(task in SIMULATED_ENDPOINTS for task in plan.tasks)
    manifest = Manifest(
        name=plan.name,
        version="1.0.0",
        kind="network",
        demonstration=simulated,
        tasks=plan.tasks,
        endpoints=described(plan.tasks),
        intended_use=_intended_use(simulated),
        cohorts=(
            Cohort(
                name="cohort",
                title="simulated patients" if simulated else _title(examples),
                n=len({e.patient for e in examples}),
                events={task: len({e.patient for e in examples if _has_event(e, task)}) for task in plan.tasks},
            ),
        ),
        metrics=tuple(metrics),
        network=halved[0].config.to_json(),
        members=tuple(files),
        calibration=calibration,
        training=plan.to_json(),
        notes=tuple(notes),
        self_test=SelfTest({"seed": SELF_TEST_SEED}, tested),
        versions={"dmdp": __version__, "torch": torch.__version__},
    )
    bundle = write_bundle(out, manifest, {**files, CARD: model_card(manifest).encode()}, made_from=made_from)
    load_network_model(bundle)
    return bundle


def _has_event(example: Example, task: str) -> bool:
    return task in example.labels and endpoint_of(task).is_event(example.labels[task])


def _intended_use(simulated: bool) -> str:
    if simulated:
        return f"Demonstration of the software only: {DEMONSTRATION.label}. {RESEARCH_USE_ONLY}"
    return f"Research on patients like those of its cohort. {POPULATION} {RESEARCH_USE_ONLY}"


def _title(examples: Sequence[Example]) -> str:
    sites = {e.site for e in examples if e.site}
    return f"a cohort of {len(sites)} site(s)" if sites else "a cohort"


def model_card(manifest: Manifest) -> str:
    """What a person should know before they use the network, as Markdown."""
    (cohort,) = manifest.cohorts
    rows = [
        f"| {m.task} | {m.metric} | {m.value:.3f} ({m.interval[0]:.3f} to {m.interval[1]:.3f}) | {m.n} "
        f"| {'' if m.events is None else m.events} |"
        for m in manifest.metrics
    ]
    settings = manifest.training["settings"]
    notes = [line for note in manifest.notes for line in (f"- {note}", "")]
    return "\n".join(
        [
            f"# {manifest.name} {manifest.version}",
            "",
            f"{manifest.intended_use}",
            "",
            "## What it is",
            "",
            *_what_it_is(manifest),
            "",
            "## Trained on",
            "",
            f"{cohort.title}: {cohort.n} patients; "
            + ", ".join(f"{task} {endpoint_of(task).event} in {count}" for task, count in cohort.events.items())
            + f". {settings['epochs']} epochs at most, batch {settings['batch']} × {settings['accumulate']}, "
            f"seed {settings['seed']}.",
            "",
            *notes,
            "## Internal validation",
            "",
            "| task | metric | value (95 % interval) | n | events |",
            "| --- | --- | --- | --- | --- |",
            *rows,
            "",
            f"{manifest.metrics[0].protocol}. The final ensemble was trained on all patients and was not tested itself. "
            "Probabilities are calibrated on the out-of-fold scores of the same patients; how well they are calibrated "
            "in others is not known.",
            "",
            "## Limits",
            "",
            *(["It was trained on simulated patients and says nothing of real ones."] if manifest.demonstration else []),
            "No external validation. Patients of other scanners, tracers, stages or populations may differ in ways that it does "
            "not notice. Heatmaps show what the network used, not the biology.",
            "",
        ]
    )


def _what_it_is(manifest: Manifest) -> list[str]:
    """The parts of the network in words."""
    network, members = manifest.network, len(manifest.members)
    images, table = [IMAGES[name] for name in network["modalities"]], network["tabular"]
    fusion = f"Fusion of CT and PET: {network['fusion']}; head" if len(images) > 1 else "Head"
    return [
        f"{f'An ensemble of {members} DMDP networks' if members > 1 else 'A DMDP network'} of the size "
        f"`{manifest.training['size']}` on {' and '.join(images)} round a lesion ({network['spacing']} mm voxels, "
        f"48 × 96 × 96 mm) and {f'{len(table)} value(s): ' + ', '.join(table) if table else 'nothing else'}.",
        f"{fusion}: {network['head']}.",
    ]


def _halved(network: Dmdp) -> Dmdp:
    """What is stored is half precision; test what will be used."""
    network.load_state_dict({k: v.half().float() if v.is_floating_point() else v for k, v in network.state_dict().items()})
    return network.to("cpu").eval()


def _stored(network: Dmdp) -> dict[str, torch.Tensor]:
    return {k: v.half() if v.is_floating_point() else v for k, v in network.state_dict().items()}
