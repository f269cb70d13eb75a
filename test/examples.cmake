# The examples, run as a user runs them, and the documentation against what they do. Skipped where the data set is missing.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# Fashion-MNIST at five precisions on a few images: every step of scripts/demo and all that it writes.
add_test(NAME example-fashion-mnist
         COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/examples/fashion_mnist.py $<TARGET_FILE:fashion_mnist_demo>
                 ${CMAKE_CURRENT_BINARY_DIR}/examples/fashion_mnist)
set_tests_properties(example-fashion-mnist PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 1800 PROCESSORS 2
                     ENVIRONMENT "${NIBBLE_TEST_ENVIRONMENT}")

# The project of docs/quickstart.md, built against the installed package with the system's compilers.
if(NOT NIBBLE_SANITIZE)
  find_program(NIBBLE_GXX NAMES g++ REQUIRED)
  find_program(NIBBLE_GCC NAMES gcc REQUIRED)
  add_test(NAME example-quickstart
           COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/examples/quickstart.py ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}
                   ${CMAKE_CURRENT_BINARY_DIR}/examples/quickstart ${CMAKE_COMMAND} ${NIBBLE_GCC} ${NIBBLE_GXX})
  set_tests_properties(example-quickstart PROPERTIES SKIP_RETURN_CODE 77 TIMEOUT 600)
endif()

# Code that the documentation quotes is the code of the files, and its IR is what the compiler prints.
add_test(NAME docs-quotes
         COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/examples/docs.py ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/bin)
set_tests_properties(docs-quotes PROPERTIES TIMEOUT 300 ENVIRONMENT "${NIBBLE_TEST_ENVIRONMENT}")
