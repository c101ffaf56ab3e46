#!/usr/bin/env python3
"""bench.py - the speed of the engine, the caches and the request plane, beside their peers.

    tests/bench/bench.py [BUILD] [--runs N] [--no-peers]

BUILD (default: build) is a meson build directory.  Prints one table: what was done, how fast, and
for peers that are installed (SimPy, SimGrid, ns-3: Debian packages python3-simpy, libsimgrid-dev,
libns3-dev) the same work done by them in the same run and the ratio.  A peer that is not there is
named and left out.  Each figure is the median of N runs (default 3) after one to warm up; times of
programs are CPU seconds, so that other work on the machine weighs less.  Ratios are what to quote.

The edge: 330 PoPs of 8 servers with one queue each, 70 % busy, exponential service of 1 ms; nine
of ten requests are answered there, the tenth goes on to one origin of 400 servers and 1.9 ms,
2 to 150 ms away; a time-out of 1 s and one retry.  SimPy and SimGrid do the same without the way to
the origin.
"""

import argparse
import json
import math
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = os.path.join(HERE, "peers")
POPS = 330
EDGE = """blackstart: 1
title: An edge of 330 PoPs with one origin
clock: {{duration: {seconds}s, seed: 1}}
network: {{pops: pops.csv, metros: metros.csv, requests: 1848k/s, cores: 8, cores_per_queue: 8,
  diurnal: {{amplitude: 0%}}}}
locations: {{far: {{latitude: 0, longitude: 0}}}}
services:
  proxy: {{placement: pop, cpu: 1ms}}
  origin: {{placement: core, location: far, station: {{servers: 400, service_time: 1.9ms}}}}
sites:
  web:
    service: proxy
    remainder: true
    needs: {{origin: {{share: {share}, timeout: 1s}}}}
    cache: {{cacheable: 100%, objects: 1000, size: 100%}}
    client: {{timeout: 1s, retries: 1, persistence: 0%}}
"""
MM1 = """blackstart: 1
title: A server at 90 % load
clock: {duration: 1000s, seed: 1}
network: {busiest: 1, cores: 1, diurnal: {amplitude: 0%}}
services: {proxy: {placement: pop, cpu: 0.9ms}}
sites: {web: {service: proxy, requests: 1k/s, client: {timeout: 1h, persistence: 0%}}}
"""


