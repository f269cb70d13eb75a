# The lit suite: test/**/*.mlir and *.test, one ctest test. By hand: lit-22 -v test/layout
find_program(NIBBLE_LIT NAMES lit-22 HINTS /usr/lib/llvm-22/bin REQUIRED)

configure_file(${CMAKE_CURRENT_SOURCE_DIR}/lit.site.cfg.py.in ${CMAKE_CURRENT_BINARY_DIR}/lit.site.cfg.py @ONLY)
# lit fails by itself when it finds no test.
add_test(NAME lit COMMAND ${NIBBLE_LIT} -sv -j2 --timeout 300 --show-unsupported ${CMAKE_CURRENT_BINARY_DIR})
# libLLVM is not instrumented; a std::vector that crosses its border looks like an overflow to AddressSanitizer.
set_tests_properties(lit PROPERTIES ENVIRONMENT "${NIBBLE_TEST_ENVIRONMENT}" TIMEOUT 3600 PROCESSORS 2)
