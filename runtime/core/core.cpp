// Status strings, element sizes and the check of tensor views.
#include <nibble/runtime.h>

const char *nibble_status_string(int32_t status) {
  switch (status) {
  case NIBBLE_OK:
    return "ok";
  case NIBBLE_INVALID_ARGUMENT:
    return "invalid argument";
  case NIBBLE_OUT_OF_MEMORY:
    return "out of memory";
  case NIBBLE_MISALIGNED:
    return "the arena is not aligned to 64 bytes";
  case NIBBLE_SYSTEM_ERROR:
    return "the operating system refused a request";
  default:
    return "unknown status";
  }
}

int64_t nibble_element_size(int32_t element_type) {
  switch (element_type) {
  case NIBBLE_BOOLEAN:
  case NIBBLE_U8:
  case NIBBLE_I8:
    return 1;
  case NIBBLE_U16:
  case NIBBLE_I16:
  case NIBBLE_F16:
  case NIBBLE_BF16:
    return 2;
  case NIBBLE_U32:
  case NIBBLE_I32:
  case NIBBLE_F32:
    return 4;
  case NIBBLE_U64:
  case NIBBLE_I64:
  case NIBBLE_F64:
    return 8;
  default:
    return 0;
  }
}

int32_t nibble_tensor_bytes(const nibble_tensor_view *view, int64_t *bytes) {
  if (!view || !bytes || view->rank < 0 || view->rank > NIBBLE_MAX_RANK)
    return NIBBLE_INVALID_ARGUMENT;
  int64_t size = nibble_element_size(view->element_type);
  if (size == 0)
    return NIBBLE_INVALID_ARGUMENT;
  // Extents of zero are left out of the product, so that an overflow is found wherever the zero stands.
  int64_t stride = 1;
  bool empty = false;
  for (int32_t i = view->rank - 1; i >= 0; --i)
    if (view->shape[i] == 0)
      empty = true;
  for (int32_t i = view->rank - 1; i >= 0; --i) {
    int64_t extent = view->shape[i];
    if (extent < 0 || (!empty && extent > 1 && view->strides[i] != stride))
      return NIBBLE_INVALID_ARGUMENT;
    if (extent > 1 && __builtin_mul_overflow(stride, extent, &stride))
      return NIBBLE_INVALID_ARGUMENT;
  }
  if (__builtin_mul_overflow(stride, size, &size) || (!empty && !view->data))
    return NIBBLE_INVALID_ARGUMENT;
  *bytes = empty ? 0 : size;
  return NIBBLE_OK;
}
