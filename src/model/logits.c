/* logits.c: see logits.h for what it is and how. Sums are doubles; weights are floats. */
#include "model/logits.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Of tokens that are looked at together; of parts of a band. */
enum { BLOCK = 64, BUCKETS = 512 };

/* Reaching further in the order: what the search for a cut still has to look at. */
typedef struct cut_search {
    const sv_logits *logits;
    sv_logits_cut cut; /* of members */
    float high, low;   /* members have logits in [low, high] */
    double per_unit;   /* parts of the band for each unit of a logit */
    bool counts;       /* each member adds 1 instead of its weight */
    double before;     /* added by those above `high` */
    double target;     /* the cut is where the sum reaches this */
    sv_logits_cut found;
} cut_search;

/* ---- Blocks ---- */

/* The BLOCK logits from `first` on; past the end there are impossible ones, in `room`. */
static const float *read_block(const float *values, size_t n, size_t first, float room[BLOCK])
{
    if (n - first >= BLOCK)
        return values + first;
    for (size_t i = 0; i < BLOCK; i++)
        room[i] = i < n - first ? values[first + i] : -INFINITY;
    return room;
}

static bool has_from(const float block[BLOCK], float low)
{
    int any = 0;
    for (int i = 0; i < BLOCK; i++)
        any |= block[i] >= low;
    return any;
}

static bool has_above(const float block[BLOCK], float low)
{
    int any = 0;
    for (int i = 0; i < BLOCK; i++)
        any |= block[i] > low;
    return any;
}

/* All bits where `holds`, else none: choices without a branch are what compilers turn into vectors.
 */
static inline uint32_t mask_of(int holds)
{
    return 0u - (uint32_t)holds;
}

/* The bits of 2^x by the nearest whole number, added to the exponent, and a polynomial for the
 * rest: the first terms of Chebyshev's series of 2^x in [-0.5, 0.5]. Adding 1.5 * 2^23 rounds. */
static inline uint32_t raise_two(float x)
{
    const float rounder = 12582912.0f;
    float rounded = x + rounder;
    float f = x - (rounded - rounder);
    float power =
        1.00000012f +
        f * (0.693147182f +
             f * (0.240221068f + f * (0.0555032715f + f * (0.00967603736f + f * 0.00134004327f))));
    uint32_t exponent, bits;
    memcpy(&exponent, &rounded, sizeof exponent);
    memcpy(&bits, &power, sizeof bits);
    return bits + (exponent << 23);
}

/* Comparing with the best makes it 1 exactly, also where both are infinite. */
static inline float weigh(float value, float best, float scale)
{
    const uint32_t one = 0x3f800000;
    float x = (value - best) * scale, weight;
    uint32_t bits = raise_two(x) & mask_of(x > -125.0f), is_best = mask_of(value == best);
    bits = (bits & ~is_best) | (one & is_best);
    memcpy(&weight, &bits, sizeof weight);
    return weight;
}

static void weigh_block(const sv_logits *logits, const float block[restrict BLOCK],
                        float weights[restrict BLOCK])
{
    float best = logits->best, scale = logits->scale;
    for (int i = 0; i < BLOCK; i++)
        weights[i] = weigh(block[i], best, scale);
}

/* Is the token part of what the cut keeps? */
static inline bool is_kept(sv_logits_cut cut, float value, sv_token token)
{
    return value > cut.value || (value == cut.value && token <= cut.token);
}

/* The weights of what the cut keeps, 0 for the others. */
static void weigh_kept(const sv_logits *logits, sv_logits_cut cut, size_t first,
                       const float block[restrict BLOCK], float weights[restrict BLOCK])
{
    float best = logits->best, scale = logits->scale, low = cut.value;
    int32_t last = cut.token, id = (int32_t)first;
    for (int i = 0; i < BLOCK; i++) {
        float weight = weigh(block[i], best, scale);
        uint32_t bits;
        memcpy(&bits, &weight, sizeof bits);
        bits &= mask_of((block[i] > low) | ((block[i] == low) & (id + i <= last)));
        memcpy(&weights[i], &bits, sizeof bits);
    }
}

static double add_block(const float weights[BLOCK])
{
    enum { LANES = 8 };
    float sums[LANES] = {0};
    for (int i = 0; i < BLOCK; i += LANES)
        for (int j = 0; j < LANES; j++)
            sums[j] += weights[i + j];
    double sum = 0;
    for (int j = 0; j < LANES; j++)
        sum += sums[j];
    return sum;
}

