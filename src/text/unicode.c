/* unicode.c: the only file that knows utf8proc. */
#include "text/unicode.h"

#include <utf8proc.h>

size_t sv_unicode_decode(sv_str text, uint32_t *ret_code)
{
    utf8proc_int32_t code;
    utf8proc_ssize_t len = utf8proc_iterate((const utf8proc_uint8_t *)text.ptr,
                                            (utf8proc_ssize_t)(text.len < 4 ? text.len : 4), &code);
    *ret_code = len > 0 ? (uint32_t)code : SV_UNICODE_REPLACEMENT;
    return len > 0 ? (size_t)len : 1;
}

size_t sv_unicode_encode(uint32_t code, char bytes[4])
{
    return (size_t)utf8proc_encode_char((utf8proc_int32_t)code, (utf8proc_uint8_t *)bytes);
}

/* Sorted ranges of marks, punctuation and formats that came after Unicode 8. Other characters
 * between them are plain either way. */
typedef struct range {
    uint32_t first, last;
} range;

static const range newer[] = {
    {0x61d, 0x61d},     {0x7fd, 0x7fd},     {0x890, 0x8e2},     {0x9fd, 0x9fe},
    {0xa76, 0xa76},     {0xafa, 0xaff},     {0xb55, 0xb55},     {0xc04, 0xc3c},
    {0xc77, 0xc77},     {0xc84, 0xc84},     {0xd00, 0xd00},     {0xd3b, 0xd3c},
    {0xd81, 0xd81},     {0xeba, 0xeba},     {0xece, 0xece},     {0x180f, 0x1886},
    {0x1abf, 0x1ace},   {0x1b7d, 0x1b7e},   {0x1df6, 0x1dfb},   {0x2e43, 0x2e5d},
    {0xa82c, 0xa82c},   {0xa8c5, 0xa8c5},   {0xa8ff, 0xa8ff},   {0xa9bd, 0xa9bd},
    {0x10d24, 0x10f89}, {0x11070, 0x11074}, {0x110c2, 0x110cd}, {0x111c9, 0x111c9},
    {0x111cf, 0x111cf}, {0x1123e, 0x11241}, {0x1133b, 0x1133b}, {0x11438, 0x1145e},
    {0x11660, 0x1166c}, {0x116b9, 0x116b9}, {0x1182f, 0x11fff}, {0x12ff1, 0x13455},
    {0x16e97, 0x16f4f}, {0x16fe2, 0x16fe4}, {0x1cf00, 0x1cf46}, {0x1e000, 0x1e4ef},
    {0x1e944, 0x1e95f},
};

static bool is_newer(uint32_t code)
{
    size_t low = 0, high = sizeof newer / sizeof *newer;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (newer[middle].last < code)
            low = middle + 1;
        else
            high = middle;
    }
    return low < sizeof newer / sizeof *newer && newer[low].first <= code;
}

sv_unicode_class sv_unicode_classify(uint32_t code)
{
    static const unsigned char classes[32] = {
        [UTF8PROC_CATEGORY_MN] = SV_UNICODE_MARK,
        [UTF8PROC_CATEGORY_PC] = SV_UNICODE_PUNCTUATION,
        [UTF8PROC_CATEGORY_PD] = SV_UNICODE_PUNCTUATION,
        [UTF8PROC_CATEGORY_PS] = SV_UNICODE_PUNCTUATION,
        [UTF8PROC_CATEGORY_PE] = SV_UNICODE_PUNCTUATION,
        [UTF8PROC_CATEGORY_PI] = SV_UNICODE_PUNCTUATION,
        [UTF8PROC_CATEGORY_PF] = SV_UNICODE_PUNCTUATION,
        [UTF8PROC_CATEGORY_PO] = SV_UNICODE_PUNCTUATION,
        [UTF8PROC_CATEGORY_ZS] = SV_UNICODE_SPACE,
        [UTF8PROC_CATEGORY_ZL] = SV_UNICODE_SPACE,
        [UTF8PROC_CATEGORY_ZP] = SV_UNICODE_SPACE,
        [UTF8PROC_CATEGORY_CC] = SV_UNICODE_CONTROL,
        [UTF8PROC_CATEGORY_CF] = SV_UNICODE_CONTROL,
        [UTF8PROC_CATEGORY_CO] = SV_UNICODE_CONTROL,
    };
    if ((code >= '\t' && code <= '\r') || code == 0x85)
        return SV_UNICODE_SPACE;
    if (code < 0x80 && utf8proc_category((utf8proc_int32_t)code) >= UTF8PROC_CATEGORY_SM &&
        utf8proc_category((utf8proc_int32_t)code) <= UTF8PROC_CATEGORY_SO)
        return SV_UNICODE_PUNCTUATION; /* $ + < = > ^ ` | ~: punctuation to BERT */
    if (code == 0x166d || code == 0x111c9)
        return SV_UNICODE_PUNCTUATION; /* until Unicode 9 and 11 */
    if (code == 0x1734)
        return SV_UNICODE_MARK; /* until Unicode 14 */
    if (is_newer(code))
        return SV_UNICODE_PLAIN;
    return (sv_unicode_class)classes[utf8proc_category((utf8proc_int32_t)code)];
}

bool sv_unicode_is_mark(uint32_t code)
{
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code);
    return (category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
            category == UTF8PROC_CATEGORY_ME) &&
           !is_newer(code);
}

size_t sv_unicode_decompose(uint32_t code, uint32_t ret_codes[SV_UNICODE_MAX_DECOMPOSED])
{
    utf8proc_int32_t codes[SV_UNICODE_MAX_DECOMPOSED];
    int boundary = 0;
    utf8proc_ssize_t n =
        utf8proc_decompose_char((utf8proc_int32_t)code, codes, SV_UNICODE_MAX_DECOMPOSED,
                                UTF8PROC_DECOMPOSE | UTF8PROC_STABLE, &boundary);
    if (n < 1 || n > SV_UNICODE_MAX_DECOMPOSED) {
        ret_codes[0] = code;
        return 1;
    }
    for (utf8proc_ssize_t i = 0; i < n; i++)
        ret_codes[i] = (uint32_t)codes[i];
    return (size_t)n;
}

size_t sv_unicode_lower(uint32_t code, uint32_t ret_codes[SV_UNICODE_MAX_LOWER])
{
    ret_codes[0] = (uint32_t)utf8proc_tolower((utf8proc_int32_t)code);
    ret_codes[1] = 0x307;
    if (code != 0x130)
        return 1;
    ret_codes[0] = 'i'; /* the only one with two: capital I with a dot */
    return 2;
}

static int combining_class(uint32_t code)
{
    return code < 0x300 ? 0 : utf8proc_get_property((utf8proc_int32_t)code)->combining_class;
}

void sv_unicode_order(uint32_t *codes, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        uint32_t code = codes[i];
        int class = combining_class(code);
        size_t at = i;
        for (; class && at > 0 && combining_class(codes[at - 1]) > class; at--)
            codes[at] = codes[at - 1];
        codes[at] = code;
    }
}

size_t sv_unicode_compose(uint32_t *codes, size_t n)
{
    utf8proc_ssize_t len = utf8proc_normalize_utf32((utf8proc_int32_t *)codes, (utf8proc_ssize_t)n,
                                                    UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    return len < 0 ? n : (size_t)len;
}
