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
    sv_logits_cut cut;    /* of members */
    float high, low;      /* members have logits in [low, high] */
    float zoom, per_unit; /* parts of the band: (high * zoom - logit * zoom) * per_unit */
    bool counts;          /* each member adds 1 instead of its weight */
    double before;        /* added by those above `high` */
    double target;        /* the cut is where the sum reaches this */
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

/* False: the cut keeps nothing of the block. */
static bool has_kept(sv_logits_cut cut, size_t first, const float block[BLOCK])
{
    return first > (size_t)cut.token ? has_above(block, cut.value) : has_from(block, cut.value);
}

/* The weights of what the cut keeps, 0 for the others. */
static void weigh_kept(const sv_logits *logits, sv_logits_cut cut, size_t first,
                       const float block[restrict BLOCK], float weights[restrict BLOCK])
{
    if (cut.value == -INFINITY) {
        weigh_block(logits, block, weights);
        return;
    }
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

/* Of those that are possible; INFINITY: none is. */
static float find_lowest(const float *values, size_t n)
{
    enum { LANES = 16 };
    float lowest[LANES], room[BLOCK];
    for (int j = 0; j < LANES; j++)
        lowest[j] = INFINITY;
    for (size_t first = 0; first < n; first += BLOCK) {
        const float *block = read_block(values, n, first, room);
        for (int i = 0; i < BLOCK; i += LANES)
            for (int j = 0; j < LANES; j++) {
                int is_lower = (block[i + j] < lowest[j]) & (block[i + j] > -INFINITY);
                lowest[j] = is_lower ? block[i + j] : lowest[j];
            }
    }
    float low = lowest[0];
    for (int j = 1; j < LANES; j++)
        low = lowest[j] < low ? lowest[j] : low;
    return low;
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

static inline bool is_member(const cut_search *search, float value, sv_token token)
{
    return value >= search->low && value <= search->high && is_kept(search->cut, value, token);
}

static double measure(const cut_search *search, float value)
{
    return search->counts ? 1 : (double)sv_logits_weight(search->logits, value);
}

/* Powers of two that keep differences of the band's floats from overflow and from vanishing. */
static void scale_buckets(cut_search *search)
{
    double range = (double)search->high - (double)search->low;
    search->zoom = range > 1e38 ? 0.25f : range < 1e-20 ? 0x1p64f : 1;
    search->per_unit = (float)(BUCKETS / (range * (double)search->zoom));
}

/* Which part of the band [low, high] each member lies in: 0 is the highest; BUCKETS: no member.
 * Rounding moves no logit past another. */
static void find_buckets(const cut_search *search, size_t first, const float block[restrict BLOCK],
                         int32_t buckets[restrict BLOCK])
{
    const float last = BUCKETS - 1;
    float zoom = search->zoom, per_unit = search->per_unit, top = search->high * zoom;
    float high = search->high, low = search->low, cut = search->cut.value;
    int32_t last_kept = search->cut.token, id = (int32_t)first;
    for (int i = 0; i < BLOCK; i++) {
        float at = (top - block[i] * zoom) * per_unit;
        uint32_t bucket = (uint32_t)(int32_t)(at < last ? (at > 0 ? at : 0) : last);
        int kept = (block[i] > cut) | ((block[i] == cut) & (id + i <= last_kept));
        uint32_t member = mask_of(kept & (block[i] >= low) & (block[i] <= high));
        buckets[i] = (int32_t)((bucket & member) | (BUCKETS & ~member));
    }
}

static bool has_bucket(const int32_t buckets[BLOCK], int32_t bucket)
{
    int any = 0;
    for (int i = 0; i < BLOCK; i++)
        any |= buckets[i] == bucket;
    return any;
}

/* Two sums of each, in turns: neighbours of the same bucket need not wait for each other. */
static void fill_buckets(const cut_search *search, double sums[BUCKETS][2])
{
    const sv_logits *logits = search->logits;
    float room[BLOCK], weights[BLOCK];
    int32_t buckets[BLOCK];
    memset(sums, 0, BUCKETS * sizeof *sums);
    for (int i = 0; i < BLOCK; i++)
        weights[i] = 1;
    for (size_t first = 0; first < logits->n; first += BLOCK) {
        const float *block = read_block(logits->values, logits->n, first, room);
        if (!has_from(block, search->low))
            continue;
        find_buckets(search, first, block, buckets);
        if (!search->counts)
            weigh_block(logits, block, weights);
        for (size_t i = 0; i < BLOCK; i++)
            if (buckets[i] < BUCKETS)
                sums[buckets[i]][i % 2] += (double)weights[i];
    }
}

/* The bucket in which the sum reaches the target: what lies above it is `before` then. Weights that
 * vanish make no bucket; where rounding keeps the sum from the target, it is the last one. */
static int32_t choose_bucket(cut_search *search)
{
    double sums[BUCKETS][2], sum = search->before;
    fill_buckets(search, sums);
    int32_t chosen = 0;
    for (int32_t i = 0; i < BUCKETS; i++) {
        double own = sums[i][0] + sums[i][1];
        if (!(own > 0))
            continue;
        search->before = sum;
        sum += own;
        chosen = i;
        if (sum >= search->target)
            break;
    }
    return chosen;
}

/* The band becomes the members of `bucket`, from the highest of them to the lowest. They go into
 * `list`, of SV_LOGITS_LIST; returns how many there are, also when there are more. */
static size_t narrow_to(cut_search *search, int32_t bucket, sv_logit *list)
{
    const sv_logits *logits = search->logits;
    float room[BLOCK], high = -INFINITY, low = INFINITY;
    int32_t buckets[BLOCK];
    size_t count = 0;
    for (size_t first = 0; first < logits->n; first += BLOCK) {
        const float *block = read_block(logits->values, logits->n, first, room);
        if (!has_from(block, search->low))
            continue;
        find_buckets(search, first, block, buckets);
        if (!has_bucket(buckets, bucket))
            continue;
        for (size_t i = 0; i < BLOCK; i++) {
            if (buckets[i] != bucket)
                continue;
            high = block[i] > high ? block[i] : high;
            low = block[i] < low ? block[i] : low;
            if (count < SV_LOGITS_LIST)
                list[count] = (sv_logit){block[i], (sv_token)(first + i)};
            count++;
        }
    }
    search->high = high;
    search->low = low;
    return count;
}

/* One by one, best first. */
static sv_logits_cut find_in_list(cut_search *search, sv_logit *list, size_t n)
{
    make_heap(list, n);
    sort_heap(list, n);
    for (size_t i = 0; i < n; i++) {
        search->before += measure(search, list[i].value);
        search->found = list[i];
        if (search->before >= search->target)
            break;
    }
    return search->found;
}

/* All members are equal: so many of them, by id. */
static sv_logits_cut find_among_equals(cut_search *search)
{
    const sv_logits *logits = search->logits;
    double step = measure(search, search->low);
    for (size_t i = 0; i < logits->n; i++) {
        if (!is_member(search, logits->values[i], (sv_token)i))
            continue;
        search->before += step;
        search->found = (sv_logit){logits->values[i], (sv_token)i};
        if (search->before >= search->target)
            break;
    }
    return search->found;
}

/* Each round ends with fewer members: both ends of a band are members from the second on, and never
 * of the same bucket. */
static sv_logits_cut find_cut(cut_search *search)
{
    sv_logit list[SV_LOGITS_LIST];
    while (search->low < search->high) {
        scale_buckets(search);
        size_t n = narrow_to(search, choose_bucket(search), list);
        if (n <= SV_LOGITS_LIST)
            return find_in_list(search, list, n);
    }
    return find_among_equals(search);
}

/* The likeliest, those with a share of at least 1 / SV_LOGITS_LIST: true when they reach the
 * target, and then `found` is the cut. */
static bool find_among_likeliest(cut_search *search)
{
    const sv_logits *logits = search->logits;
    sv_logit list[SV_LOGITS_LIST];
    float room[BLOCK];
    size_t count = 0;
    double sum = 0;
    for (size_t first = 0; first < logits->n; first += BLOCK) {
        const float *block = read_block(logits->values, logits->n, first, room);
        if (!has_from(block, search->low))
            continue;
        for (size_t i = 0; i < BLOCK; i++) {
            if (!is_member(search, block[i], (sv_token)(first + i)))
                continue;
            if (count == SV_LOGITS_LIST) /* by rounding */
                return false;
            list[count++] = (sv_logit){block[i], (sv_token)(first + i)};
            sum += measure(search, block[i]);
        }
    }
    if (!(sum >= search->target) || count == 0)
        return false;
    find_in_list(search, list, count);
    return true;
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
                         .low = find_lowest(logits->values, logits->n),
                         .counts = true,
                         .target = (double)k,
                         .found = sv_logits_all()};
    return find_cut(&search);
}

/* What weighs less than half the average of what is cut off is cut off. */
sv_logits_cut sv_logits_keep_share(const sv_logits *logits, sv_logits_cut cut, double p)
{
    double mass = sv_logits_mass(logits, cut);
    cut_search search = {
        .logits = logits,
        .cut = cut,
        .high = logits->best,
        .low = fmaxf(cut.value, find_value_of(logits, fmin(1, mass / SV_LOGITS_LIST))),
        .target = p * mass,
        .found = cut};
    if (find_among_likeliest(&search))
        return search.found;
    search.low = fmaxf(cut.value, find_value_of(logits, (1 - p) * mass / 2 / (double)logits->n));
    return find_cut(&search);
}

sv_logits_cut sv_logits_keep_above(const sv_logits *logits, sv_logits_cut cut, double p)
{
    float low = find_value_of(logits, p);
    return low > cut.value ? (sv_logits_cut){.value = low, .token = INT32_MAX} : cut;
}

/* ---- Sums and draws ---- */

/* Of the tokens of blocks from `first` up to `end`. */
static double add_kept(const sv_logits *logits, sv_logits_cut cut, size_t first, size_t end)
{
    float room[BLOCK], weights[BLOCK];
    double mass = 0;
    for (; first < end; first += BLOCK) {
        const float *block = read_block(logits->values, logits->n, first, room);
        if (!has_kept(cut, first, block))
            continue;
        weigh_kept(logits, cut, first, block, weights);
        mass += add_block(weights);
    }
    return mass;
}

double sv_logits_mass(const sv_logits *logits, sv_logits_cut cut)
{
    return add_kept(logits, cut, 0, logits->n);
}

/* The token at `at` from the beginning of `first` up to `end`; the last one with a weight, where
 * rounding puts `at` past it. */
static sv_token draw_between(const sv_logits *logits, sv_logits_cut cut, double at, size_t first,
                             size_t end)
{
    float room[BLOCK], weights[BLOCK];
    sv_token token = SV_NO_TOKEN;
    for (; first < end; first += BLOCK) {
        const float *block = read_block(logits->values, logits->n, first, room);
        if (!has_kept(cut, first, block))
            continue;
        weigh_kept(logits, cut, first, block, weights);
        for (size_t i = 0; i < BLOCK; i++) {
            if (!(weights[i] > 0))
                continue;
            token = (sv_token)(first + i);
            at -= (double)weights[i];
            if (at < 0)
                return token;
        }
    }
    return token;
}

/* Sums of parts, then one token after another in the one that is hit. */
sv_token sv_logits_draw(const sv_logits *logits, sv_logits_cut cut, double u)
{
    enum { PARTS = 128 };
    double sums[PARTS], mass = 0;
    size_t n = logits->n, hit = 0;
    size_t width = (n / PARTS / BLOCK + 1) * BLOCK, n_parts = (n + width - 1) / width;
    for (size_t i = 0; i < n_parts; i++) {
        size_t end = (i + 1) * width;
        sums[i] = add_kept(logits, cut, i * width, end < n ? end : n);
        mass += sums[i];
    }
    double at = u * mass, at_in_hit = at; /* from the beginning of the part */
    for (size_t i = 0; i < n_parts; i++) {
        if (!(sums[i] > 0))
            continue;
        hit = i;
        at_in_hit = at;
        if (at < sums[i])
            break;
        at -= sums[i];
    }
    size_t end = (hit + 1) * width;
    return draw_between(logits, cut, at_in_hit, hit * width, end < n ? end : n);
}
