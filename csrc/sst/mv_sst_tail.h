/* What stands behind the blocks of rows in a file that we write: properties, metaindex, footer. */
#ifndef MV_SST_TAIL_H
#define MV_SST_TAIL_H

#include "sst/mv_sst_props.h"

/* Adds RocksDB's properties and those that we count to the caller's in props, and fills the empty block with all of
 * them. MV_E_NO_MEMORY: props and block are incomplete. */
int sst_tail_properties(const mv_sst_options *options, const mv_sst_stats *stats, uint64_t data_end,
                        sst_handle index, sst_props *props, sst_builder *block, mv_err *err);

/* Fills the empty block with the metaindex. MV_E_NO_MEMORY: it is incomplete. */
int sst_tail_metaindex(sst_handle properties, sst_builder *block, mv_err *err);

void sst_tail_footer(sst_handle metaindex, sst_handle index, uint8_t out[SST_FOOTER_BYTES]);

#endif
