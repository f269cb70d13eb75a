// Training ops have no verifier of their own beyond ODS: the differentiation pass builds them from verified ops.
#include "dialects/Nibble/IR/Nibble.h"
