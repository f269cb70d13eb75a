nibble_gtest(PackTest PackTest.cpp MLIR LINK nibble_test_equivalence nibble_pack nibble_tile)
