/* email.c: reads addresses of e-mail.
 *
 * DESIGN. The text is cut in steps (name and angle brackets, then local part and domain); then each
 * part is judged in the order email-validator judges, since the first complaint is the one clients
 * read. A complaint ends reading: functions return SV_INVALID and the reason is set; SV_NO_MEMORY
 * passes through. */
#include "json/email.h"

#include <ctype.h>
#include <string.h>

#include "json/email_chars.h"
#include "json/idna.h"
#include "json/ip.h"

enum {
    MAX_INPUT = 2048,  /* characters */
    MAX_ADDRESS = 254, /* bytes */
    MAX_DOMAIN = 253,
    MAX_LABEL = 63,
    MAX_TEXT = 1 << 16, /* of a domain or a reason: inputs are below it */
};

#define BAD_DOMAIN "The part after the @-sign is not valid. "

/* An address while it is read. */
typedef struct reader {
    sv_arena *arena;
    sv_str reason; /* once SV_INVALID was returned */
    sv_str local, domain;
    bool is_quoted, has_brackets;
    sv_str ascii_domain, shown_domain;
} reader;

static const char *const lower_case_names[] = {
    "info",       "marketing", "sales", "support",   "abuse", "noc",  "security", "postmaster",
    "hostmaster", "usenet",    "news",  "webmaster", "www",   "uucp", "ftp",
};

static const char *const special_domains[] = {
    "arpa", "invalid", "local", "localhost", "onion", "test",
};

static sv_status refuse(reader *in, const char *format, ...) SV_PRINTF(2, 3);
static sv_status refuse(reader *in, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    in->reason = sv_arena_vprintf(in->arena, format, args);
    va_end(args);
    return in->reason.ptr ? SV_INVALID : SV_NO_MEMORY;
}

static const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

static bool is_ascii(sv_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] >= 0x80)
            return false;
    return true;
}

static bool contains(sv_str text, const char *part)
{
    return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

/* Refuses with the list in `list`, when there is one, between the two texts; empties it. */
static sv_status refuse_list(reader *in, sv_buf *list, const char *before, const char *after)
{
    sv_status status = sv_buf_status(list) ? SV_NO_MEMORY : SV_OK;
    if (!status && list->len > 0)
        status = refuse(in, "%s%.*s%s", before, SV_STR_ARG(sv_buf_str(list)), after);
    sv_buf_deinit(list);
    return status;
}

static sv_status check_bad(reader *in, sv_str text, sv_email_part part, const char *complaint)
{
    sv_buf list;
    sv_buf_init(&list, MAX_TEXT);
    sv_email_chars_append_bad(&list, text, part);
    return refuse_list(in, &list, complaint, ".");
}

static sv_status check_unsafe(reader *in, sv_str text, bool may_have_space)
{
    sv_buf list;
    sv_buf_init(&list, MAX_TEXT);
    sv_email_chars_append_unsafe(&list, text, may_have_space);
    return refuse_list(in, &list, "The email address contains unsafe characters: ", ".");
}

/* Whether `text` may be the name before an angle bracket without quotes. */
static bool is_plain_name(sv_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x80 && !isalnum(c) && !isspace(c) && (!c || !strchr(".!#$%&'*+-/=?^_`{|}~", c)))
            return false;
    }
    return true;
}

/* Where the `<` of "name <address>" stands in a text that ends in `>`; text.len: nowhere. */
static size_t find_bracket(sv_str text)
{
    size_t first = sv_str_find(text, '<');
    if (text.len == 0 || text.ptr[0] != '"')
        return first < text.len && is_plain_name(sv_str_slice(text, 0, first)) ? first : text.len;
    for (size_t i = text.len; i-- > 2;) {
        if (text.ptr[i - 1] != '"')
            continue;
        sv_str after = sv_str_slice(text, i, text.len), trimmed = sv_str_trim(after);
        if (i > 2 && trimmed.len > 0 && trimmed.ptr[0] == '<' && trimmed.len > 2)
            return (size_t)(trimmed.ptr - text.ptr);
    }
    return text.len;
}

