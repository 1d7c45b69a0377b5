/* version_choice.c: weighted rendezvous hashing.
 *
 * DESIGN. Each version draws a time for the key: exponentially distributed with its weight as rate,
 * out of a hash of key and version; the first one wins. So shares are in proportion to the weights,
 * a version that is gone moves nobody but its own users, and one whose weight grows takes users
 * but gives none away. A request without a key is its own user, with random bits for a key.
 * Source: Thaler and Ravishankar, Using Name-Based Mappings to Increase Hit Rates (1998); the
 * weights as in the exponential race of Efraimidis and Spirakis (2006). */
#include "model/version_choice.h"

#include <math.h>

#include "base/hash.h"

/* Finalizer of splitmix64 (Steele, Lea, Flood 2014): every input bit reaches every output bit. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

static uint64_t hash_text(sv_str text)
{
    return mix(sv_hash_bytes(SV_HASH_START, text.ptr, text.len));
}

uint64_t sv_version_choice_seed(sv_str name)
{
    return hash_text(name);
}

/* In (0, 1). */
static double to_fraction(uint64_t hash)
{
    return ((double)(hash >> 12) + 0.5) / (double)(UINT64_C(1) << 52);
}

static bool is_usable(const sv_version_share *share)
{
    return share->is_ready && !share->is_tripped;
}

/* The first of those with a weight, or of those that can answer too; n: there is none. */
static size_t race(const sv_version_share *shares, size_t n, uint64_t key, bool usable_only)
{
    size_t first = n;
    double best = INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (shares[i].weight <= 0 || (usable_only && !is_usable(&shares[i])))
            continue;
        double time = -log(to_fraction(mix(key ^ shares[i].seed))) / (double)shares[i].weight;
        if (time < best) {
            best = time;
            first = i;
        }
    }
    return first;
}

size_t sv_version_choice_pick(const sv_version_share *shares, size_t n, size_t default_index,
                              sv_str key, uint64_t random)
{
    uint64_t hash = key.len ? hash_text(key) : mix(random);
    size_t picked = race(shares, n, hash, false);
    bool is_default = picked == default_index;
    if (picked < n && !is_default && is_usable(&shares[picked]))
        return picked;
    if (picked == n || shares[default_index].is_ready)
        return default_index;
    picked = race(shares, n, hash, true);
    return picked < n ? picked : default_index;
}
