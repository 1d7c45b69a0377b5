/* grammar_array.c: arrays of a schema to rules. Of the node r5: `r5-m` is one more item with its
 * comma, `r5-l` all the items of an array that is not empty. */
#include <stdio.h>

#include "text/grammar_maker.h"

/* The items in front, and those behind them. */
typedef struct item_rules {
    const sv_value *front; /* NULL: none */
    const sv_value *rest;  /* NULL: not said */
    size_t n_front, min, max;
} item_rules;

static sv_status read_items(sv_grammar_maker *maker, const sv_grammar_view *view, item_rules *items)
{
    items->front = sv_grammar_view_get(view, "prefixItems");
    items->rest = sv_grammar_view_get(view, "items");
    items->max = SIZE_MAX;
    sv_status status = sv_grammar_maker_get_size(maker, view, "minItems", &items->min);
    if (!status)
        status = sv_grammar_maker_get_size(maker, view, "maxItems", &items->max);
    if (status)
        return status;
    if (items->front && sv_value_get_type(items->front) != SV_VALUE_ARRAY)
        return sv_error_set(maker->error, SV_INVALID, NULL, "\"prefixItems\" is no array");
    items->n_front = items->front ? sv_value_len(items->front) : 0;
    bool is_shut = items->rest && sv_value_get_type(items->rest) == SV_VALUE_BOOL &&
                   !sv_value_bool(items->rest);
    if (is_shut || (items->n_front && !items->rest)) {
        items->rest = NULL;
        items->max = items->max < items->n_front ? items->max : items->n_front;
    }
    if (items->min > items->max || items->n_front > items->max)
        return sv_error_set(maker->error, SV_INVALID, NULL,
                            "no array has as many items as \"minItems\", \"maxItems\" and "
                            "\"prefixItems\" ask for");
    return SV_OK;
}

static sv_status write_front(sv_grammar_maker *maker, size_t node, const item_rules *items,
                             sv_buf *line)
{
    const sv_value *item;
    sv_value_cursor cursor = sv_value_walk(items->front);
    for (size_t i = 0; sv_value_next_item(&cursor, &item); i++) {
        sv_grammar_node step = {.schema = item, .parent = node};
        size_t target;
        step.keyword = SV_STR("prefixItems");
        step.name = sv_arena_number(maker->arena, (int64_t)i);
        if (!step.name.ptr)
            return SV_NO_MEMORY;
        sv_status status = sv_grammar_maker_refer(maker, &step, &target);
        if (status)
            return status;
        sv_buf_printf(line, "%sr%zu ", i ? "\",\" sp " : "", target);
    }
    return SV_OK;
}

/* The name of the rule of the items behind, in `name`. */
static sv_status name_rest(sv_grammar_maker *maker, size_t node, const item_rules *items,
                           char name[24])
{
    sv_grammar_node step = {.schema = items->rest, .parent = node};
    size_t target;
    step.keyword = SV_STR("items");
    if (!items->rest) {
        sv_grammar_rules_use(&maker->rules, SV_GRAMMAR_VALUE);
        snprintf(name, 24, "value");
        return SV_OK;
    }
    sv_status status = sv_grammar_maker_refer(maker, &step, &target);
    if (!status)
        snprintf(name, 24, "r%zu", target);
    return status;
}

/* `r5-m`: a comma and one more. */
static sv_status write_more(sv_grammar_maker *maker, size_t node, const char *item)
{
    char name[32];
    sv_buf more;
    sv_buf_init(&more, 100);
    sv_buf_printf(&more, "\",\" sp %s", item);
    snprintf(name, sizeof name, "r%zu-m", node);
    sv_grammar_rules_add(&maker->rules, name, &more);
    sv_status status = sv_buf_status(&more);
    sv_buf_deinit(&more);
    return status;
}

/* The items, at least one. */
static sv_status write_items(sv_grammar_maker *maker, size_t node, const item_rules *items,
                             sv_buf *line)
{
    char item[24];
    sv_status status = SV_OK;
    size_t n = items->n_front;
    if (n)
        status = write_front(maker, node, items, line);
    if (status || items->max == n)
        return status;
    status = name_rest(maker, node, items, item);
    if (!n) {
        sv_buf_printf(line, "%s ", item);
        n = 1;
    }
    if (status || items->max == n)
        return status;
    sv_buf_printf(line, "r%zu-m", node);
    sv_grammar_rules_repeat(&maker->rules, line, items->min > n ? items->min - n : 0,
                            items->max == SIZE_MAX ? SIZE_MAX : items->max - n);
    return write_more(maker, node, item);
}

sv_status sv_grammar_array_write(sv_grammar_maker *maker, size_t node, const sv_grammar_view *view,
                                 sv_buf *line)
{
    item_rules items = {0};
    char name[32];
    sv_buf list;
    sv_status status = read_items(maker, view, &items);
    if (status)
        return status;
    sv_grammar_rules_use(&maker->rules, SV_GRAMMAR_SPACE);
    if (items.max == 0) {
        sv_buf_append_str(line, SV_STR("\"[\" sp \"]\""));
        return SV_OK;
    }
    sv_buf_init(&list, SV_GRAMMAR_MAX_BYTES);
    status = write_items(maker, node, &items, &list);
    sv_buf_append_str(&list, SV_STR(" sp"));
    snprintf(name, sizeof name, "r%zu-l", node);
    sv_grammar_rules_add(&maker->rules, name, &list);
    if (!status)
        status = sv_buf_status(&list);
    sv_buf_deinit(&list);
    sv_buf_printf(line, "\"[\" sp r%zu-l%s \"]\"", node, items.min || items.n_front ? "" : "?");
    return status;
}
