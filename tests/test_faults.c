#include "models/faults.h"

#include "models/status_page.h"
#include "tests/fake_world.h"
#include "tests/harness.h"

#define WORLD                                                                                      \
    "network: {convergence: 1s}\n"                                                                 \
    "locations:\n"                                                                                 \
    "  here: {latitude: 0, longitude: 0}\n"                                                        \
    "  there: {latitude: 9, longitude: 9}\n"                                                       \
    "  cloud: {latitude: 5, longitude: 5}\n"                                                       \
    "services:\n"                                                                                  \
    "  proxy: {placement: pop, clock_tolerance: 5m, cohorts: {old: 50%, new: 50%}}\n"              \
    "  rules: {placement: pop, inside: proxy, when_killed: {errors: 20%}}\n"                       \
    "  kv: {placement: core, location: here, clock_tolerance: 5m, station: {servers: 10, "         \
    "service_time: 1s, hosts: 5}, failover: {location: there, after: 10m, capacity: 50%}}\n"       \
    "  core: {placement: core, location: here}\n"                                                  \
    "  mail: {placement: external, location: cloud}\n"                                             \
    "sites:\n"                                                                                     \
    "  web: {service: proxy, requests: 100/s}\n"                                                   \
    "  shop: {service: proxy, requests: 10/s}\n"                                                   \
    "  flood: {service: proxy, requests: 1000/s, attack: {blocked_by: rules}}\n"                   \
    "timeline:\n"

enum { PROXY, RULES, KV, CORE, MAIL };
enum { WEB, SHOP, FLOOD };

typedef struct Bench {
    FakeWorld *fake;
    FaultParts parts;
    Faults *faults;
} Bench;

static Bench
bench_new(const char *text, uint64_t seed)
{
    Bench bench = {.fake = fake_world_new(text, 5, seed)};
    Sim *sim = bench.fake->sim;
    const World *world = &bench.fake->world;
    bench.parts = (FaultParts){.levers = levers_attach(sim, world),
                               .processes = processes_attach(sim, world),
                               .routing = routing_attach(sim, world),
                               .status_page = status_page_attach(sim, world, NULL)};
    SIM_EACH(const TimelineSpec, entry, world->spec->timeline)
    CHECK(faults_check(world, entry, bench.fake->messages));
    bench.faults = faults_attach(sim, world, &bench.parts);
    for (uint32_t i = 0; i < 8; i++)
        sim_journal_add(world->journal, &(SimJournalEntry){.cause = SIM_NONE, .kind = "test"},
                        "deed %u", i);
    return bench;
}

static void
bench_free(Bench *bench)
{
    sim_verify(bench->fake->sim);
    fake_world_free(bench->fake);
}

static FakeCall
last_of(const Bench *bench, FakeKind kind, uint32_t who)
{
    FakeCall last = {.value = -1};
    for (uint32_t i = 0; i < bench->fake->calls->len; i++) {
        FakeCall call = g_array_index(bench->fake->calls, FakeCall, i);
        if (call.kind == kind && call.who == who)
            last = call;
    }
    return last;
}

