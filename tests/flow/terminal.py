"""What a run asks a person at a terminal, what it shows him meanwhile, and
the command line that asks nothing with which it ends."""
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import Flow, remove_tree, wait_for, write_tree  # noqa: E402
from pty_terminal import Terminal, without_terminal  # noqa: E402

TRUST = "Trust it from now on? [y/N] "
IMPORT = "Import this? [y/N] "
ALL_THE_SAME = "Import this all the same? [y/N] "
PASSWORD = "password: "
WITHOUT = "the same without questions"
MINUTE = 60


class AtTerminal(Flow):
    def importing(self, bundle, *words):
        return Terminal(self.site, "valise-import", self.site.target_yaml,
                        bundle, *words)

    def keep(self):
        """The target's side as it is, to come back to."""
        self.kept = self.folder / "kept"
        self.kept.mkdir()
        for part in (self.site.target, self.site.target_state):
            subprocess.run(["cp", "-a", part, self.kept], check=True)

    def put_back(self):
        for part in (self.site.target, self.site.target_state):
            remove_tree(part)
            subprocess.run(["cp", "-a", self.kept / part.name, part],
                           check=True)


class Sender(AtTerminal):
    """A bundle of a sender that site.yaml does not name."""

    def setUp(self):
        super().setUp()
        self.site.write_target_yaml(extra="")
        self.bundle = self.site.export()

    def fingerprint(self):
        """What the sender can tell by another way: the export shows it."""
        said = self.site.last_export.err
        return re.search(r"fingerprint (\S+)", said)[1]

    def test_the_question_shows_its_fingerprint(self):
        with self.importing(self.bundle, *self.site.identity) as asked:
            asked.answer(TRUST, "no")
            shown = asked.end(expect=6).out
        self.assertLess(shown.index(self.fingerprint()), shown.index(TRUST))

    def test_no_ends_with_6_and_changes_nothing(self):
        for word in ("no", "", "yess"):
            with self.subTest(word=word), \
                    self.importing(self.bundle, *self.site.identity) as asked:
                asked.answer(TRUST, word)
                result = asked.end(expect=6)
                self.assertNotIn(IMPORT, result.said)
                self.assertFalse(self.site.target.exists(), result)
                self.assertEqual([], self.site.leftovers(), result)
        # Nor is the sender known by now.
        self.refused_import(6, self.bundle)

    def test_yes_imports_and_the_sender_is_known_from_now_on(self):
        with self.importing(self.bundle, *self.site.identity) as asked:
            asked.answer(TRUST, "yes")
            asked.answer(IMPORT, "y")
            result = asked.end()
        self.assert_equal_trees()
        self.assert_says(without_terminal(self.site, result),
                         "nothing differs")
        write_tree(self.site.source, {"a": "newer\n"})
        with self.importing(self.site.export(), *self.site.identity,
                            "--yes") as asked:
            shown = asked.end().out
        self.assertNotIn("[y/N]", shown)
        self.assertNotIn(WITHOUT, shown)
        self.assert_equal_trees()

    def test_yes_to_the_sender_is_not_yes_to_the_import(self):
        with self.importing(self.bundle, *self.site.identity) as asked:
            asked.answer(TRUST, "y")
            asked.answer(IMPORT, "n")
            result = asked.end(expect=4)
        self.assertFalse(self.site.target.exists(), result)
        self.assertEqual([], self.site.leftovers(), result)
        self.assertNotIn(WITHOUT, result.said)


