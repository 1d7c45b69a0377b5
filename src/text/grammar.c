/* grammar.c: schemas to rules.
 *
 * DESIGN. Every schema within the schema is a node with a rule of its own, `r<index>`, which names
 * the rules of the schemas it leads to. Nodes wait in a list and are written one after another, so
 * that no schema, however deep, needs a deep stack; a schema that is met again, as `$ref` allows,
 * is named again and not written again, so that nothing grows faster than its text. */
#include "text/grammar.h"

#include <stdio.h>

#include "text/grammar_maker.h"
#include "text/grammar_number.h"

enum { MAX_SHOWN_STEPS = 16 };

static const struct {
    const char *name;
    sv_grammar_about about;
} types[] = {
    {"object", SV_GRAMMAR_ABOUT_OBJECT},   {"array", SV_GRAMMAR_ABOUT_ARRAY},
    {"string", SV_GRAMMAR_ABOUT_STRING},   {"number", SV_GRAMMAR_ABOUT_NUMBER},
    {"integer", SV_GRAMMAR_ABOUT_NOTHING}, {"boolean", SV_GRAMMAR_ABOUT_NOTHING},
    {"null", SV_GRAMMAR_ABOUT_NOTHING},
};
enum type {
    TYPE_OBJECT,
    TYPE_ARRAY,
    TYPE_STRING,
    TYPE_NUMBER,
    TYPE_INTEGER,
    TYPE_BOOLEAN,
    TYPE_NULL,
    N_TYPES
};

static sv_status refuse(sv_grammar_maker *maker, const char *message)
{
    return sv_error_set(maker->error, SV_INVALID, NULL, "%s", message);
}

static sv_status add_node(sv_grammar_maker *maker, const sv_grammar_node *node, size_t *ret_node)
{
    for (size_t i = 0; i < maker->n_nodes; i++)
        if (maker->nodes[i].schema == node->schema && maker->nodes[i].root == node->root) {
            *ret_node = i;
            return SV_OK;
        }
    if (maker->n_nodes == SV_GRAMMAR_MAX_NODES)
        return refuse(maker, "the schema holds more than 2000 schemas");
    maker->nodes[maker->n_nodes] = *node;
    *ret_node = maker->n_nodes++;
    return SV_OK;
}

sv_status sv_grammar_maker_refer(sv_grammar_maker *maker, const sv_grammar_node *step,
                                 size_t *ret_node)
{
    const sv_grammar_node *parent = &maker->nodes[step->parent];
    sv_grammar_node node = *step;
    sv_str ref;
    node.root = parent->root;
    node.tool = parent->tool;
    sv_status status = sv_grammar_view_follow(node.root, &node.schema, &ref, maker->error);
    if (status)
        return status;
    if (ref.len) {
        node.parent = SV_GRAMMAR_NO_NODE;
        node.name = ref;
    }
    return add_node(maker, &node, ret_node);
}

sv_status sv_grammar_maker_get_size(sv_grammar_maker *maker, const sv_grammar_view *view,
                                    const char *keyword, size_t *ret_size)
{
    const sv_value *value = sv_grammar_view_get(view, keyword);
    uint64_t size;
    if (!value)
        return SV_OK;
    if (!sv_value_get_uint(value, &size))
        return sv_error_set(maker->error, SV_INVALID, NULL, "\"%s\" is no whole number from 0 on",
                            keyword);
    *ret_size = size < SIZE_MAX ? (size_t)size : SIZE_MAX - 1;
    return SV_OK;
}

static void begin_alternative(sv_buf *line)
{
    if (line->len)
        sv_buf_append_str(line, SV_STR(" | "));
}

static void write_builtin(sv_grammar_maker *maker, sv_buf *line, sv_grammar_builtin builtin)
{
    sv_buf_append_str(line, sv_str_from(sv_grammar_rules_use(&maker->rules, builtin)));
}

