#!/usr/bin/env python3
"""Rows of random databases in bundles: what a preview says is what an import
does, row by row and field by field.

    preview_rows.py [--first SEED] [--cases N] [--dir DIR]

The databases, profiles and policies are those of rows.py, and so is what an
import must achieve; here the real programs carry them, as three bundles of
two series.  The lines of the preview must be exactly the differences between
all rows of the target before and after, found by primary key.  So many rows of
each table, and columns of them, as the lines say differ for `sqldiff`, too,
which is not ours.  The same bundle again changes no row, and no byte of the
file.
"""
import argparse
import collections
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
import rows  # noqa: E402
import sqldiff  # noqa: E402
from flow import environment  # noqa: E402
from rows_state import Profile, Side, load  # noqa: E402

BIN = rows.BIN.resolve()
MENDED = [689]      # seeds that model and programs once saw differently
SIGNS = {"add": "+", "change": "~", "delete": "-", "derive": "*"}
# Whoever makes these pays for them, so all runs share them.
KEYS = Path(tempfile.mkdtemp(prefix="preview_rows.keys."))


def program(folder, name, *words):
    done = subprocess.run([BIN / name, *words], check=False, cwd=folder,
                          capture_output=True, stdin=subprocess.DEVNULL,
                          env=environment(folder))
    text = done.stderr.decode(errors="replace").strip()
    if done.returncode not in (0, 4) or "Sanitizer" in text:
        raise rows.Failed(f"{name} {' '.join(map(str, words))}: ends with "
                          f"{done.returncode}\n{text}")
    return done.returncode, done.stdout.decode(), text


def make_keys():
    program("/", "valise", "keygen", KEYS / "k")
    for path in (KEYS / "k").iterdir():
        path.rename(KEYS / path.name)


def tree_of(database):
    """Where the files of its rows are, if they own any."""
    return database.with_suffix(".files")


def write_site(path, database, state, more=""):
    tree = tree_of(path.with_name(database))
    path.write_text(
        f"site: model\nstate: {state}\nprofile: ./profile.yaml\n"
        f"resources:\n  - {{name: db, kind: sqlite, path: {database}}}\n"
        + (f"  - {{name: files, kind: files, path: {tree.name}}}\n"
           if tree.exists() else "") + more)


def bundle_of(folder, source):
    """The bundle of one source, made once; or why there is none."""
    known = folder / f"{source}.bundle"
    if known.exists():
        return known.read_text(), None
    series = "other" if source == "other.db" else "first"
    site = folder / "source.yaml"
    write_site(site, source, f"state-{series}")
    code, out, said = program(
        folder, "valise-export", site, "--to", folder, "--sign-key",
        KEYS / "sender.key", "--recipient", KEYS / "recipient.pub",
        "--frame-log2", "16", "--workers", "1", "--allow-empty")
    if code != 0:
        return None, said
    known.write_text(out.strip())
    return out.strip(), None


class Import:
    """One import of a bundle, or a preview; the manner of rows.Import."""

    def __init__(self, folder, source, *options):
        self.lines = []
        self.files = []
        self.changes = []
        self.counts = {"written": 0}
        bundle, self.text = bundle_of(folder, source)
        self.refused = bundle is None
        if bundle is None:
            return
        site = folder / "target.yaml"
        write_site(site, "target.db", "state-target",
                   f"trust: [{{sender: {KEYS}/sender.pub}}]\n")
        how = ["--preview"] if "--preview" in options else \
            ["--yes", "--allow-delete"]
        code, out, self.text = program(
            folder, "valise-import", site, bundle, "--identity",
            KEYS / "recipient.key", "--json", "--workers", "1", *how)
        self.refused = code != 0
        for line in map(json.loads, out.splitlines()):
            if line["message_type"] == "plan" and line["change"] in SIGNS:
                self.add(line)
        self.counts["written"] = len(self.changes)

    def add(self, line):
        sign = SIGNS[line["change"]]
        if "table" not in line:
            self.files.append((sign, line["path"]))
            self.changes.append(f"{sign}\t{line['path']}")
            return
        fields = tuple(sorted(filter(None, line.get("fields", "").split(", "))))
        self.lines.append((sign, line["table"], tuple(said(line["key"])),
                           fields))
        self.changes.append("\t".join(map(str, self.lines[-1])))


def said(key):
    """The parts of the key of a line, also of keys within it."""
    for part in key:
        if isinstance(part, list):
            yield from said(part)
        elif part is not None:
            yield part


