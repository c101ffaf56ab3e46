#!/usr/bin/env python3
"""run_cli.py - the program as a person or a script meets it: verbs, messages, exit codes, files.

    tests/cli/run_cli.py BLACKSTART [TEST…]

Each test is a function whose name states a fact; it runs in a directory of its own.  Prints a
line for each that fails, ends with "cli: N passed, M failed".
"""

import json
import os
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback

PROGRAM = os.path.abspath(sys.argv[1])
# Sanitizers need more address space and time.
SECONDS = 120

SCENARIO = """\
blackstart: 1
title: A rule that panics
clock: {start: 2025-11-18T11:00:00Z, duration: %s, seed: 1}
network: {requests: 10k/s, busiest: 3}
services:
  proxy: {placement: pop, cpu: 1ms}
sites:
  shop: {share: 100%%, service: proxy}
configs:
  rules:
    properties: {size: 1}
    consumers:
      - {service: proxy, when: size > 5, effect: {panic: 80%%}}
timeline:
  - {id: bad, at: +1m, do: push, config: rules, properties: {size: 9}}
  - {at: +3m, do: push-known-good, config: rules}
spotlight: site.shop.success
"""
GOOD = SCENARIO % "6m" + """\
expect:
  - {fault_bites: rules}
  - {metric: errors, at_most: 1%, after: push-known-good, within: 1m, for: 1m}
published:
  - {id: F1, about: onset, value: "11:01", source: made up, at_least: "11:01", at_most: "11:02",
     measure: {metric: errors, of: first}}
"""
# Some ten seconds of work.
LONG = (SCENARIO % "700h").replace("busiest: 3", "busiest: 320")


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def write(name, text):
    mode = "wb" if isinstance(text, bytes) else "w"
    with open(name, mode) as file:
        file.write(text)
    return name


def run(*arguments, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    if "input" in options:
        del options["stdin"]
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=SECONDS,
                          **options)


def expect(result, code, *parts):
    said = result.stdout + result.stderr
    check(result.returncode == code, f"exit code {result.returncode}, not {code}: {said[-1500:]}")
    for part in parts:
        check(part in said, f"{part!r} is not in: {said[-1500:]}")
    check("Sanitizer" not in said and "assertion failed" not in said, said[-3000:])


def run_good(*arguments, **options):
    write("good.yaml", GOOD)
    return run("run", "good.yaml", "--no-plots", *arguments, **options)


# ---- help, verbs, lists


def without_a_verb_there_is_help_and_code_2():
    expect(run(), 2, "usage: blackstart VERB", "check", "Exit codes")
    expect(run("--help"), 0, "usage: blackstart VERB")
    expect(run("--version"), 0, "blackstart ")


def a_wrong_verb_gets_the_nearest():
    expect(run("rnu"), 2, "there is no verb 'rnu'; did you mean 'run'?")
    expect(run("elephant"), 2, "names them all")


def each_verb_explains_itself():
    for verb in json.loads(run("list", "verbs", "--json").stdout)["verbs"]:
        expect(run(verb["name"], "--help"), 0, "Usage:", verb["about"].split(":")[0])


def wrong_options_are_refused():
    write("good.yaml", GOOD)
    expect(run("run"), 2, "no scenario is named", "--help")
    expect(run("run", "--sed", "3", "good.yaml"), 2, "--sed")
    expect(run("run", "--seed", "x", "good.yaml"), 2, "'x' is no seed")
    expect(run("run", "--seed", "-3", "good.yaml"), 2, "is no seed")
    expect(run("run", "--until", "10", "good.yaml"), 2, "'10' is no time to stop at")
    expect(run("run", "--theme", "pink", "good.yaml"), 2, "'pink' is no theme")
    expect(run("run", "--seeds", "9-1", "good.yaml"), 2, "names no seeds")
    expect(run("run", "--seeds", "1-3", "--seed", "2", "good.yaml"), 2, "expected one")
    expect(run("run", "--seeds", "1-2", "-"), 2, "expected a file")
    expect(run("list", "elephants"), 2, "nothing to list")
    expect(run("plot", "nowhere"), 2, "no run directory")
    expect(run("schema", "x"), 2, "no argument")


