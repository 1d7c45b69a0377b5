/* plan.c: schema -> plan, with all schemas inside it. Rules for rows: field.c.
 *
 * DESIGN. First the plans of all schemas are made, each once (schemas may contain themselves), then
 * their defaults, inner ones first: a default is decoded like a request, by the plan itself. */
#include "json/plan.h"

#include <string.h>

#include "base/writer.h"
#include "json/decode.h"

enum { MAX_KEY = 1 << 16 };

/* A plan in the making. */
typedef struct draft {
    struct draft *next;
    sv_plan plan;
    sv_plan_field *fields;
    bool has_started; /* its defaults */
} draft;

typedef struct planner {
    sv_arena *arena;
    sv_buf *mistakes;
    sv_field_use use;
    draft *drafts;
    bool has_mistakes;
} planner;

static sv_status keep_key(sv_arena *arena, sv_plan_field *field)
{
    sv_buf buf;
    sv_writer writer;
    sv_buf_init(&buf, MAX_KEY);
    sv_writer_init(&writer, &buf);
    sv_writer_key(&writer, field->name);
    sv_status status = sv_buf_status(&buf);
    if (!status && !(field->key = sv_arena_copy(arena, sv_buf_str(&buf))).ptr)
        status = SV_NO_MEMORY;
    sv_buf_deinit(&buf);
    return status;
}

/* 'red', 'green' or 'blue', as Python quotes. */
static sv_status keep_expected(sv_arena *arena, sv_plan_field *field)
{
    const sv_enum *names = field->row->enumeration;
    sv_buf buf;
    sv_buf_init(&buf, MAX_KEY);
    for (size_t i = 0; i < names->n_values; i++) {
        const char *name = names->values[i].name;
        const char *quote = strchr(name, '\'') && !strchr(name, '"') ? "\"" : "'";
        const char *before = i == 0 ? "" : i + 1 == names->n_values ? " or " : ", ";
        sv_buf_printf(&buf, "%s%s%s%s", before, quote, name, quote);
    }
    sv_status status = sv_buf_status(&buf);
    if (!status && !(field->expected = sv_arena_copy(arena, sv_buf_str(&buf))).ptr)
        status = SV_NO_MEMORY;
    sv_buf_deinit(&buf);
    return status;
}

static sv_status add_draft(planner *p, const sv_schema *schema, draft **ret_draft);

static sv_status plan_row(planner *p, const sv_field *row, sv_plan_field *field)
{
    field->row = row;
    field->name = sv_str_from(row->name);
    field->required = !row->default_json && !row->optional;
    field->takes_null = row->nullable && !row->optional;
    field->value_offset = sv_field_value_offset(row);
    if (row->kind == SV_KIND_LIST)
        field->item_size = sv_field_item_size(row);
    sv_status status = keep_key(p->arena, field);
    if (!status && row->enumeration)
        status = keep_expected(p->arena, field);
    draft *inner = NULL;
    if (!status && row->schema)
        status = add_draft(p, row->schema, &inner);
    if (inner)
        field->plan = &inner->plan;
    return status;
}

static sv_status plan_rows(planner *p, draft *made)
{
    const sv_schema *schema = made->plan.schema;
    made->fields = sv_arena_alloc_array(p->arena, schema->n_fields, sizeof *made->fields);
    if (!made->fields)
        return SV_NO_MEMORY;
    made->plan.fields = made->fields;
    for (size_t i = 0; i < schema->n_fields; i++) {
        if (sv_field_is_left_out(&schema->fields[i]))
            continue;
        sv_status status = plan_row(p, &schema->fields[i], &made->fields[made->plan.n_fields]);
        if (status)
            return status;
        made->plan.n_fields++;
    }
    return SV_OK;
}

static draft *find_draft(planner *p, const sv_schema *schema)
{
    for (draft *at = p->drafts; at; at = at->next)
        if (at->plan.schema == schema)
            return at;
    return NULL;
}

/* The draft of a schema, made when it is met first. One with mistakes stays without fields. */
static sv_status add_draft(planner *p, const sv_schema *schema, draft **ret_draft)
{
    draft *made = find_draft(p, schema);
    if (made) {
        *ret_draft = made;
        return SV_OK;
    }
    made = sv_arena_alloc(p->arena, sizeof *made);
    if (!made)
        return SV_NO_MEMORY;
    made->plan.schema = schema;
    made->next = p->drafts;
    p->drafts = made;
    *ret_draft = made;
    sv_status status = sv_field_check(schema, p->use, p->mistakes);
    if (status == SV_INVALID) {
        p->has_mistakes = true;
        return SV_OK;
    }
    return status ? status : plan_rows(p, made);
}

static void report(planner *p, const draft *made, const sv_plan_field *field, sv_str path,
                   sv_str message)
{
    sv_buf_printf(p->mistakes, "%s.%s: `default_json` does not fit%s%.*s: %.*s\n",
                  made->plan.schema->name, field->row->name, path.len ? ": " : "", SV_STR_ARG(path),
                  SV_STR_ARG(message));
    p->has_mistakes = true;
}

static sv_status make_default(planner *p, const draft *made, const sv_plan_field *field,
                              void *structure)
{
    const sv_value *value;
    sv_value_error syntax; /* the text was parsed before, by field.c */
    sv_errors errors;
    sv_errors_init(&errors, p->arena);
    sv_status status =
        sv_value_parse(p->arena, sv_str_from(field->row->default_json), NULL, &syntax, &value);
    if (!status)
        status = sv_decode_default(p->arena, field, value, &errors, structure);
    for (size_t i = 0; status == SV_INVALID && i < errors.count; i++) {
        sv_errors_view view = sv_errors_get(&errors, i);
        report(p, made, field, view.path, view.message);
    }
    if (status == SV_UNSUPPORTED)
        report(p, made, field, SV_STR(""), SV_STR("it contains itself"));
    return status == SV_INVALID || status == SV_UNSUPPORTED ? SV_OK : status;
}

static sv_status make_defaults(planner *p, draft *made);

static sv_status make_inner_defaults(planner *p, draft *made)
{
    sv_status status = SV_OK;
    for (size_t i = 0; i < made->plan.n_fields && !status; i++)
        if (made->fields[i].plan)
            status = make_defaults(p, find_draft(p, made->fields[i].row->schema));
    return status;
}

static sv_status make_defaults(planner *p, draft *made)
{
    if (made->has_started)
        return SV_OK;
    made->has_started = true;
    sv_status status = make_inner_defaults(p, made);
    if (status)
        return status;
    void *structure = sv_arena_alloc(p->arena, made->plan.schema->size);
    if (!structure)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < made->plan.n_fields && !status; i++)
        if (made->fields[i].row->default_json)
            status = make_default(p, made, &made->fields[i], structure);
    made->plan.defaults = structure;
    return status;
}

sv_status sv_plan_new(sv_arena *arena, const sv_schema *schema, sv_field_use use, sv_buf *mistakes,
                      const sv_plan **ret_plan)
{
    planner p = {.arena = arena, .mistakes = mistakes, .use = use};
    draft *made = NULL;
    sv_status status = add_draft(&p, schema, &made);
    if (!status && !p.has_mistakes)
        status = make_defaults(&p, made);
    if (!status)
        status = sv_buf_status(mistakes);
    if (!status && p.has_mistakes)
        status = SV_INVALID;
    if (!status)
        *ret_plan = &made->plan;
    return status;
}
