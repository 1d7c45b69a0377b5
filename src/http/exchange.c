/* exchange.c: what the owner of an exchange can ask and say. How bytes come and go is not known
 * here. */
#include "http/exchange.h"

#include "http/message.h"
#include "http/mw_error.h"
#include "http/request.h"

sv_str sv_exchange_header(const sv_exchange *exchange, sv_str name)
{
    for (size_t i = 0; i < exchange->n_headers; i++)
        if (sv_str_eq_nocase(exchange->headers[i].name, name))
            return exchange->headers[i].value;
    return (sv_str){0};
}

sv_status sv_exchange_add_header(sv_exchange *exchange, sv_str name, sv_str value)
{
    sv_answer *answer = &exchange->answer;
    if (!sv_message_is_header(name, value))
        return SV_INVALID;
    if (answer->n_headers == sizeof answer->headers / sizeof *answer->headers)
        return SV_TOO_LARGE;
    sv_http_header added = {sv_arena_copy(exchange->arena, name),
                            sv_arena_copy(exchange->arena, value)};
    if (!added.name.ptr || !added.value.ptr)
        return SV_NO_MEMORY;
    answer->headers[answer->n_headers++] = added;
    return SV_OK;
}

sv_loop *sv_exchange_loop(const sv_exchange *exchange)
{
    return ((const sv_request *)exchange)->lane->loop;
}

void sv_exchange_fail(sv_exchange *exchange, const sv_failure *failure)
{
    sv_mw_error_write(exchange, failure);
}

void sv_exchange_forget_body(sv_exchange *exchange)
{
    sv_request *request = (sv_request *)exchange;
    exchange->forgotten_bytes += exchange->body.len;
    exchange->body = SV_STR("");
    sv_buf_deinit(&request->body);
}

void sv_exchange_respond(sv_exchange *exchange)
{
    sv_request *request = (sv_request *)exchange;
    sv_loop *loop = request->lane->loop;
    if (sv_loop_is_current(loop))
        request->given_back.run(&request->given_back);
    else
        sv_loop_post(loop, &request->given_back);
}
