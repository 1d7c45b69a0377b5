/* idna.c: folding of host names, and Punycode (RFC 3492).
 *
 * DESIGN. A host is folded character by character into text, which is then cut at its dots: a label
 * that is still not ASCII is encoded, one that begins with "xn--" is decoded and must be the way
 * folding would have left it. */
#include "json/idna.h"

#include <string.h>

enum {
    MAX_LABEL = 1000, /* characters; as the limit of pydantic's parser */
    MAX_FOLDED = 1 << 24,
    BASE = 36,
    T_MIN = 1,
    T_MAX = 26,
    SKEW = 38,
    DAMP = 700,
    INITIAL_BIAS = 72,
    INITIAL_N = 0x80,
    MAX_CHAR = 0x10FFFF,
    MAX_CHAR_SIZE = 4,
    ZERO_WIDTH_NON_JOINER = 0x200C,
    ZERO_WIDTH_JOINER = 0x200D,
};

typedef enum fold {
    FOLD_ADD,    /* the character plus `delta` */
    FOLD_EVEN,   /* even ones are capitals of the next */
    FOLD_ODD,    /* odd ones are */
    FOLD_TO,     /* `delta` itself; 0: nothing */
    FOLD_REFUSE, /* not allowed, or mapped in a way that is not known here */
} fold;

typedef struct fold_row {
    uint32_t first, last;
    fold fold;
    int32_t delta;
} fold_row;

