"""The interface of every executor: what a piece of work is, and what does pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import DmdpError


@dataclass(frozen=True)
class Piece:
    """A part of a longer run that can be done anywhere.

    ``name`` tells it from the others of the run and is that of the file with its answer; ``function`` is the name of a registered
    function (:mod:`dmdp.jobs.functions`), which gets ``description``, plain JSON; ``title`` is what a person reads of it.
    """

    name: str
    function: str
    description: Mapping[str, Any]
    title: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of a piece: its answer, or the error that it ended with."""

    piece: Piece
    answer: Mapping[str, Any] | None
    error: DmdpError | None = None


Heard = Callable[[Piece, float, str], None]
"""Gets a piece, the share of it that is done (1 once its outcome has been taken) and a few words; may raise to end it all."""


def unheard(piece: Piece, fraction: float, words: str) -> None:
    """Does nothing: the progress of pieces that nobody watches."""


class Executor(Protocol):
    """Does pieces, here or elsewhere."""

    def run(self, pieces: Iterable[Piece], heard: Heard = unheard) -> Iterator[Outcome]:
        """The outcomes of ``pieces``, as they come; no more pieces are taken from the iterator than can be worked on.

        If ``heard`` raises, the pieces that are worked on are cancelled, and what comes to its end meanwhile is still given out
        before the exception leaves. If the iterator is closed, they are cancelled.
        """
