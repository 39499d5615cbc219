/* The life of a job between `ready` and its outcome, as the scripts of broker/lua move it.
 *
 * Two workers (a runner each, with two slots, a connection for commands and one for the bell) and two jobs. What may go
 * wrong, at any moment and in any order, as often as the budgets below say:
 *
 *   crash   kill -9 of a runner; what it had sent may still reach Redis, at any later time or never
 *   cut     a connection breaks: whether the call on it was done, will be done later or never, nobody knows
 *   doubt   a live runner is taken for dead: it goes on, and finishes late what others have begun again
 *   again   an attempt ends in a retry instead of a success
 *   cancel  somebody cancels job 1
 *
 * Each script is one atomic step, named after its file: commit_lua is broker/lua/commit.lua. What stands between them is
 * worker/runner_*.c and worker/steward_*.c. Order within a queue, priorities, suspects and dead letters are left out:
 * they do not touch ownership.
 *
 * What is checked:
 *   no loss      a job that has a message stands in exactly one place, after each script
 *   one commit   no job has two outcomes
 *   same attempt the end of an attempt never ends another attempt of that job
 *   progress     the run cannot go on for ever, and where nothing moves any more each job has its outcome and nobody owns
 *                anything: no ring of the bell is lost, no name is left with jobs
 *
 * Faults that can be planted, and must be found (tests/model/run):
 *   NO_OWNERSHIP  commit.lua and retry.lua do not look into `active`
 *   NO_REGISTRY   reserve.lua serves names that are not registered
 *   NO_RING       recover.lua does not ring the bell
 *   NO_RING_ON    reserve.lua leaves work behind without ringing
 *   NAME_ONLY     retry.lua looks for the runner's name alone, whichever reservation the entry in `active` comes from: a
 *                 retry sent again, because its answer was lost, then ends the next attempt of the same runner */

#define W 2
#define J 2
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef CUTS
#define CUTS 1
#endif
#ifndef DOUBTS
#define DOUBTS 1
#endif
#ifndef AGAINS
#define AGAINS 1
#endif
#ifndef CANCELS
#define CANCELS 1
#endif
#define NAMES (W + CRASHES + CUTS + DOUBTS)
#define NONE 15

/* ---- Redis ---- */
byte ready[J], delayed[J];  /* how often the id stands there */
bool message[J];            /* {q}:jobs */
bool marked[J];             /* {q}:cancelled */
byte outcomes[J];           /* {q}:results: how often one was recorded */
bool active_[NAMES * J];    /* {q}:active:<runner> */
bool registered[NAMES];     /* {q}:workers */
bool bell;                  /* {q}:bell */
byte reservation[J];        /* which one it is: what an entry in `active` tells from an older one */
#define ACTIVE(n, j) active_[(n) * J + (j)]
#define WORK_WAITS (ready[0] + ready[1] > 0)

/* ---- names: UNUSED, in use, left behind by a live runner, by a dead one, given up ---- */
mtype = { UNUSED, CURRENT, RETIRED, DEAD, GONE };
mtype name_state[NAMES] = UNUSED;
byte name_worker[NAMES];
byte next_name;

/* ---- memory of the runners ---- */
#define SLOTS 2
mtype = { FREE, RUNS, UNSURE };         /* a slot's job: it runs or its commit is on its way; that commit was lost once */
mtype stage[W * SLOTS] = FREE;
byte job_of[W * SLOTS], name_of[W * SLOTS], number_of[W * SLOTS];   /* reserved under that name, as that reservation */
bool is_again[W * SLOTS];               /* what was lost asks for another attempt */
byte current[W];
#define AT(w, slot) ((w) * SLOTS + (slot))
#define HELD(w) ((stage[AT(w, 0)] != FREE) + (stage[AT(w, 1)] != FREE))

/* ---- calls that have lost their sender ---- */
bool late_commit, late_again;
byte late_name, late_job, late_number;
byte late_reserve = NONE;

byte crashes, cuts, doubts, agains, cancels;

/* ---- the scripts ---- */

inline check()
{
    for (k : 0 .. J - 1) {
        p = ready[k] + delayed[k];
        for (m : 0 .. NAMES - 1) { p = p + ACTIVE(m, k) }
        assert(p == message[k]);
        assert(outcomes[k] + message[k] <= 1)
    }
    k = 0; m = 0; p = 0
}

inline ring() { bell = true }

inline enqueue_lua(j)
{
    if
    :: message[j] || outcomes[j] > 0        /* exists: sent twice, it is submitted once */
    :: else -> message[j] = true; ready[j]++; ring()
    fi
}

#ifdef NO_REGISTRY
#define SERVES(n) true
#else
#define SERVES(n) registered[n]
#endif

