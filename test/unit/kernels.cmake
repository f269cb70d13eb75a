nibble_gtest(kernels_test KernelTestSupport.cpp KernelSweepTest.cpp KernelContractTest.cpp KernelSelectTest.cpp
             LINK nibble_kernels)
