/* usage: stress SECONDS [SEED]: meant for the thread sanitizer. Prints figures, and to stderr the arguments that run it
 * again. */
#include <pthread.h>
#include <time.h>

#include "stress.h"

enum {
    MOST_THREADS = 16
};

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

bool stress_goes_on(const stress *s)
{
    return seconds() < s->end;
}

uint64_t stress_mix(uint64_t number)
{
    number = (number ^ number >> 31) * 0x9e3779b97f4a7c15u;
    number = (number ^ number >> 29) * 0xbf58476d1ce4e5b9u;
    return number ^ number >> 32;
}

uint64_t stress_any(uint64_t *state, uint64_t below)
{
    *state += 0x9e3779b97f4a7c15u;
    return stress_mix(*state) % below;
}

void stress_threads(void *(*work)(void *argument), void *arguments, size_t size, size_t count)
{
    pthread_t threads[MOST_THREADS];
    CHECK(count <= MOST_THREADS);
    for (size_t i = 0; i < count; i++)
        CHECK(pthread_create(&threads[i], NULL, work, (char *)arguments + i * size) == 0);
    for (size_t i = 0; i < count; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
}

int main(int argc, char **argv)
{
    CHECK(argc == 2 || argc == 3);
    stress s = {argc == 3 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL),
                seconds() + strtod(argv[1], NULL)};
    fprintf(stderr, "again: %s %s %llu\n", argv[0], argv[1], (unsigned long long)s.seed);
    stress_run(&s);
    return 0;
}
