# The hygiene checks of test/hygiene/, one test each, and the tests of the checkers themselves.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

foreach(checker IN ITEMS layering lengths litfiles text links unbuilt packages)
  add_test(NAME hygiene-${checker}
           COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/hygiene/check.py ${CMAKE_SOURCE_DIR} ${checker})
  set_tests_properties(hygiene-${checker} PROPERTIES TIMEOUT 120)
endforeach()

add_test(NAME hygiene-checkers
         COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/hygiene/test_checkers.py -v)
set_tests_properties(hygiene-checkers PROPERTIES TIMEOUT 120)
