/* grammar_view.c: keywords, references and what allOf brings together. */
#include "text/grammar_view.h"

/* Looking up takes time with the members that there are: hostile schemas repeat them. */
enum {
    MAX_STEPS = 32,     /* of one reference, and references in a row */
    MAX_KEYWORDS = 64,  /* of one schema */
    MAX_MEMBERS = 2000, /* of what a reference leads through */
};

static const struct {
    const char *name;
    sv_grammar_about about;
} keywords[] = {
    {"title", SV_GRAMMAR_ABOUT_NOTHING},
    {"description", SV_GRAMMAR_ABOUT_NOTHING},
    {"default", SV_GRAMMAR_ABOUT_NOTHING},
    {"example", SV_GRAMMAR_ABOUT_NOTHING},
    {"examples", SV_GRAMMAR_ABOUT_NOTHING},
    {"$schema", SV_GRAMMAR_ABOUT_NOTHING},
    {"$id", SV_GRAMMAR_ABOUT_NOTHING},
    {"$comment", SV_GRAMMAR_ABOUT_NOTHING},
    {"$defs", SV_GRAMMAR_ABOUT_NOTHING},
    {"definitions", SV_GRAMMAR_ABOUT_NOTHING},
    {"deprecated", SV_GRAMMAR_ABOUT_NOTHING},
    {"readOnly", SV_GRAMMAR_ABOUT_NOTHING},
    {"writeOnly", SV_GRAMMAR_ABOUT_NOTHING},
    {"discriminator", SV_GRAMMAR_ABOUT_NOTHING},
    {"contentEncoding", SV_GRAMMAR_ABOUT_NOTHING},
    {"contentMediaType", SV_GRAMMAR_ABOUT_NOTHING},
    {"$ref", SV_GRAMMAR_ABOUT_PARTS},
    {"allOf", SV_GRAMMAR_ABOUT_PARTS},
    {"type", SV_GRAMMAR_ABOUT_TYPE},
    {"nullable", SV_GRAMMAR_ABOUT_TYPE},
    {"anyOf", SV_GRAMMAR_ABOUT_CHOICE},
    {"oneOf", SV_GRAMMAR_ABOUT_CHOICE},
    {"enum", SV_GRAMMAR_ABOUT_VALUES},
    {"const", SV_GRAMMAR_ABOUT_VALUES},
    {"properties", SV_GRAMMAR_ABOUT_OBJECT},
    {"required", SV_GRAMMAR_ABOUT_OBJECT},
    {"additionalProperties", SV_GRAMMAR_ABOUT_OBJECT},
    {"items", SV_GRAMMAR_ABOUT_ARRAY},
    {"prefixItems", SV_GRAMMAR_ABOUT_ARRAY},
    {"minItems", SV_GRAMMAR_ABOUT_ARRAY},
    {"maxItems", SV_GRAMMAR_ABOUT_ARRAY},
    {"minLength", SV_GRAMMAR_ABOUT_STRING},
    {"maxLength", SV_GRAMMAR_ABOUT_STRING},
    {"format", SV_GRAMMAR_ABOUT_STRING},
    {"minimum", SV_GRAMMAR_ABOUT_NUMBER},
    {"maximum", SV_GRAMMAR_ABOUT_NUMBER},
    {"exclusiveMinimum", SV_GRAMMAR_ABOUT_NUMBER},
    {"exclusiveMaximum", SV_GRAMMAR_ABOUT_NUMBER},
};

static sv_status refuse(sv_error *error, const char *what, sv_str name)
{
    sv_str shown = sv_str_slice(name, 0, 80);
    return sv_error_set(error, SV_INVALID, NULL, "%s \"%.*s\"", what, SV_STR_ARG(shown));
}

static sv_status find_keyword(sv_str name, sv_grammar_about *ret_about, sv_error *error)
{
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (sv_str_eq(name, sv_str_from(keywords[i].name))) {
            *ret_about = keywords[i].about;
            return SV_OK;
        }
    return refuse(error, "unsupported keyword", name);
}

/* One step of a JSON pointer: `~1` is a slash, `~0` a tilde. Names with other escapes are not
 * found. */
static const sv_value *find_member(const sv_value *at, sv_str step)
{
    char name[256];
    size_t len = 0;
    uint64_t index;
    if (sv_value_get_type(at) < SV_VALUE_ARRAY || sv_value_len(at) > MAX_MEMBERS)
        return NULL;
    for (size_t i = 0; i < step.len && len < sizeof name; i++) {
        bool escaped = step.ptr[i] == '~' && i + 1 < step.len;
        name[len++] = !escaped ? step.ptr[i] : step.ptr[++i] == '1' ? '/' : '~';
    }
    if (sv_value_get_type(at) == SV_VALUE_OBJECT)
        return sv_value_get(at, (sv_str){name, len});
    const sv_value *item = NULL;
    if (sv_value_get_type(at) != SV_VALUE_ARRAY || !sv_str_to_u64(step, &index) ||
        index >= sv_value_len(at))
        return NULL;
    sv_value_cursor cursor = sv_value_walk(at);
    for (uint64_t i = 0; i <= index; i++)
        if (!sv_value_next_item(&cursor, &item))
            return NULL;
    return item;
}

