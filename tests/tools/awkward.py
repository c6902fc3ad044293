#!/usr/bin/env python3
"""A tree of everything that makes copying hard.

    awkward.py DIR [--seed N] [--unprivileged] [--huge] [--beyond]
    awkward.py --remove DIR

DIR must be absent or empty.  One seed gives one tree, to the nanosecond; with
another, the same paths have other contents, attributes and, below `turns`,
other types, and some paths come and go: what an import over the first has to
deal with.  Only `steady` is the same with every seed.  DIR.outside holds the
name that one hard link has outside of the tree.

--unprivileged makes only what its maker can read again without being root;
--huge adds a terabyte of hole; --beyond paths that are longer and deeper than
valise carries.  What the file system refuses is named on stderr.
"""
import argparse
import os
import random
import socket
import stat
import sys

from metadata import (ACCESS, CAPABILITY, DEFAULT, Missing, acl, bits,
                      capability, dismantle, flags_at, in_folder)
from treecmp import FOLDER, move

NAMES = [
    b"new\nline", b"cr\rhere", b"tab\there", b"esc\x1b[31mred\x1b[0m",
    bytes(range(1, 32)), b"del\x7f", b'double"quote', b"single'quote",
    b"back\\slash", b"-rf", b"--delete", b"-", b" leading", b"trailing ",
    b"two  spaces", b" ", b"dot.", b"...", b"..a", b".hidden", b".git",
    b".valise.yaml", b".valise", b"CON", b"nul.txt", b"LPT1.", b"a:b", b"*",
    b"?", b"<>|", b"$HOME", b"$(id)", b"`id`", b"%s%n%x", b"#comment",
    b"!keep", b"[a-z]", b"~", b"~root", b"%2e%2e", b"{a}", b"a;b&c", b"a=b",
    b"x" * 255, "€".encode() * 85, b"\xff" * 255,
    # Not UTF-8: stray, Latin-1, overlong slash, surrogate, cut off.
    b"\xff\xfe", b"caf\xe9", b"\xc0\xaf", b"\xed\xa0\x80", b"\xe2\x82",
    # Twins for who normalises or folds.
    "caf\u00e9".encode(), "cafe\u0301".encode(), b"Case", b"case", b"CASE",
    "ß".encode(), "SS".encode(), b"ss", "İ".encode(), "ı".encode(),
    "\u212b".encode(), "\u00c5".encode(), "ﬁ".encode(), b"fi",
    # For who shows them.
    "\u202egpj.exe".encode(), "\u2066iso".encode(), "\ufeffbom".encode(),
    "\u0085nel".encode(), "\u200b".encode(), "😀".encode(),
    "👩\u200d👩\u200d👧".encode(), "\u2028".encode()]

# Zero blocks have 65,536 bytes; chunks 65,536, 262,144, 1,048,576.
SIZES = [0, 1, 2, 4095, 4096, 4097] + [
    size + more for size in (65536, 131072, 262144, 1048576)
    for more in (-1, 0, 1)]

# Owners that machines know, and some that none does.
OWNERS = [(0, 0), (1, 1), (33, 33), (65534, 65534), (12345, 54321),
          (0, 4294967294), (4294967294, 0), (1000, 65535), (65536, 1000)]

SECOND = 10**9
# Its least and its greatest are those of ext4.
TIMES = [0, 1, -1, SECOND - 1, -SECOND, -SECOND - 1, -3 * SECOND // 2,
         -(2**31) * SECOND, (2**31 - 1) * SECOND, 2**31 * SECOND,
         2**32 * SECOND + 5, 2**33 * SECOND + 999999999,
         (2**34 - 2**31 - 1) * SECOND]


