#include "services/jobs.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "errors.h"
#include "services/inference.h"

enum { ID_LENGTH = 36, MAX_PREDICTIONS = 5, LABEL_SIZE = 64 };

/* Nothing in it points elsewhere: a job outlives the call that made it. */
struct job {
    char id[ID_LENGTH + 1]; /* "": unused */
    enum job_state state;
    struct timespec created, started, finished;
    size_t n_predictions;
    struct {
        char label[LABEL_SIZE];
        double confidence;
    } predictions[MAX_PREDICTIONS];
    char model_version[LABEL_SIZE];
    double inference_time_ms;
    char error[LABEL_SIZE], message[sizeof((sv_error){0}.message)];
};

struct jobs {
    pthread_mutex_t lock; /* guards all below */
    struct job items[JOBS_MAX];
    size_t next; /* the oldest */
};

SV_STATE_DEFINE(jobs, struct jobs, open_jobs, close_jobs);

/* What the task is told. */
struct job_order {
    sv_str job_id, image_url;
};
SV_SCHEMA(job_order, SV_FIELD(job_order, job_id), SV_FIELD(job_order, image_url));
SV_TASK(run_job, job_order);

static sv_status open_jobs(sv_application *application, struct jobs *ret_jobs, sv_error *error)
{
    (void)application;
    if (pthread_mutex_init(&ret_jobs->lock, NULL))
        return sv_error_set(error, SV_NO_MEMORY, NULL, "no lock for the jobs");
    return SV_OK;
}

static void close_jobs(struct jobs *jobs)
{
    pthread_mutex_destroy(&jobs->lock);
}

/* A random UUID (version 4). */
static bool make_id(char *ret_id)
{
    unsigned char bytes[16];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return false;
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bool has_hyphen = i == 4 || i == 6 || i == 8 || i == 10;
        ret_id += snprintf(ret_id, 4, "%s%02x", has_hyphen ? "-" : "", bytes[i]);
    }
    return true;
}

/* With the lock held. NULL: unknown, or forgotten by now. */
static struct job *find(struct jobs *jobs, sv_str id)
{
    for (size_t i = 0; id.len == ID_LENGTH && i < JOBS_MAX; i++)
        if (sv_str_eq(sv_str_from(jobs->items[i].id), id))
            return &jobs->items[i];
    return NULL;
}

static bool is_over(const struct job *job)
{
    return !job->id[0] || job->state == JOB_COMPLETED || job->state == JOB_FAILED;
}

/* With the lock held: the oldest job that is over; NULL: none is. */
static struct job *find_room(struct jobs *jobs)
{
    for (size_t i = 0; i < JOBS_MAX; i++) {
        size_t at = (jobs->next + i) % JOBS_MAX;
        if (!is_over(&jobs->items[at]))
            continue;
        jobs->next = (at + 1) % JOBS_MAX;
        return &jobs->items[at];
    }
    return NULL;
}

static bool add(struct jobs *jobs, const char *id)
{
    pthread_mutex_lock(&jobs->lock);
    struct job *job = find_room(jobs);
    if (job) {
        *job = (struct job){.state = JOB_PENDING};
        memcpy(job->id, id, sizeof job->id);
        clock_gettime(CLOCK_REALTIME, &job->created);
    }
    pthread_mutex_unlock(&jobs->lock);
    return job != NULL;
}

sv_status jobs_submit(sv_call *call, sv_str image_url, sv_str *ret_id)
{
    char id[ID_LENGTH + 1];
    if (!make_id(id))
        return SV_UNAVAILABLE;
    if (!add(jobs_of(call), id))
        return sv_fail(call, &too_many_jobs_error, "Too many jobs are waiting; try again later");
    *ret_id = sv_format(call, "%s", id);
    return ret_id->ptr ? run_job_later(call, &(struct job_order){*ret_id, image_url})
                       : SV_NO_MEMORY;
}

static void start(struct jobs *jobs, sv_str id)
{
    pthread_mutex_lock(&jobs->lock);
    struct job *job = find(jobs, id);
    job->state = JOB_PROCESSING;
    clock_gettime(CLOCK_REALTIME, &job->started);
    pthread_mutex_unlock(&jobs->lock);
}

static void keep_answer(struct job *job, const struct prediction_response *answer)
{
    job->state = JOB_COMPLETED;
    job->inference_time_ms = answer->inference_time_ms;
    snprintf(job->model_version, sizeof job->model_version, "%.*s",
             SV_STR_ARG(answer->model_version));
    for (size_t i = 0; i < answer->predictions.len && i < MAX_PREDICTIONS; i++) {
        const struct prediction *from = &answer->predictions.items[i];
        snprintf(job->predictions[i].label, LABEL_SIZE, "%.*s", SV_STR_ARG(from->label));
        job->predictions[i].confidence = from->confidence;
        job->n_predictions++;
    }
}

