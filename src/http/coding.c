/* coding.c: content codings (only zlib.h). */
#include "http/coding.h"

#include <limits.h>

#include <zlib.h>

#include "http/message.h"

enum { CHUNK_BYTES = 64 * 1024 };

static const struct {
    sv_str name;
    int window_bits; /* zlib's way to tell the wrapper */
} codings[] = {[SV_CODING_IDENTITY] = {SV_STR_INIT("identity"), 0},
               [SV_CODING_GZIP] = {SV_STR_INIT("gzip"), MAX_WBITS + 16},
               [SV_CODING_DEFLATE] = {SV_STR_INIT("deflate"), MAX_WBITS},
               [SV_CODING_UNKNOWN] = {SV_STR_INIT(""), 0}};

sv_coding sv_coding_find(sv_str name)
{
    name = sv_str_trim_ows(name);
    if (sv_str_eq_nocase(name, SV_STR("x-gzip"))) /* RFC 9110, 8.4.1.3 */
        return SV_CODING_GZIP;
    for (int i = 0; i < SV_CODING_UNKNOWN; i++)
        if (sv_str_eq_nocase(name, codings[i].name))
            return (sv_coding)i;
    return name.len ? SV_CODING_UNKNOWN : SV_CODING_IDENTITY;
}

sv_str sv_coding_name(sv_coding coding)
{
    return codings[coding].name;
}

sv_coding sv_coding_choose(sv_str accept_encoding)
{
    sv_coding best = SV_CODING_IDENTITY;
    int best_weight = 0;
    sv_str member, name;
    while (sv_str_split(&accept_encoding, ',', &member)) {
        if (!sv_str_split(&member, ';', &name) || !sv_str_trim_ows(name).len)
            continue;
        int weight = sv_message_weight(member);
        sv_coding coding = sv_coding_find(name);
        if (coding != SV_CODING_UNKNOWN && weight > best_weight) {
            best = coding;
            best_weight = weight;
        }
    }
    return best;
}

/* zlib counts in unsigned int. */
static uInt at_most(size_t n)
{
    return n < INT_MAX ? (uInt)n : INT_MAX;
}

/* Room for the next piece, never beyond the limit. */
static char *make_room(sv_buf *out, size_t *ret_size)
{
    size_t left = out->limit - out->len;
    *ret_size = left < CHUNK_BYTES ? left : CHUNK_BYTES;
    return *ret_size ? sv_buf_reserve(out, *ret_size) : NULL;
}

/* One step of zlib, either way. */
typedef int step_function(z_stream *stream, int flush);

/* Has all of `bytes` gone through `step`. The last result of zlib; Z_BUF_ERROR: the limit is
 * reached. */
static int pump(z_stream *stream, step_function *step, sv_str bytes, sv_buf *out)
{
    int result = Z_OK;
    size_t taken = 0;
    while (result == Z_OK) {
        size_t room;
        char *at = make_room(out, &room);
        if (!at)
            return room ? Z_MEM_ERROR : Z_BUF_ERROR;
        uInt given = at_most(bytes.len - taken);
        stream->next_in = (Bytef *)(uintptr_t)(bytes.ptr + taken);
        stream->avail_in = given;
        stream->next_out = (Bytef *)at;
        stream->avail_out = (uInt)room;
        result = step(stream, given == bytes.len - taken ? Z_FINISH : Z_NO_FLUSH);
        taken += given - stream->avail_in;
        sv_buf_advance(out, room - stream->avail_out);
        if (result == Z_BUF_ERROR) /* no error: more room, or more bytes, are needed */
            result = stream->avail_out ? Z_DATA_ERROR : Z_OK;
    }
    return result == Z_STREAM_END && taken < bytes.len ? Z_DATA_ERROR : result;
}

static sv_status status_of(int result)
{
    if (result == Z_STREAM_END)
        return SV_OK;
    if (result == Z_MEM_ERROR)
        return SV_NO_MEMORY;
    return result == Z_BUF_ERROR ? SV_TOO_LARGE : SV_INVALID;
}

/* A stream that fills the buffer exactly has still to say that it ends. */
static bool has_ended(z_stream *stream)
{
    Bytef beyond;
    stream->next_out = &beyond;
    stream->avail_out = 1;
    return inflate(stream, Z_FINISH) == Z_STREAM_END && stream->avail_out && !stream->avail_in;
}

sv_status sv_coding_decode(sv_coding coding, sv_str bytes, sv_buf *out)
{
    z_stream stream = {0};
    if (inflateInit2(&stream, codings[coding].window_bits) != Z_OK)
        return SV_NO_MEMORY;
    sv_status status = status_of(pump(&stream, inflate, bytes, out));
    if (status == SV_TOO_LARGE && has_ended(&stream))
        status = SV_OK;
    inflateEnd(&stream);
    return status;
}

sv_status sv_coding_encode(sv_coding coding, sv_str bytes, sv_buf *out)
{
    enum { MEMORY_LEVEL = 8 };
    z_stream stream = {0};
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, codings[coding].window_bits, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return SV_NO_MEMORY;
    sv_status status = status_of(pump(&stream, deflate, bytes, out));
    deflateEnd(&stream);
    return status;
}