static const fold_row fold_rows[] = {
    {'A', 'Z', FOLD_ADD, 32},
    {0x80, 0xA0, FOLD_REFUSE, 0},
    {0xA8, 0xA8, FOLD_REFUSE, 0},
    {0xAA, 0xAA, FOLD_TO, 'a'},
    {0xAD, 0xAD, FOLD_TO, 0},
    {0xAF, 0xAF, FOLD_REFUSE, 0},
    {0xB2, 0xB3, FOLD_ADD, '2' - 0xB2},
    {0xB4, 0xB4, FOLD_REFUSE, 0},
    {0xB5, 0xB5, FOLD_TO, 0x3BC},
    {0xB8, 0xB8, FOLD_REFUSE, 0},
    {0xB9, 0xB9, FOLD_TO, '1'},
    {0xBA, 0xBA, FOLD_TO, 'o'},
    {0xBC, 0xBE, FOLD_REFUSE, 0},
    {0xC0, 0xD6, FOLD_ADD, 32},
    {0xD8, 0xDE, FOLD_ADD, 32},
    {0x100, 0x12F, FOLD_EVEN, 0},
    {0x130, 0x130, FOLD_REFUSE, 0},
    {0x132, 0x133, FOLD_REFUSE, 0},
    {0x134, 0x137, FOLD_EVEN, 0},
    {0x139, 0x13E, FOLD_ODD, 0},
    {0x13F, 0x140, FOLD_REFUSE, 0},
    {0x141, 0x148, FOLD_ODD, 0},
    {0x149, 0x149, FOLD_REFUSE, 0},
    {0x14A, 0x177, FOLD_EVEN, 0},
    {0x178, 0x178, FOLD_TO, 0xFF},
    {0x179, 0x17E, FOLD_ODD, 0},
    {0x17F, 0x17F, FOLD_TO, 's'},
    {0x1C4, 0x1CC, FOLD_REFUSE, 0},
    {0x1CD, 0x1DC, FOLD_ODD, 0},
    {0x1DE, 0x1EF, FOLD_EVEN, 0},
    {0x1F1, 0x1F3, FOLD_REFUSE, 0},
    {0x1F8, 0x21F, FOLD_EVEN, 0},
    {0x222, 0x233, FOLD_EVEN, 0},
    {0x2B0, 0x2B8, FOLD_REFUSE, 0},
    {0x2D8, 0x2DD, FOLD_REFUSE, 0},
    {0x2E0, 0x2E4, FOLD_REFUSE, 0},
    {0x300, 0x36F, FOLD_REFUSE, 0},
    {0x370, 0x373, FOLD_EVEN, 0},
    {0x376, 0x376, FOLD_TO, 0x377},
    {0x37A, 0x37A, FOLD_REFUSE, 0},
    {0x37E, 0x37E, FOLD_REFUSE, 0},
    {0x384, 0x385, FOLD_REFUSE, 0},
    {0x386, 0x386, FOLD_TO, 0x3AC},
    {0x387, 0x387, FOLD_TO, 0xB7},
    {0x388, 0x38A, FOLD_ADD, 37},
    {0x38C, 0x38C, FOLD_TO, 0x3CC},
    {0x38E, 0x38F, FOLD_ADD, 63},
    {0x391, 0x3AB, FOLD_ADD, 32},
    {0x3CF, 0x3D6, FOLD_REFUSE, 0},
    {0x3D8, 0x3EF, FOLD_EVEN, 0},
    {0x3F0, 0x3F6, FOLD_REFUSE, 0},
    {0x3F9, 0x3F9, FOLD_REFUSE, 0},
    {0x400, 0x40F, FOLD_ADD, 80},
    {0x410, 0x42F, FOLD_ADD, 32},
    {0x460, 0x481, FOLD_EVEN, 0},
    {0x48A, 0x4BF, FOLD_EVEN, 0},
    {0x4C0, 0x4C0, FOLD_TO, 0x4CF},
    {0x4C1, 0x4CE, FOLD_ODD, 0},
    {0x4D0, 0x52F, FOLD_EVEN, 0},
    {0x531, 0x556, FOLD_ADD, 48},
    {0x587, 0x587, FOLD_REFUSE, 0},
    {0x61C, 0x61C, FOLD_REFUSE, 0},
    {0x660, 0x669, FOLD_REFUSE, 0},
    {0x675, 0x678, FOLD_REFUSE, 0},
    {0x10A0, 0x10CD, FOLD_REFUSE, 0},
    {0x10FC, 0x10FC, FOLD_REFUSE, 0},
    {0x1100, 0x11FF, FOLD_REFUSE, 0},
    {0x1680, 0x1680, FOLD_REFUSE, 0},
    {0x180B, 0x180F, FOLD_TO, 0},
    {0x1C80, 0x1CBF, FOLD_REFUSE, 0},
    {0x1D2C, 0x1D6A, FOLD_REFUSE, 0},
    {0x1DC0, 0x1DFF, FOLD_REFUSE, 0},
    {0x1E00, 0x1E95, FOLD_EVEN, 0},
    {0x1E9A, 0x1E9B, FOLD_REFUSE, 0},
    {0x1E9E, 0x1E9E, FOLD_TO, 0xDF},
    {0x1EA0, 0x1EFF, FOLD_EVEN, 0},
    {0x1F00, 0x1FFF, FOLD_REFUSE, 0},
    {0x2000, 0x200A, FOLD_REFUSE, 0},
    {0x200B, 0x200B, FOLD_TO, 0},
    {0x200E, 0x200F, FOLD_REFUSE, 0},
    {0x2011, 0x2011, FOLD_TO, 0x2010},
    {0x2017, 0x2017, FOLD_REFUSE, 0},
    {0x2024, 0x202F, FOLD_REFUSE, 0},
    {0x2033, 0x2037, FOLD_REFUSE, 0},
    {0x203C, 0x203E, FOLD_REFUSE, 0},
    {0x2047, 0x2049, FOLD_REFUSE, 0},
    {0x2057, 0x205F, FOLD_REFUSE, 0},
    {0x2060, 0x2060, FOLD_TO, 0},
    {0x2061, 0x208E, FOLD_REFUSE, 0},
    {0x2090, 0x20CF, FOLD_REFUSE, 0},
    {0x2100, 0x2129, FOLD_REFUSE, 0},
    {0x212A, 0x212A, FOLD_TO, 'k'},
    {0x212B, 0x212B, FOLD_TO, 0xE5},
    {0x212C, 0x218B, FOLD_REFUSE, 0},
    {0x2460, 0x24FF, FOLD_REFUSE, 0},
    {0x2C00, 0x2C2F, FOLD_ADD, 48},
    {0x2C60, 0x2C60, FOLD_TO, 0x2C61},
    {0x2C62, 0x2C64, FOLD_REFUSE, 0},
    {0x2C67, 0x2C6C, FOLD_ODD, 0},
    {0x2C6D, 0x2C70, FOLD_REFUSE, 0},
    {0x2C72, 0x2C72, FOLD_TO, 0x2C73},
    {0x2C75, 0x2C75, FOLD_TO, 0x2C76},
    {0x2C7C, 0x2C7F, FOLD_REFUSE, 0},
    {0x2C80, 0x2CE3, FOLD_EVEN, 0},
    {0x2E80, 0x3000, FOLD_REFUSE, 0},
    {0x3002, 0x3002, FOLD_TO, '.'},
    {0x3036, 0x303A, FOLD_REFUSE, 0},
    {0x3099, 0x309C, FOLD_REFUSE, 0},
    {0x309F, 0x309F, FOLD_REFUSE, 0},
    {0x30FF, 0x30FF, FOLD_REFUSE, 0},
    {0x3131, 0x319F, FOLD_REFUSE, 0},
    {0x3200, 0x33FF, FOLD_REFUSE, 0},
    {0xA640, 0xA66D, FOLD_EVEN, 0},
    {0xA680, 0xA69B, FOLD_EVEN, 0},
    {0xA722, 0xA72F, FOLD_EVEN, 0},
    {0xA732, 0xA76F, FOLD_EVEN, 0},
    {0xAB5C, 0xABBF, FOLD_REFUSE, 0},
    {0xD800, 0xFDFF, FOLD_REFUSE, 0},
    {0xFE00, 0xFE0F, FOLD_TO, 0},
    {0xFE10, 0xFEFE, FOLD_REFUSE, 0},
    {0xFEFF, 0xFEFF, FOLD_TO, 0},
    {0xFF01, 0xFF20, FOLD_ADD, -0xFEE0},
    {0xFF21, 0xFF3A, FOLD_ADD, -0xFEC0},
    {0xFF3B, 0xFF5E, FOLD_ADD, -0xFEE0},
    {0xFF61, 0xFF61, FOLD_TO, '.'},
    {0xFF00, 0xFFFF, FOLD_REFUSE, 0},
    {0x10400, 0x10427, FOLD_ADD, 40},
    {0x1D100, 0x1D7FF, FOLD_REFUSE, 0},
    {0x1EE00, 0x1EEFF, FOLD_REFUSE, 0},
    {0x1F100, 0x1F16F, FOLD_REFUSE, 0},
    {0x1F190, 0x1F190, FOLD_REFUSE, 0},
    {0x1F200, 0x1F265, FOLD_REFUSE, 0},
    {0x1FBF0, 0x1FBF9, FOLD_REFUSE, 0},
    {0x2F800, 0x2FA1F, FOLD_REFUSE, 0},
    {0xE0000, MAX_CHAR, FOLD_REFUSE, 0},
};

