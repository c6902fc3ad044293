"""The Linux sources of Debian cross.  Long: runs with run.sh --all.

Wants /usr/src/linux-source-6.1.tar.xz (package linux-source-6.1).
"""
import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import Flow  # noqa: E402

ARCHIVE = Path("/usr/src/linux-source-6.1.tar.xz")


class LinuxSources(Flow):
    ENTRIES = {}

    def setUp(self):
        super().setUp()
        subprocess.run(["tar", "-C", self.site.source, "-xJf", ARCHIVE],
                       check=True)

    def inodes(self):
        """Inode and time of the last change of every entry."""
        done = subprocess.run(["find", self.site.target, "-printf",
                               "%i %C@ %p\\n"], check=True,
                              capture_output=True)
        return sorted(done.stdout.splitlines())

    def assert_rsync_finds_nothing(self):
        done = subprocess.run(
            ["rsync", "-naHc", "--delete", "-i", f"{self.site.source}/",
             f"{self.site.target}/"], capture_output=True, text=True)
        self.assertEqual((0, ""), (done.returncode, done.stdout[:1000]))

    def summary(self, bundle):
        lines = [json.loads(line) for line in
                 self.site.import_(bundle, "--json").out.splitlines()]
        return [line for line in lines
                if line["message_type"] == "summary"][-1]

    def manifest(self, *words):
        bundle = self.site.export(*words)
        listed = self.site.run("valise", "ls", "--json", bundle,
                               *self.site.identity).out
        subprocess.run(["rm", "-r", bundle], check=True)
        return listed

    def test_they_cross(self):
        bundle = self.site.export()
        self.site.import_(bundle)
        self.assert_rsync_finds_nothing()
        before = self.inodes()
        self.site.import_(bundle)
        self.assertEqual(before, self.inodes(), "something was touched")
        files = sorted(p for p in self.site.source.rglob("*")
                       if p.is_file() and not p.is_symlink())
        changed = files[::100]
        for path in changed:
            with open(path, "a") as file:
                file.write("changed\n")
        bundle = self.site.export()
        summary = self.summary(bundle)
        print(f"changed={len(changed)} summary={summary}", file=sys.stderr)
        self.assertEqual(len(changed), summary["change"])
        self.assert_rsync_finds_nothing()
        # A changed file is a new inode; its directory has a new time.
        touched = len(set(before) - set(self.inodes()))
        folders = len({path.parent for path in changed})
        self.assertEqual(len(changed) + folders, touched)

    def test_workers_make_no_difference(self):
        first = self.manifest("--workers", "1")
        for workers in ("2", "4"):
            self.assertEqual(first, self.manifest("--workers", workers))


if __name__ == "__main__":
    if os.environ.get("VALISE_TEST_ALL") != "1" or not ARCHIVE.exists():
        print("long, wants linux-source-6.1: runs with tests/run.sh --all; "
              "skipped")
        sys.exit(77)
    unittest.main()
