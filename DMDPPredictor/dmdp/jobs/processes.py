"""Pieces in worker processes of this machine: a process that crashes loses the piece that it worked on, and no other."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator

from ..session import new_folder
from ..stop import undisturbed
from .child import Launch, this_python
from .executor import Heard, Outcome, Piece, unheard
from .front_end import Prepared
from .job import write_job
from .worker import STEP_SECONDS, Task, Worker


class Processes:
    """Does ``jobs`` pieces at a time, each in a worker, which takes the next one afterwards and is replaced if it crashes."""

    def __init__(self, jobs: int = 1, launch: Callable[[], Launch] = this_python) -> None:
        self._jobs, self._launch = jobs, launch

    def run(self, pieces: Iterable[Piece], heard: Heard = unheard) -> Iterator[Outcome]:
        """As :meth:`dmdp.jobs.executor.Executor.run`."""
        pool, source = _Pool(self._jobs, self._launch), iter(pieces)
        try:
            while True:
                while pool.free and (piece := next(source, None)) is not None:
                    pool.start(piece)
                if not pool.running:
                    return
                outcomes = pool.ended()
                yield from outcomes
                for outcome in outcomes:
                    heard(outcome.piece, 1.0, "")
                for piece, task in pool.news():
                    heard(piece, task.fraction, task.words)
                time.sleep(STEP_SECONDS)
        except GeneratorExit:
            with undisturbed():
                for _outcome in pool.cancelled():
                    pass
            raise
        except BaseException:
            with undisturbed():
                yield from (outcome for outcome in pool.cancelled() if outcome.error is None)
            raise
        finally:
            with undisturbed():
                pool.stop()


class _Pool:
    """The workers, and which piece each of them is at."""

    def __init__(self, jobs: int, launch: Callable[[], Launch]) -> None:
        self._workers = [Worker(launch) for _ in range(jobs)]
        self._folder = new_folder("pieces")
        self._told: dict[str, tuple[float, str]] = {}
        self.free = [*self._workers]
        self.running: dict[Worker, tuple[Piece, Task]] = {}

    def start(self, piece: Piece) -> None:
        """Give a piece to a free worker."""
        with undisturbed():
            worker = self.free.pop()
            self.running[worker] = piece, worker.submit(self._prepare(piece))

    def _prepare(self, piece: Piece) -> Prepared:
        folder = self._folder / piece.name
        folder.mkdir(parents=True)
        yield
        return write_job(folder, piece.function, piece.description)

    def ended(self) -> list[Outcome]:
        """Look after all workers; the outcomes of those that are free again."""
        found = []
        with undisturbed():
            for worker, (piece, task) in list(self.running.items()):
                worker.poll()
                if task.done:
                    del self.running[worker]
                    self.free.append(worker)
                    shutil.rmtree(self._folder / piece.name, ignore_errors=True)
                    found.append(Outcome(piece, task.answer, None) if task.error is None else Outcome(piece, None, task.error))
        return found

    def news(self) -> Iterator[tuple[Piece, Task]]:
        """The pieces that have reported something new."""
        for piece, task in list(self.running.values()):
            if self._told.get(piece.name, (0.0, "")) != (task.fraction, task.words):
                self._told[piece.name] = task.fraction, task.words
                yield piece, task

    def cancelled(self) -> Iterator[Outcome]:
        """Cancel all that runs; the outcomes of what ends meanwhile, until nothing runs."""
        for _piece, task in self.running.values():
            task.cancel()
        while self.running:
            yield from self.ended()
            time.sleep(STEP_SECONDS)

    def stop(self) -> None:
        """End the workers and wait until they are gone."""
        for worker in self._workers:
            worker.stop()
        while any([worker.poll() for worker in self._workers]):
            time.sleep(STEP_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)
