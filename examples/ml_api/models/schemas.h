/* schemas.h: what is asked and answered (the guide's pydantic models). Each table is the
 * validation, the JSON and the documentation of its struct. */
#ifndef SCHEMAS_H
#define SCHEMAS_H

#include <serval/serval.h>

/* Predictions. */

struct prediction_request {
    sv_str image_url;
};
SV_SCHEMA_WITH(prediction_request, (.component = "PredictionRequest"),
               SV_FIELD(prediction_request, image_url, .min_len = 1,
                        .help = "URL of image to classify: http, https or data"));

struct version_query {
    sv_opt_str model_version;
};
SV_SCHEMA(version_query, SV_FIELD(version_query, model_version, .optional = true,
                                  .help = "v1 or v2; absent or empty: v2"));

struct prediction {
    sv_str label;
    double confidence;
};
SV_SCHEMA_WITH(prediction, (.component = "Prediction"), SV_FIELD(prediction, label),
               SV_FIELD(prediction, confidence, SV_GE(0), SV_LE(1)));

struct prediction_response {
    SV_LIST(struct prediction) predictions;
    sv_str model_version;
    double inference_time_ms;
};
SV_SCHEMA_WITH(prediction_response, (.component = "PredictionResponse"),
               SV_FIELD_LIST(prediction_response, predictions, prediction),
               SV_FIELD(prediction_response, model_version),
               SV_FIELD(prediction_response, inference_time_ms));

/* Jobs. */

struct job_accepted {
    sv_str job_id, status_url;
};
SV_SCHEMA_WITH(job_accepted, (.component = "JobAccepted"), SV_FIELD(job_accepted, job_id),
               SV_FIELD(job_accepted, status_url));

struct job_path {
    sv_str job_id;
};
SV_SCHEMA(job_path, SV_FIELD(job_path, job_id));

enum job_state { JOB_PENDING, JOB_PROCESSING, JOB_COMPLETED, JOB_FAILED };
SV_ENUM(job_state, {"pending", JOB_PENDING}, {"processing", JOB_PROCESSING},
        {"completed", JOB_COMPLETED}, {"failed", JOB_FAILED});

struct job_error {
    sv_str error, message;
};
SV_SCHEMA_WITH(job_error, (.component = "JobError"), SV_FIELD(job_error, error),
               SV_FIELD(job_error, message));

/* The answer of a job that is completed, the message of one that failed. */
struct job_result {
    enum { JOB_RESULT_ANSWER, JOB_RESULT_MESSAGE } kind;
    struct prediction_response answer;
    sv_str message;
};
SV_UNION(job_result, kind, (.component = "JobResult"),
         SV_VARIANT_OBJECT(job_result, answer, JOB_RESULT_ANSWER, prediction_response),
         SV_VARIANT(job_result, message, JOB_RESULT_MESSAGE));

struct job_status {
    sv_str job_id;
    enum job_state status;
    struct job_result *result;
    struct job_error *error;
    sv_str created_at;
    sv_opt_str started_at, finished_at;
    int64_t attempts;
    sv_opt_double progress;
};
SV_SCHEMA_WITH(job_status, (.component = "JobStatus"), SV_FIELD(job_status, job_id),
               SV_FIELD_ENUM(job_status, status, job_state),
               SV_FIELD_OBJECT(job_status, result, job_result),
               SV_FIELD_OBJECT(job_status, error, job_error), SV_FIELD(job_status, created_at),
               SV_FIELD(job_status, started_at), SV_FIELD(job_status, finished_at),
               SV_FIELD(job_status, attempts), SV_FIELD(job_status, progress));

/* Models. */

struct model_path {
    sv_str name;
};
SV_SCHEMA(model_path, SV_FIELD(model_path, name));

struct model_info {
    sv_str name;
    sv_strs versions;
    sv_str default_version;
};
SV_SCHEMA_WITH(model_info, (.component = "ModelInfo"), SV_FIELD(model_info, name),
               SV_FIELD(model_info, versions), SV_FIELD(model_info, default_version));

/* Text. */

struct embed_request {
    sv_str text;
};
SV_SCHEMA_WITH(embed_request, (.component = "EmbedRequest"),
               SV_FIELD(embed_request, text, .max_len = 32768));

