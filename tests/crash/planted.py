#!/usr/bin/env python3
"""A miniature importer, honest or with one bug, to test the matrices with.

    planted.py import|recover|reset|leftovers DIR [BUG]

The tree DIR/tree has two files; an import gives both new contents, all or
nothing: stage both, sync, one record that decides, rename both, drop the
record.  The bugs are those that such programs have:

    inplace     writes the files where they stand
    norecover   does not look for a record that was left
    forgets     recovery leaves its staging behind
    nosync      syncs nothing (only a power cut shows it)
    lies        exits with 0 whatever the system said
    dies        a signal that asks it to stop ends it where it is
"""
import os
import shutil
import signal
import sys
from pathlib import Path

NAMES = ("a", "b")
BUGS = ("none", "inplace", "norecover", "forgets", "nosync", "lies", "dies")
MTIME = 10**18


class Importer:
    def __init__(self, folder, bug):
        self.bug = BUGS[BUGS.index(bug)]
        self.tree = folder / "tree"
        self.staging = folder / ".tree.staging"
        self.record = folder / "record"
        self.asked = False
        if bug != "dies":
            signal.signal(signal.SIGTERM, self.ask)

    def ask(self, *_):
        self.asked = True

    def sync(self, path):
        if self.bug == "nosync":
            return
        fd = os.open(path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def write(self, path, text):
        path.write_text(text)
        os.utime(path, ns=(MTIME, MTIME))
        self.sync(path)

    def finish(self):
        """Redo after the decision; harmless when repeated."""
        for name in NAMES:
            if (self.staging / name).exists():
                os.rename(self.staging / name, self.tree / name)
        os.utime(self.tree, ns=(MTIME, MTIME))
        self.sync(self.tree)
        self.record.unlink()
        self.sync(self.record.parent)
        self.drop_staging()

    def drop_staging(self):
        if self.staging.exists():
            shutil.rmtree(self.staging)

    def recover(self):
        if self.bug == "norecover":
            return
        if self.record.exists():
            self.sync(self.record)
            self.sync(self.record.parent)
            self.finish()
        elif self.bug != "forgets":
            self.drop_staging()

    def run(self):
        if self.bug == "inplace":
            for name in NAMES:
                self.write(self.tree / name, "new " * 100)
            return
        self.recover()
        self.drop_staging()
        self.staging.mkdir()
        for name in NAMES:
            self.write(self.staging / name, "new " * 100)
        self.sync(self.staging)
        self.sync(self.staging.parent)
        if self.asked:
            self.drop_staging()
            sys.exit(128 + signal.SIGTERM)
        draft = self.record.with_suffix(".new")
        self.write(draft, "decided")
        os.rename(draft, self.record)
        self.sync(self.record.parent)
        self.finish()


def reset(folder):
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "tree").mkdir(parents=True)
    for name in NAMES:
        path = folder / "tree" / name
        path.write_text("old " * 100)
        os.utime(path, ns=(1, 1))
    os.utime(folder / "tree", ns=(1, 1))


def main(verb, folder, bug="none"):
    folder = Path(folder)
    importer = Importer(folder, bug)
    if verb == "reset":
        reset(folder)
    elif verb == "leftovers":
        for path in sorted(folder.iterdir()):
            if path.name not in ("tree", "record.new"):
                print(path.name)
    elif verb == "recover":
        importer.recover()
    elif verb == "import" and bug == "lies":
        try:
            importer.run()
        except OSError:
            pass
    elif verb == "import":
        importer.run()
    else:
        sys.exit(f"no verb: {verb}")


if __name__ == "__main__":
    main(*sys.argv[1:])
