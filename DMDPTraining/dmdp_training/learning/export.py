"""A trained ensemble as a bundle that the panel and the command line can load, with its model card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from dmdp import POPULATION, RESEARCH_USE_ONLY, __version__
from dmdp.bundle import Bundle, write_bundle
from dmdp.network.dmdp import Dmdp
from dmdp.network.members import Members as LoadedMembers
from dmdp.network.model import load_network_model, self_test_images
from safetensors.torch import save

from ..stacking import Platt
from .examples import Example, label_array
from .plan import NetworkPlan

CARD = "model_card.md"
SELF_TEST_SEED = 7


def write_network(
    out: str | Path,
    networks: Sequence[Dmdp],
    examples: Sequence[Example],
    plan: NetworkPlan,
    calibration: Mapping[str, Platt],
    metrics: Sequence[Mapping[str, Any]],
) -> Bundle:
    """Write the bundle ``cohort-network`` to ``out`` and read it back, self-test included. Weights are stored in half precision.

    It holds no patient: counts, means and deviations of the table, and the networks.
    """
    halved = [_halved(network) for network in networks]
    files = {f"network-{i + 1}.safetensors": save(_stored(network)) for i, network in enumerate(halved)}
    slopes = {task: {"slope": p.slope, "intercept": p.intercept} for task, p in calibration.items()}
    images = torch.from_numpy(self_test_images(SELF_TEST_SEED, halved[0].config.shape))
    tested = LoadedMembers(tuple(halved), slopes).probabilities(images, None)
    labels = label_array(examples, plan.tasks)
    sites = sorted({e.site for e in examples if e.site})
    manifest = {
        "name": "cohort-network",
        "version": "1.0.0",
        "kind": "network",
        "demonstration": False,
        "tasks": list(plan.tasks),
        "intended_use": f"Research on patients like those of its cohort. {POPULATION} {RESEARCH_USE_ONLY}",
        "cohorts": [
            {
                "name": "cohort",
                "title": f"a cohort of {len(sites)} site(s)" if sites else "a cohort",
                "n": len({e.patient for e in examples}),
                "events": {task: int(np.nansum(labels[:, i])) for i, task in enumerate(plan.tasks)},
            }
        ],
        "metrics": list(metrics),
        "network": halved[0].config.to_json(),
        "members": list(files),
        "calibration": slopes,
        "training": plan.to_json(),
        "self_test": {
            "inputs": {"seed": SELF_TEST_SEED},
            "outputs": dict(zip(plan.tasks, map(float, tested), strict=True)),
        },
        "versions": {"dmdp": __version__, "torch": torch.__version__},
    }
    bundle = write_bundle(out, manifest, {**files, CARD: model_card(manifest).encode()})
    load_network_model(bundle)
    return bundle


def model_card(manifest: Mapping[str, Any]) -> str:
    """What a person should know before they use the network, as Markdown."""
    (cohort,) = manifest["cohorts"]
    network, training = manifest["network"], manifest["training"]
    rows = [
        f"| {m['task']} | {m['value']:.3f} ({m['interval'][0]:.3f} to {m['interval'][1]:.3f}) | {m['n']} | {m['events']} |"
        for m in manifest["metrics"]
    ]
    settings = training["settings"]
    return "\n".join(
        [
            f"# {manifest['name']} {manifest['version']}",
            "",
            f"{manifest['intended_use']}",
            "",
            "## What it is",
            "",
            f"An ensemble of {len(manifest['members'])} DMDP network(s) of the size `{training['size']}` on CT and PET round a "
            f"lesion ({network['spacing']} mm voxels, 48 × 96 × 96 mm) and {len(network['tabular'])} values: "
            f"{', '.join(network['tabular'])}.",
            f"Modalities: {', '.join(network['modalities'])}; fusion: {network['fusion']}; head: {network['head']}.",
            "",
            "## Trained on",
            "",
            f"{cohort['title']}: {cohort['n']} patients; "
            + ", ".join(f"{task} positive in {count}" for task, count in cohort["events"].items())
            + f". {settings['epochs']} epochs at most, batch {settings['batch']} × {settings['accumulate']}, "
            f"seed {settings['seed']}.",
            "",
            "## Internal validation",
            "",
            "| task | AUC (95 % interval) | n | events |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
            f"{manifest['metrics'][0]['protocol']}. The final ensemble was trained on all patients and was not tested itself. "
            "Probabilities are calibrated (Platt) on the out-of-fold scores of the same patients.",
            "",
            "## Limits",
            "",
            "No external validation. Patients of other scanners, tracers, stages or populations may differ in ways that it does "
            "not notice. Heatmaps show what the network used, not the biology.",
            "",
        ]
    )


def _halved(network: Dmdp) -> Dmdp:
    """What is stored is half precision; test what will be used."""
    network.load_state_dict({k: v.half().float() if v.is_floating_point() else v for k, v in network.state_dict().items()})
    return network.to("cpu").eval()


def _stored(network: Dmdp) -> dict[str, torch.Tensor]:
    return {k: v.half() if v.is_floating_point() else v for k, v in network.state_dict().items()}