static sv_status find_target(const sv_value *root, const sv_value *ref, const sv_value **ret,
                             sv_error *error)
{
    if (sv_value_get_type(ref) != SV_VALUE_STR)
        return sv_error_set(error, SV_INVALID, NULL, "\"$ref\" is no text");
    sv_str text = sv_value_str(ref), step;
    sv_str rest = sv_str_slice(text, 2, text.len);
    const sv_value *at = root;
    if (sv_str_eq(text, SV_STR("#"))) {
        *ret = root;
        return SV_OK;
    }
    if (!sv_str_starts_with(text, SV_STR("#/")))
        return refuse(error, "only references within the schema are followed, not", text);
    for (int i = 0; at && i < MAX_STEPS && sv_str_split(&rest, '/', &step); i++)
        at = find_member(at, step);
    if (!at || rest.len)
        return refuse(error, "nothing is at the reference", text);
    *ret = at;
    return SV_OK;
}

static bool is_only_ref(const sv_value *schema)
{
    sv_str name;
    const sv_value *value;
    sv_grammar_about about;
    if (sv_value_get_type(schema) != SV_VALUE_OBJECT || sv_value_len(schema) > MAX_KEYWORDS ||
        !sv_value_get(schema, SV_STR("$ref")))
        return false;
    sv_value_cursor cursor = sv_value_walk(schema);
    while (sv_value_next_member(&cursor, &name, &value))
        if (!sv_str_eq(name, SV_STR("$ref")) &&
            (find_keyword(name, &about, NULL) || about != SV_GRAMMAR_ABOUT_NOTHING))
            return false;
    return true;
}

sv_status sv_grammar_view_follow(const sv_value *root, const sv_value **schema, sv_str *ret_ref,
                                 sv_error *error)
{
    const sv_value *at = *schema;
    *ret_ref = SV_STR("");
    for (int i = 0; is_only_ref(at); i++) {
        const sv_value *ref = sv_value_get(at, SV_STR("$ref"));
        sv_status status = find_target(root, ref, &at, error);
        if (status)
            return status;
        *ret_ref = sv_value_str(ref);
        if (i == MAX_STEPS)
            return refuse(error, "a reference leads to itself:", *ret_ref);
    }
    *schema = at;
    return SV_OK;
}

const sv_value *sv_grammar_view_get(const sv_grammar_view *view, const char *keyword)
{
    const sv_value *found = NULL;
    for (size_t i = 0; i < view->n_parts && !found; i++)
        found = sv_value_get(view->parts[i], sv_str_from(keyword));
    return found;
}

/* What only one part may say: all but what is merged, or the same type once more. */
static bool is_clash(const sv_grammar_view *view, sv_str name, const sv_value *value)
{
    const sv_value *other = NULL;
    if (sv_str_eq(name, SV_STR("properties")) || sv_str_eq(name, SV_STR("required")))
        return false;
    for (size_t i = 0; i < view->n_parts && !other; i++)
        other = sv_value_get(view->parts[i], name);
    return other &&
           !(sv_value_get_type(value) == SV_VALUE_STR && sv_value_get_type(other) == SV_VALUE_STR &&
             sv_str_eq(sv_value_str(value), sv_value_str(other)));
}

static sv_status add_part(const sv_value *schema, sv_grammar_view *view, sv_error *error)
{
    sv_str name;
    const sv_value *value;
    if (view->n_parts == SV_GRAMMAR_VIEW_MAX_PARTS)
        return sv_error_set(error, SV_INVALID, NULL,
                            "\"allOf\" and \"$ref\" bring together more "
                            "than 16 schemas");
    if (sv_value_len(schema) > MAX_KEYWORDS)
        return sv_error_set(error, SV_INVALID, NULL, "a schema has more than 64 keywords");
    sv_value_cursor cursor = sv_value_walk(schema);
    while (sv_value_next_member(&cursor, &name, &value)) {
        sv_grammar_about about = SV_GRAMMAR_ABOUT_NOTHING;
        sv_status status = find_keyword(name, &about, error);
        if (status)
            return status;
        if (about > SV_GRAMMAR_ABOUT_PARTS && is_clash(view, name, value))
            return refuse(error, "allOf: two of the schemas have", name);
        view->about |= 1u << about;
    }
    view->parts[view->n_parts++] = schema;
    return SV_OK;
}

static sv_status read_parts(const sv_value *root, const sv_value *schema, sv_grammar_view *view,
                            sv_error *error)
{
    const sv_value *target, *item;
    if (sv_value_get_type(schema) == SV_VALUE_BOOL && sv_value_bool(schema))
        return SV_OK;
    if (sv_value_get_type(schema) != SV_VALUE_OBJECT)
        return sv_error_set(error, SV_INVALID, NULL, "a schema is an object or true");
    sv_status status = add_part(schema, view, error);
    const sv_value *ref = sv_value_get(schema, SV_STR("$ref"));
    if (!status && ref)
        status = find_target(root, ref, &target, error);
    if (!status && ref)
        status = read_parts(root, target, view, error);
    const sv_value *all = sv_value_get(schema, SV_STR("allOf"));
    if (status || !all)
        return status;
    if (sv_value_get_type(all) != SV_VALUE_ARRAY)
        return sv_error_set(error, SV_INVALID, NULL, "\"allOf\" is no array");
    sv_value_cursor cursor = sv_value_walk(all);
    while (!status && sv_value_next_item(&cursor, &item))
        status = read_parts(root, item, view, error);
    return status;
}

sv_status sv_grammar_view_read(const sv_value *root, const sv_value *schema, sv_grammar_view *view,
                               sv_error *error)
{
    *view = (sv_grammar_view){.n_parts = 0};
    return read_parts(root, schema, view, error);
}
