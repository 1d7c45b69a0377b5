/* message.c: the small grammars of HTTP messages. Knows no connection and keeps no state. */
#include "http/message.h"

#include <string.h>

enum { MAX_WEIGHT = 1000 };

/* The IANA registry, the common ones first. PRI is left out: it only announces HTTP/2. */
static const sv_str methods = SV_STR_INIT(
    "GET HEAD POST PUT PATCH DELETE OPTIONS CONNECT TRACE ACL BASELINE-CONTROL BIND CHECKIN "
    "CHECKOUT COPY LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE "
    "MOVE M-SEARCH NOTIFY ORDERPATCH PROPFIND PROPPATCH PURGE QUERY REBIND REPORT SEARCH SUBSCRIBE "
    "UNBIND UNCHECKOUT UNLINK UNLOCK UNSUBSCRIBE UPDATE UPDATEREDIRECTREF VERSION-CONTROL");

bool sv_message_is_method(sv_str text)
{
    sv_str rest = methods, known;
    while (sv_str_split(&rest, ' ', &known))
        if (sv_str_eq(text, known))
            return true;
    return false;
}

/* 1 for the characters of a token (tchar of RFC 9110 5.6.2). */
static const unsigned char token_chars[256] = {
    ['!'] = 1, ['#'] = 1, ['$'] = 1, ['%'] = 1, ['&'] = 1, ['\''] = 1, ['*'] = 1, ['+'] = 1,
    ['-'] = 1, ['.'] = 1, ['^'] = 1, ['_'] = 1, ['`'] = 1, ['|'] = 1,  ['~'] = 1, ['0'] = 1,
    ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1,  ['7'] = 1, ['8'] = 1,
    ['9'] = 1, ['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1,  ['F'] = 1, ['G'] = 1,
    ['H'] = 1, ['I'] = 1, ['J'] = 1, ['K'] = 1, ['L'] = 1, ['M'] = 1,  ['N'] = 1, ['O'] = 1,
    ['P'] = 1, ['Q'] = 1, ['R'] = 1, ['S'] = 1, ['T'] = 1, ['U'] = 1,  ['V'] = 1, ['W'] = 1,
    ['X'] = 1, ['Y'] = 1, ['Z'] = 1, ['a'] = 1, ['b'] = 1, ['c'] = 1,  ['d'] = 1, ['e'] = 1,
    ['f'] = 1, ['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1, ['k'] = 1,  ['l'] = 1, ['m'] = 1,
    ['n'] = 1, ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1, ['s'] = 1,  ['t'] = 1, ['u'] = 1,
    ['v'] = 1, ['w'] = 1, ['x'] = 1, ['y'] = 1, ['z'] = 1,
};

bool sv_message_is_token(sv_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!token_chars[(unsigned char)text.ptr[i]])
            return false;
    return text.len > 0;
}

bool sv_message_is_header(sv_str name, sv_str value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char byte = (unsigned char)value.ptr[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return false;
    }
    return sv_message_is_token(name) && sv_str_trim_ows(value).len == value.len;
}

bool sv_message_list_has(sv_str list, sv_str member)
{
    sv_str piece;
    while (sv_str_split(&list, ',', &piece))
        if (sv_str_eq_nocase(sv_str_trim_ows(piece), member))
            return true;
    return false;
}

/* "0.25" is 250. */
static int read_weight(sv_str text)
{
    int weight = 0, unit = MAX_WEIGHT;
    for (size_t i = 0; i < text.len; i++) {
        if (i == 1 && text.ptr[i] == '.')
            continue;
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || !unit)
            return -1;
        weight += (text.ptr[i] - '0') * unit;
        unit /= 10;
    }
    return text.len && weight <= MAX_WEIGHT ? weight : -1;
}

int sv_message_weight(sv_str parameters)
{
    int weight = MAX_WEIGHT;
    sv_str piece;
    while (sv_str_split(&parameters, ';', &piece)) {
        piece = sv_str_trim_ows(piece);
        if (sv_str_starts_with(piece, SV_STR("q=")) || sv_str_starts_with(piece, SV_STR("Q=")))
            weight = read_weight(sv_str_slice(piece, 2, piece.len));
    }
    return weight;
}

sv_str sv_message_media_type(sv_str content_type)
{
    return sv_str_trim_ows(sv_str_slice(content_type, 0, sv_str_find(content_type, ';')));
}

