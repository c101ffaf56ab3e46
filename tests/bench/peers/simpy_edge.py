#!/usr/bin/python3
"""simpy_edge.py - an edge of 330 PoPs and an origin in SimPy 2.3: requests a second.

    apt-get install python3-simpy
    /usr/bin/python3 tests/bench/peers/simpy_edge.py REQUESTS [ORIGIN_SERVERS ORIGIN_MS]

The work, the same in simgrid_edge.cpp: each PoP has 8 servers, first come first served, Poisson
arrivals at 70 % load and exponential service of mean 1 ms.  Of the requests 90 % are hits; the
others go on to one origin.  A client gives an attempt a second, at the PoP and the origin
together, then lets go of where it waits or is served and tries once more.

A tenth of 1.85 million requests a second would load an origin of 400 servers and 20 ms ninefold,
so its service has a mean of 1.9 ms: load 0.88.  With 4200 servers of 20 ms it is 0.88 too.

Prints a line of name, parameter, value and unit, separated by tabs, and on stderr the mean
latency and the share of requests that timed out.
"""

import random
import sys
import time

try:
    from SimPy.Simulation import Process, Resource, Simulation, hold, release, request
except ImportError:
    sys.exit("simpy_edge: SimPy 2 is not there for this python3: apt-get install python3-simpy, "
             "and run it by /usr/bin/python3")

POPS, SERVERS, LOAD, SERVICE_S = 330, 8, 0.7, 1e-3
HITS, TIMEOUT_S, ATTEMPTS = 0.9, 1.0, 2


class Edge:
    def __init__(self, sim, requests, origin_servers, origin_s):
        self.left, self.rng = requests, random.Random(1)
        self.pops = [Resource(SERVERS, sim=sim) for _ in range(POPS)]
        self.origin, self.origin_s = Resource(origin_servers, sim=sim), origin_s
        self.latency, self.failed = 0.0, 0


class Request(Process):
    def go(self, edge, pop):
        came = self.sim.now()
        for _ in range(ATTEMPTS):
            until, served = self.sim.now() + TIMEOUT_S, True
            stops = [(pop, SERVICE_S)]
            if edge.rng.random() >= HITS:
                stops.append((edge.origin, edge.origin_s))
            for station, mean in stops:
                if station.n > 0:
                    yield request, self, station
                else:  # the time-out is a process of its own, so only where there is a queue
                    yield (request, self, station), (hold, self, until - self.sim.now())
                    served = self.acquired(station)
                    if not served:
                        break
                service, left = edge.rng.expovariate(1 / mean), until - self.sim.now()
                served = service <= left
                yield hold, self, min(service, left)
                yield release, self, station
                if not served:
                    break
            if served:
                break
        edge.failed += not served
        edge.latency += self.sim.now() - came


class Source(Process):
    def arrive(self, edge, pop):
        while True:
            yield hold, self, edge.rng.expovariate(LOAD * SERVERS / SERVICE_S)
            if edge.left == 0:
                return
            edge.left -= 1
            call = Request(sim=self.sim)
            self.sim.activate(call, call.go(edge, pop))


def main():
    if len(sys.argv) not in (2, 4) or not sys.argv[1].isdigit():
        sys.exit("usage: simpy_edge.py REQUESTS [ORIGIN_SERVERS ORIGIN_MS]")
    requests = int(sys.argv[1])
    servers, mean_ms = (int(sys.argv[2]), float(sys.argv[3])) if len(sys.argv) == 4 else (400, 1.9)
    sim = Simulation()
    sim.initialize()
    edge = Edge(sim, requests, servers, mean_ms / 1e3)
    for pop in edge.pops:
        source = Source(sim=sim)
        sim.activate(source, source.arrive(edge, pop))
    start = time.perf_counter()
    sim.simulate(until=1e300)
    seconds = time.perf_counter() - start
    print(f"simpy_edge: latency {edge.latency / requests * 1e3:.3f} ms, failed "
          f"{edge.failed / requests:.6f}", file=sys.stderr)
    print("simpy_edge", requests, f"{requests / seconds:.0f}", "requests/s", sep="\t")


if __name__ == "__main__":
    main()