static sv_status write_string(sv_grammar_maker *maker, const sv_grammar_view *view, sv_buf *line)
{
    static const struct {
        const char *name;
        sv_grammar_builtin builtin;
    } formats[] = {{"date", SV_GRAMMAR_DATE},
                   {"time", SV_GRAMMAR_TIME},
                   {"date-time", SV_GRAMMAR_DATE_TIME},
                   {"uuid", SV_GRAMMAR_UUID}};
    const sv_value *format = sv_grammar_view_get(view, "format");
    size_t min = 0, max = SIZE_MAX;
    sv_status status = sv_grammar_maker_get_size(maker, view, "minLength", &min);
    if (!status)
        status = sv_grammar_maker_get_size(maker, view, "maxLength", &max);
    if (status)
        return status;
    if (min > max)
        return refuse(maker, "\"minLength\" passes \"maxLength\"");
    bool has_format = format && sv_value_get_type(format) == SV_VALUE_STR;
    for (size_t i = 0; has_format && i < sizeof formats / sizeof *formats; i++) {
        if (!sv_str_eq(sv_value_str(format), sv_str_from(formats[i].name)))
            continue;
        if (min || max != SIZE_MAX)
            return refuse(maker, "\"format\" and a length cannot be joined");
        write_builtin(maker, line, formats[i].builtin);
        return SV_OK;
    }
    if (!min && max == SIZE_MAX) {
        write_builtin(maker, line, SV_GRAMMAR_STRING);
        return SV_OK;
    }
    sv_buf_append_str(line, SV_STR("\"\\\"\" "));
    if (max) {
        write_builtin(maker, line, SV_GRAMMAR_CHAR);
        sv_grammar_rules_repeat(&maker->rules, line, min, max);
    }
    sv_buf_append_str(line, SV_STR(" \"\\\"\""));
    return SV_OK;
}

static sv_status write_type(sv_grammar_maker *maker, size_t node, const sv_grammar_view *view,
                            enum type type, sv_buf *line)
{
    begin_alternative(line);
    switch (type) {
    case TYPE_OBJECT:
        return sv_grammar_object_write(maker, node, view, line);
    case TYPE_ARRAY:
        return sv_grammar_array_write(maker, node, view, line);
    case TYPE_STRING:
        return write_string(maker, view, line);
    case TYPE_NUMBER:
        return sv_grammar_number_write(&maker->rules, view, false, line, maker->error);
    case TYPE_INTEGER:
        return sv_grammar_number_write(&maker->rules, view, true, line, maker->error);
    case TYPE_BOOLEAN:
        write_builtin(maker, line, SV_GRAMMAR_BOOLEAN);
        return SV_OK;
    case TYPE_NULL:
        write_builtin(maker, line, SV_GRAMMAR_NULL);
        return SV_OK;
    case N_TYPES:
        break;
    }
    return SV_OK;
}

static sv_status read_type(sv_grammar_maker *maker, const sv_value *value, unsigned *types_said)
{
    for (size_t i = 0; sv_value_get_type(value) == SV_VALUE_STR && i < N_TYPES; i++)
        if (sv_str_eq(sv_value_str(value), sv_str_from(types[i].name))) {
            *types_said |= 1u << i;
            return SV_OK;
        }
    return refuse(maker,
                  "\"type\" is none of object, array, string, number, integer, boolean, null");
}

/* Bits of enum type; 0: any. Without "type", the keywords tell what is meant. */
static sv_status read_types(sv_grammar_maker *maker, const sv_grammar_view *view,
                            unsigned *ret_types)
{
    const sv_value *type = sv_grammar_view_get(view, "type"), *item;
    const sv_value *nullable = sv_grammar_view_get(view, "nullable");
    unsigned said = 0;
    sv_status status = SV_OK;
    if (type && sv_value_get_type(type) == SV_VALUE_ARRAY) {
        sv_value_cursor cursor = sv_value_walk(type);
        if (!sv_value_len(type))
            return refuse(maker, "\"type\" allows nothing");
        while (!status && sv_value_next_item(&cursor, &item))
            status = read_type(maker, item, &said);
    } else if (type) {
        status = read_type(maker, type, &said);
    } else {
        for (size_t i = 0; i < N_TYPES; i++)
            if (types[i].about && view->about >> types[i].about & 1)
                said |= 1u << i;
    }
    if (status)
        return status;
    if (said >> TYPE_NUMBER & 1)
        said &= ~(1u << TYPE_INTEGER);
    if (said && nullable && sv_value_get_type(nullable) == SV_VALUE_BOOL && sv_value_bool(nullable))
        said |= 1u << TYPE_NULL;
    *ret_types = said;
    return SV_OK;
}

static bool has_type(const sv_value *value, unsigned said)
{
    switch (sv_value_get_type(value)) {
    case SV_VALUE_NULL:
        return said >> TYPE_NULL & 1;
    case SV_VALUE_BOOL:
        return said >> TYPE_BOOLEAN & 1;
    case SV_VALUE_INT:
    case SV_VALUE_BIG_INT:
        return (said >> TYPE_INTEGER & 1) || (said >> TYPE_NUMBER & 1);
    case SV_VALUE_DOUBLE:
        return said >> TYPE_NUMBER & 1;
    case SV_VALUE_INFINITE:
        return false;
    case SV_VALUE_STR:
        return said >> TYPE_STRING & 1;
    case SV_VALUE_ARRAY:
        return said >> TYPE_ARRAY & 1;
    case SV_VALUE_OBJECT:
        return said >> TYPE_OBJECT & 1;
    }
    return false;
}

