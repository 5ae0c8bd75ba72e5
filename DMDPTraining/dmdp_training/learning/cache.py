"""Examples computed once from a patient's images, each kept as one safetensors file without the patient's name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from dmdp.atomic import write_file
from safetensors import SafetensorError
from safetensors.numpy import load, save

from .examples import Example


def kept(file: Path, compute: Callable[[], Example]) -> Example:
    """The example in ``file``, which tells neither patient nor labels; if it is absent or damaged it is computed and
    written."""
    try:
        found = load(file.read_bytes())
        ct, pet = (bool(p) for p in found["present"])
        values = json.loads(bytes(found["values"]).decode())
        return Example("", found["images"], values, {}, (ct, pet), lesion=found["lesion"].astype(bool))
    except (OSError, SafetensorError, KeyError, ValueError):
        example = compute()
        text = np.frombuffer(json.dumps(example.values).encode(), np.uint8)
        flags, lesion = np.array(example.present, np.uint8), example.lesion.astype(np.uint8)
        write_file(file, save({"images": example.images, "lesion": lesion, "present": flags, "values": text}))
        return example
