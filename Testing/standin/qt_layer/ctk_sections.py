"""A section that folds, as wide and with the same rules for its children as CTK's.

Read in CTK (Libs/Widgets/ctkCollapsibleButton.cpp): it is a checkable button, checked while it is open, whose contents begin
below the height of its title. Its horizontal size policy is Minimum, so a layout never makes it narrower than its *size hint*:
that of its contents while it is open, that of its title while it is folded. Folding hides its direct children once the window
was made; one that was hidden on purpose stays hidden when the section opens, and one that is shown meanwhile waits for that.
"""

from __future__ import annotations

import qt
from PySide6 import QtCore, QtGui, QtWidgets

PURPOSE = "visibilityToParent"  # CTK's name of a child's wish
COLLAPSED_HEIGHT = 14


@qt.stand_in
class ctkCollapsibleButton(QtWidgets.QAbstractButton):
    """A section with a title that folds away."""

    contentsCollapsed = QtCore.Signal(bool)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._collapsed = self._forcing = False
        self._height = self.maximumHeight
        self.checkable, self.checked = True, True
        self.setSizePolicy(QtWidgets.QSizePolicy(QtWidgets.QSizePolicy.Minimum, QtWidgets.QSizePolicy.Preferred))
        self.setContentsMargins(0, self._title().height(), 0, 0)
        self.toggled.connect(lambda checked: self._collapse(not checked))

    def _title(self) -> QtCore.QSize:
        """The size of the title alone."""
        option = QtWidgets.QStyleOptionButton()
        option.initFrom(self)
        style, metric = self.style(), QtWidgets.QStyle
        width = style.pixelMetric(metric.PM_IndicatorWidth, option, self)
        width += style.pixelMetric(metric.PM_CheckBoxLabelSpacing, option, self)
        words = self.fontMetrics().size(QtCore.Qt.TextShowMnemonic, self.text or "XXXX")
        height = max(style.pixelMetric(metric.PM_IndicatorHeight, option, self), words.height())
        contents = QtCore.QSize(width + (words.width() if self.text else 0), height)
        return style.sizeFromContents(metric.CT_PushButton, option, contents, self)

    def sizeHint(self) -> QtCore.QSize:
        title = self._title()
        if self._collapsed or self.layout() is None:
            return title + QtCore.QSize(0, COLLAPSED_HEIGHT)
        return self.layout().totalSizeHint().expandedTo(title + QtCore.QSize(0, COLLAPSED_HEIGHT))

    def minimumSizeHint(self) -> QtCore.QSize:
        title = self._title()
        if self._collapsed:
            return title + QtCore.QSize(0, COLLAPSED_HEIGHT)
        return title if self.layout() is None else self.layout().totalMinimumSize().expandedTo(title)

    def _setCollapsed(self, collapsed):
        self.checked = not collapsed

    collapsed = QtCore.Property(bool, lambda self: self._collapsed, _setCollapsed)

    def _collapse(self, collapsed):
        if collapsed == self._collapsed:
            return
        self._collapsed = collapsed
        if collapsed:
            self._height = self.maximumHeight
            self.setMaximumHeight(self.sizeHint().height())
        else:
            self.setMaximumHeight(self._height)
        self._showChildren()
        self.updateGeometry()
        self.contentsCollapsed.emit(collapsed)

    def _showChildren(self):
        if not self.testAttribute(QtCore.Qt.WA_WState_Created):
            return
        for child in self.children():
            if isinstance(child, QtWidgets.QWidget):
                self._showChild(child)

    def _showChild(self, child):
        self._forcing = True
        wanted = child.property(PURPOSE) is not False
        if not (wanted and not self._collapsed) or child.testAttribute(QtCore.Qt.WA_WState_Created):
            child.setVisible(wanted and not self._collapsed)
        if wanted:
            child.setAttribute(QtCore.Qt.WA_WState_ExplicitShowHide, False)
        self._forcing = False

    def childEvent(self, event):
        child = event.child()
        if event.type() == QtCore.QEvent.ChildAdded and isinstance(child, QtWidgets.QWidget):
            if child.testAttribute(QtCore.Qt.WA_WState_ExplicitShowHide) and child.testAttribute(QtCore.Qt.WA_WState_Hidden):
                child.setProperty(PURPOSE, False)
            child.installEventFilter(self)
            if self.testAttribute(QtCore.Qt.WA_WState_Created):
                self._showChild(child)

    def eventFilter(self, child, event):
        if not self._forcing and event.type() == QtCore.QEvent.ShowToParent:
            child.setProperty(PURPOSE, True)
            if self.testAttribute(QtCore.Qt.WA_WState_Created):
                self._showChild(child)
        elif not self._forcing and event.type() == QtCore.QEvent.HideToParent:
            child.setProperty(PURPOSE, False)
        return False

    def setVisible(self, show):
        self._forcing = True
        created = self.testAttribute(QtCore.Qt.WA_WState_Created)
        super().setVisible(show)
        self._forcing = False
        if not created:
            self._showChildren()

    def hitButton(self, position):
        return position.y() < self._title().height()

    def paintEvent(self, event):
        option, painter = QtWidgets.QStyleOptionButton(), QtGui.QPainter(self)
        option.initFrom(self)
        option.state |= QtWidgets.QStyle.State_Raised
        option.rect.setHeight(self._title().height())
        self.style().drawControl(QtWidgets.QStyle.CE_PushButtonBevel, option, painter, self)
        arrow, height = QtWidgets.QStyleOption(), option.rect.height()
        arrow.initFrom(self)
        arrow.rect = QtCore.QRect(4, 4, height - 8, height - 8)
        element = QtWidgets.QStyle.PE_IndicatorArrowRight if self._collapsed else QtWidgets.QStyle.PE_IndicatorArrowDown
        self.style().drawPrimitive(element, arrow, painter, self)
        self.style().drawItemText(
            painter,
            option.rect.adjusted(height, 0, 0, 0),
            int(QtCore.Qt.AlignLeft | QtCore.Qt.AlignVCenter),
            option.palette,
            self.enabled,
            self.text,
            QtGui.QPalette.ButtonText,
        )
        painter.end()
