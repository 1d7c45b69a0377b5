/* log.c: levels, buffers, the writer thread. How an access line looks: access_line.c. */
#include "observe/log.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/writer.h"
#include "observe/access_line.h"

/* While lines keep coming the writer looks every PAUSE_MS instead of being woken for each. */
enum { MAX_MESSAGE = 2048, DEFAULT_BUFFER = 1 << 20, PAUSE_MS = 5, N_OUTPUTS = 2 };

typedef struct output {
    int fd;
    sv_buf filling;  /* guarded by the log's lock */
    sv_buf draining; /* the writer's */
} output;

struct sv_log {
    sv_log_config config;
    pthread_t writer;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    output outputs[N_OUTPUTS];    /* access, other */
    bool writer_sleeps, stopping; /* guarded by lock */
    atomic_uint_fast64_t dropped;
};

/* A descriptor that cannot be written loses the rest of the batch: there is nowhere to tell. */
static void write_all(int fd, sv_str bytes)
{
    while (bytes.len) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        bytes = (sv_str){bytes.ptr + n, bytes.len - (size_t)n};
    }
}

/* With the lock held; true when there was something. */
static bool swap_buffers(sv_log *log)
{
    bool any = false;
    for (int i = 0; i < N_OUTPUTS; i++) {
        output *out = &log->outputs[i];
        sv_buf swapped = out->filling;
        out->filling = out->draining;
        out->draining = swapped;
        any = any || swapped.len;
    }
    return any;
}

static void drain(sv_log *log)
{
    for (int i = 0; i < N_OUTPUTS; i++) {
        write_all(log->outputs[i].fd, sv_buf_str(&log->outputs[i].draining));
        sv_buf_clear(&log->outputs[i].draining);
    }
}

/* With the lock held: waits until there may be lines; a short time when there just were some. */
static void rest(sv_log *log, bool were_lines)
{
    struct timespec until;
    int64_t end = sv_clock_deadline_ns(&sv_clock_system, PAUSE_MS);
    until.tv_sec = (time_t)(end / SV_NS_PER_S);
    until.tv_nsec = (long)(end % SV_NS_PER_S);
    if (were_lines) {
        pthread_cond_clockwait(&log->wake, &log->lock, CLOCK_MONOTONIC, &until);
        return;
    }
    log->writer_sleeps = true;
    pthread_cond_wait(&log->wake, &log->lock);
    log->writer_sleeps = false;
}

static void *run_writer(void *arg)
{
    sv_log *log = arg;
    pthread_mutex_lock(&log->lock);
    for (;;) {
        bool any = swap_buffers(log);
        if (!any && log->stopping)
            break;
        pthread_mutex_unlock(&log->lock);
        drain(log);
        pthread_mutex_lock(&log->lock);
        if (!log->stopping)
            rest(log, any);
    }
    pthread_mutex_unlock(&log->lock);
    return NULL;
}

sv_status sv_log_new(const sv_log_config *config, sv_log **ret_log)
{
    sv_log *log = calloc(1, sizeof *log);
    if (!log)
        return SV_NO_MEMORY;
    size_t limit = config->max_buffered_bytes ? config->max_buffered_bytes : DEFAULT_BUFFER;
    log->config = *config;
    log->outputs[0].fd = config->access_fd;
    log->outputs[1].fd = config->other_fd;
    for (int i = 0; i < N_OUTPUTS; i++) {
        sv_buf_init(&log->outputs[i].filling, limit);
        sv_buf_init(&log->outputs[i].draining, limit);
    }
    pthread_mutex_init(&log->lock, NULL);
    pthread_cond_init(&log->wake, NULL);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&log->writer, NULL, run_writer, log);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        free(log);
        return SV_NO_MEMORY;
    }
    *ret_log = log;
    return SV_OK;
}

void sv_log_free(sv_log *log)
{
    if (!log)
        return;
    pthread_mutex_lock(&log->lock);
    log->stopping = true;
    pthread_cond_signal(&log->wake);
    pthread_mutex_unlock(&log->lock);
    pthread_join(log->writer, NULL);
    for (int i = 0; i < N_OUTPUTS; i++) {
        sv_buf_deinit(&log->outputs[i].filling);
        sv_buf_deinit(&log->outputs[i].draining);
    }
    pthread_cond_destroy(&log->wake);
    pthread_mutex_destroy(&log->lock);
    free(log);
}

static void push(sv_log *log, output *out, sv_str line)
{
    pthread_mutex_lock(&log->lock);
    if (sv_buf_append_str(&out->filling, line)) {
        out->filling.status = SV_OK; /* the next line may fit */
        atomic_fetch_add_explicit(&log->dropped, 1, memory_order_relaxed);
    }
    if (log->writer_sleeps)
        pthread_cond_signal(&log->wake);
    pthread_mutex_unlock(&log->lock);
}

static void push_json(sv_log *log, const char *level, sv_str message)
{
    char when[SV_CLOCK_TEXT_SIZE];
    sv_buf line;
    sv_writer writer;
    sv_buf_init(&line, (size_t)MAX_MESSAGE * 8);
    sv_writer_init(&writer, &line);
    sv_clock_format_rfc3339(sv_clock_wall_ns(&sv_clock_system), when);
    sv_writer_begin_object(&writer);
    sv_writer_key_cstr(&writer, "timestamp", when);
    sv_writer_key_cstr(&writer, "level", level);
    sv_writer_key_str(&writer, "message", message);
    sv_writer_end_object(&writer);
    sv_buf_append_byte(&line, '\n');
    if (!sv_buf_status(&line))
        push(log, &log->outputs[1], sv_buf_str(&line));
    sv_buf_deinit(&line);
}

/* Line ends and other control bytes in a message must not look like lines of ours. */
static void push_text(sv_log *log, const char *level, sv_str message)
{
    char line[MAX_MESSAGE + 32];
    int head = snprintf(line, sizeof line, "%-9s ", level);
    size_t len = (size_t)head;
    for (size_t i = 0; i < message.len && len < sizeof line - 1; i++)
        line[len++] = (unsigned char)message.ptr[i] < 0x20 ? ' ' : message.ptr[i];
    line[len++] = '\n';
    push(log, &log->outputs[1], (sv_str){line, len});
}

void sv_log_write(sv_log *log, sv_log_level level, const char *format, ...)
{
    static const char *const names[] = {"debug", "info", "warning", "error", "off"};
    static const char *const texts[] = {"DEBUG:", "INFO:", "WARNING:", "ERROR:", ""};
    if (!log || level < log->config.level)
        return;
    char message[MAX_MESSAGE];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (len < 0)
        return;
    sv_str text = {message, (size_t)len < sizeof message ? (size_t)len : sizeof message - 1};
    if (log->config.json)
        push_json(log, names[level], text);
    else
        push_text(log, texts[level], text);
}

bool sv_log_has_access(const sv_log *log)
{
    return log && log->config.level <= SV_LOG_INFO;
}

void sv_log_access(sv_log *log, const sv_access_entry *entry)
{
    char room[SV_ACCESS_LINE_MAX];
    if (!sv_log_has_access(log))
        return;
    sv_str line =
        log->config.json ? sv_access_line_json(entry, room) : sv_access_line_text(entry, room);
    push(log, &log->outputs[0], line);
}

uint64_t sv_log_dropped(const sv_log *log)
{
    return log ? atomic_load_explicit(&log->dropped, memory_order_relaxed) : 0;
}
