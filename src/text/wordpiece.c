/* wordpiece.c: the vocabulary as a hash table, and greedy longest match.
 *
 * DESIGN. Open addressing, at most half full. The hash (FNV-1a) grows byte by byte, so the hashes
 * of all beginnings of what is left of a word come in one pass, no longer than the longest token;
 * then they are looked up from the longest down. Pieces inside a word start from the hash of the
 * prefix. */
#include "text/wordpiece.h"

#include <string.h>

enum { MAX_PIECES = 1024 /* of a word: words.h has no longer ones */ };

typedef struct slot {
    uint32_t hash;
    uint32_t token; /* index + 1; 0: free */
} slot;

struct sv_wordpiece {
    sv_wordpiece_config config;
    slot *slots;
    size_t mask;
    size_t longest; /* token, in bytes */
    uint64_t prefix_state;
};

static const uint64_t hash_start = 14695981039346656037u;

static uint64_t add_byte(uint64_t state, char byte)
{
    return (state ^ (unsigned char)byte) * 1099511628211u;
}

static uint64_t add_text(uint64_t state, sv_str text)
{
    for (size_t i = 0; i < text.len; i++)
        state = add_byte(state, text.ptr[i]);
    return state;
}

static uint32_t finish_hash(uint64_t state)
{
    return (uint32_t)(state >> 32 ^ state);
}

/* Whether a token is `prefix` and then `text`. */
static bool is_token(sv_str token, sv_str prefix, sv_str text)
{
    return token.len == prefix.len + text.len && memcmp(token.ptr, prefix.ptr, prefix.len) == 0 &&
           memcmp(token.ptr + prefix.len, text.ptr, text.len) == 0;
}

/* The slot of a token, or the free one where it belongs. */
static slot *find_slot(const sv_wordpiece *it, uint32_t hash, sv_str prefix, sv_str text)
{
    for (size_t i = hash & it->mask;; i = (i + 1) & it->mask) {
        slot *at = &it->slots[i];
        if (!at->token ||
            (at->hash == hash && is_token(it->config.tokens[at->token - 1].text, prefix, text)))
            return at;
    }
}

sv_status sv_wordpiece_new(sv_arena *arena, const sv_wordpiece_config *config,
                           const sv_wordpiece **ret_wordpiece)
{
    size_t n_slots = 16;
    while (n_slots < 2 * config->n_tokens)
        n_slots *= 2;
    sv_wordpiece *it = sv_arena_alloc(arena, sizeof *it);
    slot *slots = sv_arena_alloc_array(arena, n_slots, sizeof *slots);
    if (!it || !slots)
        return SV_NO_MEMORY;
    *it = (sv_wordpiece){.config = *config,
                         .slots = slots,
                         .mask = n_slots - 1,
                         .prefix_state = add_text(hash_start, config->prefix)};
    for (size_t i = 0; i < config->n_tokens; i++) {
        sv_str text = config->tokens[i].text;
        uint32_t hash = finish_hash(add_text(hash_start, text));
        *find_slot(it, hash, SV_STR(""), text) = (slot){hash, (uint32_t)i + 1};
        if (text.len > it->longest)
            it->longest = text.len;
    }
    *ret_wordpiece = it;
    return SV_OK;
}

bool sv_wordpiece_find(const sv_wordpiece *wordpiece, sv_str token, uint32_t *ret_id)
{
    uint32_t hash = finish_hash(add_text(hash_start, token));
    const slot *at = find_slot(wordpiece, hash, SV_STR(""), token);
    if (!at->token)
        return false;
    *ret_id = wordpiece->config.tokens[at->token - 1].id;
    return true;
}

static bool begins_char(char byte)
{
    return ((unsigned char)byte & 0xc0) != 0x80;
}

/* The longest piece that `word` begins with from `start` on; 0: there is none. */
static size_t match_longest(const sv_wordpiece *it, sv_str word, size_t start, uint32_t *ret_id)
{
    uint32_t hashes[SV_WORDPIECE_MAX_TOKEN_BYTES + 1];
    sv_str prefix = start ? it->config.prefix : SV_STR("");
    uint64_t state = start ? it->prefix_state : hash_start;
    size_t most = it->longest > prefix.len ? it->longest - prefix.len : 0;
    sv_str rest = sv_str_slice(word, start, most);
    for (size_t i = 0; i < rest.len; i++) {
        state = add_byte(state, rest.ptr[i]);
        hashes[i + 1] = finish_hash(state);
    }
    for (size_t len = rest.len; len > 0; len--) {
        if (start + len < word.len && !begins_char(word.ptr[start + len]))
            continue;
        const slot *at = find_slot(it, hashes[len], prefix, sv_str_slice(rest, 0, len));
        if (at->token) {
            *ret_id = it->config.tokens[at->token - 1].id;
            return len;
        }
    }
    return 0;
}

size_t sv_wordpiece_split(const sv_wordpiece *wordpiece, sv_str word, int64_t *ids, size_t room)
{
    uint32_t pieces[MAX_PIECES];
    size_t n = 0, start = 0;
    while (start < word.len && n < MAX_PIECES) {
        size_t len = match_longest(wordpiece, word, start, &pieces[n]);
        if (!len)
            break;
        start += len;
        n++;
    }
    if (!word.ptr || start < word.len) {
        pieces[0] = wordpiece->config.unknown;
        n = 1;
    }
    if (n > room)
        n = room;
    for (size_t i = 0; i < n; i++)
        ids[i] = pieces[i];
    return n;
}
