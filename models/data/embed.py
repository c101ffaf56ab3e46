#!/usr/bin/env python3
"""Turns files into a C source of byte arrays: embed.py OUT.c NAME=FILE...

Each file becomes `const unsigned char NAME[]` with a terminating zero, and
`const size_t NAME_length` without it, so that the program needs no data file when it runs.
"""
import sys


def array(name, path):
    data = open(path, "rb").read()
    rows = (data[i : i + 24] for i in range(0, len(data), 24))
    body = "\n".join("    " + "".join(f"{byte}," for byte in row) for row in rows)
    return (
        f"extern const unsigned char {name}[];\n"
        f"extern const size_t {name}_length;\n"
        f"const unsigned char {name}[] = {{\n{body}\n    0}};\n"
        f"const size_t {name}_length = {len(data)};\n"
    )


def main(out, *pairs):
    parts = [array(*pair.split("=", 1)) for pair in pairs]
    with open(out, "w", encoding="ascii") as stream:
        stream.write("#include <stddef.h>\n\n" + "\n".join(parts))


main(*sys.argv[1:])
