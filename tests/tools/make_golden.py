#!/usr/bin/env python3
"""Makes the golden bundles of fixtures/bundles/v0 anew.

    VALISE_BIN=build/release make_golden.py [NAME]...

Each has a folder: the bundle, what opens it (`password`, `recipient.key`,
`audit.key`), `sender.pub`, `manifest.jsonl` as valise shows it, and for each
tree `tree-RESOURCE.txt`, what the source had in the lines of treestate.py.
The trees are the same in every run.  The bundles are not: keys, ids and salts
are drawn at random, as always, and so are the hashes that are made with them.
Needs root, for owners, devices and flags.  `sample` is of another program, and
stays; `secrets` is of make_golden_secrets.py.
"""
import os
import shutil
import socket
import sqlite3
import stat
import sys
import tempfile
from pathlib import Path

from awkward import Tree
from metadata import (ACCESS, CAPABILITY, DEFAULT, acl, capability,
                      dismantle)
from treestate import tree_lines

TESTS = Path(__file__).resolve().parents[1]
V0 = TESTS.parent / "fixtures/bundles/v0"
sys.path.insert(0, str(TESTS / "flow/lib"))
from flow import Site  # noqa: E402

PASSWORD = "a password of golden bundles"
SECOND = 10**9


# The trees.

