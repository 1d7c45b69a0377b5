/* loader.c: the thread that loads. What it does with a version: load_step.c. */
#include "model/loader.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "model/load_step.h"

enum { RETRY_MS = 200 }; /* when somebody could not be told, for lack of a thread */

struct sv_loader {
    sv_loader_config config;
    sv_load_step step;
    sv_reload *reload; /* the thread's; NULL: nothing is looked at again */
    pthread_t thread;
    pthread_cond_t rested; /* with the set's lock: all was tried that was asked for at start */

    /* Guarded by the set's lock. */
    bool is_stopping, is_over, has_started, wants_poll, has_untold;
    int64_t next_poll_ns;
};

static sv_model_set *get_set(const sv_loader *loader)
{
    return sv_registry_set(loader->config.registry);
}

/* Tickets. */

static bool is_at_rest(const sv_model_version *version)
{
    return version->activity == SV_ACTIVITY_NONE && (version->current || !version->n_draining);
}

static bool is_settled(const sv_load_ticket *ticket)
{
    if (ticket->version)
        return is_at_rest(ticket->version);
    for (size_t i = 0; i < ticket->model->n_versions; i++)
        if (!is_at_rest(ticket->model->versions[i]))
            return false;
    return true;
}

static bool has_settled(const sv_model_set *set)
{
    for (sv_list_node *node = set->tickets.next; node != &set->tickets; node = node->next)
        if (is_settled(SV_CONTAINER_OF(node, sv_load_ticket, node)))
            return true;
    return false;
}

static void run_done(sv_message *message)
{
    sv_load_ticket *ticket = SV_CONTAINER_OF(message, sv_load_ticket, message);
    sv_cancel_remove(ticket->cancel, &ticket->on_cancel);
    ticket->done(ticket, ticket->status);
}

/* With the lock held. The ticket may be gone as soon as it is submitted. False: no thread can be
 * had now, it stays where it is. */
static bool tell(sv_load_ticket *ticket, sv_status status)
{
    sv_list_node *behind = ticket->node.next;
    ticket->status = status;
    ticket->message.run = run_done;
    ticket->is_waiting = false;
    sv_list_remove(&ticket->node);
    if (sv_pool_submit(ticket->loader->config.pool, &ticket->message) == SV_OK)
        return true;
    sv_list_append(behind, &ticket->node);
    ticket->is_waiting = true;
    return false;
}

/* On the canceller's thread. */
static void give_up(void *arg)
{
    sv_load_ticket *ticket = arg;
    sv_model_set *set = ticket->model->set;
    pthread_mutex_lock(&set->lock);
    if (ticket->is_waiting && !tell(ticket, SV_CANCELLED)) {
        ticket->loader->has_untold = true;
        pthread_cond_signal(&set->changed);
    }
    pthread_mutex_unlock(&set->lock);
}

static void tell_settled(sv_loader *loader)
{
    sv_model_set *set = get_set(loader);
    pthread_mutex_lock(&set->lock);
    loader->has_untold = false;
    for (sv_list_node *node = set->tickets.next, *next; node != &set->tickets; node = next) {
        sv_load_ticket *ticket = SV_CONTAINER_OF(node, sv_load_ticket, node);
        next = node->next;
        bool is_cancelled = sv_cancel_is_set(ticket->cancel);
        if ((is_cancelled || is_settled(ticket)) &&
            !tell(ticket, is_cancelled ? SV_CANCELLED : SV_OK))
            loader->has_untold = true;
    }
    pthread_mutex_unlock(&set->lock);
}

