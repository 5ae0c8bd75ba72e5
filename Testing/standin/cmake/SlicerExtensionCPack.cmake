# Read in Slicer's file of this name: name, revision, system and architecture must be set, the project be named like the extension,
# the readme and the licence exist; a description <Extension>.s4ext is written from the EXTENSION_… fields and installed into the
# application's share folder (a line for each field, of which contributors are joined by commas and the rest by spaces); the
# readme and the licence become those of the package, a .tar.gz (.zip on Windows) of what is installed. The category and the tier
# are not told here: SlicerExtensionPackageAndUploadTarget.cmake takes them from the Index's own <Extension>.json. A launcher for
# the build tree is written too, which is left out.

foreach(_needed EXTENSION_NAME Slicer_REVISION Slicer_OS Slicer_ARCHITECTURE)
  if("${${_needed}}" STREQUAL "")
    message(FATAL_ERROR "${_needed} is empty")
  endif()
endforeach()
if(NOT "${EXTENSION_NAME}" STREQUAL "${PROJECT_NAME}")
  message(FATAL_ERROR "The extension is called ${EXTENSION_NAME}, the project ${PROJECT_NAME}")
endif()
foreach(_file EXTENSION_README_FILE EXTENSION_LICENSE_FILE)
  if(NOT EXISTS "${${_file}}")
    message(FATAL_ERROR "${_file} points to '${${_file}}', which is not there")
  endif()
endforeach()

set(_description)
foreach(_field DEPENDS RECOMMENDS BUILD_SUBDIRECTORY HOMEPAGE CONTRIBUTORS ICONURL DESCRIPTION SCREENSHOTURLS ENABLED KEYWORDS)
  string(TOLOWER ${_field} _word)
  string(REPLACE ";" " " _value "${EXTENSION_${_field}}")
  string(APPEND _description "${_word} ${_value}\n")
endforeach()
file(WRITE ${CMAKE_BINARY_DIR}/${EXTENSION_NAME}.s4ext "${_description}")
install(FILES ${CMAKE_BINARY_DIR}/${EXTENSION_NAME}.s4ext
  DESTINATION ${Slicer_INSTALL_ROOT}${Slicer_SHARE_DIR} COMPONENT RuntimeLibraries)

set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${EXTENSION_DESCRIPTION}")
set(CPACK_PACKAGE_DESCRIPTION_FILE "${EXTENSION_README_FILE}")
set(CPACK_RESOURCE_FILE_LICENSE "${EXTENSION_LICENSE_FILE}")
set(CPACK_PACKAGE_FILE_NAME "${Slicer_REVISION}-${Slicer_OS}-${Slicer_ARCHITECTURE}-${EXTENSION_NAME}")
set(CPACK_MONOLITHIC_INSTALL ON)
set(CPACK_GENERATOR TGZ)
include(CPack)
