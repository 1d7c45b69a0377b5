/* plan_union.c: which values of the discriminator lead to which variant of a union, and what
 * pydantic calls the types of its variants in the paths of errors. Choosing: decode_union.c. */
#include <string.h>

#include "json/planner.h"

enum { MAX_LABEL = 1 << 12, MAX_LABEL_DEPTH = 8, MAX_TAGS_TEXT = 1 << 16 };

static const char *const simple_labels[] = {
    [SV_KIND_NONE] = "none",   [SV_KIND_STR] = "str",
    [SV_KIND_INT] = "int",     [SV_KIND_DOUBLE] = "float",
    [SV_KIND_BOOL] = "bool",   [SV_KIND_DATETIME] = "datetime",
    [SV_KIND_DATE] = "date",   [SV_KIND_TIME] = "time",
    [SV_KIND_UUID] = "uuid",   [SV_KIND_DURATION] = "timedelta",
    [SV_KIND_BYTES] = "bytes", [SV_KIND_DECIMAL] = "decimal",
    [SV_KIND_JSON] = "any",    [SV_KIND_FILE] = "is-instance[UploadFile]",
    [SV_KIND_EXTRAS] = "any",
};

static const char *const format_labels[] = {
    [SV_FORMAT_NONE] = NULL,
    [SV_FORMAT_EMAIL] = "function-after[_validate(), str]",
    [SV_FORMAT_URL] = "function-wrap[wrap_val()]",
    [SV_FORMAT_HTTP_URL] = "function-wrap[wrap_val()]",
    [SV_FORMAT_IPV4] = "lax-or-strict[lax=function-plain[ip_v4_address_validator()],"
                       "strict=json-or-python[json=function-after[IPv4Address(), str],"
                       "python=is-instance[IPv4Address]]]",
    [SV_FORMAT_IPV6] = "lax-or-strict[lax=function-plain[ip_v6_address_validator()],"
                       "strict=json-or-python[json=function-after[IPv6Address(), str],"
                       "python=is-instance[IPv6Address]]]",
    [SV_FORMAT_BASE64] = "function-after[decode(), bytes]",
};

static void append(sv_buf *buf, const char *text)
{
    sv_buf_append_str(buf, sv_str_from(text));
}

/* Text, bytes and numbers with limits have a name of their own. */
static bool is_constrained(const sv_field *row)
{
    bool has_bounds =
        row->ge.set || row->gt.set || row->le.set || row->lt.set || row->multiple_of.set;
    bool edits = row->pattern || row->strip || row->lower || row->upper;
    switch (row->kind) {
    case SV_KIND_STR:
    case SV_KIND_BYTES:
        return row->min_len || row->max_len || edits;
    case SV_KIND_INT:
    case SV_KIND_DOUBLE:
        return has_bounds;
    case SV_KIND_NONE:
    case SV_KIND_BOOL:
    case SV_KIND_ENUM:
    case SV_KIND_OBJECT:
    case SV_KIND_LIST:
    case SV_KIND_MAP:
    case SV_KIND_ARRAY:
    case SV_KIND_DATETIME:
    case SV_KIND_DATE:
    case SV_KIND_TIME:
    case SV_KIND_DURATION:
    case SV_KIND_UUID:
    case SV_KIND_DECIMAL:
    case SV_KIND_JSON:
    case SV_KIND_FILE:
    case SV_KIND_EXTRAS:
        break;
    }
    return false;
}

static void append_enum(sv_buf *buf, const sv_plan_field *field)
{
    const sv_enum *names = field->row->enumeration;
    if (names->form == SV_ENUM_NAMES || names->form == SV_ENUM_NUMBERS) {
        sv_buf_printf(buf, "%s-enum[%s]", names->form == SV_ENUM_NAMES ? "str" : "int",
                      names->name);
        return;
    }
    append(buf, "literal[");
    for (size_t i = 0; i < names->n_values; i++) {
        const char *quote = field->literals ? "" : "'";
        bool is_text = field->literals && sv_value_get_type(field->literals[i]) == SV_VALUE_STR;
        append(buf, i ? "," : "");
        if (is_text)
            sv_buf_printf(buf, "'%.*s'", SV_STR_ARG(sv_value_str(field->literals[i])));
        else
            sv_buf_printf(buf, "%s%s%s", quote, names->values[i].name, quote);
    }
    append(buf, "]");
}

