/* rate_table.c: decides by moments kept in a sharded hash table. */
#include "http/rate_table.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/id.h"
#include "http/rate_key.h"

enum {
    N_SHARDS = 64,
    N_CHOICES = 2,   /* buckets that a key may lie in */
    BUCKET = 16,     /* places */
    MIN_BUCKETS = 4, /* of a shard */
    MAX_LIMITS = 2,
    MAX_RULES = MAX_LIMITS * SV_RATE_RULE_MAX,
};

/* One rule of one client. */
typedef struct moment {
    sv_rate_key key;
    int64_t full_ns; /* when the whole count is free again; 0: never used */
} moment;

typedef struct rate_shard {
    _Alignas(64) pthread_mutex_t lock; /* for its places */
    moment *places;
} rate_shard;

struct sv_rate_table {
    rate_shard shards[N_SHARDS];
    moment *places;
    size_t mask; /* buckets of a shard, less one */
    const sv_clock *clock;
    sv_rate_key secret;
};

/* One rule's part of a decision. */
typedef struct rate_question {
    const sv_rate_rule *rule;
    sv_rate_key key;
    int64_t full_ns; /* as it is, at least now; then as it will be */
} rate_question;

sv_rate_table *sv_rate_table_new(size_t n_places, const sv_clock *clock)
{
    size_t n_buckets = MIN_BUCKETS; /* of a shard */
    while (n_buckets * BUCKET * N_SHARDS < n_places)
        n_buckets *= 2;
    size_t of_shard = n_buckets * BUCKET;
    sv_rate_table *table = aligned_alloc(_Alignof(sv_rate_table), sizeof *table);
    moment *places = calloc(of_shard * N_SHARDS, sizeof *places);
    if (!table || !places) {
        free(table);
        free(places);
        return NULL;
    }
    table->places = places;
    table->mask = n_buckets - 1;
    table->clock = clock;
    sv_id_random(&table->secret, sizeof table->secret);
    for (size_t i = 0; i < N_SHARDS; i++) {
        pthread_mutex_init(&table->shards[i].lock, NULL);
        table->shards[i].places = places + i * of_shard;
    }
    return table;
}

void sv_rate_table_free(sv_rate_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < N_SHARDS; i++)
        pthread_mutex_destroy(&table->shards[i].lock);
    free(table->places);
    free(table);
}

static bool is_same(sv_rate_key a, sv_rate_key b)
{
    return a.high == b.high && a.low == b.low;
}

/* The client's key, made the rule's own. Rules differ in their addresses, so that no two keys of
 * one client are equal; those of two clients differ in what the hash says of them. Multiplying by
 * an odd number keeps them apart and spreads them over the places. */
static sv_rate_key key_of_rule(sv_rate_key client, const sv_rate_rule *rule)
{
    const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
    return (sv_rate_key){client.high, (client.low ^ (uint64_t)(uintptr_t)rule) * odd};
}

static moment *bucket_of(const sv_rate_table *table, const rate_shard *shard, sv_rate_key key,
                         int choice)
{
    size_t index = (size_t)(key.low >> (choice ? 16 : 40)) & table->mask;
    return &shard->places[index * BUCKET];
}

/* A key's moment, NULL when there is none. Places of a bucket are first used in their order and
 * never emptied, so that one that was never used ends the search. */
static moment *find(const sv_rate_table *table, const rate_shard *shard, sv_rate_key key)
{
    for (int choice = 0; choice < N_CHOICES; choice++) {
        moment *place = bucket_of(table, shard, key, choice);
        for (moment *end = place + BUCKET; place < end && place->full_ns; place++)
            if (is_same(place->key, key))
                return place;
    }
    return NULL;
}

/* What a bucket offers. */
typedef struct bucket_state {
    moment *place; /* the first that is free, else the one that is free soonest */
    size_t n_taken;
} bucket_state;

static bucket_state look_at(moment *bucket, int64_t now_ns)
{
    bucket_state state = {bucket, 0};
    for (moment *place = bucket; place < bucket + BUCKET; place++) {
        bool is_free = place->full_ns <= now_ns;
        state.n_taken += !is_free;
        if (state.place->full_ns > now_ns && place->full_ns < state.place->full_ns)
            state.place = place;
        if (!place->full_ns)
            break;
    }
    return state;
}

/* A place for a key that has none: in the emptier of its buckets; when both are full, the one that
 * is free soonest. */
