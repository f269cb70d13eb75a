# Installs the build folder BUILD into a fresh prefix inside WORK, builds the consumer project SOURCE there with the compiler CXX,
# and checks what its program prints.
function(run what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT code STREQUAL "0")
    message(FATAL_ERROR "${what} failed (${code}):\n${output}")
  endif()
  message(STATUS "${what}: done")
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK})
run("install" ${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix --component Nibble)
run("configure" ${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK}/build -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_BUILD_TYPE=Release
    -DCMAKE_CXX_FLAGS=-Wall\ -Wextra\ -Werror -DCMAKE_PREFIX_PATH=${WORK}/prefix)
run("build" ${CMAKE_COMMAND} --build ${WORK}/build)
run("program" ${CMAKE_COMMAND} -E chdir ${WORK}/build ${WORK}/build/downstream)
message("${output}")
foreach(file IN ITEMS small_cnn.o small_cnn.h)
  if(NOT EXISTS ${WORK}/build/${file})
    message(FATAL_ERROR "the program did not write ${file}")
  endif()
endforeach()
foreach(expected IN ITEMS "Nibble 0\\.1\\.0" "func\\.func @small_cnn\\(%arg0: tensor<\\?x28x28x1xf32> {nibble\\.name = \"image\"}\\)"
        "nibble\\.conv2d" "loss [0-9.]+, [0-9]+ of 16 correct"
        "main\\.cpp:13: remark: small_cnn/conv1: kernel [a-z0-9_]+ \\(u8 x s4, " "compiled code and evaluation have the same bits"
        "parameter bn1\\.range \\[3\\]" "main\\.cpp:24: error: linear weights take 700 inputs, but the input has 784")
  if(NOT output MATCHES "${expected}")
    message(FATAL_ERROR "the program did not print: ${expected}")
  endif()
endforeach()
