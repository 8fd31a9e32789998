/* What csrc/base/mv_plant.h leaves to test builds: stopping at a place.
 *
 * A call that comes by a place stops there if the folder that MVCC_PAUSES names holds a FIFO of that name: until a test has
 * opened it for writing, which tells the test that the call is there, and closed it again, which lets the call go on.
 */
#ifndef MVCC_PLANT
#define MVCC_PLANT MV_PLANT_NONE
#endif
#include "base/mv_plant.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    PATH_LIMIT = 4096
};

void mv_pause(const char *place)
{
    char path[PATH_LIMIT], byte;
    const char *folder = getenv("MVCC_PAUSES");
    if (folder == NULL || (size_t)snprintf(path, sizeof path, "%s/%s", folder, place) >= sizeof path)
        return;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    while (read(fd, &byte, 1) < 0 && errno == EINTR)
        ;
    close(fd);
}

uint64_t *mv_plant_word(void)
{
    static uint64_t word;
    return &word;
}
