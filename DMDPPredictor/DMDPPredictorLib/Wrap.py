"""Text that fits into a narrow panel: a label breaks its lines only at spaces, and a path has none."""

from __future__ import annotations

import re

LONGEST = 24  # letters that a panel of 400 pixels always has the room for
BREAK = "\u200b"  # a space without width


def breakable(text: str) -> str:
    """Plain text in which long words, such as paths and hashes, may be broken; it looks the same."""
    return re.sub(rf"\S{{{LONGEST},}}", lambda found: _broken(found.group()), text)


def _broken(word: str) -> str:
    parts = re.split(r"(?<=[/\\_.,-])", word)
    pieces = (part[i : i + LONGEST] for part in parts for i in range(0, len(part), LONGEST))
    return BREAK.join(pieces)
