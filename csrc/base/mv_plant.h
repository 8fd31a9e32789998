/* Test builds alone (MVCC_PLANT=MV_PLANT_...): one rule of the protocol is broken, which the tests must find, and calls stop at
 * named places for as long as a test wants. Nothing of it is in any other build. tests/planted has the tests, and says of each
 * name what it breaks.
 */
#ifndef MV_PLANT_H
#define MV_PLANT_H

#include <stddef.h>
#include <stdint.h>

enum mv_plant {
    MV_PLANT_NONE,
    MV_PLANT_HANDSHAKE,
    MV_PLANT_FLOOR,
    MV_PLANT_TICK,
    MV_PLANT_BEGIN_AGAIN,
    MV_PLANT_MERGE_CHECK,
    MV_PLANT_OWN_META,
    MV_PLANT_AFTER_COMMIT,
    MV_PLANT_GC_MERGED,
    MV_PLANT_GC_TOMB,
    MV_PLANT_GC_PINS,
    MV_PLANT_RENEW_CHECK,
    MV_PLANT_TRIM,
    MV_PLANT_INGEST_ATOMIC,
    MV_PLANT_CATALOG
};

#ifdef MVCC_PLANT
#define mv_planted(name) (MVCC_PLANT == MV_PLANT_##name)
void mv_pause(const char *place); /* tests/planted/pause.c */
uint64_t *mv_plant_word(void);    /* what a planted bug keeps between two calls; never NULL */
#else
#define mv_planted(name) ((void)MV_PLANT_##name, 0)
#define mv_pause(place) ((void)(place))
#define mv_plant_word() ((uint64_t *)NULL)
#endif

#endif
