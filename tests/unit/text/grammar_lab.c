#include "grammar_lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gbnf.h"
#include "text/grammar.h"

static sv_status make(const char *schema, sv_buf *out, sv_error *error)
{
    const sv_value *value;
    sv_value_error problem;
    sv_arena *arena = sv_arena_new(0);
    sv_buf_init(out, 1 << 20);
    assert_int_equal(sv_value_parse(arena, sv_str_from(schema), NULL, &problem, &value), SV_OK);
    sv_status status = sv_grammar_from_schema(value, out, error);
    sv_arena_free(arena);
    return status;
}

static void check_texts(const char *schema, const sv_buf *grammar, const char *const *texts,
                        bool fits)
{
    for (size_t i = 0; i < GRAMMAR_LAB_MAX_TEXTS && texts[i]; i++)
        if (gbnf_matches(sv_buf_str(grammar), texts[i]) != fits)
            fail_msg("%s: %s %s", schema, texts[i], fits ? "should fit" : "should fail");
}

void grammar_lab_check(const grammar_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sv_error error = {0};
        sv_buf out;
        if (make(cases[i].schema, &out, &error))
            fail_msg("%s: %s", cases[i].schema, error.message);
        check_texts(cases[i].schema, &out, cases[i].fits, true);
        check_texts(cases[i].schema, &out, cases[i].fails, false);
        sv_buf_deinit(&out);
    }
}

void grammar_lab_check_refusals(const grammar_refusal *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        sv_error error = {0};
        sv_buf out;
        assert_int_equal(make(cases[i].schema, &out, &error), SV_INVALID);
        assert_string_equal(error.message, cases[i].message);
        sv_buf_deinit(&out);
    }
}