static void
a_central_service_fails_and_heals(void)
{
    Bench bench = bench_new(
        WORLD "  - {at: 1m, do: service-fails, service: kv, share: 20%, for: 1m}\n"
              "  - {at: 1m, do: service-fails, service: kv, share: 50%, for: 1m}\n"
              "  - {at: 1m, do: service-slow, service: kv, by: 3x, latency: 2s, for: 1m}\n"
              "  - {at: 1m, do: quota, service: kv, to_rate: 7/s, for: 1m}\n"
              "  - {at: 1m, do: service-fails, service: kv, hosts: 40%}\n",
        1);
    const Impairment *kv = &bench.fake->impairments[KV];
    for (uint32_t i = 0; i < 5; i++)
        faults_begin(bench.faults, i, i);
    CHECK_NEAR(kv->errors, 0.6, 1e-12);
    CHECK_NEAR(kv->bad_hosts, 0.4, 1e-12);
    CHECK_NEAR(kv->slow, 3, 1e-12);
    CHECK_NEAR(kv->delay, 2, 1e-12);
    CHECK_NEAR(kv->quota_per_s, 7, 1e-12);
    faults_end(bench.faults, 0, 0, 5);
    CHECK_NEAR(kv->errors, 0.5, 1e-12);
    faults_end(bench.faults, 1, 1, 5);
    faults_end(bench.faults, 2, 2, 5);
    faults_end(bench.faults, 3, 3, 5);
    CHECK_NEAR(kv->errors, 0, 0);
    CHECK_NEAR(kv->slow, 1, 0);
    CHECK_NEAR(kv->quota_per_s, -1, 0);
    CHECK_NEAR(kv->bad_hosts, 0.4, 1e-12);
    CHECK_INT(kv->cause, 4);
    bench_free(&bench);
}

static void
a_service_at_the_pops_fails_where_it_is_to(void)
{
    Bench bench = bench_new(
        WORLD "  - {at: 1m, do: service-fails, service: rules, share: 20%, cohort: new, busiest: "
              "2, for: 1m}\n"
              "  - {at: 1m, do: service-slow, service: rules, latency: 3s, for: 1m}\n"
              "  - {at: 1m, do: burn-cpu, service: rules, by: 4x, for: 1m}\n",
        1);
    const uint32_t *busiest = bench.fake->world.pops_by_demand;
    for (uint32_t i = 0; i < 3; i++)
        faults_begin(bench.faults, i, i);
    Behaviour first = fake_behaviour(bench.fake, RULES, busiest[0], 1);
    Behaviour third = fake_behaviour(bench.fake, RULES, busiest[2], 1);
    CHECK_NEAR(first.errors, 0.2, 1e-12);
    CHECK_NEAR(fake_behaviour(bench.fake, RULES, busiest[0], 0).errors, 0, 0);
    CHECK_NEAR(third.errors, 0, 0);
    CHECK_NEAR(third.delay, 3, 1e-12);
    CHECK_NEAR(third.burn_cpu, 4, 1e-12);
    CHECK_INT(fake_count(bench.fake, FAKE_IMPAIR), 0);
    for (uint32_t i = 0; i < 3; i++)
        faults_end(bench.faults, i, i, 5);
    first = fake_behaviour(bench.fake, RULES, busiest[0], 1);
    CHECK_NEAR(first.errors, 0, 0);
    CHECK_NEAR(first.delay, 0, 0);
    CHECK_NEAR(first.burn_cpu, 1, 0);
    bench_free(&bench);
}

/* 20 steps, each with what a straight line has in its middle: the mean is exact. */
static void
a_ramp_rises_in_a_straight_line(void)
{
    Bench bench = bench_new(
        WORLD "  - {at: 1m, do: dns-failure, sites: [web], share: 80%, ramp: 200s, for: 5m}\n", 1);
    double sum = 0, before = -1;
    faults_begin(bench.faults, 0, 0);
    sim_run(bench.fake->sim, 199 * SIM_SECOND);
    CHECK_INT(fake_count(bench.fake, FAKE_ENTRY), 20);
    for (uint32_t i = 0; i < 20; i++) {
        FakeCall call = fake_call(bench.fake, FAKE_ENTRY, i);
        CHECK_INT(call.at, i * 10 * SIM_SECOND);
        CHECK(call.value > before);
        before = call.value;
        sum += call.value;
    }
    CHECK_NEAR(sum / 20, 0.4, 1e-12);
    sim_run(bench.fake->sim, 250 * SIM_SECOND);
    CHECK_NEAR(last_of(&bench, FAKE_ENTRY, WEB).value, 0.8, 1e-12);
    faults_end(bench.faults, 0, 0, 1);
    CHECK_NEAR(last_of(&bench, FAKE_ENTRY, WEB).value, 0, 0);
    sim_run(bench.fake->sim, SIM_HOUR);
    CHECK_INT(fake_count(bench.fake, FAKE_ENTRY), 22);
    bench_free(&bench);
}

