#!/usr/bin/env python3
"""Two file trees, compared in all that a file system keeps of them.

    treecmp.py [--without ASPECT]... [--no-sockets] [--one-file-system] A B

One line a difference: path, aspect, what A has, what B has, parted by tabs,
with everything that is not plain ASCII escaped.  Exit 0: no difference; 1:
some.  Aspects: kind, mode, owner, mtime, size, content, target, rdev, xattrs
(ACLs among them, security.selinux not), flags, holes, links (which paths are
one file).  Of directories neither size nor link count is compared, and of
nothing what no copy can keep: inode, ctime, atime.

Paths are walked by descriptors, so they may have any length, and content is
read only where the file system says that there is data.
"""
import argparse
import array
import errno
import fcntl
import hashlib
import os
import stat
import sys

KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "dir", stat.S_IFLNK: "link",
         stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket",
         stat.S_IFCHR: "char", stat.S_IFBLK: "block"}
ASPECTS = ("kind", "mode", "owner", "mtime", "size", "content", "target",
           "rdev", "xattrs", "flags", "holes", "links")

GETFLAGS = 0x80086601
# Those a user sets.  The others (extents, index, inline data ...) tell how a
# file system stores something.
FLAGS = {"secure_delete": 0x1, "undelete": 0x2, "compress": 0x4,
         "sync": 0x8, "immutable": 0x10, "append": 0x20, "nodump": 0x40,
         "noatime": 0x80, "journal_data": 0x4000, "notail": 0x8000,
         "dirsync": 0x10000, "topdir": 0x20000, "nocow": 0x800000}
# A machine's own label, which it gives by its own rules.
LABEL = b"security.selinux"

BLOCK = 65536
ZEROS = bytes(BLOCK)
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


def printable(raw):
    """Bytes as ASCII in which no two names look alike."""
    return "".join(chr(b) if 0x21 <= b < 0x7f and b != 0x5c
                   else f"\\x{b:02x}" for b in raw)


def open_folder(root, path):
    """A descriptor of root/path; the path may be longer than PATH_MAX."""
    fd = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)
    for name in path.split(b"/") if path else []:
        fd = move(fd, name, os.O_PATH)
    return fd


def move(fd, name, how=os.O_RDONLY):
    """From the open directory `fd`, which is closed, to `name` in it."""
    try:
        return os.open(name, how | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=fd)
    finally:
        os.close(fd)


# What one entry has.

def flags_of(fd):
    """Flags of an open file or directory; 0 where there is no such thing."""
    word = array.array("l", [0])
    try:
        fcntl.ioctl(fd, GETFLAGS, word)
    except OSError as error:
        if error.errno in (errno.ENOTTY, errno.EOPNOTSUPP, errno.EINVAL,
                           errno.ENOSYS):
            return 0
        raise
    return word[0] & sum(FLAGS.values())


def xattrs_of(where, follow):
    """Extended attributes of a descriptor or path, by name (bytes)."""
    found = {}
    try:
        names = os.listxattr(where, follow_symlinks=follow)
    except OSError as error:
        if error.errno == errno.EOPNOTSUPP:
            return found
        raise
    for name in map(os.fsencode, names):
        if name != LABEL:
            found[name] = os.getxattr(where, name, follow_symlinks=follow)
    return found


def holes_of(fd, size):
    """Stretches without data, (start, end) each."""
    holes = []
    at = 0
    while at < size:
        try:
            data = os.lseek(fd, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            data = size
        if data > at:
            holes.append((at, data))
        at = os.lseek(fd, data, os.SEEK_HOLE) if data < size else size
    return tuple(holes)


def content_of(fd, size, holes):
    """A hash of the content, however much of it is holes."""
    whole = hashlib.blake2b(b"%d" % size, digest_size=16)
    at = 0
    for start, end in (*holes, (size, size)):
        while at < start:
            block = os.pread(fd, BLOCK, at)
            if block != ZEROS[:len(block)]:
                whole.update(b"%d " % at + block)
            at += BLOCK
        at = max(at, end - end % BLOCK)
    return whole.hexdigest()


class Entry:
    """All that is compared of one path; also its inode and ctime."""

    def __init__(self, folder, name):
        st = os.lstat(name, dir_fd=folder)
        self.kind = KINDS[stat.S_IFMT(st.st_mode)]
        self.inode = st.st_dev, st.st_ino
        self.names = st.st_nlink
        self.changed = st.st_ctime_ns
        self.owner = f"{st.st_uid}:{st.st_gid}"
        self.mtime = st.st_mtime_ns
        self.mode = self.size = self.content = self.target = None
        self.rdev = self.holes = self.links = None
        self.flags = 0
        if self.kind in ("file", "dir"):
            self.read_open(folder, name)
        else:
            self.xattrs = xattrs_of(
                b"/proc/self/fd/%d/%s" % (folder, name), False)
        if self.kind == "link":
            self.target = os.readlink(name, dir_fd=folder)
        else:
            self.mode = stat.S_IMODE(st.st_mode)
        if self.kind in ("char", "block"):
            self.rdev = f"{os.major(st.st_rdev)}:{os.minor(st.st_rdev)}"

    def read_open(self, folder, name):
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK,
                     dir_fd=folder)
        try:
            self.flags = flags_of(fd)
            self.xattrs = xattrs_of(fd, True)
            if self.kind == "file":
                self.size = os.fstat(fd).st_size
                self.holes = holes_of(fd, self.size)
                self.content = content_of(fd, self.size, self.holes)
        finally:
            os.close(fd)


