#!/usr/bin/env python3
"""median_seed.py - which seed a scenario should ship with: the median of seeds 1 to 200.

    tests/bench/median_seed.py BLACKSTART SCENARIO [FIGURE]

Runs all seeds (minutes) and orders them by a key figure (default: failed_share).  The middle one
whose expectations hold is named; exit code 1 when the scenario's own seed is not within the middle
tenth.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

PROGRAM, SCENARIO = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
FIGURE = sys.argv[3] if len(sys.argv) > 3 else "failed_share"


def figure(row):
    return next(f["value"] for f in row["figures"] if f["id"] == FIGURE)


def main():
    with tempfile.TemporaryDirectory() as directory:
        out = os.path.join(directory, "seeds")
        subprocess.run([PROGRAM, "run", SCENARIO, "--seeds", "1-200", "--no-plots", "--quiet",
                        "--out", out], stdout=subprocess.DEVNULL, check=False)
        with open(os.path.join(out, "seeds.jsonl"), encoding="utf-8") as lines:
            rows = sorted((json.loads(line) for line in lines), key=figure)
    middle = len(rows) // 2
    by_distance = sorted(range(len(rows)), key=lambda i: abs(i - middle))
    median = next(rows[i] for i in by_distance if rows[i]["verdict"] == "held")
    shipped = int(re.search(r"seed: (\d+)", open(SCENARIO, encoding="utf-8").read()).group(1))
    place = next(i for i, row in enumerate(rows) if row["seed"] == shipped)
    print(f"median: seed {median['seed']}, {FIGURE} {figure(median):.6g}; shipped: seed {shipped}, "
          f"place {place + 1} of {len(rows)}, {FIGURE} {figure(rows[place]):.6g}")
    return 0 if abs(place - middle) <= len(rows) // 20 else 1


sys.exit(main())
