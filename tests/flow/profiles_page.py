#!/usr/bin/env python3
"""The examples of docs/profiles.md are true.

    profiles_page.py docs/profiles.md

A section is one example.  Its blocks:

    sql source      the database that is exported
    sql target      the one that is imported into
    yaml            the profile; `yaml wrong`: one that is not right; `yaml
                    map`: records that have another name there; `yaml
                    source`, `yaml target`: what each site says it is
                    `here`, or its word `profile`; `rewrite` of the target
    text check      lines that `valise check-profile` says about the profile
                    above
    text against    lines that `valise check-profile --against` says
    text import     what an import changes at the target; keys that are a
                    hash are not in it
    sql after       a query, and what it answers then
    files source, files target
                    a tree beside each database, a line for each file: its
                    path, a colon, what is in it
    files after     the target's, when the whole was exported and imported
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
        self.here = {}

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

    def write_site(self, side, site=None):
        tree = self.folder / f"{side}.files"
        own = self.here.get(side, "")
        profile = ("" if own.startswith("profile:") else
                   f"profile: {self.profile}\n")
        (site or self.site).write_text(
            f"site: page\nstate: {self.folder}/state.{side}\n"
            f"{profile}resources:\n"
            f"  - {{name: app, kind: sqlite, path: {self.folder}/{side}}}\n" +
            (f"  - {{name: files, kind: files, path: {tree}}}\n"
             if tree.exists() else "") +
            (f"trust: [{{sender: {self.folder}/keys/sender.pub}}]\n"
             if side == "target" else "") + own)

    def make_files(self, side, text):
        root = self.folder / f"{side}.files"
        for line in text.splitlines():
            path = root / line.split(": ", 1)[0]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(line.split(": ", 1)[1] + "\n")

    def carry(self, expected):
        keys = self.folder / "keys"
        self.run([BIN / "valise", "keygen", keys], (0,))
        self.write_site("source")
        done = self.run([BIN / "valise-export", self.site, "--to", self.folder,
                         "--sign-key", keys / "sender.key", "--recipient",
                         keys / "recipient.pub"], (0,))
        self.write_site("target")
        self.run([BIN / "valise-import", self.site, done.stdout.strip(),
                  "--identity", keys / "recipient.key", "--yes",
                  "--allow-delete"], (0,))
        root = self.folder / "target.files"
        found = "".join(f"{path.relative_to(root)}: {path.read_text()}"
                        for path in sorted(root.rglob("*")) if path.is_file())
        if found != expected:
            raise Wrong(f"the target has\n{found}")

    def check(self, expected, wrong):
        self.write_site("source")
        done = self.run([BIN / "valise", "check-profile", self.site],
                        (2,) if wrong else (0,))
        said = [squeeze(line.replace(f"{self.folder}/", ""))
                for line in done.stdout.split("\n")]
        for line in expected.splitlines():
            if squeeze(line) not in said:
                raise Wrong(f"'{line}' is not said:\n{done.stdout}"
                            f"{done.stderr}")

    def against(self, expected):
        target = self.folder / "target.yaml"
        self.write_site("source")
        self.write_site("target", target)
        done = self.run([BIN / "valise", "check-profile", self.site,
                         "--against", target], (0,))
        said = [squeeze(line) for line in done.stdout.split("\n")]
        for line in expected.splitlines():
            if squeeze(line) not in said:
                raise Wrong(f"'{line}' is not said:\n{done.stdout}")

    def changes(self, *options):
        done = self.run([BIN / "tests/tools/rowsput", *options, *self.map,
                         *self.sides(),
                         self.folder / "source", self.folder / "target",
                         "app", self.profile], (0,))
        lines = [line for line in done.stdout.splitlines()
                 if not line.startswith("counts")]
        return sorted(squeeze(line) for line in lines
                      if not HASHED.search(line))

    def sides(self):
        """The one value of each side, and text that the target rewrites."""
        said = [re.search(r'here: {(\w+): "(.*)"}', self.here[side]).groups()
                for side in ("source", "target") if side in self.here]
        own = re.search(r'columns: \[(\S+)\], from: "(.*)", to: "(.*)"',
                        self.here.get("target", ""))
        return [*(["--here", said[0][0], said[0][1], said[1][1]] if said
                  else []), *(["--rewrite", *own.groups()] if own else [])]

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
        elif what in ("yaml source", "yaml target"):
            self.here[what.split()[1]] = text
        elif what in ("yaml", "yaml wrong"):
            self.profile.write_text(text)
            self.wrong = what == "yaml wrong"
        elif what == "yaml map":
            found = re.search(r"table: (\w+), from: \[(\w+)\], to: \[(\w+)\]",
                              text)
            self.map = ["--map", *found.groups()]
        elif what == "text check":
            self.check(text, self.wrong)
        elif what == "text against":
            self.against(text)
        elif what == "text import":
            self.import_(text)
        elif what in ("files source", "files target"):
            self.make_files(what.split()[1], text)
        elif what == "files after":
            self.carry(text)
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