static sv_status write_allowed(const sv_value *value, unsigned said, sv_buf *line)
{
    if (said && !has_type(value, said))
        return SV_OK;
    begin_alternative(line);
    return sv_grammar_rules_write_value(line, value);
}

static sv_status write_values(sv_grammar_maker *maker, const sv_grammar_view *view, unsigned said,
                              sv_buf *line)
{
    const sv_value *constant = sv_grammar_view_get(view, "const"), *item;
    const sv_value *values = sv_grammar_view_get(view, "enum");
    sv_status status = SV_OK;
    if (constant && values)
        return refuse(maker, "\"enum\" and \"const\" cannot be joined");
    if (values && (sv_value_get_type(values) != SV_VALUE_ARRAY || sv_value_len(values) > 1000))
        return refuse(maker, "\"enum\" is no array of at most 1000 values");
    if (constant)
        status = write_allowed(constant, said, line);
    sv_value_cursor cursor = {0};
    if (values)
        cursor = sv_value_walk(values);
    while (values && !status && sv_value_next_item(&cursor, &item))
        status = write_allowed(item, said, line);
    if (!status && !line->len)
        status = refuse(maker, "\"enum\" or \"const\" has no value that \"type\" allows");
    return status;
}

static sv_status write_choice(sv_grammar_maker *maker, size_t node, const sv_grammar_view *view,
                              sv_buf *line)
{
    const sv_value *any = sv_grammar_view_get(view, "anyOf"), *item;
    const sv_value *one = sv_grammar_view_get(view, "oneOf"), *list = any ? any : one;
    sv_str keyword = any ? SV_STR("anyOf") : SV_STR("oneOf");
    if ((any && one) || sv_value_get_type(list) != SV_VALUE_ARRAY || !sv_value_len(list))
        return refuse(maker, "\"anyOf\" or \"oneOf\", one of them, is an array of schemas");
    maker->nodes[node].first_link = maker->n_links;
    sv_value_cursor cursor = sv_value_walk(list);
    for (size_t i = 0; sv_value_next_item(&cursor, &item); i++) {
        sv_grammar_node step = {.schema = item, .parent = node, .keyword = keyword};
        size_t target;
        step.name = sv_arena_number(maker->arena, (int64_t)i);
        if (!step.name.ptr)
            return SV_NO_MEMORY;
        if (maker->n_links == SV_GRAMMAR_MAX_LINKS)
            return refuse(maker, "the schema has more than 4000 alternatives");
        sv_status status = sv_grammar_maker_refer(maker, &step, &target);
        if (status)
            return status;
        begin_alternative(line);
        sv_buf_printf(line, "r%zu", target);
        maker->links[maker->n_links++] = target;
        maker->nodes[node].n_links++;
    }
    const sv_value *nullable = sv_grammar_view_get(view, "nullable");
    if (nullable && sv_value_get_type(nullable) == SV_VALUE_BOOL && sv_value_bool(nullable)) {
        begin_alternative(line);
        write_builtin(maker, line, SV_GRAMMAR_NULL);
    }
    return SV_OK;
}

static sv_status write_body(sv_grammar_maker *maker, size_t node, sv_buf *line)
{
    const unsigned shapes = 1u << SV_GRAMMAR_ABOUT_OBJECT | 1u << SV_GRAMMAR_ABOUT_ARRAY |
                            1u << SV_GRAMMAR_ABOUT_STRING | 1u << SV_GRAMMAR_ABOUT_NUMBER;
    const unsigned values = 1u << SV_GRAMMAR_ABOUT_VALUES;
    sv_grammar_view view;
    unsigned said;
    const sv_grammar_node *at = &maker->nodes[node];
    sv_status status = sv_grammar_view_read(at->root, at->schema, &view, maker->error);
    if (!status)
        status = read_types(maker, &view, &said);
    if (status)
        return status;
    if (view.about & 1u << SV_GRAMMAR_ABOUT_CHOICE) {
        if (view.about & (shapes | values) || sv_grammar_view_get(&view, "type"))
            return refuse(maker, "\"anyOf\" or \"oneOf\" beside other keywords is not supported");
        return write_choice(maker, node, &view, line);
    }
    if (view.about & values) {
        if (view.about & shapes)
            return refuse(maker, "\"enum\" or \"const\" beside a limit is not supported");
        return write_values(maker, &view, said, line);
    }
    if (!said) {
        bool is_arguments = at->tool.len && at->schema == at->root;
        write_builtin(maker, line, is_arguments ? SV_GRAMMAR_OBJECT : SV_GRAMMAR_VALUE);
    }
    for (size_t i = 0; !status && i < N_TYPES; i++)
        if (said >> i & 1)
            status = write_type(maker, node, &view, (enum type)i, line);
    return status;
}

