/* log.c: levels, buffers, the writer thread. How an access line looks: access_line.c. */
#include "observe/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/writer.h"
#include "observe/access_line.h"

/* While lines keep coming the writer looks every PAUSE_MS, or when a buffer is half full, instead
 * of being woken for each. Who does not read has LAST_MS to take the last lines. */
enum { PAUSE_MS = 5, POLL_MS = 100, LAST_MS = 1000 };
enum { MAX_MESSAGE = 2048, DEFAULT_BUFFER = 1 << 20, N_OUTPUTS = 2 };

typedef struct output {
    int fd;
    bool may_block;  /* a pipe, a terminal …: whoever reads may have stopped reading */
    sv_buf filling;  /* guarded by the log's lock */
    sv_buf draining; /* the writer's */
} output;

struct sv_log {
    sv_log_config config;
    pthread_t writer;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    output outputs[N_OUTPUTS];      /* access, other */
    bool writer_sleeps, stopping;   /* guarded by lock */
    atomic_int_fast64_t give_up_ns; /* SV_NEVER until the log ends */
    atomic_uint_fast64_t dropped;
};

static void count_dropped(sv_log *log, sv_str lines)
{
    uint64_t n = 0;
    for (size_t i = 0; i < lines.len; i++)
        n += lines.ptr[i] == '\n';
    atomic_fetch_add_explicit(&log->dropped, n, memory_order_relaxed);
}

/* False when the log has to end and nobody reads. */
static bool wait_writable(sv_log *log, int fd)
{
    struct pollfd descriptor = {.fd = fd, .events = POLLOUT};
    while (poll(&descriptor, 1, POLL_MS) == 0)
        if (sv_clock_now_ns(&sv_clock_system) >= atomic_load(&log->give_up_ns))
            return false;
    return true;
}

/* A writable pipe has room for PIPE_BUF bytes: pieces of that size never block. What a descriptor
 * does not take is dropped. */
static void write_all(sv_log *log, const output *out)
{
    sv_str bytes = sv_buf_str(&out->draining);
    while (bytes.len && (!out->may_block || wait_writable(log, out->fd))) {
        bool in_pieces = out->may_block && bytes.len > PIPE_BUF;
        ssize_t n = write(out->fd, bytes.ptr, in_pieces ? PIPE_BUF : bytes.len);
        if (n > 0)
            bytes = (sv_str){bytes.ptr + n, bytes.len - (size_t)n};
        else if (n == 0 || (errno != EINTR && errno != EAGAIN))
            break;
    }
    count_dropped(log, bytes);
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
        write_all(log, &log->outputs[i]);
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

static void init_output(output *out, int fd, size_t limit)
{
    struct stat about;
    out->fd = fd;
    out->may_block = fstat(fd, &about) == 0 && !S_ISREG(about.st_mode);
    sv_buf_init(&out->filling, limit);
    sv_buf_init(&out->draining, limit);
}

/* With all signals blocked: they are for other threads. */
static bool start_writer(sv_log *log)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&log->writer, NULL, run_writer, log);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return !failed;
}

sv_status sv_log_new(const sv_log_config *config, sv_log **ret_log)
{
    sv_log *log = calloc(1, sizeof *log);
    if (!log)
        return SV_NO_MEMORY;
    log->config = *config;
    if (!log->config.max_buffered_bytes)
        log->config.max_buffered_bytes = DEFAULT_BUFFER;
    atomic_init(&log->give_up_ns, SV_NEVER);
    init_output(&log->outputs[0], config->access_fd, log->config.max_buffered_bytes);
    init_output(&log->outputs[1], config->other_fd, log->config.max_buffered_bytes);
    pthread_mutex_init(&log->lock, NULL);
    pthread_cond_init(&log->wake, NULL);
    if (!start_writer(log)) {
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
    atomic_store(&log->give_up_ns, sv_clock_deadline_ns(&sv_clock_system, LAST_MS));
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
    size_t half = log->config.max_buffered_bytes / 2;
    pthread_mutex_lock(&log->lock);
    bool was_below = out->filling.len < half;
    if (sv_buf_append_str(&out->filling, line)) {
        out->filling.status = SV_OK; /* the next line may fit */
        atomic_fetch_add_explicit(&log->dropped, 1, memory_order_relaxed);
    }
    bool wake = log->writer_sleeps || (was_below && out->filling.len >= half);
    pthread_mutex_unlock(&log->lock);
    if (wake)
        pthread_cond_signal(&log->wake);
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

/* Line ends and other control bytes in a message must not look like lines of ours, nor reach a
 * terminal. */
static void push_text(sv_log *log, const char *level, sv_str message)
{
    bool utf8 = sv_str_is_utf8(message);
    char line[MAX_MESSAGE + 32];
    int head = snprintf(line, sizeof line, "%-9s ", level);
    size_t len = (size_t)head;
    for (size_t i = 0; i < message.len && len < sizeof line - 1; i++) {
        unsigned char byte = (unsigned char)message.ptr[i];
        bool plain = (byte >= 0x20 && byte < 0x7F) || (utf8 && byte >= 0x80);
        line[len++] = plain ? message.ptr[i] : ' ';
    }
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
