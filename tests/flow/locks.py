"""Runs at the same time."""
import os
import shutil
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import Flow, wait_for, write_tree  # noqa: E402


class TwoImporters(Flow):
    ENTRIES = {f"f{i:03}": b"%d" % i * 50000 for i in range(100)}

    def setUp(self):
        super().setUp()
        self.bundle = self.site.export()

    def frozen(self):
        """An import that stands still, its locks held."""
        running = self.site.start("valise-import",
                                  *self.site.importing(self.bundle))
        staging = self.site.target.parent / ".tree.valise"
        reached = wait_for(lambda: staging.exists()
                           or running.poll() is not None)
        if not reached or running.poll() is not None:
            self.fail(f"no import was caught: {running.communicate()}")
        running.send_signal(19)
        self.addCleanup(running.wait)
        self.addCleanup(running.kill)
        return running

    def go_on(self, running):
        running.send_signal(18)
        err = running.communicate()[1]
        self.assertEqual(0, running.returncode, err)
        self.assert_equal_trees()

    def test_the_second_is_told_who_and_since_when(self):
        running = self.frozen()
        result = self.site.import_(self.bundle, expect=8)
        self.assert_says(result, running.pid)
        self.assertRegex(result.err, r"\d\d:\d\d")
        self.go_on(running)

    def test_two_state_directories_on_one_target(self):
        other = self.folder / "other.yaml"
        self.site.write_target_yaml(path=other,
                                    state=self.folder / "other-state")
        running = self.frozen()
        refused = self.site.import_(self.bundle, yaml=other, expect=8)
        self.assert_says(refused, f"process {running.pid} since 2",
                         "run again when it has ended")
        self.go_on(running)

    def test_a_second_state_directory_does_not_touch_a_killed_import(self):
        other = self.folder / "other.yaml"
        self.site.write_target_yaml(path=other,
                                    state=self.folder / "other-state")
        running = self.frozen()
        running.kill()
        running.wait()
        self.site.import_(self.bundle, yaml=other, expect=8)
        self.site.recover()
        self.assertEqual([], self.site.leftovers())

    def test_the_lock_of_a_killed_run_is_free_at_once(self):
        running = self.frozen()
        running.kill()
        running.wait()
        self.site.import_(self.bundle)
        self.assert_equal_trees()

    def test_waiting_for_the_lock(self):
        running = self.frozen()
        second = self.site.start(
            "valise-import", *self.site.importing(self.bundle, "--wait",
                                                  "60"))
        time.sleep(0.3)
        self.assertIsNone(second.poll())
        self.go_on(running)
        err = second.communicate()[1]
        self.assertEqual(0, second.returncode, err)
        self.assertEqual([], self.site.leftovers())

    def test_a_signal_ends_the_wait(self):
        running = self.frozen()
        second = self.site.start(
            "valise-import", *self.site.importing(self.bundle, "--wait",
                                                  "60"))
        time.sleep(0.3)
        second.send_signal(signal.SIGINT)
        err = second.communicate(timeout=10)[1]
        self.assertEqual(130, second.returncode, err)
        self.go_on(running)

    def test_many_at_once_and_the_target_is_whole(self):
        running = [self.site.start("valise-import",
                                   *self.site.importing(self.bundle))
                   for _ in range(6)]
        codes = []
        for one in running:
            one.communicate()
            codes.append(one.returncode)
        self.assertLessEqual(set(codes), {0, 8})
        self.assertIn(0, codes)
        self.assert_equal_trees()


class TwoExports(Flow):
    def test_numbers_are_never_issued_twice(self):
        write_tree(self.site.source, {f"f{i}": "x" * i for i in range(200)})
        words = (self.site.source_yaml, "--to", self.site.medium,
                 "--sign-key", self.site.keys / "sender.key", "--recipient",
                 self.site.keys / "recipient.pub")
        running = [self.site.start("valise-export", *words)
                   for _ in range(3)]
        for one in running:
            one.communicate()
            self.assertIn(one.returncode, (0, 8))
        numbers = []
        for sig in self.site.medium.glob("*.vls/seal.sig"):
            numbers += [w for w in sig.read_text().split()
                        if w.startswith("seq=")]
        self.assertEqual(len(numbers), len(set(numbers)))
        self.assertTrue(numbers)


class KilledExport(Flow):
    def test_the_next_export_removes_what_it_left_on_the_medium(self):
        write_tree(self.site.source, {"a": b"x" * 100000})
        log = self.folder / "points"
        words = [str(self.site.bin / "valise-export"),
                 str(self.site.source_yaml), "--to", str(self.site.medium),
                 "--sign-key", str(self.site.keys / "sender.key"),
                 "--recipient", str(self.site.keys / "recipient.pub")]
        env = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
        faultat = [self.faultat(), "-p", str(self.site.medium)]
        for nth in (3, 8):
            done = subprocess.run(
                [*faultat, "-l", str(log), "-n", str(nth), "-a", "kill",
                 "--", *words], capture_output=True, env=env)
            self.assertEqual(137, done.returncode)
            left = [p.name for p in self.site.medium.iterdir()]
            self.assertTrue(left[0].endswith(".par"), left)
            bundle = self.site.export()
            self.assertEqual([bundle], list(self.site.medium.iterdir()))
            self.assertIn(left[0], self.site.last_export.err)
            shutil.rmtree(bundle)


class ImportWhileExporting(Flow):
    def test_a_tree_may_be_both_source_and_target(self):
        """B imports from A while it is exported on: each run is whole."""
        write_tree(self.site.source, {f"f{i:03}": b"%d" % i * 3000
                                      for i in range(300)})
        first = self.site.export()
        onward = self.folder / "onward.yaml"
        self.site.yaml(onward, self.site.target,
                       self.folder / "state-onward")
        self.site.import_(first)
        write_tree(self.site.source, {f"f{i:03}": b"new%d" % i * 3000
                                      for i in range(300)})
        second = self.site.export()
        importing = self.site.start("valise-import",
                                    *self.site.importing(second))
        relayed = self.site.export(yaml=onward, expect=(0, 3))
        err = importing.communicate()[1]
        self.assertEqual(0, importing.returncode, err)
        self.assert_equal_trees()
        self.site.run("valise", "verify", "--open", relayed,
                      *self.site.identity, "--sender",
                      self.site.keys / "sender.pub")


if __name__ == "__main__":
    unittest.main()