/* Says where `node` is, behind the message that is in the error. */
static void tell_where(sv_grammar_maker *maker, size_t node)
{
    size_t steps[MAX_SHOWN_STEPS], n = 0, at = node;
    char path[200] = "#";
    size_t len = 1;
    sv_error *error = maker->error;
    if (!error)
        return;
    for (; n < MAX_SHOWN_STEPS && maker->nodes[at].parent != SV_GRAMMAR_NO_NODE; n++) {
        steps[n] = at;
        at = maker->nodes[at].parent;
    }
    sv_str base = maker->nodes[at].name, tool = sv_str_slice(maker->nodes[node].tool, 0, 80);
    if (n == MAX_SHOWN_STEPS)
        base = SV_STR("#/...");
    if (base.len)
        len = (size_t)snprintf(path, sizeof path / 2, "%.*s", SV_STR_ARG(base));
    len = len < sizeof path / 2 ? len : sizeof path / 2 - 1;
    for (; n > 0 && len < sizeof path; n--) {
        const sv_grammar_node *step = &maker->nodes[steps[n - 1]];
        len += (size_t)snprintf(path + len, sizeof path - len, "/%.*s%s%.*s",
                                SV_STR_ARG(step->keyword), step->name.len ? "/" : "",
                                SV_STR_ARG(step->name));
    }
    sv_error_set(error, SV_INVALID, error->kind, "%.*s%s%s at %s", SV_STR_ARG(tool),
                 tool.len ? ": " : "", error->message, path);
}

static sv_status write_node(sv_grammar_maker *maker, size_t node)
{
    char name[24];
    sv_buf line;
    sv_buf_init(&line, SV_GRAMMAR_MAX_BYTES);
    snprintf(name, sizeof name, "r%zu", node);
    sv_status status = write_body(maker, node, &line);
    if (!status)
        status = sv_buf_status(&line);
    if (!status) {
        sv_grammar_rules_add(&maker->rules, name, &line);
        status = sv_grammar_rules_check(&maker->rules, maker->error);
    } else if (sv_buf_status(&line) == SV_TOO_LARGE || status == SV_TOO_LARGE) {
        status = refuse(maker, "the grammar of the schema passes 256 KiB");
    }
    sv_buf_deinit(&line);
    if (status == SV_INVALID)
        tell_where(maker, node);
    return status;
}

/* A choice that leads back to itself with nothing between is a loop that no text gets out of.
 * Recursion: as deep as choices lie directly in choices, up to `depth`. */
static sv_status find_loop(sv_grammar_maker *maker, size_t node, int depth)
{
    sv_grammar_node *at = &maker->nodes[node];
    sv_status status = SV_OK;
    if (at->is_done)
        return SV_OK;
    if (at->is_open || depth == 0) {
        refuse(maker, at->is_open ? "alternatives lead back to themselves"
                                  : "alternatives are nested too deeply");
        tell_where(maker, node);
        return SV_INVALID;
    }
    at->is_open = true;
    for (size_t i = 0; !status && i < at->n_links; i++)
        status = find_loop(maker, maker->links[at->first_link + i], depth - 1);
    at->is_open = false;
    at->is_done = true;
    return status;
}

static sv_status write_all(sv_grammar_maker *maker)
{
    sv_status status = SV_OK;
    while (!status && maker->n_written < maker->n_nodes)
        status = write_node(maker, maker->n_written++);
    for (size_t i = 0; !status && i < maker->n_nodes; i++)
        status = find_loop(maker, i, 64);
    return status;
}

