/* utf8_pieces.c: whole characters out of pieces.
 *
 * DESIGN. What is held is always the beginning of some well-formed character. A byte either goes on
 * with it, or shows that it was none: then the held bytes are one U+FFFD, and the byte is looked at
 * again on its own. */
#include "text/utf8_pieces.h"

static const sv_str replacement = SV_STR_INIT("\xef\xbf\xbd");

/* Bytes of the character that `lead` begins; 0: it begins none. */
static unsigned count_bytes(unsigned char lead)
{
    if (lead < 0x80)
        return 1;
    if (lead < 0xc2 || lead > 0xf4)
        return 0;
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* Whether `byte` may follow what is held. The second byte is bounded further: no overlong forms, no
 * surrogates, nothing beyond U+10FFFF. */
static bool can_follow(const sv_utf8_pieces *pieces, unsigned char byte)
{
    unsigned char lead = pieces->held[0], low = 0x80, high = 0xbf;
    if (pieces->n_held == 1) {
        low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : low;
        high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : high;
    }
    return byte >= low && byte <= high;
}

static void add_byte(sv_utf8_pieces *pieces, unsigned char byte, sv_buf *out)
{
    if (pieces->n_held && !can_follow(pieces, byte)) {
        sv_buf_append_str(out, replacement);
        pieces->n_held = 0;
    }
    if (!pieces->n_held && !count_bytes(byte)) {
        sv_buf_append_str(out, replacement);
        return;
    }
    pieces->held[pieces->n_held++] = byte;
    if (pieces->n_held == count_bytes(pieces->held[0])) {
        sv_buf_append(out, pieces->held, pieces->n_held);
        pieces->n_held = 0;
    }
}

static size_t count_ascii(sv_str text)
{
    size_t n = 0;
    while (n < text.len && (unsigned char)text.ptr[n] < 0x80)
        n++;
    return n;
}

sv_status sv_utf8_pieces_add(sv_utf8_pieces *pieces, sv_str bytes, sv_buf *out)
{
    while (bytes.len) {
        size_t n = pieces->n_held ? 0 : count_ascii(bytes);
        if (n) {
            sv_buf_append(out, bytes.ptr, n);
        } else {
            add_byte(pieces, (unsigned char)bytes.ptr[0], out);
            n = 1;
        }
        bytes = sv_str_slice(bytes, n, bytes.len);
    }
    return sv_buf_status(out);
}

sv_status sv_utf8_pieces_end(sv_utf8_pieces *pieces, sv_buf *out)
{
    if (pieces->n_held)
        sv_buf_append_str(out, replacement);
    pieces->n_held = 0;
    return sv_buf_status(out);
}
