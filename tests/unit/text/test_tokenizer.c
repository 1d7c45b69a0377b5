/* Tokenizers against what the `tokenizers` package gives for the same files: recorded in
 * tests/cases/tokenizer, and in EXPECTED.json of the shared models where they are there. */
#include "text/tokenizer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#include "json/value.h"

#define CASES SV_SOURCE_DIR "/tests/cases/tokenizer/"
#define SHARED SV_SOURCE_DIR "/../shared/models/embed/"

enum { MAX_IDS = 4096 };

static sv_str read_file(sv_arena *arena, const char *path)
{
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    enum { SIZE = 4 << 20 };
    char *text = sv_arena_alloc_raw(arena, SIZE);
    assert_non_null(text);
    size_t len = fread(text, 1, SIZE, file);
    fclose(file);
    return (sv_str){text, len};
}

static const sv_value *read_json(sv_arena *arena, const char *path)
{
    const sv_value *root = NULL;
    sv_value_error error;
    assert_int_equal(sv_value_parse(arena, read_file(arena, path), NULL, &error, &root), SV_OK);
    return root;
}

static const sv_tokenizer *load(sv_arena *arena, const char *path)
{
    const sv_tokenizer *tokenizer = NULL;
    sv_error error = {0};
    if (sv_tokenizer_load(arena, path, &error, &tokenizer))
        fail_msg("%s", error.message);
    return tokenizer;
}

static void assert_ids(const sv_tokenizer *tokenizer, sv_str text, const sv_value *expected,
                       size_t room)
{
    int64_t ids[MAX_IDS];
    const sv_value *item;
    size_t n = sv_tokenizer_encode(tokenizer, text, &(sv_encoding){.ids = ids, .room = room});
    bool same = n == sv_value_len(expected);
    sv_value_cursor cursor = sv_value_walk(expected);
    for (size_t i = 0; same && i < n && sv_value_next_item(&cursor, &item); i++)
        same = ids[i] == sv_value_int(item);
    if (!same) {
        for (size_t i = 0; i < n; i++)
            print_error("%lld ", (long long)ids[i]);
        fail_msg("\nthese are the ids of: %.*s", SV_STR_ARG(text));
    }
    assert_true(n <= sv_tokenizer_bound(tokenizer, text, room));
}

/* [{"text": …, "input_ids": […]}, …] */
static void assert_texts(const sv_tokenizer *tokenizer, const sv_value *texts, size_t room)
{
    const sv_value *item;
    sv_value_cursor cursor = sv_value_walk(texts);
    assert_true(sv_value_len(texts) > 0);
    while (sv_value_next_item(&cursor, &item))
        assert_ids(tokenizer, sv_value_str(sv_value_get(item, SV_STR("text"))),
                   sv_value_get(item, SV_STR("input_ids")), room);
}

static void gives_the_recorded_ids(void **state)
{
    static const char *const names[] = {"uncased", "cased", "accents", "sequence", "composed"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        sv_arena *arena = sv_arena_new(0);
        const sv_tokenizer *tokenizer =
            load(arena, sv_arena_printf(arena, CASES "%s/tokenizer.json", names[i]).ptr);
        const sv_value *cases =
            read_json(arena, sv_arena_printf(arena, CASES "%s/cases.json", names[i]).ptr);
        print_message("%s\n", names[i]);
        assert_texts(tokenizer, cases, MAX_IDS);
        sv_arena_free(arena);
    }
}

static void gives_the_ids_of_shared_models(void **state)
{
    static const char *const files[] = {"all-minilm-l6-v2/tokenizer.json",
                                        "all-minilm-l6-v2/vocab.txt", "bge-m2v-64/tokenizer.json",
                                        "bge-m2v-64/vocab.txt"};
    (void)state;
    if (access(SHARED, R_OK)) {
        print_message("skipped: the shared models are not here\n");
        skip();
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        sv_arena *arena = sv_arena_new((size_t)1 << 28);
        const char *path = sv_arena_printf(arena, SHARED "%s", files[i]).ptr;
        const sv_tokenizer *tokenizer = load(arena, path);
        assert_int_equal(sv_tokenizer_n_tokens(tokenizer), 30522);
        assert_int_equal(sv_tokenizer_pad_id(tokenizer), 0);
        int folder = (int)(strrchr(files[i], '/') - files[i]);
        path = sv_arena_printf(arena, SHARED "%.*s/EXPECTED.json", folder, files[i]).ptr;
        assert_texts(tokenizer, sv_value_get(read_json(arena, path), SV_STR("texts")), 256);
        sv_arena_free(arena);
    }
}

static const char *write_file(sv_arena *arena, const char *name, const char *text)
{
    char folder[] = "/tmp/sv-tokenizer-XXXXXX";
    assert_non_null(mkdtemp(folder));
    const char *path = sv_arena_printf(arena, "%s/%s", folder, name).ptr;
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return path;
}

static void remove_file(sv_arena *arena, const char *path)
{
    unlink(path);
    rmdir(sv_arena_printf(arena, "%.*s", (int)(strrchr(path, '/') - path), path).ptr);
}

