"""A small headless "application" on slicer-core (no Qt): scene, module logics, volume files, offscreen slice views.

After ``bootstrap()`` the names of Slicer's Python exist: ``slicer.mrmlScene``, ``slicer.app``,
``slicer.modules.<name>.logic()``, so that the real ``slicer/util.py`` of the wheel works.
"""

from __future__ import annotations

import colorsys
import os
import sys
import tempfile
import types
from pathlib import Path

os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")  # before vtk: renders without a screen

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "qt_layer"), str(HERE)]

import qt
import slicer
import vtk
from scripted_module import Module, load
from slicer_api import API
from vtk.util.numpy_support import vtk_to_numpy

ORIENTATIONS = {"Red": "Axial", "Yellow": "Sagittal", "Green": "Coronal"}
VOLUMES = (".nrrd", ".nii", ".nii.gz", ".mha", ".dcm")
LOGICS = {
    "Volumes": "vtkSlicerVolumesLogic",
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Markups": "vtkSlicerMarkupsLogic",
    "Transforms": "vtkSlicerTransformLogic",
}
MANAGERS = (  # the genuine ones, so that outlines, points and legends are drawn as the application draws them
    "vtkMRMLModelSliceDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager2D",
    "vtkMRMLMarkupsDisplayableManager",
    "vtkMRMLColorLegendDisplayableManager",
)


class ModuleManager:
    """``slicer.app.moduleManager()``."""

    def __init__(self, modules: dict[str, Module]):
        self._modules = modules

    def module(self, name: str):
        return self._modules.get(name.lower())


class IOManager:
    """The part of ``slicer.app.coreIOManager()`` that ``slicer.util.loadVolume`` and ``loadNodeFromFile`` use."""

    def fileType(self, path: str) -> str:
        return "VolumeFile" if path.lower().endswith(VOLUMES) else "NoFile"

    def loadNodes(self, fileType, properties, collection=None, messages=None) -> bool:
        path = os.path.abspath(properties["fileName"])
        name = properties.get("name") or Path(path).name.split(".")[0]
        node = slicer.modules.volumes.logic().AddArchetypeVolume(path, name, 8) if os.path.exists(path) else None
        if node is not None and collection is not None:
            collection.AddItem(node)
        return node is not None

    def saveNodes(self, fileType, properties, messages=None) -> bool:
        """What ``slicer.util.saveScene`` calls for a bundle: ``qSlicerSceneWriter::writeToMRB`` hands on to the scene itself."""
        path = properties["fileName"]
        return fileType == "SceneFile" and path.endswith(".mrb") and bool(slicer.mrmlScene.WriteToMRB(path, None, messages))


class SliceView:
    """An offscreen slice view: slice logic, displayable managers and one image actor."""

    def __init__(self, app: Application, name: str, size: tuple[int, int]):
        self.renderer = vtk.vtkRenderer()
        self.renderer.GetActiveCamera().ParallelProjectionOn()
        self.window = vtk.vtkRenderWindow()
        self.window.SetOffScreenRendering(1)
        self.window.SetMultiSamples(0)
        self.window.SetSize(*size)
        self.window.AddRenderer(self.renderer)
        self.interactor = vtk.vtkRenderWindowInteractor()
        self.interactor.SetRenderWindow(self.window)
        self.interactor.Initialize()
        factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
        factory.SetMRMLApplicationLogic(app.logic)
        for manager in MANAGERS:
            if not factory.IsDisplayableManagerRegistered(manager):
                factory.RegisterDisplayableManager(manager)
        self.logic = slicer.vtkMRMLSliceLogic()
        self.logic.SetMRMLApplicationLogic(app.logic)
        app.logic.GetSliceLogics().AddItem(self.logic)
        self.logic.SetMRMLScene(app.scene)
        self.node = self.logic.AddSliceNode(name)
        self.node.SetOrientation(ORIENTATIONS[name])
        self.node.SetMappedInLayout(1)
        self.composite = self.logic.GetSliceCompositeNode()
        self.group = slicer.vtkMRMLDisplayableManagerGroup()
        self.group.SetRenderer(self.renderer)
        self.group.Initialize(factory, self.renderer)
        self.group.SetMRMLDisplayableNode(self.node)
        self.mapper = vtk.vtkImageMapper()
        self.mapper.SetColorWindow(255)
        self.mapper.SetColorLevel(127.5)
        actor = vtk.vtkActor2D()
        actor.SetMapper(self.mapper)
        actor.GetProperty().SetDisplayLocationToBackground()
        self.renderer.AddViewProp(actor)
        self.interactor.SetSize(*size)
        self.logic.ResizeSliceNode(*size)

    def array(self):
        """The rendered view as uint8 (height, width, 3), row 0 at the top."""
        self.mapper.SetInputConnection(self.logic.GetImageDataConnection())
        self.window.Render()
        grab = vtk.vtkWindowToImageFilter()
        grab.SetInput(self.window)
        grab.ReadFrontBufferOff()
        grab.SetInputBufferTypeToRGB()
        grab.Update()
        image = grab.GetOutput()
        width, height, _ = image.GetDimensions()
        return vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, 3)[::-1].copy()


