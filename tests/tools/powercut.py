#!/usr/bin/env python3
"""Cut the power at every write of a command, on a real file system.

    powercut.py --logdisk PROGRAM --mount DIR --reset CMD --recover CMD
        --tree DIR... [--database FILE]... [--points N] [--samples N]
        [--linger SECONDS] [--size MiB] -- COMMAND...

COMMAND runs once on ext4 on a disk that records every write and flush
(logdisk.c).  The disk is then made again as it may have been at each moment:
all that was flushed, and of the rest nothing, everything, and random subsets
in which some writes are torn at 512 bytes.  It is mounted (after e2fsck, as a
machine does that starts, where a torn superblock asks for it), RECOVER runs, and
  1  the state is OLD or NEW
  2  it is NEW if COMMAND had exited with 0 before that moment.
Shell lines, trees and databases are as in crashmatrix.py; all of them lie
below DIR.

Needs root, /dev/fuse and loop devices; exit 77 and the reason without them.
Draws from a fixed seed.  Exit 0: no case was bad.
"""
import argparse
import contextlib
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sitestate import add_options, site_state

HEADER = struct.Struct("=cQI")
SECTOR = 512


def run(*command, check=True):
    return subprocess.run(command, capture_output=True, text=True,
                          errors="replace", check=check,
                          stdin=subprocess.DEVNULL)


def shell(line):
    return run("sh", "-c", line, check=False)


def missing():
    """Why this cannot run here, or None."""
    if os.geteuid() != 0:
        return "not root"
    if not os.path.exists("/dev/fuse"):
        return "no /dev/fuse"
    if not os.path.exists("/dev/loop-control"):
        return "no loop devices"
    for program in ("mkfs.ext4", "losetup", "fusermount3"):
        if not shutil.which(program):
            return f"no {program}"
    return None


class Write:
    def __init__(self, offset, data):
        self.offset = offset
        self.data = data

    def put(self, disk):
        disk[self.offset:self.offset + len(self.data)] = self.data

    def put_torn(self, disk, pick):
        for at in range(0, len(self.data), SECTOR):
            if pick.random() < 0.5:
                piece = self.data[at:at + SECTOR]
                disk[self.offset + at:self.offset + at + len(piece)] = piece


class Log:
    """The records between the marks `start` and `end`, replayed in order."""

    def __init__(self, path):
        self.records = list(self.read(path.read_bytes()))

    @staticmethod
    def read(raw):
        at = 0
        while at + HEADER.size <= len(raw):
            kind, offset, length = HEADER.unpack_from(raw, at)
            at += HEADER.size
            yield kind.decode(), offset, raw[at:at + length]
            at += length

    def index_of(self, text):
        for i, (kind, _, data) in enumerate(self.records):
            if kind == "M" and data == text.encode():
                return i
        return None

    def count(self, kind):
        return sum(1 for record in self.records if record[0] == kind)

    def cuts(self):
        """Moments worth a cut: a second flush in a row adds no state."""
        start, end = self.index_of("start"), self.index_of("end")
        for i in range(start + 1, end + 1):
            last = self.records[i - 1][0]
            if last in "WM" or (last == "F"
                                and self.records[i - 2][0] == "W"):
                yield i