#define WORDPIECE                                                                                  \
    "\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"u\",\"vocab\":{\"u\":0,\"a\":1}}"
#define BERT_WORDS "\"pre_tokenizer\":{\"type\":\"BertPreTokenizer\"}"

static void refuses_what_it_does_not_understand(void **state)
{
    static const struct {
        const char *name, *text;
        sv_status status;
        const char *message;
    } cases[] = {
        {"tokenizer.json", "{", SV_INVALID, "not JSON: "},
        {"tokenizer.json", "[]", SV_INVALID, "not an object"},
        {"tokenizer.json", "{}", SV_INVALID, "there is no model in it"},
        {"tokenizer.json", "{\"model\":{\"type\":\"BPE\"}}", SV_UNSUPPORTED, "model.type is BPE"},
        {"tokenizer.json", "{\"model\":{\"type\":\"WordPiece\"}}", SV_INVALID,
         "model.vocab is not an object"},
        {"tokenizer.json", "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":-1}}}", SV_INVALID,
         "token 0 is too long, or its id is no number"},
        {"tokenizer.json", "{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":1}}}", SV_INVALID,
         "model.unk_token is not in the vocabulary"},
        {"tokenizer.json", "{" WORDPIECE "}", SV_UNSUPPORTED, "pre_tokenizer.type is absent"},
        {"tokenizer.json", "{" WORDPIECE "," BERT_WORDS ",\"normalizer\":{\"type\":\"Nmt\"}}",
         SV_UNSUPPORTED, "normalizer.type is Nmt"},
        {"tokenizer.json",
         "{" WORDPIECE "," BERT_WORDS ",\"post_processor\":{\"type\":\"RobertaProcessing\"}}",
         SV_UNSUPPORTED, "post_processor.type is RobertaProcessing"},
        {"tokenizer.json", "{" WORDPIECE "," BERT_WORDS ",\"added_tokens\":[{\"id\":3}]}",
         SV_INVALID, "added_tokens: one has no content or no id"},
        {"vocab.txt", "[PAD]\n[UNK]\nhello\n", SV_INVALID, "[UNK], [CLS] or [SEP] is missing"},
        {"vocab.txt", "", SV_INVALID, "[UNK], [CLS] or [SEP] is missing"},
        {"vocab.txt", "\xff\n", SV_INVALID, "not UTF-8"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sv_arena *arena = sv_arena_new(0);
        const char *path = write_file(arena, cases[i].name, cases[i].text);
        const sv_tokenizer *tokenizer = NULL;
        sv_error error = {0};
        assert_int_equal(sv_tokenizer_load(arena, path, &error, &tokenizer), cases[i].status);
        if (strncmp(error.message, path, strlen(path)) != 0 ||
            !strstr(error.message, cases[i].message))
            fail_msg("%s: %s", cases[i].text, error.message);
        remove_file(arena, path);
        sv_arena_free(arena);
    }
}

static void tells_that_a_file_is_missing(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const sv_tokenizer *tokenizer = NULL;
    sv_error error = {0};
    assert_int_equal(sv_tokenizer_load(arena, "/nowhere/vocab.txt", &error, &tokenizer),
                     SV_NOT_FOUND);
    assert_non_null(strstr(error.message, "/nowhere/vocab.txt: "));
    sv_arena_free(arena);
}

static void cuts_texts_to_the_room(void **state)
{
    (void)state;
    sv_arena *arena = sv_arena_new(0);
    const char *path =
        write_file(arena, "vocab.txt", "[PAD]\r\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nab\n##c\n");
    const sv_tokenizer *tokenizer = load(arena, path);
    int64_t ids[8], types[8] = {9, 9, 9, 9, 9, 9, 9, 9};
    sv_encoding to = {ids, types, 4};
    assert_int_equal(sv_tokenizer_encode(tokenizer, SV_STR("ABC abcc"), &to), 4);
    assert_memory_equal(ids, ((int64_t[]){2, 5, 6, 3}), 4 * sizeof *ids);
    assert_memory_equal(types, ((int64_t[]){0, 0, 0, 0, 9}), 5 * sizeof *types);
    to.room = 2;
    assert_int_equal(sv_tokenizer_encode(tokenizer, SV_STR("abc"), &to), 2);
    assert_memory_equal(ids, ((int64_t[]){2, 3}), 2 * sizeof *ids);
    to.room = 8;
    assert_int_equal(sv_tokenizer_encode(tokenizer, SV_STR("[MASK]ab\xff\xc3"), &to), 4);
    assert_memory_equal(ids, ((int64_t[]){2, 4, 5, 3}), 4 * sizeof *ids);
    remove_file(arena, path);
    sv_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_recorded_ids),
        cmocka_unit_test(gives_the_ids_of_shared_models),
        cmocka_unit_test(refuses_what_it_does_not_understand),
        cmocka_unit_test(tells_that_a_file_is_missing),
        cmocka_unit_test(cuts_texts_to_the_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
