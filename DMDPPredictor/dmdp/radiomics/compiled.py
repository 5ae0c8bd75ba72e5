"""numba, whose compiled code is kept in the user's cache, so that each installation compiles only once.

``NUMBA_CACHE_DIR`` is left alone if it is set.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import MissingPackage
from ..resources import user_cache_folder


def cache_folder() -> Path:
    """The folder for compiled kernels, in the user's cache of this system; not created here."""
    return user_cache_folder() / "numba"


try:
    import numba
except ImportError as error:  # pragma: no cover - depends on what is installed
    raise MissingPackage("numba", "the radiomics engine", "radiomics") from error

if not os.environ.get("NUMBA_CACHE_DIR"):
    numba.config.CACHE_DIR = str(cache_folder())  # type: ignore[attr-defined]  # made by numba as it starts


def kernel(function):
    """``function`` compiled at its first call for each type of argument, from the cache if it was compiled before.

    If neither the user's cache nor the package's folder can be written to, each process compiles anew.
    """
    try:
        return numba.njit(cache=True, error_model="numpy")(function)
    except RuntimeError:
        return numba.njit(error_model="numpy")(function)
