"""A line of words for the user, beside the part of the panel that it is about."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from dmdp.errors import DmdpError
from slicer.i18n import tr as _

from .Wrap import breakable


class Message:
    """A label that is hidden while it has nothing to say; call it with the words."""

    def __init__(self, label):
        self._label = label
        self("")

    def __call__(self, words: str) -> None:
        self._label.text = breakable(words)
        self._label.visible = bool(words)

    @contextmanager
    def told(self) -> Iterator[None]:
        """Show every error of the block in this label."""
        try:
            yield
        except DmdpError as error:
            self(_("Cancelled.") if error.code == "cancelled" else str(error))
        except Exception as error:  # a defect, not the user's doing: the trace goes to the application's log
            logging.exception("DMDP Predictor")
            self(_("Unexpected: {error}. The application's log has the details.").format(error=error))
