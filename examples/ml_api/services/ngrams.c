#include "services/ngrams.h"

enum { SHORTEST = 3, LONGEST = 5 };

/* FNV-1a, 32 bits. */
static void count_piece(float *counts, const unsigned char *piece, size_t len)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ piece[i]) * 16777619u;
    counts[hash % NGRAMS_BUCKETS]++;
}

/* `word` stands between < and >. */
static void count_word(float *counts, const unsigned char *word, size_t len)
{
    for (size_t n = SHORTEST; n <= LONGEST; n++)
        for (size_t i = 0; i + n <= len; i++)
            count_piece(counts, word + i, n);
    if (len > LONGEST)
        count_piece(counts, word, len);
}

static bool is_word(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte > 0x7f;
}

static unsigned char to_lower(char letter)
{
    unsigned char byte = (unsigned char)letter;
    return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte | 0x20) : byte;
}

const float *ngrams_count(sv_call *call, sv_str text)
{
    float *counts = sv_alloc(call, NGRAMS_BUCKETS * sizeof *counts);
    unsigned char *word = sv_alloc(call, text.len + 2);
    size_t len = 0;
    if (!counts || !word)
        return NULL;
    count_piece(counts, (const unsigned char *)"<>", 2);
    word[len++] = '<';
    for (size_t i = 0; i <= text.len; i++) {
        unsigned char byte = i < text.len ? to_lower(text.ptr[i]) : ' ';
        if (is_word(byte)) {
            word[len++] = byte;
        } else if (len > 1) {
            word[len++] = '>';
            count_word(counts, word, len);
            len = 1;
        }
    }
    return counts;
}