sv_status sv_loader_wait(sv_load_ticket *ticket)
{
    sv_model_set *set = ticket->model->set;
    ticket->is_waiting = false;
    ticket->on_cancel = (sv_cancel_callback){.run = give_up, .arg = ticket};
    sv_cancel_add(ticket->cancel, &ticket->on_cancel);
    pthread_mutex_lock(&set->lock);
    ticket->loader = set->loader;
    bool is_over = !set->loader || set->loader->is_stopping,
         is_cancelled = sv_cancel_is_set(ticket->cancel);
    bool waits = !is_over && !is_cancelled && !is_settled(ticket);
    if (waits) {
        sv_list_append(&set->tickets, &ticket->node);
        ticket->is_waiting = true;
    }
    pthread_mutex_unlock(&set->lock);
    if (waits)
        return SV_OK;
    sv_cancel_remove(ticket->cancel, &ticket->on_cancel);
    if (is_over)
        return SV_UNAVAILABLE;
    ticket->done(ticket, is_cancelled ? SV_CANCELLED : SV_OK);
    return SV_OK;
}

/* The thread. */

/* Those that somebody waits for come first; of these, and of the others, the one that was asked for
 * first: models that take turns in the memory budget keep no third one waiting. */
static bool is_before(const sv_model_version *one, const sv_model_version *other)
{
    if (!other || one->is_demanded != other->is_demanded)
        return !other || one->is_demanded;
    return one->turn < other->turn;
}

static sv_model_version *find_queued(const sv_model_set *set)
{
    sv_model_version *first = NULL;
    for (size_t i = 0; i < set->n_models; i++)
        for (size_t k = 0; k < set->models[i]->n_versions; k++) {
            sv_model_version *version = set->models[i]->versions[k];
            if (version->activity == SV_ACTIVITY_QUEUED && is_before(version, first))
                first = version;
        }
    return first;
}

/* What failed and is wanted all the same; returns when the next one is due. */
static int64_t enqueue_due(sv_model_set *set, int64_t now)
{
    int64_t next = SV_NEVER;
    for (size_t i = 0; i < set->n_models; i++)
        for (size_t k = 0; k < set->models[i]->n_versions; k++) {
            sv_model_version *version = set->models[i]->versions[k];
            if (!version->failure || !version->is_wanted || version->activity != SV_ACTIVITY_NONE)
                continue;
            if (version->retry_at_ns <= now)
                sv_model_set_enqueue(version);
            else if (version->retry_at_ns < next)
                next = version->retry_at_ns;
        }
    return next;
}

static void wait_until(sv_model_set *set, int64_t until_ns)
{
    struct timespec at = {.tv_sec = (time_t)(until_ns / SV_NS_PER_S),
                          .tv_nsec = (long)(until_ns % SV_NS_PER_S)};
    if (until_ns == SV_NEVER)
        pthread_cond_wait(&set->changed, &set->lock);
    else
        pthread_cond_timedwait(&set->changed, &set->lock, &at);
}

/* What to do next; sleeps until there is something. `*ret_version`, held: to be loaded. */
typedef enum next_step { LOAD, FREE, POLL, TELL, STOP } next_step;

static next_step choose_step(sv_loader *loader, sv_model_version **ret_version)
{
    sv_model_set *set = get_set(loader);
    for (;;) {
        int64_t now = sv_clock_now_ns(&sv_clock_system);
        if (loader->is_stopping)
            return STOP;
        if (set->buried)
            return FREE;
        if (loader->wants_poll)
            return POLL;
        int64_t wake_ns = enqueue_due(set, now);
        *ret_version = find_queued(set);
        if (*ret_version) {
            sv_model_set_hold(*ret_version);
            return LOAD;
        }
        if (!loader->has_started) {
            loader->has_started = true;
            pthread_cond_broadcast(&loader->rested);
        }
        if (loader->next_poll_ns <= now)
            return POLL;
        if (!loader->has_untold && has_settled(set))
            return TELL;
        if ((loader->has_untold || set->dead) && wake_ns > now + RETRY_MS * SV_NS_PER_MS)
            wake_ns = now + RETRY_MS * SV_NS_PER_MS;
        if (loader->next_poll_ns < wake_ns)
            wake_ns = loader->next_poll_ns;
        wait_until(set, wake_ns);
        if (loader->has_untold || set->dead)
            return TELL;
    }
}

