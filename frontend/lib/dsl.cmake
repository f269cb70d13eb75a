# nibble_dsl: the tensor DSL and its networks. LINK_ONLY: the compiler's flags (no exceptions) stay in the compiler.
add_library(nibble_dsl STATIC
  dsl/call.cpp
  dsl/graph.cpp
  dsl/layers.cpp
  dsl/shapes.cpp
  dsl/tensor.cpp
  models/binary_block.cpp
  models/mlp.cpp
  models/small_cnn.cpp)
target_include_directories(nibble_dsl PRIVATE ${CMAKE_SOURCE_DIR})
target_compile_definitions(nibble_dsl PRIVATE NIBBLE_VERSION="${PROJECT_VERSION}")
target_link_libraries(nibble_dsl PUBLIC nibble_io PRIVATE $<LINK_ONLY:nibble_builder>)
