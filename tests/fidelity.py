#!/usr/bin/env python3
"""fidelity.py - the figures of docs/FIDELITY.md, from the programs that measure them.

    tests/fidelity.py BUILD [NAME…]    compares all tables, or these; prints what differs, and ends
                                       with 1 if something does
    tests/fidelity.py BUILD --quick    the tables that take seconds
    tests/fidelity.py BUILD --update [NAME…]   measures and writes them again

BUILD is meson's build directory.  Each table stands between "<!-- NAME -->" and "<!-- end -->".
All runs have fixed seeds, so the figures are the same on every machine; they are compared to
within a thousandth, for what a test itself computes from them may round otherwise.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.abspath(sys.argv[1])
PROGRAM = os.path.join(BUILD, "sim", "cmd", "blackstart")
DOCUMENT = os.path.join(ROOT, "docs", "FIDELITY.md")
SCENARIOS = os.path.join(ROOT, "scenarios")
REFERENCE = os.path.join(ROOT, "tests", "cross", "reference.yaml")

# The reference at n = 10, with one thing changed that the planes see differently.
TEN = ["network.requests=2000/s", "network.cores=10", "network.cores_per_queue=10",
       "services.kv.station.servers=50", "services.kv.station.queue=200",
       "services.auth.station.servers=20", "sites.web.cache.objects=50k",
       "sites.web.origin.capacity=5000/s"]
LIMITED = ["sites.web.origin.capacity=1100/s"]
CANCEL = ["services.kv.station.queue=1G", "services.kv.station.cancel=true"]
DIFFERENCES = [
    ("nothing changed", [], "all.failed"),
    ("calls of a need with a retry", ["sites.apps.needs.kv.retries=1"], "service.kv.failed"),
    ("the same, for clients", ["sites.apps.needs.kv.retries=1"], "all.failed"),
    ("an overloaded central service that drops who gave up", CANCEL, "service.kv.failed"),
    ("the same, for clients", CANCEL, "all.failed"),
    ("an origin that refuses half of what empty caches ask", LIMITED, "outcome.503"),
    ("the same, for clients", LIMITED, "all.failed"),
    ("callers at one PoP with different patience, and cancel",
     ["sites.apps.needs.kv.timeout=2s"], "outcome.503"),
    ("the same, for clients", ["sites.apps.needs.kv.timeout=2s"], "all.failed"),
]
PUBLISHED = ["cloudflare-2025-11-18", "kill-switch-late", "known-good-missing",
             "metastable-retry", "rollout-canary"]


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200,
                          stdin=subprocess.DEVNULL)
    assert done.returncode in (0, 3, 4), f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def program(name):
    return output(os.path.join(BUILD, "tests", name))


def table(head, rows):
    return ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]]


def number(text):
    return f"{float(text):.4g}"


def apart(want, got):
    want, got = float(want), float(got)
    return "" if abs(want) < 1e-12 else f"{100 * (got / want - 1):+.2f} %"


def theory(*programs):
    rows = []
    for name in programs:
        found = re.findall(r"^case (\S+)\s+(.+?)\s+expected\s+(\S+)\s+got\s+(\S+)\s+within (\S+)",
                           program("theory_" + name), re.MULTILINE)
        rows += [[case, about, number(want), number(got), apart(want, got), number(within)]
                 for case, about, want, got, within in found]
    return table(["case", "what", "expected", "got", "off by", "allowed"], rows)


def fields(text, first):
    """Lines of fields that begin with this word."""
    lines = [line.split(" | ") for line in text.splitlines() if line.startswith(first + " | ")]
    return [line[1:] for line in lines]


def by_size():
    text = program("cross_planes")
    rows = [[n, about, number(flow), number(request), apart(flow, request), number(deviation),
             number(within)]
            for n, about, flow, request, deviation, within in fields(text, "cross")]
    lines = table(["n", "amount, divided by n", "flow", "request, mean", "off by",
                   "deviation of a run", "allowed"], rows)
    rows = [[about, number(one), number(ten), number(hundred), slope]
            for about, one, ten, hundred, slope in fields(text, "slope")]
    return lines + [""] + table(["noise and curves", "n = 1", "n = 10", "n = 100", "slope"], rows)


def by_scenario():
    text = output(sys.executable, os.path.join(ROOT, "tests", "cross", "scenarios.py"), PROGRAM,
                  SCENARIOS)
    rows = [[name, figure.replace("_", " "), number(flow), number(request), number(within)]
            for name, figure, flow, request, within in fields(text, "scenario")
            if figure in ("failed_requests", "failed_share", "time_above_1_percent")]
    return table(["scenario", "figure", "flow", "request", "allowed"], rows)


def fast_path():
    found = re.findall(r"^fast path: (.+?)\s+(objects|stations)\s*: (\d+) attempts, (\d+) columns",
                       program("cross_fast_path"), re.MULTILINE)
    rows = [[about, "as an object" if how == "objects" else "at a station", attempts, differ]
            for about, how, attempts, differ in found]
    return table(["scenario", "every request", "attempts", "values that differ"], rows)


def run(path, plane, changes):
    """The run's JSON object, with `sums` of its columns."""
    with tempfile.TemporaryDirectory() as directory:
        out = os.path.join(directory, "run")
        command = [PROGRAM, "run", path, "--plane", plane, "--json", "--no-plots", "--quiet",
                   "--out", out]
        for change in changes:
            command += ["--set", change]
        result = json.loads(output(*command))
        with open(os.path.join(out, "series.tsv"), encoding="utf-8") as file:
            head, *lines = [line.rstrip("\n").split("\t") for line in file]
        result["sum"] = lambda column: sum(float(line[head.index(column)]) for line in lines)
    return result


