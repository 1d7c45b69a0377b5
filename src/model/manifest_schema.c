/* manifest_schema.c: every key of model.yaml: a row with its limits, an example and a sentence.
 * docs/manifest.md is written from these rows (tools/write-docs).
 *
 * DESIGN. Values that people write in several ways (2ms or 0.002, a version as 2 or "2") are rows
 * of kind JSON whose check (manifest_value.c) reads them and keeps what they mean beside them. What
 * a row cannot know by itself, whether versions exist: manifest_check.c. */
#include "model/manifest_schema.h"

#include "model/manifest.h"
#include "model/manifest_value.h"

SV_ENUM(task, {"image-classification", SV_TASK_IMAGE_CLASSIFICATION},
        {"text-embedding", SV_TASK_TEXT_EMBEDDING},
        {"text-classification", SV_TASK_TEXT_CLASSIFICATION}, {"tabular", SV_TASK_TABULAR},
        {"text-generation", SV_TASK_TEXT_GENERATION}, {"tensor", SV_TASK_TENSOR});
SV_ENUM(mode, {"crop", SV_MANIFEST_CROP}, {"squash", SV_MANIFEST_SQUASH});
SV_ENUM(interpolation, {"nearest", SV_MANIFEST_NEAREST}, {"bilinear", SV_MANIFEST_BILINEAR},
        {"bicubic", SV_MANIFEST_BICUBIC});
SV_ENUM(dtype, {"float32", SV_MANIFEST_FLOAT32}, {"float16", SV_MANIFEST_FLOAT16},
        {"uint8", SV_MANIFEST_UINT8});
SV_ENUM(layout, {"NCHW", SV_MANIFEST_NCHW}, {"NHWC", SV_MANIFEST_NHWC});
SV_ENUM(channels, {"RGB", SV_MANIFEST_RGB}, {"BGR", SV_MANIFEST_BGR}, {"GREY", SV_MANIFEST_GREY});
SV_ENUM(pooling, {"none", SV_MANIFEST_POOLING_NONE}, {"mean", SV_MANIFEST_POOLING_MEAN},
        {"cls", SV_MANIFEST_POOLING_CLS});
SV_ENUM(orientation, {"exif", SV_MANIFEST_EXIF}, {"ignore", SV_MANIFEST_IGNORE});
SV_ENUM(load, {"eager", SV_MANIFEST_EAGER}, {"lazy", SV_MANIFEST_LAZY},
        {"pinned", SV_MANIFEST_PINNED});
SV_ENUM(provider, {"openai", SV_MANIFEST_OPENAI});

/* A row that is read by its check. */
#define SV_WRITTEN(T, NAME, M, KIND, ...)                                                          \
    {.name = #NAME,                                                                                \
     .offset = offsetof(struct T, M),                                                              \
     .size = sizeof(SV_MEMBER_(T, M)),                                                             \
     .kind = SV_KIND_##KIND,                                                                       \
     .nullable = true,                                                                             \
     .default_json = "null",                                                                       \
     __VA_ARGS__}

SV_SCHEMA_WITH(
    manifest_fallback, (.extra = SV_EXTRA_FORBID),
    SV_FIELD(manifest_fallback, max_error_rate, SV_GE(0), SV_LE(1), .default_json = "null",
             .example_json = "0.5",
             .help = "Share of a version's requests that may fail before the default version "
                     "answers in its place; 0.5 when not given, 1 never. What a client did wrong "
                     "does not count"),
    SV_WRITTEN(manifest_fallback, max_latency, max_latency.written, JSON,
               .check = sv_manifest_value_latency, .example_json = "\"250ms\"",
               .help = "The same for time: 19 of 20 requests have to be answered within it; no "
                       "limit when not given"),
    SV_FIELD(manifest_fallback, min_requests, SV_GE(1), SV_LE(200), .default_json = "null",
             .example_json = "20",
             .help = "Nothing is decided on fewer requests; 20 when not given. The last 200 "
                     "requests of the last minute count"));

