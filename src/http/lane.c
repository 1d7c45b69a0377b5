/* lane.c: what the connections of one loop share: spare requests, the output buffer, the Date. No
 * protocol here. */
#include "http/lane.h"

#include "http/connection.h"
#include "http/request.h"

enum { MAX_SPARE = 64, FIRST_OUT_BYTES = 16 * 1024 };
static const size_t MAX_OUT_BYTES = (size_t)4 << 20;

sv_status sv_lane_init(sv_lane *lane, sv_lane_shared *shared, sv_loop *loop)
{
    *lane = (sv_lane){.shared = shared, .loop = loop};
    sv_list_init(&lane->connections);
    sv_buf_init(&lane->out, MAX_OUT_BYTES);
    return sv_buf_reserve(&lane->out, FIRST_OUT_BYTES) ? SV_OK : SV_NO_MEMORY;
}

void sv_lane_deinit(sv_lane *lane)
{
    while (lane->spare) {
        sv_request *request = lane->spare;
        lane->spare = request->next_spare;
        sv_request_free(request);
    }
    lane->n_spare = 0;
    sv_buf_deinit(&lane->out);
}

sv_request *sv_lane_take_request(sv_lane *lane)
{
    sv_request *request = lane->spare;
    if (request) {
        lane->spare = request->next_spare;
        lane->n_spare--;
    } else {
        request = sv_request_new(lane);
    }
    if (request && sv_request_start(request, &lane->shared->config)) {
        sv_request_free(request);
        return NULL;
    }
    return request;
}

void sv_lane_put_request(sv_lane *lane, sv_request *request)
{
    if (lane->n_spare == MAX_SPARE) {
        sv_request_free(request);
        return;
    }
    sv_request_forget(request);
    request->next_spare = lane->spare;
    lane->spare = request;
    lane->n_spare++;
}

sv_str sv_lane_date(sv_lane *lane, int64_t now_ns)
{
    if (!lane->date[0] || now_ns >= lane->date_until_ns) {
        int64_t wall = sv_clock_wall_ns(lane->shared->config.clock);
        sv_clock_format_http(wall, lane->date);
        int64_t into_second = wall % SV_NS_PER_S;
        lane->date_until_ns = now_ns + SV_NS_PER_S - (into_second < 0 ? 0 : into_second);
    }
    return sv_str_from(lane->date);
}

void sv_lane_add_connection(sv_lane *lane, sv_list_node *node)
{
    sv_list_append(&lane->connections, node);
    if (lane->is_listening)
        atomic_fetch_add(&lane->shared->n_connections, 1);
}

void sv_lane_wake_server(sv_lane *lane)
{
    pthread_mutex_lock(&lane->shared->lock);
    pthread_cond_broadcast(&lane->shared->changed);
    pthread_mutex_unlock(&lane->shared->lock);
}

void sv_lane_remove_connection(sv_lane *lane, sv_list_node *node)
{
    sv_list_remove(node);
    if (lane->is_listening && atomic_fetch_sub(&lane->shared->n_connections, 1) == 1 &&
        atomic_load(&lane->shared->is_draining))
        sv_lane_wake_server(lane);
}

void sv_lane_count_out(sv_lane *lane, int by)
{
    size_t n = atomic_load_explicit(&lane->n_out, memory_order_relaxed) + (size_t)by;
    atomic_store_explicit(&lane->n_out, n, memory_order_release);
}

/* `act` may take the connection out of the list, but no other. */
static void for_each_connection(sv_lane *lane, void (*act)(sv_connection *connection))
{
    sv_list_node *node = lane->connections.next;
    while (node != &lane->connections) {
        sv_list_node *next = node->next;
        act(sv_connection_from_node(node));
        node = next;
    }
}

void sv_lane_drain(sv_lane *lane)
{
    for_each_connection(lane, sv_connection_drain);
}

void sv_lane_cut(sv_lane *lane)
{
    for_each_connection(lane, sv_connection_cut);
}
