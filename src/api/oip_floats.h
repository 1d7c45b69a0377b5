/* oip_floats.h: long lists of floats in JSON, of the forms that clients write. Pure. */
#ifndef SERVAL_API_OIP_FLOATS_H
#define SERVAL_API_OIP_FLOATS_H

#include <stdbool.h>
#include <stddef.h>

#include <serval/str.h>

/* Reads numbers from `*at` of the text on, each with the comma behind it and, behind that, the
 * beginning of the next number: up to `max` of them, to floats (the nearest double, rounded), or to
 * doubles. Returns how many; `*at` is where the next number begins. It stops at whatever is rare or
 * wrong, and near the end of the text: oip_number.h reads on. Numbers are those of that file. */
size_t sv_oip_floats_read(sv_str text, size_t *at, bool is_single, void *elements, size_t max);

#endif
