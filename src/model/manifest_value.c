/* manifest_value.c: reads the values of a manifest that may be written in several ways. */
#include "model/manifest_value.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "model/manifest.h"
#include "json/check.h"
#include "json/value.h"

/* The struct around a member that is checked. */
#define AROUND(T, M, MEMBER) ((T *)(void *)((char *)(MEMBER) - offsetof(T, M)))
static sv_status parse(sv_check *check, const sv_json *json, const sv_value **ret_value)
{
    sv_value_error unused;
    return sv_value_parse(check->arena, json->text, NULL, &unused, ret_value);
}

static bool is_number(const sv_value *value)
{
    sv_value_type type = sv_value_get_type(value);
    return type == SV_VALUE_INT || type == SV_VALUE_DOUBLE;
}

/* Bare numbers are seconds. False: it is no time of least..most ns. */
static bool read_time(const sv_value *value, int64_t least, int64_t most, int64_t *ret_ns)
{
    int64_t ns = -1;
    if (is_number(value)) {
        double seconds = sv_value_double(value);
        ns = seconds >= 0 && seconds < 9e9 ? llround(seconds * (double)SV_NS_PER_S) : -1;
    } else if (sv_value_get_type(value) != SV_VALUE_STR ||
               !sv_units_read_fine_duration(sv_value_str(value), &ns)) {
        return false;
    }
    if (ns < least || ns > most)
        return false;
    *ret_ns = ns;
    return true;
}

static sv_status check_time(sv_check *check, sv_json *json, int64_t least, const char *limit)
{
    struct manifest_time *time = AROUND(struct manifest_time, written.value, json);
    const sv_value *value;
    int64_t most = 0;
    sv_status status = parse(check, json, &value);
    if (status)
        return status;
    if (sv_units_read_fine_duration(sv_str_from(limit), &most) &&
        read_time(value, least, most, &time->ns))
        return SV_OK;
    return sv_reject(check, "Input should be a time of %s%s, such as 0.002 (seconds) or 2ms",
                     least ? "more than 0 and at most " : "at most ", limit);
}

sv_status sv_manifest_value_delay(sv_check *check, void *json)
{
    return check_time(check, json, 0, "1s");
}

sv_status sv_manifest_value_latency(sv_check *check, void *json)
{
    return check_time(check, json, 1, "1h");
}

sv_status sv_manifest_value_budget(sv_check *check, void *json)
{
    return check_time(check, json, 0, "10m");
}

sv_status sv_manifest_value_gap(sv_check *check, void *json)
{
    return check_time(check, json, 1, "1m");
}

/* 1..most, or the word `auto`. */
static sv_status check_count(sv_check *check, sv_json *json, int64_t most)
{
    struct manifest_count *count = AROUND(struct manifest_count, written.value, json);
    const sv_value *value;
    sv_status status = parse(check, json, &value);
    if (status)
        return status;
    count->set = sv_value_get_type(value) == SV_VALUE_INT;
    count->value = count->set ? sv_value_int(value) : 0;
    bool is_auto =
        sv_value_get_type(value) == SV_VALUE_STR && sv_str_eq(sv_value_str(value), SV_STR("auto"));
    if (is_auto || (count->set && count->value >= 1 && count->value <= most))
        return SV_OK;
    return sv_reject(check, "Input should be a number from 1 to %lld, or auto", (long long)most);
}

sv_status sv_manifest_value_threads(sv_check *check, void *json)
{
    return check_count(check, json, 256);
}

sv_status sv_manifest_value_concurrency(sv_check *check, void *json)
{
    return check_count(check, json, 1024);
}

/* A text that is not empty, or a whole number (1.10 has to be quoted, or it is 1.1). */
static bool read_version(sv_arena *arena, const sv_value *value, sv_str *ret_name)
{
    sv_value_type type = sv_value_get_type(value);
    if (type == SV_VALUE_INT)
        *ret_name = sv_arena_printf(arena, "%lld", (long long)sv_value_int(value));
    else
        *ret_name = type == SV_VALUE_STR ? sv_value_str(value) : (sv_str){0};
    return ret_name->len > 0;
}