/* The address in "name <address>", or the text itself, without blanks around. */
static sv_str strip_name(sv_str text)
{
    text = sv_str_trim(text);
    if (text.len == 0 || text.ptr[text.len - 1] != '>')
        return text;
    size_t bracket = find_bracket(text);
    if (bracket + 2 >= text.len)
        return text;
    return sv_str_trim(sv_str_slice(text, bracket + 1, text.len - bracket - 2));
}

/* Where the first of `specials` stands outside quotes, or text.len. */
static size_t find_unquoted(sv_str text, const char *specials)
{
    bool is_inside = false, is_escaped = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!is_inside && c && strchr(specials, c))
            return i;
        if (c == '"' && !is_escaped)
            is_inside = !is_inside;
        is_escaped = is_inside && c == '\\' && !is_escaped;
    }
    return text.len;
}

static sv_status refuse_without_at(reader *in, sv_str text)
{
    if (contains(text, "\xEF\xBC\xA0"))
        return refuse(in, "The email address has the \"full-width\" at-sign (@) character instead "
                          "of a regular at-sign.");
    if (contains(text, "\xEF\xB9\xAB"))
        return refuse(in, "The email address has the \"small commercial at\" character instead of "
                          "a regular at-sign.");
    return refuse(in, "An email address must have an @-sign.");
}

/* `text` without the quotes around it and the backslashes in it. */
static sv_status unquote(reader *in, sv_str text, sv_str *ret_text, bool *ret_is_quoted)
{
    *ret_text = text;
    *ret_is_quoted = text.len > 0 && text.ptr[0] == '"';
    if (!*ret_is_quoted)
        return SV_OK;
    char *plain = sv_arena_alloc_raw(in->arena, text.len);
    size_t n = 0, i = 1;
    if (!plain)
        return SV_NO_MEMORY;
    for (; i < text.len && text.ptr[i] != '"'; i++) {
        if (text.ptr[i] == '\\' && ++i == text.len)
            break;
        plain[n++] = text.ptr[i];
    }
    *ret_text = (sv_str){plain, n};
    sv_buf list;
    sv_buf_init(&list, MAX_TEXT);
    sv_email_chars_append_all(&list, sv_str_slice(text, i + 1, text.len));
    return refuse_list(in, &list, "Extra character(s) found after close quote: ", "");
}

/* "name <address>" that was none for strip_name: `*text` becomes the address. */
static sv_status read_brackets(reader *in, size_t bracket, sv_str *text)
{
    sv_str name = sv_str_trim(sv_str_slice(*text, 0, bracket));
    sv_str rest = sv_str_slice(*text, bracket, text->len);
    bool is_quoted;
    sv_status status = unquote(in, name, &name, &is_quoted);
    if (!status && !is_quoted)
        status = check_bad(in, name, SV_EMAIL_DISPLAY_NAME,
                           "The display name contains invalid characters when not quoted: ");
    if (!status)
        status = check_unsafe(in, name, true);
    if (status)
        return status;
    if (sv_str_find(rest, '>') == rest.len)
        return refuse(in, "An open angle bracket at the start of the email address has to be "
                          "followed by a close angle bracket at the end.");
    if (rest.ptr[rest.len - 1] != '>')
        return refuse(in, "There can't be anything after the email address.");
    in->has_brackets = true;
    *text = sv_str_slice(rest, 1, rest.len - 2);
    return SV_OK;
}

static sv_status split(reader *in, sv_str text)
{
    size_t at = find_unquoted(text, "@<");
    if (at == text.len)
        return refuse_without_at(in, text);
    if (text.ptr[at] == '<') {
        sv_status status = read_brackets(in, at, &text);
        if (status)
            return status;
        at = find_unquoted(text, "@");
        if (at == text.len)
            return refuse_without_at(in, text);
    }
    in->domain = sv_str_slice(text, at + 1, text.len);
    return unquote(in, sv_str_slice(text, 0, at), &in->local, &in->is_quoted);
}