/* ---- The best ---- */

static float find_highest(const float *values, size_t n)
{
    enum { LANES = 16 };
    float highest[LANES], room[BLOCK];
    for (int j = 0; j < LANES; j++)
        highest[j] = -INFINITY;
    for (size_t first = 0; first < n; first += BLOCK) {
        const float *block = read_block(values, n, first, room);
        for (int i = 0; i < BLOCK; i += LANES)
            for (int j = 0; j < LANES; j++)
                highest[j] = block[i + j] > highest[j] ? block[i + j] : highest[j];
    }
    float best = highest[0];
    for (int j = 1; j < LANES; j++)
        best = highest[j] > best ? highest[j] : best;
    return best;
}

sv_token sv_logits_best(const float *values, size_t n)
{
    float best = find_highest(values, n), room[BLOCK];
    if (best == -INFINITY)
        return SV_NO_TOKEN;
    size_t first = 0;
    while (!has_from(read_block(values, n, first, room), best))
        first += BLOCK;
    while (!(values[first] == best))
        first++;
    return (sv_token)first;
}

sv_logits sv_logits_view(const float *values, size_t n, double temperature)
{
    const double log2_e = 1.4426950408889634, largest = 1e30;
    double scale = log2_e / temperature;
    return (sv_logits){.values = values,
                       .n = n,
                       .best = find_highest(values, n),
                       .scale = (float)(scale < largest ? scale : largest)};
}

sv_logits_cut sv_logits_all(void)
{
    return (sv_logits_cut){.value = -INFINITY, .token = INT32_MAX};
}

float sv_logits_weight(const sv_logits *logits, float value)
{
    return weigh(value, logits->best, logits->scale);
}

/* ---- Lists: heaps whose root is the last in the order ---- */

static bool comes_before(sv_logit a, sv_logit b)
{
    return is_kept(b, a.value, a.token);
}

static void sink(sv_logit *heap, size_t n, size_t at)
{
    for (size_t child = 2 * at + 1; child < n; child = 2 * at + 1) {
        if (child + 1 < n && comes_before(heap[child], heap[child + 1]))
            child++;
        if (comes_before(heap[child], heap[at]))
            return;
        sv_logit moved = heap[at];
        heap[at] = heap[child];
        heap[child] = moved;
        at = child;
    }
}

static void make_heap(sv_logit *list, size_t n)
{
    for (size_t i = n / 2; i > 0; i--)
        sink(list, n, i - 1);
}

/* A heap becomes a list, first in the order first. */
static void sort_heap(sv_logit *heap, size_t n)
{
    for (size_t end = n; end > 1; end--) {
        sv_logit last = heap[0];
        heap[0] = heap[end - 1];
        heap[end - 1] = last;
        sink(heap, end - 1, 0);
    }
}

/* Ids only rise: a later token takes the place of the last one by a higher logit only. */
static size_t put_best(sv_logit *heap, size_t n, size_t capacity, sv_logit logit)
{
    if (n == capacity) {
        heap[0] = logit;
        sink(heap, n, 0);
        return n;
    }
    heap[n++] = logit;
    if (n == capacity)
        make_heap(heap, n);
    return n;
}

size_t sv_logits_top(const float *values, size_t n, sv_logit *top, size_t capacity)
{
    float room[BLOCK], low = -INFINITY; /* what a token must be above */
    size_t count = 0;
    for (size_t first = 0; first < n && capacity > 0; first += BLOCK) {
        const float *block = read_block(values, n, first, room);
        if (!has_above(block, low))
            continue;
        for (size_t i = 0; i < BLOCK; i++) {
            if (!(block[i] > low))
                continue;
            count = put_best(top, count, capacity, (sv_logit){block[i], (sv_token)(first + i)});
            low = count == capacity ? top[0].value : -INFINITY;
        }
    }
    if (count < capacity)
        make_heap(top, count);
    sort_heap(top, count);
    return count;
}

/* ---- The search for a cut ---- */

static bool is_member(const cut_search *search, float value, sv_token token)
{
    return value >= search->low && value <= search->high && is_kept(search->cut, value, token);
}

