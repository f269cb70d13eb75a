// All scalar rules of docs/spec.md, as the interpreter and the tests use them. Each function cites its rule.
#pragma once
#include "compiler/Reference/Accumulator.h"
#include "compiler/Reference/Freeze.h"
#include "compiler/Reference/Functions.h"
#include "compiler/Reference/Quantize.h"
#include "compiler/Reference/Reduce.h"
#include "compiler/Reference/Requantize.h"
#include "compiler/Reference/Rounding.h"
#include "compiler/Reference/Thresholds.h"
