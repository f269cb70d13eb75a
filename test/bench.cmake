# Benchmarks: built where Google Benchmark is installed, run by hand, never by ctest.
find_package(benchmark QUIET)
if(NIBBLE_BUILD_TESTS AND benchmark_FOUND)
  add_executable(kernels_bench bench/kernels_bench.cpp)
  target_include_directories(kernels_bench PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(kernels_bench PRIVATE nibble_kernels benchmark::benchmark)
  set_target_properties(kernels_bench PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin/bench)
endif()
