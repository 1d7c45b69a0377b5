/* metrics_page.c: the Prometheus exposition as an endpoint.
 *
 * DESIGN. Gauges are read after every loop has come round once since the scrape arrived: clients
 * that had left before it are then no longer counted, whatever order their farewells came in. */
#include "api/metrics_page.h"

#include "api/services.h"
#include "base/list.h"
#include "observe/prometheus.h"
#include "web/call.h"

enum { MAX_PAGE_BYTES = 64 << 20, ROUNDS = 3 };

/* A scrape on its way round the loops, in the call's arena. */
typedef struct scrape {
    sv_message message;
    sv_call *call;
    const sv_services *services;
    size_t next_stop;
} scrape;

static sv_status write_page(const sv_services *services, sv_call *call)
{
    sv_buf text;
    sv_buf_init(&text, MAX_PAGE_BYTES);
    sv_status status = sv_prometheus_write(services->metrics, &text);
    sv_str page = status ? (sv_str){0} : sv_arena_copy(call->arena, sv_buf_str(&text));
    sv_buf_deinit(&text);
    if (!status && !page.ptr)
        status = SV_NO_MEMORY;
    return status ? status : sv_respond_bytes(call, SV_PROMETHEUS_CONTENT_TYPE, page);
}

/* Goes on to the next loop; after the last one the page is written. */
static void go_round(sv_message *message)
{
    scrape *it = SV_CONTAINER_OF(message, scrape, message);
    sv_server *server = it->services->server;
    size_t n_loops = sv_server_n_loops(server);
    if (it->next_stop < n_loops * ROUNDS)
        sv_loop_post(sv_server_loop(server, it->next_stop++ % n_loops), &it->message);
    else
        sv_complete(it->call, write_page(it->services, it->call));
}

SV_HANDLER_RAW(metrics);
static sv_status metrics(sv_call *call)
{
    scrape *made = sv_alloc(call, sizeof *made);
    if (!made)
        return SV_NO_MEMORY;
    *made = (scrape){{.run = go_round}, call, sv_call_state(call), 0};
    go_round(&made->message);
    return SV_DEFERRED;
}

const sv_operation *sv_metrics_page_operations(void)
{
    static const sv_operation operations[] = {
        {"GET", "/metrics", &metrics_handler, .tags = "observability",
         .description = "Metrics in the Prometheus text format 0.0.4.",
         .response_media = "text/plain", .run_inline = true, .rate_exempt = true},
        {0}};
    return operations;
}
