/* admission.c: predicted finish, bounds of lines, refusals. See admission.h for the design. */
#include "model/admission.h"

/* Without a sign that clients leave. */
#define MAX_LINE_NS (30 * SV_NS_PER_S)
/* Offered load is a sum that fades with this time. */
#define LOAD_NS ((double)SV_NS_PER_S)
/* Of the permits: from here on lines get shorter, and are as short as they get. */
#define FULL_LOAD 1.0
#define OVERLOAD 1.6
#define MAX_RETRY_NS (30 * SV_NS_PER_S)

enum {
    LONG_PART = 2,   /* of patience, for a line without overload */
    SHORT_PART = 32, /* the same, with overload */
    SHORT_WORKS = 4, /* but at least so many */
    MODEST_FACTOR = 4,
    MAX_SHADOWS = 64,
};

static int64_t smaller(int64_t one, int64_t other)
{
    return one < other ? one : other;
}

static int64_t larger(int64_t one, int64_t other)
{
    return one > other ? one : other;
}

static double faded(const sv_backlog *backlog, int64_t now_ns)
{
    double since = (double)(now_ns - backlog->load_at_ns);
    return backlog->load_ns * LOAD_NS / (LOAD_NS + (since > 0 ? since : 0));
}

void sv_admission_note(sv_backlog *backlog, const sv_work *work, int64_t now_ns)
{
    backlog->load_ns = faded(backlog, now_ns);
    backlog->load_at_ns = now_ns;
    if (work->priority != SV_PRIORITY_SHADOW)
        backlog->load_ns += (double)sv_line_predict_ns(work);
}

/* 1: as much work as the permits can do. */
static double load_at(const sv_backlog *backlog, int64_t now_ns)
{
    return faded(backlog, now_ns) / LOAD_NS / (double)backlog->n_permits;
}

/* Of the works of its own rank and lane: each other client has a turn for each of this client's.
 */
static int64_t ahead_in_queue(const sv_work *work)
{
    const sv_lane *lane = work->lane;
    const sv_queue *queue = &lane->queues[sv_line_rank(work->priority)];
    if (queue->n_works == 0)
        return 0;
    size_t n_own = sv_line_count_client(work), n_others = queue->n_clients - (n_own > 0);
    int64_t turns = (int64_t)(n_own + (n_own + 1) * n_others);
    int64_t each_ns = queue->units * lane->service_ns / (int64_t)queue->n_works;
    return smaller(queue->units * lane->service_ns, turns * each_ns);
}

static int64_t ahead_in_line(const sv_work *work)
{
    const sv_lane *lane = work->lane;
    sv_rank rank = sv_line_rank(work->priority);
    int64_t own_ns = lane->queues[rank].units * lane->service_ns;
    int64_t ahead_ns = ahead_in_queue(work) - own_ns;
    for (sv_rank better = SV_RANK_HIGH; better <= rank; better++)
        ahead_ns += lane->line->waiting_ns[better];
    return larger(ahead_ns, 0);
}

/* Of other lines: while this one uses `own_ns` of its share, each of them uses no more. */
static int64_t ahead_elsewhere(const sv_backlog *backlog, const sv_line *own, int64_t own_ns)
{
    int64_t sum_ns = 0;
    for (sv_list_node *node = backlog->lines.next; node != &backlog->lines; node = node->next) {
        const sv_line *line = SV_CONTAINER_OF(node, sv_line, node);
        int64_t waiting_ns = 0;
        for (sv_rank rank = SV_RANK_HIGH; rank < SV_RANK_LATE; rank++)
            waiting_ns += line->waiting_ns[rank];
        sum_ns += line == own ? 0 : smaller(waiting_ns, own_ns);
    }
    return sum_ns;
}

/* Half of each that runs; one that was never measured is taken for one like this. */
static int64_t left_of_running(const sv_backlog *backlog, int64_t service_ns)
{
    return (backlog->running_ns + (int64_t)backlog->n_unknown * service_ns) / 2;
}

/* A lane that may use fewer permits than there are has a wait of its own. */
static int64_t wait_for_lane(const sv_lane *lane, int64_t running_ns)
{
    int64_t units = 0;
    size_t max_running = atomic_load_explicit(&lane->max_running, memory_order_relaxed);
    if (max_running == 0 || lane->n_running < max_running)
        return 0;
    for (sv_rank rank = SV_RANK_HIGH; rank < SV_RANK_LATE; rank++)
        units += lane->queues[rank].units;
    return (units * lane->service_ns + running_ns) / (int64_t)max_running;
}

