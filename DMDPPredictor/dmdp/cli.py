"""The command line ``dmdp``: finds the commands, reads their options, and turns errors into exit codes."""

from __future__ import annotations

import argparse
import os
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from importlib.metadata import entry_points

from . import POPULATION, RESEARCH_USE_ONLY, __version__
from .actions import find_action
from .command import Command
from .errors import Cancelled, DmdpError, InputError, MissingPackage, OutOfMemory, base_name
from .jobs.server import run_job, serve
from .progress import Progress, silent
from .resources import can_be_made, user_cache_folder
from .stop import Stop, stop_on_signals

CORE_COMMANDS = ("suv", "delineate", "features", "predict", "batch", "bundle", "export")
TRAINING_COMMANDS = ("demo", "simulate", "train", "validate")
TRAINING_MODULE = "dmdp_training.commands"


def main(argv: Sequence[str] | None = None, stop: Stop | None = None) -> int:
    """Run ``dmdp`` with ``argv``; returns the exit code: 0 done, 2 usage, 3 input, 4 model, 5 memory, 6 cancelled, 7 missing
    package, 1 anything else. ``stop`` holds a wish to end that a signal has already expressed.
    """
    stop = stop or _stop_on_signal()
    os.environ["PYTHONSAFEPATH"] = "1"  # no process that this one starts runs a file of the folder that it stands in
    words = _join_negative(list(sys.argv[1:] if argv is None else argv))
    try:
        commands = find_commands()
        if words and words[0] in TRAINING_COMMANDS and words[0] not in commands:
            raise MissingPackage("dmdp_training", f"'dmdp {words[0]}'", "train")
        options = vars(_parser(commands).parse_args(words))
    except SystemExit as ended:  # argparse has printed its usage
        return int(ended.code or 0)
    except DmdpError as error:
        print(f"dmdp: {error}", file=sys.stderr)
        return error.exit_code
    _keep_caches()
    name = options.pop("command")
    find = partial(find_action, commands=commands)
    if name == "run-job":
        return run_job(options["job"], find, stop, _guarded)
    if name == "worker":
        if stop.wished:
            return Cancelled.exit_code
        return serve(find, stop, _guarded)
    progress = _bar() if sys.stderr.isatty() else silent
    failed = _guarded(lambda: stop.heeded(lambda report: print(commands[name].run(options, report), flush=True), progress))
    if failed is None:
        return 0
    with suppress(OSError):  # where the words go there may be no room either
        print(f"dmdp {name}: {failed}", file=sys.stderr, flush=True)
    _forget_output()
    return failed.exit_code


def _keep_caches() -> None:
    """What packages compile and list is kept for the user; if that cannot be written, in this process's own temporary folder."""
    cache = user_cache_folder()
    if not can_be_made(cache):
        from .session import new_folder

        with suppress(OSError):
            cache = new_folder("cache")
            os.environ.setdefault("MPLCONFIGDIR", str(cache))  # it has words of its own for a home that it cannot write
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache / "torch"))


def _forget_output() -> None:
    """Drop what standard output could not take: writing it again at the end would change the exit code."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def find_commands() -> dict[str, Command]:
    """Name → command: the core's own, and those of the training package if it is installed or importable."""
    found = [import_module(f".commands.{name}", __package__).COMMAND for name in CORE_COMMANDS]
    modules = {entry.value for entry in entry_points(group="dmdp.commands")} | {TRAINING_MODULE}
    for module in sorted(modules):
        try:
            found += import_module(module).COMMANDS
        except ModuleNotFoundError as error:
            if error.name is None or not module.startswith(error.name):
                raise
    return {command.name: command for command in found}


def _parser(commands: dict[str, Command]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dmdp",
        description=f"EGFR mutation and histological subtype of a lung tumour from FDG PET/CT. {RESEARCH_USE_ONLY}",
        epilog=f"Intended population: {POPULATION}",
    )
    parser.add_argument("--version", action="version", version=f"dmdp {__version__}")
    sub = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in commands.values():
        command.add_arguments(sub.add_parser(command.name, help=command.help, description=command.help))
    job = sub.add_parser("run-job", help="Run a job file, with progress lines for a program to read.")
    job.add_argument("job", metavar="FILE", help="job.json: {schema, command, arguments, out}")
    sub.add_parser("worker", help="Do jobs that another program names on the standard input, until it ends.")
    return parser


def _guarded(work: Callable[[], None]) -> DmdpError | None:
    """Run ``work``; every exception that it raises is turned into an error that a person can read."""
    try:
        work()
    except DmdpError as error:
        return error
    except KeyboardInterrupt:
        return Cancelled()
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "DefaultCPUAllocator" not in str(error):  # torch has no class for it
            return _unforeseen(error)
        return OutOfMemory(
            "memory",
            "The memory ran out.",
            "about 1.5 GB of free memory.",
            "Close other programs and try again.",
        )
    except ModuleNotFoundError as error:
        return MissingPackage(error.name or "?", "this command")
    except OSError as error:
        return _unforeseen(error) if error.errno is None else _system(error)
    except Exception as error:
        return _unforeseen(error)
    return None


def _system(error: OSError) -> DmdpError:
    """What the operating system refuses: no room, no right, no more open files, a device that fails."""
    if os.environ.get("DMDP_TRACE"):
        traceback.print_exception(error)
    place = f" at '{base_name(error.filename)}'" if error.filename else ""
    return InputError(
        "system",
        f"The operating system refused something{place}: {error.strerror or error}.",
        "files that can be read, places that can be written, enough room and open files.",
        "Mend that, or choose other paths, and run it again.",
    )


def _unforeseen(error: Exception) -> DmdpError:
    if os.environ.get("DMDP_DEBUG"):
        raise error
    if os.environ.get("DMDP_TRACE"):  # for the log of the program above
        traceback.print_exception(error)
    return DmdpError(
        "internal",
        f"An unforeseen error: {type(error).__name__}{_place(error)}.",
        "none.",
        "Run it again with DMDP_DEBUG=1 in the environment and report what it prints.",
    )


def _place(error: Exception) -> str:
    """The place in our own code at which an error arose; a library's own message is for programmers, and may name a patient."""
    ours = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if {"dmdp", "dmdp_training"} & set(frame.filename.split(os.sep))
    ]
    return f" at line {ours[-1].lineno} of {os.path.basename(ours[-1].filename)}" if ours else ""


def _stop_on_signal() -> Stop:
    """Every signal to end cancels."""
    return stop_on_signals()


def _bar() -> Progress:
    def show(fraction: float, words: str) -> None:
        end = "\n" if fraction >= 1 else ""
        print(f"\r\033[K{fraction:4.0%} {words}", end=end, file=sys.stderr, flush=True)

    return show


def _join_negative(words: list[str]) -> list[str]:
    """``--seed -41.8,…`` as one word: argparse would take a list of numbers with a leading minus for an option."""
    joined: list[str] = []
    for word in words:
        if joined and re.fullmatch(r"--\w[\w-]*", joined[-1]) and re.match(r"-\.?\d", word):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined
