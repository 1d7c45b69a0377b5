/* writer.c: streaming JSON writer. Not a tree: what is written is gone into the buffer. Numbers
 * are those of number_text.c. */
#include "base/writer.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/float_text.h"
#include "base/number_text.h"

void sv_writer_init(sv_writer *writer, sv_buf *buf)
{
    *writer = (sv_writer){.buf = buf};
}

/* Room for `size_bytes` behind the comma that may be needed, which is written; NULL on failure.
 * Follow with sv_buf_advance. */
static char *begin(sv_writer *writer, size_t size_bytes)
{
    char *at = sv_buf_reserve(writer->buf, size_bytes + writer->needs_comma);
    if (at && writer->needs_comma) {
        *at++ = ',';
        sv_buf_advance(writer->buf, 1);
    }
    writer->needs_comma = true;
    return at;
}

static void append_bytes(sv_writer *writer, const char *bytes, size_t len)
{
    char *at = begin(writer, len);
    if (!at || !len)
        return;
    memcpy(at, bytes, len);
    sv_buf_advance(writer->buf, len);
}

static void open(sv_writer *writer, char bracket)
{
    append_bytes(writer, &bracket, 1);
    writer->needs_comma = false;
}

static void close(sv_writer *writer, char bracket)
{
    sv_buf_append_byte(writer->buf, bracket);
    writer->needs_comma = true;
}

void sv_writer_begin_object(sv_writer *writer)
{
    open(writer, '{');
}

void sv_writer_end_object(sv_writer *writer)
{
    close(writer, '}');
}

void sv_writer_begin_array(sv_writer *writer)
{
    open(writer, '[');
}

void sv_writer_end_array(sv_writer *writer)
{
    close(writer, ']');
}

static void append_escaped(sv_buf *buf, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    static const char short_forms[] = "btn_fr"; /* 8, 9, 10, (11), 12, 13 */
    char text[6] = {'\\', (char)byte};
    size_t len = 2;
    if (byte >= 8 && byte <= 13 && byte != 11) {
        text[1] = short_forms[byte - 8];
    } else if (byte < 0x20) {
        memcpy(text, (char[]){'\\', 'u', '0', '0', hex[byte >> 4], hex[byte & 15]}, 6);
        len = 6;
    }
    sv_buf_append(buf, text, len);
}

/* Is each of eight bytes printable ASCII that needs no escape? Each test sets the highest bit of
 * the bytes that it finds, and at times of bytes above one of those. */
static bool are_plain(uint64_t eight)
{
    const uint64_t ones = 0x0101010101010101u, highest = ones * 0x80;
    uint64_t quotes = eight ^ ones * '"', backslashes = eight ^ ones * '\\';
    uint64_t found = eight | (eight - ones * 0x20) | (quotes - ones) | (backslashes - ones);
    return !(found & highest);
}

/* True when a text is all plain; false also when that is not clear. */
static bool is_plain(sv_str text)
{
    const uint64_t spaces = 0x2020202020202020u;
    uint64_t eight = spaces;
    size_t i = 0;
    for (; text.len - i >= sizeof eight; i += sizeof eight) {
        memcpy(&eight, text.ptr + i, sizeof eight);
        if (!are_plain(eight))
            return false;
    }
    eight = spaces;
    if (i < text.len)
        memcpy(&eight, text.ptr + i, text.len - i);
    return are_plain(eight);
}

/* Length of the longest prefix that needs no escape. */
static size_t plain_len(sv_str text)
{
    size_t i = 0;
    while (i < text.len) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (byte < 0x20 || byte == '"' || byte == '\\')
            break;
        i++;
    }
    return i;
}

static void append_text(sv_buf *buf, sv_str text)
{
    while (text.len) {
        size_t len = plain_len(text);
        sv_buf_append(buf, text.ptr, len);
        if (len < text.len)
            append_escaped(buf, (unsigned char)text.ptr[len++]);
        text = (sv_str){text.ptr + len, text.len - len};
    }
}

/* Replaces what is not UTF-8, piece by piece. */
static void append_repaired(sv_buf *buf, sv_str text)
{
    while (text.len) {
        size_t len = text.len < 4 ? text.len : 4;
        while (len > 1 && !(sv_str_is_utf8((sv_str){text.ptr, len}) &&
                            sv_str_count_chars((sv_str){text.ptr, len}) == 1))
            len--;
        if (sv_str_is_utf8((sv_str){text.ptr, len}))
            append_text(buf, (sv_str){text.ptr, len});
        else
            sv_buf_append(buf, "\xEF\xBF\xBD", 3);
        text = (sv_str){text.ptr + len, text.len - len};
    }
}

/* Most texts: nothing to escape and nothing to repair. False when this is another. */
static bool append_plain(sv_writer *writer, sv_str text)
{
    if (!is_plain(text) && (plain_len(text) < text.len || !sv_str_is_utf8(text)))
        return false;
    char *at = begin(writer, text.len + 2);
    if (!at)
        return true;
    *at = '"';
    if (text.len)
        memcpy(at + 1, text.ptr, text.len);
    at[text.len + 1] = '"';
    sv_buf_advance(writer->buf, text.len + 2);
    return true;
}

void sv_writer_str(sv_writer *writer, sv_str text)
{
    if (append_plain(writer, text))
        return;
    append_bytes(writer, "\"", 1);
    if (sv_str_is_utf8(text)) {
        append_text(writer->buf, text);
    } else {
        append_repaired(writer->buf, text);
        writer->has_repaired = true;
    }
    sv_buf_append_byte(writer->buf, '"');
}

void sv_writer_key(sv_writer *writer, sv_str name)
{
    sv_writer_str(writer, name);
    sv_buf_append_byte(writer->buf, ':');
    writer->needs_comma = false;
}

void sv_writer_uint(sv_writer *writer, uint64_t value)
{
    char digits[SV_NUMBER_TEXT_INTEGER_SIZE], *end = digits + sizeof digits;
    const char *start = sv_number_text_put_digits(end, value);
    append_bytes(writer, start, (size_t)(end - start));
}

void sv_writer_int(sv_writer *writer, int64_t value)
{
    char digits[SV_NUMBER_TEXT_INTEGER_SIZE], *end = digits + sizeof digits;
    char *start = sv_number_text_put_digits(end, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
    if (value < 0)
        *--start = '-';
    append_bytes(writer, start, (size_t)(end - start));
}

void sv_writer_double(sv_writer *writer, double value)
{
    if (!isfinite(value)) {
        sv_writer_null(writer);
        return;
    }
    char text[SV_NUMBER_TEXT_DOUBLE_SIZE];
    sv_buf *buf = writer->buf;
    if (buf->capacity - buf->len <= sizeof text) { /* perhaps the last one that fits */
        append_bytes(writer, text, sv_number_text_put_double(text, value));
        return;
    }
    char *at = begin(writer, 0);
    if (at)
        sv_buf_advance(buf, sv_number_text_put_double(at, value));
}

void sv_writer_float(sv_writer *writer, float value)
{
    char text[SV_NUMBER_TEXT_DOUBLE_SIZE];
    if (isfinite(value))
        append_bytes(writer, text, sv_number_text_put_float(text, value));
    else
        sv_writer_null(writer);
}

/* At most SV_NUMBER_TEXT_MAX_DOUBLES. */
static void append_doubles(sv_writer *writer, const double *values, size_t n)
{
    const size_t room = n * SV_NUMBER_TEXT_DOUBLE_SIZE;
    sv_buf *buf = writer->buf;
    if (buf->limit - buf->len <= room) { /* perhaps the last ones that fit */
        for (size_t i = 0; i < n; i++)
            sv_writer_double(writer, values[i]);
        return;
    }
    char *at = begin(writer, room);
    if (at)
        sv_buf_advance(buf, sv_number_text_put_doubles(at, values, n) - 1);
}

static bool are_finite(const double *values, size_t n)
{
    bool are = true;
    for (size_t i = 0; i < n; i++)
        are &= fabs(values[i]) <= DBL_MAX;
    return are;
}

bool sv_writer_doubles(sv_writer *writer, const double *values, size_t n)
{
    for (size_t i = 0, count; i < n; i += count) {
        count = n - i < SV_NUMBER_TEXT_MAX_DOUBLES ? n - i : SV_NUMBER_TEXT_MAX_DOUBLES;
        if (!are_finite(values + i, count))
            return false;
        append_doubles(writer, values + i, count);
    }
    return true;
}

enum { MAX_FLOATS = 256 };
/* At most MAX_FLOATS. */
static void append_floats(sv_writer *writer, const float *values, size_t n)
{
    const size_t room = n * SV_FLOAT_TEXT_SIZE + SV_NUMBER_TEXT_DOUBLE_SIZE;
    sv_buf *buf = writer->buf;
    if (buf->limit - buf->len <= room) {
        for (size_t i = 0; i < n; i++)
            sv_writer_float(writer, values[i]);
        return;
    }
    char *at = begin(writer, room);
    if (at)
        sv_buf_advance(buf, sv_float_text_put(at, values, n) - 1);
}

bool sv_writer_floats(sv_writer *writer, const float *values, size_t n)
{
    enum { USUAL = 12 }; /* bytes of -0.12345678 and its comma */
    sv_buf_expect(writer->buf, n * USUAL);
    for (size_t i = 0, count; i < n; i += count) {
        bool are_finite = true;
        count = n - i < MAX_FLOATS ? n - i : MAX_FLOATS;
        for (size_t k = 0; k < count; k++)
            are_finite &= fabsf(values[i + k]) <= FLT_MAX;
        if (!are_finite)
            return false;
        append_floats(writer, values + i, count);
    }
    return true;
}

void sv_writer_raw(sv_writer *writer, sv_str json)
{
    append_bytes(writer, json.ptr, json.len);
}

void sv_writer_bool(sv_writer *writer, bool value)
{
    sv_writer_raw(writer, value ? SV_STR("true") : SV_STR("false"));
}

void sv_writer_null(sv_writer *writer)
{
    sv_writer_raw(writer, SV_STR("null"));
}

void sv_writer_key_str(sv_writer *writer, const char *name, sv_str text)
{
    sv_writer_key(writer, sv_str_from(name));
    sv_writer_str(writer, text);
}

void sv_writer_key_cstr(sv_writer *writer, const char *name, const char *text)
{
    sv_writer_key_str(writer, name, sv_str_from(text));
}

void sv_writer_key_int(sv_writer *writer, const char *name, int64_t value)
{
    sv_writer_key(writer, sv_str_from(name));
    sv_writer_int(writer, value);
}

void sv_writer_key_double(sv_writer *writer, const char *name, double value)
{
    sv_writer_key(writer, sv_str_from(name));
    sv_writer_double(writer, value);
}

void sv_writer_key_bool(sv_writer *writer, const char *name, bool value)
{
    sv_writer_key(writer, sv_str_from(name));
    sv_writer_bool(writer, value);
}

void sv_writer_key_null(sv_writer *writer, const char *name)
{
    sv_writer_key(writer, sv_str_from(name));
    sv_writer_null(writer);
}

void sv_writer_key_raw(sv_writer *writer, const char *name, sv_str json)
{
    sv_writer_key(writer, sv_str_from(name));
    sv_writer_raw(writer, json);
}
