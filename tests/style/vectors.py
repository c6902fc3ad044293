#!/usr/bin/env python3
"""Format pages, vectors and tests name each other, and examples are true.

    vectors.py ROOT

A page that speaks of a folder formats/vectors/<structure>/ names its files in
tables with a column `vectors`, each between backquotes, as <scenario> or
<structure>/<scenario>.  Every file of the folder is named so in a page that
speaks of it, and every name has its file.

Whatever a page says MUST be is followed, before the next heading, by such a
table, or by "Shown by" and names between backquotes: as many as it has lines
with a MUST and bullets.  They are of vectors, or `PATH: TEXT` for a test in whose source TEXT stands; where TEXT is `class NAME`
that class of it has tests.  In the column `vectors`
such names may stand, too.

A worked example begins with "A worked example, of `PATH`:", PATH being a
vector or another file, or "A worked example, `KEY` of `PATH`:" for one member of a
vector.  The indented block behind it is its bytes: a dump of offsets and
bytes, or lines of text, in which a backslash at the end says that the line
goes on.  Every page of PAGES has one.
"""
import ast
import re
import sys
from pathlib import Path

FOLDER = re.compile(r"formats/vectors/([\w-]+)")
NAME = re.compile(r"`([^`]+)`")
EXAMPLE = re.compile(r"A worked example, (?:`(\w+)` )?of `([^`]+)`")
DUMP = re.compile(r"    ([0-9a-f]{4})  ((?:[0-9a-f]{2} ?)+)$")
PAGES = ("bundle.md", "keys.md", "limits.md", "manifest.md", "seal.md")
DEFINITION = "MUST has the meaning of RFC 2119"


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def names_in(lines):
    """(line number, name) of every vector in the tables of a page."""
    column = None
    for number, line in enumerate(lines, 1):
        if not line.startswith("|"):
            column = None
        elif column is None:
            head = cells(line)
            column = head.index("vectors") if "vectors" in head else -1
        elif 0 <= column < len(cells(line)):
            for name in NAME.findall(cells(line)[column]):
                yield number, name


def shown_in(lines):
    """(line number, name) of everything that "Shown by" names."""
    inside = False
    for number, line in enumerate(lines, 1):
        inside = line.startswith("Shown by") or (inside and line != "")
        if inside:
            yield from ((number, name) for name in NAME.findall(line))


def has_tests(source, name):
    """The class has tests of its own: one for others to inherit proves
    nothing."""
    return any(isinstance(part, ast.FunctionDef)
               and part.name.startswith("test_")
               for found in ast.parse(source).body
               if isinstance(found, ast.ClassDef) and found.name == name
               for part in found.body)


class Pages:
    def __init__(self, root):
        self.root = root
        self.formats = root / "formats"
        self.there = {str(p.relative_to(self.formats / "vectors")) for p in
                      (self.formats / "vectors").glob("*/*") if p.is_file()}
        self.named = set()
        self.wrong = 0

    def say(self, page, number, text):
        print(f"formats/{page.name}:{number}: {text}")
        self.wrong += 1

    def is_test(self, name):
        """`PATH: TEXT`, TEXT standing in the file, over line ends too."""
        path, _, text = name.partition(": ")
        file = self.root / path
        if not text or not path.startswith("tests/") or not file.is_file():
            return False
        source = file.read_text(encoding="utf-8")
        if text.startswith("class "):
            return has_tests(source, text.removeprefix("class "))
        return text in " ".join(source.split()).replace('" "', "")

    def check_names(self, page, lines):
        structures = sorted(set(FOLDER.findall("\n".join(lines))))
        for number, name in (*names_in(lines), *shown_in(lines)):
            candidates = {name} | {f"{s}/{name}" for s in structures}
            if not candidates & self.there and not self.is_test(name):
                self.say(page, number, f"there is no vector or test '{name}'")
            self.named |= candidates & self.there

    def check_musts(self, page, lines):
        """Behind what MUST be come as many proofs as it has sentences or
        bullets, one at least, before the next of it or a heading."""
        proofs = {}
        for number, _ in (*names_in(lines), *shown_in(lines)):
            proofs[number] = proofs.get(number, 0) + 1
        asked = shown = open_at = 0
        for number, line in enumerate([*lines, "#"], 1):
            heading = line.startswith("#")
            must = "MUST" in line and DEFINITION not in line
            # Another begins.
            if heading or (must and shown):
                if open_at and shown < max(asked, 1):
                    self.say(page, open_at, f"of {max(asked, 1)} things that "
                             f"MUST be here, {shown} are shown")
                asked = shown = open_at = 0
            if must:
                open_at = open_at or number
                asked += 0 if heading else 1
            elif open_at and not shown and line.startswith("- "):
                asked += 1
            shown += proofs.get(number, 0)

    # Worked examples.

    def bytes_of(self, path, key):
        file = self.root / path
        if not path.startswith("formats/vectors/"):
            return file.read_bytes()
        data = b""
        for line in file.read_bytes().removesuffix(b"\n").split(b"\n"):
            word, _, value = line.partition(b": ")
            if key is not None:
                data += value if word == key.encode() else b""
            elif word in (b"line", b"text"):
                data += value + (b"\n" if word == b"line" else b"")
            elif word == b"hex":
                data += bytes.fromhex(value.decode())
            elif word in (b"repeat", b"zeros"):
                count, _, text = value.partition(b" ")
                data += (text or b"\0") * int(count)
        return data

    def example_is_true(self, block, data):
        dump = [DUMP.match(line) for line in block]
        if all(dump):
            return all(data[int(m[1], 16):].startswith(bytes.fromhex(m[2]))
                       for m in dump)
        text = "".join(line[4:].removesuffix("\\") if line.endswith("\\")
                       else line[4:] + "\n" for line in block).encode()
        return text in data or text.removesuffix(b"\n") == data

    def check_examples(self, page, lines):
        found = 0
        for number, line in enumerate(lines, 1):
            start = EXAMPLE.match(line)
            if not start:
                continue
            found += 1
            block = []
            for below in lines[number:]:
                if below.startswith("    "):
                    block.append(below)
                elif block:
                    break
            if not (self.root / start[2]).is_file():
                self.say(page, number, f"there is no '{start[2]}'")
            elif not block or not self.example_is_true(
                    block, self.bytes_of(start[2], start[1])):
                self.say(page, number, f"these are not bytes of '{start[2]}'")
        if page.name in PAGES and not found:
            self.say(page, 1, "no worked example")

    def check(self):
        for page in sorted(self.formats.glob("*.md")):
            lines = page.read_text(encoding="utf-8").split("\n")
            self.check_names(page, lines)
            self.check_musts(page, lines)
            self.check_examples(page, lines)
        for vector in sorted(self.there - self.named):
            print(f"formats/vectors/{vector}: no page names it")
            self.wrong += 1


def main():
    pages = Pages(Path(sys.argv[1]))
    if not pages.there:
        print("formats/vectors holds no vector")
        return 1
    pages.check()
    print(f"{len(pages.there)} vectors, {len(pages.named)} named, "
          f"{pages.wrong} wrong")
    return 1 if pages.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