static void
what_begins_anew_counts_once(void)
{
    Bench bench =
        bench_new(WORLD "  - {at: 1m, every: 1m, do: service-fails, service: core, share: 50%, "
                        "for: 90s}\n",
                  1);
    faults_begin(bench.faults, 0, 0);
    sim_run(bench.fake->sim, SIM_MINUTE);
    faults_begin(bench.faults, 0, 1);
    CHECK_NEAR(bench.fake->impairments[CORE].errors, 0.5, 1e-12);
    faults_end(bench.faults, 0, 0, 2);
    CHECK_NEAR(bench.fake->impairments[CORE].errors, 0.5, 1e-12);
    faults_end(bench.faults, 0, 1, 3);
    CHECK_NEAR(bench.fake->impairments[CORE].errors, 0, 0);
    bench_free(&bench);
}

static void
a_link_loses_what_is_asked_over_it(void)
{
    Bench bench = bench_new(WORLD "  - {at: 1m, do: link, location: here, share: 30%, for: 1m}\n"
                                  "  - {at: 1m, do: link, location: here, latency: 2s, for: 1m}\n"
                                  "  - {at: 1m, do: link, busiest: 2, share: 10%, for: 1m}\n"
                                  "  - {at: 1m, do: link, busiest: 1, share: 10%, for: 1m}\n",
                            1);
    const uint32_t *busiest = bench.fake->world.pops_by_demand;
    for (uint32_t i = 0; i < 4; i++)
        faults_begin(bench.faults, i, i);
    CHECK_NEAR(bench.fake->impairments[KV].lost, 0.3, 1e-12);
    CHECK_NEAR(bench.fake->impairments[KV].delay, 2, 1e-12);
    CHECK_NEAR(bench.fake->impairments[CORE].lost, 0.3, 1e-12);
    CHECK_NEAR(bench.fake->impairments[MAIL].lost, 0, 0);
    CHECK_INT(fake_count(bench.fake, FAKE_ENTRY), 3);
    FakeCall both = fake_call(bench.fake, FAKE_ENTRY, 2);
    CHECK_INT(both.where, busiest[0]);
    CHECK_INT(both.who, SIM_NONE);
    CHECK_NEAR(both.value, 0.19, 1e-12);
    faults_end(bench.faults, 2, 2, 5);
    CHECK_NEAR(fake_call(bench.fake, FAKE_ENTRY, 3).value +
                   fake_call(bench.fake, FAKE_ENTRY, 4).value,
               0.1, 1e-12);
    bench_free(&bench);
}

static void
without_power_a_service_goes_elsewhere_and_returns(void)
{
    Bench bench = bench_new(WORLD "  - {at: 1m, do: power-loss, location: here, for: 1h}\n", 1);
    faults_begin(bench.faults, 0, 0);
    CHECK_INT(fake_count(bench.fake, FAKE_HALT), 2);
    CHECK_NEAR(last_of(&bench, FAKE_HALT, KV).value, 1, 0);
    CHECK_NEAR(last_of(&bench, FAKE_HALT, CORE).value, 1, 0);
    sim_run(bench.fake->sim, 11 * SIM_MINUTE);
    CHECK_NEAR(last_of(&bench, FAKE_HALT, KV).value, 0, 0);
    CHECK_INT(last_of(&bench, FAKE_HALT, KV).at, 10 * SIM_MINUTE);
    CHECK_NEAR(last_of(&bench, FAKE_CAPACITY, KV).value, 0.5, 0);
    CHECK_NEAR(last_of(&bench, FAKE_HALT, CORE).value, 1, 0);
    faults_end(bench.faults, 0, 0, 1);
    CHECK_NEAR(last_of(&bench, FAKE_CAPACITY, KV).value, 1, 0);
    CHECK_NEAR(last_of(&bench, FAKE_HALT, KV).value, 0, 0);
    CHECK_NEAR(last_of(&bench, FAKE_HALT, CORE).value, 0, 0);
    g_autofree char *said = fake_journal(bench.fake);
    CHECK_HAS(said, "10:00 failover.serves kv is served at there");
    CHECK_HAS(said, "failover.returns kv is served at home again, at here");
    bench_free(&bench);
}

