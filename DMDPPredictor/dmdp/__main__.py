"""``python -m dmdp`` and the command ``dmdp``: signals to end are obeyed before anything else is imported."""

import os
import sys


def main() -> int:
    """Run the command line; returns its exit code."""
    _leave_the_folder_out()
    from importlib import import_module

    from .errors import Cancelled
    from .stop import stop_on_signals

    stop = stop_on_signals()
    try:
        stop.heeded(lambda _progress: import_module(".cli", __package__), lambda fraction, words: None)
    except Cancelled as error:
        print(f"dmdp: {error}", file=sys.stderr)
        return error.exit_code
    return sys.modules[f"{__package__}.cli"].main(stop=stop)


def _leave_the_folder_out() -> None:
    """Import nothing from the folder that a person stands in, unless this package lies there."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if not sys.flags.safe_path and sys.path and os.path.realpath(sys.path[0] or ".") == os.path.realpath(os.getcwd()) != here:
        del sys.path[0]


if __name__ == "__main__":
    sys.exit(main())
