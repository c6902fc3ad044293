"""Files around 2 and 4 GiB, and with --all a bundle of more than 4 GiB."""
import os
import random
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import Flow  # noqa: E402

GIB = 2**30
# Where a size or an offset of 31, 32 or 33 bits goes wrong, it does so here.
EDGES = (2 * GIB, 4 * GIB, 8 * GIB)
ISLAND = 3 * 4096


def make_sparse(path, size, rng):
    """`size` bytes, all hole but for islands at every edge and the end."""
    with open(path, "wb") as file:
        file.truncate(size)
        for at in (0, *(edge - 4096 for edge in EDGES), size - ISLAND):
            if 0 <= at <= size - ISLAND:
                file.seek(at)
                file.write(rng.randbytes(ISLAND))


def islands(path):
    """Its data with the places, and how much of it is allocated."""
    found = []
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        at = 0
        while at < size:
            try:
                at = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:
                break
            end = os.lseek(file.fileno(), at, os.SEEK_HOLE)
            found.append((at, os.pread(file.fileno(), end - at, at)))
            at = end
    return size, found


class Large(Flow):
    ENTRIES = {"small": "small\n"}

    def test_files_around_2_4_and_8_gib_cross(self):
        rng = random.Random(5)
        for edge in EDGES:
            for off in (-1, 0, 1):
                make_sparse(self.site.source / f"{edge + off}", edge + off,
                            rng)
        self.carry()
        for path in sorted(self.site.source.iterdir()):
            there = self.site.target / path.name
            self.assertLess(there.stat().st_blocks * 512, 2**20, path.name)
            self.assertEqual(islands(path), islands(there), path.name)
            self.assertEqual(path.stat().st_mtime_ns,
                             there.stat().st_mtime_ns)

    @unittest.skipUnless(os.environ.get("VALISE_TEST_ALL") == "1",
                         "long: runs with tests/run.sh --all")
    def test_a_bundle_of_more_than_4_gib_crosses(self):
        rng = random.Random(6)
        for i in range(3):
            with open(self.site.source / f"noise-{i}", "wb") as file:
                for _ in range(1500):
                    file.write(rng.randbytes(2**20))
        bundle = self.site.export()
        stored = sum(f.stat().st_size for f in Path(bundle).iterdir())
        self.assertGreater(stored, 4 * GIB)
        self.site.run("valise", "verify", "--open", bundle,
                      *self.site.identity, "--sender",
                      self.site.keys / "sender.pub")
        self.site.import_(bundle)
        for path in self.site.source.iterdir():
            done = subprocess.run(["cmp", path,
                                   self.site.target / path.name])
            self.assertEqual(0, done.returncode, path.name)


if __name__ == "__main__":
    unittest.main()
