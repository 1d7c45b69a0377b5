/* llama_adapter.c: the table of libserval-llama.so, and what llama.cpp has once in a process: back
 * ends and where log lines go.
 *
 * DESIGN. llama.cpp keeps one log callback and one list of back ends for the whole process, so the
 * adapter keeps one small state beside them, behind a lock. Lines go to the host that opened last.
 * A failed load says why in log lines only: the last one of each thread is kept as the message. */
#include "engine/llama/llama_parts.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    pthread_mutex_t lock;
    bool is_started;
    const sv_engine_log *log;
} process = {.lock = PTHREAD_MUTEX_INITIALIZER};

typedef struct line_state {
    sv_engine_severity severity; /* of the line before, which the next may continue */
    char error[SV_TEXT_MESSAGE_SIZE];
} line_state;

static _Thread_local line_state line;

sv_status sv_llama_adapter_tell(char *message, sv_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(message, SV_TEXT_MESSAGE_SIZE, format, args);
    va_end(args);
    return status;
}

const char *sv_llama_adapter_last_error(void)
{
    return line.error;
}

void sv_llama_adapter_forget_error(void)
{
    line.error[0] = '\0';
}

/* Without "llama_model_load: ", which names a function of theirs, and without the line's end. */
static void keep_error(const char *text)
{
    const char *colon = strstr(text, ": ");
    bool names_function = colon && strcspn(text, " ") > (size_t)(colon - text);
    snprintf(line.error, sizeof line.error, "%s", names_function ? colon + 2 : text);
    line.error[strcspn(line.error, "\r\n")] = '\0';
}

static sv_engine_severity translate_level(enum ggml_log_level level)
{
    switch (level) {
    case GGML_LOG_LEVEL_NONE:
    case GGML_LOG_LEVEL_DEBUG:
        return SV_ENGINE_DEBUG;
    case GGML_LOG_LEVEL_INFO:
        return SV_ENGINE_INFO;
    case GGML_LOG_LEVEL_WARN:
        return SV_ENGINE_WARNING;
    case GGML_LOG_LEVEL_ERROR:
        return SV_ENGINE_ERROR;
    case GGML_LOG_LEVEL_CONT: /* "goes on with the line before", though its number is the highest */
        return line.severity;
    }
    return SV_ENGINE_DEBUG;
}

static void write_line(sv_engine_severity severity, const char *text)
{
    char whole[1024];
    snprintf(whole, sizeof whole, "%s", text);
    whole[strcspn(whole, "\r\n")] = '\0';
    if (!whole[0])
        return;
    pthread_mutex_lock(&process.lock);
    if (process.log && process.log->write)
        process.log->write(process.log->arg, severity, "llama.cpp", whole);
    pthread_mutex_unlock(&process.lock);
}

/* The dots of progress are pieces of a line: only whole lines are worth telling. */
static void take_log(enum ggml_log_level level, const char *text, void *arg)
{
    (void)arg;
    line.severity = translate_level(level);
    if (level == GGML_LOG_LEVEL_CONT)
        return;
    if (line.severity == SV_ENGINE_ERROR)
        keep_error(text);
    write_line(line.severity, text);
}

/* Absolute folder of the library; with none given it would also look into the current folder. */
static bool find_folder(char *folder, size_t size)
{
    Dl_info info;
    const char *(*symbol)(void) = llama_version;
    void *address;
    memcpy(&address, &symbol, sizeof address);
    if (!dladdr(address, &info) || !info.dli_fname)
        return false;
    char *path = realpath(info.dli_fname, NULL);
    char *slash = path ? strrchr(path, '/') : NULL;
    bool fits = slash && (size_t)(slash - path) < size;
    if (fits)
        snprintf(folder, size, "%.*s", (int)(slash - path), path);
    free(path);
    return fits;
}

static sv_status start(const sv_engine_log *log, char *message)
{
    static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
    char folder[PATH_MAX] = "";
    pthread_mutex_lock(&process.lock);
    process.log = log;
    pthread_mutex_unlock(&process.lock);
    pthread_mutex_lock(&turn); /* not process.lock: starting writes lines */
    if (!process.is_started && find_folder(folder, sizeof folder)) {
        llama_log_set(take_log, NULL);
        process.is_started = sv_llama_guard_start(folder);
    }
    bool is_started = process.is_started;
    pthread_mutex_unlock(&turn);
    return is_started
               ? SV_OK
               : sv_llama_adapter_tell(message, SV_UNAVAILABLE,
                                       "llama.cpp has no libggml-cpu-*.so for this CPU in %s",
                                       folder);
}

static void stop(const sv_engine_log *log)
{
    pthread_mutex_lock(&process.lock);
    if (process.log == log)
        process.log = NULL;
    pthread_mutex_unlock(&process.lock);
}

static void describe(sv_engine_about *about)
{
    size_t len = 0;
    snprintf(about->version, sizeof about->version, "%s", llama_version());
    for (size_t i = 0; i < ggml_backend_dev_count() && len < sizeof about->providers; i++) {
        ggml_backend_dev_t device = ggml_backend_dev_get(i);
        len += (size_t)snprintf(about->providers + len, sizeof about->providers - len, "%s%s",
                                i ? ", " : "", ggml_backend_dev_name(device));
        if (ggml_backend_dev_type(device) == GGML_BACKEND_DEVICE_TYPE_GPU)
            about->has_gpu = true;
    }
}

static const sv_text_engine text = {
    .info = sv_llama_words_info,
    .tokenize = sv_llama_words_tokenize,
    .piece = sv_llama_words_piece,
    .ends = sv_llama_words_end,
    .is_control = sv_llama_words_are_control,
    .apply_chat = sv_llama_words_chat,
    .context_new = sv_llama_sequences_new,
    .context_free = sv_llama_sequences_free,
    .step = sv_llama_sequences_step,
    .logits = sv_llama_sequences_logits,
    .forget = sv_llama_sequences_forget,
    .copy = sv_llama_sequences_copy,
    .embedding = sv_llama_sequences_embedding,
    .grammar_new = sv_llama_rules_new,
    .grammar_free = sv_llama_rules_free,
    .grammar_allows = sv_llama_rules_allow,
    .grammar_mask = sv_llama_rules_mask,
    .grammar_accept = sv_llama_rules_accept,
};

static const sv_llama_adapter adapter = {
    .abi = SV_LLAMA_ABI,
    .version = llama_version,
    .start = start,
    .stop = stop,
    .describe = describe,
    .load = sv_llama_model_load,
    .unload = sv_llama_model_unload,
    .text = &text,
};

SV_API const sv_llama_adapter *sv_llama_adapter_get(unsigned abi)
{
    return abi == SV_LLAMA_ABI ? &adapter : NULL;
}