/* Members into `list`, of SV_LOGITS_LIST; returns how many there are, also when there are more. */
static size_t list_members(const cut_search *search, sv_logit *list)
{
    const sv_logits *logits = search->logits;
    float room[BLOCK];
    size_t count = 0;
    for (size_t first = 0; first < logits->n; first += BLOCK) {
        const float *block = read_block(logits->values, logits->n, first, room);
        if (!has_from(block, search->low))
            continue;
        for (size_t i = 0; i < BLOCK; i++) {
            if (!is_member(search, block[i], (sv_token)(first + i)))
                continue;
            if (count < SV_LOGITS_LIST)
                list[count] = (sv_logit){block[i], (sv_token)(first + i)};
            count++;
        }
    }
    return count;
}

static double measure(const cut_search *search, float value)
{
    return search->counts ? 1 : (double)sv_logits_weight(search->logits, value);
}

/* Few members: one by one. False: the target lies below all of them; they are `before` then. */
static bool find_in_list(cut_search *search, sv_logit *list, size_t n)
{
    make_heap(list, n);
    sort_heap(list, n);
    for (size_t i = 0; i < n; i++) {
        search->before += measure(search, list[i].value);
        search->found = list[i];
        if (search->before >= search->target)
            return true;
    }
    return false;
}

/* All members are equal: so many of them, by id. */
static void find_among_equals(cut_search *search)
{
    const sv_logits *logits = search->logits;
    double step = measure(search, search->low);
    for (size_t i = 0; i < logits->n; i++) {
        if (!is_member(search, logits->values[i], (sv_token)i))
            continue;
        search->before += step;
        search->found = (sv_logit){logits->values[i], (sv_token)i};
        if (search->before >= search->target)
            return;
    }
}

/* Which part of the band [low, high] a member lies in: 0 is the highest. In doubles, in which no
 * difference of floats overflows or vanishes. */
static size_t find_bucket(const cut_search *search, float value)
{
    double at = ((double)search->high - (double)value) * search->per_unit;
    return at < BUCKETS ? (size_t)at : BUCKETS - 1;
}

static void fill_buckets(const cut_search *search, double buckets[BUCKETS])
{
    const sv_logits *logits = search->logits;
    float room[BLOCK], weights[BLOCK];
    memset(buckets, 0, BUCKETS * sizeof *buckets);
    for (size_t first = 0; first < logits->n; first += BLOCK) {
        const float *block = read_block(logits->values, logits->n, first, room);
        if (!has_from(block, search->low))
            continue;
        weigh_block(logits, block, weights);
        for (size_t i = 0; i < BLOCK; i++)
            if (is_member(search, block[i], (sv_token)(first + i)))
                buckets[find_bucket(search, block[i])] += search->counts ? 1 : (double)weights[i];
    }
}

/* The band becomes the members of one part of it, from the highest of them to the lowest. */
static void narrow_to(cut_search *search, size_t bucket)
{
    const sv_logits *logits = search->logits;
    float room[BLOCK], high = -INFINITY, low = INFINITY;
    for (size_t first = 0; first < logits->n; first += BLOCK) {
        const float *block = read_block(logits->values, logits->n, first, room);
        if (!has_from(block, search->low))
            continue;
        for (size_t i = 0; i < BLOCK; i++) {
            if (!is_member(search, block[i], (sv_token)(first + i)) ||
                find_bucket(search, block[i]) != bucket)
                continue;
            high = block[i] > high ? block[i] : high;
            low = block[i] < low ? block[i] : low;
        }
    }
    search->high = high;
    search->low = low;
}

/* Buckets of weights that vanish are as good as empty: the last one that is not has the cut, where
 * rounding keeps the sum from the target. */
static void narrow(cut_search *search)
{
    double buckets[BUCKETS], sum = search->before;
    search->per_unit = BUCKETS / ((double)search->high - (double)search->low);
    fill_buckets(search, buckets);
    size_t chosen = 0;
    for (size_t i = 0; i < BUCKETS; i++) {
        if (!(buckets[i] > 0))
            continue;
        search->before = sum;
        sum += buckets[i];
        chosen = i;
        if (sum >= search->target)
            break;
    }
    narrow_to(search, chosen);
}

