nibble_gtest(kernels_test KernelTestSupport.cpp KernelSweepTest.cpp KernelContractTest.cpp KernelCostsTest.cpp
             KernelSelectTest.cpp KernelLayoutTest.cpp KernelScaledTest.cpp
             LINK nibble_kernels nibble_layout)
nibble_gtest(KernelDisassemblyTest KernelDisassemblyTest.cpp KernelTestSupport.cpp MLIR LINK nibble_kernels)
