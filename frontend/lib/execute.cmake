# nibble_execute: training, freezing, compiling and running graphs. LINK_ONLY: the compiler's flags stay in the compiler.
add_library(nibble_execute STATIC
  execute/bridge.cpp
  execute/evaluation.cpp
  execute/model.cpp
  execute/object.cpp
  execute/options.cpp
  execute/profile.cpp
  execute/trainer.cpp)
target_include_directories(nibble_execute PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(nibble_execute PUBLIC nibble_dsl PRIVATE $<LINK_ONLY:nibble_driver>)
