"""A directory of a million entries crosses.  Long: runs with run.sh --all."""
import os
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import Flow  # noqa: E402

COUNT = 1_000_000


class Million(Flow):
    def test_a_million_entries_in_one_directory_cross(self):
        folder = self.site.source / "many"
        folder.mkdir()
        for i in range(COUNT):
            os.mknod(folder / f"{i:07}", 0o644)
        self.carry()
        self.assertEqual(COUNT, len(os.listdir(self.site.target / "many")))
        done = subprocess.run(
            ["rsync", "-naH", "--delete", "-i", f"{self.site.source}/",
             f"{self.site.target}/"], capture_output=True, text=True)
        self.assertEqual((0, ""), (done.returncode, done.stdout[:1000]))


if __name__ == "__main__":
    if os.environ.get("VALISE_TEST_ALL") != "1":
        print("long: runs with tests/run.sh --all; skipped")
        sys.exit(77)
    unittest.main()
