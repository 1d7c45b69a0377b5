/* pictures.h: what the picture targets share; each has a corpus of its own format. */
#ifndef SERVAL_FUZZ_PICTURES_H
#define SERVAL_FUZZ_PICTURES_H

#include <stddef.h>
#include <stdint.h>

/* Takes the bytes all the way to a tensor, in one of several ways; small limits keep it quick.
 * Always 0. */
int sv_fuzz_pictures(const uint8_t *data, size_t size);

#endif