def everything_is_listed():
    expect(run("list"), 0, "verbs", "push-known-good", "time-above", "lognormal", "504")
    kinds = json.loads(run("list", "--json").stdout)
    check(len(kinds) == 10, kinds.keys())
    write("good.yaml", GOOD)
    expect(run("list", "metrics", "good.yaml"), 0, "site.shop.errors", "config.rules.bad")
    write("typo.yaml", SCENARIO % "6m" + "expect: [{metric: site.shp.errors, at_most: 1%}]\n")
    expect(run("list", "metrics", "typo.yaml"), 0, "site.shop.errors")


def the_schema_is_json_and_the_reference_markdown():
    schema = json.loads(run("schema").stdout)
    check("$schema" in schema and "timeline" in json.dumps(schema), schema.keys())
    expect(run("schema", "--reference"), 0, "# ", "push-known-good")


# ---- replay


# Five requests for three objects; of 55 bytes, 20 belong to requests that could hit.
LOG = "time,key,size\n1,a,10\n2,b,20\n3,a,10\n4,c,5\n5,a,10\n"


def replayed(*arguments):
    result = run("replay", "--json", *arguments)
    expect(result, 0)
    return json.loads(result.stdout)


def a_log_is_replayed_through_every_policy():
    write("log.csv", LOG)
    result = run("replay", "log.csv", "--size", "2,50%")
    expect(result, 0, "5 requests for 3 objects in 4 s, 55 B; at most 40.0 % can hit")
    rows = [line.split() for line in result.stdout.splitlines()[3:]]
    check([row[2] for row in rows] == 2 * ["lru", "fifo", "clock", "sieve", "s3-fifo"], rows)
    check(rows[0] == ["2", "2", "lru", "40.0", "%", "36.4", "%"], rows[0])
    check(rows[1] == ["2", "2", "fifo", "20.0", "%", "18.2", "%"], rows[1])
    check(rows[5][:2] == ["50%", "2"], rows[5])


