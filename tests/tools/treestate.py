#!/usr/bin/env python3
"""The state of file trees as one hash, or as one line an entry.

    treestate.py [--lines] [--no-owner] TREE...

All that treecmp.py compares of every entry, the root included, sorted by
path; an absent tree is a state too.  What no import promises to keep (inode,
ctime, atime) is left out.
"""
import argparse
import hashlib
import os
import sys

from treecmp import FLAGS, open_folder, printable, scan

__all__ = ["open_folder", "printable", "tree_lines", "tree_state"]


def entry_line(path, entry, owner):
    words = [printable(path) or ".", entry.kind]
    if entry.mode is not None:
        words.append(f"{entry.mode:04o}")
    if owner:
        words.append(entry.owner)
    words.append(str(entry.mtime))
    if entry.kind == "file":
        words += [str(entry.size), entry.content]
        words += [f"hole={start}-{end}" for start, end in entry.holes]
    elif entry.kind == "link":
        words.append(printable(entry.target))
    elif entry.rdev:
        words.append(entry.rdev)
    words += [word for word, bit in FLAGS.items() if entry.flags & bit]
    words += [f"{printable(name)}={value.hex()}"
              for name, value in sorted(entry.xattrs.items())]
    if entry.links:
        words.append(f"one-of-{len(entry.links)}:"
                     + printable(entry.links[0]))
    return " ".join(words)


def tree_lines(root, owner=True):
    """One line an entry below `root` (bytes or str), ascending by path."""
    if not os.path.lexists(root):
        return ["absent"]
    return [entry_line(path, entry, owner)
            for path, entry in sorted(scan(root).items())]


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