/* With share 0 % generators always start, with 100 % never; in between by the seed. */
static void
generators_start_or_do_not(void)
{
    uint32_t started = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        Bench bench = bench_new(
            WORLD "  - {at: 1m, do: power-loss, location: here, share: 50%, over: 2m, for: 1h}\n",
            seed);
        faults_begin(bench.faults, 0, 0);
        sim_run(bench.fake->sim, 3 * SIM_MINUTE);
        bool is_up = last_of(&bench, FAKE_HALT, CORE).value == 0;
        started += is_up;
        if (is_up)
            CHECK_INT(last_of(&bench, FAKE_HALT, CORE).at, 2 * SIM_MINUTE);
        faults_end(bench.faults, 0, 0, 1);
        CHECK_NEAR(last_of(&bench, FAKE_HALT, CORE).value, 0, 0);
        bench_free(&bench);
    }
    CHECK(started >= 10 && started <= 30);
}

static void
clouds_certificates_and_clocks_fail_who_stands_on_them(void)
{
    Bench bench =
        bench_new(WORLD "  - {at: 1m, do: cloud-outage, location: cloud, share: 70%, for: 1m}\n"
                        "  - {at: 1m, do: certificate-expiry, sites: [shop], services: [core]}\n"
                        "  - {at: 1m, do: clock-skew, services: [kv], skew: 10m}\n"
                        "  - {at: 1m, do: clock-skew, services: [proxy], skew: 10m, busiest: 1}\n"
                        "  - {at: 1m, do: clock-skew, services: [kv], skew: 4m}\n",
                  1);
    const uint32_t *busiest = bench.fake->world.pops_by_demand;
    faults_begin(bench.faults, 4, 4);
    CHECK_NEAR(bench.fake->impairments[KV].errors, 0, 0);
    for (uint32_t i = 0; i < 4; i++)
        faults_begin(bench.faults, i, i);
    CHECK_NEAR(bench.fake->impairments[MAIL].errors, 0.7, 1e-12);
    CHECK_NEAR(bench.fake->impairments[CORE].errors, 1, 0);
    CHECK_NEAR(bench.fake->impairments[KV].errors, 1, 0);
    CHECK_NEAR(last_of(&bench, FAKE_ENTRY, SHOP).value, 1, 0);
    CHECK_NEAR(fake_behaviour(bench.fake, PROXY, busiest[0], 0).errors, 1, 0);
    CHECK_NEAR(fake_behaviour(bench.fake, PROXY, busiest[1], 0).errors, 0, 0);
    bench_free(&bench);
}

static void
an_attack_is_silent_until_it_comes(void)
{
    Bench bench = bench_new(WORLD "  - {at: 1m, do: ddos, sites: [flood], by: 3x, for: 1m}\n"
                                  "  - {at: 1m, do: ddos, sites: [flood], for: 1m}\n"
                                  "  - {at: 1m, do: surge, sites: [web], by: 2x, for: 1m}\n",
                            1);
    CHECK_NEAR(last_of(&bench, FAKE_DEMAND, FLOOD).value, 0, 0);
    for (uint32_t i = 0; i < 3; i++)
        faults_begin(bench.faults, i, i);
    CHECK_NEAR(last_of(&bench, FAKE_DEMAND, FLOOD).value, 4, 1e-12);
    CHECK_NEAR(last_of(&bench, FAKE_DEMAND, WEB).value, 2, 1e-12);
    for (uint32_t i = 0; i < 3; i++)
        faults_end(bench.faults, i, i, 5);
    CHECK_NEAR(last_of(&bench, FAKE_DEMAND, FLOOD).value, 0, 0);
    CHECK_NEAR(last_of(&bench, FAKE_DEMAND, WEB).value, 1, 0);
    bench_free(&bench);
}

