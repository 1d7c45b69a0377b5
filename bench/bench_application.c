/* bench_application.c: what it costs to start an application of 10, 1,000 and 10,000 operations:
 * rows checked and bound, plans, the router, the OpenAPI document. Prints for each the median of
 * some starts in milliseconds of CPU, and the size of the document. Not a test. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <serval/serval.h>

#include "web/service.h"

enum { MAX_ROWS = 9990, MAX_PATH = 64, N_STARTS = 9, MAX_PROBLEMS = 1 << 16 };

struct item {
    sv_str name;
    int64_t count;
    double price;
    sv_strs tags;
};
struct place {
    int64_t id;
    sv_opt_str q;
};
SV_SCHEMA(item, SV_FIELD(item, name, .min_len = 1, .max_len = 100),
          SV_FIELD(item, count, SV_GE(0), .default_json = "1"), SV_FIELD(item, price, SV_GT(0)),
          SV_FIELD(item, tags, .max_items = 10, .default_json = "[]"));
SV_SCHEMA(place, SV_FIELD(place, id, SV_GE(1)),
          SV_FIELD(place, q, .max_len = 50, .default_json = "null"));

SV_HANDLER_PARAMS(change_item, place, item, item);
static sv_status change_item(sv_call *call, const struct place *params, const struct item *in,
                             struct item *out)
{
    (void)call, (void)params;
    *out = *in;
    return SV_OK;
}

static char paths[MAX_ROWS][MAX_PATH];

static double read_cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double start_ms(const sv_operation *table, size_t *ret_document)
{
    sv_buf problems;
    sv_service *service;
    sv_service_config config = {.application = {.tables = &table, .n_tables = 1, .pages = true},
                                .limits = sv_http_limits_default};
    sv_buf_init(&problems, MAX_PROBLEMS);
    double start = read_cpu_ms();
    if (sv_service_new(&config, &problems, &service)) {
        fprintf(stderr, "%.*s", SV_STR_ARG(sv_buf_str(&problems)));
        exit(1);
    }
    double spent = read_cpu_ms() - start;
    *ret_document = sv_application_openapi(sv_service_application(service)).len;
    sv_service_free(service);
    sv_buf_deinit(&problems);
    return spent;
}

static int compare_doubles(const void *a, const void *b)
{
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

int main(void)
{
    static const size_t sizes[] = {10, 1000, MAX_ROWS};
    static const char *const methods[] = {"PUT", "POST", "PATCH"};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        sv_operation *table = calloc(sizes[k] + 1, sizeof *table);
        double spent[N_STARTS];
        size_t document = 0;
        for (size_t i = 0; table && i < sizes[k]; i++) {
            snprintf(paths[i], MAX_PATH, "/api/v1/resource%zu/{id}", i / 3);
            table[i] = (sv_operation){methods[i % 3], paths[i], &change_item_handler};
        }
        for (size_t i = 0; table && i < N_STARTS; i++)
            spent[i] = start_ms(table, &document);
        if (!table)
            return 1;
        qsort(spent, N_STARTS, sizeof *spent, compare_doubles);
        printf("%zu %.2f %zu\n", sizes[k], spent[N_STARTS / 2], document);
        free(table);
    }
    return 0;
}
