#include "sim/quantity.h"

#include "sim/rng.h"
#include "tests/harness.h"

#include <math.h>
#include <stdio.h>

static void
check_duration(const char *text, SimTime want)
{
    SimTime got = -7;
    if (CHECK(sim_quantity_duration(text, &got)))
        CHECK_INT(got, want);
}

static void
durations_are_read_with_their_units(void)
{
    check_duration("600ms", 600 * SIM_MILLISECOND);
    check_duration("5s", 5 * SIM_SECOND);
    check_duration("1.5h", 90 * SIM_MINUTE);
    check_duration("6h30m", 390 * SIM_MINUTE);
    check_duration("2d", 2 * SIM_DAY);
    check_duration("1w2d3h4m5s6ms7us8ns", 788645006007008 * INT64_C(1));
    check_duration("0s", 0);
    check_duration("0.1us", 100);
    check_duration("2.3s", 2300 * SIM_MILLISECOND);
    check_duration("2.5e2ms", 250 * SIM_MILLISECOND);
    check_duration("100000d", 100000 * SIM_DAY);
}

static void
check_refused(const char *const *texts, bool (*read)(const char *, double *))
{
    for (; *texts; texts++) {
        double got = -7;
        if (!CHECK(!read(*texts, &got)) || !CHECK(got == -7))
            fprintf(stderr, "  accepted: '%s'\n", *texts);
    }
}

static bool
duration_as_number(const char *text, double *ret)
{
    SimTime time;
    if (!sim_quantity_duration(text, &time))
        return false;
    *ret = (double)time;
    return true;
}

static void
what_is_no_quantity_is_refused(void)
{
    check_refused((const char *[]){"",      "5",
                                   "s",     "5 s",
                                   " 5s",   "5s ",
                                   "-5s",   "+5s",
                                   "0x5s",  "nan",
                                   "infs",  "5S",
                                   "5sec",  "5s5s",
                                   "5s5m",  "5.s",
                                   ".5s",   "1e400s",
                                   "9e99s", "5ms3",
                                   "1,5s",  "200000000000d",
                                   "1e-s",  "11111111111111111111111111111111111111111111111111s",
                                   NULL},
                  duration_as_number);
    check_refused(
        (const char *[]){"20", "20 %", "101%", "-1%", "%", "nan%", "0x1%", "20%%", "", NULL},
        sim_quantity_share);
    check_refused((const char *[]){"300", "300/", "/s", "300s", "300/s/s", "3 00/s", "300/year",
                                   "-3/s", "1Q/s", NULL},
                  sim_quantity_rate);
    check_refused(
        (const char *[]){"", "k", "5m", "-5", "5 k", "0x10", "inf", "1e", "1e+", "5kk", NULL},
        sim_quantity_count);
    check_refused((const char *[]){"2", "2T", "2tb", "MB", "2 MB", NULL}, sim_quantity_bytes);
    check_refused((const char *[]){"4", "x", "x4", "-4x", "4X", "4xx", NULL}, sim_quantity_factor);
    check_refused((const char *[]){"", "1x", "-1", "1.", "nan", NULL}, sim_quantity_number);
}

static void
check_number(bool (*read)(const char *, double *), const char *text, double want)
{
    double got = -7;
    CHECK(read(text, &got));
    CHECK_NEAR(got, want, 0.0);
}

static void
numbers_are_read_with_their_units(void)
{
    check_number(sim_quantity_share, "20%", 0.2);
    check_number(sim_quantity_share, "0.1%", 0.001);
    check_number(sim_quantity_share, "100%", 1.0);
    check_number(sim_quantity_rate, "81M/s", 81e6);
    check_number(sim_quantity_rate, "300/s", 300);
    check_number(sim_quantity_rate, "12/min", 0.2);
    check_number(sim_quantity_rate, "36/h", 0.01);
    check_number(sim_quantity_count, "200", 200);
    check_number(sim_quantity_count, "1.5k", 1500);
    check_number(sim_quantity_count, "5M", 5e6);
    check_number(sim_quantity_count, "2e6", 2e6);
    check_number(sim_quantity_bytes, "2TB", 2e12);
    check_number(sim_quantity_bytes, "64MiB", 67108864);
    check_number(sim_quantity_factor, "4x", 4);
    check_number(sim_quantity_factor, "0.5x", 0.5);
    check_number(sim_quantity_number, "0.75", 0.75);
}

