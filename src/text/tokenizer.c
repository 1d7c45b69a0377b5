/* tokenizer.c: loading, and a text's way through it: added tokens are found in the text as it
 * stands; what is between them becomes words (words.c), and words become pieces (wordpiece.c). */
#include "text/tokenizer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/tokenizer_file.h"

struct sv_tokenizer {
    sv_tokenizer_parts parts;
    const sv_wordpiece *wordpiece;
    bool begins_added[256]; /* bytes that an added token may begin with */
};

/* ---- loading ---- */

static sv_status fail_errno(sv_error *error, int number)
{
    return sv_error_set(error, number == ENOENT ? SV_NOT_FOUND : SV_IO, NULL, "%s",
                        strerror(number));
}

/* The caller frees `ret_text->ptr`. */
static sv_status read_file(const char *path, sv_error *error, sv_str *ret_text)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return fail_errno(error, errno);
    long size = fseek(file, 0, SEEK_END) ? -1 : ftell(file);
    rewind(file);
    sv_status status = SV_OK;
    if (size < 0)
        status = fail_errno(error, errno);
    else if (size > SV_TOKENIZER_MAX_FILE)
        status = sv_error_set(error, SV_TOO_LARGE, NULL, "larger than %d MiB",
                              SV_TOKENIZER_MAX_FILE >> 20);
    char *bytes = status ? NULL : malloc((size_t)size + 1);
    if (!status && !bytes)
        status = SV_NO_MEMORY;
    if (bytes)
        *ret_text = (sv_str){bytes, fread(bytes, 1, (size_t)size, file)};
    fclose(file);
    return status;
}

/* tokenizer_config.json beside vocab.txt; empty when there is none. */
static sv_status read_config_beside(const char *path, sv_error *error, sv_str *ret_text)
{
    char config[4096];
    const char *slash = strrchr(path, '/');
    int folder_len = slash ? (int)(slash + 1 - path) : 0;
    int len = snprintf(config, sizeof config, "%.*stokenizer_config.json", folder_len, path);
    if (len < 0 || (size_t)len >= sizeof config)
        return SV_OK;
    sv_status status = read_file(config, error, ret_text);
    return status == SV_NOT_FOUND ? SV_OK : status;
}

static sv_status read_parts(sv_arena *arena, const char *path, sv_error *error,
                            sv_tokenizer_parts *ret_parts)
{
    sv_str text = {0}, config = {0};
    sv_status status = read_file(path, error, &text);
    if (!status && sv_str_ends_with(sv_str_from(path), SV_STR(".json"))) {
        status = sv_tokenizer_file_read_json(arena, text, error, ret_parts);
    } else if (!status) {
        status = read_config_beside(path, error, &config);
        if (!status)
            status = sv_tokenizer_file_read_vocabulary(arena, text, config, error, ret_parts);
    }
    free((void *)text.ptr);
    free((void *)config.ptr);
    return status;
}

static sv_status make(sv_arena *arena, const sv_tokenizer_parts *parts,
                      const sv_tokenizer **ret_tokenizer)
{
    sv_tokenizer *it = sv_arena_alloc(arena, sizeof *it);
    if (!it)
        return SV_NO_MEMORY;
    it->parts = *parts;
    sv_status status = sv_wordpiece_new(arena, &parts->vocabulary, &it->wordpiece);
    for (size_t i = 0; i < parts->n_added; i++) {
        unsigned char first = (unsigned char)parts->added[i].text.ptr[0];
        it->begins_added[first] = true;
        if (parts->added[i].normalized && first >= 'a' && first <= 'z')
            it->begins_added[first - 'a' + 'A'] = true;
    }
    if (!status)
        *ret_tokenizer = it;
    return status;
}

sv_status sv_tokenizer_load(sv_arena *arena, const char *path, sv_error *error,
                            const sv_tokenizer **ret_tokenizer)
{
    sv_tokenizer_parts parts;
    sv_error why = {0};
    sv_status status = read_parts(arena, path, &why, &parts);
    if (!status)
        status = make(arena, &parts, ret_tokenizer);
    if (status)
        sv_error_set(error, status, NULL, "%s: %s", path,
                     why.message[0] ? why.message : sv_status_text(status));
    return status;
}

/* ---- encoding ---- */

