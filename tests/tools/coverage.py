#!/usr/bin/env python3
"""How much of the rooms that read untrusted bytes the tests run through.

    coverage.py [--build DIR] [--missing] [--no-flow] [--no-tests]

Builds with gcov's counters in DIR (build/coverage), runs the tests that reach
these rooms, and prints lines and branches of each room and file; --missing
also the lines that were not run, and those of which a branch was not taken.
--no-flow leaves out the tests of whole commands, which take longest;
--no-tests takes the counters as they stand.  Exit 1 where a room has less
than 90 % of its lines or 80 % of its branches.  Needs gcovr (Debian: gcovr).

A branch is one way out of a condition, as gcc makes them without optimising:
two for each operand of `&&` and `||` and each comparison, one for each label
of a switch.  C has no exceptions, and -O0 makes no branches of its own but in
lines that hold no code, which gcovr leaves out
(--exclude-unreachable-branches).  Counters are atomic: the rooms have threads.
"""
import argparse
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("format", "seal", "unpack", "apply")
LINES = 90
BRANCHES = 80
# Not those that measure, that need a clean environment, or that fill a disk
# which the counters are written to as well.
LEFT_OUT = r"^flow\.(bad_disks|large|model|readme|second_reader|writers)$"


def run(*words, **more):
    return subprocess.run([str(word) for word in words], cwd=ROOT, check=True,
                          **more)


def build(folder):
    run("cmake", "-S", ".", "-B", folder, "-G", "Ninja",
        "-DCMAKE_BUILD_TYPE=Debug", "-DVALISE_COVERAGE=ON",
        "-DCMAKE_C_FLAGS=-fprofile-update=atomic",
        stdout=subprocess.DEVNULL)
    run("cmake", "--build", folder)
    for counters in folder.glob("**/*.gcda"):
        counters.unlink()


def test(folder, flow):
    ctest = ("ctest", "--test-dir", folder, "--output-on-failure")
    run(*ctest, "-L", "^(unit|fuzz|hostile|flow)$" if flow else
        "^(unit|fuzz|hostile)$", "-LE", "long",
        "-E", LEFT_OUT, "-j", os.cpu_count())
    # The sweeps of which a normal run takes a sample, at every point.
    run(*ctest, "-R", r"^unit\.apply\.(fault|rows|values)"
        r"(_calls|_memory)?$",
        env={**os.environ, "VALISE_TEST_ALL": "1"})


def measure(folder, room):
    """gcovr's files of one room."""
    done = run("gcovr", "-r", ROOT, "--object-directory", folder,
               folder / "src" / room, "-f", ROOT / "src" / room,
               "--exclude-unreachable-branches", "--json",
               stdout=subprocess.PIPE)
    return json.loads(done.stdout)["files"]


def counted(file):
    """Lines, of them run, branches, of them taken."""
    lines = [line for line in file["lines"] if not line["gcovr/noncode"]]
    branches = [branch for line in lines for branch in line["branches"]]
    return (len(lines), sum(line["count"] > 0 for line in lines),
            len(branches), sum(branch["count"] > 0 for branch in branches))


def percent(part, whole):
    return 100 * part / whole if whole else 100


def row(name, counts):
    lines, run_lines, branches, taken = counts
    print(f"{name:28} {run_lines:5} of {lines:5} lines "
          f"{percent(run_lines, lines):5.1f} %  {taken:5} of {branches:5} "
          f"branches {percent(taken, branches):5.1f} %")


def missing(file):
    for line in file["lines"]:
        if line["gcovr/noncode"]:
            continue
        branches = [branch["count"] for branch in line["branches"]]
        where = f"{file['file']}:{line['line_number']}"
        if line["count"] == 0:
            yield f"{where}: not run"
        elif 0 in branches:
            yield (f"{where}: {branches.count(0)} of {len(branches)} "
                   "branches not taken")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default="build/coverage")
    parser.add_argument("--missing", action="store_true")
    parser.add_argument("--no-flow", action="store_true")
    parser.add_argument("--no-tests", action="store_true")
    options = parser.parse_args()
    folder = ROOT / options.build
    if not options.no_tests:
        build(folder)
        test(folder, not options.no_flow)
    low = False
    for room in ROOMS:
        files = measure(folder, room)
        counts = [counted(file) for file in files]
        total = [sum(column) for column in zip(*counts)]
        row(room, total)
        for file, count in zip(files, counts):
            row("    " + Path(file["file"]).name, count)
        if options.missing:
            for line in itertools.chain(*map(missing, files)):
                print(line)
        low |= percent(total[1], total[0]) < LINES
        low |= percent(total[3], total[2]) < BRANCHES
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
