/* Public declarations of the SST layer: RocksDB block-based tables, written and read. */
#ifndef MV_SST_H
#define MV_SST_H

#include "mv_base.h"

/* cdef: begin */
/* cdef: end */

#endif
