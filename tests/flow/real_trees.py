#!/usr/bin/env python3
"""The trees of the machine this runs on cross and come out equal.

    real_trees.py [TREE]...

/etc, /usr/share and /var/lib unless told otherwise.  What changes while the
test runs is found by looking twice and left out of the comparison, with its
number printed; so are sockets and what other file systems are mounted at.
Long: runs with run.sh --all.  Needs root.
"""
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
import others  # noqa: E402
from flow import Site  # noqa: E402
from metadata import dismantle  # noqa: E402
from treecmp import differences, line, printable, scan  # noqa: E402

WORDS = "special: true\nprivileged: true"


class Tree:
    def __init__(self, tree, folder):
        self.site = Site(folder)
        self.site.source = Path(tree)
        self.site.run("valise", "keygen", self.site.keys)
        self.site.write_source_yaml(WORDS)
        self.site.write_target_yaml(WORDS)
        self.changing = set()

    def look(self, tree):
        """What of a tree is to be compared: one file system, no sockets."""
        found = scan(tree, one_file_system=True)
        device = found[b""].inode[0]
        return {path: entry for path, entry in found.items()
                if entry.kind != "socket" and entry.inode[0] == device}

    def export(self):
        """The bundle, and what the tree was while it was made."""
        before = self.look(self.site.source)
        bundle = self.site.export(expect=(0, 3))
        after = self.look(self.site.source)
        self.changing |= {found[0] for found in differences(before, after)}
        return bundle, after

    def wrong(self, source):
        """Lines of what differs though it did not change."""
        found = differences(source, self.look(self.site.target))
        return [line(one) for one in found if one[0] not in self.changing]

    def others(self):
        """What rsync and the readers of ACLs, attributes and flags find."""
        left_out = set(scan(self.site.source, one_file_system=True)) \
            - set(self.look(self.site.source))
        entries = self.look(self.site.target)
        # A directory that changes is looked at, all but itself.
        files = {path for path in self.changing
                 if path not in entries or entries[path].kind != "dir"}
        found = [one for one in others.rsync(
            self.site.source, self.site.target, files | left_out) or []
            if not self.is_changing_folder(os.fsencode(one))]
        for program in others.PROGRAMS:
            found += others.differences(
                program, self.site.source, self.site.target,
                self.changing | left_out) or []
        return found

    def carry(self):
        start = time.monotonic()
        bundle, source = self.export()
        exported = time.monotonic()
        self.site.import_(bundle)
        imported = time.monotonic()
        wrong = self.wrong(source)
        wrong += self.others()
        before = {path: (entry.inode, entry.changed) for path, entry in
                  self.look(self.site.target).items()}
        self.site.import_(bundle)
        after = {path: (entry.inode, entry.changed) for path, entry in
                 self.look(self.site.target).items()}
        wrong += [f"touched: {printable(path)}" for path in before
                  if before[path] != after.get(path)]
        print(f"{self.site.source}: entries={len(source)} "
              f"export and looking={exported - start:.1f} s "
              f"import={imported - exported:.1f} s "
              f"changing={len(self.changing)} wrong={len(wrong)}")
        for text in wrong[:40]:
            print(text)
        return not wrong

    def is_changing_folder(self, itemized):
        """An itemized line of a directory that changed during the test."""
        path = itemized.split(b" ", 1)[-1].rstrip(b"/")
        return (b"" if path == b"." else path) in self.changing


def main():
    if os.environ.get("VALISE_TEST_ALL") != "1":
        print("long: runs with tests/run.sh --all; skipped")
        return 77
    if os.geteuid() != 0:
        print("needs root; skipped")
        return 77
    good = True
    for tree in sys.argv[1:] or ("/etc", "/usr/share", "/var/lib"):
        folder = tempfile.mkdtemp(prefix="real.", dir="/var/tmp")
        try:
            good = Tree(tree, folder).carry() and good
        finally:
            dismantle(folder)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