def numbered(t, path, size, piece=8192):
    """A body that compresses well and has no two equal chunks."""
    block = t.random(path, "block").randbytes(piece - 8)
    t.file(path, b"".join(n.to_bytes(8, "big") + block
                          for n in range(size // piece)))


def bodies(t):
    t.file(b"bodies/empty", b"")
    t.file(b"bodies/one-byte", b"x")
    t.file(b"bodies/same", b"the same bytes\n")
    t.file(b"bodies/same-again", b"the same bytes\n")
    t.file(b"bodies/random", t.random(b"random").randbytes(70000))
    numbered(t, b"bodies/several-blocks", 3500 * 1024)
    t.file(b"bodies/zeros", bytes(150000))
    t.file(b"bodies/zeros-within",
           b"head" + bytes(200000) + b"middle" + bytes(70000))
    t.sparse(b"bodies/holes", 1 << 21,
             [(0, b"begin"), (1 << 20, b"middle" + bytes(130000))])
    t.sparse(b"bodies/hole", 1 << 30, [])


def names(t):
    for number, name in enumerate((
            b"new\nline", b"esc\x1b[31m", b"back\\slash", b'quote"', b"-rf",
            b" ", b"\xff\xfe", b"caf\xe9", "caf\u00e9".encode(),
            "cafe\u0301".encode(), b"Case", b"case",
            "\u202egpj.exe".encode(), b"x" * 255)):
        t.file(b"names/" + name, b"%d\n" % number)
    t.file(b"names/not-\xc0\xaf/below\xff", b"below\n")
    # The slash stands below every other byte.
    t.file(b"names/order/in", b"in\n")
    t.file(b"names/order-1", b"behind\n")


def links(t):
    t.file(b"links/a", b"three names\n")
    t.hard(b"links/b", b"links/a")
    t.hard(b"links/c/\xffd", b"links/a")
    t.file(b"links/\xff0", b"two names\n")
    t.hard(b"links/\xff1", b"links/\xff0")
    t.link(b"links/inside", b"a")
    t.link(b"links/outside", b"../../etc/passwd")
    t.link(b"links/to-\xff", b"\xff\xfe")
    t.hard(b"links/inside-too", b"links/inside")


def attributes(t):
    one = t.file(b"attributes/xattrs", b"x\n")
    for name, value in (("user.text", b"plain text"), ("user.empty", b""),
                        ("user.binary", bytes(range(256))),
                        (os.fsdecode(b"user.\xff"), b"\xff")):
        t.xattr(one, name, value)
    t.xattr(t.folder(b"attributes/folder"), "user.of", b"a folder")
    t.xattr(t.file(b"attributes/acl", mode=0o640), ACCESS,
            acl(6, 4, 0, {33: 7, 54321: 4}, {33: 5}, mask=5))
    t.xattr(b"attributes/folder", DEFAULT, acl(7, 5, 0, {33: 7}))
    t.file(b"attributes/mode", mode=0o600)
    for path, time in ((b"before-1970", -3 * SECOND // 2), (b"epoch", 0),
                       (b"last", 2**33 * SECOND + 999999999)):
        t.times[t.file(b"attributes/" + path)] = time


def left_out(t):
    t.folder(b"left-out")
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(os.fsdecode(t.at(b"left-out/socket")))
    t.file(b"left-out/skip.tmp")
    t.file(b"left-out/cache.tmp/below")
    t.file(b"left-out/kept")


def machine(t):
    """What travels only when both sides say so, and owners."""
    t.own(t.file(b"owned"), 12345, 54321)
    t.fifo(b"fifo", 0o620)
    t.node(b"char", stat.S_IFCHR, 0o600, 1, 3)
    t.node(b"block", stat.S_IFBLK, 0o660, 7, 200)
    t.hard(b"fifo-too", b"fifo")
    t.file(b"setuid", mode=0o4755)
    t.xattr(t.file(b"capable"), CAPABILITY, capability(1 << 10))
    t.xattr(t.file(b"trusted"), "trusted.mine", b"\0\1\2")
    t.xattr(t.link(b"link", b"x"), "trusted.mine", b"of a link")
    t.xattr(t.fifo(b"fifo-acl"), ACCESS, acl(6, 4, 0, {33: 6}))
    t.flag(t.file(b"nodump"), "nodump", "noatime")
    t.flag(t.file(b"fixed/file"), "immutable")
    t.flag(b"fixed", "append")
    t.flag(t.folder(b"folder"), "dirsync", "topdir")


def desk(t):
    t.file(b"letters/ada", b"Dear Ada,\n")
    t.file(b"shared", b"in both resources\n")


def shelf(t):
    t.file(b"book", b"It was a dark and stormy night.\n" * 100)
    t.file(b"shared", b"in both resources\n")


def nothing(t):
    pass


# A database: all that a line of one can say.

SCHEMA = '''
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
    boss INTEGER REFERENCES people (id), photo BLOB);
CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE,
    author INTEGER REFERENCES people (id), body TEXT, settings TEXT,
    draft INTEGER, filters TEXT);
CREATE TABLE tags (note INTEGER REFERENCES notes (id), tag INTEGER,
    PRIMARY KEY (note, tag)) WITHOUT ROWID;
CREATE TABLE cells (name TEXT PRIMARY KEY, value);
CREATE TABLE "odd ""name""" ("a \u00fcber" TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE empty (a TEXT PRIMARY KEY);
CREATE TABLE drafts (id INTEGER PRIMARY KEY, text TEXT);
'''
CELLS = {
    "null": None, "zero": 0, "most": 2**63 - 1, "least": -2**63,
    "15 digits": 10**15 - 1, "16 digits": -10**15, "one": 1.0,
    "minus zero": -0.0, "tenth": 0.1, "17 digits": 0.1 + 0.2,
    "smallest": 5e-324, "infinite": float("-inf"), "text": "\u00e9\n\t\"\\",
    "no text": "", "blob": bytes(range(256)), "no blob": b"",
    "large blob": bytes(range(256)) * 40, "large text": "0123456789" * 700,
}
PROFILE = """application: notebook
version: {resource: app, sql: SELECT 3}
resources:
  - resource: app
    tables:
      - {table: people, key: [name]}
      - {table: notes, key: [title]}
      - {table: drafts, skip: true, key: [text]}
    references:
      - {from: notes.body, pattern: '/notes/(\\d+)', to: notes}
      - {from: notes.settings, json: '$.by', to: people}
      - {from: notes.settings, json: '$.see[*]', to: notes}
      - {from: notes.draft, to: drafts, on_dangling: keep}
      - {from: notes.filters, yaml: '$.owner', to: people.name}
      - {from: notes.filters, yaml: '$.seen[*]', to: people.name}
      - {from: notes.filters, yaml: '$.text', pattern: 'by (\\w+)',
         to: people.name}
"""


def database(path):
    db = sqlite3.connect(path)
    db.executescript(SCHEMA)
    db.executemany("INSERT INTO people VALUES (?, ?, ?, ?)", [
        (17, "Ada", None, b"\0\xff"), (4, "Blaise", 17, None),
        (5, "Chlo\u00eb", 4, bytes(5000))])
    db.executemany("INSERT INTO notes VALUES (?, ?, ?, ?, ?, ?, ?)", [
        (1, "first", 17, "see /notes/2 and /notes/1",
         '{"by": "17", "see": [2, 1]}', 90,
         "owner: Ada\nseen: ['Blaise', \"Ada\"]\ntext: by Blaise alone\n"),
        (2, "second", 4, "far behind " * 600 + "/notes/1", None, None, None)])
    db.executemany("INSERT INTO tags VALUES (?, ?)", [(1, 9), (1, 10), (2, 9)])
    db.executemany("INSERT INTO cells VALUES (?, ?)", CELLS.items())
    db.execute("INSERT INTO cells VALUES ('bytes', CAST(x'ff41' AS TEXT)),"
               " ('nul', CAST(x'410042' AS TEXT))")
    db.execute('INSERT INTO "odd ""name""" VALUES (?)', ("\u202egpj.exe",))
    db.execute("INSERT INTO drafts VALUES (90, 'not to travel')")
    db.commit()
    db.close()


# The bundles.

class Maker:
    """One golden bundle: its site, and the folder that it goes to."""

    def __init__(self, name, folder):
        self.name = name
        self.folder = Path(folder)
        self.site = Site(folder)
        self.audit = self.folder / "audit"
        self.password = self.folder / "password"
        self.password.touch(0o600)
        self.password.write_text(PASSWORD)
        self.resources = []
        for keys in (self.site.keys, self.audit):
            self.site.run("valise", "keygen", keys)

    def tree(self, resource, *parts):
        self.resources.append(resource)
        t = Tree(self.root(resource), 1, True)
        for part in parts:
            part(t)
        t.settle()
        if t.missing:
            raise SystemExit(f"not to be had here: {t.missing}")

    def root(self, resource):
        return self.folder / "src" / resource

    def write_site(self, words=""):
        self.site.source_yaml.write_text(
            f"site: golden\nstate: {self.site.source_state}\nresources:\n"
            + "".join(f"  - name: {name}\n    kind: files\n"
                      f"    path: {self.root(name)}\n{words}"
                      for name in self.resources))

    def export(self, *words):
        """Without the recipient whom Site.export always has."""
        result = self.site.run(
            "valise-export", self.site.source_yaml, "--to", self.site.medium,
            "--sign-key", self.site.keys / "sender.key", "--kdf", "light",
            "--frame-log2", "16", *words)
        return Path(result.out.strip())

    @property
    def recipient(self):
        return "--recipient", self.site.keys / "recipient.pub"

    @property
    def auditor(self):
        return "--audit-recipient", self.audit / "recipient.pub"

    def store(self, bundle, keys, left_out=()):
        """`keys` are names of what opens it."""
        to = V0 / self.name
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(bundle, to / bundle.name)
        held = {"password": self.password, "sender.pub":
                self.site.keys / "sender.pub", "recipient.key":
                self.site.keys / "recipient.key", "audit.key":
                self.audit / "recipient.key"}
        for name in ("sender.pub", *keys):
            shutil.copy(held[name], to / name)
            os.chmod(to / name, 0o644)
        word = "--password-file" if keys[0] == "password" else "--identity"
        with open(to / "manifest.jsonl", "w", encoding="utf-8") as file:
            file.write(self.site.run("valise", "ls", bundle, "--json", word,
                                     held[keys[0]]).out)
        for name in self.resources:
            with open(to / f"tree-{name}.txt", "w", encoding="ascii") as file:
                for line in tree_lines(self.root(name)):
                    if not line.startswith(left_out):
                        file.write(line + "\n")


def make_tree(m):
    m.tree("tree", bodies, names, links, attributes, left_out)
    m.write_site('    exclude: ["*.tmp"]\n')
    bundle = m.export("--password-file", m.password, *m.recipient, *m.auditor)
    m.store(bundle, ("password", "recipient.key", "audit.key"),
            ("left-out/cache.tmp", "left-out/skip.tmp", "left-out/socket"))


def make_machine(m):
    m.tree("machine", machine)
    m.write_site("    special: true\n    privileged: true\n")
    m.store(m.export(*m.recipient), ("recipient.key",))


def make_rekeyed(m):
    """The second of its series, of two resources."""
    m.tree("desk", desk)
    m.tree("shelf", shelf)
    m.write_site()
    old = m.folder / "old"
    old.write_text("the password it was made with")
    m.export("--password-file", old)
    book = m.root("shelf") / "book"
    book.write_text("It was a bright and silent night.\n" * 100)
    os.utime(book, ns=(10**18, 10**18))
    bundle = m.export("--password-file", old)
    m.site.run("valise", "rekey", bundle, "--sign-key",
               m.site.keys / "sender.key", "--password-file", old,
               "--new-password-file", m.password, "--kdf", "light",
               *m.recipient, *m.auditor)
    m.store(bundle, ("password", "recipient.key", "audit.key"))


def make_empty(m):
    m.tree("tree", nothing)
    m.write_site()
    m.store(m.export("--password-file", m.password, "--allow-empty"),
            ("password",))


def make_database(m):
    """Beside a tree, which a reader of trees still has."""
    m.tree("desk", desk)
    m.write_site()
    database(m.folder / "app.db")
    (m.folder / "notebook.yaml").write_text(PROFILE, encoding="utf-8")
    with open(m.site.source_yaml, "a", encoding="ascii") as file:
        file.write("  - name: app\n    kind: sqlite\n"
                   f"    path: {m.folder}/app.db\n"
                   f"profile: {m.folder}/notebook.yaml\n")
    m.store(m.export("--password-file", m.password, *m.recipient, *m.auditor),
            ("password", "recipient.key", "audit.key"))


MAKERS = {"tree": make_tree, "database": make_database, "machine": make_machine,
          "rekeyed": make_rekeyed, "empty": make_empty}


def main():
    if os.geteuid() != 0:
        raise SystemExit("needs root")
    for name in sys.argv[1:] or MAKERS:
        folder = tempfile.mkdtemp(prefix="golden.", dir="/var/tmp")
        os.umask(0o022)
        try:
            MAKERS[name](Maker(name, folder))
        finally:
            dismantle(folder)


if __name__ == "__main__":
    main()
