"""A model as a folder (or a zip of it): ``manifest.json`` and the files that it lists, verified before use.

Nothing in a bundle is executed: parameters are safetensors and JSON. This module checks names, sizes and SHA-256 hashes; what
the numbers mean is read, and checked, by :mod:`dmdp.ensemble` and :mod:`dmdp.network`, which also run the stored self-test.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ..atomic import BUNDLE, check_place, result_folder
from ..atomic.marker import NO_STRANGERS
from ..documents.codec import Malformed, json_text, parse, read
from ..errors import ModelError, base_name
from ..reading import why
from .manifest import Manifest

SUFFIXES = (".safetensors", ".json", ".md")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")  # it names a folder
MAX_FILES = 64
MAX_BYTES = 64 * 1024 * 1024
MAX_MANIFEST_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True)
class Bundle:
    """A verified bundle in memory: its ``manifest``, the bytes of its ``files``, and the SHA-256 of the manifest."""

    manifest: Manifest
    files: Mapping[str, bytes]
    sha256: str

    @property
    def name(self) -> str:
        """Name and version in one word, as shown to a person."""
        return f"{self.manifest.name} {self.manifest.version}"


def refusal(code: str, found: str, expected: str) -> ModelError:
    """The error for a bundle that must not be used."""
    return ModelError(
        f"bundle.{code}",
        found,
        expected,
        "Get the bundle again from where it was published; do not use this copy.",
    )


def read_bundle(path: str | Path) -> Bundle:
    """Read and verify a bundle from a folder or a zip file.

    Raises :class:`ModelError` for a file that is missing, added, changed, too large, outside the bundle or of a kind
    that is not allowed, and for an incomplete manifest.
    """
    path = Path(path)
    contents = _read_zip(path) if path.is_file() else _read_folder(path)
    raw = contents.pop("manifest.json", None)
    if raw is None:
        raise refusal("no_manifest", f"'{path.name}' holds no manifest.json.", "a model bundle.")
    manifest = _parse(raw, path.name)
    listed = manifest.files
    for name in sorted(set(listed) | set(contents)):
        if name not in contents:
            raise refusal("missing_file", f"'{name}' of bundle '{path.name}' is missing.", "every listed file.")
        if name not in listed:
            raise refusal(
                "extra_file",
                f"'{name}' in bundle '{path.name}' is not in its manifest.",
                "listed files only.",
            )
        digest = hashlib.sha256(contents[name]).hexdigest()
        if digest != listed[name]:
            raise refusal(
                "hash",
                f"'{name}' of bundle '{path.name}' has SHA-256 {digest[:12]}….",
                f"{listed[name][:12]}…, as its manifest says.",
            )
    return Bundle(manifest, contents, hashlib.sha256(raw).hexdigest())


def write_bundle(
    folder: str | Path,
    manifest: Manifest,
    files: Mapping[str, bytes],
    *,
    made_from: Mapping[str, str] | None = None,
    overwrite: bool = False,
) -> Bundle:
    """Write a bundle folder; the hashes of ``files`` are added to the manifest. Returns it as read back.

    ``made_from`` names what it was trained on (hashes, seeds); it replaces an earlier one that was made from the same, or any
    other with ``overwrite``. Without it, as for a copy, the SHA-256 of the files stand for it.
    """
    listed = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    text = json_text(replace(manifest, files=listed))
    with result_folder(folder, BUNDLE, overwrite=overwrite) as aside:
        aside.made_from(listed if made_from is None else made_from)
        for name, content in files.items():
            (aside.folder / name).write_bytes(content)
        (aside.folder / BUNDLE.marker).write_text(text, encoding="utf-8")
    return read_bundle(folder)


def check_replaceable(
    folder: str | Path, made_from: Mapping[str, str], overwrite: bool = False, inputs: Iterable[str | Path] = ()
) -> None:
    """What :func:`write_bundle` would refuse, told before anything is trained; raises :class:`dmdp.errors.OutputError`."""
    check_place(folder, BUNDLE, made_from, overwrite=overwrite, inputs=inputs)


def _parse(raw: bytes, where: str) -> Manifest:
    try:
        document = parse(raw)
        said = document if isinstance(document, Mapping) else {}
        if said.get("schema", Manifest.schema) != Manifest.schema:
            raise refusal("version", f"'{where}' has schema {said['schema']}.", f"schema {Manifest.schema}.")
        if not NAME.fullmatch(str(name := said.get("name", "none"))) or not isinstance(name, str):
            raise refusal("name", f"'{where}' calls itself '{name}'.", "a name of letters, digits, '.', '_' and '-'.")
        return read(Manifest, document)
    except Malformed as error:
        raise refusal("manifest", f"The manifest of '{where}' cannot be read ({error}).", "a complete manifest.") from error


def _check_name(name: str, where: str) -> None:
    pure = PurePosixPath(name)
    if "\\" in name or ":" in name or pure.is_absolute() or len(pure.parts) != 1 or pure.name in ("", ".", ".."):
        raise refusal("path", f"'{name}' in '{where}' leads out of the bundle.", "plain file names.")
    if pure.suffix not in SUFFIXES:
        raise refusal("file_type", f"'{name}' in '{where}' is not allowed.", f"files ending in {', '.join(SUFFIXES)}.")


def _check_size(name: str, size: int, total: int, count: int, where: str) -> None:
    limit = MAX_MANIFEST_BYTES if name == "manifest.json" else MAX_BYTES
    if size > limit or total > MAX_BYTES or count > MAX_FILES:
        raise refusal(
            "size",
            f"'{where}' holds more than is allowed ('{name}' has {size} bytes, {count} files so far).",
            f"at most {MAX_FILES} files and {MAX_BYTES // 2**20} MB.",
        )


def _read_folder(folder: Path) -> dict[str, bytes]:
    if not folder.is_dir():
        raise refusal("not_found", f"'{base_name(folder)}' is neither a folder nor a zip file.", "a model bundle.")
    contents: dict[str, bytes] = {}
    total = 0
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith(".") or entry.name.lower() in NO_STRANGERS:
            continue
        if entry.is_symlink() or not entry.is_file():
            raise refusal("path", f"'{entry.name}' in '{folder.name}' is no plain file.", "plain files only.")
        _check_name(entry.name, folder.name)
        total += (size := entry.stat().st_size)
        _check_size(entry.name, size, total, len(contents) + 1, folder.name)
        contents[entry.name] = entry.read_bytes()
    return contents


def _read_zip(path: Path) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    total = 0
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                # a zip of the folder itself has one common leading folder
                name = info.filename.removeprefix(f"{path.stem}/")
                if not name or info.is_dir():
                    continue
                _check_name(name, path.name)
                if name in contents:
                    raise refusal("path", f"'{name}' stands twice in '{path.name}'.", "every name once.")
                total += info.file_size
                _check_size(name, info.file_size, total, len(contents) + 1, path.name)
                with archive.open(info) as stream:  # the header's size may lie: never read more than it says
                    content = stream.read(info.file_size + 1)
                if len(content) != info.file_size:
                    raise refusal("size", f"'{name}' in '{path.name}' is not as large as it says.", "a sound zip.")
                contents[name] = content
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise refusal("zip", f"'{path.name}' cannot be read as a zip file ({why(error)}).", "a bundle folder or zip.") from error
    return contents
