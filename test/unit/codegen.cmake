if(NIBBLE_BUILD_TESTS)
  nibble_mlir_library(nibble_compiled_run CompiledRun.cpp LINK nibble_test_equivalence nibble_emit nibble_runtime)
endif()
nibble_gtest(CodegenTest CodegenTest.cpp CodegenTrainingTest.cpp MLIR LINK nibble_compiled_run nibble_train)