def differences():
    rows = []
    for about, changes, column in DIFFERENCES:
        flow, request = (run(REFERENCE, plane, TEN + changes)["sum"](column)
                         for plane in ("flow", "request"))
        rows.append([about, f"`{column}`", number(flow), number(request), apart(flow, request)])
    return table(["reference, n = 10", "figure", "flow", "request", "off by"], rows)


def published():
    rows = []
    for name in PUBLISHED:
        result = run(os.path.join(SCENARIOS, name + ".yaml"), "flow", [])
        for row in result["published"]:
            rows.append([name, row["id"], row["about"], row["published"], row["simulated"],
                         row["band"], "yes" if row["inside"] else "**no**"])
    return table(["scenario", "figure", "what", "published", "simulated", "band", "inside"], rows)


TABLES = {
    "theory-request": lambda: theory("requests", "requests_metastable", "requests_world"),
    "theory-flow": lambda: theory("metastable", "plane", "caches", "queues"),
    "by-size": by_size,
    "by-scenario": by_scenario,
    "differences": differences,
    "fast-path": fast_path,
    "published": published,
}
QUICK = ["theory-flow", "fast-path", "published"]


def is_same(have, want):
    """The same words, and numbers that are the same to a thousandth; differences follow."""
    figures = r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?! %)"
    have, want = (re.sub(r"[-+]\d+\.\d+ %", "", text) for text in (have, want))
    if re.sub(figures, "#", have) != re.sub(figures, "#", want):
        return False
    pairs = [(float(a), float(b))
             for a, b in zip(re.findall(figures, have), re.findall(figures, want))]
    return all(abs(a - b) <= 1.1e-3 * max(abs(a), abs(b)) for a, b in pairs)


def main():
    with open(DOCUMENT, encoding="utf-8") as file:
        text = file.read()
    chosen = [name for name in sys.argv[2:] if not name.startswith("--")]
    names = chosen or (QUICK if "--quick" in sys.argv else list(TABLES))
    wrong = 0
    for name in names:
        found = re.search(f"<!-- {name} -->\n(.*?)<!-- end -->", text, re.DOTALL)
        assert found, f"docs/FIDELITY.md has no table {name}"
        want = "\n".join(TABLES[name]()) + "\n"
        if "--update" in sys.argv:
            text = text[:found.start(1)] + want + text[found.end(1):]
        elif not is_same(found.group(1), want):
            wrong += 1
            print(f"docs/FIDELITY.md: the table {name} is not what is measured; if that is right, "
                  "run `tests/fidelity.py BUILD --update`")
            print(want)
    if "--update" in sys.argv:
        with open(DOCUMENT, "w", encoding="utf-8") as file:
            file.write(text)
    print(f"fidelity: {len(names) - wrong} passed, {wrong} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
