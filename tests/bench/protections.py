#!/usr/bin/env python3
"""protections.py - the flagship with and without each protection.

    tests/bench/protections.py BLACKSTART SCENARIOS [SEEDS]

Prints a table for the replay of 18 November 2025 and, where it is shipped, one for its variant with
drawn people.  Each row adds one protection to the scenario as it is; its lines below are all that
is added.  The replay has one seed and its people act at the published times whatever happens, so
its rows say what a protection does to traffic, not what people would have done with it.  The other
variant runs with the common seeds 1 to SEEDS (default 5); its columns are medians, each by itself,
and a time that half of the runs or more do not have is "-".  Times of people count from the onset.
Failed requests are those of users; what passes unchecked while something is open or switched off
is not counted.  A log-in that is refused (429) is none that worked.  The control plane is full on
any ordinary day from 15:15 on, and the dashboard fails an hour later if nobody scales it: the
replay hides that by the scaling of 15:30, the other variant shows it in the rows in which nothing
else fails.
A protection that the program refuses is named with the program's words, and the rest goes on.
"""

import concurrent.futures
import json
import os
import statistics
import subprocess
import sys
import tempfile

PROGRAM, SCENARIOS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
SEEDS = range(1, 1 + (int(sys.argv[3]) if len(sys.argv) > 3 else 5))
REPLAY, PEOPLE = "cloudflare-2025-11-18.yaml", "cloudflare-2025-11-18-responders.yaml"
AT_ONCE = 2  # runs
NEVER = float("inf")

LIMITS = "configs: {bot-features: {limits: [features <= 200]}}\n"
ALERT = "observers: {failing: {kind: threshold, metric: errors, above: 5%, every: 10s, for: 1m}}\n"
KILL = "do: kill-switch, services: [bot-management]"
TO_CONTROL_PLANE = ("sites/*/needs/control-plane", "services/*/needs/control-plane")
TO_FRONTED = [f"{where}/needs/{service}" for where, service in [
    ("sites/*", "workers-kv"), ("sites/*", "access"), ("sites/*", "turnstile"),
    ("services/access", "workers-kv"), ("services/warp-gateway", "access")]]
TO_BOTS = ("sites/*/needs/bot-management", "services/*/front/needs/bot-management")

QUESTIONS = """published:
  - id: dashboard-fails
    about: time
    value: none
    source: none
    measure: {metric: site.dashboard.errors, of: time-above, above: 5%}
  - id: log-ins-work
    about: time
    value: none
    source: none
    measure: {metric: site.dashboard-login.success, of: time-above, above: 95%}
"""


def each(paths, change):
    """An overlay that changes whatever the paths select."""
    return "overrides:\n" + "".join(f"  - {{select: {path}, set: {change}}}\n" for path in paths)


def happens(entry):
    return f"timeline: [{{{entry}}}]\n"


# name, overlay, --set options, the one variant it is for
PROTECTIONS = [
    ("none", "", [], None),
    ("validated at the generator", LIMITS,
     ["configs.bot-features.generator.validate=true"], None),
    ("validated at the loader", LIMITS, ["configs.bot-features.validate_at_loader=true"], None),
    ("last known good", "", ["configs.bot-features.last_known_good=true"], None),
    ("kill switch at 11:40", happens("at: '11:40', " + KILL), [], None),
    ("kill switch by people, 10 min after an alert",
     ALERT + happens("on_alert: failing, delay: 'lognormal(median 10m, sigma 0.5)', " + KILL), [],
     PEOPLE),
    ("kill switch by itself, on an alert", ALERT + happens("on_alert: failing, " + KILL), [], None),
    ("waves of 1, 10 and 100 %, a minute each, and a gate", "", [
        "configs.bot-features.rollout={bypass: none, waves: [{share: 1%, soak: 1m},"
        " {share: 10%, soak: 1m}, 100%], gate: {kind: threshold, at_most: 1%, window: 1m}}"], None),
    ("fail-open: KV, Access, Turnstile", each(TO_FRONTED, "{on_failure: open}"), [], None),
    ("fail-open: bot management", each(TO_BOTS, "{on_failure: open}"), [], None),
    ("retry budget of clients, 10 %", each(["sites/*/client"], "{budget: 10%}"), [], None),
    ("log-ins limited to 40/s after the good file",  # ordinary: 15/s
     happens("after: good-file, do: limit, site: dashboard-login, to_rate: 40/s"), [], None),
    ("breakers to the control plane (hystrix)",
     each(TO_CONTROL_PLANE, "{breaker: hystrix}"), [], None),
    ("bulkheads to the control plane, 20 a PoP",
     each(TO_CONTROL_PLANE, "{bulkhead: 20}"), [], None),
    ("admission control at the control plane (envoy)", "",
     ["services.control-plane.station.admission=envoy"], None),
    ("autoscaling of the control plane, 80 %", "",
     ["services.control-plane.station.autoscale=80%"], None),
    ("break-glass access without delay", "", ["tools.break-glass.access=0s"], PEOPLE),
    ("no protection, but a bad file that does not flap", "", ["timeline[0].over=0s"], None),
]

