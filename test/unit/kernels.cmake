nibble_gtest(kernels_sweep_test KernelTestSupport.cpp KernelDotSupport.cpp KernelSweepTest.cpp LINK nibble_kernels nibble_layout)
nibble_gtest(kernels_test KernelTestSupport.cpp KernelContract.cpp KernelDotSupport.cpp KernelContractTest.cpp KernelScaledTest.cpp KernelBytesTest.cpp
             KernelCostsTest.cpp KernelSelectTest.cpp KernelLayoutTest.cpp
             LINK nibble_kernels nibble_layout)
nibble_gtest(KernelDisassemblyTest KernelDisassemblyTest.cpp KernelDotSupport.cpp KernelTestSupport.cpp MLIR LINK nibble_kernels)
