/* Task montecarlo: mean and standard error of an expression of independent random variables.
 *
 * Sample number i of stream s with seed k uses the random numbers that Philox gives for the counter
 * (i, s) and the key k: so the same arguments give the same answer on every machine with the same C
 * library, streams are independent, and jobs with streams 0..k-1 combine: the mean of all is that
 * of the means, weighted by samples; the squares of (samples * error) add up.
 *
 * Mean and variance are kept by blocks and combined by the formulas of Chan, Golub and LeVeque. */
#include <math.h>
#include <stdio.h>

#include "worker/tasks/math/expression_cache.h"
#include "worker/tasks/math/math.h"
#include "worker/tasks/math/philox.h"
#include "worker/tasks/math/random_variable.h"

enum { ARG_EXPRESSION, ARG_VARIABLES, ARG_SAMPLES, ARG_SEED, ARG_STREAM };
enum { VARIABLES_MAX = 32, BLOCK = 256 };

struct moments {
    double n, mean, squares; /* squares: the sum of squared distances from the mean */
};

struct montecarlo {
    struct names names;
    struct random_variable variables[VARIABLES_MAX];
    struct expression *expression;
    int64_t samples;
    uint64_t seed;
    uint32_t stream;
};

static void
combine(struct moments *all, const struct moments *more)
{
    const double n = all->n + more->n, gap = more->mean - all->mean;
    all->mean += gap * more->n / n;
    all->squares += more->squares + gap * gap * (all->n * more->n / n);
    all->n = n;
}

/* Two variables use one block of random bits. */
static void
draw(const struct montecarlo *m, int64_t sample)
{
    double *values = expression_variables(m->expression);
    struct philox_block bits = {{0}};
    for (size_t i = 0; i < m->names.n; i++) {
        if (i % 2 == 0)
            bits = philox((struct philox_block){{(uint32_t)sample, (uint32_t)(sample >> 32),
                                                 m->stream, (uint32_t)(i / 2)}},
                          m->seed);
        const double u = philox_uniform(bits.word[2 * (i % 2)], bits.word[2 * (i % 2) + 1]);
        values[i] = m->variables[i].draw(u, m->variables[i].p);
    }
}

/* Samples first .. first + n - 1. False: one has no finite value; its variables are still set. */
static bool
sample_block(const struct montecarlo *m, int64_t first, size_t n, struct moments *out)
{
    double values[BLOCK] = {0}, sum = 0;
    for (size_t i = 0; i < n; i++) {
        draw(m, first + (int64_t)i);
        values[i] = expression_value(m->expression);
        if (!isfinite(values[i]))
            return false;
        sum += values[i];
    }
    *out = (struct moments){.n = (double)n, .mean = sum / (double)n};
    for (size_t i = 0; i < n; i++)
        out->squares += (values[i] - out->mean) * (values[i] - out->mean);
    return true;
}

static enum celeriac_outcome
not_finite(struct celeriac_context *ctx, const struct montecarlo *m)
{
    char where[160] = "";
    size_t used = 0;
    const double *values = expression_variables(m->expression);
    for (size_t i = 0; i < m->names.n && used < sizeof(where) - 90; i++)
        used += (size_t)snprintf(where + used, sizeof(where) - used, "%s%.40s = %g",
                                 i > 0 ? ", " : "", m->names.items[i], values[i]);
    return celeriac_reject(ctx, "not_finite", "the expression has no finite value at %s",
                           m->names.n > 0 ? where : "all");
}

static enum celeriac_outcome
return_mean(struct celeriac_context *ctx, const struct montecarlo *m, const struct moments *all)
{
    struct celeriac_arena *arena = celeriac_arena(ctx);
    struct celeriac_value *result = celeriac_object(arena);
    const double variance = all->squares / (all->n - 1);
    celeriac_set(result, "mean", celeriac_number(arena, all->mean));
    celeriac_set(result, "error", celeriac_number(arena, sqrt(variance / all->n)));
    celeriac_set(result, "deviation", celeriac_number(arena, sqrt(variance)));
    celeriac_set(result, "samples", celeriac_integer(arena, m->samples));
    celeriac_set(result, "seed", celeriac_integer(arena, (int64_t)m->seed));
    celeriac_set(result, "stream", celeriac_integer(arena, m->stream));
    celeriac_set(result, "generator", celeriac_text(arena, "philox4x32-10"));
    return celeriac_return(ctx, result);
}

static enum celeriac_outcome
run(struct celeriac_context *ctx, const struct montecarlo *m)
{
    struct moments all = {0}, block;
    for (int64_t done = 0; done < m->samples; done += BLOCK) {
        const size_t n = m->samples - done < BLOCK ? (size_t)(m->samples - done) : BLOCK;
        if (!sample_block(m, done, n, &block))
            return not_finite(ctx, m);
        combine(&all, &block);
        if (celeriac_cancelled(ctx))
            return celeriac_stop(ctx);
        celeriac_progress(ctx, (double)done / (double)m->samples);
    }
    if (!isfinite(all.mean) || !isfinite(all.squares))
        return celeriac_reject(ctx, "not_finite", "the sums get beyond 1.8e308");
    return return_mean(ctx, m, &all);
}

static bool
read_variables(struct montecarlo *m, const struct celeriac_value *object, struct why *why)
{
    struct why reason;
    m->names.n = celeriac_size(object);
    if (m->names.n > VARIABLES_MAX) {
        snprintf(why->text, sizeof(why->text), "%zu variables: expected at most %d", m->names.n,
                 VARIABLES_MAX);
        return false;
    }
    for (size_t i = 0; i < m->names.n; i++) {
        const char *name;
        const struct celeriac_value *value = celeriac_entry(object, i, &name);
        const bool is_name = expression_is_name(name);
        m->names.items[i] = name;
        if (is_name && random_variable_read(&m->variables[i], value, &reason))
            continue;
        snprintf(why->text, sizeof(why->text), "\"%.64s\": %.160s", name,
                 is_name ? reason.text : "expected a name of letters, digits and '_'");
        return false;
    }
    return true;
}

enum celeriac_outcome
montecarlo_run(struct celeriac_context *ctx)
{
    struct math_state *state = celeriac_thread_state(ctx);
    struct montecarlo m = {.samples = celeriac_arg_integer(ctx, ARG_SAMPLES),
                           .seed = (uint64_t)celeriac_arg_integer(ctx, ARG_SEED),
                           .stream = (uint32_t)celeriac_arg_integer(ctx, ARG_STREAM)};
    struct text text;
    struct why why;
    if (!read_variables(&m, celeriac_arg(ctx, ARG_VARIABLES), &why))
        return celeriac_reject(ctx, "invalid_arguments", "montecarlo: variables: %s", why.text);
    text.bytes = celeriac_arg_string(ctx, ARG_EXPRESSION, &text.len);
    m.expression = expression_cache_get(state->cache, text, &m.names, &why);
    if (m.expression == NULL)
        return celeriac_reject(ctx, "invalid_expression", "%s", why.text);
    return run(ctx, &m);
}
