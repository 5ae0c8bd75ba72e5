"""Which Qt objects PythonQt calls false.

Read in PythonQt: ``PythonQtInstanceWrapper_nonzero`` (src/PythonQtClassWrapper.cpp) asks the class of an object for a method
``__nonzero__``, and takes it for true where there is none; the generator puts one into the wrapper of every class with
``isEmpty()``, ``isNull()`` or ``isValid()``. Below are all of generated_cpp_515 that are QObjects of QtCore, QtGui and QtWidgets.

Read in Slicer: ``slicer.util.findChildren``, hence ``childWidgetVariables``, passes over an object that is false and over its
children, so that an empty layout has no ``ui.<name>``.
"""

from PySide6 import QtCore, QtGui, QtWidgets

TRUTH = {
    QtWidgets.QLayout: lambda layout: not QtWidgets.QLayout.isEmpty(layout),
    QtWidgets.QMenu: lambda menu: not QtWidgets.QMenu.isEmpty(menu),
    QtGui.QTextDocument: lambda document: not QtGui.QTextDocument.isEmpty(document),
    QtGui.QTextList: lambda items: QtGui.QTextList.count(items) > 0,
    QtGui.QMovie: QtGui.QMovie.isValid,
    QtGui.QOpenGLContext: QtGui.QOpenGLContext.isValid,
    QtGui.QOffscreenSurface: QtGui.QOffscreenSurface.isValid,
    QtCore.QTranslator: lambda translator: not QtCore.QTranslator.isEmpty(translator),
}


def install() -> None:
    """Give these classes, and those that inherit from them, PythonQt's truth value."""
    for kind, truth in TRUTH.items():
        kind.__bool__ = lambda self, truth=truth: truth(self)
