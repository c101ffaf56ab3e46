#!/usr/bin/env python3
"""request_cli.py - what the program shows of single requests: access logs, traces, stories.

    tests/cli/request_cli.py BLACKSTART [TEST…]

As run_cli.py, whose helpers it uses.
"""

import collections
import json
import os
import re
import resource
import subprocess
import sys

from run_cli import PROGRAM, SECONDS, check, expect, run, run_tests, tests_of, write

# A push that panics, a service in the middle that stands still, a limit, two tries.
SCENARIO = """\
blackstart: 1
title: A minute of requests
clock: {start: 2025-11-18T11:00:00Z, duration: 60s, seed: 3}
network: {busiest: 2, cores: 3, diurnal: {amplitude: 0%}}
locations: {dc: {latitude: 45, longitude: -120}}
services:
  proxy:
    placement: pop
    cpu: 5ms
    needs: {kv: {share: 20%, timeout: 300ms, retries: 1}}
    restart: {processes: 4, stuck: 20%}
  kv:
    placement: core
    location: dc
    station: {servers: 3, service_time: 20ms}
    front: {service: proxy}
    needs: {db: 50%}
  db: {placement: core, location: dc, station: {servers: 2, service_time: 20ms}}
sites:
  web:
    service: proxy
    requests: 300/s
    client: {timeout: 1s, retries: 2, reload: 5s, persistence: 50%}
    origin: {latency: 40ms}
    cache: {cacheable: 60%, objects: 20k, size: 10%}
configs:
  flags: {properties: {x: 1}, consumers: [{service: proxy, when: x > 1, effect: {panic: 30%}}]}
timeline:
  - {id: bad, at: +10s, do: push, config: flags, properties: {x: 2}, text: a bad push}
  - {at: +30s, do: halt, service: kv, for: 5s, text: kv stands still}
  - {at: +40s, do: halt, service: proxy, for: 3s, text: the edge stands still}
  - {at: +50s, do: limit, site: web, to_rate: 100/s}
"""


def run_requests(*arguments, **options):
    write("requests.yaml", SCENARIO)
    return run("run", "requests.yaml", "--plane", "request", "--no-plots", *arguments, **options)


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def logged():
    """A run and its access log."""
    expect(run_requests("--access-log", "a.log"), 0)
    return read_lines("a.log")


def first(lines, **wanted):
    for line in lines:
        if all(line[key] == value for key, value in wanted.items()):
            return line
    raise AssertionError(f"no line with {wanted}")


# ---- access logs


def an_access_log_has_a_line_for_each_attempt_that_is_counted():
    lines = logged()
    latencies = read_json("runs/requests/summary.json")["latencies"]
    counted = {row["name"]: row["n"] for row in latencies if row["scope"] == "outcome"}
    check(collections.Counter(line["outcome"] for line in lines) == counted, counted)
    check({"ok", "500", "503", "timeout", "429"} <= counted.keys(), counted)
    for line in lines:
        check(re.fullmatch(r"2025-11-18T11:0[01]:\d\d\.\d{3}Z", line["time"]), line)
        check(list(line)[0] == "time" and line["latency_ms"] >= 0 and line["attempt"] in (1, 2, 3),
              line)
        check((line["cause"] is None) == (line["outcome"] == "ok"), line)
        check(line["outcome"] != "ok" or line["cache"] in ("hit", "miss"), line)
    statuses = {line["outcome"]: line["status"] for line in lines}
    check(statuses["ok"] == 200 and statuses["timeout"] == 499 and statuses["500"] == 500, statuses)
    panic = first(lines, outcome="500")
    check(panic["cause"] == "a bad push" and panic["service"] == "proxy", panic)
    entries = read_lines("runs/requests/journal.jsonl")
    check(entries[panic["entry"]]["kind"].startswith("config"), entries[panic["entry"]])


def the_common_log_format_has_the_same_attempts():
    lines = logged()
    expect(run_requests("--access-log", "c.log", "--access-log-format", "common"), 0)
    pattern = re.compile(r'([A-Z]{3}) (\d+)\.(\d) - \[18/Nov/2025:11:0[01]:\d\d \+0000\] '
                         r'"GET /web/(\d*) HTTP/1\.1" (\d{3}) -')
    with open("c.log", encoding="utf-8") as file:
        found = [pattern.fullmatch(line.rstrip("\n")) for line in file]
    check(all(found), "a line is not in the Common Log Format")
    same = [(line["pop"], str(line["request"]), str(line["attempt"]), str(line["status"]))
            for line in lines]
    check([match.group(1, 2, 3, 5) for match in found] == same, "the logs differ")


