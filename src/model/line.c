/* line.c: queues by rank and client, and what is known of a lane's speed. See line.h. */
#include "model/line.h"

/* Weights of the newest service time and of its deviation: 1/8 and 1/4, as TCP smooths its round
 * trips (RFC 6298). */
enum { SMOOTHING = 8, DEVIATION_SMOOTHING = 4, MAX_CHAIN = 16 };

void sv_line_init(sv_line *line)
{
    *line = (sv_line){0};
    sv_list_init(&line->node);
    sv_list_init(&line->lanes);
}

sv_rank sv_line_rank(sv_priority priority)
{
    static const sv_rank ranks[] = {
        [SV_PRIORITY_NORMAL] = SV_RANK_NORMAL,
        [SV_PRIORITY_HIGH] = SV_RANK_HIGH,
        [SV_PRIORITY_LOW] = SV_RANK_LOW,
        [SV_PRIORITY_SHADOW] = SV_RANK_SHADOW,
    };
    return ranks[priority];
}

int64_t sv_line_predict_ns(const sv_work *work)
{
    return sv_work_units(work) * work->lane->service_ns;
}

/* Patience that the model cannot satisfy even at its best tells nothing about whom to serve. */
int64_t sv_line_limit_ns(const sv_work *work)
{
    int64_t patience = sv_patience_get(&work->lane->line->patience);
    if (patience == SV_NEVER || patience < sv_line_predict_ns(work) + work->lane->deviation_ns)
        return work->deadline_ns;
    int64_t leaves = work->submitted_ns + patience;
    return leaves < work->deadline_ns ? leaves : work->deadline_ns;
}

static void init_lane(sv_lane *lane)
{
    sv_list_init(&lane->node);
    sv_list_init(&lane->ages);
    for (int rank = 0; rank < SV_RANKS; rank++)
        sv_list_init(&lane->queues[rank].turns);
}

static const sv_work *last_of_ring(const sv_work *first)
{
    return SV_CONTAINER_OF(first->node.prev, sv_work, node);
}

static sv_work *next_of_client(const sv_work *work)
{
    return sv_list_is_empty(&work->node) ? NULL : SV_CONTAINER_OF(work->node.next, sv_work, node);
}

/* Where the first work of this work's client is, or should be: clients whose hashes share a place
 * are chained; a chain that is too long lets its last client take in others. */
static sv_work **find_client(sv_queue *queue, const sv_work *work)
{
    sv_work **link = &queue->firsts[work->client % SV_LINE_PLACES];
    for (int n = 1; *link && (*link)->client != work->client && n < MAX_CHAIN; n++)
        link = &(*link)->next_client;
    return link;
}

size_t sv_line_count_client(const sv_work *work)
{
    const sv_work *first = *find_client(&work->lane->queues[sv_line_rank(work->priority)], work);
    if (!first || first->client != work->client)
        return 0;
    return last_of_ring(first)->place - first->place + 1;
}

/* The works of a client are a ring without a head. */
static void join_client(sv_queue *queue, sv_work *work)
{
    sv_work **first = find_client(queue, work);
    work->place = 0;
    work->next_client = NULL;
    sv_list_init(&work->node);
    sv_list_init(&work->turn);
    if (*first) {
        work->place = last_of_ring(*first)->place + 1;
        sv_list_append(&(*first)->node, &work->node);
    } else {
        *first = work;
        sv_list_append(&queue->turns, &work->turn);
        queue->n_clients++;
    }
}

/* The next of the same client inherits the turn and the place in the chain of a first work. */
static void hand_over(sv_queue *queue, sv_work *work)
{
    sv_work *next = next_of_client(work);
    sv_work **link = &queue->firsts[work->client % SV_LINE_PLACES];
    while (*link != work)
        link = &(*link)->next_client;
    *link = next ? next : work->next_client;
    if (next) {
        next->next_client = work->next_client;
        sv_list_append(&work->turn, &next->turn); /* just before the one that leaves */
    } else {
        queue->n_clients--;
    }
    sv_list_remove(&work->turn);
}

