/*
 * ns3_hold.cpp - what an event costs in ns-3: the hold model, nanoseconds a hold.
 *
 *     apt-get install libns3-dev g++
 *     g++ -O3 -std=c++17 tests/bench/peers/ns3_hold.cpp -o ns3_hold -lns3-core
 *     ./ns3_hold [HOLDS]
 *
 * So many events are pending all the time: each schedules the next after an exponential delay.
 * Prints a line of name, pending events, value and unit, separated by tabs, for 1e3, 1e5 and 1e6
 * pending; HOLDS is how many events are timed for each, at least as many as pend.
 */
#if !__has_include(<ns3/simulator.h>)
#error "ns3_hold: ns-3 is not there: apt-get install libns3-dev"
#else

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ns3/simulator.h>

static uint64_t state = 1, left;
static std::chrono::steady_clock::time_point start, end;

/* SplitMix64, as in sim/rng.h, so that both draw at the same price. */
static double
exponential_ns(double mean)
{
    uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return -std::log((static_cast<double>(z >> 12) + .5) * 0x1p-52) * mean;
}

static void
hold()
{
    if (left-- == 0) {
        end = std::chrono::steady_clock::now();
        ns3::Simulator::Stop();
        return;
    }
    ns3::Simulator::Schedule(ns3::NanoSeconds(static_cast<uint64_t>(exponential_ns(1e9))), &hold);
}

static void
measure(uint64_t pending, uint64_t holds)
{
    left = pending + holds; /* the first of them warm up */
    for (uint64_t i = 0; i < pending; i++)
        ns3::Simulator::Schedule(ns3::NanoSeconds(static_cast<uint64_t>(exponential_ns(1e9))),
                                 &hold);
    ns3::Simulator::Schedule(ns3::Seconds(1), [] { start = std::chrono::steady_clock::now(); });
    ns3::Simulator::Schedule(ns3::Seconds(1), [holds] { left = holds; });
    ns3::Simulator::Run();
    ns3::Simulator::Destroy();
    double ns = std::chrono::duration<double, std::nano>(end - start).count();
    std::printf("ns3_hold\t%llu\t%.1f\tns/hold\n", static_cast<unsigned long long>(pending),
                ns / static_cast<double>(holds));
    std::fflush(stdout);
}

int
main(int argc, char **argv)
{
    uint64_t holds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2000000;
    for (uint64_t pending : {UINT64_C(1000), UINT64_C(100000), UINT64_C(1000000)})
        measure(pending, holds > pending ? holds : pending);
    return 0;
}
#endif
