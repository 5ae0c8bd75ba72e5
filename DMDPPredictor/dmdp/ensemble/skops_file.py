"""Read and write estimators as skops files, against an allow-list that is ours and not the library's."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import skops.io

from ..bundle import refusal
from ..errors import ModelError

ALLOWED = frozenset(
    {
        "builtins.dict",
        "builtins.list",
        "builtins.str",
        "builtins.tuple",
        "numpy.float64",
        "numpy.int64",
        "numpy.ndarray",
        "sklearn.linear_model._logistic.LogisticRegression",
        "sklearn.pipeline.Pipeline",
        "sklearn.preprocessing._data.StandardScaler",
    }
)
MAX_UNPACKED_BYTES = 32 * 1024 * 1024


def dump(estimator: Any) -> bytes:
    """A fitted estimator as the bytes of a compressed skops file."""
    return skops.io.dumps(estimator, compression=zipfile.ZIP_DEFLATED, compresslevel=9)


def load(content: bytes, name: str) -> Any:
    """The estimator in a skops file.

    Every class that the file names must stand in ``ALLOWED``: skops by itself would accept all of scikit-learn, scipy and
    numpy, which is far more than a model needs. Raises :class:`ModelError` for anything else and for damaged files.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(info.file_size for info in archive.infolist()) > MAX_UNPACKED_BYTES:
                raise refusal("size", f"'{name}' unpacks to too much.", f"at most {MAX_UNPACKED_BYTES // 2**20} MB.")
            named = set(_classes(json.loads(archive.read("schema.json"))))
        foreign = sorted(named - ALLOWED)
        if foreign:
            raise refusal("types", f"'{name}' holds {', '.join(foreign)}.", "only the estimators of this program.")
        return skops.io.loads(content, trusted=[])
    except ModelError:
        raise
    except Exception as error:  # a damaged file can fail in any way inside zipfile, json, numpy and skops
        raise refusal("skops", f"'{name}' cannot be read ({type(error).__name__}).", "a sound skops file.") from error


def _classes(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "__class__" in node:
            yield f"{node.get('__module__')}.{node['__class__']}"
        for value in node.values():
            yield from _classes(value)
    elif isinstance(node, list):
        for value in node:
            yield from _classes(value)
