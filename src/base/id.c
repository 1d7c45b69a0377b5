/* id.c: random bytes from the kernel, UUIDs. */
#include "base/id.h"

#include <string.h>
#include <sys/random.h>

void sv_id_random(void *bytes, size_t size_bytes)
{
    char *at = bytes;
    while (size_bytes) {
        size_t piece =
            size_bytes < 256 ? size_bytes : 256; /* up to 256 bytes the call is never short */
        if (getrandom(at, piece, 0) != (ssize_t)piece)
            continue; /* interrupted before the generator was seeded */
        at += piece;
        size_bytes -= piece;
    }
}

void sv_id_uuid4(char *text)
{
    static _Thread_local unsigned char pool[256];
    static _Thread_local size_t left;
    static const char hex[] = "0123456789abcdef";
    if (left < 16) {
        sv_id_random(pool, sizeof pool);
        left = sizeof pool;
    }
    left -= 16;
    unsigned char *id = pool + left;
    id[6] = (unsigned char)((id[6] & 0x0F) | 0x40);
    id[8] = (unsigned char)((id[8] & 0x3F) | 0x80);
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *text++ = '-';
        *text++ = hex[id[i] >> 4];
        *text++ = hex[id[i] & 15];
    }
    *text = '\0';
    memset(id, 0, 16);
}
