"""Somebody pulls a directory of the target away in the middle of an import:
by mounting something over it, or by putting a symbolic link in its place.
Nothing is ever written through either.

strace stops the importer at the N-th call of a kind, so that a moment can be
met again; for links moments are taken at random, from a fixed seed.
"""
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import (TIMEOUT, Flow, Result, environment,  # noqa: E402
                  remove_tree, tree_state, wait_for, write_tree)

ALL = os.environ.get("VALISE_TEST_ALL") == "1"
RUNS = 120 if ALL else 24
CALLS = ("openat2", "openat", "renameat2", "linkat", "unlinkat", "utimensat",
         "fsync")
# A stop at every one of the first few, then ever farther apart.
MOMENTS = (1, 2, 3, 5, 8, 12, 18, 27, 40, 60, 90, 135, 200, 300) if ALL \
    else (1, 3, 8, 18, 40, 90, 200)


class Pulled(Flow):
    """The import adds, changes and deletes in `sub` and beside it."""

    ENTRIES = {f"{place}/{name}": f"{place} {name}\n" * 50
               for place in ("sub", "sub/deep", "other")
               for name in ("changes", "goes", "mode", "stays", "type")}

    def setUp(self):
        super().setUp()
        self.need_root()
        self.carry()
        for place in ("sub", "sub/deep", "other"):
            folder = self.site.source / place
            write_tree(folder, {"changes": f"{place} other\n", "new": "x",
                                "newdir/deep": "y"})
            (folder / "goes").unlink()
            (folder / "mode").chmod(0o600)
            (folder / "type").unlink()
            (folder / "type").mkdir()
        self.bundle = self.site.export()
        self.sub = self.site.target / "sub"
        self.kept = self.folder / "kept"
        self.kept.mkdir()
        for part in (self.site.target, self.site.target_state):
            subprocess.run(["cp", "-a", part, self.kept], check=True)
        self.old = self.halves()
        self.site.import_(self.bundle, "--allow-delete")
        self.new = self.halves()
        self.reset()

    def reset(self):
        for part in (self.site.target, self.site.target_state):
            remove_tree(part)
            subprocess.run(["cp", "-a", self.kept / part.name, part],
                           check=True)
        for left in self.site.target.parent.glob(".tree.valise*"):
            remove_tree(left)

    def halves(self):
        """The states of what can be pulled away and of what cannot."""
        return tree_state(self.sub), tree_state(self.site.target / "other")

    def command(self):
        return [str(word) for word in
                (self.site.bin / "valise-import", *self.site.importing(
                    self.bundle, "--allow-delete", "--workers", "1"))]

    def start(self, *before):
        env = environment(self.folder)
        # It cannot look for leaks where it is traced.
        env["ASAN_OPTIONS"] = (env.get("ASAN_OPTIONS", "")
                               + ":detect_leaks=0")
        return subprocess.Popen([*before, *self.command()], env=env,
                                stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, cwd=self.folder)

    def end(self, process):
        out, err = process.communicate(timeout=TIMEOUT)
        return Result(process.args, process.returncode, out, err)


def below(pid):
    """The processes that `pid` began, and those that they did."""
    children = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            children += map(int, task.read_text().split())
    return children + [deep for child in children for deep in below(child)]


class MountedOver(Pulled):
    def stopped_at(self, call, nth):
        """Start, and stop at that call; False once there is no such call.
        And the process to wait for."""
        log = self.folder / "strace"
        log.unlink(missing_ok=True)
        process = self.start(
            "strace", "-f", "-qq", "-o", str(log), "-e", f"trace={call}",
            "-e", f"inject={call}:signal=STOP:when={nth}")
        self.addCleanup(process.kill)

        def stopped():
            return (log.exists() and "stopped by SIGSTOP" in log.read_text()
                    or process.poll() is not None)

        self.assertTrue(wait_for(stopped, 60))
        return process.poll() is None, process

    def go_on(self, process):
        """To the end: strace counts each thread's calls apart, those of the
        child that reads the bundle too, so that one may be stopped once
        more."""
        end = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < end:
            for pid in below(process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            time.sleep(0.02)
        return self.end(process)

    def mount_over(self):
        """What was mounted, as it is now."""
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1M,mode=711",
                        "tmpfs", str(self.sub)], check=True)
        self.addCleanup(subprocess.run, ["umount", "-lq", str(self.sub)])
        return self.mounted()

    def mounted(self):
        st = os.stat(self.sub)
        return (os.listdir(self.sub), oct(st.st_mode), st.st_uid,
                st.st_mtime_ns, st.st_ctime_ns)

    def check_moment(self, call, nth):
        """False when the import ends before it."""
        self.reset()
        stopped, process = self.stopped_at(call, nth)
        if not stopped:
            self.assertEqual(0, self.end(process).code)
            self.assertEqual(self.new, self.halves())
            return False
        before = self.mount_over()
        try:
            result = self.go_on(process)
            self.assertEqual(before, self.mounted(), result)
        finally:
            subprocess.run(["umount", "-l", str(self.sub)], check=True)
        self.assertIn(result.code, (0, 1, 4, 9), result)
        sub, other = self.halves()
        if result.code == 0:
            # It was over before, or what was mounted was seen and left out.
            self.assertIn(sub, (self.old[0], self.new[0]), result)
            self.assertEqual(self.new[1], other, result)
            self.assertTrue(sub == self.new[0] or "skip" in result.said,
                            result)
        elif result.code != 9:
            self.assertEqual(self.old, (sub, other), result)
        else:
            self.site.recover()
            self.assertIn(self.halves(), (self.old, self.new), result)
        self.seen.add(result.code)
        return True

    def test_nothing_is_written_to_what_is_mounted_over_a_directory(self):
        if shutil.which("strace") is None:
            self.skipTest("needs strace")
        self.seen = set()
        for call in CALLS:
            for nth in MOMENTS:
                with self.subTest(call=call, nth=nth):
                    if not self.check_moment(call, nth):
                        break
        # Some moments were before the decision, and some behind it.
        self.assertIn(9, self.seen)
        self.assertTrue(self.seen & {0, 1, 4}, self.seen)


class ReplacedByLink(Pulled):
    def test_nothing_is_written_through_a_link_in_place_of_a_directory(self):
        outside = self.folder / "outside"
        aside = self.folder / "aside"
        dice = random.Random(7)
        begun = time.monotonic()
        self.end(self.start())
        whole = time.monotonic() - begun
        codes = {}
        for _ in range(RUNS):
            self.reset()
            remove_tree(aside)
            outside.mkdir(exist_ok=True)
            process = self.start()
            time.sleep(dice.uniform(0, whole))
            os.rename(self.sub, aside)
            os.symlink(outside, self.sub)
            result = self.end(process)
            self.assertEqual([], os.listdir(outside), result)
            self.assertIn(result.code, (0, 1, 4, 9), result)
            codes[result.code] = codes.get(result.code, 0) + 1
            # Nor does whoever goes on with it.
            if result.code == 9:
                self.site.recover(expect=(0, 1, 4, 9))
                self.assertEqual([], os.listdir(outside), result)


if __name__ == "__main__":
    unittest.main()
