#!/usr/bin/env python3
"""The matrices over a small transfer with the real programs.

    matrices.py [--faultat PROGRAM] [--logdisk PROGRAM] [--all]
        kill WHAT | signal WHAT | fault WHAT | power WHAT | corrupt

WHAT is `import` (onto a tree of an earlier import: changes, additions,
deletions, a type change), `attributes` (onto such a tree, over every other kind
of entry and everything but content; needs root), `import_first` and
`attributes_first` (the same onto an absent root), `rows` (two trees and two
databases, all of which change, and secrets of both kinds) or `export`.  `power
rows --killed` kills the import first: the power goes during the recovery and
the import after it.
Without --all a sample runs; with it every point, and then the variable
VALISE_TEST_ALL must be 1, else the run is skipped (exit 77).
"""
import argparse
import contextlib
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent
sys.path.insert(0, str(TESTS / "flow" / "lib"))
from flow import Site, write_tree  # noqa: E402
from metadata import (ACCESS, CAPABILITY, DEFAULT, acl, bits,  # noqa: E402
                      capability, dismantle, flags_at)
from treecmp import FOLDER  # noqa: E402

TOOLS = TESTS / "tools"
PYTHON = [sys.executable, "-B"]

# Few operations, each kind of step once: what finds most faults.
OLD = {"same": "same\n", "changed": "old\n", "goes": "x",
       "dir/below": "x", "dir/same": "y", "gone/deep/file": "x",
       "mode": "x", "becomes-dir": "x", "becomes-link": "x",
       "link": ("link", "same")}
SAMPLE = {"kill": 10, "signal": 12, "fault": 8}
SAMPLE_ROWS = {"kill": 8, "signal": 12, "fault": 6}
# Of the points at which an import is killed before the power goes.
KILLED = {False: 2, True: 24}


def shell_words(words):
    return " ".join(f"'{word}'" for word in map(str, words))


class Transfer:
    """A site below `folder`, its bundle made, its target in the old state."""

    WORDS = ""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.site = Site(folder)
        self.site.set_up(OLD)
        self.bundle = None

    def change_source(self):
        s = self.site.source
        (s / "goes").unlink()
        shutil.rmtree(s / "gone")
        (s / "becomes-dir").unlink()
        (s / "becomes-link").unlink()
        (s / "link").unlink()
        write_tree(s, {"changed": "new\n", "new/deep": "x",
                       "becomes-dir/now": "x", "link": ("link", "dir"),
                       "becomes-link": ("link", "same")})
        os.chmod(s / "mode", 0o600)

    def before_import(self, first):
        if not first:
            self.site.import_(self.site.export())
            self.change_source()
        self.bundle = self.site.export()

    def keep(self):
        """Remember target and state as they are: what `reset` restores."""
        kept = self.folder / "kept"
        kept.mkdir()
        for part in (self.site.target, self.site.target_state):
            if part.exists():
                subprocess.run(["cp", "-a", str(part), str(kept)],
                               check=True)

    def move_to(self, mount):
        """Target and state lie below `mount` from now on."""
        self.site.target = mount / "dst" / "tree"
        self.site.target_state = mount / "state-dst"
        self.site.write_target_yaml(self.WORDS)

    def seen(self):
        """What users see, as options of the matrices."""
        return ["--tree", str(self.site.target)]

    def not_ours(self):
        """Shell: what lies beside the target and is none of it."""
        return f"ls -A {self.site.target.parent} | grep -vx tree; "

    def reset_line(self):
        """Shell: put target and state back to what keep() saw."""
        s = self.site
        parent = s.target.parent
        return (f"rm -rf {parent} {s.target_state} && mkdir {parent} && "
                f"if [ -e {self.folder}/kept/tree ]; then "
                f"cp -a {self.folder}/kept/tree {s.target}; fi && "
                f"if [ -e {self.folder}/kept/state-dst ]; then "
                f"cp -a {self.folder}/kept/state-dst {s.target_state}; fi")

    def import_words(self):
        return [self.site.bin / "valise-import",
                *self.site.importing(self.bundle, "--workers", "1",
                                     "--allow-delete")]

    def recover_line(self):
        return shell_words(["sh", HERE / "recover_after_restart.sh",
                            self.site.bin / "valise-import",
                            self.site.target_yaml, "--recover"])

    def import_arguments(self):
        s = self.site
        left = (f"{self.not_ours()}ls -d {s.target}/.valise 2>/dev/null; "
                f"find {s.target_state} -path '*spool*' -type f; "
                # What was made before the identity waits for the next import.
                f"find {s.target_state} -name '*.vltmp-*' | "
                "grep -v '/.identity.'; true")
        return ["--reset", self.reset_line(),
                "--recover", self.recover_line(),
                *self.seen(),
                "--leftovers", left,
                "--prefix", str(s.target.parent),
                "--prefix", str(s.target_state),
                "--", *map(str, self.import_words())]

    def export_arguments(self):
        """Old: no bundle.  New: one that verifies.  Nothing between, and the
        number of a bundle that was lost is not issued again."""
        s = self.site
        words = [s.bin / "valise-export", s.source_yaml, "--to", s.medium,
                 "--sign-key", s.keys / "sender.key", "--recipient",
                 s.keys / "recipient.pub", "--frame-log2", "16",
                 "--workers", "1"]
        verify = shell_words([s.bin / "valise", "verify", "--sender",
                              s.keys / "sender.pub"])
        state = (f"for b in {s.medium}/*.vls; do "
                 f"[ -e \"$b\" ] || {{ echo none; break; }}; "
                 f"{verify} \"$b\" >/dev/null 2>&1 && echo whole || "
                 "echo damaged; done | tail -n 1")
        reset = (f"rm -rf {s.medium} {s.source_state} && mkdir {s.medium}")
        return ["--reset", reset, "--recover", "true", "--state", state,
                "--prefix", str(s.medium), "--prefix",
                str(s.source_state), "--", *map(str, words)]


