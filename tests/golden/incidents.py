#!/usr/bin/env python3
"""incidents.py - what follows from the causes of the shipped incidents, and vanishes without them.

    tests/golden/incidents.py BLACKSTART SCENARIOS [TEST…]

Each test runs a shipped scenario, whole or with some causes taken away.  Prints a line for each
that fails, ends with "incidents: N passed, M failed".
"""

import json
import os
import subprocess
import sys
import tempfile
import traceback

PROGRAM, SCENARIOS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])


def run(name, *changes):
    """The run's JSON object, with `figure` by id of the published rows."""
    with tempfile.TemporaryDirectory() as directory:
        command = [PROGRAM, "run", os.path.join(SCENARIOS, name + ".yaml"), "--json", "--no-plots",
                   "--quiet", "--out", os.path.join(directory, "run")]
        for change in changes:
            command += ["--set", change]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 3, 4), done.stderr
    result = json.loads(done.stdout)
    result["figure"] = {row["id"]: row.get("value") for row in result["published"]}
    return result


def hours(value):
    return value / 3600


def a_fleet_that_nobody_holds_back_never_gets_its_leases():
    assert hours(run("aws-2025-10-20")["figure"]["A3"]) < 7.5
    assert hours(run("aws-2025-10-20", "timeline[2].to_rate=100k/s")["figure"]["A3"]) > 13.9


def a_throttle_alone_does_not_empty_the_queue():
    kept = run("aws-2025-10-20", "timeline[3].after=throttle + 8h")["figure"]["A3"]
    assert hours(kept) > 13.9, kept


def a_health_check_that_takes_nothing_away_ends_with_its_cause():
    ends = run("aws-2025-10-20", "timeline[5].by=1x")["figure"]["A5"]
    assert hours(ends) < 7, ends


def a_bounded_queue_forgets_the_flood_with_it():
    lasting, short = (run("fail-open-flood", *changes)["figure"]["L2"]
                      for changes in ([], ["services.log-buffers.station.queue=50M"]))
    assert hours(lasting) > 3 and hours(short) < 0.5, (lasting, short)


def the_loss_of_2019_follows_from_share_and_time():
    def loss(share, factor):
        return run("cloudflare-2019-07-02", f"sites.web.needs.new-rule={share}",
                   f"sites.apis.needs.new-rule={share}",
                   f"configs.waf-rules.consumers[0].effect.burn_cpu={factor}")["figure"]["L1"]
    little, published, much = loss("10%", "1000x"), loss("25%", "2500x"), loss("40%", "5000x")
    assert little < 0.3 and 0.75 < published < 0.87 and much > 0.9, (little, published, much)
    # Equal products lose equally, or nearly.
    assert abs(loss("25%", "1000x") - loss("10%", "2500x")) < 0.02


def machines_that_finish_what_nobody_waits_for_lose_everything():
    assert run("cloudflare-2019-07-02", "network.cancel=false")["figure"]["L1"] > 0.99


def tools_that_work_shorten_the_way_to_the_switch():
    name, open_door = "cloudflare-2019-07-02", "tools.panel.works_above=0%"
    with_bypass, without = run(name)["figure"], run(name, open_door)["figure"]
    assert with_bypass["L5"] == without["L5"], "the same draws"
    gained = with_bypass["L6"] - without["L6"]
    assert 120 < gained < 900, gained


def people_are_the_same_whatever_the_policy():
    name = "cloudflare-2025-11-18-responders"
    validated = ["configs.bot-features.limits=[features <= 200]",
                 "configs.bot-features.validate_at_loader=true"]
    plain, steady = run(name), run(name, "timeline[0].over=0s")
    assert plain["figure"]["F13a"] <= plain["figure"]["F13b"], "KV looks guilty first"
    assert steady["figure"]["D2"] <= plain["figure"]["D2"], "a steady bad file misleads less"
    assert run(name, *validated)["figure"]["D2"] is None


TESTS = [a_fleet_that_nobody_holds_back_never_gets_its_leases,
         a_throttle_alone_does_not_empty_the_queue,
         a_health_check_that_takes_nothing_away_ends_with_its_cause,
         a_bounded_queue_forgets_the_flood_with_it,
         the_loss_of_2019_follows_from_share_and_time,
         machines_that_finish_what_nobody_waits_for_lose_everything,
         tools_that_work_shorten_the_way_to_the_switch,
         people_are_the_same_whatever_the_policy]


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
    print(f"incidents: {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