def watching_changes_no_digest():
    alone = json.loads(run_requests("--json").stdout)
    watched = json.loads(run_requests("--json", "--access-log", "a", "--trace", "t").stdout)
    check(alone["digest"] == watched["digest"], (alone["digest"], watched["digest"]))
    check(alone["latencies"] == watched["latencies"], "latencies differ")


def a_log_may_take_standard_output():
    result = run_requests("--access-log", "-")
    check(result.returncode == 0 and result.stderr == "", result.stderr)
    check(all(json.loads(line)["request"] for line in result.stdout.splitlines()), "no log")
    check(os.path.exists("runs/requests/manifest.json"), "no directory")


def what_can_not_be_watched_is_refused():
    write("requests.yaml", SCENARIO)
    flow = ("run", "requests.yaml")
    expect(run(*flow, "--access-log", "a"), 2, "--access-log", "expected --plane request")
    expect(run(*flow, "--trace", "a"), 2, "--trace", "expected --plane request")
    expect(run_requests("--access-log", "a", "--seeds", "1-3"), 2, "of one run")
    expect(run_requests("--access-log", "a", "other.yaml"), 2, "one scenario")
    expect(run_requests("--access-log", "-", "--json"), 2, "both want standard output")
    expect(run_requests("--access-log", "-", "--trace", "-"), 2, "is wanted twice")
    expect(run_requests("--access-log", "a", "--access-log-format", "xml"), 2, "json or common")
    expect(run_requests("--access-log-format", "json"), 2, "expected --access-log FILE")
    expect(run_requests("--trace-limit", "5"), 2, "expected --trace FILE")
    expect(run_requests("--trace", "t", "--trace-limit", "0"), 2, "'0' is no number of events")
    expect(run_requests("--trace", "t", "--trace-from", "9"), 2, "'9' is no time")
    check(os.listdir(".") == ["requests.yaml"], os.listdir("."))
    expect(run_requests("--access-log", "nowhere/a"), 1, "nowhere/a: cannot write")
    expect(run_requests("--trace", "."), 1, "is a directory")


def a_log_is_whole_or_not_there():
    write("a.log", "an earlier one\n")

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (200000, 200000))

    for option in ("--access-log", "--trace"):
        expect(run_requests(option, "a.log", preexec_fn=limit), 1, "a.log: cannot write",
               "too large")
        with open("a.log", encoding="utf-8") as file:
            check(file.read() == "an earlier one\n", "the earlier log is gone")
        expect(run_requests(option, "/dev/full"), 1, "/dev/full: cannot write")
    check(sorted(os.listdir(".")) == ["a.log", "requests.yaml", "runs"], os.listdir("."))


def a_reader_that_goes_away_from_a_log_is_an_error():
    write("requests.yaml", SCENARIO)
    reader, writer = os.pipe()
    os.close(reader)
    result = subprocess.run([PROGRAM, "run", "--no-plots", "--plane", "request", "requests.yaml",
                             "--access-log", "-"], stdout=writer, stderr=subprocess.PIPE, text=True,
                            timeout=SECONDS, check=False)
    os.close(writer)
    check(result.returncode == 1 and "the reader went away" in result.stderr, result)


# ---- traces


def check_nesting(slices):
    """What stands in one row of a process lies one in another, or apart."""
    rows = collections.defaultdict(list)
    for event in slices:
        begin = round(event["ts"] * 1000)
        rows[event["pid"], event["tid"]].append((begin, begin + round(event["dur"] * 1000)))
    for row, spans in rows.items():
        ends = []
        for begin, end in sorted(spans, key=lambda span: (span[0], -span[1])):
            while ends and ends[-1] <= begin:
                ends.pop()
            check(not ends or end <= ends[-1], f"{begin} to {end} overlaps in row {row}")
            ends.append(end)


def a_trace_loads_and_its_rows_do_not_overlap():
    result = run_requests("--trace", "t.json", "--trace-limit", "1000000")
    expect(result, 0)
    check(result.stderr == "", result.stderr)
    trace = read_json("t.json")
    events = trace["traceEvents"]
    by_phase = collections.defaultdict(list)
    for event in events:
        by_phase[event["ph"]].append(event)
    check_nesting(by_phase["X"])
    names = {event["args"]["name"] for event in by_phase["M"] if event["name"] == "process_name"}
    check({"journal", "service kv", "service db"} <= names, names)
    check(sum(name.startswith("PoP ") for name in names) == 2, names)
    slices = {event["name"] for event in by_phase["X"]}
    check({"waits for CPU", "CPU", "CPU, in vain", "origin", "waits", "serves", "web: ok",
           "calls kv: ok", "calls db: ok"} <= slices, slices)
    lines = read_json("runs/requests/summary.json")["latencies"]
    n_attempts = sum(row["n"] for row in lines if row["scope"] == "outcome")
    shown = [event for event in by_phase["X"] if event["cat"] == "ended"]
    check(len(shown) == n_attempts, (len(shown), n_attempts))
    begun = {event["id"] for event in by_phase["s"] if event["cat"] == "call"}
    reached = {event["id"] for event in by_phase["f"] if event["cat"] == "call"}
    check(len(begun & reached) > 1000 and len(begun ^ reached) < 0.05 * len(begun),
          (len(begun), len(reached), len(begun & reached)))
    entries = read_lines("runs/requests/journal.jsonl")
    check(len(by_phase["i"]) == len(entries), "the journal is not whole")
    caused = sum(entry["cause"] is not None for entry in entries)
    check(sum(event["cat"] == "cause" for event in by_phase["f"]) == caused, caused)


