/* The keys of one table that changed in a window of time, sorted, each once: taken from `changes`, so that an
 * incremental costs what changed. */
#ifndef MV_WINDOW_H
#define MV_WINDOW_H

#include "mvcc/mv_changelog.h"
#include "mvcc/mv_env.h"

typedef struct mv_window mv_window;

/* Collects the keys that changed in (since, until]. *out is NULL, with MV_OK, where `changes` cannot say (it has been
 * trimmed, or a span was ingested) or where a plain scan is cheaper. End with mv_window_free. */
int mv_window_open(mv_env *env, uint32_t table, uint64_t since, uint64_t until, mv_window **out, mv_err *err);
void mv_window_free(mv_window *window); /* NULL is fine */

size_t mv_window_count(const mv_window *window);
mv_slice mv_window_key(const mv_window *window, size_t index); /* valid as long as the window */
size_t mv_window_find(const mv_window *window, mv_slice key);  /* the first index at or above a key */

#endif