def cpu_seconds(command):
    """CPU seconds of a program and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 3, 4):
        raise RuntimeError(done.stderr.strip() or f"{command[0]} failed")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def write_edge(folder, seconds, share):
    places = [(-60 + 8 * (i // 22), -170 + 340 * (i % 22) / 22) for i in range(POPS)]
    with open(os.path.join(folder, "pops.csv"), "w", encoding="utf-8") as file:
        file.write("code,latitude,longitude\n")
        file.writelines(f"P{i:03d},{a:.3f},{b:.3f}\n" for i, (a, b) in enumerate(places))
    with open(os.path.join(folder, "metros.csv"), "w", encoding="utf-8") as file:
        file.write("name,latitude,longitude,users\n")
        file.writelines(f"M{i:03d},{a:.3f},{b:.3f},1000\n" for i, (a, b) in enumerate(places))
    path = os.path.join(folder, "edge.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(EDGE.format(seconds=seconds, share=share))
    return path


def run_plane(program, scenario, folder):
    """Attempts a CPU second of the request plane, start and end of the program included."""
    seconds, text = cpu_seconds([program, "run", scenario, "--plane", "request", "--json",
                                 "--no-plots", "--quiet", "--out", os.path.join(folder, "run")])
    return json.loads(text)["attempts"] / seconds


def median(function, runs):
    function()
    return statistics.median(function() for _ in range(runs))


def rows_of(text):
    for line in text.splitlines():
        cells = line.split("\t")
        if len(cells) == 4 and cells[2] != "value":
            yield cells


def peer_python(name, *arguments):
    python = "/usr/bin/python3"
    done = subprocess.run([python, os.path.join(PEERS, name), *arguments], capture_output=True,
                          text=True, timeout=1800)
    return done.stdout if done.returncode == 0 else None


def peer_cpp(name, folder, flags, *arguments):
    binary = os.path.join(folder, name.split(".")[0])
    compiler = shutil.which("g++")
    if not compiler:
        return None
    built = subprocess.run([compiler, "-O2", "-std=c++17", "-o", binary,
                            os.path.join(PEERS, name), *flags], capture_output=True, text=True)
    if built.returncode != 0:
        return None
    done = subprocess.run([binary, *arguments], capture_output=True, text=True, timeout=1800)
    return done.stdout if done.returncode == 0 else None


def peers(folder):
    """Tables of the peers that are there: name -> text; and the names of the others."""
    found, missing = {}, []
    for name, text in (
            ("SimPy M/M/1", peer_python("simpy_mm1.py", "200000")),
            ("SimPy edge", peer_python("simpy_edge.py", "100000")),
            ("SimGrid edge", peer_cpp("simgrid_edge.cpp", folder, ["-lsimgrid"], "300000")),
            ("ns-3 hold", peer_cpp("ns3_hold.cpp", folder, ["-lns3-core"]))):
        if text:
            found[name] = text
        else:
            missing.append(name)
    return found, missing


def print_row(name, parameter, value, unit, note=""):
    number = f"{value:,.4f}" if value < 1 else f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"
    print(f"{name:34} {parameter:24} {number:>14} {unit:18} {note}")


def own_programs(build):
    """Rows of the C programs: [name, parameter, value, unit]."""
    for program in ("bench_kernel", "bench_caches"):
        path = os.path.join(build, "tests", program)
        if not os.path.exists(path):
            sys.exit(f"{path} is not there: build first, ./lab build")
        yield from rows_of(subprocess.run([path], capture_output=True, text=True,
                                          check=True).stdout)


def plane_rows(program, runs, folder):
    mm1 = os.path.join(folder, "mm1.yaml")
    with open(mm1, "w", encoding="utf-8") as file:
        file.write(MM1)
    yield "plane M/M/1 at 90 %", "1e6 customers", median(
        lambda: run_plane(program, mm1, folder), runs), "customers/s"
    for share in ("10%", "0%"):
        edge = write_edge(folder, 6, share)
        yield "plane edge of 330 PoPs", f"{share} to the origin", median(
            lambda: run_plane(program, edge, folder), runs), "requests/s"


def compare(found, ours):
    """Peers' rows, each with the ratio of ours to theirs where the work is the same."""
    for name, text in found.items():
        for _, parameter, value, unit in rows_of(text):
            theirs, mine = float(value), ours.get(name)
            if name == "ns-3 hold":
                mine = ours.get(("hold", int(float(parameter.split()[0]))))
                ratio = theirs / mine if mine else math.nan
            else:
                ratio = mine / theirs if mine else math.nan
            note = "" if math.isnan(ratio) else f"ours is {ratio:,.0f} times as fast"
            print_row(name, parameter, theirs, unit, note)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("build", nargs="?", default="build")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-peers", action="store_true")
    arguments = parser.parse_args()
    ours = {}
    program = os.path.join(arguments.build, "sim/cmd/blackstart")
    with tempfile.TemporaryDirectory() as folder:
        for name, parameter, value, unit in own_programs(arguments.build):
            print_row(name, parameter, float(value), unit)
            if name == "hold.wheel":
                ours[("hold", int(parameter))] = float(value)
        for name, parameter, value, unit in plane_rows(program, arguments.runs, folder):
            print_row(name, parameter, value, unit)
            key = {"plane M/M/1 at 90 %": "SimPy M/M/1"}.get(name)
            if parameter == "10% to the origin":
                ours["SimPy edge"] = ours["SimGrid edge"] = value
            elif key:
                ours[key] = value
        if not arguments.no_peers:
            found, missing = peers(folder)
            compare(found, ours)
            for name in missing:
                print(f"{name:34} not installed")


if __name__ == "__main__":
    main()
