#!/usr/bin/env python3
"""Damage a bundle in every place and require that it is refused.

    corruptmatrix.py BUNDLE --target DIR... --try CMD... [--stride N]
        [--cases N] [--part I/N]

Each CMD is a shell line in which {} stands for the damaged bundle, say a
verify and an import.  Damages: one bit at every N-th byte of every file; cut
to nothing, to half, by one byte; a byte appended; a file deleted, duplicated
under a new name, replaced by a link to itself; two files exchanged.

Held against each damage: every CMD exits with 5, or with 6 where seal.txt or
seal.sig was touched; it names the file (or, of two exchanged, one); and every
target DIR is what it was.  --cases N takes N bits a file, evenly spread;
--part I/N takes every N-th damage, so that parts can run side by side.
Exit 0: nothing slipped through.
"""
import argparse
import collections
import itertools
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from treestate import tree_state

SEAL = {"seal.txt", "seal.sig"}


class Damage:
    """What is done to which files of the copy."""

    def __init__(self, kind, names, act, detail=""):
        self.kind = kind
        self.names = names
        self.act = act
        self.detail = detail

    def __str__(self):
        return f"{self.kind} {' '.join(self.names)} {self.detail}".strip()


class Matrix:
    def __init__(self, options):
        self.o = options
        self.bundle = Path(options.bundle)
        self.names = sorted(p.name for p in self.bundle.iterdir())
        self.folder = Path(tempfile.mkdtemp(prefix="corruptmatrix."))
        self.copy = self.folder / self.bundle.name
        self.before = tree_state(*options.target)
        self.missed = collections.Counter()

    def content(self, name):
        return (self.bundle / name).read_bytes()

    def put(self, name, content):
        (self.copy / name).write_bytes(content)

    def flip(self, name, offset, bit):
        with (self.copy / name).open("r+b") as file:
            file.seek(offset)
            byte = file.read(1)[0] ^ (1 << bit)
            file.seek(offset)
            file.write(bytes((byte,)))

    def to_link(self, name):
        (self.copy / name).unlink()
        (self.copy / name).symlink_to(self.bundle.resolve() / name)

    def exchange(self, a, b):
        self.put(a, self.content(b))
        self.put(b, self.content(a))

    def duplicate_name(self, name):
        """A free name of the form that bundles use."""
        stem, dot, suffix = name.partition(".")
        return (stem + "x")[-8:] + dot + suffix if stem[-1] != "x" \
            else "x" + dot + suffix

    def flips(self, name):
        size = (self.bundle / name).stat().st_size
        offsets = range(0, size, self.o.stride)
        if self.o.cases and len(offsets) > self.o.cases:
            step = len(offsets) / self.o.cases
            offsets = [offsets[int(i * step)] for i in range(self.o.cases)]
        pick = random.Random(name)
        for offset in offsets:
            bit = pick.randrange(8)
            yield Damage("flip", [name],
                         lambda n=name, o=offset, b=bit: self.flip(n, o, b),
                         f"byte {offset} bit {bit}")

    def damages_of(self, name):
        yield from self.flips(name)
        whole = self.content(name)
        for size in sorted({0, len(whole) // 2, len(whole) - 1}):
            yield Damage("truncate", [name],
                         lambda s=size: self.put(name, whole[:s]),
                         f"to {size}")
        yield Damage("append", [name],
                     lambda: self.put(name, whole + b"\0"))
        yield Damage("delete", [name],
                     lambda: (self.copy / name).unlink())
        yield Damage("link", [name], lambda: self.to_link(name))
        double = self.duplicate_name(name)
        yield Damage("duplicate", [double],
                     lambda: self.put(double, whole))

    def damages(self):
        for name in self.names:
            yield from self.damages_of(name)
        for a, b in itertools.combinations(self.names, 2):
            if self.content(a) != self.content(b):
                yield Damage("exchange", [a, b],
                             lambda x=a, y=b: self.exchange(x, y))

    def mend(self, damage):
        for name in damage.names:
            path = self.copy / name
            if path.is_symlink() or path.exists():
                path.unlink()
            if name in self.names:
                shutil.copy2(self.bundle / name, path)

    def complaints(self, damage):
        for line in self.o.tries:
            done = subprocess.run(
                ["sh", "-c", line.replace("{}", str(self.copy))],
                capture_output=True, text=True, errors="replace",
                stdin=subprocess.DEVNULL)
            allowed = {5, 6} if SEAL & set(damage.names) else {5}
            said = done.stdout + done.stderr
            if done.returncode not in allowed:
                yield f"exit {done.returncode} of '{line}'"
            if not any(name in said for name in damage.names):
                yield f"not named by '{line}'"
        if tree_state(*self.o.target) != self.before:
            yield "the target changed"

    def prove_whole(self):
        """Without damage nothing may be refused as damaged."""
        for line in self.o.tries:
            done = subprocess.run(
                ["sh", "-c", line.replace("{}", str(self.copy))],
                capture_output=True, text=True, stdin=subprocess.DEVNULL)
            if done.returncode in (5, 6):
                raise SystemExit(f"'{line}' refuses the bundle as it is: "
                                 f"{done.stderr}")

    def run(self):
        try:
            return self.run_cases()
        finally:
            shutil.rmtree(self.folder)

    def run_cases(self):
        start = time.monotonic()
        part, parts = map(int, self.o.part.split("/"))
        shutil.copytree(self.bundle, self.copy)
        cases = 0
        bad = 0
        for number, damage in enumerate(self.damages()):
            if number % parts != part - 1:
                continue
            cases += 1
            damage.act()
            wrong = list(self.complaints(damage))
            self.mend(damage)
            if wrong:
                bad += 1
                self.missed[damage.kind, wrong[0]] += 1
                if self.missed[damage.kind, wrong[0]] <= 3:
                    print(f"BAD {damage}: {'; '.join(wrong)}", flush=True)
        self.prove_whole()
        print(f"cases={cases} bad={bad} "
              f"seconds={time.monotonic() - start:.0f}")
        return 1 if bad else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle")
    parser.add_argument("--target", action="append", required=True)
    parser.add_argument("--try", dest="tries", action="append",
                        required=True)
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--cases", type=int, default=0)
    parser.add_argument("--part", default="1/1")
    return Matrix(parser.parse_args()).run()


if __name__ == "__main__":
    sys.exit(main())