/* Signs after which an invisible joiner is spelling. */
static const uint16_t viramas[] = {0x94D, 0x9CD, 0xA4D, 0xACD, 0xB4D, 0xBCD,  0xC4D,
                                   0xCCD, 0xD4D, 0xDCA, 0xE3A, 0xF84, 0x1039, 0x17D2};

typedef struct label_chars {
    size_t n;
    uint32_t chars[MAX_LABEL];
} label_chars;

/* The first character of valid UTF-8, cut off `*rest`. */
static uint32_t read_char(sv_str *rest)
{
    unsigned char lead = (unsigned char)*rest->ptr;
    size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    uint32_t c = size == 1 ? lead : lead & (0xFFU >> (size + 1));
    for (size_t i = 1; i < size; i++)
        c = c << 6 | ((unsigned char)rest->ptr[i] & 0x3FU);
    *rest = sv_str_slice(*rest, size, rest->len);
    return c;
}

static void append_char(sv_buf *out, uint32_t c)
{
    char bytes[MAX_CHAR_SIZE];
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6)
        bytes[i] = (char)(0x80 | (c & 0x3F));
    bytes[0] = (char)(n == 1 ? c : (0xF00U >> n & 0xFF) | c);
    sv_buf_append(out, bytes, n);
}

static bool is_virama(uint32_t c)
{
    for (size_t i = 0; i < sizeof viramas / sizeof *viramas; i++)
        if (viramas[i] == c)
            return true;
    return false;
}

/* `*c` as it is in a host; 0: it vanishes. False: not allowed. */
static bool fold_char(uint32_t before, uint32_t *c)
{
    if (*c == ZERO_WIDTH_JOINER || *c == ZERO_WIDTH_NON_JOINER)
        return is_virama(before);
    for (size_t i = 0; i < sizeof fold_rows / sizeof *fold_rows; i++) {
        const fold_row *row = &fold_rows[i];
        if (*c < row->first || *c > row->last)
            continue;
        switch (row->fold) {
        case FOLD_ADD:
            *c = (uint32_t)((int32_t)*c + row->delta);
            return true;
        case FOLD_EVEN:
            *c |= 1;
            return true;
        case FOLD_ODD:
            *c += *c & 1;
            return true;
        case FOLD_TO:
            *c = (uint32_t)row->delta;
            return true;
        case FOLD_REFUSE:
            return false;
        }
    }
    return (*c & 0xFFFE) != 0xFFFE;
}