static void
origins_fail_and_slow_down_together(void)
{
    Bench bench =
        bench_new(WORLD "  - {at: 1m, do: origin-fails, sites: [web, shop], share: 30%, for: 1m}\n"
                        "  - {at: 1m, do: origin-slow, sites: [web], latency: 3s, for: 1m}\n",
                  1);
    faults_begin(bench.faults, 0, 0);
    faults_begin(bench.faults, 1, 1);
    CHECK_NEAR(last_of(&bench, FAKE_ORIGIN, WEB).value, 0.3, 1e-12);
    CHECK_NEAR(last_of(&bench, FAKE_ORIGIN, WEB).limit, 3, 1e-12);
    CHECK_NEAR(last_of(&bench, FAKE_ORIGIN, SHOP).limit, 0, 0);
    faults_end(bench.faults, 0, 0, 5);
    CHECK_NEAR(last_of(&bench, FAKE_ORIGIN, WEB).value, 0, 0);
    CHECK_NEAR(last_of(&bench, FAKE_ORIGIN, WEB).limit, 3, 1e-12);
    bench_free(&bench);
}

static uint32_t
pops_down(const Bench *bench)
{
    uint32_t mask = 0;
    for (uint32_t pop = 0; pop < bench->fake->world.n_pops; pop++)
        mask |= (uint32_t)!routing_is_up(bench->parts.routing, 0, pop) << pop;
    return mask;
}

static void
drawn_pops_are_drawn_anew_each_time(void)
{
    uint32_t seen = 0, differ = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        Bench bench =
            bench_new(WORLD "  - {at: 1m, every: 2m, do: pop-down, count: 2, for: 1m}\n", seed);
        faults_begin(bench.faults, 0, 0);
        uint32_t first = pops_down(&bench);
        CHECK_INT(__builtin_popcount(first), 2);
        faults_end(bench.faults, 0, 0, 1);
        CHECK_INT(pops_down(&bench), 0);
        faults_begin(bench.faults, 0, 2);
        differ += pops_down(&bench) != first;
        seen |= first;
        bench_free(&bench);
    }
    CHECK_INT(seen, 31);
    CHECK(differ > 10);
}

static void
a_switch_can_be_the_outage(void)
{
    Bench bench = bench_new(WORLD "  - {at: 1m, do: note, text: x}\n", 1);
    faults_service_killed(bench.faults, RULES, true, 0);
    CHECK_NEAR(fake_behaviour(bench.fake, PROXY, 0, 0).errors, 0.2, 1e-12);
    CHECK_INT(fake_behaviour(bench.fake, PROXY, 4, 1).stuck_cause, 0);
    faults_service_killed(bench.faults, RULES, false, 1);
    CHECK_NEAR(fake_behaviour(bench.fake, PROXY, 0, 0).errors, 0, 0);
    faults_service_killed(bench.faults, KV, true, 0);
    bench_free(&bench);
}

static void
the_status_page_is_down_while_anything_holds_it(void)
{
    Bench bench = bench_new(WORLD "  - {at: 1m, do: status-page-down, for: 1m}\n"
                                  "  - {at: 1m, do: status-page-down, for: 2m}\n",
                            1);
    faults_begin(bench.faults, 0, 0);
    faults_begin(bench.faults, 1, 1);
    CHECK(!status_page_is_up(bench.parts.status_page));
    faults_end(bench.faults, 0, 0, 2);
    CHECK(!status_page_is_up(bench.parts.status_page));
    faults_end(bench.faults, 1, 1, 3);
    CHECK(status_page_is_up(bench.parts.status_page));
    bench_free(&bench);
}

