/* onnx_message.c: finds the place in the source by its look: a path from the root, a line number
 * and what a compiler calls the function. */
#include "engine/onnx_message.h"

#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The end of "/path/file.cc:46" that begins at `at`; NULL: something else begins there. */
static const char *skip_path(const char *at)
{
    const char *colon = *at == '/' ? at + strcspn(at, ": \n") : at;
    bool is_source = (colon - at > 3 && memcmp(colon - 3, ".cc", 3) == 0) ||
                     (colon - at > 2 && memcmp(colon - 2, ".h", 2) == 0);
    if (!is_source || *colon != ':' || !is_digit(colon[1]))
        return NULL;
    const char *end = colon + 1;
    while (is_digit(*end))
        end++;
    return *end == ' ' ? end + 1 : NULL;
}

/* Behind the bracket that belongs to the one at `at`; NULL: there is none. */
static const char *skip_brackets(const char *at, char open, char close)
{
    int depth = 0;
    for (; *at; at++) {
        depth += *at == open;
        depth -= *at == close;
        if (!depth)
            return at + 1;
    }
    return NULL;
}

/* Behind "type function(types) const [with T = int] "; the text itself when it is no such thing. */
static const char *skip_function(const char *text)
{
    const char *at = strchr(text, '(');
    while (at && *at == '(') /* operator()(types) */
        at = skip_brackets(at, '(', ')');
    if (!at)
        return text;
    if (strncmp(at, " const ", 7) == 0)
        at += 6;
    const char *end = strncmp(at, " [with ", 7) == 0 ? skip_brackets(at + 1, '[', ']') : at;
    return end ? end : at;
}

static sv_str trim(const char *from, const char *to)
{
    while (from < to && (*from == ' ' || *from == '\n'))
        from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\n'))
        to--;
    return (sv_str){from, (size_t)(to - from)};
}

sv_onnx_message sv_onnx_message_split(const char *text)
{
    const char *end = text + strlen(text);
    for (const char *at = text; *at; at++) {
        bool begins = at == text || at[-1] == ' ' || at[-1] == ':';
        const char *function = begins ? skip_path(at) : NULL;
        if (function)
            return (sv_onnx_message){trim(text, at), trim(skip_function(function), end)};
    }
    return (sv_onnx_message){trim(text, end), SV_STR("")};
}