class Attributes(Transfer):
    """The same over entries whose attributes change: one of each kind."""

    WORDS = "special: true\nprivileged: true"
    COPY = f"{sys.executable} -B {TOOLS}/metadata.py copy"
    REMOVE = f"{sys.executable} -B {TOOLS}/metadata.py remove"

    def __init__(self, folder):
        super().__init__(folder)
        shutil.rmtree(self.site.source)
        self.site.write_source_yaml(self.WORDS)
        self.site.write_target_yaml(self.WORDS)
        s = self.site.source
        write_tree(s, {"same": "same\n", "torn-a": "one", "tied-a": "two",
                       "tied-b": "two", "acl": "x", "locked": "old",
                       "room/inside": "old", "log": "x", "runs": "x",
                       "meta": "x", "becomes-fifo": "x", "sparse": "",
                       "room-acl/file": "x"})
        os.link(s / "torn-a", s / "torn-b")
        os.mkfifo(s / "fifo-goes")
        self.device(3)
        os.setxattr(s / "acl", ACCESS, acl(6, 4, 4, {33: 6}))
        os.setxattr(s / "acl", "user.x", b"old")
        self.punch(200000)
        self.lock()

    def device(self, minor):
        os.mknod(self.site.source / "device", stat.S_IFCHR | 0o640,
                 os.makedev(1, minor))

    def punch(self, at):
        """`sparse` is a hole but for one block."""
        with (self.site.source / "sparse").open("wb") as file:
            file.seek(at)
            file.write(b"data")
            file.truncate(400000)

    def flag(self, **flags):
        folder = os.open(self.site.source, FOLDER)
        for name, word in flags.items():
            flags_at(folder, name, bits(word) if word else 0)
        os.close(folder)

    def lock(self):
        self.flag(locked="immutable", room="immutable", log="append")

    def change_source(self):
        s = self.site.source
        self.flag(locked="", room="", log="")
        for name in ("torn-b", "tied-b", "fifo-goes", "device", "log",
                     "becomes-fifo"):
            (s / name).unlink()
        write_tree(s, {"torn-b": "one", "locked": "new",
                       "room/inside": "new"})
        os.link(s / "tied-a", s / "tied-b")
        for name in ("becomes-fifo", "fifo-new"):
            os.mkfifo(s / name)
        self.device(5)
        os.setxattr(s / "acl", ACCESS, acl(6, 4, 4, {12345: 4}))
        os.setxattr(s / "acl", "user.x", b"new")
        os.setxattr(s / "acl", "trusted.x", b"new")
        os.setxattr(s / "room-acl", DEFAULT, acl(7, 5, 0, {33: 7}))
        self.punch(50000)
        os.chown(s / "meta", 33, 33)
        os.chmod(s / "meta", 0o640)
        os.utime(s / "meta", ns=(0, -1_500_000_001))
        os.chmod(s / "runs", 0o4755)
        os.setxattr(s / "runs", CAPABILITY, capability(1 << 10))
        self.flag(locked="immutable", room="immutable", meta="append")

    def keep(self):
        kept = self.folder / "kept"
        kept.mkdir()
        for part in (self.site.target, self.site.target_state):
            if part.exists():
                subprocess.run(f"{self.COPY} {part} {kept / part.name}",
                               shell=True, check=True)

    def reset_line(self):
        s = self.site
        parent = s.target.parent
        kept = self.folder / "kept"
        line = f"{self.REMOVE} {parent} && mkdir {parent}"
        if (kept / s.target.name).exists():
            line += f" && {self.COPY} {kept / s.target.name} {s.target}"
        line += f" && rm -rf {s.target_state}"
        if (kept / s.target_state.name).exists():
            line += (f" && cp -a {kept / s.target_state.name} "
                     f"{s.target_state}")
        return line