SV_SCHEMA_WITH(
    manifest_versions, (.extra = SV_EXTRA_FORBID),
    SV_WRITTEN(manifest_versions, default, default_version, JSON,
               .check = sv_manifest_value_version, .example_json = "\"2\"",
               .help = "Version that answers when nothing else is asked for; the highest number, "
                       "else the last name, when not given"),
    SV_WRITTEN(manifest_versions, serve, serve.written, JSON, .check = sv_manifest_value_serve,
               .example_json = "\"all\"",
               .help = "Versions that are loaded: all (when not given), latest, or a list such as "
                       "[1, 2]"),
    SV_FIELD_MAP(manifest_versions, weights, SV_GE(0), SV_LE(1000000),
                 .max_items = SV_MANIFEST_MAX_VERSIONS, .optional = true,
                 .example_json = "{\"1\": 90, \"2\": 10}",
                 .help = "Shares of the requests that name no version: whole numbers, in "
                         "proportion; 0 for a version that is not listed"),
    SV_WRITTEN(manifest_versions, sticky, sticky.written, STR,
               .check_str = sv_manifest_value_sticky, .example_json = "\"header:X-User\"",
               .help = "What keeps one user on one version: header:NAME, cookie:NAME, query:NAME, "
                       "or client for the address; each request by itself when not given"),
    SV_WRITTEN(manifest_versions, shadow, shadow, JSON, .check = sv_manifest_value_version,
               .example_json = "\"3\"",
               .help = "Version that gets a copy of each request and whose answers are compared "
                       "and thrown away"),
    SV_FIELD_OBJECT(manifest_versions, fallback, manifest_fallback, .default_json = "null",
                    .help = "When a version that is not the default gives way to it"));

SV_SCHEMA_WITH(
    manifest_preprocess, (.extra = SV_EXTRA_FORBID),
    SV_FIELD_ENUM(manifest_preprocess, mode, mode, .optional = true, .example_json = "\"crop\"",
                  .help = "How a picture becomes as large as the tensor: its shorter side scaled "
                          "and the centre cut out, or both sides scaled. crop when not given, "
                          "squash for grey pictures"),
    SV_FIELD(manifest_preprocess, crop_fraction, SV_GT(0), SV_LE(1), .default_json = "null",
             .example_json = "0.875",
             .help = "A centre square of that share of the shorter side, cut before resizing"),
    SV_FIELD(manifest_preprocess, resize, SV_GE(1), SV_LE(8192), .default_json = "null",
             .example_json = "256",
             .help = "Length of the shorter side after resizing, pixels; 256/224 of crop when not "
                     "given"),
    SV_FIELD(manifest_preprocess, crop, SV_GE(1), SV_LE(8192), .default_json = "null",
             .example_json = "224",
             .help = "Side of the square that is cut out, pixels; the model's own side, or 224, "
                     "when not given"),
    SV_FIELD(manifest_preprocess, tokenizer, .min_len = 1, .default_json = "null",
             .example_json = "\"tokenizer.json\"",
             .help = "Of texts: tokenizer.json or vocab.txt, from the model's folder, or "
                     "hashed-ngrams; what lies beside the model when not given"),
    SV_FIELD(manifest_preprocess, max_length, SV_GE(3), SV_LE(8192), .default_json = "null",
             .example_json = "256", .help = "Of texts: what is longer is cut, in tokens"),
    SV_FIELD_ENUM(manifest_preprocess, interpolation, interpolation, .optional = true,
                  .example_json = "\"bilinear\"",
                  .help = "How pixels are scaled; bilinear when not given"),
    SV_FIELD(manifest_preprocess, scale, .default_json = "null", .example_json = "0.00392157",
             .help = "value = (pixel × scale − mean) / std; 1/255 when not given, 1 for uint8"),
    SV_FIELD(manifest_preprocess, mean, .optional = true, .min_items = 1, .max_items = 3,
             .example_json = "[0.485, 0.456, 0.406]",
             .help = "One value for all channels, or one for each; ImageNet's when not given, 0 "
                     "for grey pictures and uint8"),
    SV_FIELD(manifest_preprocess, std, .optional = true, .min_items = 1, .max_items = 3, SV_GT(0),
             .example_json = "[0.229, 0.224, 0.225]",
             .help = "The same; ImageNet's when not given, 1 for grey pictures and uint8"),
    SV_FIELD(manifest_preprocess, columns, .optional = true, .max_items = 65536,
             .example_json = "[\"sepal_length\", \"sepal_width\"]",
             .help = "Of tables: the names of the columns, in the model's order"),
    SV_FIELD_ENUM(manifest_preprocess, dtype, dtype, .optional = true,
                  .example_json = "\"float32\"", .help = "What the model takes; the model knows"),
    SV_FIELD_ENUM(manifest_preprocess, layout, layout, .optional = true, .example_json = "\"NCHW\"",
                  .help = "The same"),
    SV_FIELD_ENUM(manifest_preprocess, channels, channels, .optional = true,
                  .example_json = "\"RGB\"",
                  .help = "Order of the colours; RGB when not given, GREY for one channel"),
    SV_FIELD_ENUM(manifest_preprocess, orientation, orientation, .optional = true,
                  .example_json = "\"exif\"",
                  .help = "Whether pictures are turned as their camera says; exif when not given"));

