/* settings.h: every setting of the server, where its value came from, and how values are merged:
 * default < serval.yaml < .env < environment < command line. Read once at start, const afterwards.
 */
#ifndef SERVAL_APP_SETTINGS_H
#define SERVAL_APP_SETTINGS_H

#include <serval/schema.h>

#include "base/arena.h"
#include "base/buf.h"

typedef enum sv_setting_kind {
    SV_SETTING_BOOL,     /* bool */
    SV_SETTING_INT,      /* int64_t */
    SV_SETTING_TEXT,     /* const char *; "" when not set */
    SV_SETTING_DURATION, /* int64_t milliseconds; a bare number is seconds; ms s m h */
    SV_SETTING_SIZE,     /* int64_t bytes; a bare number is bytes; KiB MiB GiB */
    SV_SETTING_CHOICE,   /* const char *, one of `choices` */
    SV_SETTING_APP,      /* an application's own: kept as text (app_settings.h) */
    SV_SETTING_MAP,      /* const char *: names and texts as a JSON object; "" when not set */
} sv_setting_kind;

typedef struct sv_settings {
    const char *app_name, *app_version, *host, *uds, *model_path, *default_model, *root_path;
    const char *allowed_hosts, *trusted_proxies, *log_level, *log_format, *engine_dir;
    const char *image_url_allow, *image_url_deny, *image_url_schemes;
    const char *rate_limit, *rate_limits;
    bool debug, metrics_triton, metrics_vllm, metrics_llamacpp;
    int64_t port, workers, max_batch_size, handler_threads, io_threads, max_connections, max_pixels;
    int64_t request_timeout, header_timeout, body_timeout, write_timeout, keep_alive;
    int64_t fetch_timeout, liveness_timeout, shutdown_timeout, model_poll;
    int64_t max_body_size, max_header_size, max_url_size, fetch_max_size, memory_budget;
} sv_settings;

/* One row. */
typedef struct sv_setting {
    const char *name;
    sv_setting_kind kind;
    size_t offset;            /* in sv_settings */
    const char *default_text; /* "" for none, or what `help` explains */
    int64_t min, max;         /* of numbers, in ms or bytes where they are */
    const char *choices;      /* comma-separated */
    const char *help;         /* one sentence */
    bool is_flag;             /* of an application: a boolean */
} sv_setting;

enum { SV_SETTINGS_MAX = 64 };

/* All rows; static. */
const sv_setting *sv_settings_table(size_t *ret_count);
/* By name, with '_' or '-', in any case; NULL when there is none. */
const sv_setting *sv_settings_table_find(sv_str name);
/* The nearest known name, or NULL when none is near. */
const char *sv_settings_table_nearest(sv_str name);

struct sv_app_settings;

/* Values under construction. */
typedef struct sv_settings_merge {
    sv_arena *arena;
    sv_buf *problems; /* one line per mistake */
    sv_settings values;
    const char *origins[SV_SETTINGS_MAX]; /* by row: "default", "serval.yaml:3", ".env:2",
                                             "SERVAL_PORT", "--port" */
    struct sv_app_settings *app;          /* what the application adds; NULL: nothing */
    bool failed;
} sv_settings_merge;

/* Starts with the defaults: the application's, where it has any, else the server's. */
void sv_settings_begin(sv_settings_merge *merge, sv_arena *arena, sv_buf *problems,
                       struct sv_app_settings *app);
/* Sets one value from text; a value that does not fit is a problem that names `origin`, the value
 * and what is allowed. */
void sv_settings_set(sv_settings_merge *merge, const sv_setting *setting, sv_str text,
                     const char *origin);
/* Reads a YAML file of `name: value`; a missing file is a problem only if `required`. */
void sv_settings_read_yaml(sv_settings_merge *merge, const char *path, bool required);
/* Reads a .env file: bare and SERVAL_ names in any case; foreign names are counted in one notice on
 * `notices`. */
void sv_settings_read_env_file(sv_settings_merge *merge, const char *path, bool required,
                               sv_buf *notices);
/* Reads SERVAL_… of the environment, strictly; Kubernetes' own service variables are left alone. */
void sv_settings_read_environment(sv_settings_merge *merge, char *const *environment);

#endif