MAKE = """
create table person(id integer primary key, mail text not null unique,
    name text);
create table task(id integer primary key, title text not null unique,
    person_id integer references person(id), body text);
create table doc(id integer primary key, title text not null unique,
    name text);
"""
FILL = {"src": MAKE + """
insert into person values (70, 'ada@example.org', 'Ada'),
    (71, 'blaise@example.org', 'Blaise');
insert into task values (1, 'pack', 71, 'Pack it.'), (2, 'buy', 70, null),
    (3, 'goes', 70, printf('%.*c', 9000, 'x'));
insert into doc values (1, 'x', 'x'), (2, 'goes', 'y/z');
""", "dst": MAKE + """
insert into person values (1, 'blaise@example.org', 'B.'),
    (2, 'carla@example.org', 'Carla');
insert into task values (70, 'mine', 2, 'It stays.');
insert into doc values (1, 'mine', 'n');
"""}
CHANGE = """
update person set name = 'Ada L.' where id = 70;
update task set body = printf('%.*c', 30000, 'y') where id = 1;
delete from task where id = 3;
insert into task values (4, 'new', 71, 'new');
insert into doc values (4, 'new', 'n');
delete from doc where id = 2;
"""
PROFILE = """profile:
  resources:
"""
TABLES = ("tables: [{table: person, key: [mail]}, "
          "{table: task, key: [title]}, {table: doc, key: [title]}]")
# Secrets that both sides keep in clear, so that all runs end alike.
SECRETS = ", secrets: [{column: person.name, cipher: plain}]"
FILE_SECRETS = ('secrets: [{file: etc/.env, line: PASSWORD}, '
                '{file: "etc/*.pem"}, {file: etc/c.json, json: $.token}]')
# Files of `more` go with rows; one name is taken.
OWNED = ", references: [{from: doc, file: '{name}', in: more, collide: rename}]"


