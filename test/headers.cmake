# The public headers alone, with the system's g++ and gcc and without the include paths of LLVM.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
find_program(NIBBLE_GXX NAMES g++ REQUIRED)
find_program(NIBBLE_GCC NAMES gcc REQUIRED)
add_test(NAME public-headers
         COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/headers.py ${CMAKE_SOURCE_DIR} ${NIBBLE_GXX} ${NIBBLE_GCC})
set_tests_properties(public-headers PROPERTIES TIMEOUT 300)