static void
what_can_not_be_injected_is_said(void)
{
    static const char *const rows[][2] = {
        {"{at: 1m, do: service-fails, service: kv, region: europe}",
         "chooses PoPs or a cohort, and service 'kv' is not at the PoPs"},
        {"{at: 1m, do: service-fails, service: core, hosts: 10%}",
         "service 'core' does not tell its hosts apart"},
        {"{at: 1m, do: service-slow, service: kv}", "does not say how slow"},
        {"{at: 1m, do: service-slow, service: rules, by: 2x}", "burn-cpu"},
        {"{at: 1m, do: burn-cpu, service: kv, by: 2x}", "needs a service at the PoPs"},
        {"{at: 1m, do: burn-cpu, service: rules, by: 0.5x}", "at least 1x"},
        {"{at: 1m, do: link, location: here, region: europe}", "both a location and PoPs"},
        {"{at: 1m, do: power-loss, location: cloud}", "no core service is at 'cloud'"},
        {"{at: 1m, do: power-loss, location: here, over: 5m}", "none starts"},
        {"{at: 1m, do: cloud-outage, location: here}", "no external service is at 'here'"},
        {"{at: 1m, do: certificate-expiry}", "does not say whose"},
        {"{at: 1m, do: certificate-expiry, services: [rules]}", "needs a central service"},
        {"{at: 1m, do: ddos, sites: [web]}", "site 'web' is nobody's attack"},
        {"{at: 1m, do: surge, sites: [flood], by: 2x}", "site 'flood' is an attack"},
        {"{at: 1m, do: clock-skew, services: [core], skew: 1m}",
         "service 'core' does not care what time it is"},
        {"{at: 1m, do: quota, service: proxy, to_rate: 1/s}", "needs a central service"},
        {"{at: 1m, do: pop-down, count: 9}", "is to draw 9 PoPs of 5"},
        {"{at: 1m, do: telemetry-blackout}", "takes figures from all monitors, and there is none"},
    };
    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strconcat(WORLD "  - ", rows[i][0], "\n", NULL);
        g_autoptr(FakeWorld) fake = fake_world_new(text, 5, 1);
        CHECK(!faults_check(&fake->world, SIM_ITEM(fake->spec.timeline, TimelineSpec, 0),
                            fake->messages));
        g_autofree char *said = fake_messages(fake);
        CHECK_HAS(said, rows[i][1]);
        CHECK_HAS(said, "test.yaml:");
    }
}

static void
every_fault_says_what_it_counts(void)
{
    for (int verb = 0; verb < VERB_COUNT; verb++)
        CHECK_INT(fault_counts(verb) != NULL, verb_is_fault(verb));
}

static CU_TestInfo tests[] = {
    {"a_central_service_fails_and_heals", a_central_service_fails_and_heals},
    {"a_service_at_the_pops_fails_where_it_is_to", a_service_at_the_pops_fails_where_it_is_to},
    {"a_ramp_rises_in_a_straight_line", a_ramp_rises_in_a_straight_line},
    {"what_begins_anew_counts_once", what_begins_anew_counts_once},
    {"a_link_loses_what_is_asked_over_it", a_link_loses_what_is_asked_over_it},
    {"without_power_a_service_goes_elsewhere_and_returns",
     without_power_a_service_goes_elsewhere_and_returns},
    {"generators_start_or_do_not", generators_start_or_do_not},
    {"clouds_certificates_and_clocks_fail_who_stands_on_them",
     clouds_certificates_and_clocks_fail_who_stands_on_them},
    {"an_attack_is_silent_until_it_comes", an_attack_is_silent_until_it_comes},
    {"origins_fail_and_slow_down_together", origins_fail_and_slow_down_together},
    {"drawn_pops_are_drawn_anew_each_time", drawn_pops_are_drawn_anew_each_time},
    {"a_switch_can_be_the_outage", a_switch_can_be_the_outage},
    {"the_status_page_is_down_while_anything_holds_it",
     the_status_page_is_down_while_anything_holds_it},
    {"what_can_not_be_injected_is_said", what_can_not_be_injected_is_said},
    {"every_fault_says_what_it_counts", every_fault_says_what_it_counts},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("faults", tests)
