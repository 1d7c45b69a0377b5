/* fuzz_form.c: hostile forms in the form of a query. */
#include <stdint.h>
#include <stdlib.h>

#include "http/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const sv_form_limits limits = {.max_parts = 50, .max_field_bytes = 256};
    sv_arena *arena = sv_arena_new(0);
    sv_error error = {0};
    sv_form form = {0};
    sv_status status =
        sv_form_read(arena, (sv_str){(const char *)data, size}, &limits, &error, &form);
    require((status != SV_OK) == (error.message[0] != '\0'));
    require(form.n_parts <= limits.max_parts);
    for (size_t i = 0; i < form.n_parts; i++)
        require(sv_str_is_utf8(form.parts[i].name) && sv_str_is_utf8(form.parts[i].bytes));
    sv_arena_free(arena);
    return 0;
}
