/* The C locale for this thread, as long as numbers are read or written: the program around us may
 * have chosen one with another decimal point, and jansson aborts where that has two bytes. Private
 * to JSON. */
#ifndef COMMON_JSON_LOCALE_H
#define COMMON_JSON_LOCALE_H

#include <locale.h>

/* Returns what to leave with. Costs no allocation: the C locale is static in the C library. */
static inline locale_t
json_locale_enter(void)
{
    return uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
}

static inline void
json_locale_leave(locale_t before)
{
    uselocale(before);
}

#endif
