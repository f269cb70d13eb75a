# The test of the preset tsan, which builds and runs this and the tests of the runtime (CMakePresets.json).
nibble_gtest(ThreadsTest ThreadsTest.cpp LINK nibble_execute_test_support nibble_kernels ${CMAKE_DL_LIBS})
if(TARGET ThreadsTest)
  target_compile_definitions(ThreadsTest PRIVATE NIBBLE_TEST_CC="${CMAKE_C_COMPILER}")
  set_tests_properties(ThreadsTest PROPERTIES PROCESSORS 2)
endif()
