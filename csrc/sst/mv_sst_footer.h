/* The last bytes of a file, in each of the forms that are read.
 *
 *     versions 2 to 5: checksum type, 1 B | handle of the metaindex, handle of the index, zeros: 40 B
 *     version 6:       checksum type, 1 B | 3e 00 7a 00 | checksum of the footer, 4 B | base of all checksums, 4 B
 *                      | size of the metaindex, 4 B | 16 B that nobody reads | zeros, 8 B
 *     both:            | format version, 4 B | magic number, 8 B
 */
#ifndef MV_SST_FOOTER_H
#define MV_SST_FOOTER_H

#include "sst/mv_sst_block.h"

typedef struct sst_footer {
    uint32_t format_version;
    sst_checksum checksum;
    sst_handle metaindex;
    sst_handle index; /* before version 6; from then on the metaindex has it */
} sst_footer;

/* Reads the footer of a file; its handles are not looked at. MV_E_CORRUPT_SST, MV_E_UNSUPPORTED, MV_E_IO,
 * MV_E_NO_MEMORY: *out is unspecified. */
int sst_footer_read(const sst_source *s, sst_footer *out, mv_err *err);

#endif
