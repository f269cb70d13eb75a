/* Calls the object of tiny.mlir through its header, with an image of zeros. */
#include "native.h"
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  static float image[10 * 6 * 6 * 4], logits[10 * 3];
  void *arena = aligned_alloc(64, (TINY_ARENA_BYTES(1) + 63) / 64 * 64);
  int32_t status = tiny(image, logits, 10, arena, NULL);
  int written = 0;
  for (int i = 0; i < 30; ++i)
    written += logits[i] == logits[i % 3];
  free(arena);
  printf("status %d, %d values, tile %d\n", (int)status, written, TINY_BATCH_TILE);
  return 0;
}
