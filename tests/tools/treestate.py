#!/usr/bin/env python3
"""The state of file trees as one hash, or as one line an entry.

    treestate.py [--lines] [--no-owner] TREE...

Type, mode, owner, mtime, size, link target and content of every entry, the
root included, sorted by path; an absent tree is a state too.  What no import
promises to keep (inode, ctime, atime) is left out.
"""
import argparse
import hashlib
import os
import stat
import sys

KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "dir", stat.S_IFLNK: "link",
         stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket",
         stat.S_IFCHR: "char", stat.S_IFBLK: "block"}


def printable(raw):
    """Bytes as ASCII in which no two names look alike."""
    return "".join(chr(b) if 0x21 <= b < 0x7f and b != 0x5c
                   else f"\\x{b:02x}" for b in raw)


def open_folder(root, path):
    """A descriptor of root/path; the path may be longer than PATH_MAX."""
    fd = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)
    for name in path.split(b"/") if path else []:
        below = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW,
                        dir_fd=fd)
        os.close(fd)
        fd = below
    return fd


def content_hash(folder, name):
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
    with open(fd, "rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:32]


def entry_line(folder, name, path, owner):
    """The line of `name` in the open directory `folder`."""
    st = os.lstat(name, dir_fd=folder)
    kind = KINDS[stat.S_IFMT(st.st_mode)]
    words = [printable(path) or ".", kind]
    if kind != "link":
        words.append(f"{stat.S_IMODE(st.st_mode):04o}")
    if owner:
        words.append(f"{st.st_uid}:{st.st_gid}")
    words.append(str(st.st_mtime_ns))
    if kind == "file":
        words += [str(st.st_size), content_hash(folder, name)]
    elif kind == "link":
        words.append(printable(os.readlink(name, dir_fd=folder)))
    return " ".join(words), kind


def listed(folder):
    fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=folder)
    try:
        return [os.fsencode(name) for name in os.listdir(fd)]
    finally:
        os.close(fd)


def tree_lines(root, owner=True):
    """One line an entry below `root` (bytes or str), ascending by path."""
    root = os.fsencode(root)
    if not os.path.lexists(root):
        return ["absent"]
    line, kind = entry_line(None, root, b"", owner)
    lines = [line]
    waiting = [b""] if kind == "dir" else []
    while waiting:
        path = waiting.pop()
        folder = open_folder(root, path)
        for name in listed(folder):
            below = path + b"/" + name if path else name
            line, kind = entry_line(folder, name, below, owner)
            lines.append(line)
            if kind == "dir":
                waiting.append(below)
        os.close(folder)
    return sorted(lines)


def tree_state(*roots, owner=True):
    """One hash over all `roots`."""
    whole = hashlib.blake2b(digest_size=16)
    for root in roots:
        for line in tree_lines(root, owner):
            whole.update(line.encode() + b"\n")
        whole.update(b"\n")
    return whole.hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lines", action="store_true")
    parser.add_argument("--no-owner", action="store_true")
    parser.add_argument("tree", nargs="+")
    o = parser.parse_args()
    if o.lines:
        for tree in o.tree:
            print("\n".join(tree_lines(tree, not o.no_owner)))
    else:
        print(tree_state(*o.tree, owner=not o.no_owner))


if __name__ == "__main__":
    sys.exit(main())
