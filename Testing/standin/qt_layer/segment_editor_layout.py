"""What the Segment Editor's widget is made of, as far as its size goes.

Read in Slicer (Modules/Loadable/Segmentations/Widgets/qMRMLSegmentEditorWidget.cxx and its .ui, EditorEffects/): two columns
of buttons that show icons only and, right of them, the table of segments, the options of the chosen effect and the masking
section. The widest of these are the three check boxes of the paint effect in one row, and the longest label of the masking
section beside a combo box that sizes to its contents: some 460 pixels in all, which no policy makes narrower.
"""

from __future__ import annotations

from PySide6 import QtCore, QtWidgets

ICON = 21  # pixels, of an effect's button
PAINT = ("Sphere brush", "Edit in 3D views", "Color smudge")
MASKING = (
    ("Editable area:", ("Everywhere",)),
    ("Editable intensity range:", ()),
    ("Modify other segments:", ("Overwrite all", "Overwrite visible", "Allow overlap")),
)


def fill(editor, effects) -> QtWidgets.QWidget:
    """Lay out an editor with buttons for the effects; the answer holds the options of the paint effect, to be shown with it."""
    grid = QtWidgets.QGridLayout(editor)
    actions, body, left, right = (
        kind() for kind in (QtWidgets.QHBoxLayout, QtWidgets.QHBoxLayout, *2 * (QtWidgets.QVBoxLayout,))
    )
    grid.addLayout(actions, 0, 0)
    grid.addLayout(body, 1, 0)
    body.addLayout(left)
    body.addLayout(right)
    for words in ("Add", "Remove", "Show 3D"):
        actions.addWidget(QtWidgets.QPushButton(words))
    frame = QtWidgets.QFrame()
    frame.setFrameShape(QtWidgets.QFrame.StyledPanel)
    buttons = QtWidgets.QGridLayout(frame)
    for index, effect in enumerate(effects):
        button = QtWidgets.QToolButton()
        button.toolTip = effect
        button.setIconSize(QtCore.QSize(ICON, ICON))
        buttons.addWidget(button, index // 2, index % 2)
    left.addWidget(frame)
    left.addStretch()
    right.addWidget(QtWidgets.QTableView())
    group = QtWidgets.QGroupBox("Options")
    options = QtWidgets.QWidget()
    row = QtWidgets.QHBoxLayout(options)
    for words in PAINT:
        row.addWidget(QtWidgets.QCheckBox(words))
    QtWidgets.QVBoxLayout(group).addWidget(options)
    right.addWidget(group)
    masking = QtWidgets.QGroupBox("Masking")
    form = QtWidgets.QFormLayout(masking)
    for words, choices in MASKING:
        combo = QtWidgets.QComboBox() if choices else QtWidgets.QCheckBox()
        if choices:
            combo.addItems(choices)
        form.addRow(words, combo)
    right.addWidget(masking)
    options.setVisible(False)
    return options
