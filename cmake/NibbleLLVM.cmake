# LLVM and MLIR as Debian packages them: the two shared libraries and nothing else of LLVM. A static archive of LLVM beside
# them would give two copies of it in one process (duplicate type ids, options registered twice).
find_package(LLVM 22.1 REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/llvm)
find_package(MLIR 22.1 REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
set(LLVM_RUNTIME_OUTPUT_INTDIR ${CMAKE_BINARY_DIR}/bin)
set(LLVM_LIBRARY_OUTPUT_INTDIR ${CMAKE_BINARY_DIR}/lib)
set(MLIR_BINARY_DIR ${CMAKE_BINARY_DIR})
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
separate_arguments(LLVM_DEFINITIONS)
include(TableGen)
include(AddLLVM)
include(AddMLIR)

# One precompiled header for everything that includes MLIR (about 20 s once; then 2..3 s a file instead of 16..30 s).
add_library(nibble_pch OBJECT ${CMAKE_CURRENT_SOURCE_DIR}/cmake/Pch.cpp)
target_include_directories(nibble_pch SYSTEM PUBLIC ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
target_include_directories(nibble_pch PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
target_compile_definitions(nibble_pch PUBLIC ${LLVM_DEFINITIONS})
# "compiler/ is compiled without exceptions": as libMLIR is, whose types it derives from.
target_compile_options(nibble_pch PUBLIC $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>)
target_precompile_headers(nibble_pch PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/cmake/Pch.h)
set_target_properties(nibble_pch PROPERTIES POSITION_INDEPENDENT_CODE ON)

# What a part of the compiler links: include paths and the two shared libraries.
add_library(nibble_mlir INTERFACE)
target_include_directories(nibble_mlir SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
target_include_directories(nibble_mlir INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
target_compile_definitions(nibble_mlir INTERFACE ${LLVM_DEFINITIONS})
target_compile_options(nibble_mlir INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>)
target_link_libraries(nibble_mlir INTERFACE MLIR LLVM)