def a_binary_log_says_the_same_as_a_text():
    records, lines, x = [], [], 1
    for i in range(20000):
        x = x * 6364136223846793005 % 2 ** 64
        key, size = min(x >> 54, (x >> 40) % 1024), (x >> 30) % 1000
        records.append(struct.pack("<IQIq", i // 10, key, size, -1))
        lines.append(f"{i // 10},k{key},{size}\n")
    write("log.bin", b"".join(records))
    write("log.csv", "".join(lines))
    for options in ([], ["--ttl", "5m"], ["--policy", "sieve,lru", "--size", "0.5%,77"]):
        binary, text = replayed("log.bin", *options), replayed("log.csv", *options)
        check(binary["format"] == "oracle" and text["format"] == "csv", binary)
        check(binary["caches"] == text["caches"] and binary["bytes"] == text["bytes"], options)
        check(all(0 < cache["hit_ratio"] < 1 for cache in text["caches"]), text)


def more_places_and_more_time_hit_more():
    write("log.csv", "".join(f"{i},{i * i % 101}\n" for i in range(3000)))
    few, many, short = (replayed("log.csv", *options.split()) for options in
                        ("-s 20", "-s 100%", "-s 100% -t 10s"))
    for cache in range(5):
        ratios = [log["caches"][cache]["hit_ratio"] for log in (short, few, many)]
        check(ratios[1] < ratios[2] and ratios[0] < ratios[2], ratios)
    check(many["caches"][0]["hits"] == 3000 - many["objects"], many)
    check(many["caches"][0]["byte_hit_ratio"] is None and short["ttl_seconds"] == 10, short)


def a_wrong_replay_is_refused():
    write("log.csv", LOG)
    expect(run("replay"), 2, "no trace is named", "--help")
    expect(run("replay", "log.csv", "log.csv"), 2, "expected one trace")
    expect(run("replay", "-"), 2, "standard input can be read once only")
    expect(run("replay", "/dev/stdin", input=LOG), 2, "cannot be read again: expected a file")
    expect(run("replay", "log.csv", "--policy", "lru,s3fifo"), 2,
           "'s3fifo' is no policy: expected lru,", "did you mean 's3-fifo'?")
    expect(run("replay", "log.csv", "--policy="), 2, "'' is no policy")
    for size in ("0", "x", "-1", "1.5", "0%", "101%", "", "3G"):
        expect(run("replay", "log.csv", f"--size={size}"), 2, f"'{size}' is no size: expected")
    expect(run("replay", "log.csv", "--size", ",".join(17 * ["1"])), 2, "too many sizes")
    expect(run("replay", "log.csv", "--format", "cvs"), 2, "'cvs' is no format: expected auto")
    expect(run("replay", "log.csv", "--ttl", "5"), 2, "'5' is no time to live")
    expect(run("replay", "nowhere.csv"), 2, "nowhere.csv: cannot open: No such file")
    expect(run("replay", "."), 2, ".: cannot read")
    expect(run("replay", write("typo.csv", LOG + "6,d,x\n")), 2, "typo.csv:7: 'x' is no size")
    expect(run("replay", write("empty.csv", "time,key\n")), 2, "empty.csv: it has no request")
    expect(run("replay", write("cut.bin", bytes(30))), 2, "cut.bin: record 2: the file ends")
    expect(run("replay", write("log.gz", b"\x1f\x8b\x08\0\0")), 2, "compressed", "gzip -dc")


# ---- check


def a_good_scenario_is_checked():
    write("good.yaml", GOOD)
    expect(run("check", "good.yaml"), 0, "no errors", "3 PoPs", "Loops: none", "not validated",
           "shop 100 %")
    about = json.loads(run("check", "--json", "good.yaml").stdout)
    check(about["services"]["proxy"]["fails"] == 1, about)
    check(run("check", "--quiet", "good.yaml").stdout == "", "quiet prints")


CANARY = GOOD.replace("    consumers:", """\
    change: {windows: ['mon-thu 08:00-16:00'], approval: 10m}
    rollout: {waves: [30%, 100%], gate: {kind: binomial, at_most: 0.1%, lag: 0s}}
    consumers:""")


def a_canary_is_sized():
    """One of three PoPs for ten minutes; what it would notice is in the text and in the JSON."""
    write("canary.yaml", CANARY)
    expect(run("check", "canary.yaml"), 0, "rules: 1 PoPs, 10m; then 3 PoPs",
           "waits for: mon,tue,wed,thu 08:00-16:00; approval, 10m at the median; the way back does",
           "first wave: 33.3 % of PoPs", "its gate sees ", "95 of 100 versions that fail 0.1")
    about = json.loads(run("check", "--json", "canary.yaml").stdout)["rollouts"]["rules"]
    check(about["bypass"] == "none" and .001 < about["noticed_share"] < .002, about)
    check(6e5 < about["first_wave_requests"] < 6e6, about)
    rare = run("check", "--set", "network.requests=1/s", "canary.yaml")
    expect(rare, 0, "95 of 100 versions that fail 2.5 %")
    expect(run("check", "--set", "network.requests=0.1/s", "canary.yaml"), 0,
           "requests in 10m; too few to notice anything")
    expect(run("check", "--set", "configs.rules.rollout.bypass=data", "canary.yaml"), 0,
           "past all that: all versions, since it is data")


def loops_through_the_edge_are_found():
    write("loop.yaml", GOOD.replace(
        "  proxy: {placement: pop, cpu: 1ms}\n",
        "  proxy: {placement: pop, cpu: 1ms, needs: {kv: 10%}}\n"
        "  kv: {placement: core, location: dc, front: {service: proxy}}\n") +
        "locations: {dc: {latitude: 45, longitude: -120}}\n")
    expect(run("check", "loop.yaml"), 0, "proxy needs kv; kv is reached through proxy")


def a_check_says_whether_one_can_still_roll_back():
    write("back.yaml", GOOD.replace("do: push-known-good,", "do: push-known-good, tools: panel,") +
          "tools: {panel: {site: shop, instead: glass}, glass: {access: 5m}}\n")
    expect(run("check", "back.yaml"), 0, "panel", "glass, in after 5m",
           "no: takes panel; site shop enters at proxy; proxy reads rules: when that breaks it, "
           "100 % of shop fails, and it can not be done; instead: glass, in after 5m",
           "name no tools, assumed always possible")
    about = json.loads(run("check", "--json", "back.yaml").stdout)
    check([(use["tool"], use["possible"], use["instead"]) for use in about["rollback"]] ==
          [("panel", False, "glass")], about)
    check(len(about["without_tools"]) >= 1, about)


def errors_come_all_at_once_with_their_places():
    write("bad.yaml", GOOD.replace("sites:", "sties:").replace("cpu: 1ms", "cpu: 1"))
    result = run("check", "bad.yaml")
    expect(result, 2, "bad.yaml:6:", "bad.yaml:7:", "did you mean 'sites'?", "has no unit")
    check(result.stdout == "", "errors belong on standard error")


def names_of_metrics_and_entries_are_checked():
    write("bad.yaml", GOOD.replace("metric: errors, at_most", "metric: erors, at_most"))
    expect(run("run", "bad.yaml"), 2, "no metric is called 'erors'", "did you mean 'errors'?")
    write("bad.yaml", GOOD.replace("after: push-known-good", "after: push-known-god"))
    expect(run("run", "bad.yaml"), 2, "did you mean 'push-known-good'?")
    write("bad.yaml", GOOD.replace("fault_bites: rules", "fault_bites: ruels"))
    expect(run("run", "bad.yaml"), 2, "did you mean 'rules'?")
    write("bad.yaml", GOOD.replace("metric: errors, at_most", "metric: erors, at_most").replace(
        "fault_bites: rules", "fault_bites: ruels"))
    expect(run("run", "bad.yaml"), 2, "did you mean 'rules'?", "did you mean 'errors'?")
    check(not os.path.exists("runs"), "a refused scenario leaves no directory")


# ---- bad input


def bad_inputs_are_refused_and_crash_nothing():
    deep = "a: " + "[" * 100000
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9))
    inputs = {
        "empty.yaml": "",
        "text.yaml": "just some words\n",
        "malformed.yaml": "blackstart: 1\nservices: {a: [}\n",
        "binary.yaml": bytes(range(256)) * 40,
        "nul.yaml": b"blackstart: 1\0\n",
        "deep.yaml": deep,
        "bomb.yaml": bomb,
        "missing_include.yaml": "include: [nowhere.yaml]\n" + GOOD,
        "escape.yaml": "include: [../../../etc/passwd]\n" + GOOD,
        "cycle.yaml": "include: [cycle2.yaml]\n" + GOOD,
        "dangling.yaml": GOOD.replace("service: proxy}\nconfigs", "service: porxy}\nconfigs"),
        "zero.yaml": GOOD.replace("busiest: 3", "busiest: 3, cores: 0, cores_min: 0"),
        "negative.yaml": GOOD.replace("busiest: 3", "busiest: 3, cores: -5"),
        "rate.yaml": GOOD.replace("10k/s", "1e30/s"),
        "version.yaml": GOOD.replace("blackstart: 1", "blackstart: 7"),
        "forever.yaml": GOOD.replace("duration: 6m", "duration: 900000h"),
        "duplicate.yaml": GOOD + "title: again\n",
    }
    write("cycle2.yaml", "include: [cycle.yaml]\n")
    for name, text in inputs.items():
        write(name, text)
        result = run("run", name)
        expect(result, 2, "error")
        check(result.returncode == 2 and result.stdout == "", f"{name}: {result.stdout}")
    with open("huge.yaml", "w") as file:
        file.truncate(100 << 20)
    expect(run("run", "huge.yaml"), 2, "huge.yaml")
    expect(run("run", "."), 2)
    expect(run("run", "nowhere.yaml"), 2, "nowhere.yaml")


