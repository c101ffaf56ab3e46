/*
 * simgrid_edge.cpp - an edge of 330 PoPs and an origin in SimGrid: requests a second.
 *
 *     apt-get install libsimgrid-dev g++
 *     g++ -O3 -std=c++17 tests/bench/peers/simgrid_edge.cpp -o simgrid_edge -lsimgrid
 *     ./simgrid_edge REQUESTS [ORIGIN_SERVERS ORIGIN_MS]
 *
 * The work of simpy_edge.py, which describes it: an actor a request and a semaphore a station.
 * Prints a line of name, parameter, value and unit, separated by tabs, and on stderr the mean
 * latency and the share of requests that timed out.
 */
#if !__has_include(<simgrid/s4u.hpp>)
#error "simgrid_edge: SimGrid is not there: apt-get install libsimgrid-dev"
#else

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <simgrid/s4u.hpp>
#include <vector>
#include <xbt/log.h>

namespace sg4 = simgrid::s4u;

static const int POPS = 330, SERVERS = 8, ATTEMPTS = 2;
static const double LOAD = .7, SERVICE_S = 1e-3, HITS = .9, TIMEOUT_S = 1;

struct Station {
    sg4::SemaphorePtr free;
    double mean_s;
};
static Station origin;
static uint64_t state = 1, left, failed;
static double latency;

/* SplitMix64, as in sim/rng.h, so that both draw at the same price. */
static double
unit()
{
    uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return (static_cast<double>(z >> 12) + .5) * 0x1p-52;
}

static double
exponential(double mean)
{
    return -std::log(unit()) * mean;
}

/* False when the client's time was up, in the queue or in service. */
static bool
serve(const Station &station, double until)
{
    if (station.free->acquire_timeout(until - sg4::Engine::get_clock()))
        return false;
    double service = exponential(station.mean_s), rest = until - sg4::Engine::get_clock();
    sg4::this_actor::sleep_for(std::fmin(service, rest));
    station.free->release();
    return service <= rest;
}

static void
request(const Station *pop)
{
    double came = sg4::Engine::get_clock();
    bool served = false;
    for (int i = 0; i < ATTEMPTS && !served; i++) {
        double until = sg4::Engine::get_clock() + TIMEOUT_S;
        bool hit = unit() < HITS;
        served = serve(*pop, until) && (hit || serve(origin, until));
    }
    failed += !served;
    latency += sg4::Engine::get_clock() - came;
}

static void
arrive(const Station *pop)
{
    for (;;) {
        sg4::this_actor::sleep_for(exponential(SERVICE_S / (LOAD * SERVERS)));
        if (left == 0)
            return;
        left--;
        sg4::Actor::create("request", sg4::this_actor::get_host(), [pop] { request(pop); });
    }
}

int
main(int argc, char **argv)
{
    xbt_log_control_set("root.thresh:error");
    sg4::Engine engine(&argc, argv);
    if (argc != 2 && argc != 4) {
        std::fprintf(stderr, "usage: simgrid_edge REQUESTS [ORIGIN_SERVERS ORIGIN_MS]\n");
        return 2;
    }
    sg4::Engine::set_config("contexts/stack-size:64"); /* KiB; 8 MiB else, and half the speed */
    sg4::Engine::set_config("surf/precision:1e-12");
    uint64_t requests = left = std::strtoull(argv[1], nullptr, 10);
    unsigned servers = argc == 4 ? static_cast<unsigned>(std::atoi(argv[2])) : 400;
    origin = {sg4::Semaphore::create(servers), (argc == 4 ? std::atof(argv[3]) : 1.9) / 1e3};
    auto *zone = sg4::create_empty_zone("edge");
    std::vector<Station> pops;
    for (int i = 0; i < POPS; i++)
        pops.push_back({sg4::Semaphore::create(SERVERS), SERVICE_S});
    for (int i = 0; i < POPS; i++) {
        auto *host = zone->create_host("pop" + std::to_string(i), 1e9);
        const Station *pop = &pops[static_cast<size_t>(i)];
        sg4::Actor::create("source", host, [pop] { arrive(pop); });
    }
    zone->seal();
    auto start = std::chrono::steady_clock::now();
    engine.run();
    double s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    auto n = static_cast<double>(requests);
    std::fprintf(stderr, "simgrid_edge: latency %.3f ms, failed %.6f\n", latency / n * 1e3,
                 static_cast<double>(failed) / n);
    std::printf("simgrid_edge\t%s\t%.0f\trequests/s\n", argv[1], n / s);
    return 0;
}
#endif
