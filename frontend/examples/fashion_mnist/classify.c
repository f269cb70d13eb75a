/* Classifies images with a compiled network and nothing else: no library of the project, no run time.
 *
 *   classify IMAGES LOGITS
 *
 * IMAGES: raw f32 images of 28 x 28 values in [0, 1], one after the other; LOGITS receives 10 raw f32 for each. MODEL,
 * MODEL_HEADER and MODEL_ARENA_BYTES are given on the compiler's command line. */
#include MODEL_HEADER
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: %s IMAGES LOGITS\n", argv[0]);
    return 1;
  }
  FILE *images = fopen(argv[1], "rb"), *logits = fopen(argv[2], "wb");
  void *arena = aligned_alloc(64, (MODEL_ARENA_BYTES(1) + 63) / 64 * 64);
  if (!images || !logits || !arena) {
    fprintf(stderr, "%s: cannot open %s or %s, or out of memory\n", argv[0], argv[1], argv[2]);
    return 1;
  }
  float image[28 * 28], row[10];
  while (fread(image, sizeof image, 1, images) == 1) {
    if (MODEL(image, row, 1, arena, NULL) != 0 || fwrite(row, sizeof row, 1, logits) != 1) {
      fprintf(stderr, "%s: could not classify an image\n", argv[0]);
      return 1;
    }
  }
  free(arena);
  fclose(images);
  return fclose(logits) != 0;
}