/* Dots, and in a domain hyphens, where they may not be. `begin` and `end` tell where it was. */
static sv_status check_dots(reader *in, sv_str text, const char *begin, const char *end,
                            bool is_domain)
{
    const char *marks = is_domain ? ".-" : ".";
    for (const char *mark = marks; *mark; mark++) {
        const char *name = *mark == '.' ? "period" : "hyphen";
        if (text.len > 0 && text.ptr[text.len - 1] == *mark)
            return refuse(in, "An email address cannot %s a %s%s.", is_domain ? "end with" : "have",
                          name, end);
        if (text.len > 0 && text.ptr[0] == *mark)
            return refuse(in, "An email address cannot %s a %s%s.",
                          is_domain ? "have" : "start with", name, begin);
        if (contains(text, ".."))
            return refuse(in, "An email address cannot have two periods in a row.");
    }
    if (is_domain && (contains(text, ".-") || contains(text, "-.")))
        return refuse(in, "An email address cannot have a period and a hyphen next to each other.");
    return SV_OK;
}

static sv_status check_quoted_local(reader *in)
{
    sv_status status = check_bad(in, in->local, SV_EMAIL_QUOTED,
                                 "The email address contains invalid characters in quotes before "
                                 "the @-sign: ");
    if (!status)
        status = check_unsafe(in, in->local, true);
    return status ? status : refuse(in, "Quoting the part before the @-sign is not allowed here.");
}

static sv_status lower_local(reader *in)
{
    for (size_t i = 0; i < sizeof lower_case_names / sizeof *lower_case_names; i++) {
        sv_str name = sv_str_from(lower_case_names[i]);
        if (sv_str_eq_nocase(name, in->local) && !sv_str_eq(name, in->local))
            in->local = name;
    }
    return SV_OK;
}

static sv_status check_local(reader *in)
{
    if (in->local.len == 0)
        return refuse(in, "There must be something before the @-sign.");
    if (in->is_quoted)
        return check_quoted_local(in);
    sv_status status =
        check_bad(in, in->local, SV_EMAIL_LOCAL,
                  "The email address contains invalid characters before the @-sign: ");
    if (!status)
        status = check_dots(in, in->local, "", " immediately before the @-sign", false);
    if (!status)
        status = check_unsafe(in, in->local, false);
    return status ? status : lower_local(in);
}

/* What Python's ipaddress says of digits and points that are no IPv4 address. */
static sv_str v4_problem(sv_arena *arena, sv_str text)
{
    sv_str rest = text, octet;
    size_t n_points = 0;
    for (size_t i = 0; i < text.len; i++)
        n_points += text.ptr[i] == '.';
    if (n_points != 3)
        return SV_STR("Expected 4 octets");
    while (sv_str_split(&rest, '.', &octet) && octet.len) {
        if (octet.len > 3)
            return sv_arena_printf(arena, "At most 3 characters permitted in '%.*s'",
                                   SV_STR_ARG(octet));
        if (octet.len > 1 && octet.ptr[0] == '0')
            return sv_arena_printf(arena, "Leading zeros are not permitted in '%.*s'",
                                   SV_STR_ARG(octet));
        if (octet.len == 3 && memcmp(octet.ptr, "255", 3) > 0)
            return sv_arena_printf(arena, "Octet %.*s (> 255) not permitted", SV_STR_ARG(octet));
    }
    return SV_STR("Empty octet not permitted");
}

