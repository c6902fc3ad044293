#!/usr/bin/env python3
"""The examples of docs/profiles.md are true.

    profiles_page.py docs/profiles.md

A section is one example.  Its blocks:

    sql source      the database that is exported
    sql target      the one that is imported into
    yaml            the profile; `yaml wrong`: one that is not right; `yaml
                    map`: records that have another name there
    text check      lines that `valise check-profile` says about the profile
                    above
    text import     what an import changes at the target; keys that are a
                    hash are not in it
    sql after       a query, and what it answers then
"""
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

BIN = Path(os.environ.get("VALISE_BIN", "build/dev")).resolve()
HASHED = re.compile(r'"[A-Za-z0-9_-]{22}"')


def sections(text):
    """Title and blocks: (what, text)."""
    for part in re.split(r"^## ", text, flags=re.M)[1:]:
        blocks = re.findall(r"^```(\w+(?: \w+)?)\n(.*?)^```$", part,
                            flags=re.M | re.S)
        if blocks:
            yield part.split("\n")[0], blocks


def squeeze(line):
    return " ".join(line.split())


class Wrong(Exception):
    pass


class Example:
    def __init__(self, folder):
        self.folder = folder
        self.profile = folder / "app.yaml"
        self.site = folder / "site.yaml"
        self.map = []

    def make(self, name, sql):
        with sqlite3.connect(self.folder / name, isolation_level=None) as db:
            db.executescript(sql)
        db.close()

    def run(self, command, codes):
        done = subprocess.run([str(word) for word in command],
                              capture_output=True, text=True, check=False)
        if done.returncode not in codes:
            raise Wrong(f"{command[0].name} ends with {done.returncode}:\n"
                        f"{done.stdout}{done.stderr}")
        return done

    def check(self, expected, wrong):
        self.site.write_text(
            f"site: page\nstate: {self.folder}/state\n"
            f"profile: {self.profile}\nresources:\n"
            f"  - {{name: app, kind: sqlite, path: {self.folder}/source}}\n")
        done = self.run([BIN / "valise", "check-profile", self.site],
                        (2,) if wrong else (0,))
        said = [squeeze(line.replace(f"{self.folder}/", ""))
                for line in done.stdout.split("\n")]
        for line in expected.splitlines():
            if squeeze(line) not in said:
                raise Wrong(f"'{line}' is not said:\n{done.stdout}"
                            f"{done.stderr}")

    def changes(self, *options):
        done = self.run([BIN / "tests/tools/rowsput", *options, *self.map,
                         self.folder / "source", self.folder / "target",
                         "app", self.profile], (0,))
        lines = [line for line in done.stdout.splitlines()
                 if not line.startswith("counts")]
        return sorted(squeeze(line) for line in lines
                      if not HASHED.search(line))

    def import_(self, expected):
        wanted = sorted(squeeze(line) for line in expected.splitlines())
        for options in (("--preview",), ()):
            found = self.changes(*options)
            if found != wanted:
                raise Wrong("an import changes\n" + "\n".join(found))
        if self.changes():
            raise Wrong("a second import finds something to do")

    def after(self, text):
        query, answer = text.split(";\n", 1)
        db = sqlite3.connect(self.folder / "target")
        found = ["|".join(map(str, row)) for row in db.execute(query)]
        db.close()
        if found != answer.splitlines():
            raise Wrong(f"{query}:\n" + "\n".join(found))

    def take(self, what, text):
        if what in ("sql source", "sql target"):
            self.make(what.split()[1], text)
        elif what in ("yaml", "yaml wrong"):
            self.profile.write_text(text)
            self.wrong = what == "yaml wrong"
        elif what == "yaml map":
            found = re.search(r"table: (\w+), from: \[(\w+)\], to: \[(\w+)\]",
                              text)
            self.map = ["--map", *found.groups()]
        elif what == "text check":
            self.check(text, self.wrong)
        elif what == "text import":
            self.import_(text)
        elif what == "sql after":
            self.after(text)
        else:
            raise Wrong(f"a block of an unknown kind, '{what}'")


def main():
    bad = done = 0
    for title, blocks in sections(Path(sys.argv[1]).read_text()):
        with tempfile.TemporaryDirectory(prefix="page.") as folder:
            example = Example(Path(folder))
            try:
                for what, text in blocks:
                    example.take(what, text)
                    done += 1
            except Wrong as why:
                bad += 1
                print(f"'{title}', {what}: {why}")
    print(f"{done} blocks, {bad} examples are not true")
    return 1 if bad or done < 40 else 0


if __name__ == "__main__":
    sys.exit(main())
