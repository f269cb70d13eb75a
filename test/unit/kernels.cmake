nibble_gtest(kernels_test KernelTestSupport.cpp KernelContract.cpp KernelDotSupport.cpp KernelSweepTest.cpp KernelContractTest.cpp
             KernelScaledTest.cpp KernelCostsTest.cpp KernelSelectTest.cpp KernelLayoutTest.cpp
             LINK nibble_kernels nibble_layout)
nibble_gtest(KernelDisassemblyTest KernelDisassemblyTest.cpp KernelDotSupport.cpp KernelTestSupport.cpp MLIR LINK nibble_kernels)
