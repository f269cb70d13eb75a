nibble_gtest(LayoutTest LayoutTest.cpp LayoutGoldenTest.cpp LINK nibble_layout)
