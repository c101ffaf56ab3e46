#!/usr/bin/env python3
"""scaling.py - what a run costs, against PoPs, sites and simulated time.

    tests/bench/scaling.py BLACKSTART SCENARIOS [RUNS]

Runs the flagship with one size changed at a time and prints a table: wall time (median, least and
most of RUNS runs, default 3), steps of PoPs a second, events, memory of the run, and the ratio to
the flagship itself, measured in the same run of this program.
"""

import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile

PROGRAM, SCENARIOS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
RUNS = int(sys.argv[3]) if len(sys.argv) > 3 else 3
FLAGSHIP = os.path.join(SCENARIOS, "cloudflare-2025-11-18.yaml")
METROS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../models/data/metros.csv")


def run(scenario, changes, directory):
    command = [PROGRAM, "run", scenario, "--json", "--no-plots", "--quiet", "--out",
               os.path.join(directory, "run")]
    for change in changes:
        command += ["--set", change]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode not in (0, 3, 4):
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def pops_file(directory, n):
    """The n metros with most users as PoPs."""
    path = os.path.join(directory, "pops.csv")
    with open(METROS, newline="") as source, open(path, "w", newline="") as target:
        rows = list(csv.DictReader(line for line in source if not line.startswith("#")))
        out = csv.writer(target)
        out.writerow(["code", "city", "country", "latitude", "longitude"])
        for i, row in enumerate(rows[:n]):
            out.writerow([f"P{i}", row["name"], row["country"], row["latitude"], row["longitude"]])
    return path


def with_sites(directory, n):
    """The flagship's parts with n equal sites in place of its customers."""
    path = os.path.join(directory, "sites.yaml")
    text = open(FLAGSHIP).read().replace("parts/customers.yaml", "parts/many.yaml")
    text = text[:text.index("expect:")].replace("spotlight: site.dashboard.success\n", "")
    os.makedirs(os.path.join(directory, "parts"), exist_ok=True)
    for part in ("reference-network.yaml", "edge-services.yaml"):
        with open(os.path.join(directory, "parts", part), "w") as target:
            target.write(open(os.path.join(SCENARIOS, "parts", part)).read())
    with open(os.path.join(directory, "parts", "many.yaml"), "w") as target:
        target.write("templates:\n  web:\n    service: proxy\n"
                     "    needs: {waf: 100%, bot-management: 85%, workers-kv: 0.5%}\n"
                     "    cache: {cacheable: 65%}\n"
                     "    client: {timeout: 30s, reload: 25s, persistence: 20%}\n"
                     "sites:\n")
        for i in range(n):
            target.write(f"  s{i}: {{like: web, share: {100 / n:.6f}%}}\n")
    with open(path, "w") as target:
        target.write(text)
    return path


def measure(name, scenario, changes, directory, base):
    results = [run(scenario, changes, directory) for _ in range(RUNS)]
    walls = sorted(result["wall_seconds"] for result in results)
    middle, last = statistics.median(walls), results[-1]
    ratio = middle / base if base else 1
    print(f"{name:24} {middle:7.2f} s ({walls[0]:.2f} to {walls[-1]:.2f})  x{ratio:5.2f}"
          f"  {last['pop_steps'] / middle / 1e6:6.2f} M PoP steps/s  {last['events']:8} events"
          f"  {last['arena_bytes'] / 1e6:6.1f} MB", flush=True)
    return middle


def main():
    with tempfile.TemporaryDirectory() as directory:
        base = measure("flagship, 320 PoPs", FLAGSHIP, [], directory, 0)
        for n in (40, 80, 160):
            measure(f"{n} PoPs", FLAGSHIP, [f"network.busiest={n}"], directory, base)
        pops = pops_file(directory, 640)
        measure("640 PoPs (by metro)", FLAGSHIP, [f"network.pops={pops}"], directory, base)
        for n in (5, 10, 20, 40, 80):
            measure(f"{n} sites", with_sites(directory, n), [], directory, base)
        for hours in (1, 3, 13, 26):
            measure(f"{hours} h", FLAGSHIP, [f"clock.duration={hours}h"], directory, base)


main()
