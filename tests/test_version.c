#include "models/version.h"

#include "tests/fake_world.h"
#include "tests/harness.h"

static const char text[] = "services: {proxy: {placement: pop}}\n"
                           "sites: {web: {service: proxy, requests: 100/s}}\n"
                           "configs:\n"
                           "  features:\n"
                           "    properties: {size: 60, rules: 5}\n"
                           "    limits: [size <= 200]\n"
                           "    consumers:\n"
                           "      - {service: proxy, when: size > 200, effect: {panic: 100%}}\n"
                           "      - {service: proxy, when: rules == 0, effect: {reject: true}}\n";

static SimList
one(PropertySpec *change, const char *name, double value)
{
    *change = (PropertySpec){.entity.name = name, .value = value};
    return (SimList){change, 1};
}

static Versions *
versions_of(FakeWorld *fake)
{
    return versions_new(sim_arena(fake->sim), world_config(&fake->world, 0));
}

static void
the_ordinary_version_is_number_0(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 1, 1);
    Versions *versions = versions_of(fake);
    char words[64];
    CHECK_INT(version_count(versions), 1);
    CHECK(!version_is_bad(versions, 0));
    CHECK_STR(version_describe(versions, 0, words, sizeof words), "size 60, rules 5");
    CHECK_STR(version_describe(versions, 0, words, 8), "size 60");
}

static void
each_condition_is_judged_by_itself(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 1, 1);
    Versions *versions = versions_of(fake);
    PropertySpec change;
    CHECK_INT(version_add(versions, one(&change, "size", 210), SIM_MINUTE), 1);
    CHECK_INT(version_add(versions, one(&change, "rules", 0), SIM_HOUR), 2);
    CHECK(version_breaks(versions, 1, 0) && !version_breaks(versions, 1, 1));
    CHECK(!version_breaks(versions, 2, 0) && version_breaks(versions, 2, 1));
    CHECK(version_breaks_limit(versions, 1) && !version_breaks_limit(versions, 2));
    CHECK(version_is_bad(versions, 1) && version_is_bad(versions, 2));
    CHECK_INT(version_made_at(versions, 2), SIM_HOUR);
    CHECK_INT(version_known_good(versions, 3), 0);
}

static void
known_good_is_the_newest_that_breaks_nothing(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 1, 1);
    Versions *versions = versions_of(fake);
    PropertySpec change;
    for (uint32_t i = 1; i < 1000; i++)
        version_add(versions, one(&change, "size", i % 7 ? 210 : i % 100), i);
    for (uint32_t before = 1; before <= 1000; before++)
        CHECK_INT(version_known_good(versions, before), (before - 1) / 7 * 7);
    CHECK_INT(version_known_good(versions, 0), 0);
    CHECK_INT(version_made_at(versions, 999), 999);
}

static void
there_is_a_limit_to_versions(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 1, 1);
    Versions *versions = versions_of(fake);
    for (uint32_t i = 1; i < VERSIONS_MAX; i++)
        version_add(versions, (SimList){0}, 0);
    CHECK_INT(version_add(versions, (SimList){0}, 0), SIM_NONE);
    CHECK_INT(version_count(versions), VERSIONS_MAX);
}

static void
an_unknown_property_is_an_error(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 1, 1);
    PropertySpec change;
    const ConfigSpec *spec = world_config(&fake->world, 0);
    CHECK(version_check(spec, one(&change, "rules", 1), fake->messages));
    CHECK(!version_check(spec, one(&change, "rulez", 1), fake->messages));
    g_autofree char *said = fake_messages(fake);
    CHECK_HAS(said, "config 'features' has no property 'rulez': expected one of its properties");
}

static CU_TestInfo tests[] = {
    {"the_ordinary_version_is_number_0", the_ordinary_version_is_number_0},
    {"each_condition_is_judged_by_itself", each_condition_is_judged_by_itself},
    {"known_good_is_the_newest_that_breaks_nothing", known_good_is_the_newest_that_breaks_nothing},
    {"there_is_a_limit_to_versions", there_is_a_limit_to_versions},
    {"an_unknown_property_is_an_error", an_unknown_property_is_an_error},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("version", tests)