class Rows(Transfer):
    """A second tree, and two databases; one is in WAL mode."""

    DBS = ("app", "log")

    def __init__(self, folder):
        super().__init__(folder)
        for side in ("src", "dst"):
            self.database(side, "app").parent.mkdir(parents=True)
            for name in self.DBS:
                wal = name == "log" and side == "dst"
                self.sql(side, name, "pragma journal_mode = "
                         f"{'wal' if wal else 'delete'};{FILL[side]}")
        write_tree(self.site.source.parent / "more",
                   {"x": "1\n", "y/z": "2\n"})
        write_tree(self.site.target.parent / "more", {"n": "mine\n"})
        write_tree(self.site.source, {
            "etc/.env": "PORT=1\nPASSWORD=first-one-1\n",
            "etc/id.pem": "first key\n", "etc/c.json": '{"token": "same"}'})
        self.write_yaml(self.site.source_yaml, self.site.source,
                        self.site.source_state)
        self.write_target()

    def database(self, side, name):
        return self.folder / side / "db" / name

    def sql(self, side, name, text):
        db = sqlite3.connect(self.database(side, name), isolation_level=None)
        db.executescript(text)
        db.close()

    def write_yaml(self, path, tree, state, extra=""):
        beside = tree.parent
        path.write_text(
            f"site: demo\nstate: {state}\n{extra}resources:\n"
            f"  - {{name: files, kind: files, path: {tree}}}\n"
            f"  - {{name: more, kind: files, path: {beside / 'more'}}}\n"
            + "".join(f"  - {{name: {name}, kind: sqlite, "
                      f"path: {beside / 'db' / name}}}\n"
                      for name in self.DBS)
            + PROFILE
            + f"    - {{resource: files, {FILE_SECRETS}}}\n"
            + "".join(f"    - {{resource: {name}, {TABLES}{SECRETS}"
                      f"{OWNED if name == 'app' else ''}}}\n"
                      for name in self.DBS))

    def write_target(self):
        s = self.site
        self.write_yaml(s.target_yaml, s.target, s.target_state,
                        f"trust:\n  - {{sender: {s.keys}/sender.pub}}\n")

    def before_import(self, first):
        self.site.import_(self.site.export(), "--allow-delete")
        self.change_source()
        self.bundle = self.site.export()

    def change_source(self):
        super().change_source()
        write_tree(self.site.source.parent / "more",
                   {"x": "newer\n", "n": "new\n"})
        write_tree(self.site.source, {
            "etc/.env": "PORT=1\nPASSWORD=second-one-2\n",
            "etc/new.pem": "another key\n"})
        (self.site.source.parent / "more" / "y" / "z").unlink()
        for name in self.DBS:
            self.sql("src", name, CHANGE)

    def keep(self):
        kept = self.folder / "kept"
        kept.mkdir()
        for part in (self.site.target.parent, self.site.target_state):
            subprocess.run(["cp", "-a", str(part), str(kept)], check=True)

    def reset_line(self):
        s = self.site
        kept = self.folder / "kept"
        return (f"rm -rf {s.target.parent} {s.target_state} && "
                f"cp -a {kept}/dst {s.target.parent} && "
                f"cp -a {kept}/state-dst {s.target_state}")

    def move_to(self, mount):
        self.site.target = mount / "dst" / "tree"
        self.site.target_state = mount / "state-dst"
        self.write_target()

    def seen(self):
        beside = self.site.target.parent
        words = ["--tree", beside / "tree", "--tree", beside / "more"]
        for name in self.DBS:
            words += ["--database", beside / "db" / name]
        return list(map(str, words))

    def not_ours(self):
        beside = self.site.target.parent
        # A journal that stays is empty: SQLite reads nothing of it.  And a
        # super-journal that no journal names may stay, a known residue.
        return (f"ls -A {beside} | grep -vxE 'tree|more|db'; "
                f"ls -A {beside}/db | grep -vxE "
                "'(app|log)(-wal|-shm|-journal)?|app-mj[0-9A-F]+'; ")


KINDS = {"rows": Rows, "import": Transfer, "import_first": Transfer, "export": Transfer,
         "attributes": Attributes, "attributes_first": Attributes}


@contextlib.contextmanager
def scratch():
    # Not /tmp, which may be a tmpfs that holds no attributes.
    folder = tempfile.mkdtemp(prefix="matrix.",
                              dir=os.environ.get("TMPDIR") or "/var/tmp")
    try:
        yield folder
    finally:
        dismantle(folder)


def run(script, arguments):
    # The leak checker cannot work under a tracer, nor is it needed here.
    environ = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
    done = subprocess.run([*PYTHON, str(TOOLS / script),
                           *map(str, arguments)], env=environ)
    return done.returncode


def matrix(o, actions, sticky=False, more=()):
    with scratch() as folder:
        return matrix_in(KINDS[o.what](folder), o, actions, sticky, more)


def matrix_in(transfer, o, actions, sticky, more):
    if o.what == "export":
        arguments = transfer.export_arguments()
    else:
        transfer.before_import(o.what.endswith("_first"))
        transfer.keep()
        arguments = transfer.import_arguments()
    chosen = [word for action in actions for word in ("--action", action)]
    if sticky:
        chosen.append("--sticky")
    if not o.all:
        sample = SAMPLE_ROWS if o.what == "rows" else SAMPLE
        chosen += ["--cases", sample[o.matrix]]
    return run("crashmatrix.py", ["--faultat", o.faultat, *chosen, *more,
                                  *arguments])


def kill(o):
    nested = ["--nested", "kinds"] if o.all and o.what != "export" else []
    return matrix(o, ("kill", "after", "torn"), more=nested)


def signal(o):
    return matrix(o, ("term",))


