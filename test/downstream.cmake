# A consumer of the installed package, compiled with the system's g++.
if(NOT NIBBLE_SANITIZE)
  include(GNUInstallDirs)
  find_program(NIBBLE_GXX NAMES g++ REQUIRED)
  find_program(NIBBLE_PKG_CONFIG NAMES pkg-config pkgconf REQUIRED)
  add_test(NAME downstream
           COMMAND ${CMAKE_COMMAND} -DBUILD=${CMAKE_BINARY_DIR} -DSOURCE=${CMAKE_CURRENT_SOURCE_DIR}/downstream
                   -DWORK=${CMAKE_CURRENT_BINARY_DIR}/downstream -DCXX=${NIBBLE_GXX} -DPKG_CONFIG=${NIBBLE_PKG_CONFIG}
                   -DLIBDIR=${CMAKE_INSTALL_LIBDIR} -DGENERATOR=${CMAKE_GENERATOR}
                   -P ${CMAKE_CURRENT_SOURCE_DIR}/downstream/run.cmake)
  set_tests_properties(downstream PROPERTIES TIMEOUT 300)
endif()
