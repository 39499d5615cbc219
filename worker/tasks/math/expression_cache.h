/* Compiled expressions, kept for the next job with the same text and the same names. Compiling
 * costs some hundred evaluations. One cache per thread. */
#ifndef TASKS_MATH_EXPRESSION_CACHE_H
#define TASKS_MATH_EXPRESSION_CACHE_H

#include "worker/tasks/math/expression.h"

enum { EXPRESSION_CACHE_SIZE = 64 };

struct expression_cache;

struct expression_cache *expression_cache_new(void); /* NULL: no memory */
void expression_cache_free(struct expression_cache *cache);
/* As expression_new. The expression belongs to the cache and is good until EXPRESSION_CACHE_SIZE -
 * 1 others have been asked for; twice the same text gives the same expression. */
struct expression *expression_cache_get(struct expression_cache *cache, struct text text,
                                        const struct names *names, struct why *why);

#endif