struct embed_response {
    sv_doubles embedding;
    int64_t dimensions;
    sv_str model, model_version;
};
SV_SCHEMA_WITH(embed_response, (.component = "EmbedResponse"), SV_FIELD(embed_response, embedding),
               SV_FIELD(embed_response, dimensions), SV_FIELD(embed_response, model),
               SV_FIELD(embed_response, model_version));

struct generation_request {
    sv_str prompt;
    int64_t max_tokens;
    double temperature;
    sv_opt_strs stop_sequences;
};

static sv_status prompt_not_empty(sv_check *check, sv_str *prompt)
{
    *prompt = sv_str_trim(*prompt);
    return prompt->len ? SV_OK : sv_reject(check, "Prompt cannot be empty or whitespace");
}

static sv_status stop_sequence_valid(sv_check *check, sv_str *stop)
{
    return sv_str_count_chars(*stop) <= 20 ? SV_OK : sv_reject(check, "Stop sequence too long");
}

SV_SCHEMA_WITH(generation_request, (.component = "TextGenerationRequest"),
               SV_FIELD(generation_request, prompt, .min_len = 1, .max_len = 4096,
                        .check_str = prompt_not_empty),
               SV_FIELD(generation_request, max_tokens, SV_GE(1), SV_LE(4096),
                        .default_json = "256"),
               SV_FIELD(generation_request, temperature, SV_GE(0), SV_LE(2), .default_json = "0.7"),
               SV_FIELD(generation_request, stop_sequences, .max_items = 4,
                        .check_item_str = stop_sequence_valid, .default_json = "null"));

struct generation_response {
    sv_str text, prompt;
    int64_t max_tokens;
    double temperature;
    sv_opt_strs stop_sequences;
};
SV_SCHEMA_WITH(generation_response, (.component = "TextGenerationResponse"),
               SV_FIELD(generation_response, text), SV_FIELD(generation_response, prompt),
               SV_FIELD(generation_response, max_tokens),
               SV_FIELD(generation_response, temperature),
               SV_FIELD(generation_response, stop_sequences));

struct chat_request {
    sv_str message;
    int64_t max_tokens;
    double temperature;
};
SV_SCHEMA_WITH(chat_request, (.component = "ChatRequest"),
               SV_FIELD(chat_request, message, .min_len = 1, .max_len = 32768),
               SV_FIELD(chat_request, max_tokens, SV_GE(1), SV_LE(4096), .default_json = "256"),
               SV_FIELD(chat_request, temperature, SV_GE(0), SV_LE(2), .default_json = "0.7"));

/* One event of /chat: a piece of the answer, its end, or what went wrong. */
struct chat_event {
    sv_opt_str content, error;
    sv_opt_bool done;
};
SV_SCHEMA_WITH(chat_event, (.component = "ChatEvent"),
               SV_FIELD(chat_event, content, .optional = true),
               SV_FIELD(chat_event, error, .optional = true),
               SV_FIELD(chat_event, done, .optional = true));

/* One event of /chat/stream: bare text. */
struct chat_token {
    sv_str text;
};
SV_SCHEMA_WITH(chat_token, (.component = "ChatToken", .shape = SV_SHAPE_ROOT),
               SV_FIELD(chat_token, text));

/* Health. */

enum health_state { HEALTH_HEALTHY, HEALTH_DEGRADED, HEALTH_UNHEALTHY };
SV_ENUM(health_state, {"healthy", HEALTH_HEALTHY}, {"degraded", HEALTH_DEGRADED},
        {"unhealthy", HEALTH_UNHEALTHY});

struct health_response {
    enum health_state status;
    bool model_loaded, gpu_available;
    sv_str version;
};
SV_SCHEMA_WITH(health_response, (.component = "HealthResponse"),
               SV_FIELD_ENUM(health_response, status, health_state),
               SV_FIELD(health_response, model_loaded), SV_FIELD(health_response, gpu_available),
               SV_FIELD(health_response, version));

struct probe {
    sv_str status;
};
SV_SCHEMA(probe, SV_FIELD(probe, status));

#endif
