/* hello: the smallest application: one operation without a body, answered with a struct.
 *
 *   $ build/examples/hello
 *   $ curl -s 'localhost:8000/hello?name=Ada'
 *   {"text":"Hello, Ada"}
 *   $ curl -s localhost:8000/hello
 *   {"text":"Hello, world"} */
#include <serval/serval.h>

struct who {
    sv_str name;
};
struct hello {
    sv_str text;
};
SV_SCHEMA(who, SV_FIELD(who, name, .min_len = 1, .max_len = 100, .default_json = "\"world\""));
SV_SCHEMA(hello, SV_FIELD(hello, text));

SV_HANDLER_PARAMS(say_hello, who, sv_none, hello);
static sv_status say_hello(sv_call *call, const struct who *params, const struct sv_none *in,
                           struct hello *out)
{
    (void)in;
    out->text = sv_format(call, "Hello, %.*s", SV_STR_ARG(params->name));
    return out->text.ptr ? SV_OK : SV_NO_MEMORY;
}

static const sv_operation operations[] = {{"GET", "/hello", &say_hello_handler}, {0}};

int main(int argc, char **argv)
{
    return sv_main(argc, argv, &(sv_app){.title = "Hello", .operations = operations});
}