bool sv_message_is_json(sv_str content_type)
{
    sv_str type = sv_message_media_type(content_type);
    sv_str suffix = SV_STR("+json");
    return sv_str_eq_nocase(type, SV_STR("application/json")) ||
           (type.len > suffix.len && sv_str_find(type, '/') < type.len &&
            sv_str_eq_nocase(sv_str_slice(type, type.len - suffix.len, suffix.len), suffix));
}

bool sv_message_media_matches(sv_str content_type, sv_str patterns)
{
    sv_str type = sv_message_media_type(content_type);
    sv_str pattern;
    while (sv_str_split(&patterns, ',', &pattern)) {
        pattern = sv_str_trim_ows(pattern);
        bool is_family = sv_str_ends_with(pattern, SV_STR("/"));
        sv_str compared = is_family ? sv_str_slice(type, 0, pattern.len) : type;
        if (pattern.len && sv_str_eq_nocase(compared, pattern))
            return !is_family || type.len > pattern.len;
    }
    return false;
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit |= 0x20;
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

int sv_message_percent_byte(sv_str text)
{
    if (text.len < 3 || text.ptr[0] != '%')
        return -1;
    int high = hex_value(text.ptr[1]), low = hex_value(text.ptr[2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* What may follow a first byte of UTF-8 (Unicode 3.9, table 3-7): the length of the character and
 * the range of its second byte. Length 0: no character begins so. */
static size_t expect_char(unsigned char first, unsigned char *ret_low, unsigned char *ret_high)
{
    *ret_low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    *ret_high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (first < 0x80)
        return 1;
    if (first < 0xC2 || first > 0xF4)
        return 0;
    return first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

/* Length of the character at the start of `text`, or, with `*ret_valid` false, of the piece that is
 * not one. */
static size_t measure_char(sv_str text, bool *ret_valid)
{
    unsigned char low, high;
    size_t len = expect_char((unsigned char)text.ptr[0], &low, &high);
    size_t i = 1;
    for (; i < len && i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (byte < low || byte > high)
            break;
        low = 0x80;
        high = 0xBF;
    }
    *ret_valid = i == len;
    return i;
}

sv_str sv_message_repair_utf8(sv_arena *arena, sv_str text, int keep)
{
    if (sv_str_is_utf8(text))
        return text;
    char *repaired = sv_arena_alloc_raw(arena, text.len * 3);
    if (!repaired)
        return (sv_str){0};
    size_t len = 0;
    for (size_t i = 0; i < text.len;) {
        bool valid;
        size_t piece = measure_char(sv_str_slice(text, i, text.len), &valid);
        valid |= (unsigned char)text.ptr[i] == keep;
        size_t written = valid ? piece : 3;
        memcpy(repaired + len, valid ? text.ptr + i : "\xEF\xBF\xBD", written);
        len += written;
        i += piece;
    }
    return (sv_str){repaired, len};
}

size_t sv_message_count_pairs(sv_str query)
{
    size_t count = 0;
    sv_str piece;
    while (sv_str_split(&query, '&', &piece))
        count += piece.len > 0;
    return count;
}

static bool needs_decoding(sv_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '%' || text.ptr[i] == '+' || (unsigned char)text.ptr[i] >= 0x80)
            return true;
    return false;
}

static sv_str decode_query(sv_arena *arena, sv_str text)
{
    if (!needs_decoding(text))
        return text;
    char *decoded = sv_arena_alloc_raw(arena, text.len);
    if (!decoded)
        return (sv_str){0};
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        int byte = sv_message_percent_byte(sv_str_slice(text, i, 3));
        if (byte >= 0)
            i += 2;
        else
            byte = text.ptr[i] == '+' ? ' ' : text.ptr[i];
        decoded[len++] = (char)byte;
    }
    return sv_message_repair_utf8(arena, (sv_str){decoded, len}, SV_MESSAGE_KEEP_NONE);
}

bool sv_message_next_pair(sv_str *rest, sv_arena *arena, sv_str *ret_name, sv_str *ret_value)
{
    sv_str piece = {0};
    while (!piece.len)
        if (!sv_str_split(rest, '&', &piece))
            return false;
    size_t equals = sv_str_find(piece, '=');
    sv_str name = decode_query(arena, sv_str_slice(piece, 0, equals));
    sv_str value = decode_query(arena, sv_str_slice(piece, equals + 1, piece.len));
    if (!name.ptr || !value.ptr)
        return false;
    *ret_name = name;
    *ret_value = value;
    return true;
}
