/* status.c: texts of statuses, the table of error kinds, HTTP phrases. */
#include <serval/status.h>

#include <serval/version.h>

const char *sv_status_text(sv_status status)
{
    static const char *const texts[] = {
#define STATUS_TEXT(name, text) [SV_##name] = text,
        SV_STATUS_MAP(STATUS_TEXT)
#undef STATUS_TEXT
    };
    return (size_t)status < sizeof texts / sizeof *texts ? texts[status] : "unknown";
}

#define KIND_DEFINE(name, code, status, title, meaning)                                            \
    const sv_error_kind sv_kind_##name = {code, status, title, meaning};
SV_ERROR_KIND_MAP(KIND_DEFINE)
#undef KIND_DEFINE

const sv_error_kind *const *sv_error_kinds(size_t *ret_count)
{
    static const sv_error_kind *const kinds[] = {
#define KIND_POINTER(name, code, status, title, meaning) &sv_kind_##name,
        SV_ERROR_KIND_MAP(KIND_POINTER)
#undef KIND_POINTER
    };
    if (ret_count)
        *ret_count = sizeof kinds / sizeof *kinds;
    return kinds;
}

typedef struct phrase {
    int status;
    const char *text;
} phrase;

static const phrase phrases[] = {
    {100, "Continue"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Request Entity Too Large"},
    {414, "Request-URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Requested Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {418, "I'm a Teapot"},
    {422, "Unprocessable Entity"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

const char *sv_http_phrase(int status)
{
    for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
        if (phrases[i].status == status)
            return phrases[i].text;
    return "";
}

const char *sv_version(void)
{
    return SV_VERSION;
}
