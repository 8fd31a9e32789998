/* A bank in one table: commits move money between accounts, so the sum over a snapshot is always the same. Every value
 * names its account, and all of it follows from account and amount; an account without money is deleted. */
#ifndef BANK_H
#define BANK_H

#include "mv_engine.h"
#include "stress.h"

enum {
    BANK_ACCOUNTS = 150,
    BANK_AMOUNT = 1000 /* of each account at first */
};

typedef struct bank_state { /* what a snapshot shows */
    uint64_t ts;
    uint64_t amounts[BANK_ACCOUNTS];
} bank_state;

/* The functions return MV_OK, MV_E_CLOSED, or the answer that is named; any other result, and any value that is not
 * what was written, ends the program. */
#define bank_result(rc, err, also) bank_is((rc), (err), (also), __FILE__, __LINE__)
int bank_is(int rc, const mv_err *err, int also, const char *file, int line);

/* Gives every account its first amount, and fills another table, so that logs become runs. */
void bank_open(mv_env *env);

/* All amounts at a view: by scans in pages of random size, or by one look for all keys. */
int bank_scan(mv_env *env, const mv_view *view, bool reverse, uint64_t *random, bank_state *out);
int bank_look(mv_env *env, const mv_view *view, bank_state *out);

/* Checks the sum. */
void bank_check(const bank_state *state);

/* Reads a few accounts (now and then all) at the last commit, moves money between them and commits, provided that they
 * have not changed. MV_E_CONFLICT: they had. *ts is the commit's timestamp. */
int bank_move(mv_env *env, uint64_t *random, uint64_t *ts);

/* Applies the changes in (state->ts, until] and checks the sum after each commit; MV_E_BELOW_GC: they are gone. */
int bank_follow(mv_env *env, bank_state *state, uint64_t until, uint64_t *commits);

#endif
