/* tokenizer_file.c: reads the two kinds of files. What is not understood is refused by name: a
 * tokenizer that is nearly right gives wrong numbers without a word. */
#include "text/tokenizer_file.h"

#include <limits.h>

#include "json/value.h"

static const char *const vocabulary_hint = "only WordPiece with BERT's words is supported";

static bool is_type(const sv_value *value, sv_value_type type)
{
    return value && sv_value_get_type(value) == type;
}

/* NULL: there is none, or no object. */
static const sv_value *get_member(const sv_value *object, sv_str name)
{
    return object ? sv_value_get(object, name) : NULL;
}

static bool is_named(const sv_value *object, const char *name)
{
    const sv_value *type = get_member(object, SV_STR("type"));
    return is_type(type, SV_VALUE_STR) && sv_str_eq(sv_value_str(type), sv_str_from(name));
}

static sv_str type_name(const sv_value *object)
{
    const sv_value *type = get_member(object, SV_STR("type"));
    return is_type(type, SV_VALUE_STR) ? sv_value_str(type) : SV_STR("absent");
}

static bool is_absent(const sv_value *value)
{
    return !value || sv_value_get_type(value) == SV_VALUE_NULL;
}

static bool get_flag(const sv_value *object, const char *name, bool otherwise)
{
    const sv_value *value = get_member(object, sv_str_from(name));
    return is_type(value, SV_VALUE_BOOL) ? sv_value_bool(value) : otherwise;
}

static bool get_id(const sv_value *value, uint32_t *ret_id)
{
    if (!is_type(value, SV_VALUE_INT) || sv_value_int(value) < 0 || sv_value_int(value) > INT_MAX)
        return false;
    *ret_id = (uint32_t)sv_value_int(value);
    return true;
}

static sv_status refuse(sv_error *error, sv_status status, const char *what, sv_str got)
{
    return sv_error_set(error, status, NULL, "%s is %.*s: %s", what,
                        (int)(got.len < 60 ? got.len : 60), got.ptr, vocabulary_hint);
}

/* What is wrong with the file, where its JSON is sound. */
static sv_status fail(sv_error *error, const char *what)
{
    return sv_error_set(error, SV_INVALID, NULL, "%s", what);
}

/* ---- normalizer ---- */

static void read_bert_rules(const sv_value *from, sv_words_rules *rules)
{
    bool lower = get_flag(from, "lowercase", true);
    bool strip = get_flag(from, "strip_accents", lower); /* null: as lower case */
    rules->clean = rules->clean || get_flag(from, "clean_text", true);
    rules->space_ideographs =
        rules->space_ideographs || get_flag(from, "handle_chinese_chars", true);
    rules->lower = rules->lower || lower;
    rules->decompose = rules->decompose || strip;
    rules->strip_nonspacing = rules->strip_nonspacing || strip;
}

static bool add_rule(const sv_value *from, sv_words_rules *rules)
{
    if (is_named(from, "BertNormalizer"))
        read_bert_rules(from, rules);
    else if (is_named(from, "NFD"))
        rules->decompose = true;
    else if (is_named(from, "NFC"))
        rules->compose = true;
    else if (is_named(from, "Lowercase"))
        rules->lower = true;
    else if (is_named(from, "StripAccents"))
        rules->strip_marks = true;
    else
        return false;
    return true;
}

static sv_status read_normalizer(const sv_value *from, sv_error *error, sv_words_rules *rules)
{
    if (is_absent(from))
        return SV_OK;
    if (!is_named(from, "Sequence"))
        return add_rule(from, rules)
                   ? SV_OK
                   : refuse(error, SV_UNSUPPORTED, "normalizer.type", type_name(from));
    const sv_value *list = get_member(from, SV_STR("normalizers")), *item;
    if (!is_type(list, SV_VALUE_ARRAY))
        return fail(error, "normalizer.normalizers is not a list");
    sv_value_cursor cursor = sv_value_walk(list);
    while (sv_value_next_item(&cursor, &item))
        if (!add_rule(item, rules))
            return refuse(error, SV_UNSUPPORTED, "normalizer.type", type_name(item));
    if (rules->decompose)
        rules->compose = false; /* the decomposition comes last */
    return SV_OK;
}