def fault(o):
    errors = ("ENOSPC", "EIO", "EDQUOT", "EROFS", "EMFILE", "short") \
        if o.all else ("ENOSPC", "EIO", "short")
    once = matrix(o, errors)
    sticky = matrix(o, errors[:2], sticky=True)
    return once or sticky


def corrupt_words(transfer, part):
    """What is tried on each damaged bundle; a part has a state of its own."""
    site = transfer.site
    yaml = transfer.folder / f"target-{part}.yaml"
    site.write_target_yaml(path=yaml,
                           state=transfer.folder / f"state-{part}")
    # A preview reads and checks all that an import does.
    lines = [[site.bin / "valise", "verify", "--sender",
              site.keys / "sender.pub"],
             [site.bin / "valise-import", yaml, "--preview", *site.identity]]
    words = [transfer.bundle, "--target", site.target]
    for line in lines:
        words += ["--try", shell_words(line) + " {}"]
    return words


def corrupt(o):
    with scratch() as folder:
        transfer = Transfer(folder)
        transfer.before_import(False)
        if not o.all:
            return run("corruptmatrix.py",
                       [*corrupt_words(transfer, 0), "--cases", "12"])
        parts = os.cpu_count() or 1
        running = [subprocess.Popen(
            [*PYTHON, str(TOOLS / "corruptmatrix.py"),
             *map(str, corrupt_words(transfer, i)),
             "--part", f"{i + 1}/{parts}"])
            for i in range(parts)]
        return max([one.wait() for one in running])


def power(o):
    with scratch() as folder:
        transfer = KINDS[o.what](folder)
        transfer.before_import(False)
        transfer.keep()
        # Target and state move onto the recorded disk.
        mount = transfer.folder / "mount"
        transfer.move_to(mount)
        if o.killed:
            return power_killed(transfer, o, mount)
        return power_in(transfer, o, mount, transfer.import_words())


def power_killed(transfer, o, mount):
    """The power goes while an import that was killed is recovered, or during
    the one that follows."""
    worst = 0
    points = count_points(transfer, o, mount)
    for i in range(KILLED[o.all]):
        nth = 1 + (points - 2) * (i + 1) // KILLED[o.all]
        print(f"killed at {nth} of {points}", flush=True)
        killed = [o.faultat, "-p", mount, "-n", nth, "-a", "kill", "--",
                  *transfer.import_words()]
        line = (f"{shell_words(killed)}; {transfer.recover_line()} && "
                f"{shell_words(transfer.import_words())}")
        worst = max(worst, power_in(transfer, o, mount, ["sh", "-c", line]))
    return worst


def count_points(transfer, o, mount):
    """At how many points an import can be killed; it is done and undone."""
    log = transfer.folder / "points"
    mount.mkdir(exist_ok=True)
    for line in (transfer.reset_line(),
                 shell_words([o.faultat, "-p", mount, "-l", log, "--",
                              *transfer.import_words()])):
        subprocess.run(["sh", "-c", line], check=True,
                       stdin=subprocess.DEVNULL, capture_output=True,
                       env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    for path in (transfer.site.target.parent, transfer.site.target_state):
        shutil.rmtree(path)
    return len(log.read_text(errors="replace").splitlines())


def power_in(transfer, o, mount, command):
    arguments = ["--logdisk", o.logdisk, "--mount", mount,
                 "--reset", transfer.reset_line() + " && sync",
                 "--recover", transfer.recover_line(),
                 *transfer.seen(),
                 "--samples", "3" if o.all else "1"]
    if not o.all:
        arguments += ["--points", "12" if o.killed else "30"]
    return run("powercut.py", [*arguments, "--", *command])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--faultat")
    parser.add_argument("--logdisk")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--killed", action="store_true")
    parser.add_argument("matrix",
                        choices=("kill", "signal", "fault", "corrupt",
                                 "power"))
    parser.add_argument("what", nargs="?", default="import",
                        choices=KINDS)
    o = parser.parse_args()
    if o.all and os.environ.get("VALISE_TEST_ALL") != "1":
        print("a long matrix: runs with tests/run.sh --all; skipped")
        return 77
    if KINDS[o.what] is Attributes and os.geteuid() != 0:
        print("devices and flags need root: skipped")
        return 77
    return {"kill": kill, "signal": signal, "fault": fault,
            "corrupt": corrupt, "power": power}[o.matrix](o)


if __name__ == "__main__":
    sys.exit(main())
