/* Time: the two system clocks, and RFC 3339 in and out.
 *
 * The calendar is computed here (days since 1970 from year, month and day, as in the proleptic
 * Gregorian calendar) and not by gmtime and timegm, so that it depends on no environment and takes
 * no lock. The year is counted from March, which puts the leap day at its end. */
#include "common/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DAY_MS = 86400000, DAYS_PER_ERA = 146097, DAYS_TO_1970 = 719468, YEAR_MAX = 9999 };

struct calendar {
    int64_t year;
    int month, day;
};

static int64_t days_from_date(struct calendar c);
static struct calendar date_from_days(int64_t days);
static int days_in_month(int64_t year, int month);
static bool parse_date(const char **at, int64_t *days);
static bool parse_time(const char **at, int64_t *ms);
static bool parse_zone(const char **at, int64_t *ms);
static bool parse_digits(const char **at, int count, int least, int most, int *out);
static bool skip(const char **at, char expected);
static int64_t read_ns(clockid_t id);

int64_t
clock_mono_us(void)
{
    return read_ns(CLOCK_MONOTONIC) / 1000;
}

int64_t
clock_mono_ms(void)
{
    return read_ns(CLOCK_MONOTONIC) / 1000000;
}

int64_t
clock_wall_ms(void)
{
    return read_ns(CLOCK_REALTIME) / 1000000;
}

const char *
clock_print(int64_t wall_ms, char *out)
{
    const int64_t least = days_from_date((struct calendar){0, 1, 1}) * DAY_MS;
    const int64_t most = days_from_date((struct calendar){YEAR_MAX + 1, 1, 1}) * DAY_MS - 1;

    wall_ms = wall_ms < least ? least : wall_ms > most ? most : wall_ms;
    int64_t days = (wall_ms - least) / DAY_MS;
    unsigned ms = (unsigned)((wall_ms - least) % DAY_MS);
    struct calendar c = date_from_days(days + least / DAY_MS);
    snprintf(out, CLOCK_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)c.year % 10000,
             (unsigned)c.month % 100, (unsigned)c.day % 100, ms / 3600000 % 24, ms / 60000 % 60,
             ms / 1000 % 60, ms % 1000);
    return out;
}

bool
clock_parse(const char *text, int64_t *wall_ms)
{
    int64_t days, ms, zone_ms;

    if (!parse_date(&text, &days))
        return false;
    if (!skip(&text, 'T') && !skip(&text, 't') && !skip(&text, ' '))
        return false;
    if (!parse_time(&text, &ms) || !parse_zone(&text, &zone_ms) || *text != '\0')
        return false;
    *wall_ms = days * DAY_MS + ms - zone_ms;
    return true;
}

static bool
parse_date(const char **at, int64_t *days)
{
    int year, month, day;

    if (!parse_digits(at, 4, 0, YEAR_MAX, &year) || !skip(at, '-') ||
        !parse_digits(at, 2, 1, 12, &month) || !skip(at, '-') ||
        !parse_digits(at, 2, 1, days_in_month(year, month), &day))
        return false;
    *days = days_from_date((struct calendar){year, month, day});
    return true;
}

/* A second 60 is a leap second, which our clocks do not have: it is the one that follows. */
static bool
parse_time(const char **at, int64_t *ms)
{
    int hour, minute, second, scale = 100;

    if (!parse_digits(at, 2, 0, 23, &hour) || !skip(at, ':') ||
        !parse_digits(at, 2, 0, 59, &minute) || !skip(at, ':') ||
        !parse_digits(at, 2, 0, 60, &second))
        return false;
    *ms = ((hour * 60 + minute) * 60 + second) * INT64_C(1000);
    if (!skip(at, '.'))
        return true;
    if (**at < '0' || **at > '9')
        return false;
    for (; **at >= '0' && **at <= '9'; ++*at, scale /= 10)
        *ms += (**at - '0') * scale;
    return true;
}

static bool
parse_zone(const char **at, int64_t *ms)
{
    int hour, minute;

    *ms = 0;
    if (skip(at, 'Z') || skip(at, 'z'))
        return true;
    bool is_west = skip(at, '-');
    if (!is_west && !skip(at, '+'))
        return false;
    if (!parse_digits(at, 2, 0, 23, &hour) || !skip(at, ':') ||
        !parse_digits(at, 2, 0, 59, &minute))
        return false;
    *ms = (hour * 60 + minute) * INT64_C(60000) * (is_west ? -1 : 1);
    return true;
}

static bool
parse_digits(const char **at, int count, int least, int most, int *out)
{
    int n = 0;

    for (int i = 0; i < count; i++, ++*at) {
        if (**at < '0' || **at > '9')
            return false;
        n = 10 * n + (**at - '0');
    }
    *out = n;
    return n >= least && n <= most;
}

static bool
skip(const char **at, char expected)
{
    if (**at != expected)
        return false;
    ++*at;
    return true;
}

static int64_t
days_from_date(struct calendar c)
{
    int64_t year = c.month <= 2 ? c.year - 1 : c.year;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (c.month + (c.month > 2 ? -3 : 9)) + 2) / 5 + c.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
}

static struct calendar
date_from_days(int64_t days)
{
    int64_t z = days + DAYS_TO_1970;
    int64_t era = (z >= 0 ? z : z - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
    int64_t d = z - era * DAYS_PER_ERA;
    int64_t year_of_era = (d - d / 1460 + d / 36524 - d / (DAYS_PER_ERA - 1)) / 365;
    int64_t day_of_year = d - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    struct calendar c = {year_of_era + era * 400, (int)(month < 10 ? month + 3 : month - 9),
                         (int)(day_of_year - (153 * month + 2) / 5 + 1)};

    if (c.month <= 2)
        c.year++;
    return c;
}

static int
days_in_month(int64_t year, int month)
{
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    if (month == 2)
        return is_leap ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static int64_t
read_ns(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