SV_SCHEMA_WITH(
    manifest_postprocess, (.extra = SV_EXTRA_FORBID),
    SV_FIELD_ENUM(manifest_postprocess, pooling, pooling, .optional = true,
                  .example_json = "\"mean\"",
                  .help = "Of embeddings: one vector out of one per token; the model's outputs "
                          "tell when not given"),
    SV_FIELD(manifest_postprocess, normalize, .default_json = "null", .example_json = "true",
             .help = "Of embeddings: to length 1; true when not given"),
    SV_FIELD(manifest_postprocess, matryoshka, .default_json = "null", .example_json = "true",
             .help = "Of embeddings: the model was trained so that their first numbers alone are "
                     "good embeddings; false when not given"),
    SV_FIELD(manifest_postprocess, softmax, .default_json = "null", .example_json = "true",
             .help = "Of classes: scores that are not yet probabilities become some; true when "
                     "not given"),
    SV_FIELD(manifest_postprocess, labels, .min_len = 1, .default_json = "null",
             .example_json = "\"../labels.txt\"",
             .help = "File with the name of each class by line, from the model's folder; "
                     "labels.txt beside the model when not given"),
    SV_FIELD(manifest_postprocess, top_k, SV_GE(1), SV_LE(1000), .default_json = "null",
             .example_json = "5",
             .help = "How many classes are told unless the request says; 5 when not given"));

SV_SCHEMA_WITH(
    manifest_batching, (.extra = SV_EXTRA_FORBID),
    SV_FIELD(manifest_batching, max_size, SV_GE(1), SV_LE(4096), .default_json = "null",
             .example_json = "8",
             .help = "Most rows that run together, under the setting max_batch_size; 1: no "
                     "batching"),
    SV_WRITTEN(manifest_batching, max_delay, max_delay.written, JSON,
               .check = sv_manifest_value_delay, .example_json = "\"2ms\"",
               .help = "Longest that a request waits for company, up to 1s"));

SV_SCHEMA_WITH(
    manifest_engine, (.extra = SV_EXTRA_FORBID),
    SV_WRITTEN(manifest_engine, threads, threads.written, JSON, .check = sv_manifest_value_threads,
               .example_json = "1",
               .help = "Threads that work on one run, 1 to 256, or auto; auto when not given"),
    SV_WRITTEN(manifest_engine, concurrency, concurrency.written, JSON,
               .check = sv_manifest_value_concurrency, .example_json = "\"auto\"",
               .help = "Runs of this model at the same time, 1 to 1024, or auto: as many as there "
                       "are workers"));