class Tree:
    """A tree in the making.  Times come at the end, since every new entry
    changes its directory's, then modes of directories, then flags."""

    def __init__(self, root, seed, privileged):
        self.root = os.path.abspath(os.fsencode(root))
        self.seed = seed
        self.privileged = privileged
        self.missing = Missing()
        self.times = {}
        self.modes = {}
        self.flags = {}
        os.makedirs(self.root, exist_ok=True)
        if os.listdir(self.root):
            raise FileExistsError(f"not empty: {root}")

    def at(self, path):
        return self.root + b"/" + path

    def random(self, path, salt=""):
        """What decides about `path`."""
        seed = 0 if path.startswith(b"steady") else self.seed
        return random.Random(f"{seed} {salt} {path.hex()}")

    # Entries.

    def folder(self, path, mode=0o755):
        os.makedirs(self.at(path), exist_ok=True)
        self.modes[path] = mode
        return path

    def file(self, path, data=None, mode=0o644):
        if data is None:
            draw = self.random(path, "data")
            data = draw.randbytes(draw.randrange(1, 300))
        os.makedirs(os.path.dirname(self.at(path)), exist_ok=True)
        with open(self.at(path), "xb") as file:
            file.write(data)
            # Writing would take setuid and setgid off again.
            file.flush()
            os.fchmod(file.fileno(), mode)
        return path

    def sparse(self, path, size, pieces):
        """A file of holes with `pieces`, [(offset, bytes)], in it."""
        self.file(path, b"")
        with open(self.at(path), "r+b") as file:
            for offset, data in pieces:
                file.seek(offset)
                file.write(data)
            file.truncate(size)
            # Until then some file systems tell of less holes.
            os.fsync(file.fileno())
        return path

    def link(self, path, target):
        os.makedirs(os.path.dirname(self.at(path)), exist_ok=True)
        os.symlink(target, self.at(path))
        return path

    def node(self, path, kind, mode=0o644, major=0, minor=0):
        os.makedirs(os.path.dirname(self.at(path)), exist_ok=True)
        os.mknod(self.at(path), kind | mode, os.makedev(major, minor))
        os.chmod(self.at(path), mode)
        return path

    def fifo(self, path, mode=0o644):
        return self.node(path, stat.S_IFIFO, mode)

    def hard(self, path, to):
        os.makedirs(os.path.dirname(self.at(path)), exist_ok=True)
        os.link(self.at(to), self.at(path), follow_symlinks=False)
        return path

    # Attributes.

    def own(self, path, uid, gid):
        os.chown(self.at(path), uid, gid, follow_symlinks=False)

    def xattr(self, path, name, value):
        return self.missing.attempt(
            f"xattr {name}", os.setxattr, self.at(path), name, value,
            follow_symlinks=False)

    def flag(self, path, *words):
        self.flags[path] = bits(*words)

    # The end.

    def settle(self):
        self.settle_times(os.open(self.root, FOLDER))
        for path, mode in sorted(self.modes.items(), reverse=True):
            os.chmod(self.at(path), mode)
        parent = os.open(self.root, FOLDER)
        try:
            for path, flags in self.flags.items():
                self.missing.attempt(f"flags {flags:#x}", flags_at, parent,
                                     path, flags)
        finally:
            os.close(parent)

    def settle_times(self, fd):
        """From below, since nothing else comes after; closes `fd`."""
        ways = [(b"", iter(sorted(os.listdir(fd))))]
        while True:
            path, names = ways[-1]
            name = next(names, None)
            if name is None:
                ways.pop()
                os.utime(fd, ns=self.time_of(path))
                if not ways:
                    break
                fd = move(fd, b"..")
                continue
            name = os.fsencode(name)
            below = path + b"/" + name if path else name
            if stat.S_ISDIR(os.lstat(name, dir_fd=fd).st_mode):
                fd = move(fd, name)
                ways.append((below, iter(sorted(os.listdir(fd)))))
            else:
                os.utime(name, ns=self.time_of(below), dir_fd=fd,
                         follow_symlinks=False)
        os.close(fd)

    def time_of(self, path):
        drawn = 10**18 + self.random(path, "time").randrange(5 * 10**17)
        time = self.times.get(path, drawn)
        return time, time


# The parts, each below a directory of its own.

def names(t):
    for name in NAMES:
        t.file(b"names/" + name)
    for name in (b"new\nline", b"-rf", b"\xff\xfe", b"CON", b"x" * 255,
                 "\u202e".encode(), b".valise", b"dot."):
        t.file(b"names-of-folders/" + name + b"/" + name)
        t.link(b"names-of-links/" + name, name)
    # "/" comes below every byte in a path, though not in ASCII.
    for path in (b"a/b", b"a/\x01", b"a-1", b"a.b", b"a0", b"a\x01", b"a b",
                 b"ab/c", b"A", b"a\xff", "aé".encode()):
        t.file(b"order/" + path)


