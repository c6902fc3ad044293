"""Imports that were killed: any next run finishes or undoes them."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import (Crash, Flow, remove_tree, wait_for,  # noqa: E402
                  write_tree)


# It cannot look for leaks where it is traced.
TRACED = {"ASAN_OPTIONS": "detect_leaks=0"}


class Crashes(Flow):
    """Before each test: an import that changes, adds and deletes, and the
    point of it at which it decides."""

    def setUp(self):
        super().setUp()
        self.first = self.carry()
        write_tree(self.site.source, {"a": "newer\n", "new/deep": "x"})
        (self.site.source / "dir/b").unlink()
        self.bundle = self.site.export()
        self.crash = Crash(self, self.bundle, "--allow-delete")
        self.decided = self.crash.decision()

    def killed_before(self):
        self.assertEqual(137, self.crash.kill_at(self.decided - 1))

    def killed_after(self):
        self.assertEqual(137, self.crash.kill_at(self.decided))

    def killed_halfway(self):
        """Some of the tree is new, some is not."""
        for nth in range(self.decided, self.decided + 400):
            self.assertEqual(137, self.crash.kill_at(nth))
            if self.site.state() not in (self.crash.old, self.crash.new):
                return
        self.fail("no point leaves a tree between")

    def assert_old(self):
        self.assertEqual(self.crash.old, self.site.state())
        self.assertEqual([], self.site.leftovers())

    def assert_new(self):
        self.assertEqual(self.crash.new, self.site.state())
        self.assertEqual([], self.site.leftovers())


class Killed(Crashes):
    def test_before_the_decision_the_import_is_undone(self):
        self.killed_before()
        self.site.recover()
        self.assert_old()

    def test_after_the_decision_the_import_is_finished(self):
        self.killed_halfway()
        self.site.recover()
        self.assert_new()

    def test_recovery_says_which_of_the_two(self):
        self.killed_before()
        undone = self.site.recover()
        self.killed_halfway()
        finished = self.site.recover()
        self.assertNotEqual(undone.said, finished.said)
        self.assertTrue(undone.said.strip() and finished.said.strip())

    def test_recovery_without_anything_to_do_is_0(self):
        self.crash.reset()
        self.site.recover()
        self.site.recover()
        self.assert_old()

    def test_recovery_without_a_state_directory_is_0(self):
        remove_tree(self.site.target_state)
        self.crash.kept.rename(self.folder / "unused")
        self.site.recover()

    def test_the_next_import_recovers_first(self):
        self.killed_halfway()
        self.site.import_(self.bundle, "--allow-delete")
        self.assert_new()

    def test_the_next_preview_recovers_first(self):
        self.killed_halfway()
        self.site.preview(self.bundle)
        self.assert_new()

    def test_a_status_changes_nothing_and_tells(self):
        self.killed_halfway()
        between = self.site.state()
        self.assertTrue(self.site.status(expect=(0, 9)).said.strip())
        self.assertEqual(between, self.site.state())

    def test_a_status_tells_of_an_import_in_hand_and_of_none_that_ended(self):
        self.killed_halfway()
        told = dict(line.split("\t")[:2]
                    for line in self.site.status().out.splitlines())
        self.assertEqual(["decided", "2"], [told["standing"], told["bundle"]])
        self.assertIn("began", told)
        self.site.recover()
        told = self.site.status().out
        for word in ("bundle\t", "began\t"):
            self.assertNotIn(word, told)
        told = json.loads(self.site.run(
            "valise-import", self.site.target_yaml, "--status",
            "--json").out.splitlines()[0])
        self.assertEqual(("idle", 0, False), (
            told["standing"], told["seq"], "began" in told))

    def test_a_status_tells_series_apart(self):
        self.carry()
        remove_tree(self.site.source_state)
        second = self.site.export()
        self.site.import_(second, "--allow-delete")
        applied = [line.split("\t")[1:]
                   for line in self.site.status().out.splitlines()
                   if line.startswith("applied")]
        self.assertEqual(["files"] * 2, [line[0] for line in applied])
        shown = self.site.run("valise", "inspect", second).out
        series = re.search("^series\t(.*)", shown, re.MULTILINE).group(1)
        self.assertEqual(2, len({line[2] for line in applied}))
        self.assertIn(f"series {series}", [line[2] for line in applied])

    def test_an_edited_site_file_does_not_mislead_it(self):
        self.killed_halfway()
        elsewhere = self.folder / "dst" / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "mine").write_text("x")
        text = self.site.target_yaml.read_text()
        self.site.target_yaml.write_text(
            text.replace(str(self.site.target), str(elsewhere)))
        self.site.recover()
        self.assert_new()
        self.assertEqual(["mine"], os.listdir(elsewhere))

    def test_a_deleted_site_file_is_not_needed(self):
        for kill, check in ((self.killed_before, self.assert_old),
                            (self.killed_halfway, self.assert_new)):
            kill()
            kept = self.site.target_yaml.read_text()
            self.site.target_yaml.unlink()
            state = self.state_directory()
            self.site.run("valise-import", "--state", state, "--recover")
            check()
            self.site.target_yaml.write_text(kept)

    def state_directory(self):
        """As `owner` in the staging directory names it."""
        staging = self.site.target.parent / ".tree.valise"
        owner = (staging / "owner").read_text()
        found = re.search(re.escape(str(self.site.target_state)) +
                          r"[^\s\"]*", owner)
        return found.group(0)

    def test_a_lost_state_directory_waits_for_word(self):
        self.killed_halfway()
        remove_tree(self.site.target_state)
        self.site.recover(expect=9)
        self.site.recover("--state-lost")
        self.assertEqual(self.crash.new, self.site.state())

    def test_a_lost_state_directory_before_the_decision(self):
        self.killed_before()
        remove_tree(self.site.target_state)
        self.site.recover("--state-lost")
        self.assertEqual(self.crash.old, self.site.state())

    def lose_state(self):
        remove_tree(self.site.target_state)

    def restore_state(self):
        self.lose_state()
        subprocess.run(["cp", "-a", str(self.crash.kept / "state-dst"),
                        str(self.site.target_state)], check=True)

    def test_a_restored_state_directory_does_not_hide_a_decision(self):
        self.killed_halfway()
        self.restore_state()
        self.assert_says(self.site.status(), "decided")
        self.site.recover()
        self.assert_new()
        self.site.import_(self.bundle)

    def test_a_restored_state_directory_is_mended_by_the_next_import(self):
        self.killed_halfway()
        self.restore_state()
        self.site.import_(self.bundle, "--allow-delete")
        self.assert_new()

    def test_a_restored_state_directory_before_the_decision(self):
        self.killed_before()
        self.restore_state()
        self.site.recover()
        self.assert_old()

    def test_an_import_makes_no_state_in_place_of_a_lost_one(self):
        self.killed_halfway()
        self.lose_state()
        between = self.site.state()
        for run in (self.site.import_, self.site.preview):
            result = run(self.bundle, expect=9)
            self.assert_says(result, "--state-lost")
            self.assertFalse(self.site.target_state.exists())
        self.site.status(expect=9)
        self.site.recover(expect=9)
        self.assertEqual(between, self.site.state())
        self.site.recover("--state-lost")
        self.assert_new()

    def test_a_state_made_anew_does_not_hide_a_decision(self):
        self.killed_halfway()
        self.restore_state()
        for identity in self.site.target_state.rglob("identity"):
            identity.write_text("0" * 32 + "\n")
        self.site.recover(expect=9)
        self.site.preview(self.bundle, expect=9)
        self.site.recover("--state-lost")
        self.assert_new()


class TwoTrees(Flow):
    """A second tree, `more`, beside the first."""

    def setUp(self):
        super().setUp()
        self.trees = []
        for side, yaml in (("src", self.site.source_yaml),
                           ("dst", self.site.target_yaml)):
            tree = self.folder / side / "more"
            yaml.write_text(yaml.read_text().replace(
                "resources:\n", "resources:\n  - name: more\n"
                f"    kind: files\n    path: {tree}\n"))
            self.trees.append(tree)
        write_tree(self.trees[0], {"x": "first\n"})
        self.crash = Crash(self, self.site.export())
        self.beside = self.site.target.parent

    def kill_at(self, nth):
        for path in (self.trees[1], *self.beside.glob(".more.valise*"),
                     *self.beside.glob(".valise.*")):
            remove_tree(path)
        self.crash.kill_at(nth)

    def killed_where(self, what, stand):
        """The first point at which so many stagings have `what` in them."""
        points = self.crash.points()
        first = sorted(next(nth for nth, line in enumerate(points, 1)
                            if f"/.{name}.valise" in line and what in line)
                       for name in ("tree", "more"))[stand - 1]
        for nth in range(first, len(points)):
            self.kill_at(nth)
            if stand == sum(path.exists() and path.stat().st_size > 0
                            for path in self.beside.glob(f".*.valise/{what}")):
                return nth
        self.fail(f"no point leaves '{what}' in {stand} stagings")

    def assert_undone(self):
        remove_tree(self.site.target_state)
        self.site.recover("--state-lost")
        self.assertEqual([], os.listdir(self.beside))

    def test_lost_while_staging_both_are_undone(self):
        self.killed_where("owner", 2)
        self.assert_undone()

    def test_one_with_a_header_tells_of_both_whichever_is_met_first(self):
        nth = self.killed_where("header", 1)
        self.assert_undone()
        self.kill_at(nth)
        # In the order of their names, of which one is another one now.
        self.site.target_yaml.write_text(
            self.site.target_yaml.read_text().replace(
                "name: more", "name: a-new-name"))
        self.assert_undone()


class Blocked(Crashes):
    """Somebody wrote to the tree between the crash and the recovery."""

    def block(self):
        self.killed_after()
        (self.site.target / "a").unlink()
        (self.site.target / "a").write_text("theirs\n")

    def test_a_foreign_change_stops_it_and_is_named(self):
        self.block()
        result = self.site.recover(expect=9)
        self.assert_says(result, "a")
        self.assertEqual("theirs\n", (self.site.target / "a").read_text())

    def test_it_stays_blocked(self):
        self.block()
        self.site.recover(expect=9)
        self.site.import_(self.bundle, expect=9)

    def test_keep_theirs_goes_on_without_the_entry(self):
        self.block()
        done = self.site.recover("--keep-theirs", self.site.target / "a")
        self.assert_says(done, "but for 1 entry of which theirs was kept")
        self.assertEqual("theirs\n", (self.site.target / "a").read_text())
        self.assertTrue((self.site.target / "new/deep").exists())
        self.assertFalse((self.site.target / "dir/b").exists())
        self.assertEqual([], self.site.leftovers())

    def test_what_an_earlier_run_kept_is_counted_too(self):
        self.block()
        other = self.site.target / "dir" / "b"
        other.unlink(missing_ok=True)
        other.write_text("theirs, too\n")
        mine = self.site.target / "a"
        self.site.recover("--keep-theirs", mine, expect=9)
        done = self.site.recover("--keep-theirs", other)
        self.assert_says(done, "but for 2 entries of which theirs was kept")

    def test_what_an_earlier_run_kept_and_this_one_takes_is_not(self):
        self.block()
        other = self.site.target / "dir" / "b"
        other.unlink(missing_ok=True)
        other.write_text("theirs, too\n")
        mine = self.site.target / "a"
        self.site.recover("--keep-theirs", mine, expect=9)
        done = self.site.recover("--take-ours", mine, "--take-ours", other)
        self.assertNotIn("but for", done.said)

    def test_take_ours_replaces_it_and_keeps_theirs_aside(self):
        self.block()
        self.site.recover("--take-ours", self.site.target / "a")
        self.assertEqual(self.crash.new, self.site.state())
        kept = [Path(folder) / name
                for left in self.site.leftovers()
                for folder, _, names in os.walk(left) for name in names]
        self.assertEqual(["theirs\n"], [p.read_text() for p in kept])

    def test_abandon_ends_it_as_it_is(self):
        self.block()
        self.site.recover(expect=9)
        self.site.recover("--abandon", expect=(0, 9))
        self.site.recover()


def chattr(words, *paths):
    return subprocess.run(["chattr", *words.split(), *map(str, paths)],
                          stderr=subprocess.DEVNULL).returncode == 0


class LockedCrash(Crash):
    """Of a tree whose directory `dir` is immutable."""

    def reset(self):
        if self.site.target.exists():
            chattr("-R -i", self.site.target)
        super().reset()
        chattr("+i", self.site.target / "dir")


class Locked(Flow):
    """Entries of an immutable directory change, and one that is not in it."""

    # Root as it is in a container, which sets no such flags.
    CONFINED = ["setpriv", "--bounding-set", "-linux_immutable",
                "--inh-caps", "-linux_immutable"]

    def setUp(self):
        super().setUp()
        self.need_root()
        self.dir = self.site.target / "dir"
        if not chattr("+i", self.site.source / "dir"):
            self.skipTest("this file system has no immutable flag")
        self.addCleanup(chattr, "-R -i", self.folder)
        self.carry()
        chattr("-i", self.site.source / "dir")
        write_tree(self.site.source, {"a": "newer\n", "dir/n": "x"})
        (self.site.source / "dir/b").unlink()
        chattr("+i", self.site.source / "dir")
        self.crash = LockedCrash(self, self.site.export(), "--allow-delete")
        self.decided = self.crash.decision()

    def is_locked(self):
        said = subprocess.run(["lsattr", "-d", str(self.dir)], text=True,
                              capture_output=True, check=True).stdout
        return "i" in said.split()[0]

    def killed_while_open(self):
        for nth in range(self.decided, self.decided + 200):
            self.assertEqual(137, self.crash.kill_at(nth))
            if not self.is_locked():
                return
        self.fail("the directory is never open")

    def test_abandon_locks_the_directory_again(self):
        self.killed_while_open()
        self.site.recover("--abandon")
        self.assertTrue(self.is_locked())

    def test_abandon_names_what_it_cannot_lock_again(self):
        self.killed_while_open()
        self.site.wrapper = self.CONFINED
        result = self.site.recover("--abandon")
        self.assert_says(result, f"'{self.dir}'", "stays off")
        self.assertFalse(self.is_locked())

    def test_what_cannot_be_opened_blocks_its_entries_alone(self):
        self.assertEqual(137, self.crash.kill_at(self.decided))
        self.site.wrapper = self.CONFINED
        result = self.site.recover(expect=9)
        self.assert_says(result, self.dir / "b", self.dir / "n", "blocked")
        self.assertEqual("newer\n", (self.site.target / "a").read_text())
        self.assertTrue(self.is_locked())
        self.site.wrapper = []
        self.site.recover()
        self.assertEqual(self.crash.new, self.site.state())
        self.assertTrue(self.is_locked())

    def test_what_cannot_be_opened_may_stay(self):
        self.assertEqual(137, self.crash.kill_at(self.decided))
        self.site.wrapper = self.CONFINED
        self.site.recover(expect=9)
        self.site.recover("--keep-theirs", self.dir / "b", "--keep-theirs",
                          self.dir / "n", "--keep-theirs", self.dir)
        self.assertEqual({"b", "c"}, set(os.listdir(self.dir)))
        self.assertTrue(self.is_locked())
        self.assertEqual([], self.site.leftovers())


class Signals(Flow):
    ENTRIES = {f"f{i:03}": b"%d" % i * 40000 for i in range(60)}

    def test_before_the_decision_nothing_has_changed(self):
        bundle = self.site.export()
        for number in (signal.SIGINT, signal.SIGTERM):
            remove_tree(self.site.target)
            running = self.site.start("valise-import",
                                      *self.site.importing(bundle))
            staging = self.site.target.parent / ".tree.valise"
            wait_for(lambda: staging.exists() or running.poll() is not None)
            running.send_signal(number)
            err = running.communicate()[1]
            self.assertIn(running.returncode, (128 + number, 0), err)
            if running.returncode != 0:
                self.assertFalse(self.site.target.exists(), err)
                self.assertEqual([], self.site.leftovers(), err)
                self.assertTrue(err.strip())
            else:
                self.assert_equal_trees()

    def test_a_survey_is_not_finished_first(self):
        for i in range(600):
            (self.site.source / f"more{i}").write_text(f"{i}\n")
        self.carry()
        for i in range(600):
            (self.site.source / f"more{i}").write_text(f"{i}, changed\n")
        bundle = self.site.export()
        before = self.site.state()
        log = self.folder / "log"
        # What is asked about the entries of the target's folder.
        self.site.wrapper = [
            "strace", "-f", "-o", log, "-P", self.site.target, "-e",
            "trace=getdents64,statx", "-e",
            "inject=getdents64:signal=INT:when=1"]
        self.site.run("valise-import", *self.site.importing(bundle),
                      expect=130, env=TRACED)
        self.site.wrapper = []
        self.assertLess(log.read_text().count("statx("), 300)
        self.assertEqual(before, self.site.state())
        self.assertEqual([], self.site.leftovers())

    def decision_rename(self, words):
        """Which rename of its thread makes the decision appear."""
        log = self.folder / "renames"
        self.site.wrapper = ["strace", "-f", "-o", log, "-e",
                             "trace=renameat"]
        self.site.run("valise-import", *words, env=TRACED)
        self.site.wrapper = []
        counts = {}
        for line in log.read_text().splitlines():
            thread, _, call = line.partition(" ")
            if "renameat(" in call:
                counts[thread] = counts.get(thread, 0) + 1
                if '"decision"' in call:
                    return counts[thread]
        self.fail("no decision was made")

    def test_after_the_decision_it_is_held_until_the_end(self):
        if shutil.which("strace") is None:
            self.skipTest("needs strace")
        self.carry()
        for i in range(0, 60, 3):
            (self.site.source / f"f{i:03}").write_bytes(b"%d, new\n" % i)
        (self.site.source / "f001").unlink()
        words = self.site.importing(self.site.export(), "--allow-delete")
        kept = self.folder / "kept"
        kept.mkdir()
        both = self.site.target, self.site.target_state
        for part in both:
            subprocess.run(["cp", "-a", part, kept], check=True)
        old = self.site.state()
        nth = self.decision_rename(words)
        new = self.site.state()
        for number in (signal.SIGTERM, signal.SIGINT):
            for part in both:
                remove_tree(part)
                subprocess.run(["cp", "-a", kept / part.name, part],
                               check=True)
            self.assertEqual(old, self.site.state())
            log = self.folder / "log"
            name = signal.Signals(number).name
            # The call is done when the signal comes.
            self.site.wrapper = [
                "strace", "-f", "-o", log, "-e", "trace=renameat", "-e",
                f"inject=renameat:signal={name}:when={nth}"]
            result = self.site.run("valise-import", *words, env=TRACED)
            self.site.wrapper = []
            lines = log.read_text().splitlines()
            at = next(i for i, line in enumerate(lines)
                      if '"decision"' in line)
            self.assertIn(f"--- {name}", lines[at + 1])
            self.assertEqual(new, self.site.state(), result)
            self.assertEqual([], self.site.leftovers(), result)
            self.assertNotIn("stopped", result.said)

    def test_an_interrupted_export_leaves_no_bundle(self):
        for i in range(40):
            (self.site.source / f"big{i}").write_bytes(os.urandom(1 << 20))
        running = self.site.start(
            "valise-export", self.site.source_yaml, "--to", self.site.medium,
            "--sign-key", self.site.keys / "sender.key", "--recipient",
            self.site.keys / "recipient.pub")
        wait_for(lambda: list(self.site.medium.glob("*.par")))
        running.send_signal(signal.SIGINT)
        out, err = running.communicate()
        self.assertEqual(130, running.returncode, err)
        self.assertEqual("", out)
        self.assertEqual([], list(self.site.medium.glob("*.vls")))
        self.site.import_(self.site.export())
        self.assert_equal_trees()


if __name__ == "__main__":
    unittest.main()
