#!/usr/bin/env python3
"""treecmp.py and awkward.py themselves: one seed gives equal trees, and each
single difference is found and called what it is."""
import os
import socket
import stat
import sys
import tempfile
import unittest
from pathlib import Path

import awkward
from metadata import (ACCESS, CAPABILITY, DEFAULT, acl, bits, capability,
                      dismantle, flags_at, in_folder)
from treecmp import FOLDER, compare, printable
from treestate import tree_state

ROOT = os.geteuid() == 0


def small(root):
    """Something of each kind, times long past."""
    t = awkward.Tree(root, 1, ROOT)
    t.file(b"file", b"content")
    t.file(b"folder/inside", b"content")
    t.link(b"link", b"file")
    t.fifo(b"fifo")
    t.sparse(b"sparse", 300000, [(150000, b"x")])
    for name in (b"a", b"b"):
        t.file(b"linked/" + name, name)
        t.hard(b"linked/%s2" % name, b"linked/" + name)
    t.xattr(b"file", "user.x", b"1")
    t.xattr(b"file", ACCESS, acl(6, 4, 4, {33: 4}))
    if ROOT:
        t.node(b"device", stat.S_IFCHR, 0o644, 1, 3)
    t.settle()


class Place:
    """A tree, and what is done to it by path without touching times."""

    def __init__(self, root):
        self.root = os.fsencode(root)

    def at(self, path):
        return os.path.join(self.root, path)

    def keep_time(self, path, change):
        """Run change() and put back the times of the path and its folder."""
        kept = [(p, os.lstat(p)) for p in (os.path.dirname(self.at(path)),
                                           self.at(path))]
        change()
        for where, st in kept:
            os.utime(where, ns=(st.st_atime_ns, st.st_mtime_ns),
                     follow_symlinks=False)

    def write(self, path, offset, data):
        def change():
            with open(self.at(path), "r+b") as file:
                file.seek(offset)
                file.write(data)
        self.keep_time(path, change)

    def again(self, path, make):
        """The entry is replaced by what make(path) makes, times kept."""
        def change():
            os.unlink(self.at(path))
            make(self.at(path))
        self.keep_time(path, change)

    def xattr(self, path, name, value):
        os.setxattr(self.at(path), name, value, follow_symlinks=False)

    def flags(self, path, *words):
        fd = os.open(self.root, FOLDER)
        flags_at(fd, path, bits(*words))
        os.close(fd)


def device(minor):
    return lambda path: os.mknod(path, stat.S_IFCHR | 0o644,
                                 os.makedev(1, minor))


# What is planted: (path, aspect, how); of one path one aspect.
PLANTED = [
    (b"file", "kind", lambda p: p.again(b"file", os.mkfifo)),
    (b"link", "kind", lambda p: p.again(
        b"link", lambda at: open(at, "w").close())),
    (b"fifo", "kind", lambda p: p.keep_time(
        b"", lambda: os.unlink(p.at(b"fifo")))),
    (b"more", "kind", lambda p: p.keep_time(
        b"", lambda: open(p.at(b"more"), "w").close())),
    (b"more", "kind", lambda p: p.keep_time(
        b"", lambda: os.mkdir(p.at(b"more")))),
    (b"fifo", "mode", lambda p: os.chmod(p.at(b"fifo"), 0o600)),
    (b"folder", "mode", lambda p: os.chmod(p.at(b"folder"), 0o1755)),
    (b"file", "mtime", lambda p: os.utime(
        p.at(b"file"), ns=(0, os.stat(p.at(b"file")).st_mtime_ns + 1))),
    (b"link", "mtime", lambda p: os.utime(p.at(b"link"), ns=(0, 0),
                                          follow_symlinks=False)),
    (b"", "mtime", lambda p: os.utime(p.root, ns=(0, 0))),
    (b"file", "content", lambda p: p.write(b"file", 6, b"T")),
    (b"folder/inside", "content",
     lambda p: p.write(b"folder/inside", 0, b"\0")),
    (b"sparse", "content", lambda p: p.write(b"sparse", 150000, b"y")),
    (b"sparse", "holes", lambda p: p.write(b"sparse", 65536, b"\0")),
    (b"sparse", "holes", lambda p: p.write(b"sparse", 299999, b"\0")),
    (b"link", "target", lambda p: p.again(
        b"link", lambda at: os.symlink("fifo", at))),
    (b"file", "xattrs", lambda p: p.xattr(b"file", "user.x", b"2")),
    (b"file", "xattrs", lambda p: p.xattr(b"file", "user.y", b"")),
    (b"file", "xattrs", lambda p: os.removexattr(p.at(b"file"), "user.x")),
    (b"file", "xattrs", lambda p: p.xattr(
        b"file", ACCESS, acl(6, 4, 4, {33: 5}))),
    (b"file", "xattrs", lambda p: p.xattr(
        b"file", ACCESS, acl(6, 4, 4, {34: 4}))),
    (b"folder", "xattrs", lambda p: p.xattr(
        b"folder", DEFAULT, acl(7, 5, 0))),
    (b"file", "flags", lambda p: p.flags(b"file", "nodump")),
    (b"folder", "flags", lambda p: p.flags(b"folder", "nodump")),
]
PLANTED_BY_ROOT = [
    (b"file", "owner", lambda p: os.chown(p.at(b"file"), 1, -1)),
    (b"link", "owner", lambda p: os.chown(p.at(b"link"), -1, 1,
                                          follow_symlinks=False)),
    (b"device", "rdev", lambda p: p.again(b"device", device(5))),
    (b"device", "kind", lambda p: p.again(
        b"device", lambda at: os.mknod(at, stat.S_IFBLK | 0o644,
                                       os.makedev(1, 3)))),
    (b"link", "xattrs", lambda p: p.xattr(b"link", "trusted.x", b"1")),
    (b"fifo", "xattrs", lambda p: p.xattr(b"fifo", "trusted.x", b"1")),
    (b"file", "xattrs", lambda p: p.xattr(b"file", CAPABILITY,
                                          capability(1))),
    (b"file", "flags", lambda p: p.flags(b"file", "immutable")),
    (b"folder", "flags", lambda p: p.flags(b"folder", "append")),
]