/* An address in brackets is never taken; the reason tells whether it was one. */
static sv_status refuse_literal(reader *in, sv_str text)
{
    uint8_t bytes[SV_IP_V6_SIZE];
    sv_str scope, tag = sv_str_slice(text, 0, strlen("IPv6:"));
    bool is_v6 = sv_str_eq_nocase(tag, SV_STR("IPv6:"));
    sv_str address = is_v6 ? sv_str_slice(text, tag.len, text.len) : text;
    bool is_digits = text.len > 0;
    for (size_t i = 0; i < text.len; i++)
        is_digits = is_digits && text.ptr[i] && strchr("0123456789.", text.ptr[i]);
    if (is_digits && !sv_ip_v4_parse(text, bytes))
        return refuse(in,
                      "The address in brackets after the @-sign is not valid: It is not an IPv4 "
                      "address (%.*s in '%.*s') or is missing an address literal tag.",
                      SV_STR_ARG(v4_problem(in->arena, text)), SV_STR_ARG(text));
    if (is_v6 && !sv_ip_v6_parse(address, bytes, &scope))
        return refuse(in, "The IPv6 address in brackets after the @-sign is not valid.");
    if (is_v6 && scope.len > 0)
        return refuse(in, "The IPv6 address in brackets after the @-sign is not valid (It has a "
                          "zone index).");
    if (is_digits || is_v6)
        return refuse(in, "A bracketed IP address after the @-sign is not allowed here.");
    if (sv_str_find(text, ':') == text.len)
        return refuse(in, "The part after the @-sign in brackets is not an IPv4 address and has no "
                          "address literal tag.");
    return refuse(in, "The part after the @-sign contains an invalid address literal tag in "
                      "brackets.");
}

static sv_status refuse_length(reader *in, size_t n_too_many)
{
    return refuse(in, "The email address is too long after the @-sign (%zu character%s too many).",
                  n_too_many, plural(n_too_many));
}

/* IDNA 2008, unlike what URLs use, has no signs and pictures. */
static bool has_signs(sv_str text)
{
    for (size_t i = 0; i + 2 < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i], next = (unsigned char)text.ptr[i + 1];
        bool is_arrow_to_dingbat = c == 0xE2 && next >= 0x86 && next <= 0xAF;
        bool is_picture = c == 0xF0 && next == 0x9F;
        if (is_arrow_to_dingbat || is_picture)
            return true;
    }
    return contains(text, "\xC2\xB7");
}

/* The domain as the DNS has it, in the arena unless it is already. */
static sv_status fold_domain(reader *in)
{
    sv_buf out;
    sv_buf_init(&out, MAX_TEXT);
    sv_status status = SV_OK;
    if (is_ascii(in->domain)) {
        for (size_t i = 0; i < in->domain.len; i++)
            sv_buf_append_byte(&out, (char)tolower((unsigned char)in->domain.ptr[i]));
        status = sv_buf_status(&out);
    } else {
        status = has_signs(in->domain) ? SV_INVALID : sv_idna_to_ascii(in->domain, &out);
    }
    in->ascii_domain = in->domain;
    if (!status && !sv_str_eq(sv_buf_str(&out), in->domain))
        in->ascii_domain = sv_arena_copy(in->arena, sv_buf_str(&out));
    sv_buf_deinit(&out);
    if (status == SV_INVALID)
        return refuse(in, "The part after the @-sign is invalid.");
    return status || !in->ascii_domain.ptr ? SV_NO_MEMORY : SV_OK;
}

/* "ab--c": reserved, but for "xn--". */
static bool has_reserved_label(sv_str domain)
{
    sv_str label;
    while (sv_str_split(&domain, '.', &label))
        if (sv_str_eq(sv_str_slice(label, 2, 2), SV_STR("--")) &&
            !sv_str_eq_nocase(sv_str_slice(label, 0, 2), SV_STR("xn")))
            return true;
    return false;
}

