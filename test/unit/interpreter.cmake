# Reusable by the tests of passes: interprets modules and compares them before and after a pass.
if(NIBBLE_BUILD_TESTS)
  nibble_mlir_library(nibble_test_equivalence Equivalence.cpp LINK nibble_pipelines nibble_interpreter GTest::gtest)
endif()
nibble_gtest(InterpreterTest
  InterpreterContractionTest.cpp
  InterpreterFormTest.cpp
  InterpreterGradientTest.cpp
  InterpreterLayerTest.cpp
  InterpreterQuantizerTest.cpp
  InterpreterTileTest.cpp
  InterpreterTrainingTest.cpp
  MLIR LINK nibble_test_equivalence)
nibble_gtest(EquivalenceTest EquivalenceTest.cpp MLIR LINK nibble_test_equivalence)
