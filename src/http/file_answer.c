/* file_answer.c: a file as an answer. Which bytes is decided by conditional.c. */
#include "http/file_answer.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/conditional.h"

struct sv_file_reader {
    int fd;
    uint64_t offset, left;
};

/* Reads until `size_bytes` are there, the file ends or fails. */
static sv_status read_at(int fd, char *to, size_t size_bytes, uint64_t offset)
{
    for (size_t done = 0; done < size_bytes;) {
        ssize_t n = pread(fd, to + done, size_bytes - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return SV_IO;
        done += (size_t)n;
    }
    return SV_OK;
}

sv_status sv_file_answer_read(sv_file_reader *reader, char *to, size_t size_bytes, size_t *ret_len)
{
    size_t len = reader->left < size_bytes ? (size_t)reader->left : size_bytes;
    sv_status status = read_at(reader->fd, to, len, reader->offset);
    if (status)
        return status;
    reader->offset += len;
    reader->left -= len;
    *ret_len = len;
    return SV_OK;
}

static void close_reader(void *arg)
{
    sv_file_reader *reader = arg;
    close(reader->fd);
}

/* On failure the caller still owns the file. */
static sv_status keep_open(sv_arena *arena, int fd, const sv_conditional_answer *chosen,
                           sv_file_answer *answer)
{
    sv_file_reader *reader = sv_arena_alloc_raw(arena, sizeof *reader);
    if (!reader)
        return SV_NO_MEMORY;
    *reader = (sv_file_reader){fd, chosen->first, chosen->length};
    sv_status status = sv_arena_defer(arena, close_reader, reader);
    if (!status)
        answer->reader = reader;
    return status;
}

static sv_status read_whole(sv_arena *arena, int fd, const sv_conditional_answer *chosen,
                            sv_file_answer *answer)
{
    char *bytes = sv_arena_alloc_raw(arena, chosen->length);
    if (!bytes)
        return SV_NO_MEMORY;
    answer->body = (sv_str){bytes, chosen->length};
    return read_at(fd, bytes, chosen->length, chosen->first);
}

static void add_header(sv_file_answer *answer, const char *name, sv_str value)
{
    answer->headers[answer->n_headers++] = (sv_http_header){sv_str_from(name), value};
}

/* ETag and Last-Modified; the tag tells versions apart that the date, in seconds, cannot. */
static sv_status add_validators(sv_arena *arena, const sv_found_file *file, sv_file_answer *answer)
{
    char date[30];
    sv_clock_format_http(file->modified_ns, date);
    sv_str etag = sv_arena_printf(arena, "\"%" PRIx64 "-%" PRIx64 "\"", (uint64_t)file->modified_ns,
                                  file->size_bytes);
    sv_str modified = sv_arena_copy(arena, sv_str_from(date));
    add_header(answer, "Accept-Ranges", SV_STR("bytes"));
    add_header(answer, "ETag", etag);
    add_header(answer, "Last-Modified", modified);
    return etag.ptr && modified.ptr ? SV_OK : SV_NO_MEMORY;
}

static sv_status add_range(sv_arena *arena, uint64_t size, const sv_conditional_answer *chosen,
                           sv_file_answer *answer)
{
    sv_str range = {0};
    if (chosen->status == 206)
        range = sv_arena_printf(arena, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, chosen->first,
                                chosen->first + chosen->length - 1, size);
    else if (chosen->status == 416)
        range = sv_arena_printf(arena, "bytes */%" PRIu64, size);
    else
        return SV_OK;
    add_header(answer, "Content-Range", range);
    return range.ptr ? SV_OK : SV_NO_MEMORY;
}

/* Fills all but the bytes. */
static sv_status fill_head(sv_arena *arena, const sv_found_file *file,
                           const sv_file_question *question, sv_conditional_answer *ret_chosen,
                           sv_file_answer *answer)
{
    sv_status status = add_validators(arena, file, answer);
    if (status)
        return status;
    int64_t seconds = file->modified_ns / SV_NS_PER_S;
    const sv_conditional_state state = {file->size_bytes, answer->headers[1].value, seconds};
    *ret_chosen =
        sv_conditional_decide(question->method, question->headers, question->n_headers, &state);
    answer->status = ret_chosen->status;
    answer->content_type = file->media_type;
    answer->length = ret_chosen->length;
    return add_range(arena, file->size_bytes, ret_chosen, answer);
}

sv_status sv_file_answer_make(sv_arena *arena, const sv_found_file *file,
                              const sv_file_question *question, sv_error *error,
                              sv_file_answer *ret_answer)
{
    sv_file_answer answer = {.body = SV_STR("")};
    sv_conditional_answer chosen = {0};
    sv_status status = fill_head(arena, file, question, &chosen, &answer);
    bool has_bytes = chosen.length > 0 && !sv_str_eq(question->method, SV_STR("HEAD"));
    if (!status && has_bytes)
        status = chosen.length > question->max_whole_bytes
                     ? keep_open(arena, file->fd, &chosen, &answer)
                     : read_whole(arena, file->fd, &chosen, &answer);
    if (!answer.reader)
        close(file->fd);
    if (status == SV_IO)
        return sv_error_set(error, status, NULL, "the file cannot be read as a whole");
    if (!status)
        *ret_answer = answer;
    return status;
}
