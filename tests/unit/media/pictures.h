/* pictures.h: what the tests of media/ share: files of tests/data/media and of ../shared, and
 * comparing pixels. */
#ifndef SERVAL_TESTS_PICTURES_H
#define SERVAL_TESTS_PICTURES_H

/* cmocka wants these before itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "media/preprocess.h"

/* A file of tests/data/media, e.g. "png/rgb8.png"; the test fails when it is missing. Free with
 * picture_free. */
sv_str picture_read(const char *name);
/* A file of ../shared/images; the test is skipped, with a word, when it is absent. */
sv_str picture_read_shared(const char *name);
void picture_free(sv_str bytes);

/* Probes and decodes with default limits, at full size. */
sv_status picture_decode(sv_str bytes, sv_media_scratch *scratch, sv_image *ret_image,
                         sv_error *error);
/* Decodes a file of tests/data/media and returns the largest difference of any channel to
 * expected/NAME.rgb. */
int picture_difference(const char *name, const char *expected);
/* The largest difference of two byte strings of one length. */
int picture_largest_difference(const uint8_t *a, const uint8_t *b, size_t len);

/* Holds that the picture is refused as invalid input, with `text` in the message. */
void picture_assert_refused(sv_str bytes, const char *text);
/* Cuts the picture everywhere and flips bits all over it: every outcome but a crash is fine.
 * `is_strict`: each cut must be refused. */
void picture_torture(const char *name, bool is_strict);

/* The pixels that make.py's pattern() draws: width x height, 1 or 4 channels (RGBX), in memory that
 * free() frees. */
sv_image picture_pattern(uint32_t width, uint32_t height, unsigned channels);

#endif
