if(NIBBLE_BUILD_TESTS)
  # The interpreter is of the compiler: built with its flags, behind an interface without MLIR.
  nibble_mlir_library(nibble_execute_test_interpreter ExecuteTestInterpreter.cpp LINK nibble_train nibble_interpreter)
  target_link_libraries(nibble_execute_test_interpreter PRIVATE GTest::gtest)
endif()
nibble_gtest(TrainTest TrainTest.cpp ExecuteTestNets.cpp LINK nibble_execute $<LINK_ONLY:nibble_execute_test_interpreter>)
