/* background: work that goes on after the answer. What a task is given is copied by its schema, so
 * it may outlive the request; at the end of the program accepted tasks still run.
 *
 *   $ build/examples/background
 *   $ curl -si localhost:8000/signup -H 'Content-Type: application/json' -d '{"name": "Ada"}'
 *   HTTP/1.1 202 Accepted
 *   …
 *   {"message":"Welcome, Ada"}
 *   $ sleep 0.2; curl -s localhost:8000/letters
 *   {"sent":1} */
#include <stdatomic.h>

#include <serval/serval.h>

struct office {
    atomic_int n_sent; /* tasks and handlers run on many threads */
};
SV_STATE(office, struct office, office_open, office_close);
static sv_status office_open(sv_application *application, struct office *ret, sv_error *error)
{
    (void)application, (void)error;
    atomic_init(&ret->n_sent, 0);
    return SV_OK;
}
static void office_close(struct office *office)
{
    (void)office;
}

struct person {
    sv_str name;
};
struct answer {
    sv_str message;
};
struct letters {
    int64_t sent;
};
SV_SCHEMA(person, SV_FIELD(person, name, .min_len = 1, .max_len = 100));
SV_SCHEMA(answer, SV_FIELD(answer, message));
SV_SCHEMA(letters, SV_FIELD(letters, sent));

SV_TASK(send_letter, person);
static sv_status send_letter(sv_call *call, const struct person *in)
{
    (void)in; /* where a letter to in->name would be written */
    atomic_fetch_add(&office_of(call)->n_sent, 1);
    return SV_OK;
}

SV_HANDLER(sign_up, person, answer);
static sv_status sign_up(sv_call *call, const struct person *in, struct answer *out)
{
    out->message = sv_format(call, "Welcome, %.*s", SV_STR_ARG(in->name));
    return out->message.ptr ? send_letter_later(call, in) : SV_NO_MEMORY;
}

SV_HANDLER(count_letters, sv_none, letters);
static sv_status count_letters(sv_call *call, const struct sv_none *in, struct letters *out)
{
    (void)in;
    out->sent = atomic_load(&office_of(call)->n_sent);
    return SV_OK;
}

static const sv_operation operations[] = {
    {"POST", "/signup", &sign_up_handler, .status = 202},
    {"GET", "/letters", &count_letters_handler, .run_inline = true},
    {0}};

int main(int argc, char **argv)
{
    static const sv_state *const states[] = {&office_state, NULL};
    return sv_main(argc, argv,
                   &(sv_app){.title = "Letters", .operations = operations, .states = states});
}
