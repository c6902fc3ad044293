#!/usr/bin/env python3
"""Measure valise against its peers; see run.sh.

Each figure is the median of N runs: seconds on the wall, the sync included,
those of the processors, and the highest resident memory of any one process.
The peers take turns, so that what else the machine does in these minutes meets
all of them.  A restore goes into a fresh directory, as root on a fresh ext4:
unpacking on ext4 soon after the removal of the last tree costs every tool tens
of seconds of kernel time.
"""
import argparse
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import caged
import databases
import insides
import kept
import measure
import peers
import smallfiles

LINUX = Path("/usr/src/linux-source-6.1.tar.xz")
COLUMNS = ("tree", "peer", "work", "runs", "seconds", "least", "most",
           "cpu", "rss_mib", "size_mb", "ratio")


def in_turn(those, turn):
    """Another one first each time: who follows whom makes a difference."""
    first = turn % len(those)
    return those[first:] + those[:first]


class Bench:
    def __init__(self, work, runs, kdf=None):
        self.work = work
        self.kdf = kdf
        self.runs = runs
        self.rows = []
        self.tree = None

    @contextlib.contextmanager
    def restore_folder(self, size):
        """An empty directory to restore into, gone afterwards."""
        folder = self.work / "restored"
        folder.mkdir()
        image = self.work / "restored.img"
        on_loop = os.geteuid() == 0 and os.path.exists("/dev/loop-control")
        if on_loop:
            entries = measure.entries(self.tree)
            with image.open("wb") as file:
                file.truncate(2 * size + 8192 * entries + (1 << 30))
            inodes = max(200_000, 2 * entries)
            subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", "-N",
                            str(inodes), "-E",
                            "lazy_itable_init=0,lazy_journal_init=0",
                            str(image)], check=True)
            subprocess.run(["mount", "-o", "loop", str(image), str(folder)],
                           check=True)
        try:
            yield folder
        finally:
            if on_loop:
                subprocess.run(["umount", str(folder)], check=True)
                image.unlink()
            shutil.rmtree(folder)

    def note(self, text):
        print(text, file=sys.stderr, flush=True)

    def add(self, peer, work, samples, size=None):
        seconds = [s.seconds for s in samples]
        self.rows.append({
            "tree": self.tree.name, "peer": peer, "work": work,
            "runs": len(samples), "seconds": statistics.median(seconds),
            "least": min(seconds), "most": max(seconds),
            "cpu": None if samples[0].cpu is None else
            statistics.median(s.cpu for s in samples),
            "rss_mib": None if samples[0].rss is None else
            max(s.rss for s in samples) / 2**20,
            "size_mb": size / 1e6 if size is not None else None})
        self.note(f"{self.tree.name} {peer} {work}: "
                  f"{statistics.median(seconds):.2f} s")

    def export(self, those):
        samples = {peer: [] for peer in those}
        for turn in range(self.runs):
            for peer in in_turn(those, turn):
                peer.reset()
                measure.warm(self.tree)
                samples[peer].append(peer.export(self.tree))
        for peer in those:
            self.add(peer.name, "export", samples[peer], peer.size())

    def verify(self, those):
        samples = {}
        for turn in range(self.runs):
            for peer in in_turn(those, turn):
                for work, command in peer.verifications():
                    samples.setdefault((peer.name, work), []).append(
                        measure.run(command, peer.env))
        for (name, work), taken in samples.items():
            self.add(name, work, taken)

    def restore(self, those):
        full = {peer: [] for peer in those}
        again = {peer: [] for peer in those if peer.can_repeat}
        for turn in range(self.runs):
            for peer in in_turn(those, turn):
                with self.restore_folder(measure.size(self.tree)) as folder:
                    full[peer].append(peer.restore(folder))
                    measure.require_equal(self.tree, peer.restored(folder))
                    if peer in again:
                        again[peer].append(peer.restore(folder))
        for peer in those:
            self.add(peer.name, "import", full[peer])
            if peer in again:
                self.add(peer.name, "import unchanged", again[peer])

    def measure_tree(self, tree, names):
        self.tree = tree
        those = []
        for make in peers.ALL:
            if names and make.name not in names:
                continue
            missing = [p for p in make.needs if not shutil.which(p)]
            if missing:
                self.note(f"{make.name}: no {', '.join(missing)}, left out")
                continue
            folder = self.work / f"peer-{len(those)}"
            folder.mkdir()
            those.append(make(folder))
        self.export(those)
        self.verify(those)
        self.restore(those)
        for peer in those:
            shutil.rmtree(peer.folder)

    def reference(self, row):
        """The row of the reference for the same work, or its nearest."""
        work = {"verify --open": "verify", "import unchanged": "import"}.get(
            row["work"], row["work"])
        # A phase stands beside the whole.
        work = work.removesuffix(": load")
        for other in self.rows:
            if other["peer"] in (peers.REFERENCE, "without", *databases.REFERENCES) and \
                    (other["tree"], other["work"]) == (row["tree"], work):
                return other
        return None

    def print_rows(self):
        print("\t".join(COLUMNS))
        for row in self.rows:
            other = self.reference(row)
            row["ratio"] = row["seconds"] / other["seconds"] if other \
                else None
            print("\t".join(
                "" if row[c] is None else
                f"{row[c]:.2f}" if isinstance(row[c], float) else
                str(row[c]) for c in COLUMNS))


def linux_tree(work):
    if not LINUX.exists():
        raise SystemExit(f"'{LINUX}' is not there: install linux-source-6.1 "
                         "or name a tree")
    folder = work / "linux"
    folder.mkdir()
    subprocess.run(["tar", "-C", str(folder), "-xJf", str(LINUX)],
                   check=True)
    return folder


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-n", dest="runs", type=int, default=3)
    parser.add_argument("-p", dest="peers", default="")
    parser.add_argument("--work", default=os.environ.get("TMPDIR", "/tmp"),
                        help="where the data lies; wants some 10 GB")
    parser.add_argument("--kdf", choices=("light", "normal", "strong"),
                        help="of rows: by a password, and not by identity")
    parser.add_argument("what", nargs="*", metavar="TREE | scale [FILES] | rows [ROWS] | "
                        "insides [ROWS] | secrets [ROWS] | cage [TREE]")
    o = parser.parse_args()
    names = set(filter(None, o.peers.split(",")))
    with tempfile.TemporaryDirectory(prefix="valise-bench.",
                                     dir=o.work) as folder:
        work = Path(folder)
        bench = Bench(work, o.runs, o.kdf)
        if o.what and o.what[0] == "scale":
            for count in map(int, o.what[1:] or (100_000, 1_000_000)):
                tree = work / f"files-{count}"
                smallfiles.make(tree, count)
                bench.measure_tree(tree, names or {"valise"})
                shutil.rmtree(tree)
        elif o.what and o.what[0] == "rows":
            for count in map(int, o.what[1:] or (1_000_000, 10_000_000)):
                databases.Databases(bench, count).measure()
        elif o.what and o.what[0] == "insides":
            for count in map(int, o.what[1:] or (1_000_000,)):
                insides.Insides(bench, count).measure()
        elif o.what and o.what[0] == "secrets":
            for count in map(int, o.what[1:] or (100_000,)):
                kept.Kept(bench, count).measure()
        elif o.what and o.what[0] == "cage":
            tree = Path(o.what[1]).resolve() if o.what[1:] else linux_tree(work)
            caged.Caged(bench, tree).measure()
        else:
            tree = Path(o.what[0]).resolve() if o.what else linux_tree(work)
            bench.measure_tree(tree, names)
        bench.print_rows()


if __name__ == "__main__":
    main()
