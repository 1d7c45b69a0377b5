/* grammar.h: JSON Schema to a grammar in GBNF (llama.cpp's notation) that lets a model write only
 * JSON that fits. Not a validator, not a sampler.
 *
 * The supported subset is in docs/json-schema-subset.md; what is not understood is refused by name,
 * never ignored, but for annotations. What the grammar allows is at most what the schema allows:
 * members come in the order of `properties`, each optional one or not, and none beyond them;
 * `oneOf` is taken as `anyOf`. Between tokens of JSON stands at most one space. Everything is
 * bounded: grammar_rules.h. All functions are pure; any thread. */
#ifndef SERVAL_TEXT_GRAMMAR_H
#define SERVAL_TEXT_GRAMMAR_H

#include <serval/status.h>
#include <serval/str.h>

#include "base/buf.h"
#include "json/value.h"

enum { SV_GRAMMAR_MAX_TOOLS = 128 };

/* A function that a model may call. */
typedef struct sv_grammar_tool {
    sv_str name;
    const sv_value *parameters; /* a schema of objects; NULL: takes none */
} sv_grammar_tool;

/* Appends the grammar of `schema`, whose rule is `root`, to `out`. SV_INVALID: `error` says what is
 * not understood and where, e.g. `unsupported keyword "not" at #/properties/a`, or which limit is
 * passed; SV_NO_MEMORY; SV_TOO_LARGE: `out` has no room. `out` holds what it held then. */
sv_status sv_grammar_from_schema(const sv_value *schema, sv_buf *out, sv_error *error) SV_MUST_USE;
/* The same for a call of one of `n_tools` (1..128) functions:
 * {"name": "<name>", "arguments": {...}}. Messages begin with the name of the function. */
sv_status sv_grammar_from_tools(const sv_grammar_tool *tools, size_t n_tools, sv_buf *out,
                                sv_error *error) SV_MUST_USE;
/* The same for any JSON object. SV_NO_MEMORY, SV_TOO_LARGE. */
sv_status sv_grammar_json_object(sv_buf *out) SV_MUST_USE;

#endif