def turns(t):
    """Ten paths that take turns in being ten things."""
    t.file(b"turns/base")
    for i in range(10):
        path = b"turns/%d" % i
        turn = (i + t.seed) % 10
        if turn == 0:
            t.file(path + b"/child/deep")
        elif turn == 1:
            t.folder(path)
        elif turn == 2:
            t.file(path, b"")
        elif turn == 3:
            t.link(path, b"base")
        elif turn == 4:
            t.fifo(path)
        elif turn == 5 and t.privileged:
            t.node(path, stat.S_IFCHR, 0o600, 1, 3)
        elif turn == 6 and t.privileged:
            t.node(path, stat.S_IFBLK, 0o600, 7, 0)
        elif turn == 7:
            t.hard(path, b"turns/base")
        elif turn == 8:
            t.sparse(path, 300000, [(200000, b"x")])
        else:
            t.file(path)


def sizes(t):
    for size in SIZES:
        t.file(b"sizes/%d" % size, t.random(b"%d" % size).randbytes(size))
    t.file(b"sizes/text", b"the same line again\n" * 20000)
    t.file(b"sizes/twin", b"the same line again\n" * 20000)
    for path in (b"empty/folder", b"empty/one/in/another"):
        t.folder(path)
    t.file(b"empty/file", b"")
    for i in range(400):
        t.file(b"many/%03d-%s" % (i, b"n" * 40), b"%d" % i)


def holes(t):
    noise = t.random(b"holes").randbytes
    for size in (1, 4096, 65535, 65536, 65537, 1 << 20):
        t.file(b"zeros/%d" % size, bytes(size))
        t.sparse(b"holes/all-%d" % size, size, [])
    t.file(b"zeros/then-data", bytes(70000) + noise(3))
    t.file(b"zeros/behind-data", noise(3) + bytes(200000))
    t.sparse(b"holes/leading", 130005, [(130000, noise(5))])
    t.sparse(b"holes/trailing", 300001, [(0, noise(5000))])
    t.sparse(b"holes/middle", 222222, [(0, noise(5001)),
                                       (200001, noise(22221))])
    t.sparse(b"holes/within-a-block", 65536, [(0, noise(4096)),
                                              (32768, noise(4096))])
    t.sparse(b"holes/block", 3 * 65536, [(0, noise(65536)),
                                         (131072, noise(65536))])
    # Written zeros beside a hole, on both sides of a block's end.
    t.sparse(b"holes/beside-zeros", 600000,
             [(0, bytes(100000)), (196608, bytes(65536)), (500000, noise(9))])
    t.sparse(b"holes/many", 300 * 8192,
             [(i * 8192, noise(100)) for i in range(300)])
    t.sparse(b"holes/many-large", 40 * 262144,
             [(i * 262144 + 4097 * i, noise(4097)) for i in range(40)])


def huge(t):
    draw = t.random(b"huge").randbytes
    t.sparse(b"huge/terabyte", 1 << 40,
             [((i << 36) + 4096 * i, draw(65536)) for i in range(16)])
    t.sparse(b"huge/five-gigabytes", 5 << 30, [((5 << 30) - 3, draw(3))])


def hard_links(t):
    t.file(b"hard/one")
    t.hard(b"hard/two", b"hard/one")
    t.file(b"hard/a/first")
    t.hard(b"hard/b/second", b"hard/a/first")
    t.hard(b"hard/third", b"hard/a/first")
    t.file(b"hard/hundred/00")
    for i in range(1, 100):
        t.hard(b"hard/hundred/%02d" % i, b"hard/hundred/00")
    t.link(b"hard/link", b"one")
    t.hard(b"hard/link-too", b"hard/link")
    t.fifo(b"hard/fifo")
    t.hard(b"hard/fifo-too", b"hard/fifo")
    t.file(b"hard/empty", b"")
    t.hard(b"hard/empty-too", b"hard/empty")
    t.sparse(b"hard/sparse", 1 << 20, [(700000, b"x")])
    t.hard(b"hard/sparse-too", b"hard/sparse")
    if t.privileged:
        t.node(b"hard/device", stat.S_IFCHR, 0o666, 1, 5)
        t.hard(b"hard/device-too", b"hard/device")
    # One inode below what stays and below what is new with each seed.
    t.file(b"steady/folder/linked")
    t.file(b"steady/folder/alone")
    t.hard(b"hard/new-%d/linked" % t.seed, b"steady/folder/linked")
    # Groups that change hands: who is linked to whom goes by the seed.
    t.file(b"hard/regroup/a", b"same")
    t.file(b"hard/regroup/b", b"same")
    for i in range(6):
        t.hard(b"hard/regroup/%d" % i,
               t.random(b"regroup%d" % i).choice((b"hard/regroup/a",
                                                  b"hard/regroup/b")))
    t.file(b"hard/cut")
    t.hard(b"hard/cut-too", b"hard/cut")
    outside = t.root + b".outside"
    os.makedirs(outside, exist_ok=True)
    os.link(t.at(b"hard/cut"), outside + b"/name")


