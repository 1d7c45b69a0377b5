/* plan.c: schema -> plan, with all schemas inside it. Rules for rows: field.c.
 *
 * DESIGN. First the plans of all schemas are made, each once (schemas may contain themselves), then
 * their defaults, inner ones first: a default is decoded like a request, by the plan itself. */
#include "json/plan.h"

#include <stdarg.h>
#include <stdio.h>

#include "json/decode.h"
#include "json/planner.h"

enum { MAX_MISTAKE = 1024 }; /* bytes; what is longer is cut */

void sv_plan_report(sv_planner *p, const sv_schema *schema, const char *row, const char *format,
                    ...)
{
    char text[MAX_MISTAKE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    sv_buf_printf(p->mistakes, "%s%s%s: %s\n", schema->name, row ? "." : "", row ? row : "", text);
    p->has_mistakes = true;
}

static sv_status plan_extras(sv_planner *p, sv_plan_draft *made, const sv_field *row)
{
    sv_plan_field *extras = sv_arena_alloc(p->arena, sizeof *extras);
    if (!extras)
        return SV_NO_MEMORY;
    made->plan.extras = extras;
    return sv_plan_field_fill(p, made->plan.schema, row, extras);
}

static sv_status plan_rows(sv_planner *p, sv_plan_draft *made)
{
    const sv_schema *schema = made->plan.schema;
    made->fields = sv_arena_alloc_array(p->arena, schema->n_fields, sizeof *made->fields);
    if (!made->fields)
        return SV_NO_MEMORY;
    made->plan.fields = made->fields;
    const char *outer_row = p->row;
    sv_status status = SV_OK;
    for (size_t i = 0; i < schema->n_fields && !status; i++) {
        const sv_field *row = &schema->fields[i];
        if (sv_field_is_left_out(row))
            continue;
        p->row = row->name;
        if (row->kind == SV_KIND_EXTRAS)
            status = plan_extras(p, made, row);
        else
            status = sv_plan_field_fill(p, schema, row, &made->fields[made->plan.n_fields++]);
    }
    p->row = outer_row;
    return status;
}

static sv_plan_draft *find_draft(sv_planner *p, const sv_schema *schema)
{
    for (sv_plan_draft *at = p->drafts; at; at = at->next)
        if (at->plan.schema == schema)
            return at;
    return NULL;
}

sv_status sv_plan_add(sv_planner *p, const sv_schema *schema, sv_plan_draft **ret_draft)
{
    sv_plan_draft *made = find_draft(p, schema);
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

static void report_default(sv_planner *p, const sv_plan_draft *made, const sv_plan_field *field,
                           sv_str path, sv_str message)
{
    sv_plan_report(p, made->plan.schema, field->row->name,
                   "`default_json` does not fit%s%.*s: %.*s", path.len ? ": " : "",
                   SV_STR_ARG(path), SV_STR_ARG(message));
}

static sv_status make_default(sv_planner *p, const sv_plan_draft *made, const sv_plan_field *field,
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
        report_default(p, made, field, view.path, view.message);
    }
    if (status == SV_UNSUPPORTED)
        report_default(p, made, field, SV_STR(""), SV_STR("it contains itself"));
    return status == SV_INVALID || status == SV_UNSUPPORTED ? SV_OK : status;
}

static sv_status make_defaults(sv_planner *p, sv_plan_draft *made);

static sv_status make_inner_defaults(sv_planner *p, sv_plan_draft *made)
{
    sv_status status = SV_OK;
    for (size_t i = 0; i < made->plan.n_fields && !status; i++) {
        const sv_plan_field *inner = &made->fields[i];
        while (inner->item)
            inner = inner->item;
        if (inner->plan)
            status = make_defaults(p, find_draft(p, inner->plan->schema));
    }
    return status;
}

static sv_status make_defaults(sv_planner *p, sv_plan_draft *made)
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
    sv_planner p = {.arena = arena, .mistakes = mistakes, .use = use};
    sv_plan_draft *made = NULL;
    sv_status status = sv_plan_add(&p, schema, &made);
    for (sv_plan_draft *at = p.drafts; at && !status && !p.has_mistakes; at = at->next)
        status = sv_plan_union_fill(&p, at);
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
