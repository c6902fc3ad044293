#!/usr/bin/env python3
"""Random trees, changed at random on both sides, and one import: afterwards
the two are equal in all that treecmp.py sees.

    model.py [--first SEED] [--runs N] [--seed N] [--workers N] [--dir DIR]

A run is its seed: the same tree is made twice, as source and as target, each
is changed in its own way, and the source is carried onto the target.  120 of
them, 10,000 where VALISE_TEST_ALL is 1, or the one of --seed.  At the first
difference everything is kept and its place printed: source, target, and
`before`, the target as it was.
"""
import argparse
import ctypes
import os
import random
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import Site  # noqa: E402  (makes tests/tools importable as well)
from metadata import (ACCESS, CAPABILITY, DEFAULT, LOCKS,  # noqa: E402
                      acl, bits, capability, dismantle, set_flags)
from treecmp import compare, differences, flags_of, line, scan  # noqa: E402

ROOT = os.geteuid() == 0
NAMES = [b"a", b"b", b"c", b"d-e", b"f.g", b"H", b"h", b"-x", b" ",
         b"new\nline", b"\xff\xfe", "é".encode(), b"a\x01", b"n" * 255]
TIMES = [0, 1, -1, 10**18, 10**18 + 1, 2**33 * 10**9]
OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
LIBC = ctypes.CDLL(None, use_errno=True)


def flaggable(mode):
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def not_a_link(mode):
    return not stat.S_ISLNK(mode)


def not_a_folder(mode):
    return not stat.S_ISDIR(mode)


def punch(fd, offset, length):
    """Make a hole of what an open file has there."""
    keep_size, punch_hole = 1, 2
    if LIBC.fallocate64(fd, keep_size | punch_hole, ctypes.c_long(offset),
                        ctypes.c_long(length)) != 0:
        raise OSError(ctypes.get_errno(), "cannot punch a hole")