/* ---- model ---- */

static sv_status read_vocabulary(sv_arena *arena, const sv_value *from, sv_error *error,
                                 sv_tokenizer_parts *parts)
{
    const sv_value *vocab = get_member(from, SV_STR("vocab")), *id;
    if (!is_type(vocab, SV_VALUE_OBJECT) || !sv_value_len(vocab))
        return fail(error, "model.vocab is not an object of tokens");
    if (sv_value_len(vocab) > SV_WORDPIECE_MAX_TOKENS)
        return sv_error_set(error, SV_TOO_LARGE, NULL, "model.vocab has more than %d tokens",
                            SV_WORDPIECE_MAX_TOKENS);
    sv_wordpiece_token *tokens = sv_arena_alloc_array(arena, sv_value_len(vocab), sizeof *tokens);
    if (!tokens)
        return SV_NO_MEMORY;
    size_t n = 0;
    sv_str text;
    sv_value_cursor cursor = sv_value_walk(vocab);
    while (sv_value_next_member(&cursor, &text, &id)) {
        if (!get_id(id, &tokens[n].id) || text.len > SV_WORDPIECE_MAX_TOKEN_BYTES)
            return sv_error_set(error, SV_INVALID, NULL,
                                "model.vocab: token %zu is too long, or its id is no number", n);
        tokens[n].text = sv_arena_copy(arena, text);
        if (!tokens[n++].text.ptr)
            return SV_NO_MEMORY;
    }
    parts->vocabulary.tokens = tokens;
    parts->vocabulary.n_tokens = n;
    return SV_OK;
}

/* The id of a token of the list that was read; the last one counts. Linear: a few times per file.
 */
static bool find_token(const sv_tokenizer_parts *parts, sv_str text, uint32_t *ret_id)
{
    for (size_t i = parts->vocabulary.n_tokens; i-- > 0;)
        if (sv_str_eq(parts->vocabulary.tokens[i].text, text)) {
            *ret_id = parts->vocabulary.tokens[i].id;
            return true;
        }
    return false;
}

static sv_str get_text(const sv_value *object, const char *name, sv_str otherwise)
{
    const sv_value *value = get_member(object, sv_str_from(name));
    return is_type(value, SV_VALUE_STR) ? sv_value_str(value) : otherwise;
}

static sv_status read_model(sv_arena *arena, const sv_value *from, sv_error *error,
                            sv_tokenizer_parts *parts)
{
    if (!is_type(from, SV_VALUE_OBJECT))
        return fail(error, "there is no model in it");
    if (!is_named(from, "WordPiece"))
        return refuse(error, SV_UNSUPPORTED, "model.type", type_name(from));
    sv_status status = read_vocabulary(arena, from, error, parts);
    if (status)
        return status;
    uint32_t most = 100;
    const sv_value *max_chars = get_member(from, SV_STR("max_input_chars_per_word"));
    if (max_chars && (!get_id(max_chars, &most) || !most || most > SV_WORDS_MAX_CHARS))
        return sv_error_set(error, SV_INVALID, NULL,
                            "model.max_input_chars_per_word is not a number from 1 to %d",
                            SV_WORDS_MAX_CHARS);
    parts->rules.max_chars = most;
    parts->vocabulary.prefix =
        sv_arena_copy(arena, get_text(from, "continuing_subword_prefix", SV_STR("##")));
    if (!parts->vocabulary.prefix.ptr)
        return SV_NO_MEMORY;
    if (!find_token(parts, get_text(from, "unk_token", SV_STR("[UNK]")),
                    &parts->vocabulary.unknown))
        return fail(error, "model.unk_token is not in the vocabulary");
    return SV_OK;
}

