nibble_gtest(EmitTest EmitTestSupport.cpp EmitJitTest.cpp EmitJitMemoryTest.cpp EmitFmaTest.cpp EmitObjectTest.cpp
             MLIR LINK nibble_emit nibble_kernels nibble_runtime)
if(TARGET EmitTest)
  target_compile_definitions(EmitTest PRIVATE NIBBLE_TEST_INPUTS="${CMAKE_SOURCE_DIR}/test/unit/Inputs"
    NIBBLE_TEST_CC="${CMAKE_C_COMPILER}" NIBBLE_TEST_CXX="${CMAKE_CXX_COMPILER}" NIBBLE_TEST_NM="${LLVM_TOOLS_BINARY_DIR}/llvm-nm"
    NIBBLE_TEST_RUNTIME_INCLUDE="${CMAKE_SOURCE_DIR}/runtime/include")
endif()