def symlinks(t):
    targets = [b"nowhere", b"/etc/passwd", b"/", b".", b"..", b"itself",
               b"../../../../../../etc", b"../sizes", b"../sizes/", b"a//b",
               b"./x/../y", b"new\nline", b"\xff\xfe", b" ", b"-rf",
               "\u202eevil".encode(), b"\x1b[2J", b"x" * 59, b"x" * 60,
               b"x" * 61, b"y/" * 500 + b"z", b"z/" * 2047 + b"z"]
    for i, target in enumerate(targets):
        t.missing.attempt(f"link of {len(target)} bytes", t.link,
                          b"symlinks/%02d" % i, target)
    t.link(b"symlinks/itself", b"itself")
    t.link(b"symlinks/loop-a", b"loop-b")
    t.link(b"symlinks/loop-b", b"loop-a")


def specials(t):
    for mode in (0o000, 0o600, 0o666, 0o7777):
        t.fifo(b"specials/fifo-%04o" % mode, mode)
    if t.privileged:
        for major, minor in ((1, 3), (1, 5), (0, 0), (5, 0), (10, 130),
                             (4095, 1048575), (259, 65536)):
            for kind, word in ((stat.S_IFCHR, b"char"),
                               (stat.S_IFBLK, b"block")):
                t.missing.attempt(
                    f"device {major}:{minor}", t.node,
                    b"specials/%s-%d-%d" % (word, major, minor), kind, 0o640,
                    major, minor)
    for name in (b"plain.socket", b"new\nline.socket"):
        os.makedirs(t.at(b"sockets"), exist_ok=True)
        parent = os.open(t.at(b"sockets"), FOLDER)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(in_folder(parent, name))
        os.close(parent)


def modes(t):
    for mode in sorted({0, 0o777, 0o7777, 0o4755, 0o2755, 0o6755, 0o1777,
                        0o1644, 0o2644, 0o500, *(1 << i for i in range(12))}):
        if t.privileged or mode & 0o400:
            t.file(b"modes/file-%04o" % mode, mode=mode)
        if t.privileged or mode & 0o500 == 0o500:
            folder = t.folder(b"modes/folder-%04o" % mode, mode)
            t.file(folder + b"/in/side")
    # Modes that only the seed decides: a later import changes them alone.
    for i in range(20):
        t.file(b"modes/drawn-%d" % i, b"steady content",
               t.random(b"mode%d" % i).randrange(0o10000) | 0o400)


def owners(t):
    for i, (uid, gid) in enumerate(OWNERS):
        # Given to somebody else, a file loses these bits; so they come last.
        t.own(t.file(b"owners/file-%d" % i), uid, gid)
        os.chmod(t.at(b"owners/file-%d" % i), 0o6711)
        t.own(t.folder(b"owners/folder-%d" % i, 0o2750), uid, gid)
        t.file(b"owners/folder-%d/root-owned" % i)
        t.own(t.link(b"owners/link-%d" % i, b"file-0"), uid, gid)
        t.own(t.fifo(b"owners/fifo-%d" % i), uid, gid)


def times(t):
    for i, time in enumerate(TIMES):
        for path in (t.file(b"times/file-%02d" % i),
                     t.folder(b"times/folder-%02d" % i),
                     t.link(b"times/link-%02d" % i, b"x"),
                     t.fifo(b"times/fifo-%02d" % i)):
            t.times[path] = time