/* ---- added tokens ---- */

static sv_status read_added_token(sv_arena *arena, const sv_value *from, sv_error *error,
                                  sv_added_token *ret_token)
{
    const sv_value *content = get_member(from, SV_STR("content"));
    sv_added_token token = {.single_word = get_flag(from, "single_word", false),
                            .normalized = get_flag(from, "normalized", false)};
    if (!is_type(content, SV_VALUE_STR) || !sv_value_str(content).len ||
        !get_id(get_member(from, SV_STR("id")), &token.id))
        return fail(error, "added_tokens: one has no content or no id");
    token.text = sv_arena_copy(arena, sv_value_str(content));
    *ret_token = token;
    return token.text.ptr ? SV_OK : SV_NO_MEMORY;
}

static sv_status read_added(sv_arena *arena, const sv_value *from, sv_error *error,
                            sv_tokenizer_parts *parts)
{
    if (is_absent(from))
        return SV_OK;
    if (!is_type(from, SV_VALUE_ARRAY))
        return fail(error, "added_tokens is not a list");
    if (sv_value_len(from) > SV_TOKENIZER_MAX_ADDED)
        return sv_error_set(error, SV_TOO_LARGE, NULL, "added_tokens has more than %d tokens",
                            SV_TOKENIZER_MAX_ADDED);
    parts->added = sv_arena_alloc_array(arena, sv_value_len(from), sizeof *parts->added);
    if (!parts->added)
        return SV_NO_MEMORY;
    const sv_value *item;
    sv_status status = SV_OK;
    sv_value_cursor cursor = sv_value_walk(from);
    while (!status && sv_value_next_item(&cursor, &item)) {
        status = read_added_token(arena, item, error, &parts->added[parts->n_added]);
        parts->n_added += !status;
    }
    return status;
}

/* ---- post_processor ---- */

static bool push_special(sv_special_tokens *list, uint32_t id, uint32_t type)
{
    if (list->len == SV_TOKENIZER_MAX_SPECIALS)
        return false;
    list->items[list->len++] = (sv_special_token){id, type};
    return true;
}

/* The ids that a special token of a template stands for. */
static bool push_template(const sv_value *specials, const sv_value *token, sv_special_tokens *list)
{
    uint32_t type = 0, id;
    const sv_value *entry = get_member(specials, get_text(token, "id", SV_STR("")));
    const sv_value *ids = get_member(entry, SV_STR("ids")), *item;
    if (!is_type(ids, SV_VALUE_ARRAY) || !get_id(get_member(token, SV_STR("type_id")), &type))
        return false;
    sv_value_cursor cursor = sv_value_walk(ids);
    while (sv_value_next_item(&cursor, &item))
        if (!get_id(item, &id) || !push_special(list, id, type))
            return false;
    return true;
}

static sv_status read_template(const sv_value *from, sv_error *error, sv_tokenizer_parts *parts)
{
    const sv_value *single = get_member(from, SV_STR("single")), *item;
    const sv_value *specials = get_member(from, SV_STR("special_tokens"));
    if (!is_type(single, SV_VALUE_ARRAY))
        return fail(error, "post_processor.single is not a list");
    size_t n_texts = 0;
    sv_value_cursor cursor = sv_value_walk(single);
    while (sv_value_next_item(&cursor, &item)) {
        const sv_value *special = get_member(item, SV_STR("SpecialToken"));
        const sv_value *sequence = get_member(item, SV_STR("Sequence"));
        if (special && !push_template(specials, special, n_texts ? &parts->behind : &parts->before))
            return sv_error_set(error, SV_INVALID, NULL,
                                "post_processor.single: a token without ids, or more than %d",
                                SV_TOKENIZER_MAX_SPECIALS);
        if (sequence)
            (void)get_id(get_member(sequence, SV_STR("type_id")), &parts->text_type);
        n_texts += sequence != NULL;
    }
    return n_texts == 1 ? SV_OK : fail(error, "post_processor.single does not hold the text once");
}

