# The examples in the ops' documentation, read and printed by nibble-opt.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
find_program(NIBBLE_LLVM_TBLGEN NAMES llvm-tblgen-22 llvm-tblgen HINTS ${LLVM_TOOLS_BINARY_DIR} NO_DEFAULT_PATH REQUIRED)
add_test(NAME dialect-examples
         COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/dialects/doc_examples.py ${NIBBLE_LLVM_TBLGEN} $<TARGET_FILE:nibble-opt>
                 "${CMAKE_SOURCE_DIR}/dialects;${MLIR_INCLUDE_DIRS}" ${CMAKE_SOURCE_DIR}/dialects/Nibble/IR/NibbleOps.td
                 ${CMAKE_SOURCE_DIR}/dialects/Ukr/IR/UkrOps.td)
set_tests_properties(dialect-examples PROPERTIES TIMEOUT 600)

# docs/reference is what the .td files give. To write it anew: scripts/reference
add_test(NAME docs-reference
         COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_SOURCE_DIR}/scripts/reference --check
                 --tblgen ${LLVM_TOOLS_BINARY_DIR}/mlir-tblgen)
set_tests_properties(docs-reference PROPERTIES TIMEOUT 120)