def xattrs(t):
    put = [("user.text", b"plain text"), ("user.empty", b""),
           ("user.binary", bytes(range(256))), ("user.zeros", bytes(40)),
           ("user.", b"no name"), ("user.a", b"1"), ("user.a.b", b"2"),
           ("user.a-b", b"3"), ("user." + "n" * 250, b"255 bytes"),
           ("user.new\nline", b"x"), ("user.quote\"=", b"x"),
           ("user.€", "€".encode()), (os.fsdecode(b"user.\xff"), b"\xff")]
    for i, (name, value) in enumerate(put):
        t.xattr(t.file(b"xattrs/file-%02d" % i), name, value)
        t.xattr(t.folder(b"xattrs/folder-%02d" % i), name, value)
    many = t.file(b"xattrs/many")
    for i in range(50):
        t.xattr(many, f"user.many.{i}", t.random(b"%d" % i).randbytes(8))
    large = t.file(b"xattrs/large")
    for size in range(4040, 3000, -20):
        # As much as fits into one block with what is around it.
        if t.xattr(large, "user.large", t.random(large).randbytes(size)):
            t.missing.discard("xattr user.large")
            break
    for i in range(10):
        path = t.file(b"xattrs/drawn-%d" % i, b"steady content")
        for word in t.random(path).sample("abcdefgh", 3):
            t.xattr(path, f"user.{word}", t.random(path, word).randbytes(9))
    if t.privileged:
        for make in (t.file, t.folder, t.fifo):
            path = make(b"xattrs/trusted-" + make.__name__.encode())
            t.xattr(path, "trusted.mine", b"\0\1\2")
            t.xattr(path, "security.valise-test", b"\0\1\2")
        link = t.link(b"xattrs/trusted-link", b"x")
        t.xattr(link, "trusted.mine", b"of a link")
        t.xattr(t.folder(b"xattrs/opaque"), "trusted.overlay.opaque", b"y")
        capabilities(t)


def capabilities(t):
    for name, value in ((b"v2", capability(1 << 10)),
                        (b"v2-inheritable", capability(0, 1 << 13, False)),
                        (b"v2-high", capability(1 << 38 | 1)),
                        (b"v3", capability(1 << 10, root=100000))):
        path = t.file(b"capabilities/" + name, mode=0o755)
        t.own(path, 33, 33)
        t.xattr(path, CAPABILITY, value)


def acls(t):
    known, unknown = {0: 7, 33: 5}, {54321: 6, 4294967294: 1}
    put = {b"users": acl(6, 4, 0, known), b"groups": acl(7, 0, 5, (), known),
           b"unknown": acl(6, 0, 0, unknown, unknown),
           b"mask": acl(7, 7, 0, known, known, mask=1),
           b"mask-0": acl(6, 6, 6, known, mask=0),
           b"mask-alone": acl(6, 4, 4, mask=2),
           b"nobody-can": acl(0, 0, 0, {33: 0}),
           b"many": acl(6, 4, 4, {i * 7 + 1000: i % 8 for i in range(60)})}
    for name, value in put.items():
        readable = t.privileged or name != b"nobody-can"
        if readable:
            t.xattr(t.file(b"acls/file-" + name), ACCESS, value)
        t.xattr(t.fifo(b"acls/fifo-" + name), ACCESS, value)
        folder = t.folder(b"acls/default-" + name)
        t.xattr(folder, DEFAULT, value)
        both = b"acls/both-" + name
        os.mkdir(t.at(both))
        t.xattr(both, ACCESS, acl(7, 5, 0, {33: 7}))
        t.xattr(both, DEFAULT, value)
        # One inherits; of the other everything was taken.
        t.file(folder + b"/inherits")
        bare = t.file(folder + b"/bare")
        if ACCESS in os.listxattr(t.at(bare)):
            os.removexattr(t.at(bare), ACCESS)
        # Not so much that its maker may not enter it.
        os.chmod(t.at(t.folder(both + b"/inherits")), 0o755)
    t.xattr(t.folder(b"acls/default-three"), DEFAULT, acl(7, 5, 0))
    for i in range(10):
        path = t.file(b"acls/drawn-%d" % i, b"steady content", 0o640)
        draw = t.random(path)
        if draw.random() < 0.7:
            t.xattr(path, ACCESS, acl(6, 4, 0, {
                uid: draw.randrange(8) for uid in draw.sample(range(9), 2)}))
    os.mkdir(t.at(b"acls/setgid"))
    os.chmod(t.at(b"acls/setgid"), 0o2770)
    t.xattr(b"acls/setgid", DEFAULT, acl(7, 7, 0, (), {33: 7}))


