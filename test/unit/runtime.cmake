nibble_gtest(nibble-runtime-test RuntimeTest.cpp RuntimeHeaderTest.c LINK nibble_runtime)
nibble_gtest(nibble-runtime-thread-test RuntimeThreadTest.cpp LINK nibble_runtime)
# ThreadSanitizer does not see how the threads of an OpenMP library that it has not instrumented wait for each other.
if(TARGET nibble_thread_openmp AND TARGET nibble-runtime-thread-test AND NOT "thread" IN_LIST NIBBLE_SANITIZE)
  target_link_libraries(nibble-runtime-thread-test PRIVATE nibble_thread_openmp)
  target_compile_definitions(nibble-runtime-thread-test PRIVATE NIBBLE_TEST_OPENMP)
endif()