/* Each round ends with fewer members: both ends of a band are members from the second on. */
static sv_logits_cut find_cut(cut_search *search)
{
    sv_logit list[SV_LOGITS_LIST];
    for (;;) {
        size_t n = list_members(search, list);
        if (n <= SV_LOGITS_LIST) {
            find_in_list(search, list, n);
            return search->found;
        }
        if (!(search->low < search->high)) {
            find_among_equals(search);
            return search->found;
        }
        narrow(search);
    }
}

/* ---- Cuts ---- */

/* The logit whose weight is `share`, at most 1; nothing below what weighs anything. */
static float find_value_of(const sv_logits *logits, double share)
{
    double value = share > 0 ? (double)logits->best + log2(share) / (double)logits->scale : -1e39;
    double floor = (double)logits->best - 125.0 / (double)logits->scale;
    value = value > floor ? value : floor;
    return value > -(double)FLT_MAX ? (float)value : -FLT_MAX;
}

sv_logits_cut sv_logits_keep_count(const sv_logits *logits, size_t k)
{
    if (k >= logits->n)
        return sv_logits_all();
    sv_logit list[SV_LOGITS_LIST];
    if (k <= SV_LOGITS_LIST) {
        size_t n = sv_logits_top(logits->values, logits->n, list, k);
        return n < k ? sv_logits_all() : list[k - 1];
    }
    cut_search search = {.logits = logits,
                         .cut = sv_logits_all(),
                         .high = logits->best,
                         .low = -FLT_MAX,
                         .counts = true,
                         .target = (double)k,
                         .found = sv_logits_all()};
    return find_cut(&search);
}

sv_logits_cut sv_logits_keep_share(const sv_logits *logits, sv_logits_cut cut, double p)
{
    double mass = sv_logits_mass(logits, cut);
    float bound = find_value_of(logits, mass / SV_LOGITS_LIST);
    cut_search search = {.logits = logits,
                         .cut = cut,
                         .high = logits->best,
                         .low = bound < logits->best ? bound : logits->best,
                         .target = p * mass,
                         .found = cut};
    /* At most SV_LOGITS_LIST, but for rounding. */
    sv_logit list[SV_LOGITS_LIST];
    size_t n = list_members(&search, list);
    if (n > 0 && n <= SV_LOGITS_LIST && find_in_list(&search, list, n))
        return search.found;
    search.before = 0;
    search.low = find_value_of(logits, 0);
    return find_cut(&search);
}

sv_logits_cut sv_logits_keep_above(const sv_logits *logits, sv_logits_cut cut, double p)
{
    float low = find_value_of(logits, p);
    return low > cut.value ? (sv_logits_cut){.value = low, .token = INT32_MAX} : cut;
}

/* ---- Sums and draws ---- */

double sv_logits_mass(const sv_logits *logits, sv_logits_cut cut)
{
    float room[BLOCK], weights[BLOCK];
    double mass = 0;
    for (size_t first = 0; first < logits->n; first += BLOCK) {
        const float *block = read_block(logits->values, logits->n, first, room);
        if (!has_from(block, cut.value))
            continue;
        weigh_kept(logits, cut, first, block, weights);
        mass += add_block(weights);
    }
    return mass;
}

/* The token of a block at `at` from its beginning; the last one with a weight, where rounding puts
 * `at` past it. */
static sv_token draw_in_block(const float weights[BLOCK], size_t first, double at)
{
    sv_token token = SV_NO_TOKEN;
    for (size_t i = 0; i < BLOCK && at >= 0; i++) {
        if (weights[i] > 0)
            token = (sv_token)(first + i);
        at -= (double)weights[i];
    }
    return token;
}

sv_token sv_logits_draw(const sv_logits *logits, sv_logits_cut cut, double u)
{
    double at = u * sv_logits_mass(logits, cut);
    sv_token token = SV_NO_TOKEN;
    float room[BLOCK], weights[BLOCK];
    for (size_t first = 0; first < logits->n && at >= 0; first += BLOCK) {
        const float *block = read_block(logits->values, logits->n, first, room);
        if (!has_from(block, cut.value))
            continue;
        weigh_kept(logits, cut, first, block, weights);
        double mass = add_block(weights);
        if (mass > 0 && at < mass)
            return draw_in_block(weights, first, at);
        if (mass > 0)
            token = draw_in_block(weights, first, mass);
        at -= mass;
    }
    return token;
}