def flags(t):
    t.flag(t.file(b"flags/nodump"), "nodump")
    t.flag(t.folder(b"flags/folder-nodump"), "nodump")
    t.file(b"flags/folder-nodump/without")
    if not t.privileged:
        return
    for word in ("append", "compress", "immutable", "journal_data",
                 "noatime", "notail", "secure_delete", "sync", "undelete",
                 "nocow"):
        t.flag(t.file(b"flags/" + word.encode()), word)
    for word in ("append", "dirsync", "immutable", "noatime", "sync",
                 "topdir"):
        folder = t.folder(b"flags/folder-" + word.encode())
        t.flag(folder, word)
        t.file(folder + b"/inside")
        t.link(folder + b"/link", b"inside")
        t.fifo(folder + b"/sub/fifo")
    t.flag(t.file(b"flags/folder-immutable/append"), "append", "nodump")
    t.flag(t.file(b"flags/all"), "append", "immutable", "noatime", "nodump",
           "sync")
    t.flag(t.file(b"flags/linked"), "immutable")
    t.hard(b"flags/folder-append/linked", b"flags/linked")
    locked = t.file(b"flags/with-everything", mode=0o4711)
    t.xattr(locked, "user.x", b"y")
    t.xattr(locked, ACCESS, acl(7, 1, 1, {33: 5}))
    t.flag(locked, "immutable")
    # Whether these are locked, or there at all, goes by the seed.
    for i in range(12):
        draw = t.random(b"flag%d" % i)
        path = b"flags/drawn-%d" % i
        if draw.random() < 0.8:
            t.file(path, b"%d" % draw.randrange(2))
            t.flag(path, *draw.sample(("immutable", "append", "nodump"), 1))
    if t.seed % 2:
        t.flag(t.file(b"flags/goes/with/it"), "immutable")
        t.flag(b"flags/goes", "append")
        t.flag(b"flags/goes/with", "immutable")


def chain(t, components, last):
    """A file `last` below directories of these names, of any length."""
    fd = os.open(t.root, FOLDER)
    for name in components:
        if not os.access(name, os.F_OK, dir_fd=fd, follow_symlinks=False):
            os.mkdir(name, dir_fd=fd)
        fd = move(fd, name)
    for name in last:
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644,
                         dir_fd=fd))
    os.close(fd)


def depths(t):
    """1,000 components, and 8,192 bytes, as deep as a manifest goes."""
    chain(t, [b"deep"] + [b"d"] * 998, [b"bottom"])
    long = [b"long"] + [b"l" * 255] * 31
    chain(t, long[:16], [b"p" * n for n in (250, 251, 252)])
    chain(t, long, [b"e" * 251])


def beyond(t):
    chain(t, [b"beyond"] + [b"d"] * 999, [b"bottom"])
    chain(t, [b"longer"] + [b"l" * 255] * 31, [b"e" * 250])


def drawn(t):
    """Paths that come, go and change with the seed."""
    for i in range(60):
        draw = t.random(b"drawn%d" % i)
        path = b"drawn/%d/%d" % (i % 7, i)
        if draw.random() < 0.3:
            continue
        t.file(path, draw.randbytes(draw.choice((0, 9, 9, 5000, 200000))),
               draw.choice((0o600, 0o644, 0o755)))
        if draw.random() < 0.3:
            t.hard(path + b"-too", path)


PARTS = (names, turns, sizes, holes, hard_links, symlinks, specials, modes,
         times, xattrs, acls, flags, depths, drawn)


def make(root, seed=1, privileged=None, more=(), parts=PARTS):
    """Make the tree; what could not be had (Missing) is returned."""
    if privileged is None:
        privileged = os.geteuid() == 0
    t = Tree(root, seed, privileged)
    before = os.umask(0o022)
    try:
        for part in (*parts, *((owners,) if privileged else ()), *more):
            part(t)
        t.settle()
    finally:
        os.umask(before)
    return t.missing


def remove(root):
    dismantle(root)
    dismantle(os.fsencode(root) + b".outside")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--unprivileged", action="store_true")
    parser.add_argument("--huge", action="store_true")
    parser.add_argument("--beyond", action="store_true")
    parser.add_argument("--remove", action="store_true")
    parser.add_argument("tree")
    o = parser.parse_args()
    if o.remove:
        remove(o.tree)
        return 0
    more = (huge,) * o.huge + (beyond,) * o.beyond
    missing = make(o.tree, o.seed, False if o.unprivileged else None, more)
    for what in sorted(missing):
        print(f"not to be had here: {what}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
