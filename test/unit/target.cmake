nibble_gtest(TargetTest TargetTest.cpp LINK nibble_target)
