#!/usr/bin/env python3
"""plots.py - draws every figure from made-up runs and from awkward ones.

Writes the data of plots/README.md for a handful of runs, draws each figure of each, and fails if
gnuplot fails or says anything.

`tests/plots.py` uses a directory of its own and removes it; `tests/plots.py DIR` draws into DIR,
in every theme and format, and leaves all there to be looked at; `tests/plots.py DIR CASE FIGURE`
draws one figure of one run.
"""

import math
import os
import random
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PLOTS = os.path.join(ROOT, "plots")
FIGURES = ("incident", "pops", "cache", "retries", "versions", "lanes", "budget")
START = 1763463600  # 2025-11-18T11:00:00Z
NAN = float("nan")

REGIONS = [("North America", 78), ("South America", 30), ("Western Europe", 62),
           ("Eastern Europe", 24), ("Africa", 26), ("Middle East", 18), ("South Asia", 22),
           ("East Asia", 44), ("Oceania", 16)]

EVENTS = [
    (300, "change", "ClickHouse migration starts: 0% to 100% over 70m"),
    (1500, "fault", "First feature file over the limit is generated"),
    (1860, "alert", "Automated test fires"),
    (1920, "human", "Investigation starts; first lead: workers-kv"),
    (2880, "public", "First post on the status page"),
    (7500, "action", "workers-kv and access switched to the old proxy"),
    (9420, "human", "Cause understood: the feature file"),
    (12240, "action", "Generator stopped"),
    (12600, "action", "Known good file pushed, proxy restarted"),
    (13200, "fault", "Log-in backlog overloads the dashboard"),
    (16200, "action", "Dashboard scaled to four times"),
    (21960, "note", "Errors back to baseline"),
]
PHASES = [(0, 1500, "steady", "steady"), (1500, 1920, "fault", "onset"),
          (1920, 7500, "impact", "impact"), (7500, 12600, "mitigating", "partly mitigated"),
          (12600, 16200, "recovering", "recovery"), (16200, 23400, "steady", "steady")]
STORY = [(0, 300, "steady", "steady"), (300, 1500, "push", "push"),
         (1500, 1860, "fault", "impact"), (1860, 2400, "detected", "detected"),
         (2400, 8400, "misled", "wrong lead"), (8400, 9420, "diagnosing", "diagnosing"),
         (9420, 12600, "identified", "identified"), (12600, 16200, "recovering", "mitigated"),
         (16200, 23400, "steady", "recovered")]
CAUSES = ["bot-features: proxy panics", "workers-kv fails its callers",
          "turnstile: no log-in", "dashboard overloaded", "origin time-outs", "other"]


def clamp(value, low=0.0, high=1.0):
    return min(high, max(low, value))


def bell(t, middle, width):
    return math.exp(-((t - middle) / width) ** 2)


def number(value):
    if value != value:
        return "nan"
    # Seconds since 1970 keep their milliseconds.
    return f"{value:.3f}" if abs(value) > 1e9 else f"{value:.6g}"


def write(where, name, columns, rows):
    with open(os.path.join(where, name), "w", encoding="utf-8") as file:
        file.write(f"# made-up data for {name}\n")
        file.write("\t".join(columns) + "\n")
        for row in rows:
            file.write("\t".join(v if isinstance(v, str) else number(v) if isinstance(v, float)
                                 else str(v) for v in row) + "\n")


