#include "base/mv_error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void reset(mv_err *err, int code)
{
    err->code = code;
    err->os_error = 0;
    err->table = 0;
    err->key_len = 0;
    err->ts = 0;
    err->a = 0;
    err->b = 0;
    err->what[0] = '\0';
}

int mv_fail(mv_err *err, int code, const char *what, ...)
{
    reset(err, code);
    va_list args;
    va_start(args, what);
    vsnprintf(err->what, sizeof err->what, what, args);
    va_end(args);
    return code;
}

int mv_fail_ab(mv_err *err, int code, uint64_t a, uint64_t b, const char *what)
{
    mv_fail(err, code, "%s", what);
    err->a = a;
    err->b = b;
    return code;
}

int mv_fail_os(mv_err *err, int os_error, const char *what)
{
    int full = os_error == ENOSPC || os_error == EDQUOT || os_error == EFBIG;
    mv_fail(err, full ? MV_E_FULL : MV_E_IO, "%s", what);
    err->os_error = os_error;
    return err->code;
}

int mv_fail_at(mv_err *err, uint32_t table, const uint8_t *key, size_t key_len, uint64_t ts)
{
    size_t kept = key_len < sizeof err->key ? key_len : sizeof err->key;
    err->table = table;
    err->ts = ts;
    err->key_len = (uint32_t)kept;
    if (kept > 0)
        memcpy(err->key, key, kept);
    return err->code;
}
