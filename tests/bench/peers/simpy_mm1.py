#!/usr/bin/python3
"""simpy_mm1.py - a queue with one server at 90 % load in SimPy 2.3: customers a second.

    apt-get install python3-simpy
    /usr/bin/python3 tests/bench/peers/simpy_mm1.py CUSTOMERS

One process a customer, as SimPy's manual does it.  Prints a line of name, parameter, value and
unit, separated by tabs, and on stderr the mean number in the system, which should be near 9.
"""

import random
import sys
import time

try:
    from SimPy.Simulation import Process, Resource, Simulation, hold, release, request
except ImportError:
    sys.exit("simpy_mm1: SimPy 2 is not there for this python3: apt-get install python3-simpy, "
             "and run it by /usr/bin/python3")

LOAD = 0.9


class Customer(Process):
    def visit(self, server, rng, stayed):
        came = self.sim.now()
        yield request, self, server
        yield hold, self, rng.expovariate(1)
        yield release, self, server
        stayed[0] += self.sim.now() - came


class Source(Process):
    def arrive(self, customers, server, rng, stayed):
        for _ in range(customers):
            yield hold, self, rng.expovariate(LOAD)
            customer = Customer(sim=self.sim)
            self.sim.activate(customer, customer.visit(server, rng, stayed))


def main():
    if len(sys.argv) != 2 or not sys.argv[1].isdigit():
        sys.exit("usage: simpy_mm1.py CUSTOMERS")
    customers = int(sys.argv[1])
    sim, rng, stayed = Simulation(), random.Random(1), [0.0]
    sim.initialize()
    source = Source(sim=sim)
    sim.activate(source, source.arrive(customers, Resource(sim=sim), rng, stayed))
    start = time.perf_counter()
    sim.simulate(until=1e300)
    seconds = time.perf_counter() - start
    print(f"simpy_mm1: {stayed[0] / sim.now():.3f} customers in the system", file=sys.stderr)
    print("simpy_mm1", customers, f"{customers / seconds:.0f}", "customers/s", sep="\t")


if __name__ == "__main__":
    main()
