# What include(${Slicer_USE_FILE}) does for a scripted extension.
#
# Read in UseSlicer.cmake.in: the extension is named like the project unless EXTENSION_NAME or MODULE_NAME is set before; where the
# project is no part of Slicer's own build, modules go to Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR and other things of an extension
# to Slicer_INSTALL_THIRDPARTY_SHARE_DIR; dependencies default to NA, licence and readme to Slicer's own files, the other fields to
# what SlicerExtensionDescriptionSpec.cmake says; CTest is included, so that BUILD_TESTING is on unless it is switched off.

foreach(_name EXTENSION_NAME MODULE_NAME PROJECT_NAME)
  if(NOT DEFINED EXTENSION_NAME AND DEFINED ${_name})
    set(EXTENSION_NAME ${${_name}})
  endif()
endforeach()
if("${EXTENSION_NAME}" MATCHES "^$|^Slicer$|^Project$")
  message(FATAL_ERROR "The extension has no name of its own")
endif()

set(Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR "${Slicer_INSTALL_ROOT}${Slicer_QTSCRIPTEDMODULES_LIB_DIR}")
set(Slicer_INSTALL_THIRDPARTY_SHARE_DIR "${Slicer_INSTALL_ROOT}${Slicer_THIRDPARTY_SHARE_DIR}")

foreach(_field DEPENDS RECOMMENDS)
  if(NOT DEFINED EXTENSION_${_field})
    set(EXTENSION_${_field} NA)
  endif()
endforeach()
foreach(_field LICENSE README)
  if(NOT DEFINED EXTENSION_${_field}_FILE)
    set(EXTENSION_${_field}_FILE ${Slicer_${_field}_FILE})
  endif()
endforeach()
set(EXTENSION_BUILD_SUBDIRECTORY ".")
set(EXTENSION_ENABLED 1)

include(CTest)
include(${Slicer_CMAKE_DIR}/ScriptedModule.cmake)