def standard_input_is_a_scenario():
    expect(run("check", "-", input=GOOD), 0, "no errors")
    expect(run("run", "-", "--no-plots", input=GOOD), 0, "Verdict: held")
    check(os.path.exists("runs/stdin/manifest.json"), os.listdir("."))


def fields_can_be_set():
    expect(run_good("--set", "clock.duration=4m30s"), 0, "(4m30s)", "--set")
    expect(run_good("--set", "clock.duraton=4m"), 2, "duraton")
    expect(run_good("--set", "nonsense"), 2, "nonsense")


# ---- run


def a_run_leaves_its_directory():
    result = run_good()
    expect(result, 0, "Verdict: held", "Phases", "push rules", "Digest", "blackstart run good.yaml",
           "inside their band")
    check(result.stdout.count("\n") <= 40, "more than 40 lines")
    check(result.stderr == "", result.stderr)
    names = sorted(os.listdir("runs/good"))
    check(names == ["journal.jsonl", "manifest.json", "plots", "pops.tsv", "scenario.yaml",
                    "series.tsv", "summary.json", "summary.txt"], names)
    with open("runs/good/manifest.json") as file:
        manifest = json.load(file)
    check(manifest["verdict"] == "held" and manifest["seed"] == 1, manifest)
    with open("runs/good/journal.jsonl") as file:
        entries = [json.loads(line) for line in file]
    check(any(entry["kind"] == "config.version" and entry["cause"] is not None
              for entry in entries), entries)
    with open("runs/good/series.tsv") as file:
        widths = {len(line.split("\t")) for line in file}
    check(len(widths) == 1, widths)