SV_SCHEMA_WITH(
    manifest_generation, (.extra = SV_EXTRA_FORBID),
    SV_FIELD(manifest_generation, context, SV_GE(16), SV_LE(1048576), .default_json = "null",
             .example_json = "2048",
             .help = "Tokens of one answer, its prompt included; what the model was trained for, "
                     "but at most 4096 and at most 1 GiB for all answers, when not given"),
    SV_FIELD(manifest_generation, sequences, SV_GE(1), SV_LE(64), .default_json = "null",
             .example_json = "8",
             .help = "Answers at the same time; each takes the memory of a whole context. 8 when "
                     "not given"),
    SV_FIELD(manifest_generation, waiting, SV_GE(0), SV_LE(100000), .default_json = "null",
             .example_json = "256",
             .help = "Answers that may wait for others to end; 256 when not given"),
    SV_WRITTEN(manifest_generation, max_gap, max_gap.written, JSON, .check = sv_manifest_value_gap,
               .example_json = "\"200ms\"",
               .help = "Longest pause between two tokens of one answer while prompts of others "
                       "are read, 1ms to 60s; 200ms when not given"),
    SV_FIELD(manifest_generation, chat_template, .min_len = 1, .max_len = 65536,
             .default_json = "null", .example_json = "\"chatml\"",
             .help = "How a conversation becomes a prompt: the name of a template that the engine "
                     "knows, or the text of one that it recognises; the model file's when not "
                     "given"));

SV_SCHEMA_WITH(
    manifest_warm_up, (.extra = SV_EXTRA_FORBID),
    SV_WRITTEN(manifest_warm_up, budget, budget.written, JSON, .check = sv_manifest_value_budget,
               .example_json = "\"5s\"",
               .help = "Longest that a version is tried out before it answers, up to 10m; 0: not "
                       "at all; 5s when not given"));

SV_SCHEMA_WITH(
    manifest, (.extra = SV_EXTRA_FORBID),
    SV_FIELD_ENUM(manifest, task, task, .optional = true,
                  .example_json = "\"image-classification\"",
                  .help = "What the model is for; guessed from its inputs and outputs when not "
                          "given"),
    SV_FIELD_OBJECT(manifest, versions, manifest_versions, .default_json = "null",
                    .help = "Which version answers"),
    SV_FIELD_OBJECT(manifest, preprocess, manifest_preprocess, .default_json = "null",
                    .help = "From what a client sends to the model's inputs"),
    SV_FIELD_OBJECT(manifest, postprocess, manifest_postprocess, .default_json = "null",
                    .help = "From the model's outputs to what a client reads"),
    SV_FIELD_OBJECT(manifest, batching, manifest_batching, .default_json = "null",
                    .help = "Requests that run together, where a trial while the model is loaded "
                            "shows that it pays and that no answer changes; not given: none do"),
    SV_FIELD_ENUM(manifest, load, load, .optional = true, .example_json = "\"eager\"",
                  .help = "When versions are loaded: at the start (eager, when not given), on "
                          "first use (lazy), or at the start and never given up for memory "
                          "(pinned)"),
    SV_FIELD_OBJECT(manifest, engine, manifest_engine, .default_json = "null",
                    .help = "How the engine runs it"),
    SV_FIELD_OBJECT(manifest, generation, manifest_generation, .default_json = "null",
                    .help = "Of language models: how many answers there may be, and how long"),
    SV_FIELD_OBJECT(manifest, warm_up, manifest_warm_up, .default_json = "null",
                    .help = "Runs before the first request"),
    SV_FIELD_ENUM(manifest, provider, provider, .optional = true, .example_json = "\"openai\"",
                  .help = "Makes the model a relay: another server has it, and speaks this "
                          "protocol. There is no model file then"),
    SV_FIELD(manifest, base_url, .format = SV_FORMAT_HTTP_URL, .default_json = "null",
             .example_json = "\"https://api.example.com/v1\"",
             .help = "Of a relay: where that server is, up to what /chat/completions follows"),
    SV_FIELD(manifest, model, .min_len = 1, .max_len = 256, .default_json = "null",
             .example_json = "\"small-chat\"",
             .help = "Of a relay: its name there; its name here when not given"),
    SV_FIELD(manifest, api_key, .min_len = 1, .max_len = 4096, .default_json = "null",
             .check_str = sv_manifest_value_api_key, .example_json = "\"env:OPENAI_API_KEY\"",
             .help = "Of a relay: the key, or env:NAME for the environment variable that has "
                     "it; none when not given"));

const sv_schema *const sv_manifest_schema = &manifest_schema;
const sv_enum *const sv_manifest_schema_tasks = &task_enum;
