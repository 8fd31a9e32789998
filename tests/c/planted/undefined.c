/* Planted for the checker of undefined behaviour: a signed sum that does not fit. */
#include <limits.h>

int main(int argc, char **argv)
{
    (void)argv;
    int sum = INT_MAX;
    sum += argc;
    return sum == 0;
}