static void keep_error(struct job *job, const sv_error *error)
{
    job->state = JOB_FAILED;
    snprintf(job->error, sizeof job->error, "%s",
             error->kind ? error->kind->code : "INTERNAL_ERROR");
    snprintf(job->message, sizeof job->message, "%s",
             error->message[0] ? error->message : "The prediction failed");
}

static sv_status predict(sv_call *call, sv_str image_url, sv_error *error,
                         struct prediction_response *ret_answer)
{
    const struct classifier *classifier = ml_models_of(call)->standard;
    if (!classifier)
        return sv_error_set(error, SV_UNAVAILABLE, &model_not_loaded_error,
                            "Model classifier is not loaded");
    return classify_image(call, classifier, image_url, error, ret_answer);
}

static void finish(struct jobs *jobs, sv_str id, const struct prediction_response *answer,
                   const sv_error *error)
{
    pthread_mutex_lock(&jobs->lock);
    struct job *job = find(jobs, id);
    if (answer)
        keep_answer(job, answer);
    else
        keep_error(job, error);
    clock_gettime(CLOCK_REALTIME, &job->finished);
    pthread_mutex_unlock(&jobs->lock);
}

/* After the answer, on a thread of its own. */
static sv_status run_job(sv_call *call, const struct job_order *order)
{
    struct jobs *jobs = jobs_of(call);
    struct prediction_response answer = {0};
    sv_error error = {0};
    start(jobs, order->job_id);
    sv_status status = predict(call, order->image_url, &error, &answer);
    finish(jobs, order->job_id, status ? NULL : &answer, &error);
    return SV_OK;
}

/* RFC 3339, UTC. */
static sv_str format_time(sv_call *call, const struct timespec *when)
{
    char seconds[32];
    struct tm parts;
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", gmtime_r(&when->tv_sec, &parts));
    return sv_format(call, "%s.%03dZ", seconds, (int)(when->tv_nsec / 1000000));
}

static sv_opt_str format_optional(sv_call *call, const struct timespec *when)
{
    return when->tv_sec ? (sv_opt_str){true, format_time(call, when)} : (sv_opt_str){0};
}

static sv_status tell_answer(sv_call *call, const struct job *job, struct job_result *result)
{
    struct prediction_response *answer = &result->answer;
    result->kind = JOB_RESULT_ANSWER;
    answer->model_version = sv_format(call, "%s", job->model_version);
    answer->inference_time_ms = job->inference_time_ms;
    for (size_t i = 0; i < job->n_predictions; i++) {
        struct prediction *prediction = sv_list_push(call, &answer->predictions);
        if (!prediction)
            return SV_NO_MEMORY;
        prediction->label = sv_format(call, "%s", job->predictions[i].label);
        prediction->confidence = job->predictions[i].confidence;
    }
    return SV_OK;
}

static sv_status tell_error(sv_call *call, const struct job *job, struct job_status *out)
{
    out->error = sv_alloc(call, sizeof *out->error);
    if (!out->error)
        return SV_NO_MEMORY;
    out->error->error = sv_format(call, "%s", job->error);
    out->error->message = sv_format(call, "%s", job->message);
    out->result->kind = JOB_RESULT_MESSAGE;
    out->result->message = out->error->message;
    return SV_OK;
}

static sv_status tell(sv_call *call, const struct job *job, struct job_status *out)
{
    out->job_id = sv_format(call, "%s", job->id);
    out->status = job->state;
    out->created_at = format_time(call, &job->created);
    out->started_at = format_optional(call, &job->started);
    out->finished_at = format_optional(call, &job->finished);
    out->attempts = job->state == JOB_PENDING ? 0 : 1;
    if (job->state == JOB_PENDING || job->state == JOB_PROCESSING)
        return SV_OK;
    out->result = sv_alloc(call, sizeof *out->result);
    if (!out->result)
        return SV_NO_MEMORY;
    return job->state == JOB_FAILED ? tell_error(call, job, out)
                                    : tell_answer(call, job, out->result);
}

sv_status jobs_read(sv_call *call, sv_str id, struct job_status *out)
{
    struct jobs *jobs = jobs_of(call);
    pthread_mutex_lock(&jobs->lock);
    const struct job *job = find(jobs, id);
    sv_status status = job ? tell(call, job, out) : SV_NOT_FOUND;
    pthread_mutex_unlock(&jobs->lock);
    return job ? status : sv_fail(call, &job_not_found_error, "Job not found");
}
