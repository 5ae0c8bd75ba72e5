"""Where bundles and profiles are found: one resolver for the checkout, the wheel and the packaged extension."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from .errors import InputError


def user_data_folder() -> Path:
    """The user's own data folder for models that were added by hand; not created here."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Application Support")
    else:
        base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "DMDP"


def resource_roots() -> tuple[Path, ...]:
    """Existing folders that hold ``Models`` and ``Profiles``, the user's own first."""
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


def find_bundle(name_or_path: str | Path) -> Path:
    """The folder or zip of a model bundle, by path or by the name it is installed under.

    Raises :class:`InputError` that lists the installed names where there is none.
    """
    path = Path(name_or_path)
    if path.exists():
        return path
    for root in resource_roots():
        for candidate in (root / "Models" / path.name, root / "Models" / f"{path.name}.zip"):
            if path.name == str(name_or_path) and candidate.exists():
                return candidate
    raise InputError(
        "bundle.not_found",
        f"There is no model bundle '{name_or_path}'.",
        f"a path, or one of: {', '.join(sorted(installed_bundles())) or '(none installed)'}.",
        "Check the name with 'dmdp bundle show', or give the path of the bundle.",
    )


def installed_bundles() -> dict[str, Path]:
    """Name → path of every bundle in the resource folders; the user's own wins over ours of the same name."""
    found: dict[str, Path] = {}
    for root in reversed(resource_roots()):
        for path in sorted((root / "Models").glob("*")):
            if (path / "manifest.json").is_file() or path.suffix == ".zip":
                found[path.stem if path.suffix == ".zip" else path.name] = path
    return found
