"""``ctk``: the widgets of CTK that the panels use."""

from __future__ import annotations

import qt
from ctk_numbers import ctkDoubleSpinBox, ctkSliderWidget
from ctk_paths import ctkPathLineEdit
from ctk_sections import ctkCollapsibleButton
from kept import kept
from PySide6 import QtWidgets

__all__ = ["ctkCheckBox", "ctkCollapsibleButton", "ctkComboBox", "ctkDoubleSpinBox", "ctkPathLineEdit", "ctkSliderWidget"]


@qt.stand_in
class ctkComboBox(QtWidgets.QComboBox):
    """A combo box."""

    defaultText = kept(str, "_defaultText", "")
    forceDefault = kept(bool, "_forceDefault", False)


@qt.stand_in
class ctkCheckBox(QtWidgets.QCheckBox):
    """A check box."""