class Case:
    """A made-up run; `stretch` maps the model's 6.5 hours on another duration."""

    def __init__(self, name, duration=23400, buckets=936, pops=320, causes=6, errors=1.0,
                 events=None, phases=None, gaps=False, title=None, watched=1, is_limited=True,
                 services=8, people=0, odd=False):
        self.name, self.duration, self.buckets = name, duration, buckets
        self.pops, self.causes, self.errors, self.gaps = pops, causes, errors, gaps
        self.watched, self.is_limited = watched, is_limited
        self.services, self.people, self.odd = services, people, odd
        self.stretch = duration / 23400
        self.events = EVENTS if events is None else events
        self.phases = PHASES if phases is None else phases
        self.title = title or "A feature file outgrows its limit, and the new proxy panics"
        self.random = random.Random(1)

    def times(self):
        step = self.duration / self.buckets
        return [(i + 0.5) * step for i in range(self.buckets)]

    def bad(self, t):
        """Share of PoPs that hold the bad file, by the model's clock."""
        if t < 1500 or t > 12700:
            return 0.0
        if t > 7200:
            return 1.0
        slot = int((t - 1500) // 300)
        return 1.0 if random.Random(slot).random() < 0.25 + slot / 25 else 0.0

    def load(self, t):
        return 81e6 * (0.9 + 0.1 * math.sin(t / 9000))

    def shares(self, t):
        bad = self.bad(t)
        tail = 0.06 * math.exp(-(t - 12700) / 3000) if t > 12700 else 0
        kv = 0.06 * bad * (1 if t < 7500 else 0.15)
        parts = [0.55 * bad + tail, kv, 0.02 * bad, 0.04 * bell(t, 14700, 1300),
                 0.01 * bad * (1 + math.sin(t / 200)), 0.0004 + 0.0002 * self.random.random()]
        parts = [p * self.errors for p in parts]
        if self.causes == 0:
            return []
        return parts[:self.causes - 1] + parts[-1:] if self.causes > 1 else parts[:1]

    def gap(self, t):
        return self.gaps and 0.3 < t / self.duration < 0.36

    def write_all(self, where):
        shutil.rmtree(where, ignore_errors=True)
        os.makedirs(where)
        for name in os.listdir(PLOTS):
            if name.endswith(".gp"):
                shutil.copy(os.path.join(PLOTS, name), where)
        write(where, "run.tsv", ["key", "value"], [
            ["title", self.title],
            ["note", f"blackstart run {self.name}.yaml, seed 1, flow plane, digest 5f1c2a9be3d0"]])
        s = self.stretch
        write(where, "events.tsv", ["time", "kind", "text"],
              [[float(START + t * s), kind, text] for t, kind, text in self.events])
        write(where, "phases.tsv", ["begin", "end", "kind", "text"],
              [[START + b * s, START + e * s, kind, text] for b, e, kind, text in self.phases])
        self.write_incident(where)
        self.write_pops(where)
        self.write_cache(where)
        self.write_retries(where)
        self.write_versions(where)
        self.write_lanes(where)
        self.write_budget(where)

    def named(self, text, most):
        return ("a_long & {odd} name^2 of @" + text)[:most] if self.odd else text

    def write_lanes(self, where):
        s = self.stretch
        lanes, heat, bars, marks = [], [], [], []

        def lane(group, text):
            lanes.append([len(lanes), group, text])
            return len(lanes) - 1

        def bar(where, begin, end, kind, text="-"):
            bars.append([where, START + begin * s, START + end * s, kind, text])

        def mark(where, at, kind, text="-"):
            marks.append([where, START + at * s, kind, text])

        if self.events:
            top = lane("changes and faults", "the timeline")
            bar(top, 300, 4500, "change", self.named("ClickHouse migration starts", 44))
            bar(top, 22000, 23400, "fault", self.named("a link loses a tenth", 44))
            made = lane("changes and faults", self.named("bot-features", 22))
            for t in range(300, 12240, 300):
                mark(made, t, "bad" if self.bad(t + 1) else "good")
        for i in range(self.services):
            row = lane("sites" if i < self.services // 3 else "services",
                       self.named(f"service-{i}", 22))
            for b in range(0, 23400, 300):
                heat.append([row, START + b * s, START + (b + 300) * s,
                             clamp(self.bad(b + 1) * self.errors * (1 - i / 30))])
            if self.errors:
                bar(row, 7500 + 500 * i, 16000,
                    ("killed", "halted", "fallback", "scaled", "open", "breaker")[i % 6])
        for i in range(self.people):
            row = lane("who watches", self.named(f"monitor-{i}", 22))
            if i:
                bar(row, 1500 + 200 * i, 12700, ("page", "ticket", "info")[i % 3])
                bar(row, 15000, 15020, "page")
            bar(row, 18000, 19000, "dark", "no figures")
        for i in range(self.people):
            row = lane("who acts", self.named(f"team-{i}", 22))
            stages = [("paged", 300), ("triage", 500), ("misled", 5000), ("diagnosing", 900),
                      ("deciding", 300), ("waiting", 2000), ("acting", 900)]
            at = 1900 + 150 * i
            for kind, lasting in stages:
                bar(row, at, at + lasting, kind, self.named(f"{kind} for a while", 44))
                if kind in ("triage", "deciding"):
                    mark(row, at, "ack" if kind == "triage" else "identified")
                at += lasting
        if self.people:
            row = lane("who acts", "status page")
            bar(row, 2600, 5200, "down")
            for t in (2880, 7000, 9500, 13000):
                mark(row, t, "post")
        elif self.events:
            row = lane("who acts", "the timeline")
            mark(row, 7500, "action", "workers-kv on the old proxy")
            mark(row, 22900, "note", self.named("errors are back to what they were", 44))
        write(where, "lanes.tsv", ["lane", "group", "text"], lanes)
        write(where, "lanes_span.tsv", ["begin", "end"], [[float(START), START + 23400 * s]])
        write(where, "lanes_heat.tsv", ["lane", "begin", "end", "share"], heat)
        write(where, "lanes_bars.tsv", ["lane", "begin", "end", "kind", "text"], bars)
        write(where, "lanes_marks.tsv", ["lane", "time", "kind", "text"], marks)

    def write_budget(self, where):
        s = self.stretch
        rows, failed, times = [], [], self.times()
        step = self.duration / self.buckets
        for t in times:
            failed.append(sum(self.shares(t / s)))

            def burn(window):
                wanted = max(1, int(window * s / step))
                return sum(failed[-wanted:]) / wanted / 0.001
            row = [START + t, sum(failed) * step / 0.001 / (30 * 86400)]
            for pair in ((3600, 300), (21600, 1800), (259200, 21600)):
                row += [burn(w) for w in pair]
            rows.append([row[0]] + [NAN if self.gap(t) else v for v in row[1:]])
        columns = [f"{w}_{i}" for i in (1, 2, 3) for w in ("long", "short")]
        write(where, "budget.tsv", ["time", "burnt"] + columns, rows)
        write(where, "budget_about.tsv", ["key", "value"], [
            ["slo", "SLO 99.9 %, 30 days"], ["monitor", self.named("of slo-burn", 28)]])
        write(where, "budget_windows.tsv", ["column", "burn", "kind", "text"], [
            [1, 14.4, "page", "1h and 5m"], [2, 6.0, "page", "6h and 30m"],
            [3, 1.0, "ticket", "3d and 6h"]])
        write(where, "budget_observers.tsv", ["lane", "text"],
              [[i, self.named(f"monitor-{i}", 20)] for i in range(self.people)])
        write(where, "budget_alerts.tsv", ["lane", "begin", "end", "kind"],
              [[i, START + (1600 + 300 * i) * s, START + 12900 * s,
                ("page", "ticket", "info")[i % 3]] for i in range(1, self.people)])
        marks = [(1500, "fault", "users feel it"), (1860, "alert", "first alert, 6m after"),
                 (1900, "human", "acknowledged, 6m40s after"),
                 (9420, "human", "the cause is known, 2h12m after"),
                 (12600, "action", "mitigated, 3h5m after")]
        write(where, "budget_marks.tsv", ["time", "kind", "text"],
              [[START + t * s, kind, text] for t, kind, text in marks if self.errors])

    def write_incident(self, where):
        rows, totals = [], [0.0] * self.causes
        for t in self.times():
            m = t / self.stretch
            shares = self.shares(m)
            totals = [a + b for a, b in zip(totals, shares)]
            failed = sum(shares)
            load = self.load(m) * (1 + 0.25 * failed)
            slow = 1 + 2.5 * self.bad(m) * min(1, self.errors) + 1.5 * bell(m, 13000, 900)
            jitter = 1 + 0.03 * self.random.random()
            row = [START + t, load, load * (1 - failed), 0.024 * jitter * slow ** 0.4,
                   0.11 * jitter * slow, 0.42 * jitter * slow ** 1.6]
            row += shares
            for i in range(self.watched):
                dip = (0.85 * self.bad(m) if m < 7500 else 0) + 0.7 * bell(m, 14700, 1500)
                row.append(1 - clamp(dip * self.errors / (1 + i)))
            rows.append([row[0]] + [NAN if self.gap(t) else v for v in row[1:]])
        columns = ["time", "offered", "served", "p50", "p95", "p99"]
        columns += [f"cause_{i + 1}" for i in range(self.causes)]
        columns += [f"watched_{i + 1}" for i in range(self.watched)]
        write(where, "incident.tsv", columns, rows)
        whole = sum(totals) or 1.0
        names = CAUSES[:self.causes - 1] + CAUSES[-1:] if self.causes > 1 else CAUSES[:1]
        names = names[:self.causes]
        write(where, "incident_causes.tsv", ["column", "share", "text"],
              [[f"cause_{i + 1}", totals[i] / whole, names[i]] for i in range(self.causes)])
        watched = ["dashboard log-in", "workers-kv", "access", "site: shop"]
        write(where, "incident_watched.tsv", ["column", "text"],
              [[f"watched_{i + 1}", watched[i]] for i in range(self.watched)])

    def write_pops(self, where):
        columns = min(self.buckets, 1024)
        step = self.duration / columns
        names, index = [], 0
        for region, share in REGIONS:
            wanted = max(0, round(share * self.pops / 320)) if self.pops > 1 else int(index == 0)
            for _ in range(wanted):
                letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                names.append((letters[index // 26 % 26] + letters[index % 26] + "X", region))
                index += 1
        write(where, "pops_rows.tsv", ["pop", "region"], names)
        rows = []
        for i, (_, region) in enumerate(names):
            fl2 = 0.3 + 0.5 * self.random.random()
            late = 5 * self.random.random() + (120 if i % 29 == 0 else 0)
            row = []
            for c in range(columns):
                m = (c + 0.5) * step / self.stretch
                value = fl2 * self.bad(m - late) * self.errors
                value += 0.002 * self.random.random() * self.errors
                value += 0.3 * bell(m, 13300 + 10 * i % 700, 500) * (i % 5 == 0) * self.errors
                if region == "Oceania" and 5200 < m < 6400 and i % 2:
                    value = NAN
                row.append(f"{clamp(value):.4g}" if value == value else "-1")
            rows.append([str(i)] + row)
        write(where, "pops.tsv",
              [str(columns)] + [number(START + (c + 0.5) * step) for c in range(columns)], rows)

    def write_cache(self, where):
        rows, warm = [], 0.97
        for t in self.times():
            m = t / self.stretch
            purge = m > 12600 and self.errors > 0
            warm = 0.97 - (0.9 * math.exp(-(m - 12600) / 1500) if purge else 0)
            hit = 0.93 * warm ** 0.5
            origin = self.load(m) * (1 - hit) * 0.2
            row = [START + t, hit, warm, origin, 2.4e6 if self.is_limited else NAN]
            rows.append([row[0]] + [NAN if self.gap(t) else v for v in row[1:]])
        write(where, "cache.tsv",
              ["time", "hit_ratio", "warm", "origin_load", "origin_capacity"], rows)
        marks = [[START + 12600 * self.stretch, "flush", "caches lost with the restart"],
                 [START + 16100 * self.stretch, "warm", "90% warm after 58m"]]
        write(where, "cache_marks.tsv", ["time", "kind", "text"], marks if self.errors else [])

    def write_retries(self, where):
        rows = []
        for t in self.times():
            m = t / self.stretch
            failed = sum(self.shares(m))
            fresh = self.load(m)
            retries, reloads = fresh * failed * 0.6, fresh * failed * 0.25
            good = (fresh + retries + reloads) * (1 - failed) * 0.92
            waiting = 3e7 * failed
            login = 2.5e5 * bell(m, 14500, 1100) * self.errors + 1e4 * failed
            row = [START + t, fresh, retries, reloads, good, waiting, login]
            rows.append([row[0]] + [NAN if self.gap(t) else v for v in row[1:]])
        write(where, "retries.tsv", ["time", "fresh", "machine_retries", "human_reloads",
                                     "goodput", "waiting", "login_backlog"], rows)

    def write_versions(self, where):
        names = [("good", "v211: 60 features"), ("bad", "v212: 210 features"),
                 ("bad", "v213: 210 features"), ("good", "v211 pushed again"),
                 ("good", "later versions")]
        names = names[:self.causes] if self.causes < 2 else names
        rows = []
        for t in self.times():
            m = t / self.stretch
            bad = self.bad(m)
            new = clamp((m - 12600) / 400)
            last = clamp((m - 17000) / 2000)
            shares = [0.0 if m > 12600 else 1 - bad,
                      bad * (m < 7200) * (1 - new), bad * (m >= 7200) * (1 - new),
                      new * (1 - last), last]
            shares = shares if len(names) > 1 else [1.0] * len(names)
            rows.append([START + t] + [float(s) for s in shares])
        write(where, "versions.tsv",
              ["time"] + [f"version_{i + 1}" for i in range(len(names))], rows)
        write(where, "versions_names.tsv", ["column", "kind", "text"],
              [[f"version_{i + 1}", kind, text] for i, (kind, text) in enumerate(names)])
        s = self.stretch
        marks = [[START + t * s, "bad_generation" if 1700 < t < 9000 else "generation", ""]
                 for t in range(1500, 12240, 300)]
        marks += [[START + t * s, "wave", text] for t, text in
                  ((17000, "canary"), (17500, "10%"), (18200, "50%"), (19000, "all"))]
        write(where, "versions_marks.tsv", ["time", "kind", "text"], marks if self.errors else [])


CROWD = [(1500 + 40 * i, ("fault", "action", "alert", "human", "public", "change", "note")[i % 7],
          f"Event {i + 1} of a crowd with a text_of {{sixty}} characters^ _@&"[:60])
         for i in range(14)]

CASES = [
    Case("flagship"),
    Case("people", phases=STORY, people=3),
    Case("many", phases=STORY, people=1, services=17, duration=1800),
    Case("nobody", services=1, people=0, events=[], phases=STORY[:1]),
    Case("odd", people=2, odd=True),
    Case("short", duration=200, buckets=200, pops=12, watched=2, title="200 seconds"),
    Case("long", duration=3 * 86400, buckets=1000, pops=60, watched=4, is_limited=False),
    Case("quiet", errors=0.0, events=[], phases=[], pops=40, watched=0, title="Nothing happens"),
    Case("silent", errors=0.0, causes=0, events=[], phases=[], pops=3, watched=0, title="",
         is_limited=False),
    Case("faint", errors=0.004, pops=100),
    Case("gaps", gaps=True, pops=80),
    Case("single", pops=1, causes=1, events=EVENTS[:1], phases=PHASES[:1], watched=0),
    Case("crowd", events=CROWD, watched=3,
         title="A title of {braces}, under_scores, `quotes`, $(dollars), 100% and \\ too"),
    Case("point", duration=1, buckets=1, pops=9, causes=2, watched=1),
    Case("once", people=2, phases=STORY,
         events=[(1500, kind, text) for _, kind, text in EVENTS]),
]


def draw(where, figure, theme, form):
    done = subprocess.run(
        ["gnuplot", "-e", f"theme='{theme}'; format='{form}'", f"{figure}.gp"],
        cwd=where, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    picture = os.path.join(where, f"{figure}-{theme}.{form}")
    said = (done.stdout + done.stderr).strip()
    if done.returncode == 0 and not said and os.path.exists(picture) and \
            os.path.getsize(picture) > 2000:
        return True
    print(f"{picture}: exit code {done.returncode}: {said or 'no picture'}")
    return False


def main():
    kept = len(sys.argv) > 1
    top = sys.argv[1] if kept else tempfile.mkdtemp(prefix="blackstart-plots-")
    cases = [c for c in CASES if len(sys.argv) < 3 or c.name == sys.argv[2]]
    figures = [f for f in FIGURES if len(sys.argv) < 4 or f == sys.argv[3]]
    figures = [f for f in figures if os.path.exists(os.path.join(PLOTS, f + ".gp"))]
    results = []
    for case in cases:
        where = os.path.join(top, case.name)
        case.write_all(where)
        for figure in figures:
            # Themes differ in colours and formats in the terminal: a look needs all, a test
            # one after the other.
            turn = [("light", "png"), ("dark", "svg"), ("dark", "png"), ("light", "svg")]
            for theme, form in turn if kept else [turn[len(results) % 4]]:
                results.append(draw(where, figure, theme, form))
    if not kept:
        shutil.rmtree(top)
    print(f"plots: {results.count(True)} passed, {results.count(False)} failed")
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
