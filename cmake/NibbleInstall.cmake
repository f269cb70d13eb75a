# The installed package: one shared library with the frontend, the runtime and the compiler inside, the public headers, and
# what find_package(Nibble) reads. Users need neither clang nor the development files of LLVM.
if(NIBBLE_SANITIZE)
  message(STATUS "Sanitizers are on: the shared library of the package is not built (its users would need them too)")
  return()
endif()
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

# Libraries whose objects make up the public API. Parts of the compiler are taken from their archives as needed.
set(NIBBLE_API_PARTS nibble_execute nibble_dsl nibble_io nibble_runtime)
if(TARGET nibble_thread_openmp)
  list(APPEND NIBBLE_API_PARTS nibble_thread_openmp)
endif()

add_library(nibble SHARED)
foreach(part IN LISTS NIBBLE_API_PARTS)
  target_sources(nibble PRIVATE $<TARGET_OBJECTS:${part}>)
  target_link_libraries(nibble PRIVATE ${part})
endforeach()
set(map ${CMAKE_SOURCE_DIR}/cmake/nibble.map)
target_link_options(nibble PRIVATE -Wl,--version-script=${map} -Wl,-z,defs)
target_compile_features(nibble INTERFACE cxx_std_20)
set_target_properties(nibble PROPERTIES
  LINKER_LANGUAGE CXX
  LINK_DEPENDS ${map}
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib
  INSTALL_RPATH "$ORIGIN"
  INSTALL_RPATH_USE_LINK_PATH ON)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Nibble)
install(TARGETS nibble EXPORT NibbleTargets COMPONENT Nibble
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT Nibble NAMELINK_COMPONENT Nibble
        INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY frontend/include/ runtime/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT Nibble
        FILES_MATCHING PATTERN "*.h")
install(EXPORT NibbleTargets NAMESPACE Nibble:: DESTINATION ${package_dir} COMPONENT Nibble)
configure_package_config_file(cmake/NibbleConfig.cmake.in ${CMAKE_BINARY_DIR}/NibbleConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/NibbleConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/NibbleConfig.cmake ${CMAKE_BINARY_DIR}/NibbleConfigVersion.cmake
        DESTINATION ${package_dir} COMPONENT Nibble)
# For builds without CMake: pkg-config --cflags --libs nibble
file(RELATIVE_PATH NIBBLE_PC_TO_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(cmake/nibble.pc.in ${CMAKE_BINARY_DIR}/nibble.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/nibble.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT Nibble)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT Nibble)
