#include "lmdb/mv_registry.h"

#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t hooked = PTHREAD_ONCE_INIT;
static mv_sub *first; /* guarded by lock */

/* In the child: what the parent has open is not ours. The records stay in memory, since handles point at them. */
static void forget_in_child(void)
{
    for (mv_sub *sub = first; sub != NULL; sub = sub->next) {
        atomic_store(&sub->forked, true);
        if (sub->fork_fd >= 0)
            close(sub->fork_fd);
    }
    first = NULL;
    pthread_mutex_unlock(&lock);
}

static void hold_over_fork(void)
{
    pthread_atfork(mv_registry_lock, mv_registry_unlock, forget_in_child);
}

void mv_registry_lock(void)
{
    pthread_mutex_lock(&lock);
}

void mv_registry_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

bool mv_registry_has(uint64_t device, uint64_t inode)
{
    for (mv_sub *sub = first; sub != NULL; sub = sub->next)
        if (sub->device == device && sub->inode == inode)
            return true;
    return false;
}

void mv_registry_add(mv_sub *sub)
{
    pthread_once(&hooked, hold_over_fork);
    sub->next = first;
    first = sub;
}

void mv_registry_remove(mv_sub *sub)
{
    for (mv_sub **at = &first; *at != NULL; at = &(*at)->next)
        if (*at == sub) {
            *at = sub->next;
            return;
        }
}
