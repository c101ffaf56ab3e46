#!/usr/bin/env python3
"""tidy.py - the house rules that a compiler does not check.

Prints "file:line: rule: detail" for each breach and ends with 1 if there was one.
`tests/tidy.py` looks at the whole tree, `tests/tidy.py FILE...` at some files of it.

The tables come first; they are meant to be edited.  The RATCHET tables hold what was
there before the rule: an entry may leave, and the check says so when it can; none may enter
without its reason.
"""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDERS = ("sim", "models", "tests", "docs", "plots", "scenarios", ".ci")

COLUMNS_MAX = 100
FILE_LINES_MAX = 700
FUNCTION_LINES_MAX = 70

# Who stands above whom in models/: a file may include its own row and the rows above it.
# A stem that no row names stands in the row EVERYTHING_ELSE, below what joins the models.
EVERYTHING_ELSE = ["everything else"]
MODEL_ROWS = [
    ["backoff", "breaker", "erlang", "keyed", "limiter", "moments", "outlier", "proportion",
     "retry", "sharing", "throttle", "zipf"],
    ["condition", "csv", "delay_law", "geo", "outcome"],
    ["internet"],
    ["interconnect"],
    ["anycast", "bgp"],
    ["catchment", "convergence"],
    ["need", "spec"],
    ["world", "pop", "site", "access", "cache", "service", "station", "origin", "trace"],
    ["metric"],
    ["books", "capability", "demand", "flow", "guard", "plane", "request", "sessions", "traffic"],
    ["change", "cluster", "gate", "lane", "levers", "processes", "restart", "rollout", "routing",
     "version", "warmup"],
    ["config", "names", "overload", "traffic_manager"],
    ["monitor", "probes", "crowd"],
    ["observers", "status_page"],
    ["tools"],
    ["autoscaler", "faults"],
    ["deed", "timeline"],
    ["responders"],
    EVERYTHING_ELSE,
    ["run"],
    ["models"],
]

# Functions longer than FUNCTION_LINES_MAX: "file:function": reason.
RATCHET_LONG_FUNCTIONS = {}
# Files longer than FILE_LINES_MAX: "file": reason.
RATCHET_LONG_FILES = {}
# Sources without a test file of their name: "file": reason.
RATCHET_UNTESTED = {
    "models/models.c": "the registry: a table; every scenario that runs goes through it",
}