def a_trace_keeps_its_limit_and_says_so():
    result = run_requests("--trace", "t.json", "--trace-limit", "500", "--trace-from", "20s")
    expect(result, 0, "t.json: ends", "--trace-limit")
    trace = read_json("t.json")
    events = [event for event in trace["traceEvents"]
              if event["ph"] in "Xsf" and event["cat"] != "cause"]
    check(400 < len(events) <= 500, len(events))
    check(all(event["ts"] >= 20e6 for event in events), "events before --trace-from")
    check(trace["otherData"]["cut_at_s"] > 20, trace["otherData"])


# ---- stories


def story_of(line, *arguments):
    return run("explain", "runs/requests", "--request", str(line["request"]), *arguments)


def a_request_that_was_served_has_a_story():
    lines = logged()
    result = story_of(first(lines, outcome="ok", attempt=1, cache="miss"))
    expect(result, 0, "for web, at ", "Answered: ok", "attempt 1 arrives", "has CPU for",
           "the origin answers after 40 ms", "attempt 1 ends: ok")
    check("Why" not in result.stdout and result.stderr == "", result.stdout + result.stderr)
    hit = first(lines, outcome="ok", attempt=1, cache="hit")
    expect(story_of(hit), 0, "is answered from the cache")


def a_request_that_timed_out_tells_of_its_retries_and_what_was_in_vain():
    line = first(logged(), outcome="timeout", attempt=3)
    expect(story_of(line), 0, "Failed: timeout", "its machine tries again", "attempt 3 ends",
           "Why\n")


def a_failed_call_is_followed_into_the_service():
    lines = logged()
    line = first(lines, outcome="503", service="kv")
    result = story_of(line)
    expect(result, 0, "   calls kv", "calls kv, try 2", "Why\n", "journal entry", " at kv of ",
           "comes to the edge in front of kv")
    told = json.loads(story_of(line, "--json").stdout)
    check(told["request"] == line["request"] and told["site"] == "web", told)
    check([hop for hop in told["hops"] if hop["depth"] == 1 and hop["service"] == "kv"], told)
    ended = [hop for hop in told["hops"] if hop["kind"] == "ended" and hop["outcome"] == "503"]
    check(ended[0]["service"] == "kv" and ended[0]["causes"], ended)
    times = [hop["to_s"] for hop in told["hops"] if hop["kind"] in ("ended", "arrived")]
    check(times == sorted(times), times)
    call = [hop for hop in told["hops"] if hop["kind"] == "called"][0]
    expect(run("explain", "runs/requests", "-r", str(call["request"])), 0,
           f"Call {call['request']} of kv", f"made for request {line['request']}")


def a_story_names_causes_up_to_the_root():
    line = first(logged(), outcome="500", service="proxy")
    expect(story_of(line), 0, "fails at proxy: 500", "because a bad push  (timeline/bad")


def a_limit_and_a_dead_pop_have_stories():
    line = first(logged(), outcome="429")
    expect(story_of(line), 0, "Blocked: 429", "the site's limit is reached")
    write("dead.yaml", SCENARIO[:SCENARIO.index("timeline:")].replace("busiest: 2", "busiest: 1") +
          "timeline:\n  - {at: +5s, do: kill, service: proxy, text: it dies}\n"
          "  - {at: +30s, do: pop-down, busiest: 1, for: 10s, text: it goes dark}\n")
    expect(run("run", "dead.yaml", "--plane", "request", "--no-plots", "--access-log", "d.log"), 0)
    line = first(read_lines("d.log"), outcome="502", attempt=2)
    expect(run("explain", "runs/dead", "--request", str(line["request"])), 0,
           "is refused: no process of proxy lives here", "502 at proxy", "it dies")
    line = first(read_lines("d.log"), pop=None)
    expect(run("explain", "runs/dead", "--request", str(line["request"])), 0,
           "which reaches no PoP", "attempt 1 finds no PoP", "it goes dark")


