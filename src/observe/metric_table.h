/* metric_table.h: every metric of the server: one row each. */
#ifndef SERVAL_OBSERVE_METRIC_TABLE_H
#define SERVAL_OBSERVE_METRIC_TABLE_H

#include <stddef.h>

typedef enum sv_metric_kind {
    SV_METRIC_COUNTER,
    SV_METRIC_GAUGE,
    SV_METRIC_HISTOGRAM,
    SV_METRIC_SUMMARY, /* sum and count only */
} sv_metric_kind;

/* What is counted, and what is written. */
typedef enum sv_metric_unit {
    SV_METRIC_PLAIN,      /* numbers, as they are */
    SV_METRIC_SECONDS,    /* nanoseconds, written as seconds */
    SV_METRIC_MICROS,     /* nanoseconds, written as whole microseconds */
    SV_METRIC_BILLIONTHS, /* of one, written as the number: what is not whole */
} sv_metric_unit;

/* Upper bounds of the buckets, without +Inf, as the text that stands in `le`. */
#define SV_BUCKETS_HIGHR                                                                           \
    "0.01,0.025,0.05,0.075,0.1,0.25,0.5,0.75,1.0,1.5,2.0,2.5,3.0,3.5,4.0,4.5,5.0,7.5,10.0,30.0,"   \
    "60.0"
#define SV_BUCKETS_COARSE "0.1,0.5,1.0"
#define SV_BUCKETS_MODEL                                                                           \
    "0.0005,0.001,0.0025,0.005,0.01,0.025,0.05,0.1,0.25,0.5,1.0,2.5,5.0,10.0,30.0"
#define SV_BUCKETS_BATCH "1.0,2.0,4.0,8.0,16.0,32.0,64.0,128.0"
/* Those of vLLM. */
#define SV_BUCKETS_FIRST_TOKEN                                                                     \
    "0.001,0.005,0.01,0.02,0.04,0.06,0.08,0.1,0.25,0.5,0.75,1.0,2.5,5.0,7.5,10.0,20.0,40.0,80.0,"  \
    "160.0,640.0,2560.0"
#define SV_BUCKETS_TOKEN_GAP                                                                       \
    "0.01,0.025,0.05,0.075,0.1,0.15,0.2,0.3,0.4,0.5,0.75,1.0,2.5,5.0,7.5,10.0,20.0,40.0,80.0"
#define SV_BUCKETS_ANSWER                                                                          \
    "0.3,0.5,0.8,1.0,1.5,2.0,2.5,5.0,10.0,15.0,20.0,30.0,40.0,50.0,60.0,120.0,240.0,480.0,960.0,"  \
    "1920.0,7680.0"
#define SV_BUCKETS_TOKENS                                                                          \
    "1.0,2.0,5.0,10.0,20.0,50.0,100.0,200.0,500.0,1000.0,2000.0,5000.0,10000.0,20000.0,50000.0,"   \
    "100000.0"
#define SV_BUCKETS_CHOICES "1.0,2.0,5.0,10.0,20.0"

/* X(id, name, kind, unit, label names, buckets or NULL, help). Families whose name starts with
 * "nv_" are those of Triton, with "vllm:" and "llamacpp:" those of vLLM and llama-server. */
