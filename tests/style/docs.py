#!/usr/bin/env python3
"""Every path of the clone that a page names is there, and every test.

    docs.py ROOT

Pages: README.md, docs/ and formats/.  A path may hold `*` or `<word>`, which
stand for any name.  `PATH: TEXT` is a test in whose source TEXT stands.
"""
import re
import sys
from pathlib import Path

FOLDERS = "src|include|tests|formats|fixtures|docs"
PATH = re.compile(rf"(?<![\w./~$-])((?:{FOLDERS})/[\w./*<>-]*)")
TEST = re.compile(r"`(tests/[\w./-]+): ([^`]+)`")


def missing_paths(root, page):
    for number, line in enumerate(page.read_text().splitlines(), 1):
        for name in PATH.findall(line):
            name = name.rstrip(".-")
            pattern = re.sub(r"<[^>]*>", "*", name).strip("/")
            if not any(root.glob(pattern)):
                yield number, name


def missing_tests(root, page):
    for number, line in enumerate(page.read_text().splitlines(), 1):
        for name, text in TEST.findall(line):
            file = root / name
            if file.is_file() and text not in file.read_text():
                yield number, f"{name}: {text}"


def main():
    root = Path(sys.argv[1])
    pages = [root / "README.md"]
    pages += sorted(root.glob("docs/**/*.md"))
    pages += sorted(root.glob("formats/**/*.md"))
    count = 0
    for page in pages:
        for number, name in (*missing_paths(root, page),
                             *missing_tests(root, page)):
            print(f"{page.relative_to(root)}:{number}: '{name}' is not there")
            count += 1
    print(f"{len(pages)} pages, {count} dead paths")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
