/* The metaindex, and the properties that it leads to. */
#ifndef MV_SST_META_H
#define MV_SST_META_H

#include "sst/mv_sst_footer.h"
#include "sst/mv_sst_reader.h"

/* Fills the reader's properties, and *index with the place of its index, as footer and metaindex say.
 * MV_E_CORRUPT_SST, MV_E_UNSUPPORTED, MV_E_IO, MV_E_NO_MEMORY: the properties may be incomplete. */
int sst_meta_read(mv_sst_reader *r, const sst_footer *footer, sst_handle *index, mv_err *err);

/* Checks the checksums of the blocks that the metaindex leads to and no row needs: filters. MV_E_CORRUPT_SST,
 * MV_E_IO, MV_E_NO_MEMORY. */
int sst_meta_check_others(const mv_sst_reader *r, mv_err *err);

#endif
