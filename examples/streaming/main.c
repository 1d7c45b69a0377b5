/* streaming: answers that are sent piece by piece: server-sent events of a struct, and plain bytes.
 * A client that goes away stops the work: sending says SV_CANCELLED.
 *
 *   $ build/examples/streaming
 *   $ curl -sN localhost:8000/chat -H 'Content-Type: application/json' -d '{"message": "to be"}'
 *   data: {"content":"to"}
 *
 *   data: {"content":"be"}
 *
 *   data: [DONE]
 *
 *   $ curl -s localhost:8000/chat -H 'Content-Type: application/json' -d '{"message": "?"}' |
 *     jq -c '[.error, .message]'
 *   ["INVALID_INPUT","That is not a word"]
 *   $ curl -sN 'localhost:8000/table.csv?rows=3'
 *   n,square
 *   1,1
 *   2,4
 *   3,9 */
#include <stdio.h>

#include <serval/serval.h>

struct message {
    sv_str message;
};
struct token {
    sv_str content;
};
SV_SCHEMA(message, SV_FIELD(message, message, .min_len = 1, .max_len = 1000));
SV_SCHEMA(token, SV_FIELD(token, content));

SV_STREAM(chat, message, token);
static sv_status chat(sv_call *call, const struct message *in, sv_events *events)
{
    if (sv_str_eq(in->message, SV_STR("?"))) /* nothing is sent yet: an ordinary 400 */
        return sv_fail(call, &sv_kind_invalid_input, "That is not a word");
    sv_status status = SV_OK;
    sv_str rest = in->message, word;
    while (!status && sv_str_split(&rest, ' ', &word))
        status = chat_send(events, &(struct token){word});
    return status ? status : sv_events_send_text(events, SV_STR("[DONE]"));
}

struct table_params {
    int64_t rows;
};
SV_SCHEMA(table_params, SV_FIELD(table_params, rows, SV_GE(0), SV_LE(1000000)));

SV_HANDLER_PARAMS(table, table_params, sv_none, sv_none);
static sv_status table(sv_call *call, const struct table_params *params, const struct sv_none *in,
                       struct sv_none *out)
{
    (void)in, (void)out;
    sv_status status = sv_respond_stream(call, "text/csv; charset=utf-8");
    if (!status)
        status = sv_write(call, SV_STR("n,square\n"));
    for (long n = 1; !status && n <= params->rows; n++) {
        char line[64]; /* sv_format would keep every line until the end */
        snprintf(line, sizeof line, "%ld,%ld\n", n, n * n);
        status = sv_write(call, sv_str_from(line));
    }
    return status;
}

static const sv_operation operations[] = {
    {"POST", "/chat", &chat_handler, .tags = "events"},
    {"GET", "/table.csv", &table_handler, .tags = "bytes", .response_media = "text/csv"},
    {0}};

int main(int argc, char **argv)
{
    return sv_main(argc, argv, &(sv_app){.title = "Streams", .operations = operations});
}
