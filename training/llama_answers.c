/* llama_answers.c: what llama.cpp answers to prompts, for chat.py to measure; not part of Serval.
 *
 * llama_answers LIBRARIES MODEL LIMIT TEMPERATURE: prompts on standard input, each ended by a zero
 * byte. One line each: smallest distance between the two best logits, 1 if the answer ended itself,
 * tokens of the prompt, token ids, text in hexadecimal. Temperature 0 takes the best token; else a
 * fixed seed draws.
 */
#include <llama.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TOKENS = 512 };

typedef struct answer {
    llama_token tokens[MAX_TOKENS];
    int count;
    int prompt;
    int ended;
    double gap;
} answer;

static void ignore_log(enum ggml_log_level level, const char *text, void *user)
{
    (void)user;
    if (level == GGML_LOG_LEVEL_ERROR || level == GGML_LOG_LEVEL_WARN)
        fputs(text, stderr);
}

static void fail(const char *what)
{
    fprintf(stderr, "llama_answers: %s\n", what);
    exit(1);
}

static double draw_number(uint64_t *state) /* 0 up to 1; xorshift64* */
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (double)((*state * 0x2545F4914F6CDD1DULL) >> 11) / 9007199254740992.0;
}

static llama_token draw_token(const float *logits, int count, double heat, uint64_t *state)
{
    double sum = 0, most = -INFINITY;
    for (int i = 0; i < count; i++)
        most = fmax(most, logits[i]);
    for (int i = 0; i < count; i++)
        sum += exp((logits[i] - most) / heat);
    double left = draw_number(state) * sum;
    for (int i = 0; i < count; i++)
        if ((left -= exp((logits[i] - most) / heat)) <= 0)
            return i;
    return count - 1;
}

static llama_token find_best(const float *logits, int count, double *gap)
{
    int best = 0;
    float second = -INFINITY;
    for (int i = 1; i < count; i++) {
        if (logits[i] > logits[best]) {
            second = logits[best];
            best = i;
        } else if (logits[i] > second) {
            second = logits[i];
        }
    }
    *gap = fmin(*gap, (double)logits[best] - second);
    return best;
}

static void make_answer(struct llama_context *context, const char *prompt, int limit, double heat,
                        answer *ret)
{
    const struct llama_vocab *vocab = llama_model_get_vocab(llama_get_model(context));
    llama_token tokens[MAX_TOKENS];
    int count = llama_tokenize(vocab, prompt, (int)strlen(prompt), tokens, MAX_TOKENS, false, true);
    if (count <= 0)
        fail("a prompt is empty or too long");
    *ret = (answer){.prompt = count, .gap = INFINITY};
    llama_memory_clear(llama_get_memory(context), true);
    uint64_t state = 0x9E3779B97F4A7C15ULL;
    while (ret->count < limit && ret->prompt + ret->count < MAX_TOKENS) {
        llama_token *next = ret->tokens + ret->count;
        if (llama_decode(context, ret->count ? llama_batch_get_one(next - 1, 1)
                                             : llama_batch_get_one(tokens, count)) != 0)
            fail("decoding failed");
        const float *logits = llama_get_logits_ith(context, -1);
        *next = find_best(logits, llama_vocab_n_tokens(vocab), &ret->gap);
        if (heat > 0)
            *next = draw_token(logits, llama_vocab_n_tokens(vocab), heat, &state);
        ret->count++;
        ret->ended = llama_vocab_is_eog(vocab, *next);
        if (ret->ended)
            break;
    }
}

static void print_answer(const struct llama_vocab *vocab, const answer *a)
{
    printf("%.4f,%d,%d,", a->gap, a->ended, a->prompt);
    for (int i = 0; i < a->count; i++)
        printf("%d ", a->tokens[i]);
    printf(",");
    for (int i = 0; i < a->count; i++) {
        char piece[256];
        int size = llama_token_to_piece(vocab, a->tokens[i], piece, sizeof piece, 0, false);
        for (int k = 0; k < size; k++)
            printf("%02x", (unsigned char)piece[k]);
    }
    printf("\n");
}

int main(int argc, char **argv)
{
    if (argc != 5)
        fail("usage: llama_answers LIBRARIES MODEL LIMIT TEMPERATURE");
    llama_log_set(ignore_log, NULL);
    ggml_backend_load_all_from_path(argv[1]);
    llama_backend_init();
    struct llama_model *model = llama_model_load_from_file(argv[2], llama_model_default_params());
    if (!model)
        fail("the model does not load");
    struct llama_context_params params = llama_context_default_params();
    params.n_ctx = params.n_batch = params.n_ubatch = MAX_TOKENS;
    params.n_threads = params.n_threads_batch = 1;
    struct llama_context *context = llama_init_from_model(model, params);
    if (!context)
        fail("no context");
    char *prompt = NULL;
    size_t room = 0;
    while (getdelim(&prompt, &room, 0, stdin) > 0) {
        static answer a;
        make_answer(context, prompt, atoi(argv[3]), atof(argv[4]), &a);
        print_answer(llama_model_get_vocab(model), &a);
    }
    free(prompt);
    llama_free(context);
    llama_model_free(model);
    return 0;
}
