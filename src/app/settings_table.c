/* settings_table.c: one row per setting. */
#include <ctype.h>
#include <stddef.h>

#include "app/settings.h"
#include "base/nearest.h"

#define ROW(member, kind, text, min, max, choices, help)                                           \
    {#member, SV_SETTING_##kind, offsetof(sv_settings, member), text, min, max, choices, help}
#define FLAG(member, text, help) ROW(member, BOOL, text, 0, 0, NULL, help)
#define TEXT(member, text, help) ROW(member, TEXT, text, 0, 0, NULL, help)
#define MAP(member, text, help) ROW(member, MAP, text, 0, 0, NULL, help)
#define CHOICE(member, text, choices, help) ROW(member, CHOICE, text, 0, 0, choices, help)
#define INT(member, text, min, max, help) ROW(member, INT, text, min, max, NULL, help)
#define TIME(member, text, help) ROW(member, DURATION, text, 1, INT64_C(86400000) * 7, NULL, help)
#define TIME0(member, text, help) ROW(member, DURATION, text, 0, INT64_C(86400000), NULL, help)
#define SIZE(member, text, min, help) ROW(member, SIZE, text, min, INT64_C(1) << 40, NULL, help)

static const sv_setting rows[] = {
    TEXT(app_name, "ML API", "Title in OpenAPI"),
    TEXT(app_version, "", "Version in OpenAPI and /health; the program's own when empty"),
    FLAG(debug, "false", "Error details in 5xx answers, and the debug log"),
    TEXT(host, "127.0.0.1", "Address to listen on"),
    INT(port, "8000", 0, 65535, "Port to listen on; 0 lets the system choose"),
    TEXT(uds, "", "Unix socket to listen on, instead of host and port"),
    TEXT(model_path, "models/", "Model file, model folder or repository"),
    TIME0(model_poll, "5", "How often model files are looked at for changes; 0: only on SIGHUP"),
    TEXT(default_model, "", "Model that /api/v1/predict uses; chosen by rule when empty"),
    INT(workers, "0", 0, 1024, "How many predictions are computed at once; 0: the CPUs we may use"),
    INT(max_batch_size, "32", 1, 4096, "Ceiling of every model's own batching.max_size"),
    INT(handler_threads, "40", 1, 1024, "Most threads for handlers that block"),
    INT(io_threads, "0", 0, 256, "Event loops; 0: one per 4 CPUs, at least one"),
    TIME(request_timeout, "30", "From a request's first byte to the start of its answer"),
    TIME(header_timeout, "10", "For the header section of a request to arrive"),
    TIME(body_timeout, "30", "For the body of a request to arrive"),
    TIME(write_timeout, "30", "For a client to take bytes that wait for it"),
    TIME(keep_alive, "75", "How long an idle connection is kept"),
    TIME(fetch_timeout, "10", "For fetching a picture by its address"),
    TIME(liveness_timeout, "60", "Without progress for this long /health/live answers 503"),
    TIME(shutdown_timeout, "30", "For requests in flight to finish at the end"),
    SIZE(max_body_size, "10MiB", 1, "Largest request body"),
    SIZE(max_header_size, "64KiB", 1024, "Largest header section"),
    SIZE(max_url_size, "8KiB", 64, "Longest request target"),
    INT(max_pixels, "100000000", 1, INT64_C(1) << 40, "Largest picture, width times height"),
    INT(max_connections, "0", 0, 1 << 20, "Most open connections; 0: what descriptors allow"),
    SIZE(fetch_max_size, "0", 0, "Largest fetched picture; 0: max_body_size"),
    TEXT(image_url_allow, "",
         "Networks, addresses and host names, each optionally with :PORT, that may be "
         "fetched from although they are private"),
    TEXT(image_url_deny, "", "Networks, addresses and host names that are never fetched from"),
    TEXT(image_url_schemes, "http,https,data", "Schemes that image_url may have"),
    TEXT(allowed_hosts, "",
         "Host names that requests may carry; on a loopback address its names only when "
         "empty"),
    TEXT(trusted_proxies, "",
         "Addresses, networks, unix: or * (everybody) whose X-Forwarded-For, X-Forwarded-Proto or "
         "Forwarded tell who the client is"),
    TEXT(rate_limit, "",
         "Requests of one client to all routes together, /health and /metrics not counted, e.g. "
         "100/minute;1000/day"),
    MAP(rate_limits, "",
        "The same for single operations: {POST /api/v1/predict: 10/minute} in serval.yaml, JSON "
        "elsewhere; none lifts an operation's own limit"),
    TEXT(root_path, "", "Path prefix of a proxy in front, for OpenAPI and redirects"),
    SIZE(memory_budget, "0", 0, "Memory for loaded models; 0: 80 % of what we may use"),
    FLAG(metrics_triton, "true", "Metrics under Triton's names (nv_...) too"),
    FLAG(metrics_vllm, "true", "Metrics of language models under vLLM's names (vllm:...)"),
    FLAG(metrics_llamacpp, "true",
         "Metrics of language models under llama-server's names (llamacpp:...) too"),
    TEXT(engine_dir, "", "Where engine libraries lie; searched for when empty"),
    CHOICE(log_level, "info", "debug,info,warning,error,off", "Least level that is logged"),
    CHOICE(log_format, "auto", "auto,text,json",
           "Form of the log; auto: text on a terminal, else json"),
};

const sv_setting *sv_settings_table(size_t *ret_count)
{
    *ret_count = sizeof rows / sizeof *rows;
    return rows;
}

static char fold(char byte)
{
    return byte == '-' ? '_' : (char)tolower((unsigned char)byte);
}

const sv_setting *sv_settings_table_find(sv_str name)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = 0;
        while (n < name.len && rows[i].name[n] && fold(name.ptr[n]) == rows[i].name[n])
            n++;
        if (n == name.len && !rows[i].name[n])
            return &rows[i];
    }
    return NULL;
}

const char *sv_settings_table_nearest(sv_str name)
{
    sv_nearest search = sv_nearest_begin(name);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        sv_nearest_offer(&search, rows[i].name);
    return search.best;
}