class Side:
    """One of the two trees.  Its serial number goes into every content, so
    that no two contents that differ in their holes are the same bytes."""

    def __init__(self, root, outside):
        self.root = os.fsencode(root)
        self.outside = os.fsencode(outside)
        self.serial = 0
        self.random = None
        self.locked = False
        os.makedirs(self.root)
        os.makedirs(self.outside, exist_ok=True)

    def change(self, draw, serial, times):
        """`times` random changes, drawn from `draw`."""
        self.random = draw
        self.serial = serial
        for _ in range(times):
            locks = self.lift()
            self.random.choice(self.CHANGES)(self)
            self.lock(locks)
        for path in self.paths():
            if draw.random() < 0.5:
                self.set_time(path)

    # Looking.

    def paths(self, wanted=lambda mode: True):
        """All but the root, ascending, whose mode is as `wanted`."""
        found = []
        for folder, folders, files in os.walk(self.root):
            for name in sorted(folders + files):
                path = os.path.join(folder, name)
                if wanted(os.lstat(path).st_mode):
                    found.append(path)
            folders.sort()
        return sorted(found)

    def folders(self):
        return [self.root, *self.paths(stat.S_ISDIR)]

    def some(self, paths):
        return self.random.choice(paths) if paths else None

    def new_path(self):
        """A name that is free, or None where that was not to be had."""
        path = os.path.join(self.some(self.folders()), self.some(NAMES))
        return None if os.path.lexists(path) else path

    def next(self):
        self.serial += 1
        return self.serial

    # What is locked is unlocked while something changes.

    def lift(self):
        locks = []
        some = [self.root, *self.paths(flaggable)] if self.locked else []
        for path in some:
            fd = os.open(path, OPEN)
            flags = flags_of(fd)
            if flags & LOCKS:
                set_flags(fd, flags & ~LOCKS)
                locks.append((fd, flags))
            else:
                os.close(fd)
        return locks

    @staticmethod
    def lock(locks):
        for fd, flags in locks:
            if os.fstat(fd).st_nlink:
                set_flags(fd, flags_of(fd) | flags)
            os.close(fd)

    # Changes.

    def add(self, path=None):
        path = path or self.new_path()
        if not path:
            return
        makers = [self.add_file] * 6 + [self.add_sparse] * 2 + [
            os.mkdir, os.mkdir, self.add_link, self.add_hard, os.mkfifo]
        if ROOT:
            makers.append(self.add_device)
        self.some(makers)(path)

    def add_file(self, path):
        size = self.some([0, 10, 10, 5000, 65536, 70000, 150000])
        data = self.some([bytes, self.random.randbytes])(size)
        with open(path, "wb") as file:
            if size:
                file.write(b"%d" % self.next() + data)

    def add_sparse(self, path):
        with open(path, "wb") as file:
            for _ in range(self.random.randrange(3)):
                file.seek(self.random.randrange(400000))
                file.write(b"%d" % self.next())
            file.truncate(400000 + self.next())
            # Until then some file systems tell of less holes.
            os.fsync(file.fileno())

    def add_link(self, path):
        os.symlink(self.some([b"a", b"..", b"/etc/passwd", b"\xff", b"x/y",
                              os.path.basename(path)]), path)

    def add_device(self, path):
        os.mknod(path, self.some([stat.S_IFCHR, stat.S_IFBLK]) | 0o600,
                 os.makedev(self.random.randrange(3),
                            self.random.randrange(3)))

    def add_hard(self, path):
        to = self.some(self.paths(not_a_folder))
        if to:
            os.link(to, path, follow_symlinks=False)
        else:
            self.add_file(path)

    def delete(self):
        path = self.some(self.paths())
        if path:
            dismantle(path)
        return path

    def retype(self):
        path = self.delete()
        if path:
            self.add(path)

    def rename(self):
        path, to = self.some(self.paths()), self.new_path()
        if path and to and not to.startswith(path + b"/"):
            os.rename(path, to)

    def regroup(self):
        """A path becomes one more name of another file, or its own again."""
        path = self.some(self.paths(not_a_folder))
        if not path:
            return
        if self.random.random() < 0.3 and os.lstat(path).st_nlink > 1:
            own = path[:-1] + b"~"
            subprocess.run(["cp", "-a", "--", path, own], check=True)
            st = os.lstat(own)
            if stat.S_ISREG(st.st_mode) and st.st_blocks * 512 < st.st_size:
                # cp may have made more holes of the same bytes.
                with open(own, "ab") as file:
                    file.write(b"%d" % self.next())
            os.rename(own, path)
        else:
            os.unlink(path)
            self.add_hard(path)

    def link_outside(self):
        """What belongs to somebody else as well."""
        path = self.some(self.paths(stat.S_ISREG))
        if path:
            os.link(path, os.path.join(self.outside, b"%d" % self.next()))

    def rewrite(self):
        path = self.some(self.paths(stat.S_ISREG))
        if path:
            with open(path, "r+b") as file:
                size = os.fstat(file.fileno()).st_size
                file.seek(self.some([0, size, self.random.randrange(
                    size + 1)]))
                file.write(b"%d" % self.next())

    def move_holes(self):
        path = self.some(self.paths(stat.S_ISREG))
        if path:
            at = self.random.randrange(100) * 4096
            with open(path, "r+b") as file:
                punch(file.fileno(), at, 40960)
                file.seek(at // 2)
                file.write(b"%d" % self.next())
                file.truncate(self.some([at + 41000, 400000])
                              + self.next())
                os.fsync(file.fileno())

    def set_time(self, path=None):
        path = path or self.some([self.root, *self.paths()])
        locks = self.lift()
        time_ns = self.some(TIMES)
        os.utime(path, ns=(time_ns, time_ns), follow_symlinks=False)
        self.lock(locks)

    def set_mode(self):
        path = self.some([self.root, *self.paths(not_a_link)])
        mode = self.some([0o644, 0o755, 0o600, 0o1777]
                         + [0o2755, 0o4711] * ROOT)
        os.chmod(path, mode if ROOT or not os.path.isdir(path)
                 else mode | 0o700)

    def set_owner(self):
        if ROOT:
            os.chown(self.some([self.root, *self.paths()]),
                     self.some([0, 33, 12345]), self.some([0, 33, 54321]),
                     follow_symlinks=False)

    def set_acl(self):
        path = self.some([self.root, *self.paths(not_a_link)])
        which = ACCESS
        if os.path.isdir(path) and self.random.random() < 0.5:
            which = DEFAULT
        if which in os.listxattr(path) and self.random.random() < 0.4:
            os.removexattr(path, which)
            return
        who = {uid: self.random.randrange(8) for uid in
               self.random.sample([0, 33, 12345, 54321], 2)}
        os.setxattr(path, which, acl(
            7, 5, self.random.randrange(8), who, self.some([{}, who]),
            self.some([None, 0, 5])))

    def set_xattr(self):
        spaces = ["user."] + ["trusted.", "security.x-"] * ROOT
        space = self.some(spaces)
        path = self.some([self.root, *self.paths(
            flaggable if space == "user." else lambda mode: True)])
        if ROOT and self.random.random() < 0.1 and \
                stat.S_ISREG(os.lstat(path).st_mode):
            os.setxattr(path, CAPABILITY,
                        capability(1 << self.random.randrange(5)))
            return
        name = space + self.some("abc")
        if name in os.listxattr(path, follow_symlinks=False) and \
                self.random.random() < 0.5:
            os.removexattr(path, name, follow_symlinks=False)
        else:
            os.setxattr(path, name, self.random.randbytes(
                self.some([0, 1, 50, 300])), follow_symlinks=False)

    def set_flag(self):
        path = self.some([self.root, *self.paths(flaggable)])
        words = [[], ["nodump"]]
        if ROOT:
            words += [["immutable"], ["append"], ["noatime", "append"],
                      ["immutable", "nodump"]]
        fd = os.open(path, OPEN)
        set_flags(fd, bits(*self.some(words)))
        self.locked = self.locked or bool(flags_of(fd) & LOCKS)
        os.close(fd)

    CHANGES = [add] * 6 + [delete, retype, rename, regroup] * 2 + [
        rewrite, move_holes, set_time, set_mode, set_owner, set_acl,
        set_xattr, set_flag] + [link_outside]


def make(seed, name, root, outside):
    """The tree that `seed` has as `name` ("source" or "target")."""
    side = Side(root, outside)
    draw = random.Random(f"model {seed}")
    side.change(draw, 0, draw.randrange(8, 40))
    own = random.Random(f"model {seed} {name}")
    side.change(own, {"source": 1, "target": 2}[name] * 10**5,
                own.randrange(0, 14))


class Worker:
    """A site in a directory of its own, used for one run after another."""

    def __init__(self, folder):
        self.folder = Path(folder)
        os.chmod(folder, 0o755)
        self.site = Site(folder)
        self.site.run("valise", "keygen", self.site.keys)
        words = "special: true\nprivileged: true"
        self.site.write_source_yaml(words)
        self.site.write_target_yaml(words)

    def clear(self):
        for name in ("src", "dst", "before", "outside"):
            dismantle(self.folder / name)
        for bundle in self.site.medium.iterdir():
            shutil.rmtree(bundle)

    def run(self, seed):
        """What is wrong after this run; nothing: it is as it should be."""
        self.clear()
        for side, tree in (("source", self.site.source),
                           ("target", self.site.target)):
            make(seed, side, tree, self.folder / "outside" / side)
        outside = scan(self.folder / "outside")
        bundle = self.site.export("--allow-empty")
        self.site.import_(bundle, "--allow-delete", "--workers", "1")
        wrong = compare(self.site.source, self.site.target)
        wrong += [f"outside: {line(found)}" for found in differences(
            outside, scan(self.folder / "outside"))]
        wrong += [f"left behind: {name}" for name in self.site.leftovers()]
        if not wrong and seed % 8 == 0:
            self.site.preview(bundle, "--exit-code")
        return wrong

    def keep(self, seed):
        before = self.folder / "before"
        dismantle(before)
        make(seed, "target", before, self.folder / "outside-before")


class Runs:
    """The runs, shared out among threads; they end with the first failure."""

    def __init__(self, seeds, folder):
        self.seeds = iter(seeds)
        self.folder = Path(folder)
        self.mutex = threading.Lock()
        self.done = 0
        self.failed = None

    def next(self):
        with self.mutex:
            return None if self.failed is not None else next(self.seeds, None)

    def work(self, number):
        place = self.folder / str(number)
        place.mkdir()
        worker = Worker(place)
        while (seed := self.next()) is not None:
            try:
                wrong = worker.run(seed)
            except Exception as error:  # programs that fail are findings too
                wrong = [f"{type(error).__name__}: {error}"]
            with self.mutex:
                self.done += 1
                if not wrong:
                    continue
                self.failed = seed
                print(f"seed {seed}:", *wrong, sep="\n", flush=True)
            worker.keep(seed)
            print(f"kept in {place}; again: model.py --seed {seed}")
            return

    def run(self, workers):
        threads = [threading.Thread(target=self.work, args=(i,))
                   for i in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def able(folder):
    """Can this place hold what the model makes?"""
    try:
        with tempfile.TemporaryDirectory(dir=folder) as probe:
            os.setxattr(probe, "user.x", b"1")
            os.setxattr(probe, DEFAULT, acl(7, 5, 5))
            fd = os.open(probe, OPEN)
            set_flags(fd, bits("nodump"))
            os.close(fd)
    except OSError:
        return False
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    every = os.environ.get("VALISE_TEST_ALL") == "1"
    parser.add_argument("--runs", type=int, default=10000 if every else 120)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--workers", type=int,
                        default=os.cpu_count() if every else 2)
    parser.add_argument("--dir")
    o = parser.parse_args()
    place = o.dir or next((p for p in ("/dev/shm", "/var/tmp") if able(p)),
                          None)
    if place is None:
        print("no file system here holds ACLs, attributes and flags: skipped")
        return 77
    folder = os.path.abspath(tempfile.mkdtemp(prefix="model.", dir=place))
    os.chmod(folder, 0o755)
    start = time.monotonic()
    if o.seed is not None:
        o.first, o.runs, o.workers = o.seed, 1, 1
    runs = Runs(range(o.first, o.first + o.runs), folder)
    os.umask(0o022)
    runs.run(o.workers)
    seconds = time.monotonic() - start
    print(f"runs={runs.done} seconds={seconds:.0f} "
          f"a_second={runs.done / seconds:.1f} in={place}")
    if runs.failed is not None or runs.done != o.runs:
        return 1
    dismantle(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