/* A whole host, or one label. */
static sv_status fold_text(sv_str text, sv_buf *out)
{
    uint32_t before = 0;
    if (!sv_str_is_utf8(text))
        return SV_INVALID;
    while (text.len > 0) {
        uint32_t c = read_char(&text);
        bool is_nul = c == 0;
        if (!fold_char(before, &c))
            return SV_INVALID;
        if (c != 0 || is_nul)
            append_char(out, c);
        before = c;
    }
    return sv_buf_status(out);
}

static uint32_t adapt(uint32_t delta, uint32_t n_chars, bool is_first)
{
    uint32_t k = 0;
    delta = is_first ? delta / DAMP : delta / 2;
    delta += delta / n_chars;
    for (; delta > (BASE - T_MIN) * T_MAX / 2; k += BASE)
        delta /= BASE - T_MIN;
    return k + (BASE - T_MIN + 1) * delta / (delta + SKEW);
}

static uint32_t threshold(uint32_t k, uint32_t bias)
{
    if (k <= bias + T_MIN)
        return T_MIN;
    return k >= bias + T_MAX ? T_MAX : k - bias;
}

static void append_number(sv_buf *out, uint32_t number, uint32_t bias)
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    for (uint32_t k = BASE;; k += BASE) {
        uint32_t t = threshold(k, bias);
        if (number < t)
            break;
        sv_buf_append_byte(out, digits[t + (number - t) % (BASE - t)]);
        number = (number - t) / (BASE - t);
    }
    sv_buf_append_byte(out, digits[number]);
}

/* RFC 3492 section 6.3. With at most MAX_LABEL characters nothing overflows. */
static void encode(const label_chars *label, sv_buf *out)
{
    uint32_t n = INITIAL_N, delta = 0, bias = INITIAL_BIAS, n_done = 0;
    for (size_t i = 0; i < label->n; i++)
        if (label->chars[i] < 0x80) {
            append_char(out, label->chars[i]);
            n_done++;
        }
    uint32_t n_basic = n_done;
    if (n_basic > 0)
        sv_buf_append_byte(out, '-');
    while (n_done < label->n) {
        uint32_t next = MAX_CHAR;
        for (size_t i = 0; i < label->n; i++)
            if (label->chars[i] >= n && label->chars[i] < next)
                next = label->chars[i];
        delta += (next - n) * (n_done + 1);
        n = next;
        for (size_t i = 0; i < label->n; i++) {
            delta += label->chars[i] < n;
            if (label->chars[i] != n)
                continue;
            append_number(out, delta, bias);
            bias = adapt(delta, n_done + 1, n_done == n_basic);
            delta = 0;
            n_done++;
        }
        delta++;
        n++;
    }
}

static uint32_t read_digit(char c)
{
    if (c >= 'a' && c <= 'z')
        return (uint32_t)(c - 'a');
    return c >= '0' && c <= '9' ? (uint32_t)(c - '0' + 26) : BASE;
}

/* Reads a number, cut off `*text`, and adds it to `*i`; false when there is none. */
static bool read_number(sv_str *text, uint32_t bias, uint32_t *i)
{
    uint64_t weight = 1, sum = *i;
    for (uint32_t k = BASE;; k += BASE) {
        uint32_t digit = text->len ? read_digit(*text->ptr) : BASE, t = threshold(k, bias);
        sum += digit * weight;
        if (digit == BASE || sum > INT32_MAX)
            return false;
        *text = sv_str_slice(*text, 1, text->len);
        if (digit < t)
            break;
        weight *= BASE - t;
        if (weight > INT32_MAX)
            return false;
    }
    *i = (uint32_t)sum;
    return true;
}