/* What Punycode said must be what could have been written without it. */
static sv_status check_shown(reader *in)
{
    sv_str domain = in->shown_domain;
    if (domain.ptr[0] == '-' || contains(domain, ".-") || contains(domain, "-."))
        return refuse(in,
                      "The part after the @-sign is not valid IDNA (Label must not start or end "
                      "with a hyphen).");
    if (has_reserved_label(domain) || contains(domain, "xn--"))
        return refuse(in,
                      "The part after the @-sign is not valid IDNA (Label has disallowed hyphens "
                      "in 3rd and 4th position).");
    sv_status status = check_bad(in, domain, SV_EMAIL_DOMAIN,
                                 "The part after the @-sign contains invalid characters: ");
    return status ? status : check_unsafe(in, domain, false);
}

/* The domain as people read it. */
static sv_status show_domain(reader *in)
{
    sv_buf out;
    in->shown_domain = in->ascii_domain;
    if (!contains(in->ascii_domain, "xn--"))
        return SV_OK;
    sv_buf_init(&out, MAX_TEXT);
    sv_status status = sv_idna_to_unicode(in->ascii_domain, &out);
    if (!status && has_signs(sv_buf_str(&out)))
        status = SV_INVALID;
    if (!status)
        in->shown_domain = sv_arena_copy(in->arena, sv_buf_str(&out));
    sv_buf_deinit(&out);
    if (status == SV_INVALID)
        return refuse(in, "The part after the @-sign is not valid IDNA.");
    return status || !in->shown_domain.ptr ? SV_NO_MEMORY : check_shown(in);
}

static sv_status check_labels(reader *in)
{
    sv_str rest = in->ascii_domain, label;
    while (sv_str_split(&rest, '.', &label)) {
        size_t n_too_many = label.len > MAX_LABEL ? label.len - MAX_LABEL : 0;
        if (n_too_many > 0)
            return refuse(in,
                          "After the @-sign, periods cannot be separated by so many characters "
                          "(%zu character%s too many).",
                          n_too_many, plural(n_too_many));
    }
    return SV_OK;
}

static bool is_special(sv_str domain)
{
    for (size_t i = 0; i < sizeof special_domains / sizeof *special_domains; i++) {
        sv_str name = sv_str_from(special_domains[i]);
        if (sv_str_ends_with(domain, name) && domain.len > name.len &&
            domain.ptr[domain.len - name.len - 1] == '.')
            return true;
    }
    return false;
}

static sv_status check_top(reader *in)
{
    sv_str domain = in->ascii_domain;
    if (sv_str_find(domain, '.') == domain.len)
        return refuse(in, BAD_DOMAIN "It should have a period.");
    if (!isalpha((unsigned char)domain.ptr[domain.len - 1]))
        return refuse(in, BAD_DOMAIN "It is not within a valid top-level domain.");
    if (is_special(domain))
        return refuse(in, "The part after the @-sign is a special-use or reserved name that cannot "
                          "be used with email.");
    return SV_OK;
}

static sv_status check_domain_chars(reader *in)
{
    size_t n_chars = sv_str_count_chars(in->domain);
    if (n_chars > MAX_DOMAIN)
        return refuse_length(in, n_chars - MAX_DOMAIN);
    sv_status status = check_bad(in, in->domain, SV_EMAIL_DOMAIN,
                                 "The part after the @-sign contains invalid characters: ");
    if (!status)
        status = check_unsafe(in, in->domain, false);
    if (!status)
        status = check_dots(in, in->domain, " immediately after the @-sign", "", true);
    if (!status && has_reserved_label(in->domain))
        return refuse(in, "An email address cannot have two letters followed by two dashes "
                          "immediately after the @-sign or after a period, except Punycode.");
    return status;
}