class Deletions(AtTerminal):
    ENTRIES = {f"file{i}": f"{i}\n" for i in range(10)}

    def setUp(self):
        super().setUp()
        self.carry()
        for i in range(5):
            (self.site.source / f"file{i}").unlink()
        self.bundle = self.site.export()
        self.old = self.site.state()

    def test_what_would_go_is_shown_before_the_question(self):
        with self.importing(self.bundle, *self.site.identity) as asked:
            asked.answer(ALL_THE_SAME, "n")
            shown = asked.end(expect=4).out
        before = shown[:shown.index(ALL_THE_SAME)]
        self.assertRegex(before, r"5 of 1[01] entries of '.*' would be "
                                 r"deleted")
        self.assertRegex(before, r"add +change +delete")
        self.assertEqual(self.old, self.site.state())
        self.assertEqual([], self.site.leftovers())

    def test_yes_of_the_command_line_does_not_answer_it(self):
        with self.importing(self.bundle, *self.site.identity,
                            "--yes") as asked:
            asked.answer(ALL_THE_SAME, "no")
            asked.end(expect=4)
        self.assertEqual(self.old, self.site.state())

    def test_yes_deletes_and_the_last_line_does_it_alone(self):
        self.keep()
        with self.importing(self.bundle, *self.site.identity) as asked:
            asked.answer(ALL_THE_SAME, "yes")
            result = asked.end()
        self.assert_says(result, "--allow-delete")
        self.assert_equal_trees()
        self.put_back()
        self.assertEqual(self.old, self.site.state())
        without_terminal(self.site, result)
        self.assert_equal_trees()

    def test_allow_delete_leaves_only_the_other_question(self):
        with self.importing(self.bundle, *self.site.identity,
                            "--allow-delete") as asked:
            asked.answer(IMPORT, "yes")
            result = asked.end()
        self.assertNotIn(ALL_THE_SAME, result.said)
        self.assert_equal_trees()

    def test_a_signal_ends_a_question_and_is_not_yes(self):
        with self.importing(self.bundle, *self.site.identity) as asked:
            asked.expect(ALL_THE_SAME)
            asked.signal(signal.SIGTERM)
            result = asked.end(expect=128 + signal.SIGTERM)
        self.assertEqual(self.old, self.site.state(), result)
        self.assertEqual([], self.site.leftovers(), result)


class Password(AtTerminal):
    SECRET = "correct horse battery"
    WRONG = "correct horse batterie"

    def setUp(self):
        super().setUp()
        self.file = self.folder / "password file"
        self.file.write_text(self.SECRET + "\n")

    def export(self):
        return Path(self.site.run(
            "valise-export", self.site.source_yaml, "--to", self.site.medium,
            "--sign-key", self.site.keys / "sender.key", "--kdf", "light",
            "--password-file", self.file).out.strip())

    def assert_typed_unseen(self, asked, prompt, secret):
        asked.expect(prompt)
        self.assertFalse(asked.echoes())
        asked.type(secret)

    def test_it_is_not_shown_and_opens(self):
        bundle = self.export()
        with self.importing(bundle) as asked:
            self.assert_typed_unseen(asked, PASSWORD, self.SECRET)
            asked.expect(IMPORT)
            self.assertTrue(asked.echoes())
            asked.type("y")
            result = asked.end()
        self.assertNotIn(self.SECRET, result.said)
        self.assert_equal_trees()
        self.assert_says(result, "--password-file FILE")
        remove_tree(self.site.target)
        remove_tree(self.site.target_state)
        result.out = result.out.replace("FILE", shlex.quote(str(self.file)))
        without_terminal(self.site, result)
        self.assert_equal_trees()

    def test_a_wrong_one_is_said_to_be_and_is_7(self):
        bundle = self.export()
        with self.importing(bundle, "--yes") as asked:
            self.assert_typed_unseen(asked, PASSWORD, self.WRONG)
            result = asked.end(expect=7)
        self.assertNotIn(self.WRONG, result.said)
        self.assertIn("password", result.said[asked.seen:])
        self.assertFalse(self.site.target.exists())
        self.assertEqual([], self.site.leftovers())

    def test_a_signal_at_the_prompt_gives_the_echo_back(self):
        bundle = self.export()
        with self.importing(bundle) as asked:
            asked.expect(PASSWORD)
            asked.signal(signal.SIGINT)
            asked.end(expect=128 + signal.SIGINT)
            self.assertTrue(asked.echoes())

    def exporting(self):
        return Terminal(self.site, "valise-export", self.site.source_yaml,
                        "--to", self.site.medium, "--sign-key",
                        self.site.keys / "sender.key", "--kdf", "light")

    def test_a_new_one_is_asked_for_twice(self):
        with self.exporting() as asked:
            self.assert_typed_unseen(asked, "password for the bundle: ",
                                     self.SECRET)
            self.assert_typed_unseen(asked, "the same again: ", self.SECRET)
            result = asked.end()
        self.assertNotIn(self.SECRET, result.out)
        result.out = result.out.replace("FILE", shlex.quote(str(self.file)))
        again = without_terminal(self.site, result)
        bundle = Path(again.out.strip())
        self.assertEqual(2, len(list(self.site.medium.glob("*.vls"))))
        self.site.run("valise-import", self.site.target_yaml, bundle,
                      "--password-file", self.file, "--yes")
        self.assert_equal_trees()

    def test_two_that_differ_make_no_bundle(self):
        with self.exporting() as asked:
            asked.answer("password for the bundle: ", self.SECRET)
            asked.answer("the same again: ", self.WRONG)
            result = asked.end(expect=2)
        self.assert_says(result, "the two passwords differ")
        self.assertEqual([], list(self.site.medium.iterdir()))