static sv_status init_maker(sv_grammar_maker *maker, sv_buf *out, sv_error *error)
{
    *maker = (sv_grammar_maker){.error = error};
    sv_grammar_rules_init(&maker->rules, out);
    maker->arena = sv_arena_new(0);
    if (!maker->arena)
        return SV_NO_MEMORY;
    maker->nodes = sv_arena_alloc_array(maker->arena, SV_GRAMMAR_MAX_NODES, sizeof *maker->nodes);
    maker->links = sv_arena_alloc_array(maker->arena, SV_GRAMMAR_MAX_LINKS, sizeof *maker->links);
    return maker->nodes && maker->links ? SV_OK : SV_NO_MEMORY;
}

/* Ends the work: all ready-made rules, or, on failure, `out` as it was. */
static sv_status finish(sv_grammar_maker *maker, sv_status status)
{
    sv_buf *out = maker->rules.out;
    if (!status) {
        sv_grammar_rules_finish(&maker->rules);
        status = sv_grammar_rules_check(&maker->rules, maker->error);
    }
    if (status)
        out->len = maker->rules.start;
    sv_arena_free(maker->arena);
    return status;
}

static sv_status add_root(sv_grammar_maker *maker, const sv_value *schema, sv_str tool,
                          size_t *ret_node)
{
    sv_grammar_node node = {.schema = schema, .root = schema, .tool = tool};
    sv_str ref;
    node.parent = SV_GRAMMAR_NO_NODE;
    sv_status status = sv_grammar_view_follow(schema, &node.schema, &ref, maker->error);
    node.name = status ? SV_STR("") : ref;
    return status ? status : add_node(maker, &node, ret_node);
}

sv_status sv_grammar_from_schema(const sv_value *schema, sv_buf *out, sv_error *error)
{
    sv_grammar_maker maker;
    size_t node;
    sv_status status = init_maker(&maker, out, error);
    if (!status)
        status = add_root(&maker, schema, SV_STR(""), &node);
    if (!status) {
        sv_buf_append_str(out, SV_STR("root ::= r0\n"));
        status = write_all(&maker);
    }
    return finish(&maker, status);
}

/* The rule of one call, `t<index>`. */
static sv_status write_tool(sv_grammar_maker *maker, const sv_grammar_tool *tool, size_t index)
{
    char name[24];
    size_t node = 0;
    sv_buf line;
    sv_status status = SV_OK;
    if (tool->parameters)
        status = add_root(maker, tool->parameters, tool->name, &node);
    if (status)
        return status;
    sv_buf_init(&line, SV_GRAMMAR_MAX_BYTES);
    sv_grammar_rules_use(&maker->rules, SV_GRAMMAR_SPACE);
    sv_buf_append_str(&line, SV_STR("\"{\" sp \"\\\"name\\\":\" sp "));
    status = sv_grammar_rules_write_json_text(&line, tool->name);
    sv_buf_append_str(&line, SV_STR(" \",\" sp \"\\\"arguments\\\":\" sp "));
    if (tool->parameters)
        sv_buf_printf(&line, "r%zu", node);
    else
        sv_buf_append_str(&line, SV_STR("\"{\" sp \"}\""));
    sv_buf_append_str(&line, SV_STR(" sp \"}\""));
    snprintf(name, sizeof name, "t%zu", index);
    sv_grammar_rules_add(&maker->rules, name, &line);
    if (!status)
        status = sv_buf_status(&line);
    sv_buf_deinit(&line);
    return status ? status : sv_grammar_rules_check(&maker->rules, maker->error);
}

sv_status sv_grammar_from_tools(const sv_grammar_tool *tools, size_t n_tools, sv_buf *out,
                                sv_error *error)
{
    sv_grammar_maker maker;
    if (n_tools < 1 || n_tools > SV_GRAMMAR_MAX_TOOLS)
        return sv_error_set(error, SV_INVALID, NULL, "1 to 128 functions can be called");
    sv_status status = init_maker(&maker, out, error);
    for (size_t i = 0; !status && i < n_tools; i++)
        sv_buf_printf(out, "%s t%zu", i ? " |" : "root ::=", i);
    sv_buf_append_byte(out, '\n');
    for (size_t i = 0; !status && i < n_tools; i++)
        status = write_tool(&maker, &tools[i], i);
    if (!status)
        status = write_all(&maker);
    return finish(&maker, status);
}

sv_status sv_grammar_json_object(sv_buf *out)
{
    sv_grammar_rules rules;
    sv_grammar_rules_init(&rules, out);
    sv_buf_append_str(out, SV_STR("root ::= object\n"));
    sv_grammar_rules_use(&rules, SV_GRAMMAR_OBJECT);
    sv_grammar_rules_finish(&rules);
    sv_status status = sv_grammar_rules_check(&rules, NULL);
    if (status)
        out->len = rules.start;
    return status;
}
