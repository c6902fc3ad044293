#!/usr/bin/env python3
"""Rows of random databases carried by name into others that have some of the
same: afterwards the target is what a slow and obvious model says.

    rows.py [--first SEED] [--runs N] [--seed N] [--dir DIR]

A run is its seed (tests/tools/make_rows.py): a source, the same a while
later, another source, a target, a profile.  Each import is looked at before
it is done: the preview must say what the import then does, and leave the
target as it was.  One that was done is done again, and finds nothing to do.
What fails is kept, and its place printed.
"""
import argparse
import collections
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "../tools"))
import make_rows  # noqa: E402
import rows_model  # noqa: E402
from rows_state import Profile, Refused, Unclear, load  # noqa: E402

BIN = Path(os.environ.get("VALISE_BIN", "build/dev"))
ROWSPUT = BIN / "tests/tools/rowsput"
ALL = os.environ.get("VALISE_TEST_ALL") == "1"


class Failed(Exception):
    pass


class Import:
    """One run of rowsput."""

    def __init__(self, folder, source, *options):
        command = [ROWSPUT, *options, folder / source, folder / "target.db",
                   "db", folder / "profile.yaml"]
        done = subprocess.run(command, capture_output=True, check=False)
        self.text = done.stderr.decode(errors="replace").strip()
        if done.returncode not in (0, 1) or "Sanitizer" in self.text:
            raise Failed(f"{' '.join(map(str, command))}: exits with "
                         f"{done.returncode}\n{self.text}")
        self.refused = done.returncode == 1
        lines = done.stdout.decode(errors="replace").splitlines()
        self.changes = [line for line in lines
                        if not line.startswith("counts\t")]
        self.counts = {}
        for line in lines:
            if line.startswith("counts\t"):
                for one in line.split("\t")[1:]:
                    word, number = one.split()
                    self.counts[word] = int(number)


def dump(path):
    db = sqlite3.connect(path)
    db.text_factory = bytes
    lines = [db.execute("select group_concat(sql, ';') from sqlite_schema"
                        ).fetchall()]
    for (name,) in db.execute("select name from sqlite_schema where "
                              "type = 'table'").fetchall():
        name = name.decode()
        lines.append(db.execute(f'select * from "{name}"').fetchall())
    db.close()
    return lines


def row_changes(before, after):
    """How many rows of each table came, differ and went, by primary key."""
    found = collections.Counter()
    for at in before.rows.keys() | after.rows.keys():
        if at not in after.rows:
            found["-", at[0]] += 1
        elif at not in before.rows:
            found["+", at[0]] += 1
        elif before.rows[at].cells != after.rows[at].cells:
            found["~", at[0]] += 1
    return found


class Run:
    importer = Import       # how rows get into the target

    def __init__(self, folder, seed):
        self.folder = folder
        self.seed = seed
        self.unclear = 0
        self.done = 0
        self.refused = 0
        self.make()
        self.words = json.loads((folder / "profile.json").read_text())
        self.brought = []

    def make(self):
        if self.seed % 25 == 0:
            make_rows.make_octopus(self.folder, self.seed, 300)
        else:
            make_rows.make_random(self.folder, self.seed)

    def model(self, source):
        profile = Profile(self.words)
        try:
            states = [load(self.folder / name, profile)
                      for name in (source, "target.db")]
        except Refused as why:
            result = rows_model.Result(rows_model.State(), profile)
            result.refused = str(why)
            return result
        return rows_model.import_rows(*states, profile, self.brought,
                                      self.files(source))

    def files(self, source):
        """Both trees, and what was brought, where rows own files."""
        return None

    def look(self):
        """All of the target, to see whether it was changed."""
        return dump(self.folder / "target.db")

    def fail(self, source, what):
        raise Failed(f"seed {self.seed}, {source}: {what}")

    def step(self, source):
        target = self.folder / "target.db"
        shutil.copy(target, self.folder / "before.db")
        if source == "other.db":
            self.brought = []   # another series
        options = ["--brought", self.folder / (
            "theirs" if source == "other.db" else "brought")]
        try:
            want = self.model(source)
        except Unclear:
            self.unclear += 1
            return False
        before = self.look()
        preview = self.importer(self.folder, source, "--preview", *options)
        if self.look() != before:
            self.fail(source, "a preview changed the target")
        have = self.importer(self.folder, source, *options)
        if have.refused != bool(want.refused):
            self.fail(source, f"valise: {have.text or 'imports'}; model: "
                      f"{want.refused or 'imports'}")
        if preview.refused != have.refused:
            self.fail(source, f"the preview says: {preview.text or 'well'}")
        self.done += 1
        if have.refused:
            self.refused += 1
            if self.look() != before:
                self.fail(source, "what was refused changed the target")
            return True
        if preview.changes != have.changes:
            self.fail(source, "preview and import differ")
        self.told(source, have)
        self.compare(source, want)
        self.again(source, options)
        return True

    def told(self, source, have):
        """The lines are the row changes; a rowid may be given anew."""
        states = [load(self.folder / name, Profile(self.words))
                  for name in ("before.db", "target.db")]
        lines = collections.Counter(
            tuple(line.split("\t")[:2]) for line in have.changes)
        for (what, table), n in row_changes(*states).items():
            if states[0].schema[table].pk and lines[what, table] != n:
                self.fail(source, f"{n} rows of '{table}' are {what}, and "
                          f"{lines[what, table]} were told")

    def compare(self, source, want):
        profile = Profile(self.words)
        real = load(self.folder / "target.db", profile)
        lines = want.differences(real)
        self.brought = want.brought_of(real)
        if lines:
            self.fail(source, "not as expected:\n" + "\n".join(lines[:10]))

    def again(self, source, options):
        """What the policies wanted is there: nothing is left to do."""
        second = self.importer(self.folder, source, *options)
        if second.refused or second.counts["written"] != 0:
            self.fail(source, f"a second import writes: {second.text} "
                      f"{second.changes[:5]}")

    def run(self):
        for source in ("source.db", "later.db", "other.db"):
            if not self.step(source):
                return


def run_seed(seed, keep, make=Run):
    folder = Path(tempfile.mkdtemp(prefix=f"rows.{seed}.", dir=keep))
    try:
        run = make(folder / "run", seed)
        run.run()
    except Failed as why:
        return None, f"{why}\nkept: {folder / 'run'}"
    shutil.rmtree(folder)
    return run, None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--runs", type=int, default=2000 if ALL else 50)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--all-failures", action="store_true")
    parser.add_argument("--dir")
    args = parser.parse_args()
    seeds = [args.seed] if args.seed is not None else \
        range(args.first, args.first + args.runs)
    done = refused = unclear = failures = 0
    for seed in seeds:
        run, why = run_seed(seed, args.dir)
        if why:
            print(why)
            failures += 1
            if not args.all_failures:
                return 1
            continue
        done += run.done
        refused += run.refused
        unclear += run.unclear
    print(f"{done} imports as the model says, {refused} of them refused; "
          f"{unclear} left out")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
