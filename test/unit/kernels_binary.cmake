nibble_gtest(kernels_binary_test KernelBinarySupport.cpp KernelBinarySweepTest.cpp KernelBinaryContractTest.cpp
             KernelContract.cpp KernelTestSupport.cpp
             LINK nibble_kernels nibble_layout)
