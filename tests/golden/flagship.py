#!/usr/bin/env python3
"""flagship.py - what must follow from the causes of 18 November 2025, and vanish without them.

    tests/golden/flagship.py BLACKSTART SCENARIOS [TEST…]

Each test runs the shipped scenario, whole or with some causes taken away.  Prints a line for each
that fails, ends with "flagship: N passed, M failed".
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import traceback

PROGRAM, SCENARIOS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
FLAGSHIP = os.path.join(SCENARIOS, "cloudflare-2025-11-18.yaml")
NO_PEOPLE = ["sites.dashboard-login.client.persistence=0%", "sites.dashboard.client.persistence=0%"]


def run(*changes, seed=None):
    """The run's JSON object, with `figure` by id of the published rows."""
    with tempfile.TemporaryDirectory() as directory:
        command = [PROGRAM, "run", FLAGSHIP, "--json", "--no-plots", "--quiet", "--out",
                   os.path.join(directory, "run")]
        for change in changes:
            command += ["--set", change]
        if seed is not None:
            command += ["--seed", str(seed)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 3, 4), done.stderr
    result = json.loads(done.stdout)
    result["figure"] = {row["id"]: row.get("value") for row in result["published"]}
    return result


def every_expectation_holds_and_the_run_repeats():
    first, second = run(), run()
    assert first["verdict"] == "held", first["expectations"]
    assert first["digest"] == second["digest"]


def all_published_figures_are_inside_their_bands():
    outside = [row["id"] for row in run()["published"] if not row["inside"]]
    assert outside == [], outside


def without_people_who_come_back_there_is_no_second_dip():
    result = run(*NO_PEOPLE)
    assert result["figure"]["F10a"] is None, result["figure"]["F10a"]


def with_all_nodes_changed_at_once_nothing_flaps():
    assert run("timeline[0].over=0s")["figure"]["F2"] == 1


def without_the_cost_of_reporting_errors_latency_hardly_rises():
    with_cost, without = run()["figure"]["F12"], run("services.proxy.error_cpu=0s")["figure"]["F12"]
    assert without < 1.1 and without - 1 < 0.6 * (with_cost - 1), (with_cost, without)


def a_validated_file_prevents_everything():
    limit = "configs.bot-features.limits=[features <= 200]"
    result = run(limit, "configs.bot-features.validate_at_loader=true")
    assert result["figure"]["F5"] == 0, result["figure"]["F5"]
    assert result["verdict"] == "inconclusive" or result["exit_code"] in (3, 4), result["verdict"]


def the_second_dip_traces_back_to_the_database_change():
    causes = run()["causes"]
    first = max(causes, key=lambda cause: cause.get("share", 0))
    assert "grant change" in json.dumps(first), first
    rest = sum(cause.get("share", 0) for cause in causes if cause is not first)
    assert rest < 0.01, causes


def half_the_tick_moves_integrals_by_less_than_one_percent():
    small = ["network.busiest=12", "network.requests=20M/s"]
    whole, half = run(*small), run("clock.tick=500ms", *small)
    for name in ("failed_requests", "failed_share"):
        a, b = measure(whole, name), measure(half, name)
        assert abs(a - b) < 0.01 * a, (name, a, b)


def common_random_numbers_cut_the_variance_of_a_difference():
    """Validation case 35: a policy against its absence, paired by seed."""
    small = ["network.busiest=3", "network.requests=9M/s", "clock.duration=4h"]
    seeds = range(1, 13)
    plain = [measure(run(*small, seed=s), "failed_requests") for s in seeds]
    fewer = [measure(run("sites.long-tail.client.persistence=5%", *small, seed=s),
                     "failed_requests") for s in seeds]
    apart = statistics.variance(plain) + statistics.variance(fewer)
    paired = statistics.variance([a - b for a, b in zip(plain, fewer)])
    assert apart >= 5 * paired, (apart, paired)


def measure(result, name):
    return result["measures"][name]["value"]


TESTS = [every_expectation_holds_and_the_run_repeats,
         all_published_figures_are_inside_their_bands,
         without_people_who_come_back_there_is_no_second_dip,
         with_all_nodes_changed_at_once_nothing_flaps,
         without_the_cost_of_reporting_errors_latency_hardly_rises,
         a_validated_file_prevents_everything,
         the_second_dip_traces_back_to_the_database_change,
         half_the_tick_moves_integrals_by_less_than_one_percent,
         common_random_numbers_cut_the_variance_of_a_difference]


def main():
    wanted = sys.argv[3:]
    passed = failed = 0
    for test in TESTS:
        if wanted and test.__name__ not in wanted:
            continue
        try:
            test()
            passed += 1
        except Exception:  # every failure is reported, the rest still runs
            failed += 1
            print("failed:", test.__name__)
            traceback.print_exc()
    print(f"flagship: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
