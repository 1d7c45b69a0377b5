/* echo: answers every request with its own body. Shows a raw operation, and how tests see framing
 * faults.
 *
 *   build/examples/echo --port 8001
 *   curl -si --data-binary hello http://127.0.0.1:8001/any/path */
#include <serval/serval.h>

SV_HANDLER_RAW(echo);

static sv_status echo(sv_call *call)
{
    sv_status status = sv_set_header(call, "X-Echo-Method", sv_request_method(call));
    if (!status)
        status = sv_set_header(call, "X-Echo-Path", sv_request_raw_path(call));
    if (!status)
        status = sv_respond_bytes(call, "application/octet-stream", sv_request_body(call));
    return status;
}

static const sv_operation operations[] = {
    {"*", "/{rest:path}", &echo_handler, .run_inline = true},
    {0},
};

int main(int argc, char **argv)
{
    return sv_main(argc, argv,
                   &(sv_app){.title = "Echo", .operations = operations, .no_pages = true});
}