class Application:
    """``slicer.app``, as far as the modules and ``slicer.util`` need it."""

    def __init__(self, size: tuple[int, int] = (400, 400)):
        self.temporaryPath = tempfile.mkdtemp(prefix="slicer-")
        self.scene = slicer.vtkMRMLScene()
        self.logic = slicer.vtkSlicerApplicationLogic()
        self.logic.SetTemporaryPath(self.temporaryPath)
        crosshair = slicer.vtkMRMLCrosshairNode()
        crosshair.SetCrosshairName("default")
        self.scene.AddNode(crosshair)
        colours = self._colours()
        self.logic.SetMRMLScene(self.scene)
        colours.SetMRMLScene(self.scene)
        self.logic.SetSliceLogics(vtk.vtkCollection())
        self.logic.SetViewLogics(vtk.vtkCollection())
        slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(self.scene, True)
        self._unpackBundlesTo(self.temporaryPath)
        slicer.mrmlScene = self.scene
        slicer.app = ListedNames(self, API["slicer.app"])
        slicer.modules = sys.modules["slicer.modules"] = types.ModuleType("slicer.modules")
        self.modules: dict[str, Module] = {}
        self.atStart: list = []  # what waits for startupCompleted()
        self.register("Colors", colours)
        for name, kind in LOGICS.items():
            logic = getattr(slicer, kind)()
            logic.SetMRMLApplicationLogic(self.logic)
            logic.SetMRMLScene(self.scene)
            self.logic.SetModuleLogic(name, logic)
            self.register(name, logic)
        self.views = {name: SliceView(self, name, size) for name in ORIENTATIONS}

    def register(self, name: str, logic, path: str = "") -> Module:
        module = Module(name, logic, path)
        self.modules[name.lower()] = module
        setattr(slicer.modules, name.lower(), module)
        return module

    def _unpackBundlesTo(self, folder: str) -> None:
        """``vtkMRMLScene::ReadFromMRB`` unpacks below the cache of the scene's data manager, which the application gives it."""
        self._remoteIO, self._dataIO = slicer.vtkMRMLRemoteIOLogic(), slicer.vtkDataIOManagerLogic()
        self._remoteIO.GetCacheManager().SetRemoteCacheDirectory(folder)
        self._dataIO.SetMRMLApplicationLogic(self.logic)
        self._dataIO.SetAndObserveDataIOManager(self._remoteIO.GetDataIOManager())
        self.logic.SetMRMLSceneDataIO(self.scene, self._remoteIO, self._dataIO)

    def _colours(self):
        """The real colour logic, with a label table of ours: without one, label 0 is opaque and hides the slice."""
        folder = Path(self.temporaryPath) / "share" / "ColorFiles"
        folder.mkdir(parents=True)
        lines = ["0 Background 0 0 0 0"]
        for i in range(1, 16):
            r, g, b = (int(255 * v) for v in colorsys.hsv_to_rgb((i * 0.618) % 1, 0.8, 0.95))
            lines.append(f"{i} label_{i} {r} {g} {b} 255")
        (folder / "GenericColors.txt").write_text("# Color table file\n" + "\n".join(lines) + "\n")
        self.logic.SetHomeDirectory(self.temporaryPath)
        self.logic.SetShareDirectory("share")
        logic = slicer.vtkSlicerColorLogic()
        logic.SetMRMLApplicationLogic(self.logic)
        self.logic.SetColorLogic(logic)
        return logic

    def applicationLogic(self):
        return self.logic

    def coreIOManager(self):
        return IOManager()

    def moduleManager(self):
        return ModuleManager(self.modules)

    def layoutManager(self):
        return None

    def testingEnabled(self) -> bool:
        return True

    def mainWindow(self):
        return None

    def topLevelWidgets(self) -> tuple:
        return ()

    @property
    def applicationName(self) -> str:
        return "Slicer"

    def userSettings(self):
        return qt.QSettings()

    settings = revisionUserSettings = userSettings

    def startupEnvironment(self):
        return qt.QProcessEnvironment.systemEnvironment()

    def setOverrideCursor(self, cursor) -> None:
        qt.application.setOverrideCursor(qt.QCursor(cursor))

    def restoreOverrideCursor(self) -> None:
        qt.application.restoreOverrideCursor()

    def connect(self, signal: str, slot) -> bool:
        if signal != "startupCompleted()":
            raise AttributeError(f"nothing here emits '{signal}'")
        self.atStart.append(slot)
        return True

    def loadModule(self, path: Path) -> Module:
        """What the application does with a scripted module's file when it starts."""
        module = load(Path(path), self.register)
        while self.atStart:
            self.atStart.pop(0)()
        return module

    def makeWidget(self, module: Module):
        """The module's ``<Name>Widget`` with ``setup()`` and ``enter()`` done."""
        return module.openPanel()

    def processEvents(self, *flags) -> None:
        qt.application.processEvents()


class ListedNames:
    """``slicer.app``: the application, of which only those names can be seen that a running Slicer has."""

    def __init__(self, application: Application, names: list[str]):
        self._application, self._names = application, frozenset(names)

    def __getattr__(self, name: str):
        if name not in self._names:
            raise AttributeError(f"slicer.app has no '{name}'")
        return getattr(self._application, name)


def bootstrap() -> Application:
    """The one application of this process; the shims beside this file become ``slicer.<name>``, ``qt`` and ``ctk``."""
    if not hasattr(slicer, "_standin"):
        slicer.__path__ = [*slicer.__path__, str(HERE / "slicer_layer")]
        slicer._standin = Application()
        import ctk  # noqa: F401  (its widgets register themselves)
        import mrml_widgets

        mrml_widgets.install()
    return slicer._standin
