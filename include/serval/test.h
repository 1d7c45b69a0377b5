/* test.h: an in-process client: the whole path of a request, from bytes to bytes, without a socket.
 * For tests.
 *
 *   sv_client *client = sv_test_client(&app);
 *   sv_reply reply = sv_test_post(client, "/predict", "{\"text\": \"good\"}");
 *   sv_test_expect(client, reply, 200);
 *   assert_string_equal(sv_reply_str(reply, "predictions.0.label").ptr, "positive");
 *   sv_test_free(client);
 *
 * Ownership: replies, streams and all texts handed out live until sv_test_free; what is passed in
 * is borrowed for the time of the call. Thread: a client and all that comes from it belong to the
 * thread that made it; the application's handlers run on their own threads as behind a socket.
 * Clients share nothing: two of them in one process are two applications.
 *
 * Mistakes. Functions that cannot do what they are asked return a reply of status 0 whose body says
 * why: a path with a line end, no answer within 60 s, out of memory … NULL is taken as client
 * (sv_test_client failed), and as stream. Expectations that do not hold are failures: see
 * sv_test_set_fail.
 *
 * Each request has a connection of its own, from a client without an address; keep-alive is not
 * seen. Requests say `Host: localhost` unless their headers do. */
#ifndef SERVAL_TEST_H
#define SERVAL_TEST_H

#include <serval/app.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sv_client sv_client;

typedef struct sv_reply_header {
    sv_str name, value;
} sv_reply_header;

/* `status` 0: there was no answer; `body` then says why. The body ends in a zero byte that `len`
 * does not count. */
typedef struct sv_reply {
    int status;
    sv_str body; /* complete: put together from its chunks */
    const sv_reply_header *headers;
    size_t n_headers;
    struct sv_reply_record *record; /* of the client: what was asked, for failures */
} sv_reply;

/* Starts the application in this process, its states and its lifecycle too; NULL when it cannot
 * start (the reasons are on stderr). */
SV_API sv_client *sv_test_client(const sv_app *app);
/* Ends open streams, stops the application, frees everything. NULL is fine. */
SV_API void sv_test_free(sv_client *client);

/* Requests. */

/* Any request; `headers` is lines of "Name: value\r\n" or NULL. */
SV_API sv_reply sv_test_request(sv_client *client, const char *method, const char *path,
                                const char *headers, sv_str body);
SV_API sv_reply sv_test_get(sv_client *client, const char *path);
SV_API sv_reply sv_test_head(sv_client *client, const char *path);
SV_API sv_reply sv_test_options(sv_client *client, const char *path);
SV_API sv_reply sv_test_delete(sv_client *client, const char *path);
/* With Content-Type: application/json. */
SV_API sv_reply sv_test_post(sv_client *client, const char *path, const char *json);
SV_API sv_reply sv_test_put(sv_client *client, const char *path, const char *json);
SV_API sv_reply sv_test_patch(sv_client *client, const char *path, const char *json);
/* POST of JSON made with a printf format; texts are put in as they are, without escapes. */
SV_API sv_reply sv_test_post_json(sv_client *client, const char *path, const char *format, ...)
    SV_PRINTF(3, 4);

/* A name and a value. Lists of them end with {0}. */
typedef struct sv_test_pair {
    const char *name, *value;
} sv_test_pair;

/* `path` with the pairs as its query, percent-encoded in UTF-8; a path that has a query already is
 * continued. NULL when out of memory. */
SV_API const char *sv_test_query(sv_client *client, const char *path, const sv_test_pair *pairs);
/* POST of application/x-www-form-urlencoded. */
SV_API sv_reply sv_test_post_form(sv_client *client, const char *path, const sv_test_pair *pairs);

/* One part of multipart/form-data: a field of text, or a file. */
typedef struct sv_test_part {
    const char *name;
    sv_str value;
    const char *filename;     /* NULL: a field, not a file */
    const char *content_type; /* NULL: none for a field; for a file what its name says */
} sv_test_part;

SV_API sv_reply sv_test_post_multipart(sv_client *client, const char *path,
                                       const sv_test_part *parts, size_t n_parts);

/* A header of every request from now on, unless the request's own headers have the name; NULL as
 * value: not any more. At most 32; one that cannot be sent makes the next reply's status 0. */
SV_API void sv_test_set_header(sv_client *client, const char *name, const char *value);
/* Whether redirects (301, 302, 303, 307, 308) are followed, 20 at most, as browsers do: 303, and
 * 301 and 302 of a POST, go on as GET without the body. At first they are not. */
SV_API void sv_test_follow(sv_client *client, bool follows);

/* Cookies.
 *
 * Set-Cookie of answers is kept and sent with later requests as browsers do it: path, Max-Age and
 * Expires (on the application's clock, see sv_test_advance) are obeyed, at most 100 are kept; a
 * request's own Cookie header goes instead of them. The client knows one host and trusts the way to
 * it: Domain is not compared, Secure cookies are sent. */

/* A cookie for all paths; NULL as value: all of this name are forgotten. */
SV_API void sv_test_set_cookie(sv_client *client, const char *name, const char *value);
/* The value of the newest of this name; NULL pointer when there is none, or it is over. */
SV_API sv_str sv_test_cookie(sv_client *client, const char *name);
SV_API void sv_test_clear_cookies(sv_client *client);

/* Replies. */

/* The first header of this name (case does not matter); NULL pointer when there is none. */
SV_API sv_str sv_reply_header_value(const sv_reply *reply, const char *name);

