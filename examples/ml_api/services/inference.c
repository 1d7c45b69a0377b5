#include "services/inference.h"

#include "services/ngrams.h"

enum { TOP_K = 5 };

static double round_to(double value, double unit)
{
    return (double)(int64_t)(value * unit + 0.5) / unit;
}

static sv_status list_predictions(sv_call *call, const sv_classes *classes,
                                  struct prediction_response *out)
{
    for (size_t i = 0; i < classes->len; i++) {
        struct prediction *prediction = sv_list_push(call, &out->predictions);
        if (!prediction)
            return SV_NO_MEMORY;
        prediction->label = classes->items[i].label;
        prediction->confidence = round_to(classes->items[i].confidence, 1e6);
    }
    return SV_OK;
}

sv_status classify_image(sv_call *call, const struct classifier *classifier, sv_str image_url,
                         sv_error *error, struct prediction_response *out)
{
    double started_ms = sv_elapsed_ms(call);
    sv_classify_request request = {.model = &classifier->model, .top_k = TOP_K};
    sv_classes classes;
    sv_status status = sv_picture_load(call, image_url, error, &request.picture);
    if (!status)
        status = sv_models_classify(call, &request, error, &classes);
    if (!status)
        status = list_predictions(call, &classes, out);
    out->model_version = sv_str_from(classifier->version);
    out->inference_time_ms = round_to(sv_elapsed_ms(call) - started_ms, 100);
    return status;
}

static sv_status list_numbers(sv_call *call, const sv_floats *floats, struct embed_response *out)
{
    out->dimensions = floats->shape[floats->rank - 1];
    for (int64_t i = 0; i < out->dimensions; i++) {
        double *number = sv_list_push(call, &out->embedding);
        if (!number)
            return SV_NO_MEMORY;
        *number = (double)floats->values[i];
    }
    return SV_OK;
}

sv_status embed_text(sv_call *call, sv_str text, struct embed_response *out)
{
    sv_loaded_model model;
    sv_floats counts = {.name = "counts", .rank = 2, .shape = {1, NGRAMS_BUCKETS}}, embedding;
    sv_floats_request request = {&model, &counts, 1, "embedding"};
    sv_error error = {0};
    sv_status status = ml_models_embedder(call, &model);
    if (status)
        return status;
    counts.values = ngrams_count(call, text);
    status = counts.values ? sv_models_run(call, &request, &error, &embedding) : SV_NO_MEMORY;
    if (status)
        return sv_fail_with(call, status, &error);
    out->model = model.name;
    out->model_version = model.version;
    return list_numbers(call, &embedding, out);
}