static void poll_disk(sv_loader *loader)
{
    sv_model_set *set = get_set(loader);
    pthread_mutex_lock(&set->lock);
    bool is_asked = loader->wants_poll;
    loader->wants_poll = false;
    loader->next_poll_ns = loader->reload && loader->config.poll_ms
                               ? sv_clock_deadline_ns(&sv_clock_system, loader->config.poll_ms)
                               : SV_NEVER;
    pthread_mutex_unlock(&set->lock);
    if (loader->reload)
        sv_reload_look(loader->reload, is_asked);
}

static void do_step(sv_loader *loader, next_step step, sv_model_version *version)
{
    sv_status status;
    switch (step) {
    case LOAD:
        status = sv_load_step_run(&loader->step, version, &(sv_error){0});
        (void)status; /* it is kept in the version */
        sv_model_set_release(version);
        if (loader->reload)
            sv_reload_settle(loader->reload);
        break;
    case FREE:
        sv_model_set_free_buried(get_set(loader));
        break;
    case POLL:
        poll_disk(loader);
        break;
    case TELL:
    case STOP:
        break;
    }
    sv_model_set_free_dead(get_set(loader), loader->config.scheduler);
    tell_settled(loader);
}

static void *run_thread(void *arg)
{
    sv_loader *loader = arg;
    sv_model_set *set = get_set(loader);
    next_step step = TELL;
    while (step != STOP) {
        sv_model_version *version = NULL;
        pthread_mutex_lock(&set->lock);
        step = choose_step(loader, &version);
        pthread_mutex_unlock(&set->lock);
        if (step != STOP)
            do_step(loader, step, version);
    }
    pthread_mutex_lock(&set->lock);
    loader->is_over = true;
    pthread_cond_broadcast(&loader->rested);
    pthread_mutex_unlock(&set->lock);
    return NULL;
}

/* Starting and stopping. */

static void enqueue_wanted(sv_model_set *set)
{
    for (size_t i = 0; i < set->n_models; i++)
        for (size_t k = 0; k < set->models[i]->n_versions; k++)
            if (set->models[i]->files->manifest->load != SV_MANIFEST_LAZY) {
                set->models[i]->versions[k]->is_wanted = true;
                sv_model_set_enqueue(set->models[i]->versions[k]);
            }
}

/* NULL: nobody. */
static void set_loader(sv_model_set *set, sv_loader *loader)
{
    pthread_mutex_lock(&set->lock);
    set->loader = loader;
    if (loader)
        enqueue_wanted(set);
    pthread_mutex_unlock(&set->lock);
}

static void free_loader(sv_loader *loader)
{
    sv_reload_free(loader->reload);
    pthread_cond_destroy(&loader->rested);
    free(loader);
}

sv_status sv_loader_start(const sv_loader_config *config, sv_loader **ret_loader)
{
    sv_loader *loader = calloc(1, sizeof *loader);
    if (!loader)
        return SV_NO_MEMORY;
    loader->config = *config;
    loader->step = (sv_load_step){
        .registry = config->registry, .log = config->log, .memory_budget = config->memory_budget};
    loader->next_poll_ns = config->n_paths && config->poll_ms
                               ? sv_clock_deadline_ns(&sv_clock_system, config->poll_ms)
                               : SV_NEVER;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&loader->rested, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sv_reload_config reload = {.registry = config->registry,
                               .log = config->log,
                               .paths = config->paths,
                               .n_paths = config->n_paths};
    sv_status status = config->n_paths ? sv_reload_new(&reload, &loader->reload) : SV_OK;
    if (!status) {
        set_loader(get_set(loader), loader);
        if (pthread_create(&loader->thread, NULL, run_thread, loader)) {
            set_loader(get_set(loader), NULL);
            status = SV_UNAVAILABLE;
        }
    }
    if (status) {
        free_loader(loader);
        return status;
    }
    *ret_loader = loader;
    return SV_OK;
}

