#!/usr/bin/env python3
"""Format pages and format vectors name each other.

    vectors.py ROOT

A page that speaks of a folder formats/vectors/<structure>/ names its files in
tables with a column `vectors`, each between backquotes, as <scenario> or
<structure>/<scenario>.  Every file of the folder is named so in a page that
speaks of it, and every name has its file.
"""
import re
import sys
from pathlib import Path

FOLDER = re.compile(r"formats/vectors/([\w-]+)")
NAME = re.compile(r"`([^`]+)`")


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def names_in(page):
    """(line number, name) of every vector in the tables of a page."""
    column = None
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if not line.startswith("|"):
            column = None
        elif column is None:
            head = cells(line)
            column = head.index("vectors") if "vectors" in head else -1
        elif 0 <= column < len(cells(line)):
            for name in NAME.findall(cells(line)[column]):
                yield number, name


def main():
    formats = Path(sys.argv[1]) / "formats"
    there = {str(p.relative_to(formats / "vectors"))
             for p in (formats / "vectors").glob("*/*") if p.is_file()}
    if not there:
        print("formats/vectors holds no vector")
        return 1
    named = set()
    wrong = 0
    for page in sorted(formats.glob("*.md")):
        structures = sorted(set(FOLDER.findall(page.read_text())))
        for number, name in names_in(page):
            candidates = {name} | {f"{s}/{name}" for s in structures}
            if not candidates & there:
                print(f"formats/{page.name}:{number}: there is no vector "
                      f"'{name}' of {', '.join(structures) or 'anything'}")
                wrong += 1
            named |= candidates & there
    for vector in sorted(there - named):
        print(f"formats/vectors/{vector}: no page names it")
        wrong += 1
    print(f"{len(there)} vectors, {len(named)} named, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