/* got: the job, or NONE */
inline reserve_lua(n, got)
{
    got = NONE;
    if
    :: SERVES(n) && ready[0] > 0 -> got = 0
    :: SERVES(n) && ready[1] > 0 -> got = 1
    :: SERVES(n) && !WORK_WAITS
    :: !SERVES(n) && WORK_WAITS -> ring()   /* this ring was for somebody else */
    :: !SERVES(n) && !WORK_WAITS
    fi;
    if
    :: got != NONE ->
        ready[got]--;
        ACTIVE(n, got) = true;
        reservation[got]++
    :: else
    fi;
#ifndef NO_RING_ON
    if
    :: got != NONE && WORK_WAITS -> ring()
    :: else
    fi
#endif
}

/* An attempt that ends for good cannot come again under the same name, so the name is enough. One that is retried can. */
#ifdef NO_OWNERSHIP
#define OWNS(n, j) true
#define OWNS_STILL(n, j, number) true
#elif defined(NAME_ONLY)
#define OWNS(n, j) ACTIVE(n, j)
#define OWNS_STILL(n, j, number) ACTIVE(n, j)
#else
#define OWNS(n, j) ACTIVE(n, j)
#define OWNS_STILL(n, j, number) (ACTIVE(n, j) && reservation[j] == number)
#endif

inline commit_lua(n, j, number)
{
    if
    :: OWNS(n, j) ->
        assert(reservation[j] == number);
        ACTIVE(n, j) = false; message[j] = false; marked[j] = false;
        outcomes[j]++
    :: else                                 /* stale: nothing changes */
    fi
}

inline retry_lua(n, j, number)
{
    if
    :: OWNS_STILL(n, j, number) ->
        assert(reservation[j] == number);
        ACTIVE(n, j) = false;
        if
        :: marked[j] -> ready[j]++; ring()
        :: else -> delayed[j]++
        fi
    :: else
    fi
}

inline finish(again, n, j, number)
{
    if
    :: again -> retry_lua(n, j, number)
    :: else -> commit_lua(n, j, number)
    fi
}

inline promote_lua(j) { delayed[j]--; ready[j]++; ring() }

/* For a dead runner, for one taken for dead, and for a name that its runner leaves. */
inline recover_lua(n)
{
    for (k : 0 .. J - 1) {
        if
        :: ACTIVE(n, k) ->
            ACTIVE(n, k) = false; ready[k]++;
#ifndef NO_RING
            ring()
#endif
        :: else
        fi
    }
    k = 0;
    registered[n] = false
}

inline cancel_lua(j)
{
    if
    :: !message[j]                          /* not known, or ended before */
    :: message[j] && ready[j] + delayed[j] > 0 ->
        ready[j] = 0; delayed[j] = 0; message[j] = false; marked[j] = false;
        outcomes[j]++
    :: else -> marked[j] = true
    fi
}

inline join_lua(w)                          /* always under a name that nobody had before */
{
    name_state[next_name] = CURRENT;
    name_worker[next_name] = w;
    registered[next_name] = true;
    current[w] = next_name;
    next_name++
}

/* ---- a runner ---- */

inline retire(w) { name_state[current[w]] = RETIRED; join_lua(w) }

inline forget(at) { stage[at] = FREE; job_of[at] = 0; name_of[at] = 0; number_of[at] = 0; is_again[at] = false }

/* worker/runner_claim.c: BLPOP and the reserve behind it, in one write, while a slot idles */
active [W] proctype claim()
{
    byte w = _pid, got, at, k, m, p;
    d_step { join_lua(w) };
end:
    do
    :: atomic {
        bell && HELD(w) < SLOTS ->
        bell = false;
        reserve_lua(current[w], got);
        check();
        if
        :: got != NONE ->
            at = (stage[AT(w, 0)] == FREE -> AT(w, 0) : AT(w, 1));
            stage[at] = RUNS; job_of[at] = got; name_of[at] = current[w]; number_of[at] = reservation[got];
            at = 0
        :: got == NONE && !registered[current[w]] -> retire(w)
        :: else
        fi;
        got = 0
       }
    od
}

/* worker/runner_finish.c: for each job that ended, a commit; it is sent again, as it was, until there is an answer */
inline end_job(at, again)
{
    (stage[at] == RUNS && (!again || agains < AGAINS)) || (stage[at] == UNSURE && is_again[at] == again) ->
    agains = agains + (stage[at] == RUNS && again);
    finish(again, name_of[at], job_of[at], number_of[at]);
    check();
    forget(at)
}

active [W] proctype commit()
{
    byte w = _pid - W, k, m, p;
end:
    do
    :: d_step { end_job(AT(w, 0), false) }
    :: d_step { end_job(AT(w, 1), false) }
    :: d_step { end_job(AT(w, 0), true) }
    :: d_step { end_job(AT(w, 1), true) }
    od
}

/* ---- stewards, for each name: worker/steward_recover.c, worker/observer.c; leaving: worker/runner_identity.c ---- */

