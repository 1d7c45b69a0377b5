/* pattern.c: the only file that knows PCRE2.
 *
 * DESIGN. A pattern is read once, before PCRE2 sees it: what Rust's regex does not have is refused
 * by its name, and the few things both write differently are rewritten (\u00e9, \v, [:alpha:],
 * which is ASCII in Rust). Everything else means the same in both under the options below.
 *
 * PCRE2 backtracks, Rust's regex does not, so work is limited: PCRE2 counts steps for each place
 * where a match could begin, therefore the longer a text is, the fewer steps each place gets. The
 * contexts with those limits are made at start and only read later; what a match writes to is its
 * own. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "json/pattern.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

enum {
    MAX_STEPS = 2000000, /* of one match, over all places where it could begin */
    MIN_STEPS = 1000,    /* at one place */
    MAX_DEPTH = 100000,
    MAX_HEAP_KIB = 4096,
    N_LIMITS = 5,
    LIMIT_SHIFT = 4,    /* each limit is for texts 16 times as long as the one before */
    SHORTEST_LIMIT = 2, /* the first one for texts below 1 << 2 bytes */
    MAX_MESSAGE = 256,
};

struct sv_pattern {
    pcre2_code *code;
    pcre2_match_context *limits[N_LIMITS];
    bool is_anchored;
};

/* A pattern while it is read. */
typedef struct reader {
    const char *text, *at;
    sv_buf *out;
    sv_error *error;
    bool in_class;
} reader;

typedef struct posix_class {
    const char *name, *members;
} posix_class;

static const posix_class posix_classes[] = {
    {"[:alnum:]", "0-9A-Za-z"},
    {"[:alpha:]", "A-Za-z"},
    {"[:ascii:]", "\\x00-\\x7f"},
    {"[:blank:]", "\\t "},
    {"[:cntrl:]", "\\x00-\\x1f\\x7f"},
    {"[:digit:]", "0-9"},
    {"[:graph:]", "!-~"},
    {"[:lower:]", "a-z"},
    {"[:print:]", " -~"},
    {"[:punct:]", "!-\\/:-@\\[-`{-~"},
    {"[:space:]", "\\t\\n\\x0b\\f\\r "},
    {"[:upper:]", "A-Z"},
    {"[:word:]", "0-9A-Za-z_"},
    {"[:xdigit:]", "0-9A-Fa-f"},
};

/* What may follow "(?", and what it is called when Rust's regex has it not. */
typedef struct group_kind {
    const char *start, *name;
} group_kind;

static const group_kind foreign_groups[] = {
    {"=", "look-ahead"},       {"!", "look-ahead"},        {"<=", "look-behind"},
    {"<!", "look-behind"},     {"*", "look-around"},       {">", "an atomic group"},
    {"|", "a branch reset"},   {"(", "a condition"},       {"#", "a comment"},
    {"R", "recursion"},        {"&", "recursion"},         {"P>", "recursion"},
    {"+", "recursion"},        {"P=", "a back-reference"}, {"C", "a callout"},
    {"'", "a name in quotes"},
};

static sv_status refuse(const reader *in, const char *what)
{
    return sv_error_set(in->error, SV_INVALID, NULL, "pattern '%.*s', at %zu: %s", 200, in->text,
                        (size_t)(in->at - in->text), what);
}

static sv_status copy(reader *in, size_t n_bytes)
{
    sv_status status = sv_buf_append(in->out, in->at, n_bytes);
    in->at += n_bytes;
    return status;
}

static bool follows(const reader *in, const char *start)
{
    return strncmp(in->at, start, strlen(start)) == 0;
}

/* \u0041, \u{41}, \U00000041 and \U{41} as \x{41}. */
static sv_status read_code_point(reader *in)
{
    size_t n_digits = in->at[1] == 'u' ? 4 : 8, n = 0;
    const char *digits = in->at + 2;
    bool has_brace = *digits == '{';
    digits += has_brace;
    while (isxdigit((unsigned char)digits[n]) && (has_brace || n < n_digits))
        n++;
    if (has_brace ? (n == 0 || digits[n] != '}') : n < n_digits)
        return refuse(in, "hexadecimal digits are missing");
    in->at = digits + n + has_brace;
    return sv_buf_printf(in->out, "\\x{%.*s}", (int)n, digits);
}