def the_normalised_scenario_runs_the_same():
    first = json.loads(run_good("--json").stdout)
    again = json.loads(run("run", "--json", "--no-plots", "--out", "again",
                           "runs/good/scenario.yaml").stdout)
    check(first["digest"] == again["digest"], (first["digest"], again["digest"]))
    check(first["hash"] == again["hash"], "hashes differ")


def a_run_is_a_function_of_scenario_and_seed():
    digests = [json.loads(run_good("--json", "--seed", seed, "--out", "x").stdout)["digest"]
               for seed in ("1", "1", "2")]
    check(digests[0] == digests[1] and digests[0] != digests[2], digests)


def the_locale_changes_nothing():
    expect(run_good("--json"), 0)
    with open("runs/good/series.tsv") as file:
        plain = file.read()
    expect(run_good(env=dict(os.environ, LC_ALL="de_DE.UTF-8", LANG="de_DE.UTF-8")), 0)
    with open("runs/good/series.tsv") as file:
        check(file.read() == plain, "series.tsv depends on the locale")


def json_is_one_object():
    result = json.loads(run_good("--json").stdout)
    for key in ("verdict", "digest", "seed", "version", "measures", "expectations", "published",
                "wall_seconds", "events", "pop_steps", "arena_bytes", "phases", "causes"):
        check(key in result, key)


def quiet_says_what_went_wrong_only():
    expect(run_good("--quiet"), 0)
    check(run_good("--quiet").stdout == "", "quiet prints")
    write("bad.yaml", GOOD.replace("at_most: 1%", "at_most: 0%, at_least: 1%"))
    result = run("run", "--quiet", "--no-plots", "bad.yaml")
    expect(result, 3, "failed: errors at least 1%, at most 0%")


def exit_codes_tell_the_verdict():
    write("fails.yaml", SCENARIO % "6m" +
          "expect: [{metric: errors, of: peak, at_most: 1%, because: rules are staged}]\n")
    expect(run("run", "--no-plots", "fails.yaml"), 3, "FAIL errors peak at most 1%",
           "expected because rules are staged", "Verdict: failed")
    write("never.yaml", (SCENARIO % "6m").replace("{size: 9}", "{size: 2}") +
          "expect: [{fault_bites: rules}]\n")
    expect(run("run", "--no-plots", "never.yaml"), 4, "says nothing about the policy")
    expect(run("run", "--no-plots", "--until", "30s", "fails.yaml"), 4, "before the window did")
    expect(run("run", "--no-plots", "fails.yaml", "never.yaml"), 3)


def a_fault_without_effect_is_inconclusive():
    idle = GOOD.replace(
        "services:\n", "locations: {here: {latitude: 0, longitude: 0}}\n"
        "services:\n  kv: {placement: core, location: here}\n").replace(
        "timeline:\n",
        "timeline:\n  - {id: sick, at: +30s, do: service-fails, service: kv CHANCE}\n")
    write("idle.yaml", idle.replace(" CHANCE", ""))
    expect(run("run", "--no-plots", "idle.yaml"), 4, "Faults: 0 of 1 had an effect",
           "?    sick: happened and touched nothing: nobody called it meanwhile",
           "Verdict: inconclusive (2 held, 0 failed, 0 inconclusive), 1 fault without effect")
    expect(run("run", "--no-plots", "--quiet", "idle.yaml"), 4, "inconclusive: sick: happened")
    row = json.loads(run("run", "--no-plots", "--json", "idle.yaml").stdout)["faults"][0]
    check(row["name"] == "sick" and row["has_effect"] is False, row)
    write("spared.yaml", idle.replace(" CHANCE", ", chance: 0%"))
    expect(run("run", "--no-plots", "spared.yaml"), 0)
    text = open("runs/spared/summary.txt", encoding="utf-8").read()
    check("-    sick: did not happen in this run" in text, text)
    write("bites.yaml", idle.replace(" CHANCE", ", for: 10s").replace(
        "cpu: 1ms}", "cpu: 1ms, needs: {kv: 0.1%}}"))
    expect(run("run", "--no-plots", "bites.yaml"), 0)
    expect(run("list", "faults"), 0, "service-fails", "Counts: calls answered with an error.")


