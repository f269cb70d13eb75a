// The runtime headers as C11: they compile, and the types have the sizes that the C++ side expects.
#include <nibble/openmp.h>
#include <nibble/runtime.h>

_Static_assert(sizeof(nibble_tensor_view) == 16 + 2 * 8 * NIBBLE_MAX_RANK, "nibble_tensor_view");
_Static_assert(sizeof(nibble_status) == sizeof(int32_t), "nibble_status");
_Static_assert(sizeof(nibble_element_type) == sizeof(int32_t), "nibble_element_type");

int64_t nibbleTestBytesFromC(void) {
  float data[6] = {0};
  nibble_tensor_view view = {data, NIBBLE_F32, 2, {2, 3}, {3, 1}};
  int64_t bytes = -1;
  return nibble_tensor_bytes(&view, &bytes) == NIBBLE_OK ? bytes : -1;
}