#define OF(n, j) AT(name_worker[n], j)
#define IN_USE(n) ((stage[OF(n, 0)] != FREE && name_of[OF(n, 0)] == n) || \
                   (stage[OF(n, 1)] != FREE && name_of[OF(n, 1)] == n))

active [NAMES] proctype steward()
{
    byte n = _pid - 2 * W, k, m, p;
end:
    do
    :: d_step {
        name_state[n] == DEAD || (name_state[n] == RETIRED && !IN_USE(n)) ->
        recover_lua(n); check(); name_state[n] = GONE
       }
    :: d_step { registered[n] && doubts < DOUBTS -> doubts++; recover_lua(n); check() }
    od
}

/* worker/steward_beat.c */
active proctype promoter()
{
    byte k, m, p;
end:
    do
    :: d_step { delayed[0] > 0 -> promote_lua(0); check() }
    :: d_step { delayed[1] > 0 -> promote_lua(1); check() }
    od
}

/* ---- what goes wrong ---- */

/* The commit of this slot may be on its way without a sender now, and arrive later or never. */
inline lose_commit(at)
{
    if
    :: stage[at] != FREE && !late_commit ->
        if
        :: stage[at] == RUNS && agains < AGAINS -> agains++; is_again[at] = true
        :: stage[at] == RUNS
        :: stage[at] == UNSURE
        fi;
        late_commit = true;
        late_again = is_again[at]; late_name = name_of[at]; late_job = job_of[at]; late_number = number_of[at]
    :: true
    fi
}

/* So may its reserve: a job given to nobody waits for the name's recovery. */
inline lose_reserve(w)
{
    if
    :: HELD(w) < SLOTS && late_reserve == NONE -> late_reserve = current[w]
    :: true
    fi
}

inline kill_runner(w)
{
    next_name >= W && crashes < CRASHES ->
    crashes++;
    lose_reserve(w); lose_commit(AT(w, 0)); lose_commit(AT(w, 1));
    forget(AT(w, 0)); forget(AT(w, 1));
    for (n : 0 .. NAMES - 1) {
        if
        :: name_worker[n] == w && (name_state[n] == CURRENT || name_state[n] == RETIRED) -> name_state[n] = DEAD
        :: else
        fi
    }
    n = 0;
    join_lua(w)                             /* the next process */
}

/* Carried out, only its answer lost; or lost with it, or late. The runner sends it again. */
inline cut_command(at)
{
    stage[at] != FREE && cuts < CUTS ->
    cuts++;
    if
    :: stage[at] == RUNS && agains < AGAINS -> agains++; is_again[at] = true
    :: stage[at] == RUNS
    :: stage[at] == UNSURE
    fi;
    stage[at] = UNSURE;
    if
    :: finish(is_again[at], name_of[at], job_of[at], number_of[at]); check()
    :: lose_commit(at)
    fi
}

/* The name may own what nobody knows of, so it is left. */
inline cut_bell(w)
{
    next_name >= W && HELD(w) < SLOTS && cuts < CUTS ->
    cuts++; lose_reserve(w); retire(w)
}

active proctype faults()
{
    byte n, k, m, p;
end:
    do
    :: atomic { kill_runner(0) }
    :: atomic { cut_command(AT(0, 0)) }
    :: atomic { cut_command(AT(0, 1)) }
    :: atomic { cut_bell(0) }
    :: atomic { kill_runner(1) }
    :: atomic { cut_command(AT(1, 0)) }
    :: atomic { cut_command(AT(1, 1)) }
    :: atomic { cut_bell(1) }
    od
}

inline forget_late() { late_commit = false; late_again = false; late_name = 0; late_job = 0; late_number = 0 }

active proctype network()
{
    byte got, k, m, p;
end:
    do
    :: atomic { late_commit -> finish(late_again, late_name, late_job, late_number); check(); forget_late() }
    :: atomic { late_commit -> forget_late() }
    :: atomic { late_reserve != NONE && bell -> bell = false; reserve_lua(late_reserve, got); check(); late_reserve = NONE; got = 0 }
    :: atomic { late_reserve != NONE -> late_reserve = NONE }
    od
}

/* ---- clients, and the end ---- */

active proctype client()
{
    byte n, k, m, p;
    d_step { enqueue_lua(0); check() };
    d_step { enqueue_lua(1); check() };
    d_step { enqueue_lua(0); check() }      /* its answer was lost: once more */
}

active proctype canceller()
{
    byte k, m, p;
end:
    d_step { message[1] && cancels < CANCELS -> cancels++; cancel_lua(1); check() }
}

/* Nothing else can move. */
active proctype monitor()
{
    byte k, m, p;
    timeout ->
    assert(outcomes[0] == 1 && outcomes[1] == 1);
    for (k : 0 .. NAMES * J - 1) { assert(!active_[k]) }
}
