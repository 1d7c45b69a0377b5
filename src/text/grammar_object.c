/* grammar_object.c: objects of a schema to rules.
 *
 * DESIGN. Of the node r5: `r5-k2` is the third member, `r5-h2` all from the third on while none has
 * come yet, `r5-t2` the same behind a comma. An optional member may be left out in both. So every
 * choice of the optional ones, in order, takes a few rules each. */
#include <stdio.h>

#include "text/grammar_maker.h"

typedef struct member_rules {
    sv_grammar_maker *maker;
    size_t node;
    const sv_grammar_view *view;
    size_t n;
} member_rules;

static sv_status is_required(const member_rules *members, sv_str name, bool *ret)
{
    const sv_value *item;
    *ret = false;
    for (size_t i = 0; i < members->view->n_parts; i++) {
        const sv_value *list = sv_value_get(members->view->parts[i], SV_STR("required"));
        if (!list)
            continue;
        sv_value_cursor cursor = sv_value_walk(list);
        while (sv_value_next_item(&cursor, &item))
            *ret |= sv_value_get_type(item) == SV_VALUE_STR && sv_str_eq(sv_value_str(item), name);
    }
    return SV_OK;
}

/* The parts that have a property; names stand once, and each required one is there. */
static size_t count_having(const sv_grammar_view *view, sv_str name)
{
    size_t n = 0;
    for (size_t i = 0; i < view->n_parts; i++) {
        const sv_value *list = sv_value_get(view->parts[i], SV_STR("properties"));
        n += list && sv_value_get(list, name);
    }
    return n;
}

static sv_status check_required(const member_rules *members)
{
    sv_error *error = members->maker->error;
    const sv_value *item;
    for (size_t i = 0; i < members->view->n_parts; i++) {
        const sv_value *list = sv_value_get(members->view->parts[i], SV_STR("required"));
        if (list && (sv_value_get_type(list) != SV_VALUE_ARRAY || sv_value_len(list) > 1000))
            return sv_error_set(error, SV_INVALID, NULL,
                                "\"required\" is no array of at most 1000 names");
        sv_value_cursor cursor = {0};
        if (list)
            cursor = sv_value_walk(list);
        while (list && sv_value_next_item(&cursor, &item)) {
            if (sv_value_get_type(item) != SV_VALUE_STR)
                return sv_error_set(error, SV_INVALID, NULL, "\"required\" holds what is no text");
            if (!count_having(members->view, sv_value_str(item)))
                return sv_error_set(error, SV_INVALID, NULL,
                                    "\"required\" names \"%.*s\", which is no property",
                                    SV_STR_ARG(sv_str_slice(sv_value_str(item), 0, 80)));
        }
    }
    return SV_OK;
}

static void add_rule(const member_rules *members, char kind, size_t index, const sv_buf *line)
{
    char name[48];
    snprintf(name, sizeof name, "r%zu-%c%zu", members->node, kind, index);
    sv_grammar_rules_add(&members->maker->rules, name, line);
}

/* `"name": value` */
static sv_status write_member(const member_rules *members, sv_str name, const sv_value *schema)
{
    sv_grammar_node step = {.schema = schema, .parent = members->node};
    size_t target;
    sv_buf line;
    step.keyword = SV_STR("properties");
    step.name = name;
    sv_status status = sv_grammar_maker_refer(members->maker, &step, &target);
    if (status)
        return status;
    sv_buf_init(&line, SV_GRAMMAR_MAX_BYTES);
    status = sv_grammar_rules_write_json_text(&line, name);
    sv_buf_printf(&line, " \":\" sp r%zu", target);
    add_rule(members, 'k', members->n, &line);
    if (!status)
        status = sv_buf_status(&line);
    sv_buf_deinit(&line);
    return status;
}

/* What follows the members up to this one, with and without any before. */
static sv_status write_rest(const member_rules *members, bool required, bool is_reachable)
{
    sv_buf line;
    size_t node = members->node, n = members->n;
    sv_buf_init(&line, 1000);
    sv_buf_printf(&line, "\",\" sp r%zu-k%zu r%zu-t%zu", node, n, node, n + 1);
    if (!required)
        sv_buf_printf(&line, " | r%zu-t%zu", node, n + 1);
    add_rule(members, 't', n, &line);
    sv_status status = sv_buf_status(&line);
    sv_buf_clear(&line);
    sv_buf_printf(&line, "r%zu-k%zu r%zu-t%zu", node, n, node, n + 1);
    if (!required)
        sv_buf_printf(&line, " | r%zu-h%zu", node, n + 1);
    if (is_reachable)
        add_rule(members, 'h', n, &line);
    if (!status)
        status = sv_buf_status(&line);
    sv_buf_deinit(&line);
    return status;
}

static sv_status write_part(member_rules *members, const sv_value *properties, bool *may_be_empty)
{
    sv_value_cursor cursor = sv_value_walk(properties);
    sv_str name;
    const sv_value *schema;
    sv_status status = SV_OK;
    while (!status && sv_value_next_member(&cursor, &name, &schema)) {
        bool required = false;
        if (sv_value_get(properties, name) != schema)
            continue; /* written twice: the last one counts */
        if (count_having(members->view, name) > 1)
            return sv_error_set(members->maker->error, SV_INVALID, NULL,
                                "allOf: two of the schemas have the property \"%.*s\"",
                                SV_STR_ARG(sv_str_slice(name, 0, 80)));
        status = is_required(members, name, &required);
        if (!status)
            status = write_member(members, name, schema);
        if (!status)
            status = write_rest(members, required, *may_be_empty);
        if (!status)
            status = sv_grammar_rules_check(&members->maker->rules, members->maker->error);
        *may_be_empty &= !required;
        members->n++;
    }
    return status;
}