# Words that break a run's determinism, or that the house replaces by something better.
BANNED = {
    r"assert\.h": "SIM_ASSERT is always on; assert is not",
    r"g_assert(?!_not_reached)\w*": "SIM_ASSERT; g_assert can be compiled out",
    r"g_return(_val)?_if_fail": "goes on with a wrong run; SIM_ASSERT or GError",
    r"s?rand(om)?(48|_r)?\s*\(": "SimRng",
    r"g_random_\w+": "SimRng",
    r"qsort\s*\(": "not stable by contract; g_qsort_with_data with a total order",
    r"strto[dfl]+d?\s*\(": "depends on the locale; g_ascii_strtod, g_ascii_string_to_signed",
    r"ato[fil]l?\s*\(": "reports no error; g_ascii_string_to_signed",
    r"(time|clock|gettimeofday|clock_gettime|localtime|mktime)\s*\(": "virtual time only",
    r"g_get_(real|monotonic)_time": "virtual time only",
    r"(secure_)?getenv\s*\(": "a run is a function of scenario and seed",
    r"(exp|exp2|expm1|log|log2|log10|log1p|pow|sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh"
    r"|erf|erfc|lgamma|tgamma|cbrt|hypot)f?\s*\(": "differs between machines; sim/elementary.h",
}
BANNED_PATTERN = {
    re.compile(r"(?<![\w.>])" + word): why for word, why in BANNED.items()
}
LIBM_HOME = {"sim/elementary.c", "sim/elementary.h"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
FUNCTION_NAME = re.compile(r"^(\w+)\(")


class Report:
    def __init__(self):
        self.lines = []

    def add(self, path, line, rule, detail):
        self.lines.append((path, line, f"{path}:{line}: {rule}: {detail}"))


def blank_comments_and_strings(text):
    """The same text, same lines, with the inside of comments and literals as spaces."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
    return pattern.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def check_text(path, lines, report):
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            report.add(path, number, "space", "trailing white space")
        if re.search(r"\b(TODO|FIXME|XXX)\b", line) and path != "tests/tidy.py":
            report.add(path, number, "todo", "finish it, or say what is left out and why")
        if path.endswith((".c", ".h", ".gp", ".py")) and len(line.expandtabs()) > COLUMNS_MAX:
            report.add(path, number, "columns", f"{len(line)} > {COLUMNS_MAX}")
        if path.endswith((".c", ".h")) and "\t" in line:
            report.add(path, number, "space", "tab")


def model_row(stem):
    for row, stems in enumerate(MODEL_ROWS):
        if stem in stems:
            return row
    for row, stems in enumerate(MODEL_ROWS):
        if any(stem.startswith(prefix + "_") for prefix in stems):
            return row
    return MODEL_ROWS.index(EVERYTHING_ELSE)


def check_includes(path, lines, report):
    folder, stem = os.path.dirname(path), os.path.splitext(os.path.basename(path))[0]
    for number, line in enumerate(lines, 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        name = found.group(2)
        if found.group(1) == '"' and "/" not in name:
            report.add(path, number, "include", f'"{name}" is not a path from the root')
        if name == "ev.h" and folder != "sim/cmd":
            report.add(path, number, "layer", "libev belongs to sim/cmd/")
        if folder == "sim" and name.startswith(("models/", "sim/cmd/")):
            report.add(path, number, "layer", f"sim/ includes {name}")
        if folder == "models" and name.startswith("sim/cmd/"):
            report.add(path, number, "layer", f"models/ includes {name}")
        if folder == "models" and re.fullmatch(r"models/\w+\.h", name):
            other = os.path.splitext(os.path.basename(name))[0]
            if model_row(other) > model_row(stem):
                report.add(path, number, "layer", f"{stem} comes before {other} and may not use it")


def check_words(path, lines, report):
    for number, line in enumerate(lines, 1):
        for pattern, why in BANNED_PATTERN.items():
            found = pattern.search(line)
            if found and not (path in LIBM_HOME and why.endswith("elementary.h")):
                report.add(path, number, "banned", f"{found.group().strip()}: {why}")


def check_functions(path, lines, report):
    name, start = None, 0
    for number, line in enumerate(lines, 1):
        found = FUNCTION_NAME.match(line)
        if found:
            name, start = found.group(1), number
        elif line.startswith("}") and name:
            length = number - start + 1
            is_long = length > FUNCTION_LINES_MAX
            known = f"{path}:{name}" in RATCHET_LONG_FUNCTIONS
            if is_long and not known:
                report.add(path, start, "function", f"{name}: {length} lines")
            if known and not is_long:
                report.add(path, start, "ratchet", f"{name} is short now: take it off the list")
            name = None


def check_size(path, lines, report):
    known = path in RATCHET_LONG_FILES
    if len(lines) > FILE_LINES_MAX and not known:
        report.add(path, len(lines), "file", f"{len(lines)} > {FILE_LINES_MAX} lines")
    if len(lines) <= FILE_LINES_MAX and known:
        report.add(path, 1, "ratchet", "short now: take it off RATCHET_LONG_FILES")


def check_tested(path, report):
    """sim/fields_yaml.c is tested by test_fields_yaml.c, or with its concept by test_fields.c."""
    parts = os.path.splitext(os.path.basename(path))[0].split("_")
    stems = ["_".join(parts[:n]) for n in range(len(parts), 0, -1)]
    has_test = any(os.path.exists(os.path.join(ROOT, "tests", f"test_{s}.c")) for s in stems)
    if not has_test and path not in RATCHET_UNTESTED:
        report.add(path, 1, "test", f"tests/test_{stems[0]}.c is missing")
    if has_test and path in RATCHET_UNTESTED:
        report.add(path, 1, "ratchet", "tested now: take it off RATCHET_UNTESTED")


def check_c(path, text, report):
    code = blank_comments_and_strings(text).splitlines()
    lines = text.splitlines()
    check_functions(path, code, report)
    check_size(path, lines, report)
    if path.startswith(("sim/", "models/")):
        check_includes(path, lines, report)
    if path.endswith(".h") and not any(line == "#pragma once" for line in lines):
        report.add(path, 1, "header", "#pragma once is missing")
    folder = os.path.dirname(path)
    if folder in ("sim", "models"):
        check_words(path, code, report)
        if path.endswith(".c"):
            check_tested(path, report)


def check(path, report):
    try:
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            text = file.read()
    except UnicodeDecodeError:
        report.add(path, 1, "text", "not UTF-8")
        return
    if text and not text.endswith("\n"):
        report.add(path, text.count("\n") + 1, "text", "no newline at the end")
    check_text(path, text.splitlines(), report)
    if path.endswith((".c", ".h")):
        check_c(path, text, report)


def all_files():
    kinds = (".c", ".h", ".py", ".gp", ".md", ".yaml", ".sh", "meson.build", "run")
    for folder in FOLDERS:
        for where, folders, files in os.walk(os.path.join(ROOT, folder)):
            # Data and corpora are not ours to reformat.
            folders[:] = [f for f in folders if f not in ("node_modules", "corpus", "__pycache__")]
            folders.sort()
            for name in sorted(files):
                if name.endswith(kinds):
                    yield os.path.relpath(os.path.join(where, name), ROOT)
    for name in sorted(os.listdir(ROOT)):
        if name.endswith((".md", "meson.build", "meson_options.txt")) or name == "lab":
            yield name


def main():
    report = Report()
    paths = [os.path.relpath(os.path.abspath(p), ROOT) for p in sys.argv[1:]] or list(all_files())
    for path in paths:
        check(path, report)
    for _, _, line in sorted(report.lines):
        print(line)
    print(f"tidy: {len(paths)} files, {len(report.lines)} breaches")
    return 1 if report.lines else 0


if __name__ == "__main__":
    sys.exit(main())
