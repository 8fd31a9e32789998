/* Public declarations of the MVCC engine over LMDB. */
#ifndef MV_ENGINE_H
#define MV_ENGINE_H

#include "mv_base.h"
#include "mv_sst.h"

/* cdef: begin */
/* cdef: end */

#endif
