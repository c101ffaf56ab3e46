#!/usr/bin/env python3
"""scenarios.py - every shipped scenario on both planes, in a cut that the request plane can carry.

    tests/cross/scenarios.py BLACKSTART SCENARIOS [NAME…]

The cut has less traffic on as much less CPU (flagship: also 8 PoPs of 320, whole, and the first 26
minutes), and is the same on both planes but for the sampling, which only the request plane knows:
there shares are compared.  Key figures must agree within what is stated here, and what traffic does
not cause must be in both journals, entry for entry.

Prints "scenario | NAME | FIGURE | FLOW | REQUEST | WITHIN" for each figure, "breach: ..." for each
that is not within, and ends with "scenarios: N passed, M failed".
"""

import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

PROGRAM, SCENARIOS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
EDGE = ["--set", "network.requests=4k/s", "--set", "network.cores_min=0.01"]

# Shares and seconds; counts must agree within 1 % and four standard deviations of a count whose
# events come in fours, since a failure brings retries.
COUNTS = ("failed_requests", "peak_waiting")
USUAL = {"failed_share": .002, "first_above_1_percent": 2, "last_above_1_percent": 4,
         "time_above_1_percent": 6}
# One server of 100 requests a second has noise that forty PoPs have not.
SMALL = dict(USUAL, failed_share=.02)
# A gate sees real requests: it decides ten seconds sooner or later.
GATED = dict(USUAL, failed_share=.0002)
SAMPLED = {"failed_share": .004, "first_above_1_percent": 2, "last_above_1_percent": 4,
           "time_above_1_percent": 4, "peak_blocked": .005,
           "low_hit_ratio": .07}  # the least of 1,560 buckets of some 800 look-ups: 4 x 1.8 %

CUTS = {
    "cloudflare-2019-07-02": (EDGE + ["--set", "sites.dashboard.requests=1/s", "--until", "30m"],
                              USUAL),
    "cloudflare-2025-11-18-responders": (["--set", "network.requests=200k/s", "--until", "30m"],
                                         SAMPLED),
    "alert-at-one-percent": (["--set", "network.requests=100k/s", "--set",
                              "network.cores_min=0.2"], USUAL),
    "cloudflare-2025-11-18": (["--set", "network.requests=200k/s", "--until", "26m"], SAMPLED),
    "kill-switch-early": (EDGE, USUAL),
    "kill-switch-late": (EDGE, USUAL),
    "known-good": (EDGE, USUAL),
    "known-good-missing": (EDGE, USUAL),
    "rollout-all-at-once": (EDGE, USUAL),
    "rollout-canary": (["--set", "network.requests=8k/s", "--set", "network.cores_min=0.01"],
                       GATED),
    "canary-large-enough": ([], GATED),
    "canary-long-enough": ([], GATED),
    "canary-too-small": ([], GATED),
}
SAMPLE_POPS = {"cloudflare-2025-11-18": "8", "cloudflare-2025-11-18-responders": "8"}
# Not compared, and why.
APART = {"cloudflare-2025-09-12": "too large: its herd begins after an hour and a half",
         "cloudflare-2025-09-12-without-loop": "the same dashboard",
         "fail-open-flood": "its buffers would be a part of one server",
         "aws-2025-10-20": "who is late is told so at once on the flow plane: a round of its hosts "
                           "takes 120 s there and 130 s here (failed share .686 and .671)",
         "breaker-off": "what a slow service costs its caller is traced to no fault here, and the "
                        "least of 900 buckets is lower with 4,000 requests a second",
         "breaker-on": "the same fault, so the verdict is inconclusive here"}
# What reacts to traffic: what a gate decides, and what people do when a metric says so.
ENDOGENOUS = ("alert.fires", "alert.clears", "breaker.opens", "breaker.tries", "breaker.closes",
              "rollout.stopped", "rollout.extended", "timeline/people")


def run(name, plane, arguments):
    """The JSON object of a run, with `journal`."""
    with tempfile.TemporaryDirectory() as directory:
        out = os.path.join(directory, "run")
        command = [PROGRAM, "run", os.path.join(SCENARIOS, name + ".yaml"), "--plane", plane,
                   "--json", "--no-plots", "--quiet", "--out", out, *arguments]
        if plane == "request" and name in SAMPLE_POPS:
            command += ["--sample-pops", SAMPLE_POPS[name]]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode in (0, 3, 4), done.stderr
        result = json.loads(done.stdout)
        with open(os.path.join(out, "journal.jsonl"), encoding="utf-8") as file:
            result["journal"] = [json.loads(line) for line in file]
    return result


def exogenous(journal):
    """Entries that no traffic caused: neither they nor what they follow from."""
    reacts, kept = set(), []
    for entry in journal:
        if (entry["kind"] in ENDOGENOUS or entry.get("entity") in ENDOGENOUS
                or entry["cause"] in reacts):
            reacts.add(entry["id"])
        else:
            kept.append((entry["time"], entry["kind"], entry.get("entity"), entry["text"]))
    return kept


def value(result, figure):
    found = result["measures"].get(figure, {}).get("value")
    return 0 if found is None else found


def compare(name):
    """Lines to print, and how many figures are not within."""
    arguments, tolerances = CUTS.get(name, ([], SMALL))
    flow, request = (run(name, plane, arguments) for plane in ("flow", "request"))
    lines, breaches = [], []
    counts = [] if name in SAMPLE_POPS else COUNTS
    for figure in [*counts, *tolerances]:
        want, got = value(flow, figure), value(request, figure)
        within = tolerances.get(figure, .01 * want + 4 * (4 * want) ** .5)
        lines.append(f"scenario | {name} | {figure} | {want:.6g} | {got:.6g} | {within:.3g}")
        if abs(got - want) > within:
            breaches.append(f"breach: {name}: {figure}: {got:.6g} is not {want:.6g}")
    here, there = exogenous(flow["journal"]), exogenous(request["journal"])
    lines.append(f"journal | {name} | {len(here)}")
    if here != there:
        breaches.append(f"breach: {name}: journals differ: {set(here) ^ set(there)}")
    if flow["verdict"] != request["verdict"]:
        breaches.append(f"breach: {name}: verdict {request['verdict']}, not {flow['verdict']}")
    return lines + breaches, len(breaches)


def main():
    names = sys.argv[3:] or sorted(os.path.splitext(file)[0] for file in os.listdir(SCENARIOS)
                                   if file.endswith(".yaml")
                                   and os.path.splitext(file)[0] not in APART)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for lines, breaches in pool.map(compare, names):
            print("\n".join(lines))
            failed += breaches > 0
    print(f"scenarios: {len(names) - failed} passed, {failed} failed")
    return 1 if failed or not names else 0


sys.exit(main())
