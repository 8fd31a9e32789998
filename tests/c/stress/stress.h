/* Stress: threads do to a part of the core what it allows at the same time, and check what they read, until time is up.
 *
 * main.c and one of the files beside it are a program. What its threads do follows from the seed; how they meet does not.
 */
#ifndef STRESS_H
#define STRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check.h"

typedef struct stress {
    uint64_t seed;
    double end; /* seconds of the monotonic clock */
} stress;

bool stress_goes_on(const stress *s);

/* A well mixed number for each number. */
uint64_t stress_mix(uint64_t number);

/* The next random number below a bound; the state is any number. */
uint64_t stress_any(uint64_t *state, uint64_t below);

/* Runs work(argument) in one thread for each of count arguments of some size, and waits for all of them. */
void stress_threads(void *(*work)(void *argument), void *arguments, size_t size, size_t count);

/* What the other file brings: runs rounds while stress_goes_on, and prints one line of figures. */
void stress_run(const stress *s);

#endif
