#!/usr/bin/env python3
"""docs.py - documents that say what the sources say.

    tests/docs.py BLACKSTART            compares; prints what differs, ends with 1 if something does
    tests/docs.py BLACKSTART --update   writes docs/scenario-reference.md and the schema again

The two generated files are what `blackstart schema` prints.  Links and named source files must
exist, the README and the manual page must name every verb, the README every scenario, the map every
header, CONTRIBUTING every suite.
"""

import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = os.path.abspath(sys.argv[1])
GENERATED = {
    "docs/scenario-reference.md": ["schema", "--reference"],
    "docs/blackstart.schema.json": ["schema"],
}
WRITTEN = ["README.md", "CONTRIBUTING.md", "docs/ARCHITECTURE.md", "docs/FIDELITY.md",
           "models/README.md", "plots/README.md"]

wrong = []


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def said(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=True,
                          stdin=subprocess.DEVNULL, timeout=60).stdout


def check(condition, path, what):
    if not condition:
        wrong.append(f"{path}: {what}")


def update():
    for path, arguments in GENERATED.items():
        with open(os.path.join(ROOT, path), "w", encoding="utf-8") as file:
            file.write(said(*arguments))


def check_generated():
    for path, arguments in GENERATED.items():
        is_new = os.path.exists(os.path.join(ROOT, path)) and read(path) == said(*arguments)
        check(is_new, path, "is not what the program prints: "
              "run `tests/docs.py build/sim/cmd/blackstart --update` and commit it")
    json.loads(read("docs/blackstart.schema.json"))


def check_links(path):
    text = read(path)
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if not re.match(r"[a-z]+:", target):
            place = os.path.normpath(os.path.join(ROOT, os.path.dirname(path), target))
            check(os.path.exists(place), path, f"links to {target}, which does not exist")
    for name in re.findall(r"`((?:sim|models|tests|plots|scenarios|docs)/[\w./-]*\w)`", text):
        check(is_elsewhere(name) or os.path.exists(os.path.join(ROOT, name)), path,
              f"names {name}, which does not exist")


def is_elsewhere(name):
    """Examples of recipes (models/x.h, scenarios/name.yaml) and pictures of a run."""
    stem, ending = os.path.splitext(os.path.basename(name))
    return ending == ".png" or stem in ("x", "name", "verb", "test_x", "test_X", "NAME")


def files(folder, ending):
    return sorted(name for name in os.listdir(os.path.join(ROOT, folder)) if name.endswith(ending))


def check_complete():
    readme, map_ = read("README.md"), read("docs/ARCHITECTURE.md")
    manual = read("docs/blackstart.1.scd")
    for verb in json.loads(said("list", "verbs", "--json"))["verbs"]:
        check(f"| `{verb['name']}` |" in readme, "README.md", f"has no row for `{verb['name']}`")
        check(f"\n*{verb['name']}*" in manual, "docs/blackstart.1.scd",
              f"explains no {verb['name']}")
    for suite in re.findall(r"suite: '(\w+)'", read("tests/meson.build")):
        check(f"| `{suite}` |" in read("CONTRIBUTING.md"), "CONTRIBUTING.md",
              f"has no row for the suite {suite}")
    for name in files("scenarios", ".yaml"):
        check(f"(scenarios/{name})" in readme, "README.md", f"has no row for scenarios/{name}")
    for folder in ("sim", "models"):
        for name in files(folder, ".h"):
            check(f"`{name}`" in map_, "docs/ARCHITECTURE.md", f"names no `{name}` of {folder}/")


def main():
    if "--update" in sys.argv[2:]:
        update()
        return 0
    check_generated()
    for path in WRITTEN:
        check_links(path)
    check_complete()
    for line in wrong:
        print(line)
    print(f"docs: {len(GENERATED) + len(WRITTEN)} documents, {len(wrong)} breaches")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
