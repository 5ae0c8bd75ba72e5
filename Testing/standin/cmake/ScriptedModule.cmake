# The macros that build and test a scripted module.
#
# Read in SlicerMacroBuildScriptedModule.cmake: unknown words, a missing name and files that do not exist are errors; all modules
# share the one folder Slicer_QTSCRIPTEDMODULES_LIB_DIR (WITH_SUBDIR would give a folder of its own, which nobody here uses).
# Read in CTK's ctkMacroCompilePythonScript.cmake: each listed file, script or resource, is copied to that folder under the relative
# path it is listed by ("Resources/…" and packages keep their folders); each script gets its byte code beside it (X.pyc, not
# __pycache__); then the whole folder is installed. A script without the ending .py gets it. The commands are made in the module's
# own folder of the build, so that two modules with one target are two rules for one file, which Ninja refuses.
# Read in SlicerMacroPythonTesting.cmake and SlicerMacroConfigureGenericPythonModuleTests.cmake: what the tests are called, and that
# the generic one starts Slicer with --no-main-window and --disable-cli-modules. CTest refuses two tests of one name.

macro(slicerMacroBuildScriptedModule)
  cmake_parse_arguments(MY "WITH_GENERIC_TESTS" "NAME" "SCRIPTS;RESOURCES" ${ARGN})
  if(MY_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "Unknown words: ${MY_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT DEFINED MY_NAME)
    message(FATAL_ERROR "NAME is missing")
  endif()
  set(_folder ${CMAKE_BINARY_DIR}/${Slicer_QTSCRIPTEDMODULES_LIB_DIR})
  set(_scripts)
  set(_copied)
  foreach(_file ${MY_SCRIPTS} ${MY_RESOURCES})
    if(NOT _file MATCHES "\\.py$" AND "${_file}" IN_LIST MY_SCRIPTS)
      set(_file ${_file}.py)
    endif()
    if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${_file} OR IS_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/${_file})
      message(FATAL_ERROR "${MY_NAME} lists '${_file}', which is no file")
    endif()
    add_custom_command(
      OUTPUT ${_folder}/${_file}
      COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_CURRENT_SOURCE_DIR}/${_file} ${_folder}/${_file}
      DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${_file}
      )
    list(APPEND _copied ${_folder}/${_file})
    if("${_file}" IN_LIST MY_SCRIPTS)
      list(APPEND _scripts ${_folder}/${_file})
    endif()
  endforeach()
  string(REPLACE ";" "\n" _list "${_scripts}")
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/scripts.txt "${_list}\n")
  add_custom_target(Compile${MY_NAME}PythonFiles ALL
    COMMAND ${PYTHON_EXECUTABLE} -m compileall -q -b -f -i ${CMAKE_CURRENT_BINARY_DIR}/scripts.txt
    DEPENDS ${_copied}
    )
  install(DIRECTORY ${_folder}/
    DESTINATION ${Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR} COMPONENT RuntimeLibraries USE_SOURCE_PERMISSIONS)
  if(BUILD_TESTING AND MY_WITH_GENERIC_TESTS)
    file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/qSlicer${MY_NAME}ModuleGenericTest.py "")
    slicer_add_python_unittest(
      SCRIPT qSlicer${MY_NAME}ModuleGenericTest.py
      SLICER_ARGS --no-main-window --disable-cli-modules
      TESTNAME_PREFIX nomainwindow_
      )
  endif()
endmacro()

function(slicer_add_python_unittest)
  cmake_parse_arguments(MY "" "TESTNAME_PREFIX;SCRIPT" "SLICER_ARGS" ${ARGN})
  get_filename_component(_name ${MY_SCRIPT} NAME_WE)
  if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${MY_SCRIPT} AND NOT EXISTS ${CMAKE_CURRENT_BINARY_DIR}/${MY_SCRIPT})
    message(FATAL_ERROR "There is no test ${MY_SCRIPT}")
  endif()
  add_test(NAME py_${MY_TESTNAME_PREFIX}${_name} COMMAND ${Slicer_LAUNCHER_EXECUTABLE} --no-splash --testing ${MY_SLICER_ARGS})
endfunction()
