/* mw_request_id.c: takes the client's request id, or makes one. */
#include "http/mw_request_id.h"

#include <string.h>

#include "base/id.h"

enum { MAX_ID_LEN = 128 };

static bool is_id(sv_str text)
{
    if (!text.len || text.len > MAX_ID_LEN)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        bool is_alnum =
            (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
        if (!is_alnum && (!byte || !strchr("._:/+=@-", byte)))
            return false;
    }
    return true;
}

void sv_mw_request_id_assign(sv_exchange *exchange)
{
    if (exchange->request_id.ptr)
        return;
    sv_str given = sv_exchange_header(exchange, SV_STR("x-request-id"));
    exchange->request_id = SV_STR("");
    if (is_id(given)) {
        exchange->request_id = given;
        return;
    }
    char *made = sv_arena_alloc_raw(exchange->arena, SV_ID_UUID_LEN + 1);
    if (!made)
        return;
    sv_id_uuid4(made);
    exchange->request_id = (sv_str){made, SV_ID_UUID_LEN};
}