def flat(table, name):
    """The key of a line that a name of the model stands for; of a row in a
    tree the rows above it come first."""
    for part in name:
        if part[:2] == ("row", table):
            yield from flat(table, part[2])
    for part in name:
        if part[0] == "row":
            if part[1] != table:
                yield from flat(*part[1:])
        elif part[0] == "position":
            yield part[1] + 1
        elif part[0] == "text":
            yield part[1].decode(errors="replace")
        elif part[0] != "null":
            yield part[1]


class Difference:
    """What differs between two states, as lines of a preview."""

    def __init__(self, before, after):
        self.sides = before, after
        self.lines = collections.Counter()
        old, new = (side.state.rows for side in self.sides)
        # A row that goes is named by what its owner is called from now on.
        self.going = Side(before.state, before.profile)
        self.going.names = {at: after.name(new[at])
                            for at in old.keys() & new.keys()}
        for at in old.keys() | new.keys():
            if not before.state.schema[at[0]].pk:
                continue
            if at not in new:
                self.add("-", old[at], self.going)
            elif at not in old:
                self.add("+", new[at], after)
            else:
                self.compare(old[at], new[at], after)
        for name, table in before.state.schema.items():
            if not table.pk:
                self.add_without_id(name)

    def compare(self, old, new, after):
        """What was written of a row is one line, what follows another."""
        derived = after.profile.derived[new.table]
        fields = [column for column, cell in sorted(new.cells.items())
                  if old.cells[column] != cell]
        for sign, mine in (
                ("~", [column for column in fields if column not in derived]),
                ("*", [column for column in fields if column in derived])):
            if mine:
                self.add(sign, new, after, tuple(mine))

    def add(self, sign, row, side, fields=()):
        name = side.name(row)
        key = ("nameless",) if name is None else tuple(flat(row.table, name))
        self.lines[sign, row.table, key, fields] += 1

    def add_without_id(self, table):
        """A rowid tells nothing: what counts is how often a row is there."""
        old, new = (collections.Counter(
            tuple(sorted(row.cells.items()))
            for row in side.state.of_table(table)) for side in self.sides)
        for sign, those in (("+", new - old), ("-", old - new)):
            if those:
                self.lines[sign, table, ("nameless",), ()] = \
                    sum(those.values())


class Run(rows.Run):
    importer = Import

    def told(self, source, have):
        profile = Profile(self.words)
        before, after = (Side(load(self.folder / name, profile), profile)
                         for name in ("before.db", "target.db"))
        want = Difference(before, after)
        lines = collections.Counter()
        for sign, table, key, fields in have.lines:
            if (sign, table, key, fields) not in want.lines and \
                    (sign, table, ("nameless",), fields) in want.lines:
                key = ("nameless",)
            lines[sign, table, key, fields] += 1
        if lines != want.lines:
            self.fail(source, "the preview is not what was done:\n"
                      f"only said: {list(lines - want.lines)[:6]}\n"
                      f"only done: {list(want.lines - lines)[:6]}")

        self.told_by_sqldiff(source, have)

    def told_by_sqldiff(self, source, have):
        want, tables = sqldiff.row_changes(
            self.folder / "before.db", self.folder / "target.db", self.folder)
        lines = collections.Counter()
        for sign, table, _, fields in have.lines:
            if table not in tables:
                continue
            if sign in "+-":
                lines[sign, table] += 1
            for column in fields:
                lines["~", table, column] += 1
        if lines != want:
            self.fail(source, "sqldiff finds another difference:\n"
                      f"only said: {list((lines - want).items())[:6]}\n"
                      f"only done: {list((want - lines).items())[:6]}")

    def again(self, source, options):
        target = self.folder / "target.db"
        before = target.read_bytes()
        super().again(source, options)
        if target.read_bytes() != before:
            self.fail(source, "a second import changes bytes of the file")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--cases", type=int,
                        default=1000 if rows.ALL else 12)
    parser.add_argument("--dir")
    args = parser.parse_args()
    make_keys()
    seeds = itertools.chain(MENDED, itertools.count(args.first))
    done = refused = 0
    while done < args.cases:
        run, why = rows.run_seed(next(seeds), args.dir, Run)
        if why:
            print(why)
            return 1
        done += run.done
        refused += run.refused
    print(f"{done} imports, each as its preview says; {refused} of them "
          "refused")
    return 0


if __name__ == "__main__":
    os.umask(0o077)
    try:
        sys.exit(main())
    finally:
        shutil.rmtree(KEYS)