class Progress(AtTerminal):
    """Time passes for a run that is stopped, so a short one is long enough
    to show how far it has come."""

    ENTRIES = {"noise": None}
    LINE = re.compile(r"importing \d[\d.]* [kMG]?B of \d[\d.]* [kMG]?B, "
                      r"\d[\d.]* [kMG]?B/s")

    def setUp(self):
        super().setUp()
        for i in range(24):
            (self.site.source / f"noise/{i:02}").write_bytes(
                os.urandom(1 << 20))
        self.bundle = self.site.export()

    def halfway(self):
        """The copy of the bundle was begun, and a megabyte of it is there."""
        for path in self.site.target_state.rglob("spool*/*"):
            try:
                if path.stat().st_size > 1 << 20:
                    return True
            except OSError:
                pass
        return False

    def stop_for(self, seconds, send, ended):
        """Stop the import once it is halfway; False when it was too fast."""
        wait_for(lambda: self.halfway() or ended())
        if ended():
            return False
        send(signal.SIGSTOP)
        time.sleep(seconds)
        send(signal.SIGCONT)
        return True

    def words(self):
        return self.site.importing(self.bundle)

    def on_terminal(self):
        with Terminal(self.site, "valise-import", *self.words()) as run:
            stopped = self.stop_for(0.5, run.signal, lambda: False)
            return stopped, run.end().out

    def into_pipe(self, seconds):
        run = self.site.start("valise-import", *self.words())
        self.stop_for(seconds, run.send_signal,
                      lambda: run.poll() is not None)
        out, err = run.communicate(timeout=600)
        self.assertEqual(0, run.returncode, err)
        return out + err

    def test_a_terminal_gets_a_line_with_bytes_and_rate(self):
        stopped, shown = self.on_terminal()
        self.assertTrue(stopped)
        self.assertRegex(shown, self.LINE)
        # It is drawn over, and gone before anything else is said.
        drawn = re.findall(r"\r\x1b\[K([^\r\n]*)", shown)
        self.assertTrue(any(self.LINE.match(line) for line in drawn), drawn)
        for line in shown.split("\n"):
            self.assertNotRegex(line.split("\x1b[K")[-1], self.LINE)

    def test_a_pipe_gets_nothing_of_it(self):
        said = self.into_pipe(0.5)
        for part in ("\r", "\x1b", "B/s"):
            self.assertNotIn(part, said)

    @unittest.skipUnless(os.environ.get("VALISE_TEST_ALL") == "1",
                         "takes more than a minute: VALISE_TEST_ALL=1")
    def test_a_pipe_gets_one_line_a_minute(self):
        said = self.into_pipe(MINUTE + 1)
        lines = [line for line in said.splitlines() if "B/s" in line]
        self.assertEqual(1, len(lines), said)
        self.assertRegex(lines[0], self.LINE)
        self.assertNotIn("\x1b", said)


if __name__ == "__main__":
    unittest.main()