static void append_label(sv_buf *buf, const sv_plan_field *field, int depth);

static void append_labels(sv_buf *buf, const char *word, const sv_plan *plan, int depth)
{
    sv_buf_printf(buf, "%s[", word);
    for (size_t i = 0; i < plan->n_fields; i++) {
        append(buf, i ? ", " : "");
        append_label(buf, &plan->fields[i], depth);
    }
    append(buf, "]");
}

static void append_object(sv_buf *buf, const sv_plan_field *field, int depth)
{
    const sv_schema *schema = field->plan->schema;
    if (schema->shape == SV_SHAPE_TUPLE)
        append_labels(buf, "tuple", field->plan, depth);
    else if (schema->shape == SV_SHAPE_UNION)
        append_labels(buf, "union", field->plan, depth);
    else
        append(buf, schema->component ? schema->component : schema->name);
}

static void append_container(sv_buf *buf, const sv_plan_field *field, int depth)
{
    if (field->kind == SV_KIND_MAP) {
        append(buf, "dict[");
        if (field->map_key)
            append_label(buf, field->map_key, depth);
        else
            append(buf, "str");
        append(buf, ",");
    } else {
        append(buf, field->kind == SV_KIND_ARRAY ? "tuple["
                    : field->row->unique         ? "set["
                                                 : "list[");
    }
    size_t n = field->kind == SV_KIND_ARRAY ? field->n_items : 1;
    for (size_t i = 0; i < n; i++) {
        append(buf, i ? ", " : "");
        append_label(buf, field->item, depth);
    }
    append(buf, "]");
}

static void append_bare_label(sv_buf *buf, const sv_plan_field *field, int depth)
{
    if (field->kind == SV_KIND_ENUM)
        append_enum(buf, field);
    else if (field->kind == SV_KIND_OBJECT)
        append_object(buf, field, depth);
    else if (field->item)
        append_container(buf, field, depth);
    else if (field->row->format)
        append(buf, format_labels[field->row->format]);
    else
        sv_buf_printf(buf, "%s%s", is_constrained(field->row) ? "constrained-" : "",
                      simple_labels[field->kind]);
}

static void append_label(sv_buf *buf, const sv_plan_field *field, int depth)
{
    if (depth == MAX_LABEL_DEPTH) {
        append(buf, "...");
        return;
    }
    append(buf, field->row->nullable ? "nullable[" : "");
    append_bare_label(buf, field, depth + 1);
    append(buf, field->row->nullable ? "]" : "");
}

static sv_status keep(sv_arena *arena, sv_buf *buf, sv_str *ret_text)
{
    sv_status status = sv_buf_status(buf);
    if (!status && !(*ret_text = sv_arena_copy(arena, sv_buf_str(buf))).ptr)
        status = SV_NO_MEMORY;
    sv_buf_deinit(buf);
    return status;
}

static sv_status fill_labels(sv_planner *p, sv_plan_draft *draft)
{
    sv_status status = SV_OK;
    for (size_t i = 0; i < draft->plan.n_fields && !status; i++) {
        sv_buf buf;
        sv_buf_init(&buf, MAX_LABEL);
        append_label(&buf, &draft->fields[i], 0);
        if (sv_buf_status(&buf) == SV_TOO_LARGE) {
            sv_buf_deinit(&buf);
            draft->fields[i].label = sv_str_from(draft->fields[i].row->name);
            continue;
        }
        status = keep(p->arena, &buf, &draft->fields[i].label);
    }
    return status;
}

