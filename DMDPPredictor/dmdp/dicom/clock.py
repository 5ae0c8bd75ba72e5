"""DICOM dates and times as ``datetime``; a time zone suffix is dropped, as all times of a scan share one clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any


def parse(date: Any, time: Any = "") -> datetime | None:
    """A DA (``YYYYMMDD``) and a TM (``HHMMSS.FFFFFF``), or one DT with both, as a datetime; None where it is neither."""
    text = f"{str(date or '').strip()}{str(time or '').strip()}".split("+")[0].split("-")[0]
    digits, _, fraction = text.partition(".")
    if not digits.isdigit() or len(digits) < 10:
        return None
    digits = digits.ljust(14, "0")[:14]
    try:
        moment = datetime.strptime(digits, "%Y%m%d%H%M%S")
        return moment + timedelta(seconds=float(f"0.{fraction or 0}"))
    except ValueError:
        return None
