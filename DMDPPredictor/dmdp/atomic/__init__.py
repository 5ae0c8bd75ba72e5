"""Results and files appear whole or not at all, one process writes at a time, and files of others are never overwritten."""

from .apart import check_apart
from .file import new_file, put_file, remove_partials, write_file
from .folder import Aside, check_place, result_folder
from .lock import is_lock, locked
from .marker import BUNDLE, EXPORT, PREDICTION, SIMULATION, Kind, is_result

__all__ = [
    "BUNDLE",
    "EXPORT",
    "PREDICTION",
    "SIMULATION",
    "Aside",
    "Kind",
    "check_apart",
    "check_place",
    "is_lock",
    "is_result",
    "locked",
    "new_file",
    "put_file",
    "remove_partials",
    "result_folder",
    "write_file",
]
