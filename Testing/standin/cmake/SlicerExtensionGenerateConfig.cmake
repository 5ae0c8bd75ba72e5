# Read in Slicer's file of this name: it writes <Extension>Config.cmake into the build tree, for extensions that build upon this one,
# and installs nothing.

file(WRITE ${CMAKE_BINARY_DIR}/${EXTENSION_NAME}Config.cmake "set(${EXTENSION_NAME}_SOURCE_DIR \"${CMAKE_SOURCE_DIR}\")\n")
