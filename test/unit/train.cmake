if(NIBBLE_BUILD_TESTS)
  # The interpreter is of the compiler: built with its flags, behind an interface without MLIR.
  nibble_mlir_library(nibble_execute_test_interpreter ExecuteTestInterpreter.cpp LINK nibble_train nibble_interpreter)
  target_link_libraries(nibble_execute_test_interpreter PRIVATE GTest::gtest)
  nibble_plain_library(nibble_execute_test_support ExecuteTestNets.cpp ExecuteTestSupport.cpp LINK nibble_execute GTest::gtest
    $<LINK_ONLY:nibble_execute_test_interpreter>)
endif()
nibble_gtest(TrainTest TrainTest.cpp LINK nibble_execute_test_support)
