/* fuzz_cookie.c: hostile Cookie fields. Whatever is read is UTF-8; and a cookie that can be set is
 * read back as it was. */
#include <stdint.h>
#include <stdlib.h>

#include "http/cookie.h"
#include "http/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_way_back(sv_arena *arena, sv_str name, sv_str value)
{
    sv_cookie cookie = {.name = name, .value = value};
    sv_str field, read_name, read_value;
    if (sv_cookie_format(arena, &cookie, NULL, &field))
        return;
    require(sv_message_is_header(SV_STR("set-cookie"), field));
    require(sv_cookie_next(&field, arena, &read_name, &read_value));
    require(sv_str_eq(read_name, name) && sv_str_eq(read_value, value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sv_arena *arena = sv_arena_new(0);
    sv_str rest = {(const char *)data, size}, name, value;
    while (sv_cookie_next(&rest, arena, &name, &value)) {
        require(sv_str_is_utf8(name) && sv_str_is_utf8(value));
        check_way_back(arena, name, value);
    }
    sv_arena_free(arena);
    return 0;
}
