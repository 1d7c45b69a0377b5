#include "routers/predictions.h"

#include "models/schemas.h"
#include "services/inference.h"

SV_HANDLER(predict, prediction_request, prediction_response);

/* The label with the highest confidence. */
static int find_best(double confidences[INFERENCE_N_LABELS])
{
    int best = 0;
    for (int i = 1; i < INFERENCE_N_LABELS; i++)
        if (confidences[i] > confidences[best])
            best = i;
    return best;
}

static sv_status predict(sv_call *call, const struct prediction_request *in,
                         struct prediction_response *out)
{
    const struct inference *model = inference_of(call);
    double confidences[INFERENCE_N_LABELS], started_ms = sv_elapsed_ms(call);
    inference_run(model, in->text, confidences);
    for (int64_t i = 0; i < in->top_k; i++) {
        struct prediction *prediction = sv_list_push(call, &out->predictions);
        if (!prediction)
            return SV_NO_MEMORY;
        int best = find_best(confidences);
        prediction->label = sv_str_from(model->labels[best]);
        prediction->confidence = confidences[best];
        confidences[best] = -1;
    }
    out->model_version = sv_str_from(model->version);
    out->inference_time_ms = sv_elapsed_ms(call) - started_ms;
    return SV_OK;
}

static const sv_operation operations[] = {
    {"POST", "/predict", &predict_handler, .summary = "Is a text kind?"},
    {0},
};

const sv_api_router predictions_router = {
    .prefix = "/api/v1",
    .tags = "predictions",
    .operations = operations,
};
