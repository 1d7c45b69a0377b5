/* dependencies: state of the whole program, opened at start and closed at the end; and what one
 * call depends on, opened with parameters of its own and closed after the handler. How a test puts
 * something else in their place: examples/testing.
 *
 *   $ build/examples/dependencies
 *   $ curl -s localhost:8000/account -H 'X-Token: ada'
 *   {"user":"ada","visits":1}
 *   $ curl -s localhost:8000/account -H 'X-Token: ada'
 *   {"user":"ada","visits":2}
 *   $ curl -s localhost:8000/account -H 'X-Token: eve' | jq -c '[.error, .message]'
 *   ["FORBIDDEN","eve may not enter"]
 *   $ curl -s localhost:8000/account | jq -c '.detail[0].loc'
 *   ["header","x-token"] */
#include <pthread.h>

#include <serval/serval.h>

struct store {
    pthread_mutex_t lock;
    int64_t n_visits;
};
SV_STATE(store, struct store, store_open, store_close);
static sv_status store_open(sv_application *application, struct store *ret, sv_error *error)
{
    (void)application;
    return pthread_mutex_init(&ret->lock, NULL)
               ? sv_error_set(error, SV_NO_MEMORY, NULL, "no mutex for the store")
               : SV_OK;
}
static void store_close(struct store *store)
{
    pthread_mutex_destroy(&store->lock);
}

struct token_params {
    sv_str x_token;
};
SV_SCHEMA(token_params, SV_FIELD(token_params, x_token, .in = SV_IN_HEADER, .max_len = 40));

struct session {
    sv_str user;
    struct store *store; /* locked while the session is open */
};
SV_DEPENDENCY_PARAMS(session, struct session, token_params, session_open, session_close);
static sv_status session_open(sv_call *call, const struct token_params *params, struct session *ret)
{
    if (sv_str_eq(params->x_token, SV_STR("eve")))
        return sv_fail(call, &sv_kind_forbidden, "eve may not enter");
    *ret = (struct session){params->x_token, store_of(call)};
    return pthread_mutex_lock(&ret->store->lock) ? SV_FAILED : SV_OK;
}
static void session_close(sv_call *call, struct session *session)
{
    (void)call; /* sv_has_failed(call): a database would roll back */
    pthread_mutex_unlock(&session->store->lock);
}

struct account {
    sv_str user;
    int64_t visits;
};
SV_SCHEMA(account, SV_FIELD(account, user), SV_FIELD(account, visits));
SV_HANDLER(read_account, sv_none, account);
static sv_status read_account(sv_call *call, const struct sv_none *in, struct account *out)
{
    (void)in;
    struct session *session = session_of(call);
    *out = (struct account){session->user, ++session->store->n_visits};
    return SV_OK;
}

static const sv_dependency *const needs[] = {&session_dependency, NULL};
static const sv_operation operations[] = {
    {"GET", "/account", &read_account_handler, .needs = needs}, {0}};
static const sv_state *const states[] = {&store_state, NULL};

int main(int argc, char **argv)
{
    return sv_main(argc, argv, &(sv_app){.operations = operations, .states = states});
}
