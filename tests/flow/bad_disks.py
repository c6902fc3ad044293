"""Disks that are full, shut or failing under an import."""
import os
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import NOBODY, Crash, Flow, write_tree  # noqa: E402


class Full(Flow):
    """Real small disks: noise that does not compress meets a tmpfs."""

    def setUp(self):
        super().setUp()
        write_tree(self.site.source, {"noise": os.urandom(1 << 20)})

    def assert_counts(self, result):
        """What was needed, what there was."""
        self.assertRegex(result.err, r"\d.*\d", str(result))

    def test_a_full_target(self):
        self.mount_tmpfs(self.site.target.parent, "size=512k")
        result = self.refused_import(1, self.site.export())
        self.assert_counts(result)

    def test_a_full_target_without_inodes(self):
        write_tree(self.site.source, {f"f{i}": "x" for i in range(100)})
        (self.site.source / "noise").unlink()
        self.mount_tmpfs(self.site.target.parent, "size=8M,nr_inodes=40")
        self.refused_import(1, self.site.export())

    def test_a_full_state_directory(self):
        self.mount_tmpfs(self.site.target_state, "size=256k")
        result = self.refused_import(1, self.site.export())
        self.assert_counts(result)

    def test_a_full_state_directory_is_met_before_the_copy(self):
        bundle = self.site.export()
        self.mount_tmpfs(self.site.target_state, "size=1200k")
        result = self.refused_import(1, bundle)
        self.assert_says(result, "no room for the copy of the bundle")
        self.assert_counts(result)

    def test_every_size_of_a_small_target_is_old_or_new(self):
        bundle = self.site.export()
        self.mount_tmpfs(self.site.target.parent, "size=4M")
        seen = set()
        for size in range(64, 4096, 256):
            subprocess.run(["mount", "-o", f"remount,size={size}k",
                            str(self.site.target.parent)], check=True)
            result = self.site.import_(bundle, expect=(0, 1))
            seen.add(result.code)
            if result.code == 1:
                self.assertFalse(self.site.target.exists(), result)
                self.assertEqual([], self.site.leftovers(), result)
            else:
                self.assert_equal_trees()
        self.assertEqual({0, 1}, seen)

    def test_a_target_that_is_full_only_after_the_decision(self):
        self.carry()
        write_tree(self.site.source, {"a": "newer\n", "new/deep": "x"})
        (self.site.source / "dir/b").unlink()
        crash = Crash(self, self.site.export(), "--allow-delete")
        decided = crash.decision()
        crash.reset()
        code = crash.hit("-n", str(decided + 1), "-a", "ENOSPC", "-S")
        self.assertEqual(9, code, crash.last)
        self.assertTrue(crash.last.err.strip())
        self.site.restart()
        self.site.recover()
        self.assertEqual(crash.new, self.site.state())
        self.assertEqual([], self.site.leftovers())


class Refusing(Flow):
    def test_a_read_only_target(self):
        self.mount_tmpfs(self.site.target.parent, "size=4M")
        self.carry()
        write_tree(self.site.source, {"a": "newer\n"})
        bundle = self.site.export()
        subprocess.run(["mount", "-o", "remount,ro",
                        str(self.site.target.parent)], check=True)
        self.refused_import(1, bundle, self.site.target.parent)

    def test_no_right_to_write(self):
        self.need_root()
        bundle = self.site.export()
        self.site.copy_programs()
        self.site.target_state.mkdir()
        os.chown(self.site.target_state, NOBODY, NOBODY)
        os.chmod(self.site.keys, 0o755)
        os.chown(self.site.keys / "recipient.key", NOBODY, NOBODY)
        self.site.user = NOBODY
        self.refused_import(1, bundle, self.site.target.parent)

    def test_a_quota(self):
        self.carry()
        write_tree(self.site.source, {"a": "newer\n"})
        crash = Crash(self, self.site.export())
        for nth in range(1, crash.count() + 1, 9):
            crash.reset()
            code = crash.hit("-n", str(nth), "-a", "EDQUOT", "-S")
            state = self.site.state()
            if code in (1, 9):
                self.assertTrue(crash.last.err.strip())
            else:
                self.assertEqual(0, code, crash.last)
            if code == 1:
                self.assertEqual(crash.old, state, crash.last)
            self.site.restart()
            self.site.recover()
            self.assertIn(self.site.state(), (crash.old, crash.new))


class NotRoot(Flow):
    """An importer that cannot give files away, in a parent it cannot write."""

    def setUp(self):
        super().setUp()
        self.need_root()
        os.chown(self.site.source / "a", 4711, 4711)
        self.bundle = self.site.export()
        self.site.copy_programs()
        self.site.target.mkdir()
        self.site.target_state.mkdir()
        os.chmod(self.site.target, 0o755)
        for path in (self.site.target, self.site.target_state):
            os.chown(path, NOBODY, NOBODY)
        os.chown(self.site.keys / "recipient.key", NOBODY, NOBODY)
        os.chmod(self.site.keys, 0o755)
        self.site.user = NOBODY

    def test_imports_and_keeps_its_own_owner(self):
        result = self.site.import_(self.bundle)
        self.assert_equal_trees(owner=False)
        self.assertEqual(NOBODY, (self.site.target / "a").stat().st_uid)
        said = [line for line in result.err.splitlines() if "owner" in line]
        self.assertEqual(1, len(said), result)

    def test_an_owner_that_differs_is_no_difference(self):
        self.site.import_(self.bundle)
        before = (self.site.target / "a").stat().st_ctime_ns
        self.site.import_(self.bundle)
        self.assertEqual(before,
                         (self.site.target / "a").stat().st_ctime_ns)

    def test_stages_inside_the_target_and_leaves_nothing_there(self):
        self.site.import_(self.bundle)
        self.assertEqual([], self.site.leftovers())
        self.assertEqual(sorted(os.listdir(self.site.source)),
                         sorted(os.listdir(self.site.target)))


if __name__ == "__main__":
    unittest.main()
