nibble_gtest(CompileTest CompileTest.cpp ExecuteTestNets.cpp LINK nibble_execute $<LINK_ONLY:nibble_execute_test_interpreter>)
if(TARGET CompileTest)
  target_compile_definitions(CompileTest PRIVATE NIBBLE_TEST_CC="${CMAKE_C_COMPILER}")
endif()
