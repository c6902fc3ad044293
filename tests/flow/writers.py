"""An application that goes on writing while its files are exported.

Every version of a file is one record again and again, and the record says
the file's name, the version and how many of it there are: two versions in
one file, or a part of one, show.  Three kinds are not that at every moment
even for whoever reads them at once: a log that grows (its records are
numbered), a file that is emptied and then written (empty, or a beginning),
and a file that is written in place: at its start, then at its end, so that
the end is never newer than the start, nor older by two.

    writers.py --write TREE OUTSIDE SEED    the application, until it is ended
"""
import os
import random
import re
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import Flow  # noqa: E402

SECONDS = 60 if os.environ.get("VALISE_TEST_ALL") == "1" else 5
SEED = 20261121
EACH = 6
RECORD = 32
IN_PLACE = 1 << 16  # records


def record(name, version, count):
    return f"{name} {version:09} {count:09}".ljust(RECORD - 1).encode() + b"\n"


def content(rng, name, version):
    count = rng.randrange(1, 4000)
    return record(name, version, count) * count


class Application:
    """One action at a time, on one of a few files of each sort."""

    def __init__(self, tree, outside, seed):
        self.tree = Path(tree)
        self.outside = Path(outside)
        self.rng = random.Random(seed)
        self.version = 0
        self.actions = [self.append, self.empty, self.move, self.replace,
                        self.in_place, self.swap_directory]

    def write(self, path, data, flags):
        fd = os.open(path, os.O_WRONLY | flags, 0o644)
        try:
            os.write(fd, data)
        finally:
            os.close(fd)

    def set_up(self):
        self.outside.mkdir()
        (self.outside / "file").write_bytes(b"outside\n")
        for sort in ("log", "cut", "mov", "new", "old", "dir"):
            (self.tree / sort).mkdir(parents=True)
            for i in range(EACH):
                name = f"{sort}{i}"
                path = self.tree / sort / name
                if sort == "dir":
                    path.mkdir()
                    path = path / "file"
                data = (b"" if sort == "log" else
                        content(self.rng, name, 0) if sort != "old" else
                        record(name, 0, 0) * IN_PLACE)
                self.write(path, data, os.O_CREAT)
        self.open = [os.open(self.tree / "old" / f"old{i}", os.O_WRONLY)
                     for i in range(EACH)]
        self.logged = [0] * EACH
        self.written = [0] * EACH

    def append(self, i):
        n = self.rng.randrange(1, 100)
        data = b"".join(record(f"log{i}", self.logged[i] + k, 0)
                        for k in range(n))
        self.logged[i] += n
        self.write(self.tree / "log" / f"log{i}", data, os.O_APPEND)

    def empty(self, i):
        self.write(self.tree / "cut" / f"cut{i}",
                   content(self.rng, f"cut{i}", self.version), os.O_TRUNC)

    def move(self, i):
        one = self.tree / "mov" / f"mov{i}"
        other = self.tree / "mov" / f"moved{i}"
        if one.exists():
            one.rename(other)
        else:
            other.rename(one)

    def replace(self, i):
        draft = self.tree / "new" / ".draft"
        self.write(draft, content(self.rng, f"new{i}", self.version),
                   os.O_CREAT | os.O_TRUNC)
        draft.rename(self.tree / "new" / f"new{i}")

    def in_place(self, i):
        """Through a descriptor that stays open."""
        self.written[i] += 1
        for at in (0, IN_PLACE - 1):
            os.pwrite(self.open[i], record(f"old{i}", self.written[i], 0),
                      at * RECORD)

    def swap_directory(self, i):
        """A directory becomes a link out of the tree, and one again."""
        path = self.tree / "dir" / f"dir{i}"
        away = self.tree / "dir" / f"away{i}"
        if path.is_symlink():
            path.unlink()
            away.rename(path)
        else:
            path.rename(away)
            path.symlink_to(self.outside)

    def run(self):
        while True:
            self.version += 1
            self.rng.choice(self.actions)(self.rng.randrange(EACH))
            time.sleep(0.001)


def whole(name, data):
    """Is this what file `name` was at one moment?"""
    sort = name[:3]
    if sort != "cut" and (len(data) % RECORD != 0 or
                          sort != "log" and not data):
        return False
    found = [data[at:at + RECORD] for at in range(0, len(data), RECORD)]
    if sort == "log":
        return found == [record(name, i, 0) for i in range(len(found))]
    if sort == "cut" and found and len(found[-1]) < RECORD:
        found.pop()
    said = [re.fullmatch(rb"(\w+) (\d+) (\d+) *\n", one)
            for one in (found[:1] + found[-1:])]
    if not all(m and m[1].decode() == name for m in said):
        return False
    if sort == "old":
        return (len(found) == IN_PLACE and
                int(said[0][2]) - int(said[1][2]) in (0, 1) and
                set(found[1:-1]) == {record(name, 0, 0)})
    return (len(set(found)) <= 1 and
            (sort == "cut" or int(said[0][3]) == len(found)))


class Writers(Flow):
    ENTRIES = {"still": "still\n"}

    def start(self):
        outside = self.folder / "outside"
        app = subprocess.Popen([sys.executable, "-B", __file__, "--write",
                                self.site.source, outside, str(SEED)],
                               stdout=subprocess.PIPE)
        self.addCleanup(app.stdout.close)
        self.addCleanup(app.wait)
        self.addCleanup(app.kill)
        app.stdout.readline()

    def left_out(self):
        """Paths that the export named as not exported."""
        return set(re.findall(r"not exported: '([^']*)'",
                              self.site.last_export.err))

    def check(self, tree):
        """All files of an imported tree; how many."""
        checked = 0
        for folder, folders, names in os.walk(tree):
            at = Path(folder)
            for name in names:
                path = at / name
                if path.is_symlink():
                    continue
                own = re.sub(r"^(moved)", "mov", name)
                if name == "file":
                    own = re.sub(r"^away", "dir", at.name)
                if name == "still" or name == ".draft":
                    continue
                self.assertTrue(whole(own, path.read_bytes()),
                                f"{path.relative_to(tree)} is a mixture")
                checked += 1
        return checked

    def test_every_file_is_one_version_or_left_out(self):
        self.start()
        end = time.monotonic() + SECONDS
        rounds = 0
        checked = 0
        while time.monotonic() < end:
            bundle = self.site.export(expect=(0, 3))
            self.site.run("valise", "verify", bundle, "--open",
                          *self.site.identity, "--sender",
                          self.site.keys / "sender.pub")
            self.site.import_(bundle, "--allow-delete")
            target = self.site.target
            checked += self.check(target)
            # What stays in its place is there, or was said to be missing.
            missing = {f"{sort}/{sort}{i}" for sort in
                       ("log", "cut", "new", "old") for i in range(EACH)
                       if not (target / sort / f"{sort}{i}").exists()}
            self.assertLessEqual(missing, self.left_out())
            self.assertEqual("still\n", (target / "still").read_text())
            # The next import is a first one: nothing is there by itself.
            target.rename(self.folder / f"target{rounds}")
            self.site.target_state.rename(self.folder / f"state{rounds}")
            rounds += 1
        self.assertGreater(checked, rounds * EACH)
        print(f"{rounds} exports, {checked} files, ", end="", file=sys.stderr)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        application = Application(sys.argv[2], sys.argv[3], int(sys.argv[4]))
        application.set_up()
        print("ready", flush=True)
        application.run()
    unittest.main()