class PowerCut:
    def __init__(self, options):
        self.o = options
        self.mount_point = Path(options.mount)
        self.folder = Path(tempfile.mkdtemp(prefix="powercut.",
                                            dir=options.scratch))
        self.base = self.folder / "base.img"
        self.trial = self.folder / "trial.img"
        self.log = None
        self.old = self.new = None
        self.random = random.Random(1)
        self.cases = 0
        self.bad = 0
        self.repaired = 0

    def state(self):
        return site_state(self.o.tree, self.o.database)

    @contextlib.contextmanager
    def mounted(self, what, *options):
        run("mount", *options, str(what), str(self.mount_point))
        try:
            yield
        finally:
            run("umount", str(self.mount_point))

    @contextlib.contextmanager
    def recording(self, image):
        """`image` through logdisk and a loop device; yields (device, mark)."""
        disk = self.folder / "disk"
        disk.mkdir()
        server = subprocess.Popen([self.o.logdisk, str(image),
                                   str(self.folder / "log"), str(disk)])
        device = None
        try:
            while not (disk / "disk").exists():
                if server.poll() is not None:
                    raise SystemExit("logdisk does not start")
                time.sleep(0.05)
            device = run("losetup", "-f", "--show",
                         str(disk / "disk")).stdout.strip()
            yield device, disk / "mark"
        finally:
            if device:
                run("losetup", "-d", device)
                time.sleep(0.2)
            run("fusermount3", "-u", str(disk), check=False)
            server.wait()

    def prepare(self):
        self.mount_point.mkdir(parents=True, exist_ok=True)
        with self.base.open("wb") as image:
            image.truncate(self.o.size << 20)
        run("mkfs.ext4", "-q", "-F", str(self.base))
        with self.mounted(self.base, "-o", "loop"):
            done = shell(self.o.reset)
            if done.returncode != 0:
                raise SystemExit(f"reset failed: {done.stderr}")
            self.old = self.state()

    def record(self):
        image = self.folder / "run.img"
        shutil.copy(self.base, image)
        with self.recording(image) as (device, mark):
            with self.mounted(device):
                mark.write_text("start")
                code = run(*self.o.command, check=False).returncode
                mark.write_text(f"exit {code}")
                self.new = self.state()
                # Time for what was never synced to be written after all.
                time.sleep(self.o.linger)
                mark.write_text("end")
        self.log = Log(self.folder / "log")
        print(f"writes={self.log.count('W')} flushes={self.log.count('F')} "
              f"exit={code} old={self.old} new={self.new}", flush=True)
        if self.old == self.new:
            raise SystemExit("the command changes nothing: no test")

    def subsets(self, pending):
        """(name, writes that arrived, whether some of them are torn)."""
        yield "none", [], False
        if pending:
            yield "all", pending, False
            for i in range(self.o.samples):
                chosen = [w for w in pending if self.random.random() < 0.5]
                yield f"subset {i}", chosen, True

    def try_disk(self, content):
        """What is wrong with the state that recovery makes of `content`."""
        self.trial.write_bytes(content)
        if shell(f"mount -o loop '{self.trial}' '{self.mount_point}' && "
                 f"umount '{self.mount_point}'").returncode != 0:
            run("e2fsck", "-fy", str(self.trial), check=False)
            self.repaired += 1
        try:
            with self.mounted(self.trial, "-o", "loop"):
                done = shell(self.o.recover)
                state = self.state()
        except subprocess.CalledProcessError as error:
            return None, f"cannot mount: {error.stderr.strip()}"
        verdict = {self.old: "OLD", self.new: "NEW"}.get(state)
        if verdict is None:
            return None, (f"neither old nor new (recovery exits "
                          f"{done.returncode}: {done.stderr.strip()[-200:]})")
        if done.returncode != 0:
            return verdict, (f"recovery exits {done.returncode}: "
                             f"{done.stderr.strip()[-200:]}")
        return verdict, None

    def replay(self):
        cuts = list(self.log.cuts())
        if self.o.points and len(cuts) > self.o.points:
            cuts = sorted(self.random.sample(cuts, self.o.points))
        promised = self.log.index_of("exit 0")
        durable = bytearray(self.base.read_bytes())
        counts = {"OLD": 0, "NEW": 0, None: 0}
        applied = 0
        pending = []
        for cut in cuts:
            for kind, offset, data in self.log.records[applied:cut]:
                if kind == "W":
                    pending.append(Write(offset, data))
                elif kind == "F":
                    for write in pending:
                        write.put(durable)
                    pending = []
            applied = cut
            for name, arrived, torn in self.subsets(pending):
                content = bytearray(durable)
                for write in arrived:
                    if torn and self.random.random() < 0.3:
                        write.put_torn(content, self.random)
                    else:
                        write.put(content)
                verdict, wrong = self.try_disk(content)
                if not wrong and verdict == "OLD" and \
                        promised is not None and cut > promised:
                    wrong = "exit 0 had been said: durability lost"
                self.cases += 1
                counts[verdict] += 1
                if wrong:
                    self.bad += 1
                    print(f"BAD cut {cut} {name}, {len(pending)} pending: "
                          f"{wrong}", flush=True)
        print(f"cuts={len(cuts)} old={counts['OLD']} new={counts['NEW']} "
              f"neither={counts[None]}")

    def run(self):
        start = time.monotonic()
        try:
            self.prepare()
            self.record()
            self.replay()
        finally:
            shutil.rmtree(self.folder)
        print(f"cases={self.cases} bad={self.bad} repaired={self.repaired} "
              f"seconds={time.monotonic() - start:.0f}")
        return 1 if self.bad else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--logdisk", required=True)
    parser.add_argument("--mount", required=True)
    parser.add_argument("--reset", required=True)
    parser.add_argument("--recover", required=True)
    add_options(parser)
    parser.add_argument("--points", type=int, default=0)
    parser.add_argument("--samples", type=int, default=1)
    parser.add_argument("--linger", type=float, default=7)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--scratch", default="/dev/shm")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    reason = missing()
    if reason:
        print(f"{reason}: skipped")
        return 77
    return PowerCut(options).run()


if __name__ == "__main__":
    sys.exit(main())
