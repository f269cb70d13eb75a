nibble_gtest(kernels_test KernelTestSupport.cpp KernelContract.cpp KernelDotSupport.cpp KernelSweepTest.cpp KernelContractTest.cpp
             KernelScaledTest.cpp KernelCostsTest.cpp KernelSelectTest.cpp KernelLayoutTest.cpp
             LINK nibble_kernels nibble_layout)
if(TARGET kernels_test)
  # Sweeps of each kernel of the manifest: a minute, under sanitizers on a busy machine more than ten.
  set_tests_properties(kernels_test PROPERTIES TIMEOUT 1800)
endif()
nibble_gtest(KernelDisassemblyTest KernelDisassemblyTest.cpp KernelDotSupport.cpp KernelTestSupport.cpp MLIR LINK nibble_kernels)