/* The field that tells the tags of a variant; NULL when there is none. */
static const sv_plan_field *find_tag_field(const sv_plan *union_plan, const sv_plan_field *variant)
{
    if (variant->kind != SV_KIND_OBJECT)
        return NULL;
    for (size_t i = 0; i < variant->plan->n_fields; i++) {
        const sv_plan_field *field = &variant->plan->fields[i];
        if (strcmp(field->row->name, union_plan->schema->discriminator) == 0)
            return field->kind == SV_KIND_ENUM ? field : NULL;
    }
    return NULL;
}

static bool is_taken(const sv_plan *plan, const sv_plan_tag *tags, sv_str text)
{
    for (size_t i = 0; i < plan->n_tags; i++)
        if (sv_str_eq(tags[i].text, text))
            return true;
    return false;
}

static sv_str tag_text(const sv_plan_field *field, size_t i)
{
    if (!field->literals)
        return sv_str_from(field->row->enumeration->values[i].name);
    bool is_text = sv_value_get_type(field->literals[i]) == SV_VALUE_STR;
    return is_text ? sv_value_str(field->literals[i]) : (sv_str){0};
}

static void add_tags(sv_planner *p, sv_plan *plan, size_t variant, sv_plan_tag *tags)
{
    const sv_plan_field *field = find_tag_field(plan, &plan->fields[variant]);
    bool has_numbers = field && field->row->enumeration->form == SV_ENUM_NUMBERS;
    if (!field || has_numbers) {
        sv_plan_report(p, plan->schema, plan->fields[variant].row->name,
                       "a variant must be an object whose field %s is a text enum or literal",
                       plan->schema->discriminator);
        return;
    }
    plan->tag_name = field->name;
    for (size_t i = 0; i < field->row->enumeration->n_values; i++) {
        sv_str text = tag_text(field, i);
        if (!text.ptr)
            sv_plan_report(p, plan->schema, plan->fields[variant].row->name, "a tag must be text");
        else if (is_taken(plan, tags, text))
            sv_plan_report(p, plan->schema, plan->fields[variant].row->name,
                           "another variant has the tag %.*s", SV_STR_ARG(text));
        else
            tags[plan->n_tags++] = (sv_plan_tag){text, variant};
    }
}

static size_t count_tags(const sv_plan *plan)
{
    size_t n = 0;
    for (size_t i = 0; i < plan->n_fields; i++) {
        const sv_plan_field *field = find_tag_field(plan, &plan->fields[i]);
        n += field ? field->row->enumeration->n_values : 0;
    }
    return n;
}

static sv_status fill_tags(sv_planner *p, sv_plan *plan)
{
    sv_plan_tag *tags = sv_arena_alloc_array(p->arena, count_tags(plan), sizeof *tags);
    if (!tags)
        return SV_NO_MEMORY;
    plan->tags = tags;
    for (size_t i = 0; i < plan->n_fields; i++)
        add_tags(p, plan, i, tags);
    sv_buf buf;
    sv_buf_init(&buf, MAX_TAGS_TEXT);
    for (size_t i = 0; i < plan->n_tags; i++)
        sv_buf_printf(&buf, "%s'%.*s'", i ? ", " : "", SV_STR_ARG(tags[i].text));
    sv_status status = keep(p->arena, &buf, &plan->expected_tags);
    plan->quoted_name = sv_arena_printf(p->arena, "'%s'", plan->schema->discriminator);
    return !status && !plan->quoted_name.ptr ? SV_NO_MEMORY : status;
}

sv_status sv_plan_union_fill(sv_planner *p, sv_plan_draft *draft)
{
    const sv_schema *schema = draft->plan.schema;
    if (schema->shape != SV_SHAPE_UNION || !draft->fields)
        return SV_OK;
    sv_status status = fill_labels(p, draft);
    return status || !schema->discriminator ? status : fill_tags(p, &draft->plan);
}
