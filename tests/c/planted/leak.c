/* Planted for the leak checker: a buffer that nobody frees. */
#include "base/mv_buf.h"

static int fill(void)
{
    mv_buf buf = {0};
    mv_err err = {0};
    return mv_buf_append(&buf, "abc", 3, &err);
}

int main(void)
{
    return fill();
}