static sv_status write_end(const member_rules *members, bool may_be_empty)
{
    sv_buf line;
    sv_buf_init(&line, 100);
    sv_buf_append_str(&line, SV_STR("sp"));
    add_rule(members, 't', members->n, &line);
    sv_status status = sv_buf_status(&line);
    sv_buf_clear(&line);
    sv_buf_append_str(&line, SV_STR("\"\""));
    if (may_be_empty)
        add_rule(members, 'h', members->n, &line);
    if (!status)
        status = sv_buf_status(&line);
    sv_buf_deinit(&line);
    return status;
}

/* No properties: any members whose values fit `schema`. */
static sv_status write_map(const member_rules *members, const sv_value *schema, sv_buf *line)
{
    sv_grammar_node step = {.schema = schema, .parent = members->node};
    sv_grammar_rules *rules = &members->maker->rules;
    size_t target, node = members->node;
    sv_buf more;
    step.keyword = SV_STR("additionalProperties");
    sv_status status = sv_grammar_maker_refer(members->maker, &step, &target);
    if (status)
        return status;
    sv_buf_init(&more, 200);
    sv_grammar_rules_use(rules, SV_GRAMMAR_STRING);
    sv_buf_printf(&more, "string \":\" sp r%zu", target);
    add_rule(members, 'k', 0, &more);
    status = sv_buf_status(&more);
    sv_buf_clear(&more);
    sv_buf_printf(&more, "\",\" sp r%zu-k0", node);
    add_rule(members, 't', 0, &more);
    if (!status)
        status = sv_buf_status(&more);
    sv_buf_deinit(&more);
    sv_buf_printf(line, "\"{\" sp (r%zu-k0 r%zu-t0* sp)? \"}\"", node, node);
    return status;
}

/* Bounds what several parts may say of members beyond the named ones. */
static sv_status check_additional(const member_rules *members, const sv_value *additional)
{
    bool is_shut =
        additional && sv_value_get_type(additional) == SV_VALUE_BOOL && !sv_value_bool(additional);
    size_t n_with = 0;
    for (size_t i = 0; i < members->view->n_parts; i++) {
        const sv_value *list = sv_value_get(members->view->parts[i], SV_STR("properties"));
        if (list && (sv_value_get_type(list) != SV_VALUE_OBJECT || sv_value_len(list) > 2000))
            return sv_error_set(members->maker->error, SV_INVALID, NULL,
                                "\"properties\" is no object of at most 2000");
        n_with += list && sv_value_len(list);
    }
    bool is_open = !additional || (sv_value_get_type(additional) == SV_VALUE_BOOL && !is_shut);
    if (!is_open && n_with && members->view->n_parts > 1)
        for (size_t i = 0; i < members->view->n_parts; i++) {
            const sv_value *list = sv_value_get(members->view->parts[i], SV_STR("properties"));
            const sv_value *said =
                sv_value_get(members->view->parts[i], SV_STR("additionalProperties"));
            if (said == additional && n_with == (size_t)(list && sv_value_len(list)))
                return SV_OK;
        }
    if (!is_open && n_with && members->view->n_parts > 1)
        return sv_error_set(members->maker->error, SV_INVALID, NULL,
                            "allOf: \"additionalProperties\" of one schema shuts out the "
                            "properties of another");
    return SV_OK;
}

sv_status sv_grammar_object_write(sv_grammar_maker *maker, size_t node, const sv_grammar_view *view,
                                  sv_buf *line)
{
    member_rules members = {.maker = maker, .node = node, .view = view};
    const sv_value *additional = sv_grammar_view_get(view, "additionalProperties");
    bool has_named = false, may_be_empty = true;
    sv_status status = check_additional(&members, additional);
    for (size_t i = 0; !status && i < view->n_parts; i++) {
        const sv_value *list = sv_value_get(view->parts[i], SV_STR("properties"));
        has_named |= list && sv_value_len(list);
    }
    if (!status)
        status = check_required(&members);
    if (status)
        return status;
    sv_grammar_rules_use(&maker->rules, SV_GRAMMAR_SPACE);
    bool is_bool = additional && sv_value_get_type(additional) == SV_VALUE_BOOL;
    if (!has_named && (!additional || (is_bool && sv_value_bool(additional)))) {
        sv_buf_append_str(line,
                          sv_str_from(sv_grammar_rules_use(&maker->rules, SV_GRAMMAR_OBJECT)));
        return SV_OK;
    }
    if (!has_named && !is_bool)
        return write_map(&members, additional, line);
    for (size_t i = 0; !status && i < view->n_parts; i++) {
        const sv_value *list = sv_value_get(view->parts[i], SV_STR("properties"));
        if (list)
            status = write_part(&members, list, &may_be_empty);
    }
    if (!status)
        status = write_end(&members, may_be_empty);
    sv_buf_printf(line, "\"{\" sp r%zu-h0 \"}\"", node);
    return status;
}
