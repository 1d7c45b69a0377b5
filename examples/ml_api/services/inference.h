/* inference.h: what the models are asked, without HTTP. */
#ifndef INFERENCE_H
#define INFERENCE_H

#include "models/ml_models.h"
#include "models/schemas.h"

/* Fetches the picture and classifies it: the five likeliest classes, best first. */
sv_status classify_image(sv_call *call, const struct classifier *classifier, sv_str image_url,
                         sv_error *error, struct prediction_response *out);

/* What a text means, as numbers: near texts have a large scalar product. */
sv_status embed_text(sv_call *call, sv_str text, struct embed_response *out);

#endif
