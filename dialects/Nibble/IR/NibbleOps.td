// All ops of the dialect, one file per theme.
include "Nibble/IR/NibbleQuantizerOps.td"
include "Nibble/IR/NibbleGraphOps.td"
include "Nibble/IR/NibbleTrainOps.td"
include "Nibble/IR/NibblePackedOps.td"
