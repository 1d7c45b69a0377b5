/* grammar_view.h: what one place of a JSON Schema says, with its `$ref` and `allOf` brought in; and
 * which keywords are understood at all. Not the grammar: grammar.h. Internal to it. */
#ifndef SERVAL_TEXT_GRAMMAR_VIEW_H
#define SERVAL_TEXT_GRAMMAR_VIEW_H

#include <serval/status.h>

#include "json/value.h"

enum { SV_GRAMMAR_VIEW_MAX_PARTS = 16 };

/* What a keyword speaks about. */
typedef enum sv_grammar_about {
    SV_GRAMMAR_ABOUT_NOTHING, /* annotations */
    SV_GRAMMAR_ABOUT_PARTS,   /* $ref, allOf */
    SV_GRAMMAR_ABOUT_TYPE,
    SV_GRAMMAR_ABOUT_CHOICE, /* anyOf, oneOf */
    SV_GRAMMAR_ABOUT_VALUES, /* enum, const */
    SV_GRAMMAR_ABOUT_OBJECT,
    SV_GRAMMAR_ABOUT_ARRAY,
    SV_GRAMMAR_ABOUT_STRING,
    SV_GRAMMAR_ABOUT_NUMBER,
} sv_grammar_about;

typedef struct sv_grammar_view {
    const sv_value *parts[SV_GRAMMAR_VIEW_MAX_PARTS];
    size_t n_parts;
    unsigned about; /* bits 1 << sv_grammar_about of all that is said */
} sv_grammar_view;

/* Brings together what `schema`, an object or `true`, says. SV_INVALID: `error` names the keyword
 * or the reference that is not understood. */
sv_status sv_grammar_view_read(const sv_value *root, const sv_value *schema, sv_grammar_view *view,
                               sv_error *error) SV_MUST_USE;
/* What is said with this keyword; NULL: nothing. */
const sv_value *sv_grammar_view_get(const sv_grammar_view *view, const char *keyword);
/* Follows a schema that is a `$ref` and nothing else but annotations, and what it leads to. Writes
 * the last reference, or the empty text. SV_INVALID as above. */
sv_status sv_grammar_view_follow(const sv_value *root, const sv_value **schema, sv_str *ret_ref,
                                 sv_error *error) SV_MUST_USE;

#endif
