/* metrics_page.c: the Prometheus exposition as an endpoint.
 *
 * DESIGN. Gauges are read after every loop has come round once since the scrape arrived: clients
 * that had left before it are then no longer counted, whatever order their farewells came in. */
#include "api/metrics_page.h"

#include "api/generation_metrics.h"
#include "api/services.h"
#include "base/list.h"
#include "http/coding.h"
#include "http/message.h"
#include "observe/prometheus.h"
#include "web/call.h"

enum { MAX_PAGE_BYTES = 64 << 20, ROUNDS = 3 };

/* What an Accept may ask for; the version counts if it is said. */
static const struct {
    sv_str media, version;
    sv_prometheus_format format;
} medias[] = {
    {SV_STR_INIT("application/openmetrics-text"), SV_STR_INIT("1.0.0"), SV_PROMETHEUS_OPEN_METRICS},
    {SV_STR_INIT("text/plain"), SV_STR_INIT("0.0.4"), SV_PROMETHEUS_TEXT},
    {SV_STR_INIT("text/*"), {0}, SV_PROMETHEUS_TEXT},
    {SV_STR_INIT("*/*"), {0}, SV_PROMETHEUS_TEXT}};

/* A scrape on its way round the loops, in the call's arena. */
typedef struct scrape {
    sv_message message;
    sv_call *call;
    const sv_services *services;
    size_t next_stop;
} scrape;

static bool has_other_version(sv_str parameters, sv_str version)
{
    sv_str piece, name;
    while (sv_str_split(&parameters, ';', &piece)) {
        piece = sv_str_trim_ows(piece);
        if (sv_str_split(&piece, '=', &name) && sv_str_eq_nocase(name, SV_STR("version")))
            return !sv_str_eq(piece, version);
    }
    return false;
}

/* The format of one member of an Accept; false: none that is written here. */
static bool find_format(sv_str media, sv_str parameters, sv_prometheus_format *ret_format)
{
    for (size_t i = 0; i < sizeof medias / sizeof *medias; i++) {
        if (!sv_str_eq_nocase(media, medias[i].media) ||
            has_other_version(parameters, medias[i].version))
            continue;
        *ret_format = medias[i].format;
        return true;
    }
    return false;
}

/* What is liked best, of equals what stands first; the text format when nothing is asked for that
 * is written here. */
static sv_prometheus_format choose_format(sv_str accept)
{
    sv_prometheus_format best = SV_PROMETHEUS_TEXT, format;
    int best_weight = 0;
    sv_str member, media;
    while (sv_str_split(&accept, ',', &member)) {
        if (!sv_str_split(&member, ';', &media) ||
            !find_format(sv_str_trim_ows(media), member, &format))
            continue;
        int weight = sv_message_weight(member);
        if (weight > best_weight) {
            best = format;
            best_weight = weight;
        }
    }
    return best;
}

static bool wants_gzip(sv_call *call)
{
    return sv_coding_choose(sv_request_header(call, "accept-encoding")) == SV_CODING_GZIP;
}

static sv_status compress(sv_call *call, sv_str *page)
{
    sv_buf coded;
    sv_buf_init(&coded, MAX_PAGE_BYTES);
    sv_status status = sv_coding_encode(SV_CODING_GZIP, *page, &coded);
    if (!status)
        status = sv_call_keep_bytes(call, &coded, page);
    sv_buf_deinit(&coded);
    return status ? status : sv_set_header(call, "Content-Encoding", SV_STR("gzip"));
}

static sv_status write_page(const sv_services *services, sv_call *call)
{
    sv_prometheus_format format = choose_format(sv_request_header(call, "accept"));
    sv_buf text;
    sv_str page;
    sv_buf_init(&text, MAX_PAGE_BYTES);
    sv_generation_metrics_refresh(services->registry);
    sv_status status = sv_prometheus_write(services->metrics, format, &text);
    if (!status)
        status = sv_call_keep_bytes(call, &text, &page);
    sv_buf_deinit(&text);
    if (!status && wants_gzip(call))
        status = compress(call, &page);
    if (!status)
        status = sv_set_header(call, "Vary", SV_STR("Accept, Accept-Encoding"));
    return status ? status : sv_respond_bytes(call, sv_prometheus_content_type(format), page);
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
         .description =
             "Metrics in the Prometheus text format 0.0.4, or OpenMetrics 1.0.0 when asked.",
         .response_media = "text/plain", .run_inline = true, .rate_exempt = true},
        {0}};
    return operations;
}
