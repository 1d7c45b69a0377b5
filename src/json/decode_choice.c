/* decode_choice.c: enums and literals: a value that is one of a few. */
#include <string.h>

#include "json/coerce.h"
#include "json/decoder.h"

static bool is_number(sv_value_type type)
{
    return type == SV_VALUE_INT || type == SV_VALUE_BOOL || type == SV_VALUE_DOUBLE;
}

static double number_of(const sv_value *value)
{
    bool is_bool = sv_value_get_type(value) == SV_VALUE_BOOL;
    return is_bool ? sv_value_bool(value) : sv_value_double(value);
}

static bool is_same(const sv_value *a, const sv_value *b)
{
    sv_value_type type = sv_value_get_type(a);
    if (type != sv_value_get_type(b))
        return false;
    switch (type) {
    case SV_VALUE_NULL:
        return true;
    case SV_VALUE_BOOL:
        return sv_value_bool(a) == sv_value_bool(b);
    case SV_VALUE_INT:
        return sv_value_int(a) == sv_value_int(b);
    case SV_VALUE_STR:
        return sv_str_eq(sv_value_str(a), sv_value_str(b));
    case SV_VALUE_BIG_INT:
    case SV_VALUE_DOUBLE:
    case SV_VALUE_INFINITE:
    case SV_VALUE_ARRAY:
    case SV_VALUE_OBJECT:
        break;
    }
    return false;
}

/* Python's 1 == 1.0 == True: what has the same type comes first, then the last that is equal. */
static size_t find_literal(const sv_plan_field *field, const sv_value *value)
{
    size_t n = field->row->enumeration->n_values, equal = n;
    bool counts = is_number(sv_value_get_type(value));
    for (size_t i = 0; i < n; i++) {
        const sv_value *literal = field->literals[i];
        if (is_same(literal, value))
            return i;
        if (counts && is_number(sv_value_get_type(literal)) &&
            number_of(literal) == number_of(value))
            equal = i;
    }
    return equal;
}

static size_t find_name(const sv_enum *names, const sv_value *value)
{
    bool is_text = sv_value_get_type(value) == SV_VALUE_STR;
    for (size_t i = 0; is_text && i < names->n_values; i++)
        if (sv_str_eq(sv_value_str(value), sv_str_from(names->values[i].name)))
            return i;
    return names->n_values;
}

static size_t find_number(const sv_enum *names, const sv_value *value)
{
    int64_t number;
    bool is_whole = sv_coerce_int(value, &number) == SV_ERROR_TYPE_NONE;
    for (size_t i = 0; is_whole && i < names->n_values; i++)
        if (names->values[i].value == number)
            return i;
    return names->n_values;
}

static size_t find_choice(const sv_plan_field *field, const sv_value *value)
{
    switch (field->row->enumeration->form) {
    case SV_ENUM_NAMES:
    case SV_ENUM_LITERAL_NAMES:
        break;
    case SV_ENUM_NUMBERS:
        return find_number(field->row->enumeration, value);
    case SV_ENUM_LITERAL_JSON:
        return find_literal(field, value);
    }
    return find_name(field->row->enumeration, value);
}

/* pydantic looks among integers of 64 bits, where there are any, and says so first. */
static bool is_too_large(const sv_plan_field *field, const sv_value *value)
{
    int64_t number;
    sv_value_type type = sv_value_get_type(value);
    bool has_numbers = field->row->enumeration->form == SV_ENUM_NUMBERS;
    if (has_numbers && type == SV_VALUE_STR)
        return sv_coerce_int(value, &number) == SV_ERROR_TYPE_INT_PARSING_SIZE;
    if (has_numbers || type != SV_VALUE_BIG_INT)
        return type == SV_VALUE_BIG_INT;
    for (size_t i = 0; field->literals && i < field->row->enumeration->n_values; i++)
        if (sv_value_get_type(field->literals[i]) == SV_VALUE_INT)
            return true;
    return false;
}

bool sv_decode_choice(sv_decoder *d, const sv_plan_field *field, const sv_value *value,
                      const sv_loc *where, void *out)
{
    const sv_enum *names = field->row->enumeration;
    bool is_literal = names->form == SV_ENUM_LITERAL_NAMES || names->form == SV_ENUM_LITERAL_JSON;
    if (field->strict && !is_literal && !d->skips_checks)
        return sv_decoder_refuse_text(d, SV_ERROR_TYPE_IS_INSTANCE_OF, where, value,
                                      sv_str_from(names->name));
    if (is_too_large(field, value))
        return sv_decoder_refuse(d, SV_ERROR_TYPE_INT_PARSING_SIZE, where, value);
    size_t at = find_choice(field, value);
    if (at == names->n_values)
        return sv_decoder_refuse_text(d,
                                      is_literal ? SV_ERROR_TYPE_LITERAL_ERROR : SV_ERROR_TYPE_ENUM,
                                      where, value, field->expected);
    if (!is_literal)
        sv_decoder_floor(d, SV_EXACTNESS_LAX);
    memcpy(out, &names->values[at].value, sizeof(int));
    return true;
}
