#!/usr/bin/env python3
"""The matrices themselves: silent on honest programs, loud on planted bugs.

    catches_planted.py crash --faultat PROGRAM
    catches_planted.py corrupt
    catches_planted.py power --logdisk PROGRAM
"""
import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
TOOLS = HERE.parent / "tools"
PYTHON = [sys.executable, "-B"]


def run_matrix(name, *arguments):
    """Number of bad cases; the matrix' output is shown when it has none."""
    done = subprocess.run([*PYTHON, str(TOOLS / name), *arguments],
                          capture_output=True, text=True)
    if done.returncode == 77:
        print(done.stdout, end="")
        raise SystemExit(77)
    found = re.search(r"^cases=(\d+) bad=(\d+)", done.stdout, re.M)
    if not found or int(found.group(1)) == 0:
        raise SystemExit(f"{name} did not run:\n{done.stdout}{done.stderr}")
    bad = int(found.group(2))
    if (bad > 0) != (done.returncode != 0):
        raise SystemExit(f"{name} exits {done.returncode} with {bad} bad")
    return bad, done.stdout


def planted(verb, folder, bug="none"):
    # Started hundreds of times: -I and -S leave out what it does not need.
    return f"{sys.executable} -ISB {HERE}/planted.py {verb} {folder} {bug}"


def importer_lines(folder, bug):
    return ["--reset", planted("reset", folder),
            "--recover", planted("recover", folder, bug),
            "--tree", f"{folder}/tree"]


def expect(what, bad, out, should_be_bad):
    print(f"{what}: {bad} bad cases")
    if (bad > 0) != should_be_bad:
        print(out)
        raise SystemExit(f"{what}: {'nothing' if should_be_bad else 'bad'} "
                         "was found")


def crash(o, folder):
    def matrix(bug, *more):
        return run_matrix(
            "crashmatrix.py", "--faultat", o.faultat, "--prefix", folder,
            *importer_lines(folder, bug), "--cases", "5", *more, "--",
            *planted("import", folder, bug).split())

    kills = ["--action", "kill", "--action", "after", "--action", "torn"]
    kills += ["--leftovers", planted("leftovers", folder)]
    expect("honest, killed", *matrix("none", *kills, "--cases", "4",
                                     "--nested", "kinds"), False)
    expect("inplace", *matrix("inplace", *kills), True)
    expect("norecover", *matrix("norecover", *kills), True)
    expect("forgets", *matrix("forgets", *kills), True)
    expect("honest, full disk", *matrix("none", "--action", "ENOSPC"), False)
    expect("lies", *matrix("lies", "--action", "ENOSPC"), True)
    asked = ["--action", "term", *kills[-2:]]
    expect("honest, asked to stop", *matrix("none", *asked), False)
    expect("dies", *matrix("dies", *asked), True)


def power(o, folder):
    def matrix(bug):
        tree = f"{folder}/mount/data"
        return run_matrix(
            "powercut.py", "--logdisk", o.logdisk,
            "--mount", f"{folder}/mount", *importer_lines(tree, bug),
            "--reset", planted("reset", tree) + " && sync",
            "--points", "24", "--", *planted("import", tree, bug).split())

    expect("honest, power cut", *matrix("none"), False)
    expect("nosync", *matrix("nosync"), True)


# What `verify` would be: shell, in the bundle, says names, exits with 5 or 6.
CHECKERS = {
    # Compares every file with the list, and the list with its own hash.
    "honest": """
        cd {} && find . ! -type f ! -name . | sed 's/^/no file: /' | grep . &&
            exit 5
        ls | grep -v '^seal[.]' | LC_ALL=C sort >/tmp/list.$$
        cut -d' ' -f3 seal.txt 2>/dev/null | diff - /tmp/list.$$ ||
            { rm /tmp/list.$$; echo seal.txt; exit 5; }
        rm /tmp/list.$$
        b2sum seal.txt 2>&1 | cmp - seal.sig ||
            { echo seal.txt seal.sig; exit 6; }
        b2sum --quiet --strict -c seal.txt 2>&1 || exit 5""",
    # Does not notice a file too many, nor a list that was edited.
    "unsealed": """
        cd {} && b2sum --quiet -c seal.txt 2>&1 || exit 5""",
}


def make_bundle(folder):
    folder.mkdir()
    for name, size in (("p0000001.vlp", 300), ("i0000001.vli", 100)):
        (folder / name).write_bytes(bytes(i * 7 % 251 for i in range(size)))
    subprocess.run("b2sum i0000001.vli p0000001.vlp >seal.txt &&"
                   "b2sum seal.txt >seal.sig", shell=True, cwd=folder,
                   check=True)


def corrupt(_, folder):
    bundle = Path(folder) / "bundle"
    make_bundle(bundle)

    def matrix(line):
        script = Path(folder) / "check.sh"
        script.write_text("set -- \"$1\"\n" + line.replace("{}", '"$1"'))
        return run_matrix("corruptmatrix.py", str(bundle), "--stride", "13",
                          "--target", folder + "/nothing",
                          "--try", f"sh {script} {{}}")

    expect("honest checker", *matrix(CHECKERS["honest"]), False)
    expect("unsealed checker", *matrix(CHECKERS["unsealed"]), True)
    silent = "(" + CHECKERS["honest"] + ") >/dev/null 2>&1"
    expect("silent checker", *matrix(silent), True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("matrix", choices=("crash", "corrupt", "power"))
    parser.add_argument("--faultat")
    parser.add_argument("--logdisk")
    o = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="planted.") as folder:
        {"crash": crash, "corrupt": corrupt, "power": power}[o.matrix](
            o, folder)


if __name__ == "__main__":
    sys.exit(main())
