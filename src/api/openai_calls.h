/* openai_calls.h: calls of functions found in what a model writes, while it writes it: text that
 * comes in pieces goes out as text, or as calls whose arguments come in pieces.
 *
 * DESIGN. A call is {"name": "f", "arguments": {…}} where the text begins, alone, in an array, one
 * after the other, or within <tool_call>…</tool_call>. Text that may become the head of a call is
 * held until that is decided; an object that is none, or whose name nobody has, is text. Arguments
 * go out as they are written. Once there was a call, what is between and behind calls is dropped.
 */
#ifndef SERVAL_API_OPENAI_CALLS_H
#define SERVAL_API_OPENAI_CALLS_H

#include "api/openai_tools.h"

enum { SV_OPENAI_CALLS_MAX_HEAD = 256 };

/* What was found. `index` counts calls from 0. A status that is not SV_OK ends the piece with it.
 */
typedef struct sv_openai_calls_sink {
    sv_status (*text)(void *arg, sv_str text);
    sv_status (*call)(void *arg, size_t index, sv_str name);
    sv_status (*arguments)(void *arg, size_t index, sv_str piece);
    void *arg;
} sv_openai_calls_sink;

typedef enum sv_openai_calls_state {
    SV_OPENAI_CALLS_HEAD, /* a call may begin */
    SV_OPENAI_CALLS_TEXT, /* all that comes is text */
    SV_OPENAI_CALLS_ARGUMENTS,
    SV_OPENAI_CALLS_DONE, /* what comes is dropped */
} sv_openai_calls_state;

/* The caller's storage; zeroed but for the first two it is ready. */
typedef struct sv_openai_calls {
    const sv_openai_tools *tools;
    sv_openai_calls_sink sink;

    sv_openai_calls_state state;
    size_t n; /* calls that began */
    size_t n_held;
    int depth; /* of objects and arrays in the arguments */
    bool in_string, is_escaped;
    char held[SV_OPENAI_CALLS_MAX_HEAD];
} sv_openai_calls;

/* The next piece of the model's text. */
sv_status sv_openai_calls_add(sv_openai_calls *calls, sv_str text) SV_MUST_USE;
/* The text has ended: what was held is text after all. */
sv_status sv_openai_calls_end(sv_openai_calls *calls) SV_MUST_USE;

#endif