def several_scenarios_get_a_directory_each():
    write("a.yaml", GOOD)
    write("b.yaml", GOOD)
    expect(run("run", "--no-plots", "--out", "both", "a.yaml", "b.yaml"), 0)
    check(sorted(os.listdir("both")) == ["a", "b"], os.listdir("both"))
    expect(run("run", "a.yaml", "./a.yaml"), 2, "directory of another")


def many_seeds_make_percentiles():
    write("good.yaml", GOOD)
    expect(run("run", "--seeds", "1-4,9", "good.yaml"), 0, "5 of 5 seeds", "p50", "F1 onset",
           "100 %", "Verdicts: 5 held")
    with open("runs/good-seeds/seeds.jsonl") as file:
        seeds = [json.loads(line)["seed"] for line in file]
    check(seeds == [1, 2, 3, 4, 9], seeds)
    one = run("run", "--seeds", "1-4", "--jobs", "1", "--json", "--out", "j1", "good.yaml").stdout
    two = run("run", "--seeds", "1-4", "--jobs", "3", "--json", "--out", "j3", "good.yaml").stdout
    check(json.loads(one) == json.loads(two), "the number of jobs changes the result")


# ---- what the world gets wrong


def a_run_directory_that_is_a_file_is_refused():
    write("x", "mine")
    expect(run_good("--out", "x"), 1, "is a file")
    expect(run_good("--out", "x/y"), 1, "x/y")
    with open("x") as file:
        check(file.read() == "mine", "the file was changed")


def files_of_others_are_never_touched():
    os.mkdir("mine")
    write("mine/summary.txt.txt", "precious")
    expect(run_good("--out", "mine"), 1, "holds files that are no run")
    check(os.listdir("mine") == ["summary.txt.txt"], os.listdir("mine"))
    expect(run_good(), 0)
    write("runs/good/notes.md", "precious")
    expect(run_good(), 0)
    check(os.path.exists("runs/good/notes.md"), "notes are gone")


def a_full_disk_leaves_the_earlier_run():
    expect(run_good(), 0)
    with open("runs/good/manifest.json") as file:
        before = file.read()

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))

    result = run_good("--seed", "2", preexec_fn=limit)
    expect(result, 1, "cannot write")
    check("Files:" not in result.stdout, "it says that there are files")
    with open("runs/good/manifest.json") as file:
        check(file.read() == before, "the earlier run is gone")
    check(".blackstart-new" not in os.listdir("runs/good"), "litter")


def a_full_standard_output_is_an_error():
    write("good.yaml", GOOD)
    with open("/dev/full", "w") as full:
        result = subprocess.run([PROGRAM, "list"], stdout=full, stderr=subprocess.PIPE, text=True,
                                timeout=SECONDS, check=False)
    check(result.returncode == 1 and "cannot write" in result.stderr, result)


def a_closed_pipe_is_no_error():
    write("good.yaml", GOOD)
    reader, writer = os.pipe()
    os.close(reader)
    result = subprocess.run([PROGRAM, "run", "--no-plots", "good.yaml"], stdout=writer,
                            stderr=subprocess.PIPE, text=True, timeout=SECONDS, check=False)
    os.close(writer)
    check(result.returncode == 0 and result.stderr == "", result)
    check(os.path.exists("runs/good/manifest.json"), "no directory")


