/* test_api.c: the application in this process, without a socket. */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>

#include "app.h"

static bool says(sv_reply reply, const char *text)
{
    for (size_t i = 0; i < reply.body.len; i++)
        if (sv_str_starts_with(sv_str_slice(reply.body, i, reply.body.len), sv_str_from(text)))
            return true;
    fprintf(stderr, "no %s in %d %.*s\n", text, reply.status, SV_STR_ARG(reply.body));
    return false;
}

static void test_health(sv_client *client)
{
    sv_reply reply = sv_test_get(client, "/health");
    assert(reply.status == 200);
    assert(says(reply, "\"status\":\"healthy\""));
    assert(sv_reply_header_value(&reply, "X-Request-ID").len > 0);
}

static void test_predict(sv_client *client)
{
    sv_reply reply = sv_test_post(client, "/api/v1/predict", "{\"text\": \"Good! I love it.\"}");
    assert(reply.status == 200);
    assert(says(reply, "{\"label\":\"positive\",\"confidence\":0.75}"));
    reply = sv_test_post(client, "/api/v1/predict", "{\"text\": \"so\", \"top_k\": 3}");
    assert(reply.status == 200);
    assert(says(reply, "\"negative\""));
}

static void test_wrong_requests(sv_client *client)
{
    sv_reply reply = sv_test_post(client, "/api/v1/predict", "{\"text\": \"\", \"top_k\": 4}");
    assert(reply.status == 422);
    assert(says(reply, "[\"body\",\"text\"]"));
    assert(says(reply, "[\"body\",\"top_k\"]"));
}

int main(void)
{
    sv_client *client = sv_test_client(&app);
    assert(client);
    test_health(client);
    test_predict(client);
    test_wrong_requests(client);
    sv_test_free(client);
    puts("all passed");
    return 0;
}