sv_status sv_manifest_value_version(sv_check *check, void *json)
{
    sv_json *written = json;
    const sv_value *value;
    sv_status status = parse(check, written, &value);
    if (status)
        return status;
    return read_version(check->arena, value, &written->text)
               ? SV_OK
               : sv_reject(check, "Input should be the name of a version, such as 2 or beta");
}
_Static_assert(offsetof(sv_opt_str, value) == offsetof(sv_opt_json, value) &&
                   sizeof(sv_opt_str) == sizeof(sv_opt_json),
               "a version is read as JSON and kept as text");

/* False: there is something in it that is no version, or nothing. */
static bool read_versions(sv_arena *arena, const sv_value *list, sv_strs *names)
{
    sv_value_cursor cursor = sv_value_walk(list);
    const sv_value *item;
    while (names->len < SV_MANIFEST_MAX_VERSIONS && sv_value_next_item(&cursor, &item))
        if (!read_version(arena, item, &names->items[names->len++]))
            return false;
    return names->len > 0 && names->len == sv_value_len(list);
}

sv_status sv_manifest_value_serve(sv_check *check, void *json)
{
    struct manifest_serve *serve = AROUND(struct manifest_serve, written.value, json);
    const sv_value *value;
    sv_status status = parse(check, json, &value);
    if (status)
        return status;
    if (sv_value_get_type(value) == SV_VALUE_ARRAY) {
        serve->which = SV_MANIFEST_SERVE_LISTED;
        serve->names = (sv_strs){
            sv_arena_alloc_array(check->arena, SV_MANIFEST_MAX_VERSIONS, sizeof(sv_str)), 0};
        if (!serve->names.items)
            return SV_NO_MEMORY;
        if (read_versions(check->arena, value, &serve->names))
            return SV_OK;
    } else if (sv_value_get_type(value) == SV_VALUE_STR) {
        bool is_latest = sv_str_eq(sv_value_str(value), SV_STR("latest"));
        serve->which = is_latest ? SV_MANIFEST_SERVE_LATEST : SV_MANIFEST_SERVE_ALL;
        if (is_latest || sv_str_eq(sv_value_str(value), SV_STR("all")))
            return SV_OK;
    }
    return sv_reject(check, "Input should be all, latest or a list of versions such as [1, 2]");
}

/* What a header or a cookie may be called (RFC 9110, token); of a query anything but & and =. */
static bool is_name(int by, sv_str name)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool is_word = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        bool is_mark = c && strchr(marks, c);
        bool is_plain = c > ' ' && c != '&' && c != '=' && c != 0x7F;
        if (!(by == SV_MANIFEST_STICKY_QUERY ? is_plain : is_word || is_mark))
            return false;
    }
    return name.len > 0;
}

sv_status sv_manifest_value_sticky(sv_check *check, sv_str *text)
{
    static const struct {
        const char *word;
        int by;
    } places[] = {{"header:", SV_MANIFEST_STICKY_HEADER},
                  {"cookie:", SV_MANIFEST_STICKY_COOKIE},
                  {"query:", SV_MANIFEST_STICKY_QUERY}};
    struct manifest_sticky *sticky = AROUND(struct manifest_sticky, written.value, text);
    if (sv_str_eq(*text, SV_STR("client"))) {
        sticky->by = SV_MANIFEST_STICKY_CLIENT;
        return SV_OK;
    }
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        sv_str word = sv_str_from(places[i].word);
        sv_str name = sv_str_slice(*text, word.len, text->len);
        if (!sv_str_starts_with(*text, word) || !is_name(places[i].by, name))
            continue;
        sticky->by = places[i].by;
        sticky->name = name;
        return SV_OK;
    }
    return sv_reject(check, "Input should be client, or header:NAME, cookie:NAME or query:NAME");
}

sv_status sv_manifest_value_api_key(sv_check *check, sv_str *text)
{
    sv_str name = sv_str_slice(*text, 4, text->len);
    if (!sv_str_starts_with(*text, SV_STR("env:")))
        return SV_OK;
    bool good = name.len > 0 && !(name.ptr[0] >= '0' && name.ptr[0] <= '9');
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i], lower = (char)(c | 0x20);
        good &= (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z') || c == '_';
    }
    return good ? SV_OK
                : sv_reject(check, "Input should name an environment variable after env:, such as "
                                   "env:OPENAI_API_KEY");
}
