/* client_expect.c: what a test expects of a reply, each a comparison that tells its failure. */
#include "web/client_failure.h"
#include "web/client_reply.h"

bool sv_test_expect(sv_client *client, sv_reply reply, int status)
{
    if (reply.status == status)
        return true;
    if (reply.status)
        sv_client_failure_raise(client, reply.record, "the answer's status is %d, not %d",
                                reply.status, status);
    else
        sv_client_failure_raise(client, reply.record, "there is no answer, not a status %d: %.*s",
                                status, SV_STR_ARG(reply.body));
    return false;
}

bool sv_test_expect_text(sv_client *client, sv_reply reply, const char *body)
{
    if (reply.status && sv_str_eq(reply.body, sv_str_from(body)))
        return true;
    sv_client_failure_raise(client, reply.record, "the answer's body is not \"%s\"", body);
    return false;
}

bool sv_test_expect_header(sv_client *client, sv_reply reply, const char *name, const char *value)
{
    sv_str found = sv_reply_header_value(&reply, name);
    if (value ? found.ptr && sv_str_eq(found, sv_str_from(value)) : !found.ptr)
        return true;
    if (!value)
        sv_client_failure_raise(client, reply.record, "the answer has a header %s", name);
    else if (!found.ptr)
        sv_client_failure_raise(client, reply.record, "the answer has no header %s", name);
    else
        sv_client_failure_raise(client, reply.record, "the answer's %s is \"%.*s\", not \"%s\"",
                                name, SV_STR_ARG(found), value);
    return false;
}

/* One kind of value for all numbers: 1 equals 1.0. */
static bool is_number(sv_value_type type)
{
    return type == SV_VALUE_INT || type == SV_VALUE_BIG_INT || type == SV_VALUE_DOUBLE ||
           type == SV_VALUE_INFINITE;
}

static bool are_equal(const sv_value *a, const sv_value *b);

static bool are_numbers_equal(const sv_value *a, const sv_value *b)
{
    if (sv_value_get_type(a) == SV_VALUE_INT && sv_value_get_type(b) == SV_VALUE_INT)
        return sv_value_int(a) == sv_value_int(b);
    return sv_value_double(a) <= sv_value_double(b) && sv_value_double(a) >= sv_value_double(b);
}

static bool are_arrays_equal(const sv_value *a, const sv_value *b)
{
    sv_value_cursor in_a = sv_value_walk(a), in_b = sv_value_walk(b);
    const sv_value *item_a, *item_b;
    if (sv_value_len(a) != sv_value_len(b))
        return false;
    while (sv_value_next_item(&in_a, &item_a) && sv_value_next_item(&in_b, &item_b))
        if (!are_equal(item_a, item_b))
            return false;
    return true;
}

static bool has_all_members(const sv_value *object, const sv_value *of)
{
    sv_value_cursor cursor = sv_value_walk(of);
    sv_str name;
    const sv_value *member;
    while (sv_value_next_member(&cursor, &name, &member)) {
        const sv_value *other = sv_value_get(object, name);
        if (!other || !are_equal(other, sv_value_get(of, name)))
            return false;
    }
    return true;
}

/* Arrays and objects nest as deep as the parser allows. */
static bool are_equal(const sv_value *a, const sv_value *b)
{
    sv_value_type type = sv_value_get_type(a);
    if (is_number(type))
        return is_number(sv_value_get_type(b)) && are_numbers_equal(a, b);
    if (type != sv_value_get_type(b))
        return false;
    if (type == SV_VALUE_BOOL)
        return sv_value_bool(a) == sv_value_bool(b);
    if (type == SV_VALUE_STR)
        return sv_str_eq(sv_value_str(a), sv_value_str(b));
    if (type == SV_VALUE_ARRAY)
        return are_arrays_equal(a, b);
    if (type == SV_VALUE_OBJECT)
        return sv_value_len(a) == sv_value_len(b) && has_all_members(a, b);
    return true;
}

bool sv_test_expect_json(sv_client *client, sv_reply reply, const char *path, const char *json)
{
    const sv_value *value = sv_client_reply_find(&reply, path), *wanted;
    sv_value_error error;
    if (!value && (!reply.record || !reply.record->json))
        return false; /* the body is no JSON: that was a failure */
    if (sv_value_parse(reply.record->client->arena, sv_str_from(json), NULL, &error, &wanted))
        sv_client_failure_raise(client, reply.record, "what is expected is no JSON: %s", json);
    else if (!value)
        sv_client_failure_raise(client, reply.record, "\"%s\" of the answer is not there", path);
    else if (!are_equal(value, wanted))
        sv_client_failure_raise(client, reply.record, "\"%s\" of the answer is not %s", path, json);
    else
        return true;
    return false;
}
