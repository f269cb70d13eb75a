# Benchmarks: built where Google Benchmark is installed, run by hand, never by ctest.
find_package(benchmark QUIET)
if(NIBBLE_BUILD_TESTS AND benchmark_FOUND)
  add_executable(kernels_bench bench/kernels_bench.cpp bench/results_bench.cpp)
  target_include_directories(kernels_bench PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(kernels_bench PRIVATE nibble_kernels benchmark::benchmark)
  set_target_properties(kernels_bench PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/bench)
endif()

# Look-up kernels for binary and ternary operands: a program of its own that prints a table and checks every product.
if(NIBBLE_BUILD_TESTS)
  add_executable(binary_bench bench/binary_bench.cpp bench/binary_limits.cpp)
  target_include_directories(binary_bench PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(binary_bench PRIVATE nibble_kernels nibble_layout)
  set_target_properties(binary_bench PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/bench)
endif()

# Write compiler/Kernels/Costs.def and frontend/lib/limits/known.def.
if(NIBBLE_BUILD_TESTS)
  add_executable(machine_limits bench/costs/machine_limits.cpp)
  target_include_directories(machine_limits PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(machine_limits PRIVATE nibble_io)
  set_target_properties(machine_limits PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/bench)
  nibble_mlir_tool(kernel_costs bench/costs/Fit.cpp bench/costs/Layers.cpp bench/costs/kernel_costs.cpp LINK nibble_tune nibble_io)
  set_target_properties(kernel_costs PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/bench)
endif()

# The f32 matrix product beside OpenBLAS.
find_library(NIBBLE_OPENBLAS openblas)
find_path(NIBBLE_CBLAS_INCLUDE_DIR cblas.h PATH_SUFFIXES openblas-pthread x86_64-linux-gnu)
if(NIBBLE_OPENBLAS AND NIBBLE_CBLAS_INCLUDE_DIR)
  nibble_mlir_tool(gemm_bench bench/gemm_bench.cpp LINK nibble_pipelines nibble_emit ${NIBBLE_OPENBLAS})
  target_include_directories(gemm_bench SYSTEM PRIVATE ${NIBBLE_CBLAS_INCLUDE_DIR})
  set_target_properties(gemm_bench PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/bench)
else()
  message(STATUS "OpenBLAS not found: gemm_bench is not built")
endif()
