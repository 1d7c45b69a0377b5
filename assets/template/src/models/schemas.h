/* schemas.h: what is asked and answered. Each table is the validation, the JSON and the
 * documentation of its struct. */
#ifndef SCHEMAS_H
#define SCHEMAS_H

#include <serval/serval.h>

#include "config.h"

struct prediction_request {
    sv_str text;
    int64_t top_k;
};
SV_SCHEMA(prediction_request,
          SV_FIELD(prediction_request, text, .min_len = 1, .max_len = CONFIG_MAX_TEXT,
                   .help = "What is to be judged"),
          SV_FIELD(prediction_request, top_k, SV_GE(1), SV_LE(CONFIG_MAX_TOP_K),
                   .default_json = "1"));

struct prediction {
    sv_str label;
    double confidence;
};
SV_SCHEMA(prediction, SV_FIELD(prediction, label),
          SV_FIELD(prediction, confidence, SV_GE(0), SV_LE(1)));

struct prediction_response {
    SV_LIST(struct prediction) predictions;
    sv_str model_version;
    double inference_time_ms;
};
SV_SCHEMA(prediction_response, SV_FIELD_LIST(prediction_response, predictions, prediction),
          SV_FIELD(prediction_response, model_version),
          SV_FIELD(prediction_response, inference_time_ms, SV_GE(0)));

struct health_response {
    sv_str status;
    bool model_loaded;
    sv_str version;
};
SV_SCHEMA(health_response, SV_FIELD(health_response, status),
          SV_FIELD(health_response, model_loaded), SV_FIELD(health_response, version));

#endif