static sv_status check_domain(reader *in)
{
    sv_str domain = in->domain;
    if (domain.len == 0)
        return refuse(in, "There must be something after the @-sign.");
    if (domain.len > 1 && domain.ptr[0] == '[' && domain.ptr[domain.len - 1] == ']')
        return refuse_literal(in, sv_str_slice(domain, 1, domain.len - 2));
    sv_status status = check_domain_chars(in);
    if (!status)
        status = fold_domain(in);
    if (!status)
        status = check_bad(in, in->ascii_domain, SV_EMAIL_DOMAIN,
                           "The part after the @-sign contains invalid characters after Unicode "
                           "normalization: ");
    if (!status)
        status = check_dots(in, in->ascii_domain, " immediately after the @-sign", "", true);
    if (!status && in->ascii_domain.len > MAX_DOMAIN) {
        size_t n = in->ascii_domain.len - MAX_DOMAIN;
        return refuse(in,
                      "The email address is too long after the @-sign (%zu byte%s too many after "
                      "IDNA encoding).",
                      n, plural(n));
    }
    if (!status)
        status = check_labels(in);
    if (!status)
        status = check_top(in);
    return status ? status : show_domain(in);
}

/* The most bytes a character of `text` has. */
static size_t find_widest(sv_str text)
{
    size_t widest = 1;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        size_t size = c < 0xC0 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
        widest = size > widest ? size : widest;
    }
    return widest;
}

static sv_status refuse_input_length(reader *in, size_t n_too_many)
{
    size_t local = find_widest(in->local), domain = find_widest(in->domain);
    size_t n_least = n_too_many / (local > domain ? local : domain);
    n_least += n_least == 0;
    if (n_least == n_too_many)
        return refuse(in, "The email address is too long (%zu character%s too many).", n_too_many,
                      plural(n_too_many));
    return refuse(in, "The email address is too long (%zu-%zu characters too many).", n_least,
                  n_too_many);
}

/* As it came, as it is printed, and as it is sent. */
static sv_status check_length(reader *in)
{
    const sv_str domains[] = {in->domain, in->shown_domain, in->ascii_domain};
    static const char *const when[] = {NULL, "after normalization",
                                       "when the part after the @-sign is converted to IDNA ASCII"};
    for (size_t i = 0; i < sizeof domains / sizeof *domains; i++) {
        size_t len = in->local.len + 1 + domains[i].len;
        if (len <= MAX_ADDRESS)
            continue;
        size_t n = len - MAX_ADDRESS;
        if (!when[i])
            return refuse_input_length(in, n);
        return refuse(in, "The email address is too long %s (%zu byte%s too many).", when[i], n,
                      plural(n));
    }
    return SV_OK;
}

static sv_status read_address(reader *in, sv_str text)
{
    if (sv_str_count_chars(text) > MAX_INPUT)
        return refuse(in, "Length must not exceed %d characters", MAX_INPUT);
    if (sv_str_find(text, '\r') < text.len || sv_str_find(text, '\n') < text.len)
        return refuse(in, "Carriage return and line feed characters are not allowed");
    sv_status status = split(in, strip_name(text));
    if (!status)
        status = check_local(in);
    if (!status)
        status = check_domain(in);
    if (!status)
        status = check_length(in);
    if (!status && in->has_brackets)
        return refuse(in, "A display name and angle brackets around the email address are not "
                          "permitted here.");
    return status;
}

sv_status sv_email_read(sv_arena *arena, sv_str text, sv_email *ret_email)
{
    reader in = {.arena = arena};
    sv_status status = read_address(&in, text);
    if (status && status != SV_INVALID)
        return SV_NO_MEMORY;
    sv_email email = {.text = SV_STR("")};
    if (status) {
        email.error = SV_ERROR_TYPE_EMAIL;
        email.context = (sv_context){.kind = SV_CONTEXT_TEXT, .text = in.reason};
    } else if (in.shown_domain.ptr == in.local.ptr + in.local.len + 1) {
        email.text = (sv_str){in.local.ptr, in.local.len + 1 + in.shown_domain.len};
    } else {
        email.text =
            sv_arena_printf(arena, "%.*s@%.*s", SV_STR_ARG(in.local), SV_STR_ARG(in.shown_domain));
        if (!email.text.ptr)
            return SV_NO_MEMORY;
    }
    *ret_email = email;
    return SV_OK;
}
