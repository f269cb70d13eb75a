# The meaning of every op: executes functions of the graph, quantized and packed stages.
nibble_mlir_library(nibble_interpreter
  HostTensor.cpp
  Interpreter.cpp
  InterpreterContractions.cpp
  InterpreterGradients.cpp
  InterpreterLayers.cpp
  InterpreterMovement.cpp
  InterpreterPacked.cpp
  InterpreterQuantizers.cpp
  InterpreterTraining.cpp
  InterpreterTypes.cpp
  LINK nibble_ir nibble_numerics)
