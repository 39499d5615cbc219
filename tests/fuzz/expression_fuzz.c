/* Any bytes as an expression of two variables, and then as one of a small alphabet that forms many
 * valid ones. There must be no crash, no sanitizer's report, a reason for each refusal, and the
 * same value from the cached expression. muParser itself is not instrumented; the wrapper is. */
#include "worker/tasks/math/expression_cache.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct expression_cache *cache;
static const struct names names = {{"x", "y"}, 2};

static void
evaluate(const char *bytes, size_t len)
{
    struct why why = {""};
    const struct text text = {bytes, len};
    struct expression *e = expression_cache_get(cache, text, &names, &why);
    if (e == NULL) {
        if (why.text[0] == '\0' || strlen(why.text) >= sizeof(why.text))
            abort();
        return;
    }
    double *variables = expression_variables(e);
    variables[0] = 1.5;
    variables[1] = -2;
    const double value = expression_value(e);
    if (variables[0] != 1.5 || variables[1] != -2) /* assigned */
        abort();
    const double again = expression_value(expression_cache_get(cache, text, &names, &why));
    if (value != again && !(isnan(value) && isnan(again)))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const words[] = {"x", "y",    "1",    "2.5",    "(",  ")",  "(",  ")",  "+",
                                        "-", "*",    "/",    "^",      ",",  "<=", "==", "&&", "?",
                                        ":", "sin(", "min(", "atan2(", "pi", "e",  "=",  " "};
    char text[600];
    size_t len = 0;
    if (cache == NULL)
        cache = expression_cache_new();
    char *copy =
        malloc(size > 0 ? size : 1); /* no longer than that, so that reading past the end is seen */
    memcpy(copy, data, size);
    evaluate(copy, size);
    free(copy);
    for (size_t i = 0; i < size && i < 100; i++) {
        const char *word = words[data[i] % (sizeof(words) / sizeof(words[0]))];
        memcpy(text + len, word, strlen(word));
        len += strlen(word);
    }
    evaluate(text, len);
    return 0;
}