/* BertProcessing: {"sep": ["[SEP]", 102], "cls": ["[CLS]", 101]}. */
static bool push_pair(const sv_value *pair, sv_special_tokens *list)
{
    const sv_value *text, *number;
    uint32_t id;
    if (!is_type(pair, SV_VALUE_ARRAY) || sv_value_len(pair) != 2)
        return false;
    sv_value_cursor cursor = sv_value_walk(pair);
    return sv_value_next_item(&cursor, &text) && sv_value_next_item(&cursor, &number) &&
           get_id(number, &id) && push_special(list, id, 0);
}

static sv_status read_post_processor(const sv_value *from, sv_error *error,
                                     sv_tokenizer_parts *parts)
{
    if (is_absent(from))
        return SV_OK;
    if (is_named(from, "TemplateProcessing"))
        return read_template(from, error, parts);
    if (!is_named(from, "BertProcessing"))
        return refuse(error, SV_UNSUPPORTED, "post_processor.type", type_name(from));
    return push_pair(get_member(from, SV_STR("cls")), &parts->before) &&
                   push_pair(get_member(from, SV_STR("sep")), &parts->behind)
               ? SV_OK
               : fail(error, "post_processor: cls or sep is not a token with its id");
}

/* ---- the files ---- */

static sv_status parse(sv_arena *scratch, sv_str text, sv_error *error, const sv_value **ret_root)
{
    static const sv_value_limits limits = {.max_depth = 32,
                                           .max_values = 3 * (size_t)SV_WORDPIECE_MAX_TOKENS};
    sv_value_error why = {0};
    sv_status status = sv_value_parse(scratch, text, &limits, &why, ret_root);
    if (status == SV_INVALID)
        return sv_error_set(error, SV_INVALID, NULL, "not JSON: %s at character %zu",
                            why.message ? why.message : "bad text", why.position);
    if (!status && sv_value_get_type(*ret_root) != SV_VALUE_OBJECT)
        return fail(error, "not an object");
    return status;
}

static sv_status read_root(sv_arena *arena, const sv_value *root, sv_error *error,
                           sv_tokenizer_parts *parts)
{
    const sv_value *words = get_member(root, SV_STR("pre_tokenizer"));
    sv_status status = read_model(arena, get_member(root, SV_STR("model")), error, parts);
    if (!status && !is_named(words, "BertPreTokenizer"))
        status = refuse(error, SV_UNSUPPORTED, "pre_tokenizer.type", type_name(words));
    if (!status)
        status = read_normalizer(get_member(root, SV_STR("normalizer")), error, &parts->rules);
    if (!status)
        status = read_added(arena, get_member(root, SV_STR("added_tokens")), error, parts);
    if (!status)
        status = read_post_processor(get_member(root, SV_STR("post_processor")), error, parts);
    const sv_value *padding = get_member(root, SV_STR("padding"));
    if (!status && !get_id(get_member(padding, SV_STR("pad_id")), &parts->pad))
        (void)find_token(parts, SV_STR("[PAD]"), &parts->pad);
    return status;
}

sv_status sv_tokenizer_file_read_json(sv_arena *arena, sv_str text, sv_error *error,
                                      sv_tokenizer_parts *ret_parts)
{
    sv_tokenizer_parts parts = {0};
    const sv_value *root;
    sv_arena *scratch = sv_arena_new((size_t)1 << 30);
    if (!scratch)
        return SV_NO_MEMORY;
    sv_status status = parse(scratch, text, error, &root);
    if (!status)
        status = read_root(arena, root, error, &parts);
    sv_arena_free(scratch);
    if (!status)
        *ret_parts = parts;
    return status;
}

static size_t count_lines(sv_str text)
{
    size_t n = text.len && text.ptr[text.len - 1] != '\n';
    for (size_t i = 0; i < text.len; i++)
        n += text.ptr[i] == '\n';
    return n;
}

