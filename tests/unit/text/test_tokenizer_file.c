/* What a tokenizer.json and a vocab.txt say. Mistakes in them: test_tokenizer.c. */
#include "text/tokenizer_file.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "failing_malloc.h"

#define SMALL                                                                                      \
    "{\"normalizer\":{\"type\":\"BertNormalizer\",\"lowercase\":false,\"strip_accents\":null},"    \
    "\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"},\"padding\":{\"pad_id\":7},"                \
    "\"added_tokens\":[{\"id\":4,\"content\":\"<m>\",\"single_word\":true,\"normalized\":true}],"  \
    "\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":["                             \
    "{\"SpecialToken\":{\"id\":\"s\",\"type_id\":1}},{\"Sequence\":{\"id\":\"A\",\"type_id\":2}}]" \
    ","                                                                                            \
    "\"special_tokens\":{\"s\":{\"ids\":[5,6]}}},"                                                 \
    "\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"u\",\"continuing_subword_prefix\":\"@@\","  \
    "\"max_input_chars_per_word\":20,\"vocab\":{\"u\":3,\"a\":1}}}"

static void reads_tokenizer_json(void **state)
{
    sv_tokenizer_parts parts;
    sv_error error = {0};
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    assert_int_equal(sv_tokenizer_file_read_json(arena, SV_STR(SMALL), &error, &parts), SV_OK);
    assert_true(parts.rules.clean && parts.rules.space_ideographs);
    assert_false(parts.rules.lower || parts.rules.strip_nonspacing || parts.rules.decompose);
    assert_int_equal(parts.rules.max_chars, 20);
    assert_int_equal(parts.vocabulary.n_tokens, 2);
    assert_int_equal(parts.vocabulary.unknown, 3);
    assert_true(sv_str_eq(parts.vocabulary.prefix, SV_STR("@@")));
    assert_int_equal(parts.n_added, 1);
    assert_true(parts.added[0].single_word && parts.added[0].normalized);
    assert_int_equal(parts.before.len, 2);
    assert_int_equal(parts.before.items[1].id, 6);
    assert_int_equal(parts.before.items[1].type, 1);
    assert_int_equal(parts.behind.len, 0);
    assert_int_equal(parts.text_type, 2);
    assert_int_equal(parts.pad, 7);
    sv_arena_free(arena);
}

static void reads_vocabularies(void **state)
{
    static const struct {
        sv_str config;
        bool lower, strip, ideographs;
    } cases[] = {
        {SV_STR_INIT(""), true, true, true},
        {SV_STR_INIT("{\"do_lower_case\":false}"), false, false, true},
        {SV_STR_INIT("{\"strip_accents\":false,\"tokenize_chinese_chars\":false}"), true, false,
         false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_arena *arena = sv_arena_new(0);
        sv_tokenizer_parts parts;
        sv_error error = {0};
        assert_int_equal(sv_tokenizer_file_read_vocabulary(arena,
                                                           SV_STR("x\n[UNK]\n[CLS]\n[SEP]\n[PAD]"),
                                                           cases[i].config, &error, &parts),
                         SV_OK);
        assert_int_equal(parts.vocabulary.n_tokens, 5);
        assert_int_equal(parts.vocabulary.unknown, 1);
        assert_int_equal(parts.pad, 4);
        assert_int_equal(parts.n_added, 4);
        assert_int_equal(parts.rules.lower, cases[i].lower);
        assert_int_equal(parts.rules.strip_nonspacing, cases[i].strip);
        assert_int_equal(parts.rules.space_ideographs, cases[i].ideographs);
        sv_arena_free(arena);
    }
}

static bool try_to_read(void *arg)
{
    sv_tokenizer_parts parts;
    sv_error error = {0};
    (void)arg;
    sv_arena *arena = sv_arena_new(0);
    sv_status status =
        arena ? sv_tokenizer_file_read_json(arena, SV_STR(SMALL), &error, &parts) : SV_NO_MEMORY;
    assert_true(status == SV_OK || status == SV_NO_MEMORY);
    sv_arena_free(arena);
    return status == SV_OK;
}

static void survives_failing_allocations(void **state)
{
    (void)state;
    assert_true(failing_malloc_try_each(try_to_read, NULL) > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_tokenizer_json),
        cmocka_unit_test(reads_vocabularies),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
