/* fuzz_fields.c: hostile header fields: conditions, ranges, dates, and what proxies say. The first
 * byte says how large the thing is that is asked for; the rest are lines of "Name: value". */
#include <stdint.h>
#include <stdlib.h>

#include "http/conditional.h"
#include "http/forwarded.h"
#include "http/http_date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_FIELDS = 8 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

static size_t read_fields(sv_str text, sv_http_header *headers)
{
    sv_str line;
    size_t n = 0;
    while (n < MAX_FIELDS && sv_str_split(&text, '\n', &line)) {
        size_t colon = sv_str_find(line, ':');
        headers[n].name = sv_str_slice(line, 0, colon);
        headers[n++].value = sv_str_trim_ows(sv_str_slice(line, colon + 1, line.len));
    }
    return n;
}

static void check_conditional(const sv_http_header *headers, size_t n, uint64_t size_bytes)
{
    const sv_conditional_state state = {size_bytes, SV_STR("\"a\""), 784111777};
    sv_conditional_answer answer = sv_conditional_decide(SV_STR("GET"), headers, n, &state);
    bool has_bytes = answer.status == 200 || answer.status == 206;
    require(has_bytes || answer.status == 304 || answer.status == 412 || answer.status == 416);
    require(answer.first + answer.length <= size_bytes);
    require(has_bytes || answer.length == 0);
    require(answer.status != 206 || answer.length > 0);
    require(answer.status != 200 || answer.length == size_bytes);
}

static void check_forwarded(const sv_http_header *headers, size_t n, const char *list)
{
    sv_forwarded_trust *trust = NULL;
    sv_buf problems;
    sv_buf_init(&problems, 1000);
    require(sv_forwarded_trust_new(sv_str_from(list), &problems, &trust) == SV_OK);
    sv_forwarded_origin origin = sv_forwarded_find(trust, SV_STR("10.0.0.1"), headers, n);
    sv_network_address address;
    if (origin.client[0])
        require(sv_network_read_address(sv_str_from(origin.client), &address));
    sv_forwarded_trust_free(trust);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    sv_http_header headers[MAX_FIELDS];
    size_t n = read_fields((sv_str){(const char *)data + 1, size - 1}, headers);
    check_conditional(headers, n, data[0]);
    check_forwarded(headers, n, data[0] & 1 ? "*" : "10.0.0.0/8,::1");
    for (size_t i = 0; i < n; i++) {
        int64_t seconds;
        (void)sv_http_date_read(headers[i].value, &seconds);
    }
    return 0;
}
