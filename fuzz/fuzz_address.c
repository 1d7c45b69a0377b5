/* fuzz_address.c: hostile addresses and lists. A line is an address to fetch, the rest a list for
 * the guard. Whatever is taken, a careless reader of the same host (inet_aton: octal, hexadecimal,
 * short forms) must not find an address in it that the guard refuses. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/address.h"
#include "io/fetch_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_careless_reader(const sv_address_guard *guard, const sv_fetch_url *url,
                                  bool allowed_by_name)
{
    char host[SV_ADDRESS_MAX_HOST + 1];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)url->port)};
    require(url->host.len < sizeof host);
    memcpy(host, url->host.ptr, url->host.len);
    host[url->host.len] = '\0';
    require(strlen(host) == url->host.len);
    if (inet_aton(host, &address.sin_addr))
        require(sv_address_is_allowed(guard, (struct sockaddr *)&address, allowed_by_name));
}

static void check_url(const sv_address_guard *guard, sv_str text)
{
    sv_fetch_url url;
    sv_error error = {0};
    bool allowed_by_name;
    if (sv_fetch_url_read(text, &error, &url)) {
        require(error.message[0] != '\0');
        return;
    }
    require(url.port > 0 && url.port < 65536 && url.host.len > 0);
    require(url.host.ptr >= text.ptr && url.host.ptr + url.host.len <= text.ptr + text.len);
    if (sv_address_check_host(guard, url.host, url.port, &error, &allowed_by_name) == SV_OK)
        check_careless_reader(guard, &url, allowed_by_name);
    else
        require(error.message[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sv_str list = {(const char *)data, size}, line = {0};
    sv_address_guard *guard = NULL;
    sv_buf problems;
    (void)sv_str_split(&list, '\n', &line);
    sv_buf_init(&problems, 1 << 20);
    sv_status status = sv_address_guard_new(list, SV_STR(""), &problems, &guard);
    require((status == SV_OK) == (problems.len == 0));
    if (!status)
        check_url(guard, line);
    sv_address_guard_free(guard);
    sv_buf_deinit(&problems);
    return 0;
}
