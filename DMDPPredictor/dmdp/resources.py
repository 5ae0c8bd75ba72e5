"""The places of bundles and profiles: one resolver for the checkout, the wheel and the packaged extension."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from .errors import InputError, base_name

BUNDLE_SUFFIXES = (".zip",)
PROFILE_SUFFIXES = (".yaml", ".yml", ".json")


def user_data_folder() -> Path:
    """The user's own data folder for models that were added by hand; not created here."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Application Support")
    else:
        base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "DMDP"


def user_cache_folder() -> Path:
    """The user's cache folder for what can be made again, such as compiled code; not created here."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "dmdp"


def can_be_made(folder: Path) -> bool:
    """Whether a folder can be written to, or made where it is missing."""
    there = next((parent for parent in (folder, *folder.parents) if parent.exists()), None)
    return there is not None and there.is_dir() and os.access(there, os.W_OK)


def resource_roots() -> tuple[Path, ...]:
    """Existing folders that hold ``Models``, ``Profiles`` and ``Schemas``, the user's own first."""
    here = Path(__file__).resolve().parent
    candidates = [
        user_data_folder(),
        here / "Resources",  # wheel
        here.parents[1] / "Resources",  # checkout
        # packaged extension: <root>/lib/Slicer-X.Y/qt-scripted-modules/dmdp and <root>/share/Slicer-X.Y/DMDP; an application that
        # was built from Slicer has its own name there
        *sorted((here.parents[3] / "share").glob("*/DMDP") if len(here.parents) > 3 else ()),
    ]
    return tuple(folder for folder in candidates if folder.is_dir())


def is_path(name_or_path: str | Path, suffixes: Sequence[str]) -> bool:
    """Whether a file or folder is meant, not something installed: a path has a separator, or one of the known ``suffixes``.

    What lies in the current folder decides nothing.
    """
    text = os.fspath(name_or_path)
    separators = {"/", os.sep, os.altsep or os.sep}
    return any(separator in text for separator in separators) or text.lower().endswith(tuple(suffixes)) or text in (".", "..")


def find_bundle(name_or_path: str | Path) -> Path:
    """The folder or zip of a model bundle, by path (:func:`is_path`) or by the name it is installed under.

    Raises :class:`InputError` that lists the installed names if there is none.
    """
    installed = installed_bundles()
    if is_path(name_or_path, BUNDLE_SUFFIXES):
        path = Path(name_or_path).expanduser()
        if path.exists():
            return path
    elif str(name_or_path) in installed:
        return installed[str(name_or_path)]
    raise InputError(
        "bundle.not_found",
        f"There is no model bundle '{base_name(name_or_path)}'.",
        f"a path (as in ./{Path(name_or_path).name}), or one of: {', '.join(sorted(installed)) or '(none installed)'}.",
        "Check the name with 'dmdp bundle show', or give the path of the bundle.",
    )


def installed_bundles() -> dict[str, Path]:
    """Name → path of every bundle in the resource folders; a name of ours always means ours."""
    return _installed("Models", lambda path: path.suffix in BUNDLE_SUFFIXES or (path / "manifest.json").is_file())


def installed_profiles() -> dict[str, Path]:
    """Name → path of every radiomics profile in the resource folders; a name of ours always means ours."""
    return _installed("Profiles", lambda path: path.suffix == ".json")


def _installed(folder: str, wanted: Callable[[Path], bool]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for root in resource_roots():  # the user's own first, so that ours come last and stay
        for path in sorted((root / folder).glob("*")):
            if wanted(path):
                found[path.stem if path.suffix in (".zip", ".json") else path.name] = path
    return found
