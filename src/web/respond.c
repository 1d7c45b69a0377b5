/* respond.c: answers that are no struct: bytes, redirects, files; and cookies. */
#include <serval/cookie.h>
#include <serval/stream.h>

#include "http/cookie.h"
#include "http/file_answer.h"
#include "http/message.h"
#include "web/call.h"

enum { PIECE_BYTES = 32 * 1024, MAX_WHOLE_BYTES = 1 << 20 };

sv_status sv_respond_bytes(sv_call *call, const char *content_type, sv_str bytes)
{
    sv_str type = sv_str_from(content_type);
    if (!sv_message_is_header(SV_STR("Content-Type"), type))
        return SV_INVALID;
    call->has_bytes = true;
    call->result.content_type = type;
    call->result.body = bytes;
    return SV_OK;
}

sv_status sv_respond_redirect(sv_call *call, int status, sv_str location)
{
    if (status < 300 || status > 399)
        return SV_INVALID;
    sv_status added = sv_set_header(call, "Location", location);
    if (added)
        return added;
    sv_set_status(call, status);
    call->has_bytes = true;
    call->result.body = SV_STR("");
    return SV_OK;
}

sv_status sv_set_cookie(sv_call *call, const sv_cookie *cookie)
{
    sv_str value;
    sv_status status = sv_cookie_format(call->arena, cookie, NULL, &value);
    return status ? status : sv_set_header(call, "Set-Cookie", value);
}

/* What cannot be read at once goes out piece by piece. */
static sv_status write_pieces(sv_call *call, sv_file_reader *reader)
{
    char *piece = sv_arena_alloc_raw(call->arena, PIECE_BYTES);
    size_t len = 0;
    sv_str type = call->result.content_type;
    sv_status status = piece ? sv_respond_stream(call, type.ptr) : SV_NO_MEMORY;
    while (!status && !(status = sv_file_answer_read(reader, piece, PIECE_BYTES, &len)) && len)
        status = sv_write(call, (sv_str){piece, len});
    return status;
}

static sv_status respond_found(sv_call *call, const sv_found_file *file)
{
    sv_file_question question = {.method = call->request.method,
                                 .headers = call->request.headers,
                                 .n_headers = call->request.n_headers,
                                 .max_whole_bytes = MAX_WHOLE_BYTES};
    sv_file_answer answer;
    sv_error error = {0};
    sv_status status = sv_file_answer_make(call->arena, file, &question, &error, &answer);
    if (status)
        return sv_call_fail_with(call, status, &error);
    for (size_t i = 0; i < answer.n_headers && !status; i++) {
        sv_str name = sv_arena_copy(call->arena, answer.headers[i].name);
        status = name.ptr ? sv_set_header(call, name.ptr, answer.headers[i].value) : SV_NO_MEMORY;
    }
    if (status)
        return status;
    if (answer.status == 412)
        return sv_fail(call, &sv_kind_precondition_failed, "The file has changed");
    if (answer.status == 416)
        return sv_fail(call, &sv_kind_range_not_satisfiable, "The range lies outside the file");
    sv_set_status(call, answer.status);
    call->has_bytes = true;
    call->result.content_type = answer.content_type;
    call->result.body = answer.body;
    if (answer.reader || sv_str_eq(question.method, SV_STR("HEAD")))
        call->result.absent_bytes = answer.length;
    return answer.reader ? write_pieces(call, answer.reader) : SV_OK;
}

static sv_status respond_lookup(sv_call *call, sv_status found, const sv_error *error,
                                const sv_found_file *file)
{
    if (found == SV_NOT_FOUND)
        return sv_fail(call, &sv_kind_not_found, "Not Found");
    if (found)
        return sv_call_fail_with(call, found, error);
    return respond_found(call, file);
}

sv_status sv_respond_file(sv_call *call, const char *path)
{
    sv_found_file file;
    sv_error error = {0};
    return respond_lookup(call, sv_file_lookup(path, &error, &file), &error, &file);
}

sv_status sv_respond_file_below(sv_call *call, const char *folder, sv_str path)
{
    sv_found_file file;
    sv_error error = {0};
    sv_status found = sv_file_lookup_below(folder, path, &error, &file);
    return respond_lookup(call, found, &error, &file);
}
