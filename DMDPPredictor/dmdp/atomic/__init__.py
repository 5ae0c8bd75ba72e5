"""Results and files are written aside and renamed: whole or absent, by one process at a time, and never over what is not ours."""

from .apart import check_apart
from .file import new_file, put_file, write_file
from .folder import Aside, result_folder
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
    "is_lock",
    "is_result",
    "locked",
    "new_file",
    "put_file",
    "result_folder",
    "write_file",
]
