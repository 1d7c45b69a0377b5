/* writer.h: compact JSON, written as it is produced, into a buffer.
 *
 * Separators are set by the writer. A failed append is kept in the buffer (sv_buf_status): check
 * once at the end. Text is written raw in UTF-8; bytes that are not UTF-8 become U+FFFD, so that
 * the result is always valid JSON. */
#ifndef SERVAL_BASE_WRITER_H
#define SERVAL_BASE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

typedef struct sv_writer {
    sv_buf *buf;
    bool needs_comma;
    bool has_repaired; /* a text was not UTF-8; sticks until it is set back */
} sv_writer;

/* Appends to `buf`, which the caller owns. */
void sv_writer_init(sv_writer *writer, sv_buf *buf);
void sv_writer_begin_object(sv_writer *writer);
void sv_writer_end_object(sv_writer *writer);
void sv_writer_begin_array(sv_writer *writer);
void sv_writer_end_array(sv_writer *writer);
void sv_writer_key(sv_writer *writer, sv_str name);
void sv_writer_str(sv_writer *writer, sv_str text);
void sv_writer_int(sv_writer *writer, int64_t value);
void sv_writer_uint(sv_writer *writer, uint64_t value);
/* Shortest text that reads back as the same double, in pydantic's form: 2.0, 0.00001, 1e-7, 1e+16.
 * NaN and infinities become null. */
void sv_writer_double(sv_writer *writer, double value);
/* The same for a float: 0.1 is 0.1, not 0.10000000149011612. */
void sv_writer_float(sv_writer *writer, float value);
/* Many in a row, in less time. False: one is not finite, and the array is not complete. */
bool sv_writer_doubles(sv_writer *writer, const double *values, size_t n);
bool sv_writer_floats(sv_writer *writer, const float *values, size_t n);
void sv_writer_bool(sv_writer *writer, bool value);
void sv_writer_null(sv_writer *writer);
/* JSON text that is valid already. */
void sv_writer_raw(sv_writer *writer, sv_str json);

/* Key and value in one call. */
void sv_writer_key_str(sv_writer *writer, const char *name, sv_str text);
void sv_writer_key_cstr(sv_writer *writer, const char *name, const char *text);
void sv_writer_key_int(sv_writer *writer, const char *name, int64_t value);
void sv_writer_key_double(sv_writer *writer, const char *name, double value);
void sv_writer_key_bool(sv_writer *writer, const char *name, bool value);
void sv_writer_key_null(sv_writer *writer, const char *name);
void sv_writer_key_raw(sv_writer *writer, const char *name, sv_str json);

#endif