static void leave_client(sv_queue *queue, sv_work *work)
{
    if (!sv_list_is_empty(&work->turn))
        hand_over(queue, work);
    sv_list_remove(&work->node);
}

static void join_queue(sv_work *work, sv_rank rank)
{
    sv_lane *lane = work->lane;
    sv_queue *queue = &lane->queues[rank];
    work->rank = (uint8_t)rank;
    join_client(queue, work);
    queue->n_works++;
    queue->units += sv_work_units(work);
    lane->line->waiting_ns[rank] += sv_line_predict_ns(work);
    sv_list_init(&work->age);
    if (rank < SV_RANK_LATE)
        sv_list_append(&lane->ages, &work->age);
}

static void leave_queue(sv_work *work)
{
    sv_lane *lane = work->lane;
    sv_queue *queue = &lane->queues[work->rank];
    leave_client(queue, work);
    queue->n_works--;
    queue->units -= sv_work_units(work);
    lane->line->waiting_ns[work->rank] -= sv_line_predict_ns(work);
    sv_list_remove(&work->age);
}

void sv_line_enter(sv_work *work)
{
    sv_lane *lane = work->lane;
    if (!lane->node.next)
        init_lane(lane);
    if (lane->n_waiting++ == 0)
        sv_list_append(&lane->line->lanes, &lane->node);
    lane->line->n_waiting++;
    work->is_waiting = true;
    join_queue(work, sv_line_rank(work->priority));
}

void sv_line_leave(sv_work *work)
{
    sv_lane *lane = work->lane;
    leave_queue(work);
    work->is_waiting = false;
    lane->line->n_waiting--;
    if (--lane->n_waiting == 0)
        sv_list_remove(&lane->node);
}

static bool is_late(const sv_work *work, int64_t now_ns)
{
    int64_t limit = sv_line_limit_ns(work);
    return limit != SV_NEVER &&
           now_ns + sv_line_predict_ns(work) + work->lane->deviation_ns > limit;
}

void sv_line_sink_late(sv_lane *lane, int64_t now_ns)
{
    while (!sv_list_is_empty(&lane->ages)) {
        sv_work *oldest = SV_CONTAINER_OF(lane->ages.next, sv_work, age);
        if (!is_late(oldest, now_ns))
            return;
        leave_queue(oldest);
        join_queue(oldest, SV_RANK_LATE);
    }
}

sv_work *sv_line_first(const sv_lane *lane, sv_rank rank)
{
    const sv_queue *queue = &lane->queues[rank];
    if (queue->n_works == 0)
        return NULL;
    return SV_CONTAINER_OF(queue->turns.next, sv_work, turn);
}

sv_work *sv_line_take(sv_lane *lane, sv_rank rank)
{
    sv_queue *queue = &lane->queues[rank];
    sv_work *work = sv_line_first(lane, rank);
    if (!work)
        return NULL;
    sv_work *next = next_of_client(work);
    sv_line_leave(work);
    if (next) {
        sv_list_remove(&next->turn);
        sv_list_append(&queue->turns, &next->turn);
    }
    return work;
}

sv_rank sv_line_best_rank(const sv_lane *lane)
{
    sv_rank rank = SV_RANK_HIGH;
    while (rank < SV_RANKS && lane->queues[rank].n_works == 0)
        rank++;
    return rank;
}

/* What waits is worth the new time from now on. */
static void set_service(sv_lane *lane, int64_t service_ns)
{
    int64_t more_ns = service_ns - lane->service_ns;
    for (int rank = 0; rank < SV_RANKS; rank++)
        lane->line->waiting_ns[rank] += lane->queues[rank].units * more_ns;
    lane->service_ns = service_ns;
}

void sv_line_learn(sv_lane *lane, int64_t units, int64_t took_ns)
{
    int64_t took = took_ns / units, off = took - lane->service_ns;
    if (lane->service_ns == 0) {
        set_service(lane, took);
        return;
    }
    lane->deviation_ns += ((off < 0 ? -off : off) - lane->deviation_ns) / DEVIATION_SMOOTHING;
    set_service(lane, lane->service_ns + off / SMOOTHING);
}
