"""What lies in a folder, and whether it is the whole of one result or of the other."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from hostile.process import Place
from hostile.subjects import Subject

State = Mapping[str, str]
ASIDE = ".dmdp-"  # how the names begin of what is not renamed yet, and of locks


def state(path: Path) -> dict[str, str]:
    """Each file at or below ``path`` with its SHA-256, each folder, and each link as what it is; empty where there is nothing."""
    if not path.exists() and not path.is_symlink():
        return {}
    below = sorted(path.rglob("*")) if path.is_dir() and not path.is_symlink() else []
    return {str(each.relative_to(path)): _content(each) for each in (path, *below)}


def _content(path: Path) -> str:
    if path.is_symlink():
        return "link"
    return "folder" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()


def put(kept: Path | None, target: Path) -> None:
    """Have ``target`` hold what ``kept`` holds, or nothing."""
    for each in target.parent.iterdir():
        shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()
    if kept is not None:
        shutil.copytree(kept, target, symlinks=True) if kept.is_dir() else shutil.copy2(kept, target)


def difference(found: State, expected: State) -> str:
    """The first names in which two states differ, or nothing."""
    names = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def half_written(subject: Subject, out: Path, found: State, old: State, new: State, killed: bool = False) -> str:
    """What is neither of the old result nor of the new one, or only in part there; nothing where all is well. In the run folder
    of a command that was ``killed`` there may lie what it was about to rename."""
    if found in (old, new):
        return ""
    if not subject.grows:
        return difference(found, new)
    strange = [name for name, content in found.items() if content not in (old.get(name), new.get(name))]
    strange = [name for name in strange if not (killed and any(part.startswith(ASIDE) for part in Path(name).parts))]
    return ", ".join(name for name in strange if not (name.startswith(subject.moving) and _whole(out / name)))


def _whole(path: Path) -> bool:
    """True for a file that changes while a run goes on, if it can be read to its end."""
    if path.is_dir():
        return True
    try:
        if path.suffix == ".jsonl":
            for line in path.read_text(encoding="utf-8").splitlines():
                json.loads(line)
            return path.read_bytes().endswith(b"\n") or not path.stat().st_size
        if path.suffix == ".safetensors":
            from safetensors.numpy import load

            load(path.read_bytes())
            return True
        if path.suffix == ".csv":
            text = path.read_text(encoding="utf-8").split("\n", 2)
            return hashlib.sha256(text[2].encode()).hexdigest() in text[1]
        return path.suffix in (".png", ".svg") and path.read_bytes().rstrip().endswith((b"</svg>", b"IEND\xaeB`\x82"))
    except Exception:  # whatever a half file raises
        return False


def strangers(place: Place, subject: Subject) -> str:
    """Names that lie beside the output, or in the folder for temporary files."""
    beside = {path.name for path in (place.work / subject.name).iterdir()} - {subject.out}
    return ", ".join(sorted(beside | {f"TMPDIR/{path.name}" for path in place.temporary.iterdir()}))
