"""A reader of bundles that comes to its limit of processor time.

A bundle of 2 MiB that becomes 16 GiB keeps its reader busy for long, as no
other data of a size for tests does.  While it is, the test lowers the limit
that the child has set itself, from outside; the rest is the kernel's and the
programs' own.
"""
import os
import re
import resource
import struct
import sys
import time
import unittest
from pathlib import Path

try:
    import nacl  # noqa: F401
    import zstandard  # noqa: F401
except ImportError as missing:
    print(f"skipped: {missing.name} is not installed "
          "(python3-nacl, python3-zstandard)")
    sys.exit(1 if os.environ.get("VALISE_TEST_WHOLE") == "1" else 77)

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "flow" / "lib"))
from base import Bundle, entry  # noqa: E402
from bundlewriter import BODIES, Identity, Record, Sender, b64u  # noqa: E402
from child import WAIT, Watched  # noqa: E402
from flow import tree_state, write_tree  # noqa: E402

CHUNK = b"x" * 65536
ITEMS = 32  # of a block: 2 MiB
COPIES = 8192
# src/unpack: until a bundle is open, and for each of its files (two index files
# and a pack) whenever it is.
OPEN_TIME = FILE_TIME = 600
FILES = 3
XCPU = "the reader of the bundle ended by signal 24 (XCPU)"


class Copy(Record):
    """A block of the same chunk, of which all but its number is made once."""

    PLAIN = CHUNK * ITEMS
    packed = None

    def __init__(self):
        super().__init__(BODIES, self.PLAIN, ITEMS,
                         struct.pack("<I", len(CHUNK)) * ITEMS, codec=1)

    def __bytes__(self):
        if Copy.packed is None:
            Copy.packed = super().__bytes__()
        return (Copy.packed[:16] + struct.pack("<Q", self.ordinal)
                + Copy.packed[24:])


def again_and_again(records):
    """Copies of a chunk are allowed, and each is decoded and its id made."""
    records += [Copy() for _ in range(COPIES)]
    for number, record in enumerate(records):
        record.ordinal = number
    return records


def counted(inner):
    counts = inner["counts"]
    return {**inner, "counts": {**counts, "chunks":
                                counts["chunks"] + COPIES * ITEMS}}


class Busy(Watched):
    def setUp(self):
        super().setUp()
        keys = self.site.keys
        (keys / "sender.pub").write_text(Sender("sender").public_text())
        (keys / "recipient.key").write_text(
            b64u(Identity("recipient").secret) + "\n")
        self.bundle = self.folder / "long.vls"
        Bundle([(entry("dir", ""), None), (entry("file", "x"), CHUNK)],
               {"records p0000001": again_and_again, "inner": counted},
               ).write(self.bundle)
        write_tree(self.site.target, {"old": "old\n"})
        self.before = tree_state(self.site.target)

    def until(self, done):
        """Poll what a running program is about to do."""
        end = time.monotonic() + WAIT
        while not done():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.001)

    def ended(self, running):
        """Refused in one line, and nothing is there of it."""
        _, err = running.communicate()
        self.assertEqual(1, running.returncode, err)
        # An import has shown its table by then.
        line, = re.findall(r"^valise.*: .*$", err, re.M)
        self.assertIn(XCPU, line)
        self.assertEqual(self.before, tree_state(self.site.target))
        self.assertEqual([], self.site.leftovers())

    def test_it_is_ended_when_its_time_is_used_up(self):
        for program, opened, words in self.readers():
            with self.subTest(program):
                given = OPEN_TIME + opened * FILES * FILE_TIME
                running, child = self.start(*words, program=program)
                self.until(lambda: time_of(child)[0] == given)
                resource.prlimit(child, resource.RLIMIT_CPU,
                                 (1, time_of(child)[1]))
                self.ended(running)

    def readers(self):
        """Program, how often it opens the bundle, words."""
        # Whether there is room is asked first, by the lines alone.
        yield "valise-import", 2, self.site.importing(self.bundle,
                                                      "--allow-delete")
        yield "valise", 1, ("verify", "--open", self.bundle, "--sender",
                         self.site.keys / "sender.pub", *self.site.identity)


def time_of(child):
    return resource.prlimit(child, resource.RLIMIT_CPU)


if __name__ == "__main__":
    unittest.main()
