/* fuzz_texts.c: hostile texts with a meaning: URLs, addresses of e-mail, IP addresses, patterns.
 * What was taken and printed is taken again and prints the same; every refusal says why; no pattern
 * takes long. */
#include <stdlib.h>
#include <string.h>

#include "json/email.h"
#include "json/idna.h"
#include "json/ip.h"
#include "json/pattern.h"
#include "json/url.h"

enum { ARENA_LIMIT = 64 << 20, MAX_OUT = 1 << 22 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const patterns[] = {
    "^[a-z]+\\d?$", "(a+)+$", "^(\\w+\\s?)*!$", "\\bx|[^\\W\\d_]{2,5}?y", "(?i)^\\p{Lu}.*z",
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_url(sv_arena *arena, sv_str text, const sv_url_rules *rules)
{
    sv_url url, again;
    require(sv_url_read(arena, text, rules, &url) == SV_OK);
    if (url.error) {
        require(url.text.len == 0 && (url.context.text.len > 0 || url.context.integer > 0));
        return;
    }
    require(sv_url_read(arena, url.text, &sv_url_any, &again) == SV_OK);
    require(!again.error && sv_str_eq(url.text, again.text));
}

static void check_email(sv_arena *arena, sv_str text)
{
    sv_email email, again;
    require(sv_email_read(arena, text, &email) == SV_OK);
    if (email.error) {
        require(email.text.len == 0 && email.context.text.len > 0);
        return;
    }
    require(sv_email_read(arena, email.text, &again) == SV_OK);
    require(!again.error && sv_str_eq(email.text, again.text));
}

static void check_ip(sv_str text)
{
    uint8_t bytes[SV_IP_V6_SIZE], again[SV_IP_V6_SIZE];
    char printed[SV_IP_V6_TEXT];
    sv_str scope;
    if (sv_ip_v4_parse(text, bytes)) {
        size_t n = sv_ip_v4_format(bytes, printed);
        require(sv_str_eq(text, (sv_str){printed, n}));
    }
    if (sv_ip_v6_parse(text, bytes, &scope)) {
        size_t n = sv_ip_v6_format(bytes, printed);
        require(sv_ip_v6_parse((sv_str){printed, n}, again, &scope) && scope.len == 0);
        require(memcmp(bytes, again, sizeof bytes) == 0);
    }
}

static void check_idna(sv_str text)
{
    sv_buf ascii, said, again;
    sv_buf_init(&ascii, MAX_OUT);
    sv_buf_init(&said, MAX_OUT);
    sv_buf_init(&again, MAX_OUT);
    if (sv_idna_to_ascii(text, &ascii) == SV_OK) {
        require(sv_idna_to_unicode(sv_buf_str(&ascii), &said) == SV_OK);
        if (sv_idna_to_ascii(sv_buf_str(&said), &again) == SV_OK) /* a label may say "xn--" */
            require(sv_str_eq(sv_buf_str(&ascii), sv_buf_str(&again)));
    }
    sv_buf_deinit(&ascii);
    sv_buf_deinit(&said);
    sv_buf_deinit(&again);
}

static void check_pattern(const char *pattern_text, sv_str text)
{
    sv_pattern *pattern = NULL;
    sv_error error = {0};
    bool matches;
    sv_status status = sv_pattern_new(pattern_text, &error, &pattern);
    if (status) {
        require(status == SV_INVALID && error.message[0] != '\0');
        return;
    }
    status = sv_pattern_matches(pattern, text, &matches);
    require(status == SV_OK || status == SV_TOO_LARGE || status == SV_INVALID);
    sv_pattern_free(pattern);
}

static void check_patterns(sv_arena *arena, sv_str text)
{
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        check_pattern(patterns[i], text);
    sv_str pattern = {0}, rest = text;
    (void)sv_str_split(&rest, '\n', &pattern);
    sv_str copy = sv_arena_copy(arena, pattern);
    require(copy.ptr != NULL);
    check_pattern(copy.ptr, rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sv_arena *arena = sv_arena_new(ARENA_LIMIT);
    sv_str text = {(const char *)data, size};
    require(arena != NULL);
    check_ip(text);
    check_patterns(arena, text);
    if (sv_str_is_utf8(text)) {
        check_url(arena, text, &sv_url_http);
        check_url(arena, text, &sv_url_any);
        check_email(arena, text);
        check_idna(text);
    }
    sv_arena_free(arena);
    return 0;
}
