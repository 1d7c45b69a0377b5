/* application.c: binds the tables of an application at start. Not the program around it:
 * app/serve.c. */
#include "web/application.h"

#include <stdlib.h>

#include "web/docs_page.h"
#include "web/openapi.h"
#include "web/operation.h"

struct sv_application {
    sv_application_config config;
    sv_arena *arena; /* of the plans */
    sv_router *router;
    sv_bound_operation *operations;
    size_t n_operations;
    sv_buf openapi;
};

static size_t count_rows(const sv_operation *table)
{
    size_t n = 0;
    while (table[n].method || table[n].path || table[n].handler)
        n++;
    return n;
}

static sv_status add_operation(sv_application *application, const sv_operation *row,
                               sv_buf *problems)
{
    sv_bound_operation *bound = &application->operations[application->n_operations];
    sv_status status = sv_operation_bind(row, application->arena, problems, bound);
    if (status)
        return status;
    bound->application = application;
    bound->route.data = bound;
    sv_error error = {0};
    status = sv_router_add(application->router, &bound->route, &error);
    if (status) {
        sv_buf_printf(problems, "%s %s: %s\n", row->method, row->path, error.message);
        return status;
    }
    application->n_operations++;
    return SV_OK;
}

/* Every row is tried, so that all mistakes are told at once. */
static sv_status add_table(sv_application *application, const sv_operation *table, sv_buf *problems)
{
    sv_status worst = SV_OK;
    size_t n = count_rows(table);
    for (size_t i = 0; i < n; i++) {
        sv_status status = add_operation(application, &table[i], problems);
        if (status)
            worst = status;
    }
    return worst;
}

static sv_status bind_tables(sv_application *application, sv_buf *problems)
{
    const sv_application_config *config = &application->config;
    size_t n_pages = 0, total = 0;
    const sv_operation *pages = sv_docs_page_operations();
    if (config->pages)
        n_pages = count_rows(pages);
    for (size_t i = 0; i < config->n_tables; i++)
        total += count_rows(config->tables[i]);
    if (total + n_pages > SV_APPLICATION_MAX_OPERATIONS) {
        sv_buf_printf(problems, "%zu operations; at most %d are allowed\n", total + n_pages,
                      SV_APPLICATION_MAX_OPERATIONS);
        return SV_TOO_LARGE;
    }
    application->operations = calloc(total + n_pages + 1, sizeof *application->operations);
    if (!application->operations)
        return SV_NO_MEMORY;
    /* Pages come first: an application's catch-all route must not swallow them. */
    sv_status worst = n_pages ? add_table(application, pages, problems) : SV_OK;
    for (size_t i = 0; i < config->n_tables; i++) {
        sv_status status = add_table(application, config->tables[i], problems);
        if (status)
            worst = status;
    }
    return worst;
}

static sv_status write_openapi(sv_application *application, sv_buf *problems)
{
    sv_error error = {0};
    sv_status status = sv_openapi_write(application, &application->openapi, &error);
    if (status)
        sv_buf_printf(problems, "OpenAPI: %s\n",
                      error.message[0] ? error.message : sv_status_text(status));
    return status;
}

sv_status sv_application_new(const sv_application_config *config, sv_buf *problems,
                             sv_application **ret_application)
{
    sv_application *application = calloc(1, sizeof *application);
    if (!application)
        return SV_NO_MEMORY;
    application->config = *config;
    sv_buf_init(&application->openapi, (size_t)16 << 20);
    application->router = sv_router_new();
    application->arena = sv_arena_new(0);
    sv_status status = application->router && application->arena
                           ? bind_tables(application, problems)
                           : SV_NO_MEMORY;
    if (!status)
        status = write_openapi(application, problems);
    if (status) {
        sv_application_free(application);
        return status;
    }
    *ret_application = application;
    return SV_OK;
}

void sv_application_free(sv_application *application)
{
    if (!application)
        return;
    sv_router_free(application->router);
    free(application->operations);
    sv_arena_free(application->arena);
    sv_buf_deinit(&application->openapi);
    free(application);
}

const sv_router *sv_application_router(const sv_application *application)
{
    return application->router;
}

sv_pool *sv_application_pool(const sv_application *application)
{
    return application->config.pool;
}

void *sv_application_state(const sv_application *application)
{
    return application->config.state;
}

const sv_bound_operation *sv_application_operations(const sv_application *application,
                                                    size_t *ret_count)
{
    *ret_count = application->n_operations;
    return application->operations;
}

const sv_application_config *sv_application_get_config(const sv_application *application)
{
    return &application->config;
}

sv_str sv_application_openapi(const sv_application *application)
{
    return sv_buf_str(&application->openapi);
}
