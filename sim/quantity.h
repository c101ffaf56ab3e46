/*
 * quantity.h - numbers with units, as people write and read them.
 *
 * Reading is strict: the whole text must be one quantity, without sign,
 * spaces, hexadecimal, infinity or NaN, and it must fit.  A number that has a
 * unit must be written with it.  The locale plays no part.
 *
 *   duration  600ms  5s  1.5h  6h30m  2d      w d h m s ms us ns, descending
 *   share     20%  0.1%                        to 0.2, 0.001; at most 100 %
 *   rate      81M/s  300/s  12/min  5/h        to events per second
 *   count     200  1.5k  5M  2e6               k M G T
 *   bytes     512B  64MiB  2TB                 decimal and binary multiples
 *   factor    4x  0.5x
 *
 * Formatters write into the caller's buffer and return it.  Those named format
 * are for people and round; those named exact read back to the same value.
 */
#pragma once

#include "sim/base.h"

#define SIM_QUANTITY_TEXT_MAX 64

/* Each is true and sets *ret, or is false and leaves it alone.  Text is not NULL. */
bool sim_quantity_duration(const char *text, SimTime *ret);
bool sim_quantity_share(const char *text, double *ret);
bool sim_quantity_rate(const char *text, double *ret);
bool sim_quantity_count(const char *text, double *ret);
bool sim_quantity_bytes(const char *text, double *ret);
bool sim_quantity_factor(const char *text, double *ret);
/* A plain number: digits, optionally a fraction and an exponent. */
bool sim_quantity_number(const char *text, double *ret);

/* "0 s", "12.3 ms", "4.2 s", "6m12s", "6h30m", "2d4h" */
char *sim_quantity_format_duration(char *buffer, size_t size, SimTime value);
/* "12.3 %", "0.04 %", "99.998 %": as many digits as the distance to 0 % or 100 % needs. */
char *sim_quantity_format_share(char *buffer, size_t size, double value);
char *sim_quantity_format_rate(char *buffer, size_t size, double per_second); /* "81.0 M/s" */
char *sim_quantity_format_count(char *buffer, size_t size, double value);     /* "5.00 M" */
char *sim_quantity_format_bytes(char *buffer, size_t size, double value);     /* "2.00 TB" */
char *sim_quantity_format_factor(char *buffer, size_t size, double value);    /* "4x" */

char *sim_quantity_exact_duration(char *buffer, size_t size, SimTime value); /* "6h30m", "2300ms" */
char *sim_quantity_exact_share(char *buffer, size_t size, double value);     /* "20%" */
/* The shortest decimal that reads back to the same double, without a unit. */
char *sim_quantity_exact_number(char *buffer, size_t size, double value);
