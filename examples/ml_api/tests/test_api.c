/* test_api.c: the application in this process, without a socket. The first three are the guide's;
 * its picture of a cat is a digit here, in a data: address, so that no network is needed. */
#undef NDEBUG
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "config.h"

enum { DIMENSIONS = 64, FILE_SIZE = 1 << 16 };

static sv_client *client;
static char image_body[FILE_SIZE * 2];

static sv_reply post(const char *path, const char *json)
{
    return sv_test_post(client, path, json);
}

/* Where `text` begins in the body of a reply; NULL: nowhere. */
static const char *find(const sv_reply *reply, const char *text)
{
    for (size_t i = 0; i < reply->body.len; i++)
        if (sv_str_starts_with(sv_str_slice(reply->body, i, reply->body.len), sv_str_from(text)))
            return reply->body.ptr + i;
    return NULL;
}

static void expect(sv_reply reply, int status, const char *text)
{
    if (reply.status == status && find(&reply, text))
        return;
    fprintf(stderr, "expected %d %s\ngot %d %.*s\n", status, text, reply.status,
            SV_STR_ARG(reply.body));
    abort();
}

static void test_health_check(void)
{
    sv_reply reply = sv_test_get(client, "/health");
    expect(reply, 200, "\"status\":\"healthy\"");
    expect(reply, 200, "\"model_loaded\":true");
}

static void test_prediction(void)
{
    expect(post("/api/v1/predict", image_body), 200, "\"predictions\":[{\"label\":\"7\"");
}

static void test_invalid_input(void)
{
    expect(post("/api/v1/predict", "{\"image_url\": \"\"}"), 422, "[\"body\",\"image_url\"]");
}

static void test_unusable_pictures(void)
{
    static const char *const urls[] = {"ftp://example.com/cat.jpg", "data:,no picture",
                                       "data:", "data:;base64,a"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        char body[100];
        snprintf(body, sizeof body, "{\"image_url\": \"%s\"}", urls[i]);
        expect(post("/api/v1/predict", body), 400, "\"error\":\"INVALID_INPUT\"");
    }
}

