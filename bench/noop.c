/* noop.c: the smallest service, for measuring the framework itself: an inline answer, the guide's
 * TextGenerationRequest validated on the handler pool and inline, and the same route without a
 * schema. */
#include <serval/serval.h>

struct status {
    sv_str status;
};
struct generation {
    sv_str prompt;
    int64_t max_tokens;
    double temperature;
    sv_opt_strs stop_sequences;
};

static sv_status prompt_not_blank(sv_check *check, sv_str *prompt)
{
    *prompt = sv_str_trim(*prompt);
    return prompt->len ? SV_OK : sv_reject(check, "Prompt cannot be empty or whitespace");
}

static sv_status stop_sequence_valid(sv_check *check, sv_str *item)
{
    return sv_str_count_chars(*item) <= 20 ? SV_OK : sv_reject(check, "Stop sequence too long");
}

SV_SCHEMA(status, SV_FIELD(status, status));
SV_SCHEMA(generation,
          SV_FIELD(generation, prompt, .min_len = 1, .max_len = 4096,
                   .check_str = prompt_not_blank),
          SV_FIELD(generation, max_tokens, SV_GE(1), SV_LE(4096), .default_json = "256"),
          SV_FIELD(generation, temperature, SV_GE(0), SV_LE(2), .default_json = "0.7"),
          SV_FIELD(generation, stop_sequences, .max_items = 4,
                   .check_item_str = stop_sequence_valid, .default_json = "null"));

SV_HANDLER(noop, sv_none, status);
static sv_status noop(sv_call *call, const struct sv_none *in, struct status *out)
{
    (void)call, (void)in;
    out->status = SV_STR("ok");
    return SV_OK;
}

SV_HANDLER(generate, generation, status);
static sv_status generate(sv_call *call, const struct generation *in, struct status *out)
{
    (void)call;
    out->status = in->prompt;
    return SV_OK;
}

SV_HANDLER_RAW(raw);
static sv_status raw(sv_call *call)
{
    return sv_respond_bytes(call, "application/json", SV_STR("{\"status\":\"ok\"}"));
}

static const sv_operation operations[] = {
    {"GET", "/noop", &noop_handler, .run_inline = true},
    {"POST", "/generate", &generate_handler},
    {"POST", "/generate/inline", &generate_handler, .run_inline = true},
    {"POST", "/raw", &raw_handler},
    {0},
};

int main(int argc, char **argv)
{
    return sv_main(argc, argv, &(sv_app){.title = "No-op", .operations = operations});
}
