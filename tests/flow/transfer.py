"""A tree goes across: whole, again, changed, and not at all when unchanged."""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import TESTS, Flow, write_tree  # noqa: E402


def identity(tree):
    """Inode and change time of everything: what an untouched tree keeps."""
    found = {}
    for folder, names, files in os.walk(tree):
        for name in [*names, *files, "."]:
            path = os.path.join(folder, name)
            st = os.lstat(path)
            found[path] = st.st_ino, st.st_ctime_ns
    return found


def holes(path):
    """Stretches of a file that have no data."""
    found = []
    at = 0
    with open(path, "rb") as file:
        size = file.seek(0, os.SEEK_END)
        while at < size:
            hole = os.lseek(file.fileno(), at, os.SEEK_HOLE)
            if hole >= size:
                break
            try:
                at = os.lseek(file.fileno(), hole, os.SEEK_DATA)
            except OSError:
                at = size
            found.append((hole, at - hole))
    return found


class Sparse(Flow):
    """What is a hole comes back as a hole, and nothing else does."""

    def write(self, name, size, *parts):
        with open(self.site.source / name, "wb") as file:
            for at, data in parts:
                file.seek(at)
                file.write(data)
            file.truncate(size)
        os.sync()

    def test_hole_maps_are_equal(self):
        k = 4096
        self.write("hole", 40 * k)
        self.write("zeros", 40 * k, (0, bytes(40 * k)))
        self.write("middle", 40 * k, (0, b"x" * k), (39 * k, b"y" * k))
        self.write("ends", 40 * k, (20 * k, b"x" * k))
        self.write("odd", 40 * k + 17, (3 * k + 5, b"x"), (9 * k - 1, b"yz"))
        self.write("zeros-and-holes", 400 * k, (10 * k, bytes(30 * k)),
                   (100 * k, b"x" * k + bytes(99 * k)), (300 * k, b"z"))
        self.write("large", 20_000_000, (1_000_000, os.urandom(7_000_000)),
                   (9_000_000, bytes(1_000_000)),
                   (12_000_000, os.urandom(6_000_000)))
        self.carry()
        self.assert_equal_trees()
        for path in self.site.source.iterdir():
            if path.is_file() and not path.is_symlink():
                self.assertEqual(holes(path),
                                 holes(self.site.target / path.name), path)

    def test_a_terabyte_of_nothing_crosses_in_no_time(self):
        tib = 1 << 40
        self.write("huge", tib, (tib // 2 + 12345, os.urandom(1 << 20)))
        begin = time.monotonic()
        bundle = self.carry()
        self.site.import_(bundle)
        path = self.site.target / "huge"
        # Three programs, with sanitizers perhaps: reading it takes minutes.
        self.assertLess(time.monotonic() - begin, 20)
        self.assertEqual(tib, path.stat().st_size)
        self.assertLess(path.stat().st_blocks * 512, 2 << 20)
        self.assertEqual(holes(self.site.source / "huge"), holes(path))
        with open(path, "r+b") as file:
            file.seek(tib // 2 + 12345)
            file.write(b"spoilt")
        self.site.import_(bundle)
        done = subprocess.run(
            ["cmp", "-n", str(1 << 20), "-i", str(tib // 2 + 12345),
             self.site.source / "huge", path])
        self.assertEqual(0, done.returncode)


class Attributes(Flow):
    """Attributes change alone, in place."""

    def set(self, tree, name, attribute, value):
        try:
            os.setxattr(tree / name, attribute, value)
        except OSError as failed:
            self.skipTest(f"no attributes on this file system: {failed}")

    def attributes(self, path):
        return {name: os.getxattr(path, name) for name in os.listxattr(path)
                if name != "security.selinux"}

    def assert_equal_attributes(self):
        for folder, names, files in os.walk(self.site.source):
            for name in [".", *names, *files]:
                path = Path(folder) / name
                if not path.is_symlink():
                    there = self.site.target / path.relative_to(
                        self.site.source)
                    self.assertEqual(self.attributes(path),
                                     self.attributes(there), path)

    def acl(self, *words):
        done = subprocess.run(["setfacl", *map(str, words)],
                              capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest(f"no ACLs here: {done.stderr.strip()}")

    def test_they_arrive_with_new_entries(self):
        s = self.site.source
        self.set(s, "a", "user.mime", b"text/plain")
        self.set(s, "dir", "user.of", bytes(range(256)))
        self.set(s, "dir/b", "user.empty", b"")
        self.acl("-m", "u:12345:r,g:54321:rwx", s / "dir/c")
        self.acl("-m", "d:u:12345:rwx,d:g::r", s / "dir")
        self.acl("-m", "u:12345:---", s / "dir")
        self.carry()
        self.assert_equal_trees()
        self.assert_equal_attributes()

    def test_they_change_in_place(self):
        self.carry()
        before = identity(self.site.target)
        s = self.site.source
        self.set(s, "a", "user.mime", b"text/plain")
        self.set(s, "dir", "user.of", b"x")
        self.acl("-m", "u:12345:r", s / "dir/c")
        bundle = self.site.export()
        shown = self.site.preview(bundle).out
        self.assertRegex(shown, r"(?m)^files +~ a +attributes$")
        self.assertRegex(shown, r"(?m)^files +~ dir/c +(mode, )?ACL$")
        said = self.site.import_(bundle).err
        self.assertIn("0 staged files read back", said)
        self.assert_equal_attributes()
        after = identity(self.site.target)
        self.assertEqual({k: v[0] for k, v in before.items()},
                         {k: v[0] for k, v in after.items()})
        self.site.import_(self.site.export())
        self.assertEqual(after, identity(self.site.target))
        os.removexattr(s / "a", "user.mime")
        self.acl("-b", s / "dir/c")
        self.site.import_(self.site.export())
        self.assert_equal_trees()
        self.assert_equal_attributes()

    def test_what_the_target_has_besides_goes(self):
        self.carry()
        self.set(self.site.target, "a", "user.mine", b"x")
        self.acl("-m", "u:12345:r", self.site.target / "dir")
        self.site.import_(self.site.export())
        self.assert_equal_trees()
        self.assert_equal_attributes()

    def test_those_that_are_not_managed_stay(self):
        self.need_root()
        self.carry()
        self.set(self.site.target, "a", "trusted.mine", b"x")
        before = identity(self.site.target)
        self.site.import_(self.site.export())
        self.assertEqual(before, identity(self.site.target))

    def test_those_of_trusted_and_security_need_privileged(self):
        self.need_root()
        self.site.write_source_yaml("privileged: true")
        self.set(self.site.source, "a", "trusted.own", b"x")
        self.set(self.site.source, "link", "trusted.own", b"x")
        bundle = self.site.export()
        self.refused_import(4, bundle, "conflict")
        self.assertRegex(self.site.preview(bundle, expect=(0, 4)).out,
                         r"(?m)^files +! a +needs 'privileged: true': "
                         r"trusted\.own$")
        self.site.write_target_yaml("privileged: true")
        self.site.import_(bundle)
        self.assert_equal_attributes()

    def test_flags_arrive_also_inside_new_directories(self):
        self.need_root()
        s = self.site.source
        write_tree(s, {"new/deep/file": "x", "new/log": "x"})
        locked = (("+i", "new/deep/file"), ("+a", "new/log"), ("+i", "new"),
                  ("+d", "a"))
        for tree in (s, self.site.target):
            for _, name in locked:
                self.addCleanup(subprocess.run,
                                ["chattr", "-ia", tree / name],
                                stderr=subprocess.DEVNULL)
        for flag, name in locked:
            if subprocess.run(["chattr", flag, s / name],
                              stderr=subprocess.DEVNULL).returncode != 0:
                self.skipTest("no flags on this file system")
        self.carry()
        self.assert_equal_trees()

        def flags(tree):
            return [subprocess.run(
                ["lsattr", "-d", tree / name], text=True,
                capture_output=True).stdout.split()[0]
                for _, name in locked]
        self.assertEqual(flags(s), flags(self.site.target))
        before = identity(self.site.target)
        self.site.import_(self.site.export())
        self.assertEqual(before, identity(self.site.target))


class Transfer(Flow):
    def test_a_tree_arrives_as_it_was(self):
        os.chmod(self.site.source / "a", 0o640)
        os.utime(self.site.source / "dir", ns=(5, 1234567890123456789))
        self.carry()
        self.assert_equal_trees()

    def test_rsync_finds_no_difference(self):
        self.carry()
        done = subprocess.run(
            ["rsync", "-naHc", "--delete", "-i", f"{self.site.source}/",
             f"{self.site.target}/"], capture_output=True, text=True)
        self.assertEqual((0, ""), (done.returncode, done.stdout))

    def test_attributes_of_the_root_travel(self):
        os.chmod(self.site.source, 0o750)
        os.utime(self.site.source, ns=(1, 1500000000123456789))
        self.carry()
        st = os.stat(self.site.target)
        self.assertEqual(0o750, st.st_mode & 0o7777)
        self.assertEqual(1500000000123456789, st.st_mtime_ns)

    def test_owners_travel(self):
        self.need_root()
        os.chown(self.site.source / "a", 12345, 54321)
        os.lchown(self.site.source / "link", 12345, 54321)
        self.carry()
        self.assert_equal_trees()

    def test_times_before_1970_and_nanoseconds_travel(self):
        os.utime(self.site.source / "a", ns=(0, -1_500_000_001))
        self.carry()
        self.assertEqual(-1_500_000_001,
                         os.stat(self.site.target / "a").st_mtime_ns)

    def test_the_path_of_the_bundle_is_all_that_stdout_gets(self):
        bundle = self.site.export()
        self.assertEqual(f"{bundle}\n", self.site.last_export.out)
        self.assertTrue(bundle.is_dir())
        self.assertRegex(bundle.name, r"^[0-9a-z]{8}\.vls$")

    def test_a_guard_checks_with_b2sum_and_minisign(self):
        bundle = self.site.export()
        for command in (
                ["b2sum", "--strict", "-c", "seal.txt"],
                ["minisign", "-Vm", "seal.txt", "-x", "seal.sig", "-p",
                 self.site.keys / "sender.pub"]):
            done = subprocess.run([str(w) for w in command], cwd=bundle,
                                  capture_output=True, text=True)
            self.assertEqual(0, done.returncode, done.stderr)

    def test_the_guard_s_page_works_as_it_is_written(self):
        bundle = self.site.export()
        home = self.folder / "guard"
        home.mkdir()
        shutil.copy(self.site.keys / "sender.pub", home)
        page = (TESTS.parent / "docs/security.md").read_text()
        page = page.partition("\n## The guard\n")[2].partition("\n## ")[0]
        kinds, hashes, names = re.findall(r"^```\n(.*?)^```", page,
                                          re.DOTALL | re.MULTILINE)

        def shown(script):
            done = subprocess.run(
                ["sh", "-eu", "-c", script], cwd=bundle, text=True,
                env={**os.environ, "HOME": str(home)}, capture_output=True)
            self.assertEqual(0, done.returncode, done.stderr)
            return done.stdout

        self.assertIn("p0000001.vlp: OK\n", shown(hashes))
        self.assertEqual("", shown(kinds) + shown(names))
        (bundle / "more\x1b[31m").write_text("")
        self.assertEqual("", shown(kinds))
        self.assertIn("> f more^[[31m\n", shown(names))
        os.mkfifo(bundle / "pipe\x1b")
        self.assertEqual("./pipe^[\n", shown(kinds))

    def test_nothing_is_left_beside_the_target(self):
        self.carry()
        self.assertEqual([], self.site.leftovers())

    def test_the_same_bundle_again_touches_nothing(self):
        bundle = self.carry()
        before = identity(self.site.target)
        result = self.site.import_(bundle)
        self.assertEqual(before, identity(self.site.target))
        self.assertRegex(result.said, r"nothing (is )?differ|same|unchanged")

    def test_an_unchanged_source_touches_nothing(self):
        self.carry()
        before = identity(self.site.target)
        self.site.import_(self.site.export())
        self.assertEqual(before, identity(self.site.target))

    def test_what_is_the_same_keeps_its_inode(self):
        self.carry()
        before = identity(self.site.target)
        write_tree(self.site.source, {"a": "other\n"})
        self.site.import_(self.site.export())
        after = identity(self.site.target)
        for name in ("dir/b", "dir/c", "link"):
            path = str(self.site.target / name)
            self.assertEqual(before[path], after[path], name)
        self.assert_equal_trees()

    def test_the_same_bundle_mends_what_was_changed_at_the_target(self):
        bundle = self.carry()
        (self.site.target / "a").write_text("spoilt\n")
        self.site.import_(bundle)
        self.assert_equal_trees()

    def test_changed_content_of_the_same_size_and_time_arrives(self):
        self.carry()
        path = self.site.source / "a"
        st = path.stat()
        path.write_text("FIRST\n")
        os.utime(path, ns=(st.st_atime_ns, st.st_mtime_ns))
        self.site.import_(self.site.export())
        self.assertEqual("FIRST\n", (self.site.target / "a").read_text())

    def test_every_kind_of_change_arrives(self):
        write_tree(self.site.source, {
            "goes": "x", "old/deep/file": "x", "to-dir": "x",
            "to-link": "x", "to-file/below": "x", "mode": "x", "time": "x",
            "empty": None, "link-moves": ("link", "a")})
        self.carry()
        s = self.site.source
        (s / "goes").unlink()
        shutil.rmtree(s / "old")
        (s / "to-dir").unlink()
        (s / "to-link").unlink()
        shutil.rmtree(s / "to-file")
        (s / "link-moves").unlink()
        os.chmod(s / "mode", 0o600)
        os.utime(s / "time", ns=(7, 7))
        write_tree(s, {
            "new": "x", "new-dir/a/b/c": "x", "to-dir/now": "x",
            "to-link": ("link", "nowhere"), "to-file": "file",
            "link-moves": ("link", "b"), "dir/c": b"\0" * 69999 + b"1"})
        self.site.import_(self.site.export(), "--allow-delete")
        self.assert_equal_trees()

    def test_a_read_only_directory_gets_new_entries(self):
        self.carry()
        os.chmod(self.site.source / "dir", 0o555)
        write_tree(self.site.source, {"dir/new": "x"})
        os.chmod(self.site.source / "dir", 0o555)
        self.site.import_(self.site.export())
        self.assert_equal_trees()

    def test_an_empty_directory_and_an_empty_file_travel(self):
        write_tree(self.site.source, {"void": None, "zero": ""})
        self.carry()
        self.assert_equal_trees()

    def test_zeros_at_every_place_of_a_file_travel(self):
        block = 65536
        write_tree(self.site.source, {
            "middle": b"x" * block + b"\0" * (3 * block) + b"y",
            "end": b"x" + b"\0" * (2 * block),
            "all": b"\0" * (4 * block + 3),
            "start": b"\0" * block + b"z"})
        self.carry()
        self.assert_equal_trees()

    def test_a_file_of_many_chunks_travels(self):
        words = b"".join(hashlib.blake2b(str(i).encode()).digest()
                         for i in range(160000))
        write_tree(self.site.source, {"large": words, "twin": words})
        self.carry()
        self.assert_equal_trees()

    def manifest(self, bundle):
        """Its lines, with every hash in them."""
        return self.site.run("valise", "ls", bundle, *self.site.identity,
                             "--json").out.splitlines()

    def test_two_exports_have_the_same_manifest(self):
        first, second = self.site.export(), self.site.export()
        listed = [self.manifest(bundle) for bundle in (first, second)]
        self.assertEqual(*listed)
        self.assertIn('"dir/b"', "".join(listed[0]))

    def test_the_number_of_workers_changes_nothing(self):
        write_tree(self.site.source,
                   {f"many/{i:03}": f"{i}\n" * i for i in range(300)})
        listed = set()
        for workers in ("1", "2", "4"):
            bundle = self.site.export("--workers", workers)
            listed.add(tuple(self.manifest(bundle)))
            self.site.import_(bundle, "--workers", workers)
            self.assert_equal_trees()
        self.assertEqual(1, len(listed))

    def test_a_password_opens_what_it_closed(self):
        secret = self.folder / "password"
        secret.write_text("correct horse battery\n")
        result = self.site.run(
            "valise-export", self.site.source_yaml, "--to", self.site.medium,
            "--sign-key", self.site.keys / "sender.key", "--password-file",
            secret, "--kdf", "light")
        self.site.run("valise-import", self.site.target_yaml,
                      result.out.strip(), "--password-file", secret, "--yes")
        self.assert_equal_trees()

    def test_the_site_makes_its_own_sender_key(self):
        result = self.site.run(
            "valise-export", self.site.source_yaml, "--to", self.site.medium,
            "--recipient", self.site.keys / "recipient.pub")
        bundle = result.out.strip()
        self.site.write_target_yaml(extra="")
        self.site.run("valise-import",
                      *self.site.importing(bundle), expect=6)
        keys = list(self.site.source_state.rglob("sender.pub"))
        self.assertEqual(1, len(keys), result)
        self.site.import_(bundle, "--trust", keys[0])
        self.assert_equal_trees()

    def test_verify_and_import_take_the_same_sender_files(self):
        bundle = self.site.export()
        self.site.write_target_yaml(extra="")
        text = (self.site.keys / "sender.pub").read_text()
        comment, key = text.split("\n", 1)
        longer = self.site.keys / "longer.pub"
        for size, verified, imported in (2049, 2, 2), (2048, 0, 0):
            padding = "x" * (size - len(comment) - 1 - len(key))
            longer.write_text(f"{comment}{padding}\n{key}")
            self.site.run("valise", "verify", bundle, "--sender", longer,
                          expect=verified)
            self.site.run("valise-import", *self.site.importing(bundle),
                          "--trust", longer, expect=imported)
        self.assert_equal_trees()

    def test_an_absent_target_root_is_made(self):
        self.assertFalse(self.site.target.exists())
        self.carry()
        self.assert_equal_trees()

    def test_a_target_root_that_is_a_mount_point_is_filled_from_inside(self):
        self.mount_tmpfs(self.site.target, "size=4M")
        self.carry()
        write_tree(self.site.source, {"a": "other\n"})
        self.site.import_(self.site.export())
        self.assert_equal_trees()


class Preview(Flow):
    def test_a_preview_changes_nothing(self):
        self.carry()
        write_tree(self.site.source, {"a": "other\n", "new": "x"})
        (self.site.source / "dir/b").unlink()
        bundle = self.site.export()
        before = identity(self.site.target)
        self.site.preview(bundle)
        self.assertEqual(before, identity(self.site.target))
        self.assertEqual([], self.site.leftovers())

    def test_a_preview_says_what_would_happen(self):
        self.carry()
        write_tree(self.site.source, {"a": "other\n", "new": "x"})
        (self.site.source / "dir/b").unlink()
        out = self.site.preview(self.site.export()).out
        self.assertRegex(out, r"(?m)^files +~ a\b")
        self.assertRegex(out, r"(?m)^files +\+ new\b")
        self.assertRegex(out, r"(?m)^files +- dir/b\b")
        self.assertRegex(
            out, r"(?m)^ +add +change +delete +same +skip +conflict$")

    def test_a_preview_as_json_is_one_object_a_line(self):
        bundle = self.carry()
        (self.site.target / "a").write_text("spoilt\n")
        out = self.site.preview(bundle, "--json").out
        types = {json.loads(line)["message_type"]
                 for line in out.splitlines()}
        self.assertIn("summary", types)

    def test_exit_code_10_says_that_there_are_differences(self):
        bundle = self.carry()
        self.site.preview(bundle, "--exit-code")
        (self.site.target / "a").write_text("spoilt\n")
        self.site.preview(bundle, "--exit-code", expect=10)

    def test_a_dry_run_of_an_export_leaves_nothing(self):
        before = sorted(self.folder.rglob("*"))
        self.site.export("--dry-run")
        self.assertEqual([], list(self.site.medium.iterdir()))
        self.assertEqual(before, sorted(self.folder.rglob("*")))

    def test_a_dry_run_looks_at_the_recipients(self):
        said = self.site.export("--dry-run").err
        self.assertIn("recipient.pub', fingerprint ", said)
        said = self.site.export("--dry-run", "--audit-recipient",
                                self.folder / "nobody.pub", expect=2).err
        self.assertIn("nobody.pub", said)


if __name__ == "__main__":
    unittest.main()
