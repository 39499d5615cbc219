/* Job ids.
 *
 * The 128 bits of a new id (RFC 9562, version 7, with its method 1 for order within a millisecond):
 *
 *     48 ms since 1970 | 4 version | 8 lane | 4 counter, high | 2 variant | 14 counter, low | 48
 * random
 *
 * A thread that makes several ids in one millisecond counts the 18 bits up; they start at a random
 * number below half of their range, and when they run out the time is taken one millisecond
 * further. If the clock steps back, the thread stays at the latest time that it used. So the ids of
 * a thread ascend, as UUID and as short text.
 *
 * The bucket of an id is its time in units of 4,096 ms, and its lane. In each such unit a thread
 * begins with lane 0 and takes the next one when it has made 4,096 ids: so a bucket has about as
 * many jobs, however fast they come, and jobs that come slowly share one.
 *
 * The short text is the bits from the left in pieces of six, the last two at the left of the 22nd
 * digit. The digits ascend in ASCII, so the order is kept; the first 8 digits are the time.
 *
 * Each thread draws random bytes from the kernel in larger portions. A child of fork must not use
 * its parent's: one page of memory that the kernel wipes in the child tells them apart. */
#include "common/id.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/error.h"

enum {
    BITS_SIZE = 16,
    POOL_SIZE = 512,
    COUNTER_BITS = 18,
    LANES = 256,
    LANE_IDS = 4096,
    EPOCH_BITS = 12, /* of the time: what of it the bucket leaves out */
    EPOCH_LEN = 6,   /* characters of the short text that hold the rest */
    LANE_AT = 8,     /* where version and lane are in it */
    LANE_LEN = ID_BUCKET_LEN - EPOCH_LEN
};

struct generator {
    uint64_t generation; /* of the process that filled the pool; 0: never */
    int64_t last_ms;
    uint32_t counter;
    unsigned lane, lane_used;
    unsigned pool_used;
    uint8_t pool[POOL_SIZE];
};

static const char digits[] = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
static const int8_t value_plus_1[256] = {
    ['-'] = 1,  ['0'] = 2,  ['1'] = 3,  ['2'] = 4,  ['3'] = 5,  ['4'] = 6,  ['5'] = 7,  ['6'] = 8,
    ['7'] = 9,  ['8'] = 10, ['9'] = 11, ['A'] = 12, ['B'] = 13, ['C'] = 14, ['D'] = 15, ['E'] = 16,
    ['F'] = 17, ['G'] = 18, ['H'] = 19, ['I'] = 20, ['J'] = 21, ['K'] = 22, ['L'] = 23, ['M'] = 24,
    ['N'] = 25, ['O'] = 26, ['P'] = 27, ['Q'] = 28, ['R'] = 29, ['S'] = 30, ['T'] = 31, ['U'] = 32,
    ['V'] = 33, ['W'] = 34, ['X'] = 35, ['Y'] = 36, ['Z'] = 37, ['_'] = 38, ['a'] = 39, ['b'] = 40,
    ['c'] = 41, ['d'] = 42, ['e'] = 43, ['f'] = 44, ['g'] = 45, ['h'] = 46, ['i'] = 47, ['j'] = 48,
    ['k'] = 49, ['l'] = 50, ['m'] = 51, ['n'] = 52, ['o'] = 53, ['p'] = 54, ['q'] = 55, ['r'] = 56,
    ['s'] = 57, ['t'] = 58, ['u'] = 59, ['v'] = 60, ['w'] = 61, ['x'] = 62, ['y'] = 63, ['z'] = 64};
static _Thread_local struct generator generator;

static void advance(struct generator *g);
static void draw(struct generator *g, void *out, unsigned len);
static uint64_t generation_now(void);
static void to_short(const uint8_t *bits, struct id *id);
static bool from_short(const char *text, size_t len, uint8_t *bits);
static bool from_uuid(const char *text, uint8_t *bits);
static int digit_value(char c);
static int hex_value(char c);

