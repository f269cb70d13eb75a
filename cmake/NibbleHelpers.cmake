# nibble_mlir_library(NAME SOURCES... [DEPENDS target...] [LINK lib...]): a static part of the compiler, with the shared
# precompiled header, without exceptions. DEPENDS are TableGen targets that must run first.
function(nibble_mlir_library name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC nibble_mlir ${ARG_LINK})
  target_precompile_headers(${name} REUSE_FROM nibble_pch)
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()

# nibble_plain_library(NAME SOURCES... [LINK lib...]): C++ without MLIR.
function(nibble_plain_library name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
endfunction()

# An executable is compiled with -fPIE by default, which the precompiled header (-fPIC) does not allow.
function(nibble_use_pch_of_libraries name)
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIC)
endfunction()

# nibble_mlir_tool(NAME SOURCES... LINK lib...): an executable that includes MLIR, placed in bin/.
function(nibble_mlir_tool name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE nibble_mlir ${ARG_LINK})
  target_precompile_headers(${name} REUSE_FROM nibble_pch)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  nibble_use_pch_of_libraries(${name})
endfunction()

# nibble_gtest(NAME SOURCES... LINK lib... [MLIR]): a GoogleTest program, registered with ctest under its own name. MLIR: with
# the shared precompiled header.
function(nibble_gtest name)
  cmake_parse_arguments(ARG "MLIR" "" "LINK" ${ARGN})
  if(NOT NIBBLE_BUILD_TESTS)
    return()
  endif()
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gmock GTest::gtest GTest::gtest_main)
  if(ARG_MLIR)
    target_link_libraries(${name} PRIVATE nibble_mlir)
    target_precompile_headers(${name} REUSE_FROM nibble_pch)
    nibble_use_pch_of_libraries(${name})
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/test)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "${NIBBLE_TEST_ENVIRONMENT}" TIMEOUT 600)
endfunction()
