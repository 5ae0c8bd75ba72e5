# What find_package(Slicer) gives an extension, as far as a scripted one uses it.
#
# Read in Slicer's CMake folder (main, 2026): SlicerConfig.cmake.in names the use file, the two files that an extension includes at
# its end, version, revision, system and the folders of the build tree; SlicerDirectories.cmake makes these folders from the
# application's name and version (lib/Slicer-5.12/qt-scripted-modules, share/Slicer-5.12) and puts "./" before what is installed.
# On macOS all of it lies in a bundle instead, which is not reproduced here.

set(Slicer_VERSION_MAJOR 5)
set(Slicer_VERSION_MINOR 12)
set(Slicer_REVISION 34000)
set(Slicer_OS linux)
set(Slicer_ARCHITECTURE amd64)
set(Slicer_USE_PYTHONQT ON)
set(Slicer_LAUNCHER_EXECUTABLE ${CMAKE_COMMAND}) # for the names of the tests; they are not run here

set(Slicer_CMAKE_DIR ${CMAKE_CURRENT_LIST_DIR})
set(Slicer_USE_FILE ${Slicer_CMAKE_DIR}/UseSlicer.cmake)
set(Slicer_EXTENSION_GENERATE_CONFIG ${Slicer_CMAKE_DIR}/SlicerExtensionGenerateConfig.cmake)
set(Slicer_EXTENSION_CPACK ${Slicer_CMAKE_DIR}/SlicerExtensionCPack.cmake)
set(Slicer_LICENSE_FILE ${Slicer_CMAKE_DIR}/SlicerConfig.cmake) # Slicer's own texts: the default, and not ours
set(Slicer_README_FILE ${Slicer_CMAKE_DIR}/SlicerConfig.cmake)

set(_application Slicer-${Slicer_VERSION_MAJOR}.${Slicer_VERSION_MINOR})
set(Slicer_INSTALL_ROOT "./")
set(Slicer_LIB_DIR lib/${_application})
set(Slicer_SHARE_DIR share/${_application})
set(Slicer_QTSCRIPTEDMODULES_LIB_DIR ${Slicer_LIB_DIR}/qt-scripted-modules)
set(Slicer_THIRDPARTY_SHARE_DIR ${Slicer_SHARE_DIR})