static sv_status read_escape(reader *in)
{
    char c = in->at[1];
    if (c == '\0')
        return refuse(in, "a \\ at the end");
    if (c == 'u' || c == 'U')
        return read_code_point(in);
    if (c == 'v') {
        in->at += 2;
        return sv_buf_append_str(in->out, SV_STR("\\x0b"));
    }
    if (isdigit((unsigned char)c) || c == 'g' || c == 'k')
        return refuse(in, "back-references are not supported");
    if (in->in_class && strchr("bBAz", c))
        return refuse(in, "this escape is not for a set");
    bool is_known = isalnum((unsigned char)c) ? strchr("dDsSwWbBAzpPxafnrt", c) != NULL
                                              : (unsigned char)c < 0x80 && c != '<' && c != '>';
    if (!is_known || (c == 'b' && in->at[2] == '{'))
        return refuse(in, "this escape is not supported");
    size_t n = 2;
    if (strchr("pPx", c) && in->at[2] == '{') {
        n += strcspn(in->at + 2, "}");
        if (in->at[n++] == '\0')
            return refuse(in, "a } is missing");
    }
    return copy(in, n);
}

static sv_status read_posix_class(reader *in)
{
    for (size_t i = 0; i < sizeof posix_classes / sizeof *posix_classes; i++) {
        if (!follows(in, posix_classes[i].name))
            continue;
        in->at += strlen(posix_classes[i].name);
        return sv_buf_append_str(in->out, sv_str_from(posix_classes[i].members));
    }
    return refuse(in, "sets within sets are not supported; a [ in a set is written \\[");
}

static sv_status read_class(reader *in)
{
    size_t n_head = follows(in, "[^") ? 2 : 1;
    sv_status status = copy(in, in->at[n_head] == ']' ? n_head + 1 : n_head);
    in->in_class = true;
    while (!status && *in->at != ']') {
        if (*in->at == '\0')
            return refuse(in, "a set has no ]");
        if (follows(in, "&&") || follows(in, "~~") || (follows(in, "--") && in->at[2] != ']'))
            return refuse(in, "sets of sets are not supported");
        if (*in->at == '\\')
            status = read_escape(in);
        else
            status = *in->at == '[' ? read_posix_class(in) : copy(in, 1);
    }
    in->in_class = false;
    return status ? status : copy(in, 1);
}

/* After "(?" the flags i, m, s, U, then `:` or `)`; or a name. */
static sv_status read_group(reader *in)
{
    if (follows(in, "(*"))
        return refuse(in, "verbs are not supported");
    if (!follows(in, "(?"))
        return copy(in, 1);
    const char *after = in->at + 2;
    for (size_t i = 0; i < sizeof foreign_groups / sizeof *foreign_groups; i++)
        if (strncmp(after, foreign_groups[i].start, strlen(foreign_groups[i].start)) == 0)
            return sv_error_set(in->error, SV_INVALID, NULL,
                                "pattern '%.200s', at %zu: %s is not supported", in->text,
                                (size_t)(in->at - in->text), foreign_groups[i].name);
    if (*after == '<' || (after[0] == 'P' && after[1] == '<'))
        return copy(in, 2);
    size_t n_flags = strspn(after, "imsU-");
    if (after[n_flags] != ':' && after[n_flags] != ')')
        return refuse(in, "a group of this kind, or with this flag, is not supported");
    return copy(in, 2 + n_flags + 1);
}

/* One of * + ? {n} {n,} {n,m}, maybe with the ? that makes it lazy. */
static sv_status read_repeat(reader *in)
{
    size_t n = 1;
    if (*in->at == '{') {
        size_t n_digits = strspn(in->at + 1, "0123456789");
        n += n_digits;
        n += in->at[n] == ',' ? 1 + strspn(in->at + n + 1, "0123456789") : 0;
        if (n_digits == 0 || in->at[n++] != '}')
            return refuse(in, "a { that is no repetition is written \\{");
    }
    n += in->at[n] == '?';
    if (in->at[n] && strchr("+*?{", in->at[n]))
        return refuse(in, "possessive or doubled repetitions are not supported");
    return copy(in, n);
}

static sv_status read_pattern(reader *in)
{
    sv_status status = SV_OK;
    while (!status && *in->at) {
        if (*in->at == '\\')
            status = read_escape(in);
        else if (*in->at == '[')
            status = read_class(in);
        else if (*in->at == '(')
            status = read_group(in);
        else if (strchr("*+?{", *in->at))
            status = read_repeat(in);
        else
            status = copy(in, 1);
    }
    return status;
}

static sv_status make_limits(sv_pattern *pattern)
{
    for (int i = 0; i < N_LIMITS; i++) {
        uint32_t n_places = pattern->is_anchored ? 1 : 1U << (SHORTEST_LIMIT + LIMIT_SHIFT * i);
        uint32_t steps = MAX_STEPS / n_places;
        pattern->limits[i] = pcre2_match_context_create(NULL);
        if (!pattern->limits[i])
            return SV_NO_MEMORY;
        pcre2_set_match_limit(pattern->limits[i], steps > MIN_STEPS ? steps : MIN_STEPS);
        pcre2_set_depth_limit(pattern->limits[i], MAX_DEPTH);
        pcre2_set_heap_limit(pattern->limits[i], MAX_HEAP_KIB);
    }
    return SV_OK;
}

