"""Disks that are full, shut or failing under an import."""
import os
import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from application import Sides  # noqa: E402
from flow import (NOBODY, Crash, Flow, Result, environment,  # noqa: E402
                  remove_tree, write_tree)

ALL = os.environ.get("VALISE_TEST_ALL") == "1"


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


class Limited(Flow):
    """A limit on the size of files (ulimit -f): what meets it is said."""

    def limited(self, size, program, *words, expect):
        self.site.wrapper = ["prlimit", f"--fsize={size}"]
        result = self.site.run(program, *words, expect=expect)
        self.site.wrapper = []
        if result.code != 0:
            self.assert_one_line(result)
        return result

    def test_what_writes_no_file_works(self):
        bundle = self.site.export()
        self.limited(0, "valise", "inspect", bundle, expect=0)
        self.limited(0, "valise", "verify", bundle, "--sender",
                     self.site.keys / "sender.pub", expect=0)
        for words in (["ls", bundle], ["cat", bundle, "files/a"],
                      ["diff", bundle, bundle]):
            self.limited(1 << 20, "valise", *words, *self.site.identity,
                         expect=0)

    def test_what_comes_to_it_says_so(self):
        bundle = self.site.export()
        wrong = "File too large"
        new = self.folder / "new"
        for words in (["valise", "keygen", new],
                      ["valise-export", self.site.source_yaml, "--to",
                       self.site.medium, "--recipient",
                       self.site.keys / "recipient.pub", "--sign-key",
                       self.site.keys / "sender.key"],
                      ["valise-import", *self.site.importing(bundle)],
                      ["valise", "rekey", bundle, "--sign-key",
                       self.site.keys / "sender.key", "--recipient",
                       self.site.keys / "recipient.pub",
                       *self.site.identity]):
            result = self.limited(0, *words, expect=1)
            self.assert_says(result, wrong)
        self.assertEqual([], list(new.glob("*")))
        self.assertFalse(self.site.target.exists())
        self.site.import_(bundle)

    def test_what_prints_a_password_is_ended_by_it_as_ever(self):
        for name in ("PIPE", "XFSZ"):
            result = self.site.export(
                "--password-command",
                f"sh -c 'kill -{name} $$; echo long-enough-for-one'",
                expect=2)
            self.assert_says(result, "'sh' failed")

    def test_at_every_limit_an_import_is_old_or_new(self):
        bundle = self.site.export()
        seen = set()
        for size in [1 << i for i in range(4, 19)]:
            result = self.limited(size, "valise-import",
                                  *self.site.importing(bundle), expect=(0, 1))
            seen.add(result.code)
            if result.code == 1:
                self.assert_says(result, "File too large")
                self.assertFalse(self.site.target.exists(), result)
                self.assertEqual([], self.site.leftovers(), result)
            else:
                self.assert_equal_trees()
        self.assertEqual({0, 1}, seen)


class Rows(Sides):
    """Room for rows is asked for before the first is written."""

    PROFILE = "profile: {resources: [{resource: app, tables: [{table: t, " \
        "key: [name]}]}]}\n"

    def test_a_database_that_cannot_grow(self):
        self.mount_tmpfs(self.folder / "small", "size=3M")
        self.db["dst"] = self.folder / "small/app.db"
        for side in ("src", "dst"):
            self.do(side, "create table t(id integer primary key, name text "
                    "unique, body text)")
        self.do("src", "with n(i) as (select 1 union all select i + 1 from n "
                "where i < 100) insert into t select i, 'n' || i, "
                "hex(randomblob(20000)) from n")
        write_tree(self.files["src"], {"a": "x"})
        self.write_yaml(self.PROFILE)
        before = self.db["dst"].read_bytes()
        bundle = self.site.export()
        for words in ((), ("--preview",)):
            result = self.site.import_(bundle, "--allow-delete", *words,
                                       expect=1)
            self.assert_says(result, "no room for its rows: 5.",
                             "MB needed, 3.", self.db["dst"])
            self.assertEqual(before, self.db["dst"].read_bytes())
        # What is there already needs nothing.
        self.do("src", "delete from t where id > 40")
        self.carry()
        self.carry()
        self.assertEqual(40, self.one("dst", "select count(*) from t"))


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

    def test_a_real_quota(self):
        # Of btrfs, which counts itself.  Those of ext4 and tmpfs need what
        # a kernel is often built without: QFMT_V2, TMPFS_QUOTA.
        self.need_root()
        if not (shutil.which("mkfs.btrfs") and shutil.which("btrfs")):
            self.skipTest("needs btrfs")
        write_tree(self.site.source, {"noise": os.urandom(4 << 20)})
        bundle = self.site.export()
        image = self.folder / "image"
        image.touch()
        os.truncate(image, 128 << 20)
        disk = self.site.target.parent
        for words in (["mkfs.btrfs", "-q", image],
                      ["mount", "-o", "loop", image, disk],
                      ["btrfs", "quota", "enable", disk],
                      ["btrfs", "qgroup", "limit", "2M", disk]):
            done = subprocess.run([str(w) for w in words], text=True,
                                  capture_output=True)
            if done.returncode != 0:
                self.skipTest(f"{words[:3]}: {done.stderr.strip()}")
            if words[0] == "mount":
                self.addCleanup(subprocess.run, ["umount", "-l", str(disk)])
        result = self.site.import_(bundle, expect=1)
        self.assertRegex(result.err.splitlines()[-1], "'[^']+'.*quota")
        self.assertFalse(self.site.target.exists(), result)
        subprocess.run(["btrfs", "qgroup", "limit", "none", str(disk)],
                       check=True)
        # There even what removes needs room: the next run does it.
        self.site.recover()
        self.assertEqual([], self.site.leftovers())
        self.site.import_(bundle)
        self.assert_equal_trees()

    def test_a_quota(self):
        # Injected: no real one can be met at a chosen call.
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
            said = (crash.last.err.splitlines() or [""])[-1]
            if code == 1:
                self.assertRegex(said, r"('[^']+'|\.vl[ip]|\.jsn).*[Qq]uota")
            # What tried the root can be taken back by the next run alone.
            tried = re.search("cannot (move anything out|set the time) of",
                              said)
            if code == 1 and not tried:
                self.assertEqual(crash.old, state, crash.last)
            self.site.restart()
            self.site.recover()
            self.assertIn(self.site.state(), (crash.old,) if tried else
                          (crash.old, crash.new))


