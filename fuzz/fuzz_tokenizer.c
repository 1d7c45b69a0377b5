/* fuzz_tokenizer.c: hostile texts for a small tokenizer, and hostile tokenizer files. An input that
 * begins with a brace is a tokenizer.json, with a line end a vocab.txt, else a text. Ids come from
 * the vocabulary, never more than there is room for, and the same again. */
#include <stdlib.h>
#include <string.h>

#include "text/tokenizer_file.h"
#include "text/wordpiece.h"

enum { ROOM = 512 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static const char vocabulary[] =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nab\n##a\n##b\nthe\n.\n,\n"
    "##\xcc\x81\n\xe6\x9d\xb1\n\xe1\x84\x92\n##\xe1\x85\xa1\n#\n##c\n";

static size_t cut(const sv_tokenizer_parts *parts, const sv_wordpiece *wordpiece, sv_str text,
                  int64_t *ids, size_t room)
{
    static sv_words words;
    sv_str word;
    size_t n = 0;
    sv_words_begin(&words, &parts->rules, text);
    while (n < room && sv_words_next(&words, &word)) {
        require(!word.ptr || (word.len > 0 && sv_str_is_utf8(word)));
        n += sv_wordpiece_split(wordpiece, word, ids + n, room - n);
    }
    return n;
}

/* The whole of a text, and its beginning: the same ids as far as they go. */
static void check_text(sv_arena *arena, const sv_tokenizer_parts *parts, sv_str text)
{
    int64_t ids[ROOM], again[ROOM];
    const sv_wordpiece *wordpiece;
    if (sv_wordpiece_new(arena, &parts->vocabulary, &wordpiece))
        return;
    size_t n = cut(parts, wordpiece, text, ids, ROOM);
    require(n <= ROOM);
    require(cut(parts, wordpiece, text, again, n / 2) == n / 2);
    require(memcmp(ids, again, n / 2 * sizeof *ids) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sv_str input = {(const char *)data, size};
    sv_arena *arena = sv_arena_new(0);
    sv_error error = {0};
    sv_tokenizer_parts parts;
    require(arena != NULL);
    sv_status status;
    bool is_json = size && data[0] == '{', is_vocabulary = size && data[0] == '\n';
    if (is_json)
        status = sv_tokenizer_file_read_json(arena, input, &error, &parts);
    else
        status = sv_tokenizer_file_read_vocabulary(
            arena, is_vocabulary ? input : (sv_str){vocabulary, sizeof vocabulary - 1}, SV_STR(""),
            &error, &parts);
    if (status)
        require(status == SV_NO_MEMORY || error.message[0] != '\0');
    else
        check_text(arena, &parts, is_json || is_vocabulary ? SV_STR("ab, \xc3\xa9 the") : input);
    sv_arena_free(arena);
    return 0;
}
