#include "services/inference.h"

#include <ctype.h>

#include "config.h"

SV_STATE_DEFINE(inference, struct inference, load, unload);

/* Here a model would be read from its file; `error` tells why it cannot. */
static sv_status load(sv_application *application, struct inference *ret_model, sv_error *error)
{
    (void)application, (void)error;
    *ret_model = (struct inference){
        .version = config_model_version(),
        .labels = {"negative", "neutral", "positive"},
    };
    return SV_OK;
}

static void unload(struct inference *model)
{
    (void)model;
}

static bool is_one_of(sv_str word, const char *const *words)
{
    for (; *words; words++)
        if (sv_str_eq_nocase(word, sv_str_from(*words)))
            return true;
    return false;
}

/* Cuts the next word off; false at the end. */
static bool next_word(sv_str *rest, sv_str *ret_word)
{
    size_t start = 0;
    while (start < rest->len && !isalpha((unsigned char)rest->ptr[start]))
        start++;
    size_t end = start;
    while (end < rest->len && isalpha((unsigned char)rest->ptr[end]))
        end++;
    *ret_word = sv_str_slice(*rest, start, end - start);
    *rest = sv_str_slice(*rest, end, rest->len);
    return ret_word->len > 0;
}

void inference_run(const struct inference *model, sv_str text,
                   double ret_confidences[INFERENCE_N_LABELS])
{
    static const char *const kind[] = {"good", "great", "love", "thanks", "nice", NULL};
    static const char *const unkind[] = {"bad", "awful", "hate", "broken", "slow", NULL};
    double counts[INFERENCE_N_LABELS] = {1, 2, 1}, sum = 4;
    (void)model;
    for (sv_str word; next_word(&text, &word);) {
        double *count = is_one_of(word, kind)     ? &counts[2]
                        : is_one_of(word, unkind) ? counts
                                                  : NULL;
        if (count)
            *count += 4, sum += 4;
    }
    for (int i = 0; i < INFERENCE_N_LABELS; i++)
        ret_confidences[i] = counts[i] / sum;
}
