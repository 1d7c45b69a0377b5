/* hashed_ngrams.c: each piece's hash is that of the shorter piece with one byte more, so nothing is
 * copied and a word is walked once for each of its bytes. */
#include "text/hashed_ngrams.h"

enum { SHORTEST = 3, LONGEST = 5 };

static const uint32_t hash_start = 2166136261u;

static uint32_t add_byte(uint32_t hash, char byte)
{
    return (hash ^ (unsigned char)byte) * 16777619u;
}

static char to_lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

static bool is_word_byte(char byte)
{
    byte = to_lower(byte);
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
           (unsigned char)byte >= 0x80;
}

/* Byte `i` of the word in its brackets. */
static char bracketed(sv_str word, size_t i)
{
    return i == 0 ? '<' : i > word.len ? '>' : to_lower(word.ptr[i - 1]);
}

static void count_word(sv_str word, float *counts, size_t n_buckets)
{
    size_t len = word.len + 2;
    for (size_t start = 0; start + SHORTEST <= len; start++) {
        uint32_t hash = hash_start;
        for (size_t n = 1; n <= LONGEST && start + n <= len; n++) {
            hash = add_byte(hash, bracketed(word, start + n - 1));
            if (n >= SHORTEST)
                counts[hash % n_buckets]++;
        }
    }
    if (len <= LONGEST)
        return;
    uint32_t whole = hash_start;
    for (size_t i = 0; i < len; i++)
        whole = add_byte(whole, bracketed(word, i));
    counts[whole % n_buckets]++;
}

void sv_hashed_ngrams_count(sv_str text, float *counts, size_t n_buckets)
{
    counts[add_byte(add_byte(hash_start, '<'), '>') % n_buckets]++;
    for (size_t at = 0; at < text.len;) {
        size_t end = at;
        while (end < text.len && is_word_byte(text.ptr[end]))
            end++;
        if (end > at)
            count_word(sv_str_slice(text, at, end - at), counts, n_buckets);
        at = end + 1;
    }
}
