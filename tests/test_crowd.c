#include "models/crowd.h"

#include "tests/harness.h"

static void
people_notice_after_a_while(void)
{
    Crowd crowd = {0};
    double seconds = 0;
    for (int i = 0; i < 20; i++)
        seconds += crowd_notice(&crowd, 1000, 10);
    /* 1000 (1 - exp(-1)), and 1000 (200 - 200 (1 - exp(-1))) person-seconds. */
    CHECK_NEAR(crowd.noticed, 632.12, 0.01);
    CHECK_NEAR(seconds, 1000 * 200 * 0.367879, 1);
    crowd_notice(&crowd, 0, 200);
    CHECK_NEAR(crowd.noticed, 232.54, 0.01);
}

static void
an_alert_takes_bins_on_end_either_way(void)
{
    Crowd crowd = {0};
    CHECK(!crowd_bin(&crowd, 100, 50, 2));
    CHECK(!crowd_bin(&crowd, 50, 50, 2));
    CHECK(!crowd_bin(&crowd, 100, 50, 2));
    CHECK(crowd_bin(&crowd, 51, 50, 2));
    CHECK(crowd.is_firing);
    CHECK(!crowd_bin(&crowd, 0, 50, 2));
    CHECK(!crowd_bin(&crowd, 51, 50, 2));
    CHECK(!crowd_bin(&crowd, 0, 50, 2));
    CHECK(crowd_bin(&crowd, 0, 50, 2));
    CHECK(!crowd.is_firing);
}

static void
what_is_usual_follows_the_sun_over_the_metros(void)
{
    g_autoptr(Geo) geo = NULL;
    g_autoptr(GError) error = NULL;
    CHECK(geo_load(NULL, NULL, &geo, &error));
    CrowdDay day = crowd_day(geo, 0.4, 20 * SIM_HOUR);
    double mean = 0, most = 0, at = 0;
    for (int hour = 0; hour < 24; hour++) {
        double level = crowd_day_at(day, hour * 3600);
        mean += level / 24;
        at = level > most ? hour : at;
        most = MAX(most, level);
    }
    CHECK_NEAR(mean, 1, 1e-9);
    /* Most people live in Asia, where it is evening when UTC has early afternoon. */
    CHECK(at >= 12 && at <= 17);
    CHECK(most > 1.1 && most < 1.4);
    CHECK_NEAR(crowd_day_at(crowd_day(geo, 0, 0), 4000), 1, 0);
}

static CU_TestInfo tests[] = {
    {"people_notice_after_a_while", people_notice_after_a_while},
    {"an_alert_takes_bins_on_end_either_way", an_alert_takes_bins_on_end_either_way},
    {"what_is_usual_follows_the_sun_over_the_metros",
     what_is_usual_follows_the_sun_over_the_metros},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("crowd", tests)