# heading, source in the JSON object, divisor, digits
TRAFFIC = [("failed (G)", "failed_requests", 1e9, 1), ("share (%)", "failed_share", 0.01, 2),
           ("min above 1 %", "time_above_1_percent", 60, 1),
           ("dashboard: min above 5 %", "dashboard", 60, 1),
           ("log-ins: min below 95 %", "log-ins", 60, 1)]
RESPONSE = [(f"{word} (min)", "time_to_" + word, 60, 1)
            for word in ("detect", "identify", "mitigate", "recover")]


class Refused(Exception):
    pass


def run(scenario, changes, seed, directory):
    """The run's JSON object."""
    command = [PROGRAM, "run", scenario, "--json", "--no-plots", "--quiet", "--out", directory]
    for change in changes:
        command += ["--set", change]
    if seed is not None:
        command += ["--seed", str(seed)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    except subprocess.TimeoutExpired:
        raise Refused("no end within ten minutes") from None
    if done.returncode not in (0, 3, 4):
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise Refused(lines[0])
    return json.loads(done.stdout)


def figures(result):
    values = {name: entry["value"] for name, entry in result["measures"].items()}
    asked = {row["id"]: row.get("value") or 0 for row in result["published"]}
    values["dashboard"] = asked["dashboard-fails"]
    values["log-ins"] = result["simulated_s"] - asked["log-ins-work"]
    return values


def with_overlay(name, overlay, directory):
    """Writes the scenario that adds the overlay, and the two questions, to base.yaml."""
    path = os.path.join(directory, name + ".yaml")
    with open(path, "w") as target:
        target.write("include: [base.yaml]\n" + overlay + QUESTIONS)
    return path


def cell(values, divisor, digits):
    values = [NEVER if value is None else value for value in values]
    middle = statistics.median_high(values) if NEVER in values else statistics.median(values)
    return "-" if middle == NEVER else f"{middle / divisor:.{digits}f}"


def row(number, protection, columns, seeds, directory, pool):
    """Cells of the row, or the program's refusal."""
    name, overlay, changes, _ = protection
    path = with_overlay(f"row-{number}", overlay, directory)
    runs = [pool.submit(run, path, changes, seed, os.path.join(directory, f"run-{number}-{seed}"))
            for seed in seeds]
    try:
        results = [figures(one.result()) for one in runs]
    except Refused as refusal:
        return [name, f"refused: {refusal}"]
    return [name] + [cell([result.get(source) for result in results], divisor, digits)
                     for _, source, divisor, digits in columns]


def table(variant, columns, seeds):
    with tempfile.TemporaryDirectory() as directory, \
            concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool, \
            concurrent.futures.ThreadPoolExecutor(AT_ONCE) as rows:
        try:
            base(variant, directory)
        except Refused as refusal:
            print(f"refused: {refusal}")
            return
        wanted = [one for one in PROTECTIONS if one[3] in (None, variant)]
        lines = rows.map(lambda numbered: row(*numbered, columns, seeds, directory, pool),
                         enumerate(wanted))
        print("| protection | " + " | ".join(column[0] for column in columns) + " |")
        print("|---|" + "---:|" * len(columns))
        for line in lines:
            print("| " + " | ".join(line) + " |", flush=True)


def base(variant, directory):
    """Leaves the scenario as base.yaml, as a run writes it: with what it includes and all defaults,
    so that each need is a mapping that an override can change."""
    first = os.path.join(directory, "base")
    run(os.path.join(SCENARIOS, variant), [], None, first)
    os.rename(os.path.join(first, "scenario.yaml"), os.path.join(directory, "base.yaml"))


def main():
    print(f"{REPLAY}: its own seed, people at the published times\n")
    table(REPLAY, TRAFFIC, [None])
    if not os.path.exists(os.path.join(SCENARIOS, PEOPLE)):
        print(f"\n{PEOPLE} is not among the scenarios")
        return
    print(f"\n{PEOPLE}: medians of seeds {SEEDS[0]} to {SEEDS[-1]}\n")
    table(PEOPLE, TRAFFIC + RESPONSE, SEEDS)


main()
