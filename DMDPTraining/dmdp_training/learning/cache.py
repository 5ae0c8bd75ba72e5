"""What was computed once from a patient's images, kept as one safetensors file without the patient's name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from dmdp.atomic import write_file
from safetensors import SafetensorError
from safetensors.numpy import load, save

Content = tuple[np.ndarray, np.ndarray, tuple[bool, bool], dict[str, float]]  # images, lesion, CT and PET there?, values


def kept(file: Path, compute: Callable[[], Content]) -> Content:
    """The content of ``file``; where it is absent or damaged it is computed and written."""
    try:
        found = load(file.read_bytes())
        ct, pet = (bool(p) for p in found["present"])
        return found["images"], found["lesion"].astype(bool), (ct, pet), json.loads(bytes(found["values"]).decode())
    except (OSError, SafetensorError, KeyError, ValueError):
        images, lesion, present, values = compute()
        text = np.frombuffer(json.dumps(values).encode(), np.uint8)
        flags = np.array(present, np.uint8)
        write_file(file, save({"images": images, "lesion": lesion.astype(np.uint8), "present": flags, "values": text}))
        return images, lesion, present, values
