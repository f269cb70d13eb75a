# Compiler and linker flags of every target of the project.
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

add_compile_options(-Wall -Wextra -Wno-unused-parameter)
# Rule R9 of docs/spec.md: no compiler may fuse a*b+c on its own.
add_compile_options(-ffp-contract=off)
# A user's file and line are part of a graph: those of this tree are relative, so that no artefact depends on where it was built.
add_compile_options(-fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  add_link_options(-fuse-ld=lld)
endif()
string(REPLACE "-O3" "-O2" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")
# One optimisation level everywhere, so that all targets share one precompiled header.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -gline-tables-only")

foreach(san IN LISTS NIBBLE_SANITIZE)
  add_compile_options(-fsanitize=${san} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${san})
endforeach()
if("undefined" IN_LIST NIBBLE_SANITIZE)
  # libMLIR is built without instrumentation: vptr checks need type information that it hides.
  add_compile_options(-fno-sanitize=vptr -fno-sanitize-recover=undefined)
  add_link_options(-fno-sanitize=vptr)
endif()

find_program(NIBBLE_CCACHE ccache)
if(NIBBLE_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${NIBBLE_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${NIBBLE_CCACHE})
  # Lets ccache see through a precompiled header.
  add_compile_options("$<$<COMPILE_LANG_AND_ID:CXX,Clang>:SHELL:-Xclang -fno-pch-timestamp>")
endif()

# For tests of the preset asan. libLLVM is not instrumented, so what crosses its border misleads AddressSanitizer: a
# std::vector (container overflow) and memory of MLIR's arenas (poisoned by code in headers, not released by code in the
# library); and libLLVM replaces the signal stack of its threads.
set(NIBBLE_TEST_ENVIRONMENT "ASAN_OPTIONS=detect_container_overflow=0:allow_user_poisoning=0:use_sigaltstack=0")