def scan(root, one_file_system=False):
    """The entries of a tree by path (bytes); the root's path is empty."""
    root = os.path.abspath(os.fsencode(root))
    parent = os.open(os.path.dirname(root), os.O_PATH | os.O_DIRECTORY)
    name = os.path.basename(root) or b"."
    try:
        found = {b"": Entry(parent, name)}
        if found[b""].kind == "dir":
            scan_below(os.open(name, FOLDER, dir_fd=parent), found,
                       one_file_system)
    finally:
        os.close(parent)
    groups = {}
    for path, entry in found.items():
        if entry.kind != "dir" and entry.names > 1:
            groups.setdefault(entry.inode, []).append(path)
    for paths in groups.values():
        if len(paths) > 1:
            group = tuple(sorted(paths))
            for path in paths:
                found[path].links = group
    return found


def scan_below(fd, found, one_file_system):
    """Everything below the open directory `fd`, which is closed.  One
    descriptor moves up and down, so depth costs none."""
    device = found[b""].inode[0]
    ways = [(b"", iter(sorted(os.listdir(fd))))]
    while ways:
        path, names = ways[-1]
        name = next(names, None)
        if name is None:
            ways.pop()
            if ways:
                fd = move(fd, b"..")
            continue
        name = os.fsencode(name)
        below = path + b"/" + name if path else name
        try:
            entry = Entry(fd, name)
        except FileNotFoundError:
            continue
        found[below] = entry
        if entry.kind == "dir" and (not one_file_system
                                    or entry.inode[0] == device):
            fd = move(fd, name)
            ways.append((below, iter(sorted(os.listdir(fd)))))
    os.close(fd)


# What tells two entries apart.

def shown(aspect, value, other):
    """What one side has, as far as the other side has not."""
    if value is None:
        return "-"
    if aspect == "mode":
        return f"{value:04o}"
    if aspect == "target":
        return printable(value)
    if aspect == "flags":
        return ",".join(w for w, bit in FLAGS.items() if value & bit) or "-"
    if aspect == "xattrs":
        return " ".join(f"{printable(name)}={data[:64].hex()}({len(data)})"
                        for name, data in sorted(value.items())
                        if other.get(name) != data) or "-"
    if aspect == "holes":
        more = [f"{a}-{b}" for a, b in value if (a, b) not in set(other)]
        return " ".join(more[:8]) or "-"
    if aspect == "links":
        more = [printable(path) for path in value if path not in (other or ())]
        return " ".join([f"{len(value)} names:", *more[:8]])
    return str(value)


def differences(a, b, without=()):
    """(path, aspect, of a, of b) of each difference of two scans."""
    for path in sorted({*a, *b}):
        one, other = a.get(path), b.get(path)
        if one is None or other is None or one.kind != other.kind:
            if "kind" not in without:
                yield (path, "kind", one.kind if one else "absent",
                       other.kind if other else "absent")
            continue
        for aspect in ASPECTS:
            mine, theirs = getattr(one, aspect), getattr(other, aspect)
            if mine != theirs and aspect not in without:
                yield (path, aspect, shown(aspect, mine, theirs),
                       shown(aspect, theirs, mine))


def without_sockets(entries):
    return {path: entry for path, entry in entries.items()
            if entry.kind != "socket"}


def line(difference):
    path, aspect, mine, theirs = difference
    return f"{printable(path) or '.'}\t{aspect}\t{mine}\t{theirs}"


def compare(a, b, without=(), sockets=True, one_file_system=False):
    """Lines of the differences of two trees; none: they are equal."""
    scans = [scan(tree, one_file_system) for tree in (a, b)]
    if not sockets:
        scans = map(without_sockets, scans)
    return list(map(line, differences(*scans, without)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--without", action="append", default=[],
                        choices=ASPECTS)
    parser.add_argument("--no-sockets", action="store_true")
    parser.add_argument("--one-file-system", action="store_true")
    parser.add_argument("a")
    parser.add_argument("b")
    o = parser.parse_args()
    found = compare(o.a, o.b, o.without, not o.no_sockets, o.one_file_system)
    for text in found:
        print(text)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
