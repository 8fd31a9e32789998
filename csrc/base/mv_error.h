/* Filling an mv_err. Every failing function ends in one of these, so that code and record never differ. */
#ifndef MV_ERROR_H
#define MV_ERROR_H

#include "mv_base.h"

/* Sets code and what (printf form, cut at the field's size), clears the rest; returns code. */
int mv_fail(mv_err *err, int code, const char *what, ...) __attribute__((format(printf, 3, 4)));

/* As mv_fail, with the numbers a and b. */
int mv_fail_ab(mv_err *err, int code, uint64_t a, uint64_t b, const char *what);

/* A failed system call: MV_E_FULL for ENOSPC and EDQUOT, else MV_E_IO; returns the code. */
int mv_fail_os(mv_err *err, int os_error, const char *what);

/* Notes the table, key (cut at the field's size) and timestamp that a failure is about; returns err->code. */
int mv_fail_at(mv_err *err, uint32_t table, const uint8_t *key, size_t key_len, uint64_t ts);

#endif