/* RFC 3492 section 6.2, of what stands behind "xn--" in lower case. */
static bool decode(sv_str text, label_chars *ret_label)
{
    uint32_t n = INITIAL_N, i = 0, bias = INITIAL_BIAS;
    size_t n_basic = text.len;
    while (n_basic > 0 && text.ptr[n_basic - 1] != '-')
        n_basic--;
    if (text.len > MAX_LABEL || n_basic == text.len)
        return false;
    ret_label->n = n_basic ? n_basic - 1 : 0;
    for (size_t at = 0; at < ret_label->n; at++)
        ret_label->chars[at] = (unsigned char)text.ptr[at];
    text = sv_str_slice(text, n_basic, text.len);
    while (text.len > 0) {
        uint32_t start = i, count = (uint32_t)ret_label->n + 1;
        if (!read_number(&text, bias, &i))
            return false;
        bias = adapt(i - start, count, start == 0);
        n += i / count;
        i %= count;
        if (n > MAX_CHAR || (n >= 0xD800 && n < 0xE000) || count > MAX_LABEL)
            return false;
        memmove(ret_label->chars + i + 1, ret_label->chars + i,
                (ret_label->n - i) * sizeof *ret_label->chars);
        ret_label->chars[i++] = n;
        ret_label->n = count;
    }
    return true;
}

/* SV_OK when `said`, which `label` holds too, is what folding leaves and encoding makes `text` of.
 */
static sv_status check_one_form(sv_str text, const label_chars *label, sv_str said)
{
    sv_buf folded, encoded;
    sv_buf_init(&folded, MAX_FOLDED);
    sv_buf_init(&encoded, MAX_FOLDED);
    encode(label, &encoded);
    sv_status status = fold_text(said, &folded);
    if (!status)
        status = sv_buf_status(&encoded);
    if (!status && (!sv_str_eq(said, sv_buf_str(&folded)) ||
                    !sv_str_eq(text, sv_buf_str(&encoded)) || sv_str_find(said, '.') < said.len))
        status = SV_INVALID;
    sv_buf_deinit(&folded);
    sv_buf_deinit(&encoded);
    return status;
}

/* Appends what a label "xn--..." says, if it is said in its one form. */
static sv_status append_decoded(sv_str text, sv_buf *out)
{
    label_chars label;
    size_t start = out->len;
    text = sv_str_slice(text, 4, text.len);
    if (!decode(text, &label))
        return SV_INVALID;
    for (size_t i = 0; i < label.n; i++)
        append_char(out, label.chars[i]);
    if (sv_buf_status(out))
        return sv_buf_status(out);
    return check_one_form(text, &label, sv_str_slice(sv_buf_str(out), start, out->len));
}

static bool is_ascii(sv_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] >= 0x80)
            return false;
    return true;
}

static sv_status check_encoded(sv_str text)
{
    sv_buf said;
    sv_buf_init(&said, MAX_FOLDED);
    sv_status status = append_decoded(text, &said);
    if (!status && is_ascii(sv_buf_str(&said)))
        status = SV_INVALID;
    sv_buf_deinit(&said);
    return status;
}

static sv_status append_label(sv_str text, sv_buf *out)
{
    label_chars label = {.n = 0};
    if (sv_str_starts_with(text, SV_STR("xn--"))) {
        sv_status status = is_ascii(text) ? check_encoded(text) : SV_INVALID;
        return status ? status : sv_buf_append_str(out, text);
    }
    if (is_ascii(text))
        return sv_buf_append_str(out, text);
    if (sv_str_count_chars(text) > MAX_LABEL)
        return SV_INVALID;
    while (text.len > 0)
        label.chars[label.n++] = read_char(&text);
    sv_buf_append_str(out, SV_STR("xn--"));
    encode(&label, out);
    return sv_buf_status(out);
}

/* Every label of `host` through `append`, with the dots between them. */
static sv_status append_labels(sv_str host, sv_buf *out, sv_status (*append)(sv_str, sv_buf *))
{
    for (;;) {
        size_t len = sv_str_find(host, '.');
        sv_status status = append(sv_str_slice(host, 0, len), out);
        if (status || len == host.len)
            return status;
        status = sv_buf_append_byte(out, '.');
        if (status)
            return status;
        host = sv_str_slice(host, len + 1, host.len);
    }
}

sv_status sv_idna_to_ascii(sv_str host, sv_buf *out)
{
    sv_buf folded;
    sv_buf_init(&folded, MAX_FOLDED);
    sv_status status = fold_text(host, &folded);
    if (!status)
        status = append_labels(sv_buf_str(&folded), out, append_label);
    sv_buf_deinit(&folded);
    return status;
}

static sv_status append_said(sv_str text, sv_buf *out)
{
    if (sv_str_starts_with(text, SV_STR("xn--")))
        return append_decoded(text, out);
    return sv_buf_append_str(out, text);
}

sv_status sv_idna_to_unicode(sv_str host, sv_buf *out)
{
    return append_labels(host, out, append_said);
}