def explain_lists_what_is_worth_a_look():
    lines = logged()
    expect(run("explain", "runs/requests"), 0, "ok: ", "503 at kv: ", "429: ", "--request NUMBER")
    found = json.loads(run("explain", "runs/requests", "--outcome", "500", "--slowest", "2",
                           "--json").stdout)["requests"]
    check(found and all(row["outcome"] == "500" for row in found), found)
    slowest = max(line["latency_ms"] for line in lines if line["outcome"] == "500")
    check(abs(max(row["latency_s"] for row in found) * 1000 - slowest) < 0.002, (found, slowest))
    expect(run("explain", "runs/requests", "--outcome", "522"), 0, "No attempt ended so.")


def explain_repeats_seed_sample_end_and_set():
    expect(run_requests("--seed", "7", "--sample-pops", "1", "--until", "20s", "--set",
                        "sites.web.requests=200/s", "--access-log", "a.log"), 4,
           "halt: never happened")
    manifest = read_json("runs/requests/manifest.json")
    check(manifest["plane"] == "request" and manifest["sample_pops"] == 1 and
          manifest["until"] == "20s", manifest)
    result = run("explain", "runs/requests", "--slowest", "1")
    expect(result, 0, "ok: ")
    check("digest" not in result.stderr, result.stderr)
    line = read_lines("a.log")[-1]
    expect(story_of(line), 0, f"Request {line['request']} for web, at {line['pop']}")


def a_network_of_ones_own_is_found_again():
    os.mkdir("mine")
    write("mine/pops.csv", "code,latitude,longitude\nAAA,50,8\nBBB,40,-80\n")
    write("mine/own.yaml", SCENARIO.replace("busiest: 2", "pops: pops.csv"))
    expect(run("run", "mine/own.yaml", "--plane", "request", "--no-plots", "--out", "d",
               "--access-log", "d/access.log"), 0)
    line = read_lines("d/access.log")[-1]
    check(line["pop"] in ("AAA", "BBB"), line)
    expect(run("explain", "d", "--request", str(line["request"])), 0, f"at {line['pop']} (")


def what_can_not_be_explained_is_said():
    expect(run("explain", "nowhere"), 2, "nowhere: is no run directory")
    expect(run("explain"), 2, "expected one run directory")
    write("requests.yaml", SCENARIO)
    expect(run("run", "requests.yaml", "--no-plots", "--out", "flow"), 0)
    expect(run("explain", "flow", "--request", "1"), 2, "flow plane", "--plane request")
    expect(run_requests(), 0)
    expect(run("explain", "runs/requests", "--request", "0"), 2, "'0' is no request")
    expect(run("explain", "runs/requests", "--request", "99999999"), 2,
           "no request 99999999: expected a number up to ")
    expect(run("explain", "runs/requests", "--request", "1", "--outcome", "ok"), 2, "one or the")
    expect(run("explain", "runs/requests", "--outcome", "bad"), 2, "'bad' is no outcome")
    expect(run("explain", "runs/requests", "--slowest", "x"), 2, "'x' is no number of requests")
    write("runs/requests/scenario.yaml", SCENARIO.replace("300/s", "200/s"))
    expect(run("explain", "runs/requests", "--slowest", "1"), 0, "is not as it was",
           "not the one of the directory")
    write("runs/requests/manifest.json", '{"blackstart": "0.0.1", "plane": "request"}\n')
    expect(run("explain", "runs/requests"), 2, "does not say how to make the run again")
    write("runs/requests/manifest.json", '{"blackstart": [\n')
    expect(run("explain", "runs/requests"), 2, "is no manifest")


# ---- summaries


def a_summary_has_latencies_by_region_service_and_outcome():
    result = run_requests()
    expect(result, 0, "\nLatency", "p99.9", "all served", "2 PoPs, request by request")
    lines = result.stdout.splitlines()
    check(len(lines) <= 40 and max(map(len, lines)) <= 110, result.stdout)
    with open("runs/requests/summary.txt", encoding="utf-8") as file:
        whole = file.read()
    for name in ("region ", "service kv", "service db", "outcome ok", "outcome timeout"):
        check(name in whole, whole)
    rows = read_json("runs/requests/summary.json")["latencies"]
    check({row["scope"] for row in rows} == {"all", "region", "service", "outcome"}, rows)
    for row in rows:
        check(0 < row["p50_s"] <= row["p95_s"] <= row["p99_s"] <= row["p999_s"], row)
    expect(run("run", "requests.yaml", "--no-plots", "--out", "flow"), 0)
    check(read_json("flow/summary.json")["latencies"] == [], "the flow plane has no table")


def main():
    hidden = {"run_requests", "read_lines", "read_json", "logged", "first", "check_nesting",
              "story_of", "main"}
    return run_tests("request cli", tests_of(globals(), hidden))


if __name__ == "__main__":
    sys.exit(main())
