/* The inside of a broker_loop: one connection on an event loop, and calls on it.
 *
 *     WAITING --timer--> CONNECTING --writable--> GREETING --all answered--> UP
 *        ^                   |                        |                      |
 *        +-------------------+------- any anomaly ----+----------------------+
 *
 * A call owns the bytes of its request until its answer is there, so that it can be sent again with
 * the whole script after NOSCRIPT. Calls are used again, with their buffers: in a steady state
 * nothing is allocated. */
#ifndef BROKER_REDIS_LOOP_H
#define BROKER_REDIS_LOOP_H

#include "broker/answer.h"
#include "broker/broker_loop.h"
#include "broker/link.h"
#include "broker/socket.h"

struct event;
struct event_base;
struct call;

/* What a kind of call does with its end. Exactly one of the two comes to its end:
 * deliver: the answer (never an error answer). False, before anything was told to the caller: it
 * has not the shape it should have, *err says so; the connection is closed and `fail` follows.
 * fail: lost, refused, timed out. */
struct call_kind {
    bool (*deliver)(struct broker_loop *b, struct call *c, const redisReply *answer,
                    struct error *err);
    void (*fail)(struct broker_loop *b, struct call *c, const struct error *err);
};

struct call {
    struct call *next;
    struct request request;
    size_t sent;
    enum script script;
    bool has_source; /* sent as EVAL already */
    bool is_blocking;
    bool is_behind; /* a call that blocks, in the same write */
    int64_t deadline_ms;
    int64_t sent_us;
    const struct call_kind *kind;
    /* for the kind */
    void (*done)(void); /* the caller's callback, in disguise */
    void *arg;
    void *op; /* what several calls share */
    size_t first, n;
    char queue[QUEUE_NAME_MAX + 1];
};

struct call_list {
    struct call *head, **tail;
};

enum loop_state { LOOP_WAITING, LOOP_CONNECTING, LOOP_GREETING, LOOP_UP };

struct broker_loop {
    struct event_base *base;
    struct broker_url url;
    char *space;
    int connect_timeout_ms, command_timeout_ms;
    struct broker_loop_events events;

    enum loop_state state;
    int fd;
    redisReader *reader;
    struct socket_tries tries;
    struct event *on_read, *on_write, *on_timer, *on_round;
    bool is_writing;   /* on_write is pending */
    unsigned failures; /* in a row */
    int64_t armed_ms;  /* when on_timer fires; INT64_MAX: not at all */
    int64_t dial_deadline_ms;
    int64_t up_since_ms;
    int64_t round_trip_us;

    struct request greeting; /* also what a listener says */
    size_t greeting_sent, greeting_answers, greeting_total;

    struct call_list waiting; /* in the order of their requests; answers come in this order */
    struct call *unsent;      /* the first of them that has bytes left; NULL: none */
    struct call_list refused; /* made while there was no connection: fail in the next round */
    struct call *spare;
    size_t n_spare;

    broker_notice_fn *notice; /* a listener; NULL: none */
    void *notice_arg;
    int64_t heard_at_ms; /* last sign of life while listening */
    bool is_pinged;      /* and nothing was heard since */

    struct broker_reserved *reserved; /* storage for answers */
    size_t reserved_capacity;
    struct buffer cancelled; /* a bare outcome */

    unsigned depth; /* of callbacks */
    bool is_doomed; /* freed in a callback: goes when the outermost returns */
};

/* A new call; its request is to be written at once, then call_send. `queue` may be NULL. */
struct call *call_new(struct broker_loop *b, const struct call_kind *kind, const char *queue);
/* The same, with EVALSHA begun. */
struct call *call_script(struct broker_loop *b, const struct call_kind *kind, const char *queue,
                         enum script script, size_t n_keys, size_t n_args);
void call_send(struct broker_loop *b, struct call *c);
/* For a command that may block for that long by its nature. */
void call_send_blocking(struct broker_loop *b, struct call *c, int block_ms);
void call_arg(struct call *c, const void *data, size_t len);
/* Keys of c->queue. */
void call_keys(struct broker_loop *b, struct call *c, const enum queue_key *which, size_t n);

/* ---- between redis_loop.c, redis_loop_calls.c and redis_loop_dial.c ---- */

void call_list_init(struct call_list *list);
void loop_watch(struct broker_loop *b,
                int fd); /* makes the events of a socket and awaits that it is writable */
void loop_await_writable(struct broker_loop *b);
void loop_arm(struct broker_loop *b, int64_t in_ms); /* the one timer */
void loop_wake(struct broker_loop *b);               /* on_round runs when this round is over */
void loop_begin_dial(struct broker_loop *b);
void loop_on_connected(struct broker_loop *b);
bool loop_write_greeting(struct broker_loop *b, struct error *err);
bool loop_take_greeting(struct broker_loop *b, const redisReply *answer, struct error *err);
void loop_flush(struct broker_loop *b);
bool loop_read_all(struct broker_loop *b, struct error *err);
void loop_fail_refused(struct broker_loop *b);
void loop_free_spare(struct broker_loop *b);
void loop_close(struct broker_loop *b);
/* Closes, fails what is outstanding, tells the caller, and dials again later. */
void loop_down(struct broker_loop *b, const struct error *why);
void loop_fail_all(struct broker_loop *b, const struct error *why);
/* Around whatever may call back; after loop_leave `b` may be gone. */
void loop_enter(struct broker_loop *b);
void loop_leave(struct broker_loop *b);

/* ---- loop_listen.c ---- */

bool loop_take_notice(struct broker_loop *b, const redisReply *answer, struct error *err);
bool loop_check_silence(struct broker_loop *b, struct error *err);

#endif
