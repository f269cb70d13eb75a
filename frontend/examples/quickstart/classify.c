/* Classifies the image of docs/quickstart.md with small_cnn.o and nothing else.
 *
 *   cc -O2 classify.c small_cnn.o -o classify && ./classify image.f32 */
#include "small_cnn.h"
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
  float image[28 * 28], logits[10];
  if (!file || fread(image, sizeof image, 1, file) != 1) {
    fprintf(stderr, "usage: %s IMAGE, a file of 784 floats\n", argv[0]);
    return 1;
  }
  fclose(file);
  void *arena = aligned_alloc(64, SMALL_CNN_ARENA_BYTES(1));
  if (!arena || small_cnn(image, logits, 1, arena, NULL) != 0) {
    fprintf(stderr, "%s: the image could not be classified\n", argv[0]);
    return 1;
  }
  free(arena);
  int best = 0;
  for (int c = 1; c < 10; ++c)
    if (logits[c] > logits[best])
      best = c;
  printf("class %d\n", best);
  return 0;
}