void
id_new(struct id *id)
{
    struct generator *g = &generator;
    uint8_t bits[BITS_SIZE];

    uint64_t now = generation_now();
    if (g->generation != now)
        *g = (struct generator){.generation = now, .pool_used = POOL_SIZE};
    advance(g);
    for (int i = 0; i < 6; i++)
        bits[i] = (uint8_t)(g->last_ms >> (40 - 8 * i));
    bits[6] = (uint8_t)(0x70 | g->lane >> 4);
    bits[7] = (uint8_t)(g->lane << 4 | g->counter >> 14);
    bits[8] = (uint8_t)(0x80 | (g->counter >> 8 & 0x3f));
    bits[9] = (uint8_t)g->counter;
    draw(g, bits + 10, 6);
    to_short(bits, id);
}

bool
id_parse(struct id *id, const char *text, size_t len)
{
    uint8_t bits[BITS_SIZE];

    if (len == ID_TEXT_LEN ? !from_uuid(text, bits) : !from_short(text, len, bits))
        return false;
    to_short(bits, id);
    return true;
}

bool
id_from_redis(struct id *id, const char *text, size_t len)
{
    if (len == 0 || len > ID_MAX)
        return false;
    memcpy(id->text, text, len);
    id->text[len] = '\0';
    id->len = (uint8_t)len;
    return true;
}

const char *
id_print(const struct id *id, char *out)
{
    static const char hex[] = "0123456789abcdef";
    uint8_t bits[BITS_SIZE];

    if (!from_short(id->text, id->len, bits)) {
        memcpy(out, id->text, (size_t)id->len + 1);
        return out;
    }
    char *at = out;
    for (int i = 0; i < BITS_SIZE; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = hex[bits[i] >> 4];
        *at++ = hex[bits[i] & 15];
    }
    *at = '\0';
    return out;
}

int64_t
id_created_ms(const struct id *id)
{
    uint8_t bits[BITS_SIZE];
    int64_t ms = 0;

    if (!from_short(id->text, id->len, bits) || bits[6] >> 4 != 7 || bits[8] >> 6 != 2)
        return -1;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | bits[i];
    return ms;
}

