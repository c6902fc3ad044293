"""A child that reads bundles, is there, and neither works nor ends: the run
that waits for it can be stopped, and what is decided does not wait for it.
"""
import os
import signal
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from child import WAIT, Changed, children  # noqa: E402
from flow import tree_state  # noqa: E402
from pty_terminal import Terminal  # noqa: E402

ENDS = 10 # seconds; on a quiet machine a fifth of one


class Hanging(Changed):
    def interrupt(self, running, child, number):
        """Ended by a signal while the child hangs; or it had its end."""
        os.kill(child, signal.SIGSTOP)
        time.sleep(0.3)
        before = time.monotonic()
        running.send_signal(number)
        _, err = running.communicate(timeout=WAIT)
        if running.returncode == 0:
            return False
        self.assertLess(time.monotonic() - before, ENDS)
        self.assertEqual(128 + number, running.returncode, err)
        self.assertIn("stopped", err)
        self.assertFalse(os.path.exists(f"/proc/{child}"))
        return True

    def test_an_interrupted_import_ends_and_changes_nothing(self):
        before = time.monotonic()
        self.site.preview(self.bundle)
        length = time.monotonic() - before
        for i in range(6):
            running, child = self.start()
            time.sleep(length * i / 9)
            if not self.interrupt(running, child, (signal.SIGINT,
                                                   signal.SIGTERM)[i % 2]):
                self.assertGreater(i, 1)
                self.assert_equal_trees()
                return
            self.assertEqual(self.before, tree_state(self.site.target))
            self.assertEqual([], self.site.leftovers())
        self.site.import_(self.bundle)
        self.assert_equal_trees()

    def test_so_does_whatever_else_reads_a_bundle(self):
        sender = self.site.keys / "sender.pub"
        for words in (("verify", "--open", self.bundle, "--sender", sender),
                      ("ls", self.bundle), ("cat", self.bundle, "files/d/1"),
                      ("diff", self.bundle, self.bundle)):
            with self.subTest(words[0]):
                running, child = self.start(*words, *self.site.identity,
                                            program="valise")
                self.assertTrue(
                    self.interrupt(running, child, signal.SIGINT))

    def test_what_is_confirmed_needs_no_child_any_more(self):
        with Terminal(self.site, "valise-import", self.site.target_yaml,
                      self.bundle, *self.site.identity) as asked:
            asked.expect("Import this? [y/N] ")
            os.kill(children(asked.pid)[0], signal.SIGSTOP)
            asked.type("y")
            asked.end(seconds=WAIT)
        self.assert_equal_trees()


if __name__ == "__main__":
    unittest.main()
