#include "services/llm.h"

#include "config.h"

sv_status llm_begin(sv_call *call, const char *greeting, sv_str message, struct llm_stream *ret)
{
    ret->left = config_of(call)->llm_fails_after;
    ret->rest = sv_format(call, "%s %.*s", greeting, SV_STR_ARG(message));
    return ret->rest.ptr ? SV_OK : SV_NO_MEMORY;
}

/* Cuts the first token off; empty at the end. */
static sv_str take_token(sv_str *rest)
{
    size_t len = rest->len ? 1 + sv_str_find(sv_str_slice(*rest, 1, rest->len), ' ') : 0;
    sv_str token = sv_str_slice(*rest, 0, len);
    *rest = sv_str_slice(*rest, len, rest->len);
    return token;
}

sv_status llm_next(struct llm_stream *stream, sv_str *ret_token)
{
    if (stream->left == 0)
        return SV_IO;
    stream->left--;
    *ret_token = take_token(&stream->rest);
    return SV_OK;
}

/* Where `part` first stands in `text`, or text.len. */
static size_t find_part(sv_str text, sv_str part)
{
    size_t at = 0;
    while (at < text.len && !sv_str_starts_with(sv_str_slice(text, at, text.len), part))
        at++;
    return at;
}

sv_str llm_complete(sv_str prompt, int64_t max_tokens, const sv_strs *stops)
{
    sv_str rest = prompt, text = {prompt.ptr, 0};
    for (int64_t i = 0; i < max_tokens && rest.len; i++)
        text.len += take_token(&rest).len;
    for (size_t i = 0; i < stops->len; i++)
        text = sv_str_slice(text, 0, find_part(text, stops->items[i]));
    return text;
}