static moment *claim(const sv_rate_table *table, const rate_shard *shard, sv_rate_key key,
                     int64_t now_ns)
{
    bucket_state first = look_at(bucket_of(table, shard, key, 0), now_ns);
    bucket_state second = look_at(bucket_of(table, shard, key, 1), now_ns);
    if (first.n_taken == BUCKET && second.n_taken == BUCKET)
        return first.place->full_ns <= second.place->full_ns ? first.place : second.place;
    return first.n_taken <= second.n_taken ? first.place : second.place;
}

static size_t ask_limits(const sv_rate_limit *const *limits, size_t n_limits, sv_rate_key client,
                         rate_question questions[MAX_RULES])
{
    size_t n = 0;
    for (size_t i = 0; i < n_limits; i++)
        for (size_t k = 0; k < limits[i]->n_rules; k++) {
            const sv_rate_rule *rule = &limits[i]->rules[k];
            questions[n++] = (rate_question){.rule = rule, .key = key_of_rule(client, rule)};
        }
    return n;
}

/* How long until the rule has one request free; 0 or less: it has. */
static int64_t wait_ns(const rate_question *question, int64_t now_ns)
{
    const sv_rate_rule *rule = question->rule;
    return question->full_ns - now_ns - (rule->count - 1) * rule->interval_ns;
}

static int64_t remaining(const rate_question *question, int64_t now_ns)
{
    const sv_rate_rule *rule = question->rule;
    int64_t left_ns = rule->count * rule->interval_ns - (question->full_ns - now_ns);
    return left_ns > 0 ? left_ns / rule->interval_ns : 0;
}

static const rate_question *find_longest_wait(const rate_question *questions, size_t n,
                                              int64_t now_ns)
{
    const rate_question *longest = questions;
    for (size_t i = 1; i < n; i++)
        if (wait_ns(&questions[i], now_ns) > wait_ns(longest, now_ns))
            longest = &questions[i];
    return longest;
}

static const rate_question *find_tightest(const rate_question *questions, size_t n, int64_t now_ns)
{
    const rate_question *tightest = questions;
    for (size_t i = 1; i < n; i++)
        if (remaining(&questions[i], now_ns) < remaining(tightest, now_ns))
            tightest = &questions[i];
    return tightest;
}

/* All rules have one free: it is taken. */
static void charge(const sv_rate_table *table, const rate_shard *shard, rate_question *questions,
                   size_t n, int64_t now_ns)
{
    for (size_t i = 0; i < n; i++) {
        rate_question *question = &questions[i];
        moment *place = find(table, shard, question->key);
        if (!place)
            place = claim(table, shard, question->key, now_ns);
        question->full_ns += question->rule->interval_ns;
        *place = (moment){question->key, question->full_ns};
    }
}

/* How things stand for every rule. */
static void look_up(const sv_rate_table *table, const rate_shard *shard, rate_question *questions,
                    size_t n, int64_t now_ns)
{
    for (size_t i = 0; i < n; i++) {
        const moment *place = find(table, shard, questions[i].key);
        questions[i].full_ns = place && place->full_ns > now_ns ? place->full_ns : now_ns;
    }
}

static int64_t seconds_up(int64_t ns)
{
    return ns / SV_NS_PER_S + (ns % SV_NS_PER_S > 0);
}

sv_rate_verdict sv_rate_table_decide(sv_rate_table *table, sv_str client,
                                     const sv_rate_limit *const *limits, size_t n_limits)
{
    rate_question questions[MAX_RULES];
    sv_rate_key key = sv_rate_key_of(client, table->secret);
    size_t n = ask_limits(limits, n_limits, key, questions);
    if (!n)
        return (sv_rate_verdict){.allowed = true};
    rate_shard *shard = &table->shards[key.high % N_SHARDS];
    pthread_mutex_lock(&shard->lock);
    /* Read under the lock, so that a shard's decisions follow each other in time. */
    int64_t now_ns = sv_clock_now_ns(table->clock);
    look_up(table, shard, questions, n, now_ns);
    const rate_question *decides = find_longest_wait(questions, n, now_ns);
    int64_t longest_ns = wait_ns(decides, now_ns);
    bool allowed = longest_ns <= 0;
    if (allowed)
        charge(table, shard, questions, n, now_ns);
    pthread_mutex_unlock(&shard->lock);
    if (allowed)
        decides = find_tightest(questions, n, now_ns);
    int64_t full_at_ns = sv_clock_wall_ns(table->clock) + (decides->full_ns - now_ns);
    return (sv_rate_verdict){.allowed = allowed,
                             .rule = decides->rule,
                             .remaining = allowed ? remaining(decides, now_ns) : 0,
                             .reset_epoch_s = seconds_up(full_at_ns),
                             .retry_after_s = allowed ? 0 : seconds_up(longest_ns)};
}
