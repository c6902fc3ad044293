#!/usr/bin/env python3
"""Attributes of files for the tests, and trees that have them.

    metadata.py copy FROM TO | remove TREE

What generators set, as the kernel wants to have it: ACLs, file capabilities,
flags.  `copy` is cp -a and flags, onto a TO that is removed first; `remove`
takes flags off before.
"""
import argparse
import array
import errno
import fcntl
import os
import stat
import struct
import subprocess
import sys

from treecmp import FLAGS, FOLDER, GETFLAGS, flags_of, move, scan

SETFLAGS = 0x40086602
LOCKS = FLAGS["immutable"] | FLAGS["append"]
ACCESS = "system.posix_acl_access"
DEFAULT = "system.posix_acl_default"
CAPABILITY = "security.capability"
TAGS = {"u::": 0x01, "u": 0x02, "g::": 0x04, "g": 0x08, "m": 0x10, "o": 0x20}
NO_ID = 0xffffffff
# Errors that say: not on this file system, or not for this user.
NOT_HERE = (errno.EOPNOTSUPP, errno.ENOTTY, errno.EPERM, errno.EACCES,
            errno.EINVAL, errno.ENOSPC, errno.ENOSYS, errno.ENAMETOOLONG)


def in_folder(fd, name):
    """A path of `name` in an open directory, whatever its own path is."""
    return b"/proc/self/fd/%d/%s" % (fd, os.fsencode(name))


def acl(user, group, other, users=(), groups=(), mask=None):
    """A kernel's ACL; `users` and `groups` are {id: perm}.  There is a mask
    where there are any, or where one is given."""
    entries = [(TAGS["u::"], user, NO_ID)]
    entries += [(TAGS["u"], perm, i) for i, perm in sorted(dict(users)
                                                           .items())]
    entries.append((TAGS["g::"], group, NO_ID))
    entries += [(TAGS["g"], perm, i) for i, perm in sorted(dict(groups)
                                                           .items())]
    if users or groups or mask is not None:
        entries.append((TAGS["m"], 7 if mask is None else mask, NO_ID))
    entries.append((TAGS["o"], other, NO_ID))
    return struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", *entry) for entry in entries)


def capability(permitted, inheritable=0, effective=True, root=None):
    """A file capability: version 2, or with `root` version 3."""
    magic = (2 if root is None else 3) << 24 | bool(effective)
    value = struct.pack("<IIIII", magic, permitted & 0xffffffff,
                        inheritable & 0xffffffff, permitted >> 32,
                        inheritable >> 32)
    return value if root is None else value + struct.pack("<I", root)


def set_flags(fd, flags):
    """Give an open file or directory these of FLAGS, and no other.  While one
    is immutable its other flags cannot be changed, so that goes first."""
    word = array.array("l", [0])
    fcntl.ioctl(fd, GETFLAGS, word)
    own = word[0] & ~sum(FLAGS.values())
    for these in (0, flags) if word[0] & LOCKS else (flags,):
        word[0] = own | these
        fcntl.ioctl(fd, SETFLAGS, word)


def flags_at(folder, name, flags):
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK,
                 dir_fd=folder)
    try:
        set_flags(fd, flags)
    finally:
        os.close(fd)


def bits(*words):
    return sum(FLAGS[word] for word in words)


class Missing(set):
    """What a file system or a user could not have, by name."""

    def attempt(self, name, function, *arguments, **more):
        """True where it was done."""
        try:
            function(*arguments, **more)
        except OSError as error:
            if error.errno not in NOT_HERE:
                raise
            self.add(name)
            return False
        return True


def unlock_below(fd):
    """Take flags off everything below the open directory `fd`, and let its
    owner into each directory; closes it."""
    ways = [iter(os.listdir(fd))]
    while ways:
        name = next(ways[-1], None)
        if name is None:
            ways.pop()
            if ways:
                fd = move(fd, b"..")
            continue
        unlock(fd, name)
        if stat.S_ISDIR(os.lstat(name, dir_fd=fd).st_mode):
            fd = move(fd, name)
            ways.append(iter(os.listdir(fd)))
    os.close(fd)


def unlock(folder, name):
    st = os.lstat(name, dir_fd=folder)
    if not stat.S_ISDIR(st.st_mode) and not stat.S_ISREG(st.st_mode):
        return
    if os.geteuid() != 0 and st.st_mode & 0o700 != 0o700:
        os.chmod(name, 0o700, dir_fd=folder)
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK,
                 dir_fd=folder)
    try:
        if flags_of(fd) & LOCKS:
            set_flags(fd, 0)
    finally:
        os.close(fd)


def dismantle(tree):
    """Remove a tree with all its flags, rights and depths; absent is fine."""
    tree = os.path.abspath(os.fsencode(tree))
    if not os.path.lexists(tree):
        return
    parent = os.open(os.path.dirname(tree), os.O_PATH | os.O_DIRECTORY)
    try:
        unlock(parent, os.path.basename(tree))
        if os.path.isdir(tree) and not os.path.islink(tree):
            unlock_below(os.open(tree, FOLDER))
    finally:
        os.close(parent)
    subprocess.run(["rm", "-rf", "--", tree], check=True)


def copy(tree, to):
    """cp -a, and flags; `to` is removed first."""
    dismantle(to)
    subprocess.run(["cp", "-a", "--sparse=auto", "--", tree, to], check=True)
    flagged = {path: entry.flags for path, entry in scan(tree).items()
               if entry.flags}
    if not flagged:
        return
    parent = os.open(to, FOLDER)
    try:
        for path, flags in flagged.items():
            flags_at(parent, path or b".", flags)
    finally:
        os.close(parent)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("verb", choices=("copy", "remove"))
    parser.add_argument("tree")
    parser.add_argument("to", nargs="?")
    o = parser.parse_args()
    if (o.verb == "copy") != (o.to is not None):
        parser.error("copy has FROM and TO, remove has TREE")
    if o.verb == "copy":
        copy(o.tree, o.to)
    else:
        dismantle(o.tree)
    return 0


if __name__ == "__main__":
    sys.exit(main())