/* With the lock held; waits for `*flag`. */
static bool wait_for(sv_loader *loader, const bool *flag, int64_t timeout_ms)
{
    int64_t until_ns = sv_clock_deadline_ns(&sv_clock_system, timeout_ms);
    struct timespec at = {.tv_sec = (time_t)(until_ns / SV_NS_PER_S),
                          .tv_nsec = (long)(until_ns % SV_NS_PER_S)};
    int failed = 0;
    while (!*flag && !loader->is_over && !failed)
        failed = pthread_cond_timedwait(&loader->rested, &get_set(loader)->lock, &at);
    return *flag;
}

bool sv_loader_wait_started(sv_loader *loader, int64_t timeout_ms)
{
    sv_model_set *set = get_set(loader);
    pthread_mutex_lock(&set->lock);
    bool has_started = wait_for(loader, &loader->has_started, timeout_ms);
    pthread_mutex_unlock(&set->lock);
    return has_started;
}

/* Whoever waits still. */
static void turn_away(sv_model_set *set)
{
    sv_load_ticket *ticket;
    do {
        ticket = NULL;
        pthread_mutex_lock(&set->lock);
        if (!sv_list_is_empty(&set->tickets)) {
            ticket = SV_CONTAINER_OF(set->tickets.next, sv_load_ticket, node);
            sv_list_remove(&ticket->node);
            ticket->is_waiting = false;
        }
        pthread_mutex_unlock(&set->lock);
        if (ticket) {
            sv_cancel_remove(ticket->cancel, &ticket->on_cancel);
            ticket->done(ticket, SV_UNAVAILABLE);
        }
    } while (ticket);
}

bool sv_loader_stop_within(sv_loader *loader, int64_t timeout_ms)
{
    if (!loader)
        return true;
    sv_model_set *set = get_set(loader);
    pthread_mutex_lock(&set->lock);
    loader->is_stopping = true;
    pthread_cond_broadcast(&set->changed);
    bool is_over = wait_for(loader, &loader->is_over, timeout_ms);
    pthread_mutex_unlock(&set->lock);
    turn_away(set);
    return is_over;
}

void sv_loader_free(sv_loader *loader)
{
    if (!loader)
        return;
    sv_loader_stop_within(loader, 0);
    pthread_join(loader->thread, NULL);
    set_loader(get_set(loader), NULL);
    free_loader(loader);
}

void sv_loader_poll(sv_loader *loader)
{
    sv_model_set *set = get_set(loader);
    pthread_mutex_lock(&set->lock);
    loader->wants_poll = true;
    pthread_cond_signal(&set->changed);
    pthread_mutex_unlock(&set->lock);
}

/* Asking. */

/* Where nobody looks at the disk from time to time, it is looked at first. */
static void ask_to_load(sv_model_version *version)
{
    sv_loader *loader = version->model->set->loader;
    if (loader && !loader->config.poll_ms)
        loader->wants_poll = true;
    version->is_unloaded = false;
    version->is_renewed = true;
    version->is_wanted = version->is_demanded = true;
    sv_model_set_enqueue(version);
}

static void ask_to_unload(sv_model_version *version)
{
    version->is_unloaded = true;
    version->is_wanted = version->is_demanded = false;
    version->failure = SV_OK;
    if (version->activity == SV_ACTIVITY_QUEUED)
        version->activity = SV_ACTIVITY_NONE;
    sv_model_set_take_out(version);
    sv_model_set_note_state(version);
    pthread_cond_signal(&version->model->set->changed); /* who waited for it is told */
}

static void ask(sv_model *model, sv_model_version *version, void (*what)(sv_model_version *))
{
    pthread_mutex_lock(&model->set->lock);
    for (size_t i = 0; i < model->n_versions; i++)
        if (!version || version == model->versions[i])
            what(model->versions[i]);
    pthread_mutex_unlock(&model->set->lock);
}

void sv_loader_load(sv_model *model, sv_model_version *version)
{
    ask(model, version, ask_to_load);
}

void sv_loader_unload(sv_model *model, sv_model_version *version)
{
    ask(model, version, ask_to_unload);
}
