/* Decimal digits, read with 106 bits. */
#ifndef TASKS_MATH_DECIMAL_H
#define TASKS_MATH_DECIMAL_H

#include <stddef.h>

#include "worker/tasks/math/double_double.h"

/* "-123", "0.1", "1e-30": exact if it has at most 31 digits and is an integer, else rounded.
 * Infinite beyond 1.8e308. `text` is a number by the rules of expressions, with an optional sign.
 */
struct dd decimal_read(const char *text, size_t len);

#endif