/* One text under way. */
typedef struct encoder {
    const sv_tokenizer *it;
    int64_t *ids;
    size_t n, room;
    sv_words words;
} encoder;

static bool is_word_byte(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '_' || (unsigned char)byte >= 0x80;
}

static bool matches(const sv_tokenizer *it, const sv_added_token *token, sv_str text, size_t at)
{
    sv_str found = sv_str_slice(text, at, token->text.len);
    bool same = token->normalized && it->parts.rules.lower ? sv_str_eq_nocase(found, token->text)
                                                           : sv_str_eq(found, token->text);
    if (!same || !token->single_word)
        return same;
    size_t end = at + found.len;
    return (at == 0 || !is_word_byte(text.ptr[at - 1])) &&
           (end == text.len || !is_word_byte(text.ptr[end]));
}

/* The longest added token at `at`; NULL: none. */
static const sv_added_token *match_added(const sv_tokenizer *it, sv_str text, size_t at)
{
    const sv_added_token *best = NULL;
    for (size_t i = 0; i < it->parts.n_added; i++) {
        const sv_added_token *token = &it->parts.added[i];
        if ((!best || token->text.len > best->text.len) && matches(it, token, text, at))
            best = token;
    }
    return best;
}

/* The first added token of the text, and where it stands; NULL: none. */
static const sv_added_token *find_added(const sv_tokenizer *it, sv_str text, size_t *ret_at)
{
    for (size_t at = 0; at < text.len; at++) {
        const sv_added_token *token =
            it->begins_added[(unsigned char)text.ptr[at]] ? match_added(it, text, at) : NULL;
        if (token) {
            *ret_at = at;
            return token;
        }
    }
    return NULL;
}

static void encode_plain(encoder *to, sv_str text)
{
    sv_str word;
    sv_words_begin(&to->words, &to->it->parts.rules, text);
    while (to->n < to->room && sv_words_next(&to->words, &word))
        to->n += sv_wordpiece_split(to->it->wordpiece, word, to->ids + to->n, to->room - to->n);
}

/* Added tokens may take the white space beside them along: it belongs to no word anyway. */
static void encode_text(encoder *to, sv_str text)
{
    size_t at;
    const sv_added_token *token;
    while (to->n < to->room && (token = find_added(to->it, text, &at)) != NULL) {
        encode_plain(to, sv_str_slice(text, 0, at));
        if (to->n < to->room)
            to->ids[to->n++] = token->id;
        text = sv_str_slice(text, at + token->text.len, text.len);
    }
    encode_plain(to, text);
}

static size_t put_specials(const sv_special_tokens *from, const sv_encoding *to, size_t at)
{
    for (size_t i = 0; i < from->len && at < to->room; i++, at++) {
        to->ids[at] = from->items[i].id;
        if (to->types)
            to->types[at] = from->items[i].type;
    }
    return at;
}

size_t sv_tokenizer_encode(const sv_tokenizer *tokenizer, sv_str text, const sv_encoding *to)
{
    const sv_tokenizer_parts *parts = &tokenizer->parts;
    size_t n_specials = sv_tokenizer_n_specials(tokenizer);
    size_t n = put_specials(&parts->before, to, 0);
    if (to->room > n_specials) {
        encoder run;
        run.it = tokenizer;
        run.ids = to->ids;
        run.n = n;
        run.room = to->room - parts->behind.len;
        encode_text(&run, text);
        for (; n < run.n; n++)
            if (to->types)
                to->types[n] = parts->text_type;
        n = run.n;
    }
    return put_specials(&parts->behind, to, n);
}

size_t sv_tokenizer_bound(const sv_tokenizer *tokenizer, sv_str text, size_t room)
{
    size_t specials = sv_tokenizer_n_specials(tokenizer);
    size_t most = text.len * SV_UNICODE_MAX_DECOMPOSED + specials;
    return most < room ? most : room;
}

size_t sv_tokenizer_n_specials(const sv_tokenizer *tokenizer)
{
    return tokenizer->parts.before.len + tokenizer->parts.behind.len;
}

int64_t sv_tokenizer_pad_id(const sv_tokenizer *tokenizer)
{
    return tokenizer->parts.pad;
}

size_t sv_tokenizer_n_tokens(const sv_tokenizer *tokenizer)
{
    return tokenizer->parts.vocabulary.n_tokens;
}
