/* fetching.c: see fetching.h. */
#include "api/fetching.h"

#include <pthread.h>
#include <stdlib.h>

enum { MAX_EXCHANGES = 256 }; /* with upstreams at once; others wait */

struct sv_fetching {
    sv_fetch_config config;
    sv_address_guard *guard;
    pthread_mutex_t lock;
    /* Guarded by lock until they are there, const afterwards. */
    sv_loop *loop;
    sv_fetcher *fetcher;
    sv_upstream *upstream;
    bool is_started;
};

sv_status sv_fetching_new(const sv_fetching_config *config, sv_buf *problems,
                          sv_fetching **ret_fetching)
{
    sv_fetching *fetching = calloc(1, sizeof *fetching);
    if (!fetching)
        return SV_NO_MEMORY;
    sv_status status =
        sv_address_guard_new(config->allow, config->deny, problems, &fetching->guard);
    if (status) {
        free(fetching);
        return status;
    }
    pthread_mutex_init(&fetching->lock, NULL);
    fetching->config = config->fetch;
    fetching->config.guard = fetching->guard;
    *ret_fetching = fetching;
    return SV_OK;
}

static void stop(sv_fetching *fetching)
{
    if (fetching->is_started)
        sv_loop_join(fetching->loop);
    sv_upstream_free(fetching->upstream);
    sv_fetcher_free(fetching->fetcher);
    sv_loop_free(fetching->loop);
    fetching->upstream = NULL;
    fetching->fetcher = NULL;
    fetching->loop = NULL;
}

void sv_fetching_free(sv_fetching *fetching)
{
    if (!fetching)
        return;
    stop(fetching);
    sv_address_guard_free(fetching->guard);
    pthread_mutex_destroy(&fetching->lock);
    free(fetching);
}

/* With the lock held. */
static sv_status start(sv_fetching *fetching, sv_error *error)
{
    sv_status status = sv_loop_new(error, &fetching->loop);
    if (!status)
        status = sv_fetcher_new(fetching->loop, &fetching->config, error, &fetching->fetcher);
    if (!status)
        status =
            sv_upstream_new(fetching->loop, &(sv_upstream_config){.max_running = MAX_EXCHANGES},
                            error, &fetching->upstream);
    if (!status)
        status = sv_loop_start(fetching->loop, error);
    if (status)
        stop(fetching);
    fetching->is_started = !status;
    return status;
}

sv_status sv_fetching_start(sv_fetching *fetching, sv_error *error)
{
    pthread_mutex_lock(&fetching->lock);
    sv_status status = fetching->is_started ? SV_OK : start(fetching, error);
    pthread_mutex_unlock(&fetching->lock);
    return status;
}

sv_loop *sv_fetching_loop(const sv_fetching *fetching)
{
    return fetching->loop;
}

sv_fetcher *sv_fetching_fetcher(const sv_fetching *fetching)
{
    return fetching->fetcher;
}

sv_upstream *sv_fetching_upstream(const sv_fetching *fetching)
{
    return fetching->upstream;
}

/* A fetch that a thread waits for, on that thread's stack. */
typedef struct awaited {
    sv_message message;
    sv_fetcher *fetcher;
    sv_fetch_request *request;
    sv_fetch_result result;
    pthread_mutex_t lock;
    pthread_cond_t over;
    bool is_over; /* guarded by lock, as is `result` */
} awaited;

static void take_result(sv_fetch_result *result, void *arg)
{
    awaited *it = arg;
    pthread_mutex_lock(&it->lock);
    it->result = *result;
    result->body = (sv_buf){0}; /* it is the waiting thread's now */
    it->is_over = true;
    pthread_cond_signal(&it->over);
    pthread_mutex_unlock(&it->lock);
}

static void start_fetch(sv_message *message)
{
    awaited *it = SV_CONTAINER_OF(message, awaited, message);
    sv_fetch_start(it->fetcher, it->request);
}

static void wait_for(awaited *it, sv_loop *loop)
{
    pthread_mutex_init(&it->lock, NULL);
    pthread_cond_init(&it->over, NULL);
    sv_loop_post(loop, &it->message);
    pthread_mutex_lock(&it->lock);
    while (!it->is_over)
        pthread_cond_wait(&it->over, &it->lock);
    pthread_mutex_unlock(&it->lock);
    pthread_cond_destroy(&it->over);
    pthread_mutex_destroy(&it->lock);
}

sv_status sv_fetching_wait(sv_fetching *fetching, sv_fetch_request *request, sv_error *error,
                           sv_buf *ret_body)
{
    sv_status status = sv_fetching_start(fetching, error);
    if (status)
        return status;
    awaited it = {.message.run = start_fetch, .fetcher = fetching->fetcher, .request = request};
    request->done = take_result;
    request->arg = &it;
    wait_for(&it, fetching->loop);
    if (!it.result.status) {
        *ret_body = it.result.body;
        return SV_OK;
    }
    sv_buf_deinit(&it.result.body);
    if (it.result.status != SV_INVALID)
        return it.result.status;
    return sv_error_set(error, SV_INVALID, &sv_kind_invalid_input, "%s", it.result.message);
}
