/* sequence_line.c: see the header. */
#include "model/sequence_line.h"

/* Answers end before what they may have: this share of it was seen to be used. */
static const double USED_SHARE = 0.5;

static int rank_of(sv_priority priority)
{
    switch (priority) {
    case SV_PRIORITY_HIGH:
        return 0;
    case SV_PRIORITY_NORMAL:
        return 1;
    case SV_PRIORITY_LOW:
    case SV_PRIORITY_SHADOW:
        break;
    }
    return 2;
}

static size_t count_running(sv_generation *const *running, size_t n, uint32_t client)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += running[i] && running[i]->request.client == client;
    return count;
}

sv_generation *sv_sequence_line_next(const sv_list_node *line, sv_generation *const *running,
                                     size_t n_running)
{
    sv_generation *best = NULL;
    size_t best_count = 0;
    for (sv_list_node *node = line->next; node != line; node = node->next) {
        sv_generation *one = SV_CONTAINER_OF(node, sv_generation, node);
        int rank = rank_of(one->request.priority);
        size_t count = count_running(running, n_running, one->request.client);
        int best_rank = best ? rank_of(best->request.priority) : 0;
        if (best && (rank > best_rank || (rank == best_rank && count >= best_count)))
            continue;
        best = one;
        best_count = count;
    }
    return best;
}

int64_t sv_sequence_line_predict(const sv_sequence_load *load)
{
    double ns = (double)load->n_prompt_tokens * load->prompt_ns + load->step_ns;
    if (load->n_free_slots <= load->n_waiting && load->n_running > 0) {
        double turns = (double)(load->n_waiting - load->n_free_slots + 1);
        double steps = USED_SHARE * (double)load->n_left_tokens / (double)load->n_running;
        ns += steps * load->step_ns * turns / (double)load->n_running;
    }
    return ns < (double)INT64_MAX ? (int64_t)ns : INT64_MAX;
}