/* A token a line; its id is the line's number from 0. */
static sv_status read_lines(sv_arena *arena, sv_str text, sv_error *error,
                            sv_tokenizer_parts *parts)
{
    size_t n = count_lines(text);
    if (n > SV_WORDPIECE_MAX_TOKENS)
        return sv_error_set(error, SV_TOO_LARGE, NULL, "more than %d tokens",
                            SV_WORDPIECE_MAX_TOKENS);
    if (!sv_str_is_utf8(text))
        return fail(error, "not UTF-8");
    sv_str rest = sv_arena_copy(arena, text), line;
    sv_wordpiece_token *tokens = sv_arena_alloc_array(arena, n, sizeof *tokens);
    if (!tokens || !rest.ptr)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < n && sv_str_split(&rest, '\n', &line); i++) {
        if (line.len && line.ptr[line.len - 1] == '\r')
            line.len--;
        if (line.len > SV_WORDPIECE_MAX_TOKEN_BYTES)
            return sv_error_set(error, SV_INVALID, NULL, "line %zu is too long", i + 1);
        tokens[i] = (sv_wordpiece_token){line, (uint32_t)i};
    }
    parts->vocabulary.tokens = tokens;
    parts->vocabulary.n_tokens = n;
    parts->vocabulary.prefix = SV_STR("##");
    return SV_OK;
}

/* BERT's five, as far as the vocabulary has them. */
static sv_status add_bert_specials(sv_arena *arena, sv_error *error, sv_tokenizer_parts *parts)
{
    static const char *const names[] = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
    enum { N_NAMES = sizeof names / sizeof *names };
    uint32_t cls, sep;
    parts->added = sv_arena_alloc_array(arena, N_NAMES, sizeof *parts->added);
    if (!parts->added)
        return SV_NO_MEMORY;
    for (size_t i = 0; i < N_NAMES; i++) {
        sv_added_token token = {.text = sv_str_from(names[i])};
        if (find_token(parts, token.text, &token.id))
            parts->added[parts->n_added++] = token;
    }
    if (!find_token(parts, SV_STR("[UNK]"), &parts->vocabulary.unknown) ||
        !find_token(parts, SV_STR("[CLS]"), &cls) || !find_token(parts, SV_STR("[SEP]"), &sep))
        return fail(error, "not a vocabulary of BERT: [UNK], [CLS] or [SEP] is missing");
    (void)find_token(parts, SV_STR("[PAD]"), &parts->pad);
    (void)push_special(&parts->before, cls, 0);
    (void)push_special(&parts->behind, sep, 0);
    return SV_OK;
}

static sv_status read_bert_config(sv_str text, sv_error *error, sv_words_rules *rules)
{
    const sv_value *root;
    sv_arena *scratch = sv_arena_new(0);
    if (!scratch)
        return SV_NO_MEMORY;
    sv_status status = parse(scratch, text.len ? text : SV_STR("{}"), error, &root);
    if (!status) {
        rules->clean = true;
        rules->lower = get_flag(root, "do_lower_case", true);
        rules->decompose = get_flag(root, "strip_accents", rules->lower);
        rules->strip_nonspacing = rules->decompose;
        rules->space_ideographs = get_flag(root, "tokenize_chinese_chars", true);
        rules->max_chars = 100;
    }
    sv_arena_free(scratch);
    return status;
}

sv_status sv_tokenizer_file_read_vocabulary(sv_arena *arena, sv_str text, sv_str config,
                                            sv_error *error, sv_tokenizer_parts *ret_parts)
{
    sv_tokenizer_parts parts = {0};
    sv_status status = read_lines(arena, text, error, &parts);
    if (!status)
        status = add_bert_specials(arena, error, &parts);
    if (!status)
        status = read_bert_config(config, error, &parts.rules);
    if (!status)
        *ret_parts = parts;
    return status;
}
