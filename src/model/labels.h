/* labels.h: the names of classes, one per line of a file. */
#ifndef SERVAL_MODEL_LABELS_H
#define SERVAL_MODEL_LABELS_H

#include <serval/schema.h>

#include "base/arena.h"

enum { SV_LABELS_MAX = 1 << 20, SV_LABELS_MAX_BYTES = 16 << 20 };

/* Line i+1 of the file is the label of class i; a last line end adds no label, CRLF is taken too.
 * Texts live in the arena. SV_IO, SV_TOO_LARGE, SV_INVALID (not UTF-8), SV_NO_MEMORY, with a
 * message. */
sv_status sv_labels_read(sv_arena *arena, const char *path, sv_error *error,
                         sv_strs *ret_labels) SV_MUST_USE;

#endif
