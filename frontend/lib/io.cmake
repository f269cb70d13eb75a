# nibble_io: arrays, files, data sets, random numbers, progress, and reports as text; needs no compiler.
find_package(ZLIB REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)
find_path(NIBBLE_BOOST_INCLUDE_DIR boost/timer/progress_display.hpp REQUIRED)

add_library(nibble_io STATIC
  io/array.cpp
  io/batches.cpp
  io/dataset.cpp
  io/error.cpp
  io/file.cpp
  io/idx.cpp
  io/normal.cpp
  io/npy.cpp
  io/npy_header.cpp
  io/npz.cpp
  io/progress.cpp
  io/random.cpp
  io/safetensors.cpp
  io/safetensors_read.cpp
  io/weights.cpp
  limits/limits.cpp
  limits/loops.cpp
  limits/memory.cpp
  report/bounds.cpp
  report/html.cpp
  report/json.cpp
  report/text.cpp)
target_include_directories(nibble_io PUBLIC
  $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/frontend/include> $<INSTALL_INTERFACE:include>
  PRIVATE ${CMAKE_SOURCE_DIR})
target_include_directories(nibble_io SYSTEM PRIVATE ${NIBBLE_BOOST_INCLUDE_DIR}
  $<TARGET_PROPERTY:nlohmann_json::nlohmann_json,INTERFACE_INCLUDE_DIRECTORIES>)
target_link_libraries(nibble_io PUBLIC nibble_runtime PRIVATE ZLIB::ZLIB PkgConfig::LIBZIP)
