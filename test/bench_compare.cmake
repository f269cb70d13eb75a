# compare_kernels: compiled kernels beside other libraries (docs/benchmarks.md). A library that is not installed is left out.
if(NIBBLE_SANITIZE OR NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  message(STATUS "compare_kernels is not built: it measures x86-64 without sanitizers")
  return()
endif()

find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Python3 REQUIRED COMPONENTS Interpreter)
nibble_mlir_library(nibble_bench_reference bench/compare/Reference.cpp LINK nibble_interpreter nibble_pipelines)
add_executable(compare_kernels
  bench/compare/Case.cpp
  bench/compare/Data.cpp
  bench/compare/Limits.cpp
  bench/compare/Measure.cpp
  bench/compare/Ours.cpp
  bench/compare/Report.cpp
  bench/compare/Threads.cpp
  bench/compare/Timing.cpp
  bench/compare/main.cpp
  bench/compare/peers/OneDnn.cpp
  bench/compare/peers/OnnxRuntime.cpp
  bench/compare/peers/OpenBlas.cpp
  bench/compare/peers/Peer.cpp
  bench/compare/peers/Xnnpack.cpp)
target_include_directories(compare_kernels PRIVATE ${CMAKE_SOURCE_DIR})
target_compile_definitions(compare_kernels PRIVATE
  NIBBLE_BENCH_ORT_SCRIPT="${CMAKE_CURRENT_SOURCE_DIR}/bench/compare/peers/onnxruntime_peer.py")
# LINK_ONLY: the compiler's flags (no exceptions) stay in the compiler.
target_link_libraries(compare_kernels PRIVATE nibble_execute $<LINK_ONLY:nibble_driver> $<LINK_ONLY:nibble_bench_reference>
                      CLI11::CLI11 nlohmann_json::nlohmann_json)
set_target_properties(compare_kernels PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/bench)

# nibble_bench_peer(NAME DEFINITION PACKAGES HEADER LIBRARY...): links a library whose header and parts are all there, else says
# what is missing.
function(nibble_bench_peer name definition packages header)
  string(TOUPPER ${name} key)
  find_path(NIBBLE_BENCH_${key}_INCLUDE ${header} PATH_SUFFIXES openblas-pthread x86_64-linux-gnu)
  set(parts)
  foreach(library IN LISTS ARGN)
    find_library(NIBBLE_BENCH_LIB_${library} ${library})
    list(APPEND parts ${NIBBLE_BENCH_LIB_${library}})
  endforeach()
  if(NOT NIBBLE_BENCH_${key}_INCLUDE OR parts MATCHES "NOTFOUND")
    message(STATUS "${name} not found: compare_kernels does without this peer (Debian: ${packages})")
    return()
  endif()
  target_include_directories(compare_kernels SYSTEM PRIVATE ${NIBBLE_BENCH_${key}_INCLUDE})
  target_link_libraries(compare_kernels PRIVATE ${parts})
  target_compile_definitions(compare_kernels PRIVATE ${definition})
endfunction()
nibble_bench_peer(oneDNN NIBBLE_BENCH_ONEDNN "libdnnl-dev" dnnl.hpp dnnl)
nibble_bench_peer(OpenBLAS NIBBLE_BENCH_OPENBLAS "libopenblas-dev" cblas.h openblas)
# It says no version of its own.
execute_process(COMMAND dpkg-query --show --showformat=\${Version} libxnnpack-dev
                OUTPUT_VARIABLE xnnpack_version ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
nibble_bench_peer(XNNPACK "NIBBLE_BENCH_XNNPACK=\"${xnnpack_version}\"" "libxnnpack-dev libcpuinfo-dev libpthreadpool-dev"
                  xnnpack.h XNNPACK cpuinfo)

# One tiny case of each kind; the fields are checked, never a time.
add_test(NAME bench-compare
         COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/bench/compare/check.py $<TARGET_FILE:compare_kernels>
                 ${CMAKE_BINARY_DIR}/Testing/bench)
set_tests_properties(bench-compare PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)
