/* backlog.c: who runs next. See backlog.h for the design. */
#include "model/backlog.h"

/* How many waiting works are looked at for company, for one batch. */
enum { MAX_LOOKS = 1024 };

void sv_backlog_init(sv_backlog *backlog, size_t n_permits, size_t max_waiting)
{
    *backlog = (sv_backlog){.n_permits = n_permits, .max_waiting = max_waiting};
    sv_list_init(&backlog->lines);
    sv_line_init(&backlog->nobodys);
}

static bool is_full(const sv_lane *lane)
{
    size_t max_running = atomic_load_explicit(&lane->max_running, memory_order_relaxed);
    return max_running && lane->n_running >= max_running;
}

/* `n_others` permits are taken by others. */
static bool may_shadow(const sv_backlog *backlog, size_t n_others)
{
    return backlog->n_permits == 1 || n_others + 1 < backlog->n_permits;
}

/* A line that was empty has saved nothing up. */
static void catch_up(const sv_backlog *backlog, sv_line *line)
{
    if (line->n_waiting == 0 && line->served_ns < backlog->served_ns)
        line->served_ns = backlog->served_ns;
}

/* Counts a run that starts and charges its line. */
static void charge(sv_backlog *backlog, const sv_backlog_run *run)
{
    sv_line *line = run->lane->line;
    if (backlog->served_ns < line->served_ns)
        backlog->served_ns = line->served_ns;
    line->served_ns += run->predicted_ns;
    run->lane->n_running++;
    backlog->running_ns += run->predicted_ns;
    if (run->predicted_ns == 0)
        backlog->n_unknown++;
}

static sv_backlog_run run_of(const sv_work *work)
{
    return (sv_backlog_run){.lane = work->lane,
                            .submitted_ns = work->submitted_ns,
                            .predicted_ns = sv_line_predict_ns(work),
                            .units = sv_work_units(work),
                            .n_works = 1,
                            .is_shadow = work->priority == SV_PRIORITY_SHADOW};
}

bool sv_backlog_may_start(sv_backlog *backlog, const sv_work *work)
{
    sv_lane *lane = work->lane;
    if (!lane->line)
        lane->line = &backlog->nobodys;
    if (backlog->n_running >= backlog->n_permits || is_full(lane))
        return false;
    return work->priority != SV_PRIORITY_SHADOW || may_shadow(backlog, backlog->n_running);
}

bool sv_backlog_start(sv_backlog *backlog, sv_work *work, sv_backlog_run *ret_run)
{
    if (!sv_backlog_may_start(backlog, work))
        return false;
    catch_up(backlog, work->lane->line);
    backlog->n_running++;
    *ret_run = run_of(work);
    charge(backlog, ret_run);
    return true;
}

void sv_backlog_enter(sv_backlog *backlog, sv_work *work)
{
    sv_line *line = work->lane->line;
    catch_up(backlog, line);
    if (line->n_waiting == 0)
        sv_list_append(&backlog->lines, &line->node);
    sv_line_enter(work);
    backlog->n_waiting++;
    backlog->n_shadows += work->priority == SV_PRIORITY_SHADOW;
}

static void count_out(sv_backlog *backlog, const sv_work *work)
{
    sv_line *line = work->lane->line;
    if (line->n_waiting == 0)
        sv_list_remove(&line->node);
    backlog->n_waiting--;
    backlog->n_shadows -= work->priority == SV_PRIORITY_SHADOW;
}

void sv_backlog_leave(sv_backlog *backlog, sv_work *work, bool left, int64_t now_ns)
{
    sv_line_leave(work);
    count_out(backlog, work);
    sv_line *line = work->lane->line;
    if (left && work->priority != SV_PRIORITY_SHADOW)
        sv_patience_note_left(&line->patience, now_ns - work->submitted_ns, now_ns);
    if (line->n_waiting == 0)
        sv_patience_note_empty(&line->patience);
}

/* Those that may be next, one of each lane. */
typedef struct candidate {
    sv_lane *lane;
    sv_rank rank;
} candidate;

/* In time, late, shadow: before all shares. */
static int class_of(sv_rank rank)
{
    return rank < SV_RANK_LATE ? 0 : (int)rank;
}

static bool is_before(const candidate *one, const candidate *other)
{
    if (!other->lane || class_of(one->rank) != class_of(other->rank))
        return !other->lane || class_of(one->rank) < class_of(other->rank);
    int64_t behind = one->lane->line->served_ns - other->lane->line->served_ns;
    if (behind != 0)
        return behind < 0;
    if (one->rank != other->rank)
        return one->rank < other->rank;
    return sv_line_first(one->lane, one->rank)->submitted_ns <
           sv_line_first(other->lane, other->rank)->submitted_ns;
}

static void choose_in_line(const sv_line *line, int64_t now_ns, candidate *best)
{
    for (sv_list_node *node = line->lanes.next; node != &line->lanes; node = node->next) {
        candidate one = {.lane = SV_CONTAINER_OF(node, sv_lane, node)};
        if (is_full(one.lane))
            continue;
        sv_line_sink_late(one.lane, now_ns);
        one.rank = sv_line_best_rank(one.lane);
        if (is_before(&one, best))
            *best = one;
    }
}

static candidate choose(const sv_backlog *backlog, int64_t now_ns)
{
    candidate best = {0};
    for (sv_list_node *node = backlog->lines.next; node != &backlog->lines; node = node->next)
        choose_in_line(SV_CONTAINER_OF(node, sv_line, node), now_ns, &best);
    if (best.lane && best.rank == SV_RANK_SHADOW && !may_shadow(backlog, backlog->n_running - 1))
        best.lane = NULL;
    return best;
}

