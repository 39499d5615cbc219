/* A page of a listing: ids from one place, filled up with what Redis has of them, then handed to
 * the caller. */
#ifndef BROKER_LIST_PAGE_H
#define BROKER_LIST_PAGE_H

#include "broker/names.h"

struct list {
    struct broker *b;
    const struct broker_listing *listing;
    struct celeriac_arena *arena;
    broker_record_fn *each;
    void *arg;
    struct names queues;
    size_t left;  /* of the limit */
    bool is_over; /* limit reached, or the caller has enough */
    /* the page */
    const char *queue;
    struct broker_record *records; /* on the heap */
    size_t n, capacity;
    size_t taken; /* of them have their messages */
};

bool list_wants(const struct list *l, enum job_state state);
void list_begin_page(struct list *l);
/* NULL if that is no id. */
struct broker_record *list_add(struct list *l, const redisReply *id, enum job_state state);
/* Messages; a record that has none is given the state JOB_UNKNOWN: it has left the place where it
 * was found. */
bool list_fill_messages(struct list *l, struct error *err);
/* Outcomes of dead letters, and the state that they name. */
bool list_fill_reasons(struct list *l, struct error *err);
/* All records whose state is wanted, until the limit. */
void list_deliver(struct list *l);

#endif