static void
durations_are_written_for_people(void)
{
    static const struct {
        SimTime value;
        const char *want;
    } cases[] = {
        {0, "0 s"},
        {12, "12 ns"},
        {12300, "12.3 us"},
        {12300000, "12.3 ms"},
        {4200 * SIM_MILLISECOND, "4.2 s"},
        {42 * SIM_SECOND, "42 s"},
        {42500 * SIM_MILLISECOND, "42.5 s"},
        {372 * SIM_SECOND, "6m12s"},
        {60 * SIM_SECOND, "1m"},
        {3599600 * SIM_MILLISECOND, "1h"},
        {390 * SIM_MINUTE, "6h30m"},
        {363 * SIM_MINUTE, "6h03m"},
        {52 * SIM_HOUR, "2d4h"},
        {-372 * SIM_SECOND, "-6m12s"},
        {SIM_TIME_MAX, "never"},
    };
    char text[SIM_QUANTITY_TEXT_MAX];
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
        CHECK_STR(sim_quantity_format_duration(text, sizeof text, cases[i].value), cases[i].want);
}

static void
numbers_are_written_for_people(void)
{
    char text[SIM_QUANTITY_TEXT_MAX];
    CHECK_STR(sim_quantity_format_share(text, sizeof text, 0.123), "12.3 %");
    CHECK_STR(sim_quantity_format_share(text, sizeof text, 1.0), "100 %");
    CHECK_STR(sim_quantity_format_share(text, sizeof text, 0.0), "0 %");
    CHECK_STR(sim_quantity_format_share(text, sizeof text, 0.99998), "99.998 %");
    CHECK_STR(sim_quantity_format_share(text, sizeof text, 0.999999999), "100 %");
    CHECK_STR(sim_quantity_format_share(text, sizeof text, 0.0004), "0.04 %");
    CHECK_STR(sim_quantity_format_rate(text, sizeof text, 81e6), "81.0 M/s");
    CHECK_STR(sim_quantity_format_rate(text, sizeof text, 300), "300/s");
    CHECK_STR(sim_quantity_format_rate(text, sizeof text, 0.2), "0.2/s");
    CHECK_STR(sim_quantity_format_rate(text, sizeof text, 0), "0/s");
    CHECK_STR(sim_quantity_format_count(text, sizeof text, 5e6), "5.00 M");
    CHECK_STR(sim_quantity_format_count(text, sizeof text, 999999), "1.00 M");
    CHECK_STR(sim_quantity_format_count(text, sizeof text, 12345), "12.3 k");
    CHECK_STR(sim_quantity_format_count(text, sizeof text, 12), "12");
    CHECK_STR(sim_quantity_format_bytes(text, sizeof text, 2e12), "2.00 TB");
    CHECK_STR(sim_quantity_format_factor(text, sizeof text, 4), "4x");
}

static void
exact_text_reads_back_to_the_same_value(void)
{
    SimRng rng = sim_rng_named(1, 0, "quantity");
    char text[SIM_QUANTITY_TEXT_MAX];
    for (int i = 0; i < 20000; i++) {
        SimTime time = sim_rng_uniform(&rng, 0, SIM_DAY << sim_rng_below(&rng, 8));
        if (i % 2)
            time -= time % (i % 3 ? SIM_MILLISECOND : SIM_SECOND);
        check_duration(sim_quantity_exact_duration(text, sizeof text, time), time);
        double percent = (double)sim_rng_below(&rng, 100000) / 1000.0, got = -7;
        CHECK(
            sim_quantity_share(sim_quantity_exact_share(text, sizeof text, percent / 100.0), &got));
        CHECK(got == percent / 100.0);
        double number = sim_rng_unit(&rng) * 1e9;
        check_number(sim_quantity_number, sim_quantity_exact_number(text, sizeof text, number),
                     number);
    }
    CHECK_STR(sim_quantity_exact_duration(text, sizeof text, 390 * SIM_MINUTE), "6h30m");
    CHECK_STR(sim_quantity_exact_duration(text, sizeof text, 2300 * SIM_MILLISECOND), "2300ms");
    CHECK_STR(sim_quantity_exact_share(text, sizeof text, 0.2), "20%");
}

static CU_TestInfo tests[] = {
    {"durations_are_read_with_their_units", durations_are_read_with_their_units},
    {"what_is_no_quantity_is_refused", what_is_no_quantity_is_refused},
    {"numbers_are_read_with_their_units", numbers_are_read_with_their_units},
    {"durations_are_written_for_people", durations_are_written_for_people},
    {"numbers_are_written_for_people", numbers_are_written_for_people},
    {"exact_text_reads_back_to_the_same_value", exact_text_reads_back_to_the_same_value},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("quantity", tests)
