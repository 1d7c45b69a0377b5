/* client_reply.c: replies read by tests: headers, and JSON by paths. */
#include "web/client_reply.h"

#include <string.h>

#include "web/client_failure.h"

enum { MAX_NAME = 1024 };

sv_str sv_reply_header_value(const sv_reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->n_headers; i++)
        if (sv_str_eq_nocase(reply->headers[i].name, sv_str_from(name)))
            return reply->headers[i].value;
    return (sv_str){0};
}

static const sv_value *parse(const sv_reply *reply)
{
    sv_reply_record *record = reply->record;
    sv_value_error error;
    const sv_value *value = NULL;
    if (record && record->json)
        return record->json;
    if (!record || sv_value_parse(record->client->arena, reply->body, NULL, &error, &value)) {
        sv_client_failure_raise(NULL, record, "the answer's body is no JSON");
        return NULL;
    }
    record->json = value;
    return value;
}

static const sv_value *find_item(const sv_value *array, sv_str index_text)
{
    uint64_t index;
    const sv_value *item = NULL;
    if (!sv_str_to_u64(index_text, &index) || index >= sv_value_len(array))
        return NULL;
    sv_value_cursor cursor = sv_value_walk(array);
    while (sv_value_next_item(&cursor, &item) && index)
        index--;
    return item;
}

/* Cuts the next name off a path and takes the backslashes before dots out; false when it is longer
 * than any name has a right to be. */
static bool take_name(const char **path, char name[MAX_NAME], sv_str *ret_name)
{
    size_t len = 0;
    const char *at = *path;
    for (; *at && *at != '.' && len < MAX_NAME; at++) {
        if (*at == '\\' && at[1] == '.')
            at++;
        name[len++] = *at;
    }
    *path = at + (*at == '.');
    *ret_name = (sv_str){name, len};
    return len < MAX_NAME;
}

const sv_value *sv_client_reply_find(const sv_reply *reply, const char *path)
{
    char text[MAX_NAME];
    sv_str name;
    const sv_value *value = parse(reply);
    while (value && *path) {
        if (!take_name(&path, text, &name))
            return NULL;
        bool is_array = sv_value_get_type(value) == SV_VALUE_ARRAY;
        value = is_array ? find_item(value, name) : sv_value_get(value, name);
    }
    return value;
}

static const char *name_type(sv_value_type type)
{
    switch (type) {
    case SV_VALUE_NULL:
        return "null";
    case SV_VALUE_BOOL:
        return "true or false";
    case SV_VALUE_INT:
        return "a whole number";
    case SV_VALUE_BIG_INT:
        return "a whole number beyond 64 bits";
    case SV_VALUE_DOUBLE:
    case SV_VALUE_INFINITE:
        return "a number";
    case SV_VALUE_STR:
        return "text";
    case SV_VALUE_ARRAY:
        return "an array";
    case SV_VALUE_OBJECT:
        return "an object";
    }
    return "nothing";
}

typedef unsigned type_set; /* bits 1 << sv_value_type */
enum {
    WHOLE = 1u << SV_VALUE_INT,
    NUMBERS = WHOLE | 1u << SV_VALUE_BIG_INT | 1u << SV_VALUE_DOUBLE,
    SIZED = 1u << SV_VALUE_STR | 1u << SV_VALUE_ARRAY | 1u << SV_VALUE_OBJECT
};

/* What stands at `path`, if it is one of the types; else a failure and NULL. */
static const sv_value *need(const sv_reply *reply, const char *path, type_set types,
                            const char *wanted)
{
    const sv_value *value = sv_client_reply_find(reply, path);
    if (value && (types & 1u << sv_value_get_type(value)))
        return value;
    if (value)
        sv_client_failure_raise(NULL, reply->record, "\"%s\" of the answer is %s, not %s", path,
                                name_type(sv_value_get_type(value)), wanted);
    else if (reply->record && reply->record->json)
        sv_client_failure_raise(NULL, reply->record, "\"%s\" of the answer is not there", path);
    return NULL;
}

sv_str sv_reply_str(sv_reply reply, const char *path)
{
    const sv_value *value = need(&reply, path, 1u << SV_VALUE_STR, "text");
    sv_str text =
        value ? sv_arena_copy(reply.record->client->arena, sv_value_str(value)) : SV_STR("");
    return text.ptr ? text : SV_STR("");
}

int64_t sv_reply_int(sv_reply reply, const char *path)
{
    const sv_value *value = need(&reply, path, WHOLE, "a whole number of 64 bits");
    return value ? sv_value_int(value) : 0;
}

double sv_reply_double(sv_reply reply, const char *path)
{
    const sv_value *value = need(&reply, path, NUMBERS, "a number");
    return value ? sv_value_double(value) : 0;
}

bool sv_reply_bool(sv_reply reply, const char *path)
{
    const sv_value *value = need(&reply, path, 1u << SV_VALUE_BOOL, "true or false");
    return value && sv_value_bool(value);
}

size_t sv_reply_len(sv_reply reply, const char *path)
{
    const sv_value *value = need(&reply, path, SIZED, "an array, an object or text");
    if (!value)
        return 0;
    return sv_value_get_type(value) == SV_VALUE_STR ? sv_str_count_chars(sv_value_str(value))
                                                    : sv_value_len(value);
}

bool sv_reply_exists(sv_reply reply, const char *path)
{
    return sv_client_reply_find(&reply, path) != NULL;
}

bool sv_reply_is_null(sv_reply reply, const char *path)
{
    const sv_value *value = sv_client_reply_find(&reply, path);
    return value && sv_value_get_type(value) == SV_VALUE_NULL;
}
