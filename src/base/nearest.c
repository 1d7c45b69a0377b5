/* nearest.c: edit distance (Levenshtein), row by row. */
#include "base/nearest.h"

#include <string.h>

/* Longer names are compared by their beginnings. */
enum { MOST = 64 };

static char fold(char byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return (char)(byte | 0x20);
    return byte == '-' ? '_' : byte;
}

static size_t measure(sv_str a, sv_str b)
{
    size_t row[MOST + 1]; /* row[k]: from the first i bytes of `a` to the first k of `b` */
    for (size_t k = 0; k <= b.len; k++)
        row[k] = k;
    for (size_t i = 1; i <= a.len; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t k = 1; k <= b.len; k++) {
            size_t changed = corner + (fold(a.ptr[i - 1]) != fold(b.ptr[k - 1]));
            size_t added = (row[k - 1] < row[k] ? row[k - 1] : row[k]) + 1;
            corner = row[k];
            row[k] = changed < added ? changed : added;
        }
    }
    return row[b.len];
}

sv_nearest sv_nearest_begin(sv_str wanted)
{
    return (sv_nearest){.wanted = wanted, .distance = wanted.len / 2 + 1};
}

void sv_nearest_offer(sv_nearest *search, const char *name)
{
    size_t distance =
        measure(sv_str_slice(search->wanted, 0, MOST), sv_str_slice(sv_str_from(name), 0, MOST));
    if (distance < search->distance) {
        search->distance = distance;
        search->best = name;
    }
}
