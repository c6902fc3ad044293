"""README.md names every case, and every case and test that it names is there;
no case is made that says only where, and not which check.
"""
import importlib
import re
import sys
from fnmatch import fnmatchcase
from pathlib import Path

try:
    import nacl  # noqa: F401
    import zstandard  # noqa: F401
except ImportError as missing:
    print(f"skipped: {missing.name} is not installed "
          "(python3-nacl, python3-zstandard)")
    sys.exit(77)

HERE = Path(__file__).resolve().parent
GROUPS = ("seal", "keys", "frames", "manifest", "rows", "slots")
sys.path.insert(0, str(HERE))
from base import Case  # noqa: E402


def is_test(name):
    path, _, text = name.partition(": ")
    file = HERE.parents[1] / path
    return bool(text) and file.is_file() and text in file.read_text()


ONLY_PLACES = ("seal.txt", "'p0000001.vlp'", "p0000001", "line 5", "f|line 5",
               "case.vls", "inner head", "key", "version 1|not a bundle")


def is_made(says):
    try:
        return bool(Case("planted", 5, says))
    except ValueError:
        return False


def main():
    cases = {f"{group}: {case.name}" for group in GROUPS for case in
             importlib.import_module("cases_" + group).CASES}
    rows = [line for line in (HERE / "README.md").read_text().splitlines()
            if line.startswith("|")]
    named = [name for row in rows
             for name in re.findall("`([^`]+)`", row.split("|")[3])]
    wrong = 0
    for says in ONLY_PLACES:
        if is_made(says) or not is_made((says, "does not fit")):
            print(f"a case may say only '{says}'")
            wrong += 1
    left = set(cases)
    for name in named:
        if name.startswith("tests/"):
            found = is_test(name)
        else:
            met = {case for case in cases if fnmatchcase(case, name)}
            found = bool(met)
            left -= met
        if not found:
            print(f"README.md: there is no '{name}'")
            wrong += 1
    for case in sorted(left):
        print(f"README.md does not name '{case}'")
    print(f"{len(cases)} cases, {wrong + len(left)} wrong")
    return 1 if wrong or left else 0


if __name__ == "__main__":
    sys.exit(main())