#define SV_METRIC_MAP(X)                                                                           \
    X(HTTP_REQUESTS, "http_requests_total", COUNTER, PLAIN, "handler,method,status", NULL,         \
      "Total number of requests by method, status and handler.")                                   \
    X(HTTP_REQUEST_SIZE, "http_request_size_bytes", SUMMARY, PLAIN, "handler", NULL,               \
      "Content length of incoming requests by handler.")                                           \
    X(HTTP_RESPONSE_SIZE, "http_response_size_bytes", SUMMARY, PLAIN, "handler", NULL,             \
      "Content length of outgoing responses by handler.")                                          \
    X(HTTP_DURATION_HIGHR, "http_request_duration_highr_seconds", HISTOGRAM, SECONDS, "",          \
      SV_BUCKETS_HIGHR, "Latency with many buckets but no API specific labels.")                   \
    X(HTTP_DURATION, "http_request_duration_seconds", HISTOGRAM, SECONDS, "handler,method",        \
      SV_BUCKETS_COARSE, "Latency with only few buckets by handler.")                              \
    X(HTTP_IN_PROGRESS, "http_requests_inprogress", GAUGE, PLAIN, "", NULL,                        \
      "Number of HTTP requests in progress.")                                                      \
    X(CONNECTIONS, "serval_connections", GAUGE, PLAIN, "state", NULL,                              \
      "Open connections: active (with a request) and idle.")                                       \
    X(QUEUE_DEPTH, "serval_queue_depth", GAUGE, PLAIN, "model", NULL,                              \
      "Requests that wait for a permit of this model.")                                            \
    X(QUEUE_LIMIT, "serval_queue_limit", GAUGE, PLAIN, "model", NULL,                              \
      "How many requests of this model may wait.")                                                 \
    X(QUEUE_DURATION, "serval_queue_duration_seconds", HISTOGRAM, SECONDS, "model,version",        \
      SV_BUCKETS_MODEL, "Time that model work waited for a permit.")                               \
    X(COMPUTE_DURATION, "serval_compute_duration_seconds", HISTOGRAM, SECONDS, "model,version",    \
      SV_BUCKETS_MODEL, "Time of decoding, preparing, running and ranking.")                       \
    X(BATCH_SIZE, "serval_batch_size", HISTOGRAM, PLAIN, "model,version", SV_BUCKETS_BATCH,        \
      "Items of one run of the model.")                                                            \
    X(REJECTED, "serval_rejected_total", COUNTER, PLAIN, "reason", NULL,                           \
      "Requests turned away, by what stood against them.")                                         \
    X(CANCELLED, "serval_cancelled_total", COUNTER, PLAIN, "stage", NULL,                          \
      "Requests whose work was given up, by the stage it was in.")                                 \
    X(STREAM_EVENTS, "serval_stream_events_total", COUNTER, PLAIN, "", NULL,                       \
      "Server-sent events that were sent.")                                                        \
    X(STREAMS_ACTIVE, "serval_streams_active", GAUGE, PLAIN, "", NULL,                             \
      "Streamed answers that are being sent.")                                                     \
    X(MODEL_STATE, "serval_model_state", GAUGE, PLAIN, "model,version,state", NULL,                \
      "1 for the state that a version is in, 0 for the others.")                                   \
    X(MODEL_MEMORY, "serval_model_memory_bytes", GAUGE, PLAIN, "model,version", NULL,              \
      "Memory that a version takes, as far as it is known.")                                       \
    X(MODEL_LOADS, "serval_model_loads_total", COUNTER, PLAIN, "model,version,result", NULL,       \
      "Loads of a version: success or failure.")                                                   \
    X(EVICTIONS, "serval_evictions_total", COUNTER, PLAIN, "", NULL,                               \
      "Versions that were unloaded because memory was needed.")                                    \
    X(VERSION_FALLBACKS, "serval_version_fallbacks_total", COUNTER, PLAIN, "model,version", NULL,  \
      "Times that a version gave its share of the requests back to the default one.")              \
    X(SHADOW, "serval_shadow_total", COUNTER, PLAIN, "model,version,result", NULL,                 \
      "Shadow copies given to a version, by how its answer compared.")                             \
    X(GENERATION_SLOTS, "serval_generation_slots", GAUGE, PLAIN, "model,version", NULL,            \
      "Answers of a language model that can be under way at once.")                                \
    X(GENERATION_KV, "serval_generation_kv_tokens", GAUGE, PLAIN, "model,version,state", NULL,     \
      "Tokens of a language model's context: room for, held, and those of answers under way "      \
      "(busy).")                                                                                   \
    X(LOG_DROPPED, "serval_log_dropped_total", COUNTER, PLAIN, "", NULL,                           \
      "Log lines that were not written: nobody read fast enough.")                                 \
    X(BUILD_INFO, "serval_build_info", GAUGE, PLAIN, "version", NULL, "Always 1.")                 \
    X(CPU_SECONDS, "process_cpu_seconds_total", COUNTER, PLAIN, "", NULL,                          \
      "Total user and system CPU time spent in seconds.")                                          \
    X(RESIDENT, "process_resident_memory_bytes", GAUGE, PLAIN, "", NULL,                           \
      "Resident memory size in bytes.")                                                            \
    X(VIRTUAL, "process_virtual_memory_bytes", GAUGE, PLAIN, "", NULL,                             \
      "Virtual memory size in bytes.")                                                             \
    X(OPEN_FDS, "process_open_fds", GAUGE, PLAIN, "", NULL, "Number of open file descriptors.")    \
    X(MAX_FDS, "process_max_fds", GAUGE, PLAIN, "", NULL,                                          \
      "Maximum number of open file descriptors.")                                                  \
    X(START_TIME, "process_start_time_seconds", GAUGE, PLAIN, "", NULL,                            \
      "Start time of the process since unix epoch in seconds.")                                    \
    X(NV_SUCCESS, "nv_inference_request_success", COUNTER, PLAIN, "model,version", NULL,           \
      "Number of successful inference requests.")                                                  \
    X(NV_FAILURE, "nv_inference_request_failure", COUNTER, PLAIN, "model,version,reason", NULL,    \
      "Number of failed inference requests, by reason.")                                           \
    X(NV_COUNT, "nv_inference_count", COUNTER, PLAIN, "model,version", NULL,                       \
      "Number of inferences: a batch of n counts n.")                                              \
    X(NV_EXEC_COUNT, "nv_inference_exec_count", COUNTER, PLAIN, "model,version", NULL,             \
      "Number of runs of the model.")                                                              \
    X(NV_REQUEST_US, "nv_inference_request_duration_us", COUNTER, MICROS, "model,version", NULL,   \
      "Time from a request to its answer, in microseconds.")                                       \
    X(NV_QUEUE_US, "nv_inference_queue_duration_us", COUNTER, MICROS, "model,version", NULL,       \
      "Time that requests waited, in microseconds.")                                               \
    X(NV_INPUT_US, "nv_inference_compute_input_duration_us", COUNTER, MICROS, "model,version",     \
      NULL, "Time of making inputs, in microseconds.")                                             \
    X(NV_INFER_US, "nv_inference_compute_infer_duration_us", COUNTER, MICROS, "model,version",     \
      NULL, "Time of the runs of the model, in microseconds.")                                     \
    X(NV_OUTPUT_US, "nv_inference_compute_output_duration_us", COUNTER, MICROS, "model,version",   \
      NULL, "Time of making answers of outputs, in microseconds.")                                 \
    X(NV_PENDING, "nv_inference_pending_request_count", GAUGE, PLAIN, "model,version", NULL,       \
      "Requests that were taken in and do not run yet.")                                           \
    X(NV_LOAD_SECS, "nv_model_load_duration_secs", GAUGE, SECONDS, "model,version", NULL,          \
      "Time that the last load took, in seconds.")                                                 \
    X(NV_CPU_UTILIZATION, "nv_cpu_utilization", GAUGE, PLAIN, "", NULL,                            \
      "Share of the CPUs of this machine that is busy, from 0 to 1.")                              \
    X(NV_MEMORY_TOTAL, "nv_cpu_memory_total_bytes", GAUGE, PLAIN, "", NULL,                        \
      "Memory of this machine in bytes.")                                                          \
    X(NV_MEMORY_USED, "nv_cpu_memory_used_bytes", GAUGE, PLAIN, "", NULL,                          \
      "Memory of this machine that is not available, in bytes.")                                   \
    X(VLLM_RUNNING, "vllm:num_requests_running", GAUGE, PLAIN, "model_name,engine", NULL,          \
      "Answers that are being written.")                                                           \
    X(VLLM_WAITING, "vllm:num_requests_waiting", GAUGE, PLAIN, "model_name,engine", NULL,          \
      "Answers that wait to be begun.")                                                            \
    X(VLLM_KV_USAGE, "vllm:kv_cache_usage_perc", GAUGE, BILLIONTHS, "model_name,engine", NULL,     \
      "Share of the context that answers under way take; 1 is all of it.")                         \
    X(VLLM_PREEMPTIONS, "vllm:num_preemptions_total", COUNTER, PLAIN, "model_name,engine", NULL,   \
      "Answers that had to give their place to others: none ever does.")                           \
    X(VLLM_PROMPT_TOKENS, "vllm:prompt_tokens_total", COUNTER, PLAIN, "model_name,engine", NULL,   \
      "Tokens of prompts that were answered.")                                                     \
    X(VLLM_GENERATION_TOKENS, "vllm:generation_tokens_total", COUNTER, PLAIN, "model_name,engine", \
      NULL, "Tokens that were written.")                                                           \
    X(VLLM_PREFIX_QUERIES, "vllm:prefix_cache_queries_total", COUNTER, PLAIN, "model_name,engine", \
      NULL, "Tokens of prompts that were looked for among those that the context holds.")          \
    X(VLLM_PREFIX_HITS, "vllm:prefix_cache_hits_total", COUNTER, PLAIN, "model_name,engine", NULL, \
      "Tokens of prompts that the context held already.")                                          \
    X(VLLM_SUCCESS, "vllm:request_success_total", COUNTER, PLAIN,                                  \
      "model_name,engine,finished_reason", NULL,                                                   \
      "Answers that ended, by why: stop, length, abort or error.")                                 \
    X(VLLM_FIRST_TOKEN, "vllm:time_to_first_token_seconds", HISTOGRAM, SECONDS,                    \
      "model_name,engine", SV_BUCKETS_FIRST_TOKEN, "Time from a request to its first token.")      \
    X(VLLM_TOKEN_TIME, "vllm:time_per_output_token_seconds", HISTOGRAM, SECONDS,                   \
      "model_name,engine", SV_BUCKETS_TOKEN_GAP, "Time between two tokens of an answer.")          \
    X(VLLM_TOKEN_GAP, "vllm:inter_token_latency_seconds", HISTOGRAM, SECONDS, "model_name,engine", \
      SV_BUCKETS_TOKEN_GAP, "Time between two tokens of an answer, by the newer name.")            \
    X(VLLM_E2E, "vllm:e2e_request_latency_seconds", HISTOGRAM, SECONDS, "model_name,engine",       \
      SV_BUCKETS_ANSWER, "Time from a request to the last token of its answer.")                   \
    X(VLLM_QUEUE_TIME, "vllm:request_queue_time_seconds", HISTOGRAM, SECONDS, "model_name,engine", \
      SV_BUCKETS_ANSWER, "Time that a request waited to be begun.")                                \
    X(VLLM_INFERENCE_TIME, "vllm:request_inference_time_seconds", HISTOGRAM, SECONDS,              \
      "model_name,engine", SV_BUCKETS_ANSWER,                                                      \
      "Time from the beginning of an answer to its last token.")                                   \
    X(VLLM_PREFILL_TIME, "vllm:request_prefill_time_seconds", HISTOGRAM, SECONDS,                  \
      "model_name,engine", SV_BUCKETS_ANSWER,                                                      \
      "Time from the beginning of an answer to its first token.")                                  \
    X(VLLM_DECODE_TIME, "vllm:request_decode_time_seconds", HISTOGRAM, SECONDS,                    \
      "model_name,engine", SV_BUCKETS_ANSWER, "Time from the first token to the last.")            \
    X(VLLM_REQUEST_PROMPT, "vllm:request_prompt_tokens", HISTOGRAM, PLAIN, "model_name,engine",    \
      SV_BUCKETS_TOKENS, "Tokens of the prompt of a request.")                                     \
    X(VLLM_REQUEST_GENERATION, "vllm:request_generation_tokens", HISTOGRAM, PLAIN,                 \
      "model_name,engine", SV_BUCKETS_TOKENS, "Tokens of an answer.")                              \
    X(VLLM_MAX_TOKENS, "vllm:request_params_max_tokens", HISTOGRAM, PLAIN, "model_name,engine",    \
      SV_BUCKETS_TOKENS, "Tokens that a request allowed.")                                         \
    X(VLLM_MAX_GENERATION, "vllm:request_max_num_generation_tokens", HISTOGRAM, PLAIN,             \
      "model_name,engine", SV_BUCKETS_TOKENS, "Tokens of the longest answer to a request.")        \
    X(VLLM_N, "vllm:request_params_n", HISTOGRAM, PLAIN, "model_name,engine", SV_BUCKETS_CHOICES,  \
      "Answers that a request asked for.")                                                         \
    X(LLAMA_PROMPT_TOKENS, "llamacpp:prompt_tokens_total", COUNTER, PLAIN, "", NULL,               \
      "Tokens of prompts that were computed.")                                                     \
    X(LLAMA_PROMPT_TIME, "llamacpp:prompt_seconds_total", COUNTER, SECONDS, "", NULL,              \
      "Time that answers took up to the first token, once begun.")                                 \
    X(LLAMA_PREDICTED, "llamacpp:tokens_predicted_total", COUNTER, PLAIN, "", NULL,                \
      "Tokens that were written.")                                                                 \
    X(LLAMA_PREDICTED_TIME, "llamacpp:tokens_predicted_seconds_total", COUNTER, SECONDS, "", NULL, \
      "Time that answers took from the first token on.")                                           \
    X(LLAMA_DECODES, "llamacpp:n_decode_total", COUNTER, PLAIN, "", NULL,                          \
      "Steps that were computed.")                                                                 \
    X(LLAMA_TOKENS_MAX, "llamacpp:n_tokens_max", COUNTER, PLAIN, "", NULL,                         \
      "Tokens of the longest prompt with its answer.")                                             \
    X(LLAMA_PROMPT_RATE, "llamacpp:prompt_tokens_seconds", GAUGE, BILLIONTHS, "", NULL,            \
      "Tokens of prompts in a second, on average since the start.")                                \
    X(LLAMA_PREDICTED_RATE, "llamacpp:predicted_tokens_seconds", GAUGE, BILLIONTHS, "", NULL,      \
      "Tokens of one answer in a second, on average since the start.")                             \
    X(LLAMA_PROCESSING, "llamacpp:requests_processing", GAUGE, PLAIN, "", NULL,                    \
      "Answers that are being written.")                                                           \
    X(LLAMA_DEFERRED, "llamacpp:requests_deferred", GAUGE, PLAIN, "", NULL,                        \
      "Answers that wait to be begun.")                                                            \
    X(LLAMA_BUSY_SLOTS, "llamacpp:n_busy_slots_per_decode", GAUGE, BILLIONTHS, "", NULL,           \
      "Tokens that were written in a step, on average since the start.")

typedef enum sv_metric_id {
#define SV_METRIC_ENUM(id, name, kind, unit, labels, buckets, help) SV_METRIC_##id,
    SV_METRIC_MAP(SV_METRIC_ENUM)
#undef SV_METRIC_ENUM
        SV_METRIC_COUNT
} sv_metric_id;

typedef struct sv_metric_row {
    const char *name;
    sv_metric_kind kind;
    sv_metric_unit unit;
    const char *labels;  /* comma-separated names, in the order of the values; "" for none */
    const char *buckets; /* NULL: no histogram */
    const char *help;
} sv_metric_row;

/* By sv_metric_id; static. */
const sv_metric_row *sv_metric_table(void);

#endif