/* The JSON body, by a path of names and indices: "predictions.0.label"; "" is the whole body. A
 * backslash before a dot makes it part of a name ("a\\.b"). What is not there, or has another type,
 * is a failure, and the answer is then empty, 0 or false. */
SV_API sv_str sv_reply_str(sv_reply reply, const char *path); /* ends in a zero byte */
SV_API int64_t sv_reply_int(sv_reply reply, const char *path);
SV_API double sv_reply_double(sv_reply reply, const char *path); /* of whole numbers too */
SV_API bool sv_reply_bool(sv_reply reply, const char *path);
/* Items of an array, members of an object, characters of a text. */
SV_API size_t sv_reply_len(sv_reply reply, const char *path);
/* These fail only where the body is no JSON. What is null exists. */
SV_API bool sv_reply_exists(sv_reply reply, const char *path);
SV_API bool sv_reply_is_null(sv_reply reply, const char *path);

/* Expectations. */

/* Each compares, and is a failure where it does not hold; true when it holds. */
SV_API bool sv_test_expect(sv_client *client, sv_reply reply, int status);
SV_API bool sv_test_expect_text(sv_client *client, sv_reply reply, const char *body);
/* The header has this value; NULL as value: it is not there. */
SV_API bool sv_test_expect_header(sv_client *client, sv_reply reply, const char *name,
                                  const char *value);
/* What stands at `path` of the body equals this JSON: numbers by value (1 is 1.0), objects in any
 * order. */
SV_API bool sv_test_expect_json(sv_client *client, sv_reply reply, const char *path,
                                const char *json);

/* Where failures go: `fail` gets what was expected, the request and the answer (heads whole, bodies
 * up to 4 KiB) as one text, and may leave by longjmp, as the assertions of test frameworks do.
 * NULL, and at first: stderr. Failures are counted either way. */
SV_API void sv_test_set_fail(sv_client *client, void (*fail)(const char *text));
/* How many there were: a test without a framework returns `sv_test_failures(client) != 0`. A client
 * of NULL has one. */
SV_API size_t sv_test_failures(const sv_client *client);
/* The last request and its answer, as failures show them; "" before the first. */
SV_API const char *sv_test_last(sv_client *client);
/* What the application has reported since the last call, a line each: a handler that answered
 * twice, a task that failed …; "" when nothing. Lines that are never asked for are printed on
 * stderr by sv_test_free. Reports of work on other threads come when that work is done. At most
 * 64 KiB are kept. */
SV_API const char *sv_test_report(sv_client *client);

/* Time. */

/* Moves the application's clock ahead by `ms` (1 to 10^12), and does what is due then: deadlines of
 * requests (504) and bodies, stalled readers, heartbeats, rate limits, sv_remaining_ms,
 * sv_elapsed_ms, Date and cookies obey it; between the calls it goes on as the machine's does. Not
 * moved: threads that sleep or wait by themselves, the idle time of handler threads, models,
 * requests that the application makes itself. */
SV_API void sv_test_advance(sv_client *client, int64_t ms);

/* Streams: requests and answers piece by piece.
 *
 * Functions that wait do so until there is what they ask for, at most 60 s. */
typedef struct sv_test_stream sv_test_stream;

/* Sends a request and does not wait for its answer. NULL when out of memory. Redirects are not
 * followed. */
SV_API sv_test_stream *sv_test_open(sv_client *client, const char *method, const char *path,
                                    const char *headers, sv_str body);
/* The same without a body yet: it follows in pieces (Transfer-Encoding: chunked). */
SV_API sv_test_stream *sv_test_open_upload(sv_client *client, const char *method, const char *path,
                                           const char *headers);
/* The next piece of the request's body, as one chunk; an empty one is not sent. After the answer
 * has ended, and on a stream whose body was complete at once, nothing happens. */
SV_API void sv_test_send(sv_test_stream *stream, sv_str bytes);
/* The request's body is complete. */
SV_API void sv_test_send_end(sv_test_stream *stream);

/* Waits for status and headers; the body is empty. */
SV_API sv_reply sv_test_head_of(sv_test_stream *stream);
/* Waits for the next piece of the body: a chunk as the application sent it, else what has come.
 * False at the end. */
SV_API bool sv_test_next_piece(sv_test_stream *stream, sv_str *ret_piece);

/* A server-sent event as a browser would dispatch it. */
typedef struct sv_test_event {
    sv_str event;     /* "message" when the server named none */
    sv_str data;      /* lines joined by LF */
    sv_str id;        /* the last id seen, of this event or one before; "": none */
    int64_t retry_ms; /* the last seen; -1: none */
} sv_test_event;

/* Waits for the next event with data; comments (heartbeats) are passed over. False at the end. Use
 * either this or sv_test_next_piece on a stream. */
SV_API bool sv_test_next_event(sv_test_stream *stream, sv_test_event *ret_event);
/* Waits for the end: the reply with what is left of the body. Status 0 when the answer broke off in
 * the middle. */
SV_API sv_reply sv_test_finish(sv_test_stream *stream);
/* Whether the answer came to its proper end (not: broken off, or still under way). */
SV_API bool sv_test_is_complete(const sv_test_stream *stream);
/* The client departs in the middle, so that the application sees a cancelled call. */
SV_API void sv_test_leave(sv_test_stream *stream);
/* From now on the client takes `size_bytes` more and then holds the server back, like a full
 * socket. */
SV_API void sv_test_pause(sv_test_stream *stream, size_t size_bytes);
/* Takes what was held back, and everything that follows. */
SV_API void sv_test_resume(sv_test_stream *stream);

#ifdef __cplusplus
}
#endif

#endif
