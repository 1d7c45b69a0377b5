/* words.c: text to words.
 *
 * DESIGN. Nothing is allocated and no normalised text ever exists: each character of the text is
 * cleaned, decomposed and made small on its own and put into a short queue; words are read off the
 * queue. Marks are put in canonical order within a word, which is where they matter. */
#include "text/words.h"

void sv_words_begin(sv_words *words, const sv_words_rules *rules, sv_str text)
{
    words->rules = rules;
    words->rest = text;
    words->n_queued = words->next_queued = 0;
}

/* As BERT has it; the gap of 256 before U+2B920 is the packages', kept for equal tokens. */
static bool is_ideograph(uint32_t code)
{
    return (code >= 0x4e00 && code <= 0x9fff) || (code >= 0x3400 && code <= 0x4dbf) ||
           (code >= 0x20000 && code <= 0x2a6df) || (code >= 0x2a700 && code <= 0x2b81f) ||
           (code >= 0x2b920 && code <= 0x2ceaf) || (code >= 0xf900 && code <= 0xfaff) ||
           (code >= 0x2f800 && code <= 0x2fa1f);
}

static void enqueue(sv_words *words, uint32_t code)
{
    words->queue[words->n_queued++] = code;
}

static bool is_stripped(const sv_words_rules *rules, uint32_t code)
{
    if (code < 0x300)
        return false;
    return (rules->strip_nonspacing && sv_unicode_classify(code) == SV_UNICODE_MARK) ||
           (rules->strip_marks && sv_unicode_is_mark(code));
}

static void enqueue_lower(sv_words *words, uint32_t code)
{
    uint32_t lower[SV_UNICODE_MAX_LOWER] = {code};
    size_t n = words->rules->lower ? sv_unicode_lower(code, lower) : 1;
    for (size_t i = 0; i < n; i++)
        enqueue(words, lower[i]);
}

static void enqueue_decomposed(sv_words *words, uint32_t code)
{
    const sv_words_rules *rules = words->rules;
    uint32_t parts[SV_UNICODE_MAX_DECOMPOSED] = {code};
    size_t n = rules->decompose && code >= 0x80 ? sv_unicode_decompose(code, parts) : 1;
    for (size_t i = 0; i < n; i++)
        if (!is_stripped(rules, parts[i]))
            enqueue_lower(words, parts[i]);
}

/* What one character of the text becomes; nothing, for those that go. */
static void enqueue_char(sv_words *words, uint32_t code)
{
    const sv_words_rules *rules = words->rules;
    if (rules->clean) {
        sv_unicode_class class = sv_unicode_classify(code);
        bool kept = code == '\t' || code == '\n' || code == '\r';
        bool control = class == SV_UNICODE_CONTROL || code == 0x85 || code < ' ';
        if ((control && !kept) || code == SV_UNICODE_REPLACEMENT)
            return;
        if (class == SV_UNICODE_SPACE)
            code = ' ';
    }
    bool alone = rules->space_ideographs && code >= 0x3400 && is_ideograph(code);
    if (alone)
        enqueue(words, ' ');
    enqueue_decomposed(words, code);
    if (alone)
        enqueue(words, ' ');
}

/* NFC makes symbols of these and a slash: they would be cut apart before their word is composed. */
static uint32_t compose_relation(sv_words *words, uint32_t code)
{
    static const sv_str slash = SV_STR_INIT("\xcc\xb8");
    if (code < '<' || code > '>' || !sv_str_starts_with(words->rest, slash))
        return code;
    words->rest = sv_str_slice(words->rest, slash.len, words->rest.len);
    return code == '=' ? 0x2260 : code == '<' ? 0x226e : 0x226f;
}

static bool next_code(sv_words *words, uint32_t *ret_code)
{
    while (words->next_queued == words->n_queued) {
        uint32_t code;
        if (!words->rest.len)
            return false;
        size_t len = sv_unicode_decode(words->rest, &code);
        words->rest = sv_str_slice(words->rest, len, words->rest.len);
        words->n_queued = words->next_queued = 0;
        if (words->rules->compose)
            code = compose_relation(words, code);
        enqueue_char(words, code);
    }
    *ret_code = words->queue[words->next_queued++];
    return true;
}

/* Appends to the word as far as there is room; composing starts from what is decomposed. Returns
 * the length that it would have. */
static size_t append_code(sv_words *words, size_t n, uint32_t code)
{
    uint32_t parts[SV_UNICODE_MAX_DECOMPOSED] = {code};
    size_t n_parts = words->rules->compose && code >= 0x80 ? sv_unicode_decompose(code, parts) : 1;
    for (size_t i = 0; i < n_parts; i++, n++)
        if (n < SV_WORDS_MAX_CHARS)
            words->codes[n] = parts[i];
    return n;
}

/* Codes up to the next space or punctuation; a word that is too long is read to its end too. */
static size_t read_word(sv_words *words)
{
    size_t n = 0;
    uint32_t code;
    while (next_code(words, &code)) {
        sv_unicode_class class = sv_unicode_classify(code);
        if (class == SV_UNICODE_SPACE && n)
            break;
        if (class == SV_UNICODE_SPACE)
            continue;
        if (class == SV_UNICODE_PUNCTUATION && n) {
            words->next_queued--; /* a word of its own, next time */
            break;
        }
        n = append_code(words, n, code);
        if (class == SV_UNICODE_PUNCTUATION)
            break;
    }
    return n;
}

bool sv_words_next(sv_words *words, sv_str *ret_word)
{
    const sv_words_rules *rules = words->rules;
    size_t n = read_word(words);
    if (!n)
        return false;
    *ret_word = (sv_str){NULL, 0};
    if (n > (rules->compose ? SV_WORDS_MAX_CHARS : rules->max_chars))
        return true;
    if (rules->decompose || rules->compose)
        sv_unicode_order(words->codes, n);
    if (rules->compose)
        n = sv_unicode_compose(words->codes, n);
    if (n > rules->max_chars)
        return true;
    size_t len = 0;
    for (size_t i = 0; i < n; i++)
        len += sv_unicode_encode(words->codes[i], words->bytes + len);
    *ret_word = (sv_str){words->bytes, len};
    return true;
}