static void test_versions(void)
{
    static const struct {
        const char *path;
        int status;
        const char *text;
    } cases[] = {
        {"/api/v1/predict", 200, "\"model_version\":\"v2\""},
        {"/api/v1/predict?model_version=", 200, "\"model_version\":\"v2\""},
        {"/api/v1/predict?model_version=v1", 200, "\"model_version\":\"v1\""},
        {"/api/v1/predict?model_version=v9", 404, "\"available\":[\"v1\",\"v2\"]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(post(cases[i].path, image_body), cases[i].status, cases[i].text);
    expect(sv_test_get(client, "/api/v1/models/classifier"), 200,
           "{\"name\":\"classifier\",\"versions\":[\"v1\",\"v2\"],\"default_version\":\"v2\"}");
    expect(sv_test_get(client, "/api/v1/models/cats"), 503, "Model cats is not loaded");
}

static void test_rate_limit(void)
{
    for (int i = 0; i < 10; i++)
        expect(post("/api/v1/predict/limited", image_body), 200, "\"predictions\"");
    sv_reply reply = post("/api/v1/predict/limited", image_body);
    expect(reply, 429, "Rate limit exceeded: 10 per 1 minute");
    assert(sv_reply_header_value(&reply, "Retry-After").len > 0);
}

/* Submits a job and asks until it is over: each question gives the task time to run. */
static sv_reply finish_job(const char *body)
{
    char url[100];
    sv_reply reply = post("/api/v1/predict/async", body);
    sv_str location = sv_reply_header_value(&reply, "Location");
    expect(reply, 202, "\"status_url\":\"/api/v1/jobs/");
    snprintf(url, sizeof url, "%.*s", SV_STR_ARG(location));
    do
        reply = sv_test_get(client, url);
    while (find(&reply, "\"pending\"") || find(&reply, "\"processing\""));
    return reply;
}

static void test_jobs(void)
{
    sv_reply reply = finish_job(image_body);
    expect(reply, 200, "\"status\":\"completed\",\"result\":{\"predictions\":[{\"label\":\"7\"");
    expect(reply, 200, "\"error\":null");
    expect(finish_job("{\"image_url\": \"ftp://x\"}"), 200,
           "\"status\":\"failed\",\"result\":\"Unsupported image URL");
    expect(sv_test_get(client, "/api/v1/jobs/none"), 404, "\"detail\":\"Job not found\"");
}

/* Reads the numbers of a JSON array. */
static void read_numbers(const char *array, double *ret_numbers)
{
    for (int i = 0; i < DIMENSIONS; i++) {
        char *end;
        ret_numbers[i] = strtod(array + strspn(array, "[, \n"), &end);
        assert(end > array);
        array = end;
    }
}

/* `json` is the text as a JSON string. */
static void embed(const char *json, double *ret_numbers)
{
    char body[FILE_SIZE];
    snprintf(body, sizeof body, "{\"text\": %s}", json);
    sv_reply reply = post("/embed", body);
    expect(reply, 200, "\"dimensions\":64");
    read_numbers(find(&reply, "["), ret_numbers);
}

static double similarity(const char *a, const char *b)
{
    double x[DIMENSIONS], y[DIMENSIONS], sum = 0;
    embed(a, x);
    embed(b, y);
    for (int i = 0; i < DIMENSIONS; i++)
        sum += x[i] * y[i];
    return sum;
}

static void test_similar_texts_are_near(void)
{
    static const char *const near[][3] = {
        /* the first is nearer to the second than to the third */
        {"\"restart the server\"", "\"restrat teh servr\"", "\"bread and cheese\""},
        {"\"the dog sleeps\"", "\"a kitten and a puppy\"", "\"the judge of the court\""},
        {"\"xylofrotz\"", "\"xylofrots\"", "\"qwumbleby\""},
    };
    for (size_t i = 0; i < sizeof near / sizeof *near; i++)
        assert(similarity(near[i][0], near[i][1]) > similarity(near[i][0], near[i][2]) + 0.2);
    assert(fabs(similarity("\"one\"", "\"ONE\"") - 1) < 1e-5);
    expect(post("/embed", "{\"text\": \" \\n\"}"), 400, "Text is empty");
}

static size_t read_file(const char *name, char *ret_bytes)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", CONFIG_MODELS, name);
    FILE *file = fopen(path, "rb");
    size_t len = file ? fread(ret_bytes, 1, FILE_SIZE - 1, file) : 0;
    if (file)
        fclose(file);
    ret_bytes[len] = '\0';
    return len;
}

/* What Python says of the same texts. */
static void test_embeddings_as_trained(void)
{
    static char file[FILE_SIZE];
    char *at = file;
    int n = 0;
    read_file("embedder/EXPECTED.json", file);
    for (; (at = strstr(at, "\"text\": ")); n++) {
        double expected[DIMENSIONS], found[DIMENSIONS];
        char *json = at + strlen("\"text\": "), *end = strstr(json, ",\n");
        *end = '\0';
        at = strchr(end + 1, '[');
        read_numbers(at, expected);
        embed(json, found);
        for (int i = 0; i < DIMENSIONS; i++)
            assert(fabs(found[i] - expected[i]) < 1e-5);
    }
    assert(n == 8);
}

static void test_texts_are_validated(void)
{
    expect(post("/generate", "{\"prompt\": \" \"}"), 422,
           "Value error, Prompt cannot be empty or whitespace");
    expect(post("/generate", "{\"prompt\": \"a\", \"stop_sequences\": [\"\", "
                             "\"123456789012345678901\"]}"),
           422, "[\"body\",\"stop_sequences\",1],\"msg\":\"Value error, Stop sequence too long\"");
    expect(post("/api/v1/chat/stream", "{\"message\": \"\"}"), 422, "[\"body\",\"message\"]");
}

static void test_generate(void)
{
    static const char body[] =
        "{\"prompt\": \" The zebra \", \"max_tokens\": 8, \"temperature\": 0}";
    sv_reply first = post("/generate", body);
    expect(first, 200,
           "\"prompt\":\"The zebra\",\"max_tokens\":8,\"temperature\":0.0,"
           "\"stop_sequences\":null}");
    sv_reply again = post("/generate", body); /* the likeliest token each time: the same text */
    assert(sv_str_eq(first.body, again.body));
}

/* What stands between `before` and `after`, wherever that is in the body, put together. */
static void join(const sv_reply *reply, const char *before, const char *after, char *ret_text)
{
    const char *at = reply->body.ptr, *end = at + reply->body.len;
    while ((at = memmem(at, (size_t)(end - at), before, strlen(before)))) {
        at += strlen(before);
        const char *stop = memmem(at, (size_t)(end - at), after, strlen(after));
        assert(stop);
        ret_text = mempcpy(ret_text, at, (size_t)(stop - at));
    }
    *ret_text = '\0';
}

/* The first string behind a name in a file of JSON; it is cut out. */
static char *cut_string(char *file, const char *name)
{
    char *text = strstr(file, name) + strlen(name);
    *strchr(text, '"') = '\0';
    return text;
}

/* What llama.cpp itself says to the first conversation of models/chat, greedily. */
static void test_chat(void)
{
    static char file[FILE_SIZE];
    char body[1024], joined[1024], ended[1024];
    read_file("chat/EXPECTED.json", file);
    const char *answer = cut_string(file, "\"text\": \""); /* the later of both */
    const char *question = cut_string(file, "\"content\": \"");
    snprintf(body, sizeof body, "{\"message\": \"%s\", \"temperature\": 0}", question);
    sv_reply reply = post("/chat", body);
    expect(reply, 200, "data: {\"done\":true}\n\n");
    join(&reply, "{\"content\":\"", "\"}\n\n", joined);
    assert(strcmp(joined, answer) == 0);
    assert(sv_str_eq(sv_reply_header_value(&reply, "Cache-Control"), SV_STR("no-cache")));
    reply = post("/chat/stream", body);
    expect(reply, 200, "data: [DONE]\n\n");
    join(&reply, "data: ", "\n\n", joined);
    snprintf(ended, sizeof ended, "%s[DONE]", answer);
    assert(strcmp(joined, ended) == 0);
}

static void test_probes(void)
{
    expect(sv_test_get(client, "/health/live"), 200, "{\"status\":\"alive\"}");
    expect(sv_test_get(client, "/health/ready"), 200, "{\"status\":\"ready\"}");
}

/* {"image_url": "data:image/png;base64,..."} */
static void write_image_body(void)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static char bytes[FILE_SIZE];
    size_t len = read_file("../examples/pictures/digit-7.png", bytes);
    char *to = image_body + sprintf(image_body, "{\"image_url\": \"data:image/png;base64,");
    for (size_t i = 0; i < len; i += 3) {
        unsigned three = 0;
        for (size_t k = 0; k < 3; k++)
            three = three << 8 | (i + k < len ? (unsigned char)bytes[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            *to++ = i + k > len ? '=' : digits[three >> (18 - 6 * k) & 63];
    }
    strcpy(to, "\"}");
}

static void run(void (*const *tests)(void), size_t n)
{
    for (size_t i = 0; i < n; i++)
        tests[i]();
}

int main(void)
{
    static void (*const always[])(void) = {test_invalid_input, test_texts_are_validated};
    static void (*const of_models[])(void) = {
        test_health_check, test_prediction, test_unusable_pictures,      test_versions,
        test_rate_limit,   test_jobs,       test_similar_texts_are_near, test_embeddings_as_trained,
        test_probes,
    };
    static void (*const of_language_model[])(void) = {test_generate, test_chat};
    client = sv_test_client(&app);
    assert(client);
    write_image_body();
    run(always, 2);
    bool has_models = sv_test_get(client, "/health/ready").status == 200;
    bool has_llm = post("/generate", "{\"prompt\": \"a\", \"max_tokens\": 1}").status == 200;
    if (has_models)
        run(of_models, sizeof of_models / sizeof *of_models);
    if (has_llm)
        run(of_language_model, 2);
    sv_test_free(client);
    printf("all passed%s%s\n", has_models ? "" : "; skipped: what needs models (" CONFIG_MODELS ")",
           has_llm ? "" : "; skipped: what needs the language model");
    return 0;
}
