/* The digits become an integer, which is then multiplied or divided by powers of ten. */
#include "worker/tasks/math/decimal.h"

#include <stdbool.h>

enum { DIGITS_MAX = 40, EXPONENT_MAX = 5000, STEP_MAX = 300 };

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static struct dd
power_of_ten(int n)
{
    struct dd result = dd_from(1), square = dd_from(10);
    for (; n > 0; n /= 2) {
        if (n % 2 == 1)
            result = dd_multiply(result, square);
        if (n > 1)
            square = dd_multiply(square, square);
    }
    return result;
}

static struct dd
scale(struct dd x, int exponent)
{
    while (exponent != 0 && x.hi != 0 && isfinite(x.hi)) {
        const int step = exponent > STEP_MAX    ? STEP_MAX
                         : exponent < -STEP_MAX ? -STEP_MAX
                                                : exponent;
        x = step > 0 ? dd_multiply(x, power_of_ten(step)) : dd_divide(x, power_of_ten(-step));
        exponent -= step;
    }
    return isfinite(x.hi) ? x : dd_from(x.hi > 0 ? INFINITY : -INFINITY);
}

static int
read_exponent(const char *text, size_t len)
{
    const bool has_sign = len > 0 && (text[0] == '-' || text[0] == '+');
    int n = 0;
    for (size_t i = has_sign; i < len && is_digit(text[i]); i++)
        n = n < EXPONENT_MAX ? n * 10 + (text[i] - '0') : EXPONENT_MAX;
    return has_sign && text[0] == '-' ? -n : n;
}

struct dd
decimal_read(const char *text, size_t len)
{
    const bool is_negative = len > 0 && text[0] == '-';
    struct dd x = dd_from(0);
    int digits = 0, exponent = 0;
    bool is_behind_point = false;
    size_t i = is_negative;
    for (; i < len && (is_digit(text[i]) || text[i] == '.'); i++) {
        if (text[i] == '.') {
            is_behind_point = true;
            continue;
        }
        if (digits < DIGITS_MAX) {
            x = dd_add(dd_multiply(x, dd_from(10)), dd_from(text[i] - '0'));
            exponent -= is_behind_point;
        } else {
            exponent += !is_behind_point;
        }
        digits += digits > 0 || text[i] != '0';
    }
    if (i < len && (text[i] == 'e' || text[i] == 'E'))
        exponent += read_exponent(text + i + 1, len - i - 1);
    x = scale(x, exponent);
    return is_negative ? dd_negative(x) : x;
}
