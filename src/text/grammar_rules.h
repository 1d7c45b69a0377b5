/* grammar_rules.h: the rules of a grammar in GBNF, llama.cpp's notation, written one a line; the
 * ready-made ones for JSON; and the limits of all. Not what a schema means: grammar.h.
 *
 * What llama.cpp refuses is never written: repetitions stand behind names, texts and classes alone,
 * not behind groups, and no more often than it unfolds. */
#ifndef SERVAL_TEXT_GRAMMAR_RULES_H
#define SERVAL_TEXT_GRAMMAR_RULES_H

#include <stddef.h>
#include <stdint.h>

#include <serval/status.h>
#include <serval/str.h>

#include "base/buf.h"
#include "json/value.h"

enum {
    SV_GRAMMAR_MAX_BYTES = 256 << 10, /* of a whole grammar */
    SV_GRAMMAR_MAX_RULES = 8000,
    SV_GRAMMAR_MAX_REPEAT = 2000,         /* of one thing; llama.cpp takes more as no limit */
    SV_GRAMMAR_MAX_ALL_REPEATS = 1 << 14, /* llama.cpp makes that many rules of its own */
};

/* X(id, name, others that it names, body) */
#define SV_GRAMMAR_BUILTIN_MAP(X)                                                                  \
    X(SPACE, "sp", 0, "\" \"?")                                                                    \
    X(CHAR, "char", 0,                                                                             \
      "[^\"\\\\\\x7F\\x00-\\x1F] | \"\\\\\" ([\"\\\\/bfnrt] | \"u\" ([0-9abcefABCEF] "             \
      "[0-9a-fA-F] [0-9a-fA-F] [0-9a-fA-F] | [dD] [0-7] [0-9a-fA-F] [0-9a-fA-F]))")                \
    X(STRING, "string", B(CHAR), "\"\\\"\" char* \"\\\"\"")                                        \
    X(DIGITS, "digits", 0, "\"0\" | [1-9] [0-9]{0,15}")                                            \
    X(INTEGER, "integer", B(DIGITS), "\"-\"? digits")                                              \
    X(FRACTION, "fraction", 0, "\".\" [0-9]{1,16}")                                                \
    X(EXPONENT, "exponent", 0, "[eE] [-+]? [0-9]{1,2}")                                            \
    X(NUMBER, "number", B(DIGITS) | B(FRACTION) | B(EXPONENT),                                     \
      "\"-\"? digits fraction? exponent?")                                                         \
    X(BOOLEAN, "boolean", 0, "\"true\" | \"false\"")                                               \
    X(NULL, "null", 0, "\"null\"")                                                                 \
    X(VALUE, "value", B(OBJECT) | B(ARRAY) | B(STRING) | B(NUMBER) | B(BOOLEAN) | B(NULL),         \
      "object | array | string | number | boolean | null")                                         \
    X(OBJECT, "object", B(SPACE) | B(MEMBER) | B(MORE_MEMBERS),                                    \
      "\"{\" sp (member more-members* sp)? \"}\"")                                                 \
    X(MEMBER, "member", B(STRING) | B(SPACE) | B(VALUE), "string \":\" sp value")                  \
    X(MORE_MEMBERS, "more-members", B(SPACE) | B(MEMBER), "\",\" sp member")                       \
    X(ARRAY, "array", B(SPACE) | B(VALUE) | B(MORE_VALUES),                                        \
      "\"[\" sp (value more-values* sp)? \"]\"")                                                   \
    X(MORE_VALUES, "more-values", B(SPACE) | B(VALUE), "\",\" sp value")                           \
    X(DAY, "day", 0,                                                                               \
      "[12] [0-9] [0-9] [0-9] \"-\" ((\"0\" [13578] | \"1\" [02]) \"-\" (\"0\" [1-9] | [12] "      \
      "[0-9] | \"3\" [01]) | (\"0\" [469] | \"11\") \"-\" (\"0\" [1-9] | [12] [0-9] | \"30\") | "  \
      "\"02-\" (\"0\" [1-9] | \"1\" [0-9] | \"2\" [0-8]))")                                        \
    X(CLOCK, "clock", 0,                                                                           \
      "([01] [0-9] | \"2\" [0-3]) \":\" [0-5] [0-9] \":\" [0-5] [0-9] (\".\" [0-9]{1,6})? (\"Z\" " \
      "| [-+] ([01] [0-9] | \"2\" [0-3]) \":\" [0-5] [0-9])")                                      \
    X(DATE, "date", B(DAY), "\"\\\"\" day \"\\\"\"")                                               \
    X(TIME, "time", B(CLOCK), "\"\\\"\" clock \"\\\"\"")                                           \
    X(DATE_TIME, "date-time", B(DAY) | B(CLOCK), "\"\\\"\" day \"T\" clock \"\\\"\"")              \
    X(UUID, "uuid", 0,                                                                             \
      "\"\\\"\" [0-9a-fA-F]{8} \"-\" [0-9a-fA-F]{4} \"-\" [0-9a-fA-F]{4} \"-\" [0-9a-fA-F]{4} "    \
      "\"-\" [0-9a-fA-F]{12} \"\\\"\"")

typedef enum sv_grammar_builtin {
#define SV_GRAMMAR_BUILTIN_ENUM(id, name, others, body) SV_GRAMMAR_##id,
    SV_GRAMMAR_BUILTIN_MAP(SV_GRAMMAR_BUILTIN_ENUM)
#undef SV_GRAMMAR_BUILTIN_ENUM
        SV_GRAMMAR_N_BUILTINS
} sv_grammar_builtin;

typedef struct sv_grammar_rules {
    sv_buf *out;
    size_t start; /* where the grammar begins in `out` */
    size_t n_rules, n_repeats;
    uint32_t used;       /* bits of the ready-made rules that are named */
    const char *problem; /* the first limit that was passed; NULL: none */
} sv_grammar_rules;

/* What is written goes behind what `out` holds; it is borrowed. */
void sv_grammar_rules_init(sv_grammar_rules *rules, sv_buf *out);
/* A whole rule. Failures are kept: see sv_grammar_rules_check. */
void sv_grammar_rules_add(sv_grammar_rules *rules, const char *name, const sv_buf *body);
/* The name of a ready-made rule, which the grammar will hold. Static. */
const char *sv_grammar_rules_use(sv_grammar_rules *rules, sv_grammar_builtin builtin);
/* Appends `{min,max}` or what is shorter, behind a name, a text or a class; `max` SIZE_MAX: no
 * limit. */
void sv_grammar_rules_repeat(sv_grammar_rules *rules, sv_buf *line, size_t min, size_t max);
/* Writes the ready-made rules that were used; once, at the end. */
void sv_grammar_rules_finish(sv_grammar_rules *rules);
/* SV_OK, or what went wrong so far: SV_INVALID for a limit of the grammar, with `error` set;
 * SV_NO_MEMORY or SV_TOO_LARGE of `out`. */
sv_status sv_grammar_rules_check(const sv_grammar_rules *rules, sv_error *error);

/* Appends text as a terminal, in quotes. */
void sv_grammar_rules_write_text(sv_buf *line, sv_str text);
/* The same for the compact JSON of a value, and of a text. SV_NO_MEMORY; SV_TOO_LARGE: more than a
 * grammar can hold. */
sv_status sv_grammar_rules_write_value(sv_buf *line, const sv_value *value) SV_MUST_USE;
sv_status sv_grammar_rules_write_json_text(sv_buf *line, sv_str text) SV_MUST_USE;

#endif
