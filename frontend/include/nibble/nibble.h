// Everything of Nibble's public API.
#ifndef NIBBLE_NIBBLE_H
#define NIBBLE_NIBBLE_H

#include <nibble/array.h>
#include <nibble/compile.h>
#include <nibble/dataset.h>
#include <nibble/error.h>
#include <nibble/graph.h>
#include <nibble/model.h>
#include <nibble/models.h>
#include <nibble/npy.h>
#include <nibble/ops.h>
#include <nibble/progress.h>
#include <nibble/qtype.h>
#include <nibble/random.h>
#include <nibble/report.h>
#include <nibble/runtime.h>
#include <nibble/tensor.h>
#include <nibble/train.h>
#include <nibble/version.h>
#include <nibble/weights.h>

#endif // NIBBLE_NIBBLE_H
