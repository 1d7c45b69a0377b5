#include <serval/serval.h>

struct greeting_request {
    sv_str name;
    int64_t times;
};
struct greeting {
    sv_str text;
};

SV_SCHEMA(greeting_request, SV_FIELD(greeting_request, name, .min_len = 1, .max_len = 100),
          SV_FIELD(greeting_request, times, SV_GE(1), SV_LE(10), .default_json = "1"));
SV_SCHEMA(greeting, SV_FIELD(greeting, text));

SV_HANDLER(greet, greeting_request, greeting);
static sv_status greet(sv_call *call, const struct greeting_request *in, struct greeting *out)
{
    out->text = sv_format(call, "Hello %.*s, %d times", SV_STR_ARG(in->name), (int)in->times);
    return out->text.ptr ? SV_OK : SV_NO_MEMORY;
}

static const sv_operation operations[] = {{"POST", "/greet", &greet_handler}, {0}};

int main(int argc, char **argv)
{
    return sv_main(argc, argv, &(sv_app){.title = "Greetings", .operations = operations});
}
