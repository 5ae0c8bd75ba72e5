"""``python -m dmdp``: the same as the command ``dmdp``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