static sv_status compile(sv_pattern *pattern, const char *text, sv_str rewritten, sv_error *error)
{
    static const uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_DOLLAR_ENDONLY |
                                    PCRE2_ALT_CIRCUMFLEX | PCRE2_NEVER_BACKSLASH_C |
                                    PCRE2_NO_AUTO_CAPTURE;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context)
        return SV_NO_MEMORY;
    int code;
    PCRE2_SIZE offset;
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    PCRE2_SPTR bytes = (PCRE2_SPTR)(rewritten.ptr ? rewritten.ptr : "");
    pattern->code = pcre2_compile(bytes, rewritten.len, options, &code, &offset, context);
    pcre2_compile_context_free(context);
    if (!pattern->code && code == PCRE2_ERROR_NOMEMORY)
        return SV_NO_MEMORY;
    PCRE2_UCHAR message[MAX_MESSAGE] = "";
    if (!pattern->code) {
        pcre2_get_error_message(code, message, sizeof message);
        return sv_error_set(error, SV_INVALID, NULL, "pattern '%.200s', at %zu: %s", text, offset,
                            (const char *)message);
    }
    uint32_t all = 0;
    pcre2_pattern_info(pattern->code, PCRE2_INFO_ALLOPTIONS, &all);
    pattern->is_anchored = (all & PCRE2_ANCHORED) != 0;
    /* Without JIT (not built in, or no memory for it) matching is slower and the same. */
    (void)pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE);
    return make_limits(pattern);
}

sv_status sv_pattern_new(const char *text, sv_error *error, sv_pattern **ret_pattern)
{
    if (strlen(text) > SV_PATTERN_MAX_TEXT || !sv_str_is_utf8(sv_str_from(text)))
        return sv_error_set(error, SV_INVALID, NULL, "a pattern is UTF-8 of at most %d bytes",
                            SV_PATTERN_MAX_TEXT);
    sv_buf rewritten;
    sv_buf_init(&rewritten, 8 * SV_PATTERN_MAX_TEXT);
    reader in = {.text = text, .at = text, .out = &rewritten, .error = error};
    sv_pattern *pattern = calloc(1, sizeof *pattern);
    sv_status status = pattern ? read_pattern(&in) : SV_NO_MEMORY;
    if (!status)
        status = compile(pattern, text, sv_buf_str(&rewritten), error);
    sv_buf_deinit(&rewritten);
    if (!status)
        *ret_pattern = pattern;
    else
        sv_pattern_free(pattern);
    return status;
}

void sv_pattern_free(sv_pattern *pattern)
{
    if (!pattern)
        return;
    for (int i = 0; i < N_LIMITS; i++)
        pcre2_match_context_free(pattern->limits[i]);
    pcre2_code_free(pattern->code);
    free(pattern);
}

/* Which limits are for a text of this length. */
static int find_limits(size_t len)
{
    int i = 0;
    while (i < N_LIMITS - 1 && len >> (SHORTEST_LIMIT + LIMIT_SHIFT * i))
        i++;
    return i;
}

static sv_status translate(int result, bool *ret_matches)
{
    switch (result) {
    case PCRE2_ERROR_NOMATCH:
        *ret_matches = false;
        return SV_OK;
    case PCRE2_ERROR_NOMEMORY:
        return SV_NO_MEMORY;
    case PCRE2_ERROR_MATCHLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_HEAPLIMIT:
    case PCRE2_ERROR_JIT_STACKLIMIT:
        return SV_TOO_LARGE;
    default: /* one of many that say where text is not UTF-8 */
        if (result < 0)
            return SV_INVALID;
        *ret_matches = true;
        return SV_OK;
    }
}

sv_status sv_pattern_matches(const sv_pattern *pattern, sv_str text, bool *ret_matches)
{
    size_t max = pattern->is_anchored ? SV_PATTERN_MAX_ANCHORED : SV_PATTERN_MAX_UNANCHORED;
    if (text.len > max)
        return SV_TOO_LARGE;
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    if (!data)
        return SV_NO_MEMORY;
    int result = pcre2_match(pattern->code, (PCRE2_SPTR)(text.ptr ? text.ptr : ""), text.len, 0, 0,
                             data, pattern->limits[find_limits(text.len)]);
    pcre2_match_data_free(data);
    return translate(result, ret_matches);
}
