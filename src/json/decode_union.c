/* decode_union.c: a value that may be of one of several types.
 *
 * DESIGN. With a discriminator the value itself says which: one look-up, one decoding. Without, the
 * variants are tried in order: left to right the first that is valid wins, else the one that fits
 * best: of objects the one with the most members given, then the one with the least coercion; an
 * exact fit ends the search. A try ends at its first error, which nobody reads; only when every
 * variant has failed, all are decoded again to list what is wrong. Unions within unions multiply
 * the tries, so that their number has a limit. */
#include <string.h>

#include "json/decoder.h"

enum { MAX_TRIES = 100000 };

static bool keep_variant(const sv_plan *plan, size_t variant, char *out)
{
    memcpy(out + plan->schema->variant_offset, &plan->fields[variant].row->variant, sizeof(int));
    return true;
}

/* A tag that is no text, as Python prints it. */
static sv_str print_tag(sv_decoder *d, const sv_value *tag)
{
    switch (sv_value_get_type(tag)) {
    case SV_VALUE_NULL:
        return SV_STR("None");
    case SV_VALUE_BOOL:
        return sv_value_bool(tag) ? SV_STR("True") : SV_STR("False");
    case SV_VALUE_STR:
        return sv_value_str(tag);
    case SV_VALUE_INT:
    case SV_VALUE_BIG_INT:
    case SV_VALUE_DOUBLE:
    case SV_VALUE_INFINITE:
    case SV_VALUE_ARRAY:
    case SV_VALUE_OBJECT:
        break;
    }
    return sv_decode_text_of(d, tag);
}

static bool refuse_tag(sv_decoder *d, const sv_plan *plan, const sv_value *tag,
                       const sv_value *value, const sv_loc *where)
{
    sv_violation violation = {.type = SV_ERROR_TYPE_UNION_TAG_NOT_FOUND};
    violation.context[0] = (sv_context){.kind = SV_CONTEXT_TEXT, .text = plan->quoted_name};
    if (tag) {
        violation.type = SV_ERROR_TYPE_UNION_TAG_INVALID;
        violation.context[1] = (sv_context){.kind = SV_CONTEXT_TEXT, .text = print_tag(d, tag)};
        violation.context[2] = (sv_context){.kind = SV_CONTEXT_TEXT, .text = plan->expected_tags};
    }
    return d->status ? false : sv_decoder_refuse_violation(d, &violation, where, value);
}

static const sv_plan_tag *find_tag(const sv_plan *plan, const sv_value *tag)
{
    if (!tag || sv_value_get_type(tag) != SV_VALUE_STR)
        return NULL;
    for (size_t i = 0; i < plan->n_tags; i++)
        if (sv_str_eq(plan->tags[i].text, sv_value_str(tag)))
            return &plan->tags[i];
    return NULL;
}

static bool decode_tagged(sv_decoder *d, const sv_plan *plan, const sv_value *value,
                          const sv_loc *where, char *out)
{
    if (sv_value_get_type(value) != SV_VALUE_OBJECT)
        return sv_decoder_refuse(d, SV_ERROR_TYPE_MODEL_ATTRIBUTES_TYPE, where, value);
    const sv_value *tag = sv_value_get(value, plan->tag_name);
    const sv_plan_tag *found = find_tag(plan, tag);
    if (!found)
        return refuse_tag(d, plan, tag, value, where);
    sv_loc variant_where = {.parent = where, .name = found->text};
    return sv_decode_slot(d, &plan->fields[found->variant], value, &variant_where, out) &&
           keep_variant(plan, found->variant, out);
}

/* What is tried, and the best try so far, which is in `out`. */
typedef struct search {
    const sv_plan *plan;
    const sv_value *value;
    const sv_loc *where;
    char *out;
    bool has_found;
    sv_exactness exactness;
    int n_given;
} search;

static bool is_better(const search *s, sv_exactness exactness, int n_given)
{
    if (!s->has_found)
        return true;
    if (s->n_given >= 0 && n_given >= 0 && s->n_given != n_given)
        return s->n_given < n_given;
    return s->exactness < exactness;
}

/* Nothing can fit better. */
static bool is_over(const search *s)
{
    bool is_exact = s->exactness == SV_EXACTNESS_EXACT && s->n_given < 0;
    return s->has_found && (is_exact || s->plan->schema->union_mode == SV_UNION_LEFT_TO_RIGHT);
}

/* One try, into `out`. */
static bool try_variant(sv_decoder *d, const search *s, size_t i, char *out)
{
    const sv_plan_field *variant = &s->plan->fields[i];
    sv_loc variant_where = {.parent = s->where, .name = variant->label};
    d->exactness = SV_EXACTNESS_EXACT;
    d->n_given = -1;
    memcpy(out, s->plan->defaults, s->plan->schema->size);
    return sv_decode_slot(d, variant, s->value, &variant_where, out) &&
           keep_variant(s->plan, i, out);
}

static void try_variants(sv_decoder *d, search *s, char *spare)
{
    sv_errors *outer = d->errors, mute;
    d->errors = &mute;
    for (size_t i = 0; i < s->plan->n_fields && !d->status && !is_over(s); i++) {
        char *next = s->has_found ? spare : s->out;
        sv_errors_init(&mute, NULL);
        if (!try_variant(d, s, i, next) || !is_better(s, d->exactness, d->n_given))
            continue;
        if (next != s->out)
            memcpy(s->out, next, s->plan->schema->size);
        s->has_found = true;
        s->exactness = d->exactness;
        s->n_given = d->n_given;
    }
    d->errors = outer;
}

/* What is wrong with each variant. */
static bool list_errors(sv_decoder *d, const search *s)
{
    if (!d->errors->arena) /* this union is inside a try, which has ended now */
        return sv_decoder_refuse(d, SV_ERROR_TYPE_MISSING, s->where, s->value);
    for (size_t i = 0; i < s->plan->n_fields && !sv_decoder_has_ended(d); i++)
        try_variant(d, s, i, s->out);
    return false;
}

static bool search_variants(sv_decoder *d, search *s)
{
    sv_exactness outer_exactness = d->exactness;
    int outer_given = d->n_given;
    char *spare = sv_arena_alloc_raw(d->arena, s->plan->schema->size);
    if (!spare)
        return sv_decoder_stop(d, SV_NO_MEMORY);
    try_variants(d, s, spare);
    if (d->status || (!s->has_found && !list_errors(d, s)))
        return false;
    d->exactness = outer_exactness;
    sv_decoder_floor(d, s->exactness);
    d->n_given = outer_given;
    if (s->n_given >= 0)
        d->n_given = (outer_given > 0 ? outer_given : 0) + s->n_given;
    return true;
}

static bool decode_untagged(sv_decoder *d, const sv_plan *plan, const sv_value *value,
                            const sv_loc *where, char *out)
{
    search s = {.plan = plan, .value = value, .where = where, .out = out};
    if (d->n_unions && (d->n_tried += plan->n_fields) > MAX_TRIES)
        return sv_decoder_refuse(d, SV_ERROR_TYPE_RECURSION_DEPTH_EXCEEDED, where, value);
    d->n_unions++;
    bool valid = search_variants(d, &s);
    d->n_unions--;
    return valid;
}

bool sv_decode_union(sv_decoder *d, const sv_plan *plan, const sv_value *value, const sv_loc *where,
                     void *out)
{
    return plan->schema->discriminator ? decode_tagged(d, plan, value, where, out)
                                       : decode_untagged(d, plan, value, where, out);
}
