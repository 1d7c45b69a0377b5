/* metrics_page.c: the Prometheus exposition as an endpoint. */
#include "api/metrics_page.h"

#include "api/services.h"
#include "observe/prometheus.h"
#include "web/call.h"

enum { MAX_PAGE_BYTES = 64 << 20 };

SV_HANDLER_RAW(metrics);
static sv_status metrics(sv_call *call)
{
    const sv_services *services = sv_call_state(call);
    sv_buf text;
    sv_buf_init(&text, MAX_PAGE_BYTES);
    sv_status status = sv_prometheus_write(services->metrics, &text);
    sv_str page = status ? (sv_str){0} : sv_arena_copy(call->arena, sv_buf_str(&text));
    sv_buf_deinit(&text);
    if (!status && !page.ptr)
        status = SV_NO_MEMORY;
    return status ? status : sv_respond_bytes(call, SV_PROMETHEUS_CONTENT_TYPE, page);
}

const sv_operation *sv_metrics_page_operations(void)
{
    static const sv_operation operations[] = {
        {"GET", "/metrics", &metrics_handler, .tags = "observability",
         .description = "Metrics in the Prometheus text format 0.0.4.",
         .response_media = "text/plain", .run_inline = true},
        {0}};
    return operations;
}