def two_runs_in_one_directory_do_not_mix():
    write("long.yaml", LONG)
    first = subprocess.Popen([PROGRAM, "run", "--no-plots", "--out", "same", "long.yaml"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        for _ in range(200):
            if os.path.exists("same/.blackstart-new"):
                break
            time.sleep(0.05)
        expect(run_good("--out", "same"), 1, "another run is writing here", "--out")
    finally:
        first.send_signal(signal.SIGINT)
        first.communicate(timeout=SECONDS)


def an_interrupt_keeps_what_was_computed():
    write("long.yaml", LONG)
    process = subprocess.Popen([PROGRAM, "run", "--out", "cut", "long.yaml"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=SECONDS)
    check(process.returncode == 130, f"exit code {process.returncode}: {said}")
    check("Verdict: interrupted" in said, said)
    with open("cut/manifest.json") as file:
        check(json.load(file)["verdict"] == "interrupted", "manifest")


def interrupted_seeds_keep_what_is_done():
    write("good.yaml", SCENARIO % "6m")
    process = subprocess.Popen([PROGRAM, "run", "--seeds", "1-20000", "good.yaml"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    said, wrong = process.communicate(timeout=SECONDS)
    check(process.returncode == 130, f"exit code {process.returncode}: {said} {wrong}")
    check("of 20000 seeds" in said, said)


WATCHED = (SCENARIO % "30m").replace("+3m", "+20m") + """\
observers:
  errors: {kind: threshold, metric: errors, above: 5%, window: 1m, for: 1m, every: 1m}
  complaints: {kind: crowd, severity: info}
teams:
  edge:
    alerts: [errors]
    page: 1m
    ack: 2m
    triage: 1m
    diagnosis: 4m
    decision: 1m
    wrong_leads: {attack: {chance: 100%, diagnosis: 3m}}
    says: {first: 3m}
"""


def a_response_is_told_in_words_numbers_and_figures():
    write("watched.yaml", WATCHED + """\
expect:
  - {metric: merit.detect, at_most: 4m}
  - {metric: merit.misled, at_least: 3m, at_most: 3m}
published:
  - {id: M1, about: cause known, value: "8m", source: made up, at_least: 8m, at_most: 13m,
     measure: {metric: merit.identify}}
""")
    result = run("run", "watched.yaml")
    expect(result, 0, "wrong lead", "Response, from users' pain at 11:01:00", "wrong lead    3m ",
           "takes it for attack", "mitigated     after 19m", "recovered     after 19m",
           "Expectations: 2 of 2 hold", "M1 9m")
    plots = "runs/watched/plots/"
    for name in ("lanes-light.png", "budget-light.png"):
        check(os.path.exists(plots + name), name)
    bars = read_rows(plots + "lanes_bars.tsv")
    kinds = [row[3] for row in bars]
    check([k for k in kinds if k in ("paged", "triage", "misled", "deciding")] ==
          ["paged", "triage", "misled", "deciding"], kinds)
    check("page" in kinds and "takes it for attack" in [row[4] for row in bars], bars)
    last = read_rows(plots + "budget.tsv")[-1]
    series = [row for row in read_rows("runs/watched/series.tsv")]
    head = open("runs/watched/series.tsv", encoding="utf-8").readline().rstrip().split("\t")
    failed, answered = (sum(float(row[head.index("all." + word)]) for row in series)
                        for word in ("failed", "answered"))
    burnt = failed / answered / 0.001 * 1800 / (30 * 86400)
    check(abs(float(last[1]) / burnt - 1) < 1e-6, f"{last[1]} is not {burnt}")


def read_rows(path):
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n").split("\t") for line in file][1:]


def figures_of_merit_are_told_over_seeds():
    write("watched.yaml", WATCHED)
    expect(run("run", "--seeds", "1-3", "watched.yaml"), 0, "pain to alert", "pain to mitigated",
           "on a wrong lead")
    expect(run("list", "metrics", "watched.yaml"), 0, "merit.detect", "merit.crowd",
           "merit.first-word")
    result = run("run", "--json", "--no-plots", "watched.yaml")
    response = json.loads(result.stdout)["response"]
    check(response["identify"]["after_s"] > response["acknowledge"]["after_s"] >
          response["page"]["after_s"] >= response["detect"]["after_s"] > 0, response)
    check(response["misled_s"] == 180 and response["teams"][0]["team"] == "edge", response)


def path_without(program, folder):
    """A PATH on which nothing is found but what this test puts there."""
    os.makedirs(folder, exist_ok=True)
    return dict(os.environ, PATH=os.path.abspath(folder))


def a_missing_gnuplot_costs_pictures_only():
    write("good.yaml", GOOD)
    result = run("run", "good.yaml", env=path_without("gnuplot", "empty"))
    expect(result, 1, "gnuplot is not installed", "Verdict: held", "blackstart plot")
    for name in ("incident.gp", "incident.tsv", "style.gp", "pops.tsv"):
        check(os.path.exists("runs/good/plots/" + name), name)
    check(os.path.exists("runs/good/manifest.json"), "manifest")


def a_failing_or_killed_gnuplot_is_reported():
    write("good.yaml", GOOD)
    environment = path_without("gnuplot", "fake")
    write("fake/gnuplot", "#!/bin/sh\necho 'a warning' >&2\necho 'out of ink' >&2\nexit 3\n")
    os.chmod("fake/gnuplot", 0o755)
    expect(run("run", "good.yaml", env=environment), 1, "incident-light.png: out of ink")
    write("fake/gnuplot", "#!/bin/sh\nkill -9 $$\n")
    expect(run("run", "good.yaml", env=environment), 1, "gnuplot was killed", "Verdict: held")


def a_long_summary_is_cut_to_what_matters():
    """Values inside their band and expectations that hold make way for what is off."""
    expected = "".join(f"  - {{metric: errors, of: peak, at_most: {81 + i}%}}\n"
                       for i in range(19))
    published = "".join(f"""\
  - {{id: P{i}, about: value {i}, value: some, source: made up, at_most: {1 if i == 13 else 95}%,
     measure: {{metric: errors, of: peak}}}}
""" for i in range(21))
    write("much.yaml", SCENARIO % "6m" + f"expect:\n{expected}published:\n{published}")
    result = run("run", "--no-plots", "much.yaml")
    expect(result, 0, "Published figures: 20 of 21 inside", "off  P13 value 13", "  inside: P0 ",
           "Expectations: 19 of 19 hold\n\n")
    lines = result.stdout.splitlines()
    check(len(lines) <= 40, f"{len(lines)} lines")
    check(max(map(len, lines)) <= 110, max(lines, key=len))
    with open("runs/much/summary.txt", encoding="utf-8") as file:
        whole = file.read()
    check("ok   P20 value 20" in whole and "at most 98%" in whole, whole)


def figures_can_be_drawn_again():
    if not any(os.access(os.path.join(folder, "gnuplot"), os.X_OK)
               for folder in os.environ["PATH"].split(":")):
        return
    write("good.yaml", GOOD)
    expect(run("run", "good.yaml"), 0)
    pictures = {name for name in os.listdir("runs/good/plots") if name.endswith(".png")}
    check({"incident-light.png", "pops-light.png", "retries-light.png"} <= pictures, pictures)
    expect(run("plot", "runs/good", "--figure", "incident", "--theme", "dark", "--format", "svg"),
           0)
    check(os.path.exists("runs/good/plots/incident-dark.svg"), "no svg")
    drawn = json.loads(run("plot", "runs/good", "--json").stdout)
    check("incident" in drawn["figures"] and drawn["missing"] is None, drawn)
    expect(run("plot", "runs/good", "--figure", "cache"), 2, "no data for the figure")
    expect(run("plot", "runs/good", "--figure", "cash"), 2, "no figure is called 'cash'")
    expect(run_good(), 0)
    check(not os.path.exists("runs/good/plots/incident-dark.svg"), "a picture of an earlier run")


def run_test(test, failures):
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            test()
        except Exception as error:  # pylint: disable=broad-except
            where = traceback.extract_tb(error.__traceback__)[1].lineno
            failures.append(test.__name__)
            print(f"FAILED {test.__name__}, line {where}: {error}", flush=True)
        os.chdir("/")


def run_tests(name, tests):
    if len(sys.argv) > 2:
        tests = [test for test in tests if test.__name__ in sys.argv[2:]]
    failures = []
    for test in tests:
        run_test(test, failures)
    print(f"{name}: {len(tests) - len(failures)} passed, {len(failures)} failed")
    return 1 if failures or not tests else 0


def tests_of(namespace, hidden):
    """The functions that a program defines itself, but for those that only help."""
    return [test for name, test in namespace.items()
            if callable(test) and getattr(test, "__module__", "") == "__main__" and
            name not in hidden]


def main():
    hidden = {"check", "write", "read_rows", "run", "expect", "run_good", "replayed",
              "path_without", "run_test", "run_tests", "tests_of", "main"}
    return run_tests("cli", tests_of(globals(), hidden))


if __name__ == "__main__":
    sys.exit(main())