class Treecmp(unittest.TestCase):
    def setUp(self):
        folder = tempfile.mkdtemp(prefix="treecmp.", dir="/var/tmp")
        self.addCleanup(dismantle, folder)
        self.one = os.path.join(folder, "one")
        self.other = os.path.join(folder, "other")

    def found(self, **options):
        """(path, aspect) of each difference, the same from both sides."""
        there, back = ([tuple(line.split("\t")[:2]) for line in
                        compare(*trees, **options)] for trees in
                       ((self.one, self.other), (self.other, self.one)))
        self.assertEqual(there, back)
        return there

    def plant(self, path, aspect, how):
        dismantle(self.other)
        small(self.other)
        how(Place(self.other))
        self.assertEqual([(printable(path) or ".", aspect)], self.found())
        self.assertEqual([], self.found(without=(aspect,)))
        self.assertNotEqual(tree_state(self.one), tree_state(self.other))

    def test_equal_trees_are_equal(self):
        small(self.one)
        small(self.other)
        self.assertEqual([], self.found())
        self.assertEqual(tree_state(self.one), tree_state(self.other))

    def test_each_single_difference_is_found(self):
        small(self.one)
        for path, aspect, how in PLANTED + PLANTED_BY_ROOT * ROOT:
            with self.subTest(path=path, aspect=aspect):
                self.plant(path, aspect, how)

    def test_a_shorter_file_is_found(self):
        small(self.one)
        small(self.other)
        os.truncate(os.path.join(self.other, "folder/inside"), 3)
        self.assertEqual({"size", "content", "mtime"},
                         {aspect for _, aspect in self.found()})

    def test_names_that_are_one_file_here_and_two_there_are_found(self):
        small(self.one)
        small(self.other)
        place = Place(self.other)
        place.keep_time(b"linked", lambda: (
            os.rename(place.at(b"linked/b2"), place.at(b"linked/x")),
            os.rename(place.at(b"linked/a2"), place.at(b"linked/b2")),
            os.rename(place.at(b"linked/x"), place.at(b"linked/a2"))))
        self.assertEqual(
            {f"linked/{name}" for name in ("a", "a2", "b", "b2")},
            {path for path, aspect in self.found() if aspect == "links"})

    def test_sockets_count_unless_told_otherwise(self):
        small(self.one)
        small(self.other)
        fd = os.open(self.one, FOLDER)
        before = os.fstat(fd)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(in_folder(fd, "socket"))
        os.utime(fd, ns=(before.st_atime_ns, before.st_mtime_ns))
        os.close(fd)
        self.assertEqual([("socket", "kind")], self.found())
        self.assertEqual([], self.found(sockets=False))

    def test_names_cannot_pass_for_others(self):
        small(self.one)
        small(self.other)
        Path(self.one, "a\tkind\nfile").touch()
        lines = compare(self.one, self.other, without=("mtime",))
        self.assertEqual(["a\\x09kind\\x0afile\tkind\tfile\tabsent"], lines)


class Awkward(unittest.TestCase):
    def setUp(self):
        folder = tempfile.mkdtemp(prefix="awkward.", dir="/var/tmp")
        self.addCleanup(dismantle, folder)
        self.folder = folder

    def make(self, name, *arguments, **more):
        tree = os.path.join(self.folder, name)
        awkward.make(tree, *arguments, **more)
        return tree

    def test_one_seed_gives_one_tree(self):
        self.assertEqual([], compare(self.make("one", 1),
                                     self.make("again", 1)))

    def test_another_seed_differs_in_every_aspect_that_it_draws(self):
        lines = compare(self.make("one", 1), self.make("other", 2))
        aspects = {line.split("\t")[1] for line in lines}
        wanted = {"kind", "mode", "mtime", "size", "content", "xattrs",
                  "links"} | ({"flags"} if ROOT else set())
        self.assertEqual(set(), wanted - aspects)
        self.assertEqual([], [line for line in lines
                              if line.startswith("steady")
                              and "\tlinks\t" not in line])

    def test_it_goes_away(self):
        tree = self.make("one", 1)
        awkward.remove(tree)
        self.assertEqual([], os.listdir(self.folder))


if __name__ == "__main__":
    sys.exit(unittest.main())
