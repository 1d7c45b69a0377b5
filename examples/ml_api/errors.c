#include "errors.h"

const sv_error_kind invalid_input_error = {"INVALID_INPUT", 400, "Invalid input"};
const sv_error_kind version_not_found_error = {"MODEL_VERSION_NOT_FOUND", 404,
                                               "Model version not found"};
const sv_error_kind job_not_found_error = {"JOB_NOT_FOUND", 404, "Job not found"};
const sv_error_kind llm_failed_error = {"UPSTREAM_FAILED", 502, "The language model failed"};
const sv_error_kind model_not_loaded_error = {"MODEL_NOT_LOADED", 503, "Model not loaded"};
const sv_error_kind too_many_jobs_error = {"SERVER_OVERLOADED", 503, "Too many jobs"};
