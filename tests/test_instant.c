#include "sim/instant.h"
#include "tests/harness.h"

static void
timestamps_are_strict_utc(void)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } good[] = {{"1970-01-01T00:00:00Z", 0},
                {"2025-11-18T11:05:00Z", 1763463900},
                {"2024-02-29T23:59:59Z", 1709251199},
                {"1969-12-31T23:59:59Z", -1},
                {"0001-01-01T00:00:00Z", INT64_C(-62135596800)},
                {"9999-12-31T23:59:59Z", INT64_C(253402300799)}};
    static const char *const bad[] = {"2025-11-18",
                                      "2025-11-18T11:05:00",
                                      "2025-11-18T11:05:00+01:00",
                                      "2025-11-18 11:05:00Z",
                                      "2025-13-01T00:00:00Z",
                                      "2025-00-01T00:00:00Z",
                                      "2025-02-29T00:00:00Z",
                                      "1900-02-29T00:00:00Z",
                                      "2025-01-01T24:00:00Z",
                                      "2025-01-01T00:60:00Z",
                                      "2025-01-01T00:00:60Z",
                                      "2025-01-01T00:00:00Zx",
                                      "0000-01-01T00:00:00Z",
                                      "",
                                      "2025-1-1T0:0:0Z"};
    int64_t got = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(good); i++) {
        CHECK(sim_timestamp_parse(good[i].text, &got));
        CHECK_INT(got, good[i].seconds);
        g_autofree char *text = sim_timestamp_format(got);
        CHECK_STR(text, good[i].text);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++)
        CHECK(!sim_timestamp_parse(bad[i], &got));
}

static void
instants_take_clock_offset_and_timestamp(void)
{
    static const struct {
        const char *text, *printed;
        SimInstantKind kind;
        int64_t value;
    } rows[] = {{"11:05", "11:05:00", SIM_INSTANT_CLOCK, 39900 * SIM_SECOND},
                {"9:05", "09:05:00", SIM_INSTANT_CLOCK, 32700 * SIM_SECOND},
                {"11:05:30", "11:05:30", SIM_INSTANT_CLOCK, 39930 * SIM_SECOND},
                {"+5m", "+5m", SIM_INSTANT_OFFSET, 300 * SIM_SECOND},
                {"1h30m", "+1h30m", SIM_INSTANT_OFFSET, 5400 * SIM_SECOND},
                {"2025-11-18T11:05:00Z", "2025-11-18T11:05:00Z", SIM_INSTANT_ABSOLUTE, 1763463900}};
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        SimInstant got = {0};
        CHECK(sim_instant_parse(rows[i].text, &got));
        CHECK_INT(got.kind, rows[i].kind);
        CHECK_INT(got.value, rows[i].value);
        g_autofree char *text = sim_instant_format(got);
        CHECK_STR(text, rows[i].printed);
    }
    static const char *const bad[] = {"24:00", "11:60", "11:5", "111:05", "11:05:3", "11:05:60",
                                      "-5m",   "++5m",  "5",    "",       ":05",     "11"};
    SimInstant ignored;
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++)
        CHECK(!sim_instant_parse(bad[i], &ignored));
}

static void
instants_resolve_against_the_start(void)
{
    int64_t start = 1763463600; /* 11:00 */
    CHECK_INT(sim_instant_resolve((SimInstant){SIM_INSTANT_NONE, 5}, start), 0);
    CHECK_INT(sim_instant_resolve((SimInstant){SIM_INSTANT_OFFSET, 7}, start), 7);
    SimInstant at = {SIM_INSTANT_CLOCK, 39900 * SIM_SECOND};
    CHECK_INT(sim_instant_resolve(at, start), 5 * SIM_MINUTE);
    at.value = 10 * SIM_HOUR;
    CHECK_INT(sim_instant_resolve(at, start), 23 * SIM_HOUR);
    CHECK_INT(sim_instant_resolve((SimInstant){SIM_INSTANT_ABSOLUTE, start + 60}, start),
              SIM_MINUTE);
    CHECK_INT(sim_instant_resolve((SimInstant){SIM_INSTANT_ABSOLUTE, start - 60}, start),
              -SIM_MINUTE);
    CHECK_INT(sim_instant_resolve((SimInstant){SIM_INSTANT_CLOCK, SIM_HOUR}, -3600), 2 * SIM_HOUR);
}

static CU_TestInfo tests[] = {
    {"timestamps_are_strict_utc", timestamps_are_strict_utc},
    {"instants_take_clock_offset_and_timestamp", instants_take_clock_offset_and_timestamp},
    {"instants_resolve_against_the_start", instants_resolve_against_the_start},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("instant", tests)