sv_forecast sv_admission_predict(const sv_backlog *backlog, const sv_work *work)
{
    const sv_lane *lane = work->lane;
    int64_t permits = (int64_t)backlog->n_permits, own_ns = sv_line_predict_ns(work);
    int64_t ahead_ns = ahead_in_line(work), line_ns = 0, wait_ns = 0;
    if (backlog->n_running >= backlog->n_permits) {
        line_ns = ahead_ns + ahead_elsewhere(backlog, lane->line, ahead_ns);
        wait_ns = ahead_ns + ahead_elsewhere(backlog, lane->line, ahead_ns + own_ns) +
                  left_of_running(backlog, lane->service_ns);
    }
    int64_t lane_running_ns = (int64_t)lane->n_running * lane->service_ns / 2;
    line_ns = larger(line_ns / permits, wait_for_lane(lane, 0));
    wait_ns = larger(wait_ns / permits, wait_for_lane(lane, lane_running_ns));
    return (sv_forecast){line_ns, wait_ns, wait_ns + own_ns};
}

/* Works that keep one permit busy through the gaps between arrivals, and fill a batch; more for
 * a client that has fewer in line than others, which have several: it is not why there is a bound.
 */
static int64_t few_works_ns(const sv_work *work)
{
    const sv_lane *lane = work->lane;
    const sv_queue *queue = &lane->queues[sv_line_rank(work->priority)];
    int64_t units = SHORT_WORKS * sv_work_units(work);
    if (work->max_batch_units > 1)
        units += (int64_t)work->max_batch_units;
    bool is_modest = queue->n_works > queue->n_clients &&
                     sv_line_count_client(work) * queue->n_clients < queue->n_works;
    return units * lane->service_ns * (is_modest ? MODEST_FACTOR : 1);
}

int64_t sv_admission_limit_ns(const sv_backlog *backlog, const sv_work *work, int64_t now_ns)
{
    const sv_lane *lane = work->lane;
    int64_t patience_ns = sv_patience_get(&lane->line->patience);
    if (patience_ns == SV_NEVER || patience_ns < sv_line_predict_ns(work) + lane->deviation_ns)
        return MAX_LINE_NS;
    int64_t longest = smaller(patience_ns / LONG_PART, MAX_LINE_NS);
    int64_t shortest =
        larger(patience_ns / SHORT_PART, few_works_ns(work) / (int64_t)backlog->n_permits);
    double over = (load_at(backlog, now_ns) - FULL_LOAD) / (OVERLOAD - FULL_LOAD);
    if (over <= 0 || shortest >= longest)
        return longest;
    return over >= 1 ? shortest : longest - (int64_t)(over * (double)(longest - shortest));
}

/* A client that has more works in line than the others have on average. */
static bool has_more_than_its_share(const sv_work *work)
{
    const sv_queue *queue = &work->lane->queues[sv_line_rank(work->priority)];
    if (work->client == 0 || queue->n_clients < 2)
        return false;
    return sv_line_count_client(work) * queue->n_clients > queue->n_works;
}

static bool refuse(sv_work_refusal *ret_refusal, const sv_work *work, sv_refusal_reason reason,
                   int64_t after_ns)
{
    int64_t seconds = (smaller(after_ns, MAX_RETRY_NS) + SV_NS_PER_S - 1) / SV_NS_PER_S;
    bool is_share = work->lane->node.next && has_more_than_its_share(work);
    *ret_refusal = (sv_work_refusal){.reason = is_share ? SV_REFUSED_SHARE : reason,
                                     .retry_after_s = larger(seconds, 1)};
    return false;
}

/* When the line has shrunk, and what is refused within a second has been done, too. */
static int64_t retry_after(const sv_backlog *backlog, int64_t excess_ns, int64_t now_ns)
{
    double over = load_at(backlog, now_ns) - FULL_LOAD;
    return excess_ns + (over > 0 ? (int64_t)(over * LOAD_NS) : 0);
}

bool sv_admission_decide(const sv_backlog *backlog, const sv_work *work, int64_t now_ns,
                         sv_work_refusal *ret_refusal)
{
    sv_forecast forecast = sv_admission_predict(backlog, work);
    if (work->priority == SV_PRIORITY_SHADOW)
        return (backlog->n_shadows < MAX_SHADOWS && backlog->n_waiting < backlog->max_waiting) ||
               refuse(ret_refusal, work, SV_REFUSED_LINE_FULL, forecast.wait_ns);
    int64_t left_ns = work->deadline_ns == SV_NEVER ? SV_NEVER : work->deadline_ns - now_ns;
    if (forecast.finish_ns > left_ns)
        return refuse(ret_refusal, work, SV_REFUSED_DEADLINE, forecast.finish_ns - left_ns);
    if (backlog->n_waiting - backlog->n_shadows >= backlog->max_waiting)
        return refuse(ret_refusal, work, SV_REFUSED_LINE_FULL, forecast.wait_ns);
    int64_t limit_ns = sv_line_limit_ns(work),
            bound_ns = sv_admission_limit_ns(backlog, work, now_ns);
    int64_t leaves_ns = limit_ns == SV_NEVER ? SV_NEVER : limit_ns - now_ns;
    if (forecast.line_ns <= bound_ns && forecast.finish_ns <= leaves_ns)
        return true;
    int64_t excess_ns = larger(forecast.line_ns - bound_ns, forecast.finish_ns - leaves_ns);
    return refuse(ret_refusal, work, SV_REFUSED_LINE_FULL, retry_after(backlog, excess_ns, now_ns));
}
