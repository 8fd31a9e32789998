/* A check of a C driver: ends the program with the failed condition's place. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>

static inline void check(int holds, const char *condition, const char *file, int line)
{
    if (!holds) {
        fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
        exit(1);
    }
}

#define CHECK(condition) check((condition) != 0, #condition, __FILE__, __LINE__)

#endif