sv_work *sv_backlog_evict(sv_backlog *backlog)
{
    for (sv_list_node *node = backlog->lines.next; node != &backlog->lines; node = node->next) {
        sv_line *line = SV_CONTAINER_OF(node, sv_line, node);
        for (sv_list_node *of = line->lanes.next; of != &line->lanes; of = of->next) {
            sv_work *shadow = sv_line_take(SV_CONTAINER_OF(of, sv_lane, node), SV_RANK_SHADOW);
            if (!shadow)
                continue;
            count_out(backlog, shadow);
            return shadow;
        }
    }
    return NULL;
}

/* A batch that is being filled. */
typedef struct batch {
    sv_work **works;
    sv_backlog_run *run;
    int64_t now_ns, limit_ns; /* when the first of its members must be done */
} batch;

static int64_t earlier(int64_t one, int64_t other)
{
    return one < other ? one : other;
}

/* Whether the work fits, and makes nobody late by its company. */
static bool can_join(const batch *filled, const sv_work *work)
{
    const sv_work *leader = filled->works[0];
    int64_t units = filled->run->units + sv_work_units(work);
    if (work->batch_class != leader->batch_class || !work->run_batch ||
        units > (int64_t)leader->max_batch_units)
        return false;
    int64_t limit = earlier(filled->limit_ns, sv_line_limit_ns(work));
    return limit == SV_NEVER || filled->now_ns + units * leader->lane->service_ns <= limit;
}

static void join(batch *filled, sv_work *work)
{
    sv_backlog_run *run = filled->run;
    filled->works[run->n_works++] = work;
    run->units += sv_work_units(work);
    run->predicted_ns += sv_line_predict_ns(work);
    filled->limit_ns = earlier(filled->limit_ns, sv_line_limit_ns(work));
}

static bool has_room(const batch *filled)
{
    return filled->run->units < (int64_t)filled->works[0]->max_batch_units &&
           filled->run->n_works < SV_BACKLOG_MAX_BATCH;
}

/* Those of one rank that may join, oldest first. */
static void fill(sv_backlog *backlog, batch *filled, sv_rank rank)
{
    sv_lane *lane = filled->run->lane;
    size_t n_looks = lane->queues[rank].n_works ? MAX_LOOKS : 0;
    sv_list_node *next, *node = lane->ages.next;
    for (; n_looks && node != &lane->ages && has_room(filled); node = next, n_looks--) {
        sv_work *work = SV_CONTAINER_OF(node, sv_work, age);
        next = node->next;
        if (work->rank != rank || !can_join(filled, work))
            continue;
        sv_line_leave(work);
        count_out(backlog, work);
        join(filled, work);
    }
}

static void fill_batch(sv_backlog *backlog, int64_t now_ns, sv_work **works, sv_backlog_run *run)
{
    sv_work *leader = works[0];
    batch filled = {works, run, now_ns, sv_line_limit_ns(leader)};
    if (leader->batch_class == 0 || !leader->run_batch || leader->rank >= SV_RANK_LATE)
        return;
    for (sv_rank rank = SV_RANK_HIGH; rank < SV_RANK_LATE; rank++)
        fill(backlog, &filled, rank);
    for (size_t i = 0; i < run->n_works; i++)
        works[i]->was_batched = run->n_works > 1;
}

size_t sv_backlog_take(sv_backlog *backlog, int64_t now_ns, sv_work **works,
                       sv_backlog_run *ret_run)
{
    candidate next = choose(backlog, now_ns);
    if (!next.lane) {
        backlog->n_running--;
        return 0;
    }
    works[0] = sv_line_take(next.lane, next.rank);
    count_out(backlog, works[0]);
    *ret_run = run_of(works[0]);
    fill_batch(backlog, now_ns, works, ret_run);
    charge(backlog, ret_run);
    return ret_run->n_works;
}

static void teach(const sv_backlog_run *run, const sv_backlog_end *end)
{
    sv_patience *patience = &run->lane->line->patience;
    int64_t age_ns = end->now_ns - run->submitted_ns;
    if (end->was_left) {
        sv_patience_note_left(patience, age_ns, end->now_ns);
        return;
    }
    sv_line_learn(run->lane, end->units, end->took_ns);
    if (!run->is_shadow)
        sv_patience_note_answered(patience, run->n_works, age_ns, end->now_ns);
}

void sv_backlog_finish(sv_backlog *backlog, const sv_backlog_run *run, const sv_backlog_end *end)
{
    sv_lane *lane = run->lane;
    lane->n_running--;
    lane->line->served_ns += (end->units ? end->took_ns : 0) - run->predicted_ns;
    backlog->running_ns -= run->predicted_ns;
    if (run->predicted_ns == 0)
        backlog->n_unknown--;
    if (end->units)
        teach(run, end);
}

int64_t sv_backlog_wait_ns(const sv_backlog *backlog)
{
    int64_t sum_ns = backlog->running_ns / 2;
    if (backlog->n_running < backlog->n_permits)
        return 0;
    for (sv_list_node *node = backlog->lines.next; node != &backlog->lines; node = node->next)
        for (sv_rank rank = SV_RANK_HIGH; rank < SV_RANK_LATE; rank++)
            sum_ns += SV_CONTAINER_OF(node, sv_line, node)->waiting_ns[rank];
    return sum_ns / (int64_t)backlog->n_permits;
}
