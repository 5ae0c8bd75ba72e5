"""DMDP Training: what makes and checks the models that DMDP Predictor uses. Research use only."""

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)


class DMDPTraining(ScriptedLoadableModule):
    """What the application lists."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        self.parent.title = _("DMDP Training")
        self.parent.categories = [translate("qSlicerAbstractCoreModule", "Nuclear Medicine")]
        self.parent.dependencies = ["DMDPPredictor"]  # for the core
        self.parent.contributors = ["The DMDP for 3D Slicer developers"]
        self.parent.helpText = _(
            "Trains and validates the models that DMDP Predictor uses. Research use only. Not for diagnosis."
        )
        self.parent.acknowledgementText = _("Method: Jiang et al., Transl Lung Cancer Res 2026;15(6).")


class DMDPTrainingWidget(ScriptedLoadableModuleWidget):
    """Says what the module is for, and how to do it today."""

    def setup(self):
        """Build the panel; works without a main window."""
        from dmdp import RESEARCH_USE_ONLY

        ScriptedLoadableModuleWidget.setup(self)
        panel = slicer.util.loadUI(self.resourcePath("UI/DMDPTraining.ui"))
        self.layout.addWidget(panel)
        self.ui = slicer.util.childWidgetVariables(panel)
        panel.setMRMLScene(slicer.mrmlScene)
        rows = "".join(f"<li><code>dmdp {usage}</code><br/>{words}</li>" for usage, words in DMDPTrainingLogic().commands())
        purpose = _("This module trains and validates the models that DMDP Predictor uses.")
        how = _("Its panel is still to come; until then the same work is done by these commands, in PythonSlicer or any Python:")
        self.ui.purposeLabel.text = f"<p><b>{RESEARCH_USE_ONLY}</b></p><p>{purpose}</p><p>{how}</p><ul>{rows}</ul>"


class DMDPTrainingLogic(ScriptedLoadableModuleLogic):
    """What can be trained."""

    def commands(self):
        """Pairs of usage and purpose of the training commands that are installed."""
        from dmdp_training.commands import COMMANDS

        return [(command.name, command.help) for command in COMMANDS]


class DMDPTrainingTest(ScriptedLoadableModuleTest):
    """The commands are found, and the panel names them."""

    def runTest(self):
        self.test_thePanelNamesTheCommands()

    def test_thePanelNamesTheCommands(self):
        """Every command of the training package stands in the panel."""
        names = [name for name, words in DMDPTrainingLogic().commands()]
        self.assertIn("train", names)
        text = slicer.util.getModuleWidget("DMDPTraining").ui.purposeLabel.text
        for name in names:
            self.assertIn(f"dmdp {name}", text)
