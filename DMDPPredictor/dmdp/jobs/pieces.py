"""A long run as pieces: each is done on its own, by any executor, kept as a file, and never done twice."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..atomic import write_file
from ..progress import Progress, silent
from .executor import Executor, Piece

PIECES = "pieces"


def run_pieces(
    folder: Path, pieces: Iterable[Piece], executor: Executor, progress: Progress = silent
) -> Iterator[tuple[Piece, Mapping[str, Any]]]:
    """Every piece with its answer, as they come: first those that ``folder`` holds already, then what ``executor`` does.

    Each answer is in ``folder``/pieces before it is given on, so that a run that is killed goes on where it was; neither the
    executor nor the number of stops changes an answer. Raises the first error of a piece, which ends the others.
    """
    pieces = list(pieces)
    missing = [piece for piece in pieces if not _path(folder, piece).is_file()]
    for piece in pieces:
        if _path(folder, piece).is_file():
            yield piece, _read(folder, piece)
    done, shares = len(pieces) - len(missing), {}

    def heard(piece: Piece, fraction: float, words: str) -> None:
        shares[piece.name] = fraction
        title = piece.title or piece.name
        count = done + sum(share == 1.0 for share in shares.values())
        said = f"{title}, {words}" if words else f"{count} of {len(pieces)}: {title}"
        progress((done + sum(shares.values())) / len(pieces), said)

    for outcome in executor.run(missing, heard):
        if outcome.error is not None:
            raise outcome.error
        write_file(_path(folder, outcome.piece), json.dumps(outcome.answer).encode())
        yield outcome.piece, _read(folder, outcome.piece)


def _path(folder: Path, piece: Piece) -> Path:
    return folder / PIECES / f"{piece.name}.json"


def _read(folder: Path, piece: Piece) -> Mapping[str, Any]:
    return json.loads(_path(folder, piece).read_text(encoding="utf-8"))
