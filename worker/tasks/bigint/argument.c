/* Long integers as arguments. mpz_set_str is one call that cannot be interrupted; a million digits,
 * which is what a message holds, take it 50 ms. */
#include "worker/tasks/bigint/bigint.h"

bool
bigint_read(struct celeriac_context *ctx, size_t i, size_t digits_max, mpz_t out,
            enum celeriac_outcome *end)
{
    const struct celeriac_value *value = celeriac_arg(ctx, i);
    int64_t n;
    size_t len;
    if (celeriac_get_integer(value, &n)) {
        const uint64_t size = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
        mpz_import(out, 1, 1, sizeof(size), 0, 0, &size);
        if (n < 0)
            mpz_neg(out, out);
        return true;
    }
    const char *digits = celeriac_bytes(value, &len);
    if (len - (digits[0] == '-') > digits_max) {
        *end = celeriac_reject(ctx, "too_large",
                               "argument %zu has %zu digits: at most %zu are possible", i + 1,
                               len - (digits[0] == '-'), digits_max);
        return false;
    }
    (void)mpz_set_str(out, digits, 10); /* the value holds digits and nothing else */
    return true;
}