class NewKeys(Flow):
    """Each call that makes a key or a site file fails once, or for good from
    there on: what is there is whole, and who failed says so."""

    EVERY = (("ENOSPC", ()), ("EIO", ()), ("ENOSPC", ("-S",)),
             ("EIO", ("-S",)))

    def failing(self, folder, program, *words, errors=EVERY,
                step=1):
        """Yields the result of each run that failed somewhere.  Only calls
        on paths in `folder` do; it is empty before each, as is the
        medium."""
        command = [str(w) for w in (self.site.bin / program, *words)]
        env = {**environment(self.folder),
               "ASAN_OPTIONS": "detect_leaks=0"}
        for error, more in errors:
            nth = 0
            failed = 0
            while True:
                nth += 1 if ALL or nth == 0 else step
                for place in (folder, self.site.medium):
                    remove_tree(place)
                    place.mkdir()
                log = self.folder / "log"
                done = subprocess.run(
                    [self.faultat(), "-p", folder, "-l", log, "-n", str(nth),
                     "-a", error, *more, "--", *command], env=env,
                    capture_output=True, text=True, timeout=300,
                    stdin=subprocess.DEVNULL, cwd=self.folder)
                result = Result([error, nth, *more, *command],
                                done.returncode, done.stdout, done.stderr)
                if len(log.read_text().splitlines()) < nth:
                    break
                failed += 1
                yield result
            self.assertEqual(0, result.code, result)
            self.assertGreater(failed, 2)

    def names(self, folder):
        """What is there but names of files that were never finished."""
        return sorted(p.name for p in folder.iterdir()
                      if ".vltmp-" not in p.name)

    def test_keygen_makes_all_four_or_none(self):
        disk = self.folder / "disk"
        keys = disk / "keys"
        whole = ["recipient.key", "recipient.pub", "sender.key", "sender.pub"]
        for result in self.failing(disk, "valise", "keygen", keys):
            there = self.names(keys) if keys.exists() else []
            if result.code == 0:
                self.assertEqual(whole, there, result)
            else:
                self.assertEqual([], there, result)
                self.assertTrue(result.err.strip(), result)
                # Nor is anything in the way of the next run.
                self.site.run("valise", "keygen", keys)

    def test_init_writes_the_whole_file_or_none(self):
        disk = self.folder / "disk"
        words = "init", "--files", self.site.source
        wanted = self.site.run("valise-export", *words).out
        for result in self.failing(disk, "valise-export", *words, "-o",
                                   disk / "site.yaml"):
            self.assertNotEqual(0, result.code, result)
            self.assertEqual([], self.names(disk), result)
            self.assertTrue(result.err.strip(), result)
            self.site.run("valise-export", *words, "-o", disk / "site.yaml")
            self.assertEqual(wanted, (disk / "site.yaml").read_text())

    def test_the_site_s_own_key_is_whole_or_not_there(self):
        disk = self.folder / "disk"
        self.site.source_state = disk / "state"
        self.site.write_source_yaml()
        words = (self.site.source_yaml, "--to", self.site.medium,
                 "--recipient", self.site.keys / "recipient.pub",
                 "--frame-log2", "16", "--workers", "1")
        state = self.site.source_state / "demo"
        signed = set()
        for result in self.failing(disk, "valise-export", *words,
                                   errors=self.EVERY[1:3],
                                   step=3):
            made = list(self.site.medium.glob("*.vls"))
            self.assertEqual(result.code == 0, len(made) == 1, result)
            key = state / "sender.key"
            before = key.read_bytes() if key.exists() else None
            signed.add(before is not None)
            # Whatever is there serves the next run as it is.
            bundle = self.site.run("valise-export", *words).out.strip()
            self.assertIn(before, (None, key.read_bytes()), result)
            self.site.run("valise", "verify", bundle, "--sender",
                          state / "sender.pub")
        self.assertEqual({False, True}, signed)


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
