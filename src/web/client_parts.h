/* client_parts.h: what the files of the in-process client share. Not for others: test_client.h. */
#ifndef SERVAL_WEB_CLIENT_PARTS_H
#define SERVAL_WEB_CLIENT_PARTS_H

#include <serval/test.h>

#include "base/list.h"
#include "web/client_clock.h"
#include "web/client_jar.h"
#include "web/client_report.h"
#include "web/service.h"

enum { SV_CLIENT_MAX_HEADERS = 32, SV_CLIENT_MAX_REDIRECTS = 20 };

/* What was asked and answered, for failures and for reading JSON. In the client's arena. */
typedef struct sv_reply_record {
    sv_client *client;
    sv_str request_head, request_body;
    sv_str answer_head, answer_body; /* empty until they came */
    const struct sv_value *json;     /* of the body, once it was asked for */
} sv_reply_record;

struct sv_client {
    sv_service *service;
    bool owns_service;
    sv_loop *loop;
    sv_arena *arena; /* of replies, streams and texts */
    sv_client_clock clock;
    sv_client_report report;
    sv_client_jar jar;
    sv_reply_header headers[SV_CLIENT_MAX_HEADERS]; /* of every request */
    size_t n_headers;
    sv_list_node streams; /* of sv_test_stream: those with a connection */
    bool follows;
    const char *mistake; /* of a setting: the next request tells; NULL: none */
    void (*fail)(const char *text);
    size_t n_failures;
    const sv_reply_record *last;
};

/* A reply of status 0. */
sv_reply sv_test_client_refuse(sv_reply_record *record, const char *why);

#endif
