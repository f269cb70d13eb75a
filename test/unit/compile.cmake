# The support library is in train.cmake.
nibble_gtest(CompileTest CompileTest.cpp LINK nibble_execute_test_support)
nibble_gtest(CompileLayersTest CompileLayersTest.cpp LINK nibble_execute_test_support)
if(TARGET CompileTest)
  target_compile_definitions(CompileTest PRIVATE NIBBLE_TEST_CC="${CMAKE_C_COMPILER}")
endif()
