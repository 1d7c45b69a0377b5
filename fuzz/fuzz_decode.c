/* fuzz_decode.c: hostile values for every kind that a schema knows: the models of
 * tests/cases/validation/kinds.py, chosen by the first byte. What was decoded can be encoded and
 * decoded again, and then stays the same. */
#include <stdlib.h>
#include <string.h>

#include "../tests/unit/json/case_schemas.h"
#include "json/decode.h"
#include "json/encode.h"
#include "json/value.h"

enum { LARGEST_OUTPUT = 64 << 20, ARENA_LIMIT = 256 << 20, MAX_SCHEMAS = 128 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const sv_plan *plans[MAX_SCHEMAS];
static size_t n_plans;

static void make_plans(void)
{
    sv_arena *arena = sv_arena_new(0); /* lives as long as the program */
    sv_buf mistakes;
    sv_buf_init(&mistakes, 1 << 16);
    for (n_plans = 0; kind_schemas[n_plans]; n_plans++)
        if (n_plans == MAX_SCHEMAS ||
            sv_plan_new(arena, kind_schemas[n_plans], SV_FIELD_BODY, &mistakes, &plans[n_plans]))
            abort();
    sv_buf_deinit(&mistakes);
}

/* Models with one field get the bytes as its value, the others as the whole. */
static sv_str body_of(sv_arena *arena, const sv_plan *plan, sv_str text)
{
    bool is_single = strncmp(plan->schema->name, "k_", 2) == 0;
    return is_single ? sv_arena_printf(arena, "{\"v\":%.*s}", SV_STR_ARG(text)) : text;
}

/* The normal form of a text may break the limits that the text itself kept. */
static bool may_outgrow(const sv_plan *plan)
{
    const sv_field *row = plan->fields[0].row;
    return row->lower || row->upper || row->format;
}

/* The body's struct as JSON; NULL pointer when the body is refused. */
static sv_str pass(sv_arena *arena, const sv_plan *plan, sv_str body)
{
    const sv_value *value;
    sv_value_error syntax;
    sv_errors errors;
    void *decoded;
    sv_errors_init(&errors, arena);
    if (!body.ptr || sv_value_parse(arena, body, NULL, &syntax, &value))
        return (sv_str){0};
    sv_status status = sv_decode_body(arena, plan, value, &errors, &decoded);
    if ((status == SV_INVALID) != (errors.count > 0) && status != SV_NO_MEMORY)
        abort();
    if (status)
        return (sv_str){0};
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, LARGEST_OUTPUT);
    sv_writer_init(&writer, &buf);
    status = sv_encode(plan, decoded, &writer, NULL);
    if (status == SV_INVALID && !may_outgrow(plan))
        abort();
    sv_str json = status ? (sv_str){0} : sv_arena_copy(arena, sv_buf_str(&buf));
    sv_buf_deinit(&buf);
    return json;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!n_plans)
        make_plans();
    if (!size)
        return 0;
    const sv_plan *plan = plans[data[0] % n_plans];
    sv_arena *arena = sv_arena_new(ARENA_LIMIT);
    if (!arena)
        return 0;
    sv_str text = {(const char *)data + 1, size - 1};
    sv_str first = pass(arena, plan, body_of(arena, plan, text));
    if (first.ptr) {
        sv_str second = pass(arena, plan, first);
        sv_str third = second.ptr ? pass(arena, plan, second) : second;
        if (third.ptr ? !sv_str_eq(second, third) : !may_outgrow(plan))
            abort();
    }
    sv_arena_free(arena);
    return 0;
}