bool
id_equal(const struct id *a, const struct id *b)
{
    return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

bool
id_has_bucket(const struct id *id)
{
    /* Scripts ask the same, so no more is looked at: the digits whose first bits are version 7. */
    return id->len == ID_SHORT_LEN && id->text[LANE_AT] >= 'R' && id->text[LANE_AT] <= 'U';
}

const char *
id_bucket(const struct id *id, char *out)
{
    size_t len = 0;

    if (id_has_bucket(id)) {
        memcpy(out, id->text, EPOCH_LEN);
        memcpy(out + EPOCH_LEN, id->text + LANE_AT, LANE_LEN);
        len = ID_BUCKET_LEN;
    }
    out[len] = '\0';
    return out;
}

bool
id_same_bucket(const struct id *a, const struct id *b)
{
    return id_has_bucket(a) && id_has_bucket(b) && memcmp(a->text, b->text, EPOCH_LEN) == 0 &&
           memcmp(a->text + LANE_AT, b->text + LANE_AT, LANE_LEN) == 0;
}

static void
advance(struct generator *g)
{
    const int64_t now = clock_wall_ms(), last = g->last_ms;
    const bool is_lane_full = g->lane_used == LANE_IDS;
    const bool is_last_lane = g->lane == LANES - 1;

    if (now <= last && !is_lane_full && ++g->counter < UINT32_C(1) << COUNTER_BITS) {
        g->lane_used++;
        return;
    }
    if (now > last)
        g->last_ms = now;
    else if (!is_lane_full || is_last_lane) /* within one millisecond ids must ascend */
        g->last_ms++;
    const bool is_new_epoch = g->last_ms >> EPOCH_BITS != last >> EPOCH_BITS;
    if (is_new_epoch || is_lane_full) {
        g->lane = is_new_epoch || is_last_lane ? 0 : g->lane + 1;
        g->lane_used = 0;
    }
    g->lane_used++;
    draw(g, &g->counter, sizeof g->counter);
    g->counter &= (UINT32_C(1) << (COUNTER_BITS - 1)) - 1;
}

static void
draw(struct generator *g, void *out, unsigned len)
{
    if (g->pool_used + len > POOL_SIZE) {
        /* up to 256 bytes come whole, whatever signals arrive */
        for (unsigned i = 0; i < POOL_SIZE; i += 256)
            MUST(getrandom(g->pool + i, 256, 0) == 256);
        g->pool_used = 0;
    }
    memcpy(out, g->pool + g->pool_used, len);
    g->pool_used += len;
}

/* A number that differs between a process and its children. It lives in a page that fork wipes; who
 * finds it wiped draws a new one. Where the kernel cannot do that, the process id must do. */
static uint64_t
generation_now(void)
{
    static _Atomic(_Atomic uint64_t *) shared;
    _Atomic uint64_t *page = atomic_load_explicit(&shared, memory_order_acquire);

    if (page == NULL) {
        size_t size = (size_t)sysconf(_SC_PAGESIZE);
        void *fresh = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (fresh == MAP_FAILED || madvise(fresh, size, MADV_WIPEONFORK) != 0) {
            if (fresh != MAP_FAILED)
                munmap(fresh, size);
            return (uint64_t)getpid();
        }
        if (atomic_compare_exchange_strong(&shared, &page, fresh))
            page = fresh;
        else
            munmap(fresh, size);
    }
    uint64_t number = atomic_load_explicit(page, memory_order_relaxed);
    if (number != 0)
        return number;
    uint64_t fresh = 0;
    MUST(getrandom(&fresh, sizeof fresh, 0) == (ssize_t)sizeof fresh);
    fresh |= 1;
    return atomic_compare_exchange_strong(page, &number, fresh) ? fresh : number;
}

static void
to_short(const uint8_t *bits, struct id *id)
{
    char *out = id->text;

    for (int i = 0; i < 15; i += 3) {
        uint32_t three = (uint32_t)bits[i] << 16 | (uint32_t)bits[i + 1] << 8 | bits[i + 2];
        *out++ = digits[three >> 18];
        *out++ = digits[three >> 12 & 63];
        *out++ = digits[three >> 6 & 63];
        *out++ = digits[three & 63];
    }
    *out++ = digits[bits[15] >> 2];
    *out++ = digits[(bits[15] & 3) << 4];
    *out = '\0';
    id->len = ID_SHORT_LEN;
}

static bool
from_short(const char *text, size_t len, uint8_t *bits)
{
    int wrong = 0;

    if (len != ID_SHORT_LEN)
        return false;
    for (int i = 0; i < 15; i += 3, text += 4) {
        const int a = digit_value(text[0]), b = digit_value(text[1]), c = digit_value(text[2]),
                  d = digit_value(text[3]);
        wrong |= a | b | c | d;
        const uint32_t three =
            (uint32_t)a << 18 | (uint32_t)b << 12 | (uint32_t)c << 6 | (uint32_t)d;
        bits[i] = (uint8_t)(three >> 16);
        bits[i + 1] = (uint8_t)(three >> 8);
        bits[i + 2] = (uint8_t)three;
    }
    const int high = digit_value(text[0]), low = digit_value(text[1]);
    wrong |= high | low;
    bits[15] = (uint8_t)((uint32_t)high << 2 | (uint32_t)low >> 4);
    return wrong >= 0 && (low & 15) == 0; /* the last digit holds two bits */
}

static bool
from_uuid(const char *text, uint8_t *bits)
{
    int n = 0;

    for (int i = 0; i < ID_TEXT_LEN;) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text[i++] != '-')
                return false;
            continue;
        }
        int high = hex_value(text[i]), low = hex_value(text[i + 1]);
        if (high < 0 || low < 0)
            return false;
        bits[n++] = (uint8_t)(high << 4 | low);
        i += 2;
    }
    return true;
}

static int
digit_value(char c)
{
    return value_plus_1[(unsigned char)c] - 1;
}

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}
