"""Targets that cannot hold everything: it is known before anything is done.

Each is a real file system: exFAT by its FUSE driver on a loop device, where
the bytes of the unmounted disk are compared; ext2 with small blocks and
inodes; ext4 without ACLs and attributes where the kernel still has those
options; ramfs, which never had them; tmpfs.  What a machine cannot mount is
skipped and says so.
"""
import hashlib
import os
import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import Flow, tree_lines, write_tree  # noqa: E402

PLAIN = {"a": "first\n", "dir/b": "second\n", "dir/c": b"\0" * 70000,
         "dir/deep/d": "x" * 5000, "empty": "", "bare": None,
         "\u00fcber/\u20ac uro": "y"}
# What no FAT has, and the words of the reason.
IMPOSSIBLE = {
    "colon:name": "with ':'", "what?": r"with '\?'",
    "sub/end.": "end in a dot", "ctrl\\x01": "control characters",
    "bad\\xff": "not UTF-8", "sub/link": "symbolic links",
    "sub/hard2": "hard links", "pipe": "FIFOs", "large": "at most .* bytes",
    "twin": "'Twin'", "sub/\u00e9t\u00e9": "'sub/\u00c9t\u00e9'",
}
LATE = 4102444800  # 2100-01-01


def contents(root):
    """What a plain tree is without owners, modes and times."""
    found = {}
    for path in sorted(Path(root).rglob("*")):
        name = str(path.relative_to(root))
        if not name.startswith(".valise"):
            found[name] = path.read_bytes() if path.is_file() else None
    return found


class SmallTarget(Flow):
    """The target's file system is at `disk`; the tree is below it, or is
    all of it where ROOT says so."""

    ENTRIES = PLAIN
    PLACE = "/var/tmp"  # the source has what the target has not
    ROOT = False
    BYTES = False  # compare the bytes of the image: mounting changes none

    def setUp(self):
        super().setUp()
        self.need_root()
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        self.mounted = False
        self.prepare_disk()
        self.addCleanup(self.unmount)
        self.mount()
        self.site.target = self.disk if self.ROOT else self.disk / "tree"
        self.words()

    def words(self, words=""):
        self.site.write_source_yaml("special: true\nprivileged: true")
        self.site.write_target_yaml("special: true\nprivileged: true\n"
                                    + words)

    def try_mount(self, *command):
        done = subprocess.run([str(word) for word in command],
                              capture_output=True, text=True)
        if done.returncode != 0 or not os.path.ismount(self.disk):
            self.skipTest(f"cannot mount: {' '.join(map(str, command))}: "
                          + (done.stderr.strip().split("\n") or [""])[0])
        self.mounted = True

    def unmount(self):
        if self.mounted:
            subprocess.run(["umount", str(self.disk)], check=True)
            self.mounted = False

    def image(self, size):
        self.disk_image = self.folder / "disk.img"
        with self.disk_image.open("wb") as file:
            file.truncate(size)

    def mkfs(self, *command):
        if shutil.which(command[0]) is None:
            self.skipTest(f"needs {command[0]}")
        subprocess.run([*command, str(self.disk_image)], check=True,
                       capture_output=True)

    def state(self, tree):
        return tree_lines(tree)

    def fingerprint(self):
        """Of all there is on the disk; of an image its bytes, as long as
        there is no file that a preview could read: the driver notes when."""
        if not self.BYTES or (self.site.target / "a").exists():
            return self.state(self.disk)
        self.unmount()
        subprocess.run(["sync"], check=True)
        with self.disk_image.open("rb") as file:
            value = hashlib.file_digest(file, "blake2b").hexdigest()
        self.mount()
        return value

    # What a preview says.

    def shown(self, result, sign):
        """{path as shown: reason} of the lines with `sign`."""
        found = re.findall(rf"(?m)^files +{re.escape(sign)} (.+?)"
                           r"(?:  +(.*))?$", result.out)
        self.assertEqual(len(found), len(dict(found)), result)
        return dict(found)

    def conflicts(self, bundle, *words):
        """Of a preview that leaves no trace."""
        before = self.fingerprint()
        result = self.site.preview(bundle, *words, expect=(0, 4))
        self.assertEqual(before, self.fingerprint(), result)
        return self.shown(result, "!")

    def assert_conflicts(self, bundle, wanted):
        self.maxDiff = None
        found = self.conflicts(bundle)
        self.assertEqual(sorted(wanted), sorted(found))
        for path, why in wanted.items():
            self.assertRegex(found[path], why, path)

    def assert_refused(self, bundle):
        """With 4; a staging beside the tree came and went."""
        before = self.state(self.site.target)
        result = self.site.import_(bundle, "--allow-delete", expect=4)
        self.assertEqual(before, self.state(self.site.target), result)
        self.assertEqual([], self.site.leftovers(), result)
        self.assert_one_line(result)

    def assert_crosses(self):
        """So does a change; and nothing differs then, also not when it is
        read from the disk anew."""
        for entries in ({}, {"a": "other\n", "dir/new": "z", "empty": "no"}):
            write_tree(self.site.source, entries)
            bundle = self.site.export()
            self.site.import_(bundle, "--allow-delete")
            self.assertEqual(contents(self.site.source),
                             contents(self.site.target))
            self.assert_nothing_left()
            self.assert_same(bundle)
            if hasattr(self, "disk_image"):
                self.unmount()
                self.mount()
            self.assert_same(bundle)

    def assert_nothing_left(self):
        self.assertEqual([], self.site.leftovers())

    def assert_same(self, bundle):
        result = self.site.preview(bundle, "--exit-code", expect=0)
        for sign in "+~-!":
            self.assertEqual({}, self.shown(result, sign), result)


class Exfat(SmallTarget):
    BYTES = True

    def prepare_disk(self):
        if not os.path.exists("/dev/fuse"):
            self.skipTest("needs FUSE")
        if shutil.which("mount.exfat-fuse") is None:
            self.skipTest("needs exfat-fuse")
        self.image(64 << 20)
        self.mkfs("mkfs.exfat")
        done = subprocess.run(["losetup", "-f", "--show",
                               str(self.disk_image)], capture_output=True,
                              text=True)
        if done.returncode != 0:
            self.skipTest(f"needs a loop device: {done.stderr.strip()}")
        self.device = done.stdout.strip()
        self.addCleanup(subprocess.run, ["losetup", "-d", self.device])

    def mount(self):
        self.try_mount("mount.exfat-fuse", self.device, self.disk)

    def assert_nothing_left(self):
        """libfuse hides a removed file while it is open, so that its
        directory stays until the next run."""
        self.site.recover()
        self.assertEqual([], self.site.leftovers())

    def state(self, tree):
        """Without the root of the disk, which has no time on it."""
        lines = tree_lines(tree)
        return lines[1:] if tree == self.disk else lines

    def make_impossible(self):
        source = self.site.source
        write_tree(source, {
            "colon:name": "x", "what?": "x", "sub/end.": "x",
            "ctrl\x01": "x", b"bad\xff": "x", "sub/link": ("link", "../a"),
            "sub/hard1": "x", "Twin": "x", "twin": "y",
            "sub/\u00c9t\u00e9": "x", "sub/\u00e9t\u00e9": "y",
            "sub/CON": "x", "sub/fine.txt": "x"})
        os.link(source / "sub/hard1", source / "sub/hard2")
        os.mkfifo(source / "pipe")
        with (source / "large").open("wb") as file:
            file.truncate(1 << 30)

    def test_the_preview_lists_every_impossible_entry(self):
        self.make_impossible()
        self.words("on_unsupported: drop")
        self.assert_conflicts(self.site.export(), IMPOSSIBLE)

    def put_there(self):
        """What an import of the plain tree would leave."""
        subprocess.run(["cp", "-r", f"{self.site.source}/.",
                        self.site.target], check=True)

    def test_so_it_does_onto_a_tree_that_is_there(self):
        self.words("on_unsupported: drop")
        self.put_there()
        self.make_impossible()
        self.assert_conflicts(self.site.export(), IMPOSSIBLE)

    def test_an_import_of_it_is_refused(self):
        self.words("on_unsupported: drop")
        self.put_there()
        self.make_impossible()
        self.assert_refused(self.site.export())

    def test_what_has_no_room_is_a_conflict_unless_it_may_be_dropped(self):
        bundle = self.site.export()
        found = self.conflicts(bundle)
        for path in ("a", "bare", "dir/deep/d"):
            self.assertRegex(found[path], "owner.*mode", found)
        self.assert_refused(bundle)

    def test_each_attribute_without_room_is_named(self):
        os.setxattr(self.site.source / "a", "user.colour", b"blue")
        subprocess.run(["setfacl", "-m", "u:12:r", self.site.source / "empty"],
                       check=True)
        found = self.conflicts(self.site.export())
        self.assertRegex(found["a"], "extended attributes")
        self.assertRegex(found["empty"], "ACL")
        self.assertNotRegex(found["dir/b"], "ACL|attributes")

    def test_a_plain_tree_crosses_without_owners_and_modes(self):
        self.words("on_unsupported: drop")
        self.assert_crosses()

    def test_a_name_in_other_case_than_the_targets_is_a_conflict(self):
        self.words("on_unsupported: drop\ntarget_only: keep")
        self.put_there()
        os.rename(self.site.source / "dir/b", self.site.source / "dir/B")
        bundle = self.site.export()
        self.assert_conflicts(bundle, {"dir/b": "'dir/B'"})
        self.assert_refused(bundle)


class ExfatAsRoot(Exfat):
    """The tree is the disk, so staging stands inside."""

    ROOT = True


class Ramfs(SmallTarget):
    """Neither ACLs nor attributes nor flags."""

    LACKS = {"acl": "ACL", "dir": "ACL", "attr": "extended attributes",
             "flag": "flags"}

    def prepare_disk(self):
        pass

    def mount(self):
        self.try_mount("mount", "-t", "ramfs", "ramfs", self.disk)

    def make_attributes(self):
        source = self.site.source
        write_tree(source, {"acl": "x", "attr": "x", "flag": "x"})
        for command in (["setfacl", "-m", "u:12:r", source / "acl"],
                        ["setfacl", "-d", "-m", "g:12:rx", source / "dir"],
                        ["chattr", "+d", source / "flag"]):
            subprocess.run(command, check=True)
        os.setxattr(source / "attr", "user.colour", b"blue")

    def test_each_attribute_without_room_is_named(self):
        self.make_attributes()
        bundle = self.site.export()
        self.assert_conflicts(bundle, self.LACKS)
        self.assert_refused(bundle)

    def test_the_rest_crosses_when_they_may_be_dropped(self):
        self.make_attributes()
        os.symlink("a", self.site.source / "link")
        os.link(self.site.source / "a", self.site.source / "a2")
        os.mkfifo(self.site.source / "pipe")
        self.words("on_unsupported: drop")
        bundle = self.site.export()
        result = self.site.import_(bundle)
        self.assertRegex(result.said, "(?i)without|drop")
        self.assertTrue(os.path.samefile(self.site.target / "a",
                                         self.site.target / "a2"))
        self.assert_same(bundle)


class Ext4Without(Ramfs):
    """ext4 mounted without ACLs and attributes."""

    LACKS = {key: Ramfs.LACKS[key] for key in ("acl", "dir", "attr")}

    def prepare_disk(self):
        self.image(16 << 20)
        self.mkfs("mkfs.ext4", "-q", "-F")

    def mount(self):
        self.try_mount("mount", "-o", "loop,noatime,noacl,nouser_xattr",
                       self.disk_image, self.disk)


class LockedFiles(SmallTarget):
    """What is immutable is not linked but copied aside."""

    def prepare_disk(self):
        self.image(64 << 20)
        self.mkfs("mkfs.ext4", "-q", "-F", "-O", "^has_journal")

    def mount(self):
        self.try_mount("mount", "-o", "loop", self.disk_image, self.disk)

    def lock(self, path):
        subprocess.run(["chattr", "+i", path], check=True)
        self.addCleanup(subprocess.run, ["chattr", "-i", path],
                        stderr=subprocess.DEVNULL)

    def test_a_sparse_one_goes_from_a_smaller_disk(self):
        with (self.site.source / "large").open("wb") as file:
            file.truncate(20 << 30)
            file.seek(7 << 30)
            file.write(b"data")
        self.carry()
        (self.site.source / "large").unlink()
        self.lock(self.site.target / "large")
        self.site.import_(self.site.export(), "--allow-delete")
        self.assert_equal_trees()
        self.assertEqual([], self.site.leftovers())

    def test_one_without_room_for_its_copy_is_named(self):
        write_tree(self.site.source, {"dir/deep/full": os.urandom(40 << 20)})
        self.carry()
        (self.site.source / "dir/deep/full").unlink()
        self.lock(self.site.target / "dir/deep/full")
        words = self.site.importing(self.site.export(), "--allow-delete")
        self.refused(1, words, self.site.target / "dir/deep/full")


class FullDisk(SmallTarget):
    ENTRIES = {str(i): str(i) for i in range(600)}

    def prepare_disk(self):
        self.image(24 << 20)
        self.mkfs("mkfs.ext4", "-q", "-F", "-m", "0", "-N", "2000")

    def mount(self):
        self.try_mount("mount", "-o", "loop", self.disk_image, self.disk)

    def fill(self, leave):
        free = os.statvfs(self.disk)
        with (self.disk / "fill").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0,
                               free.f_bavail * free.f_frsize - leave)

    def test_attributes_that_are_set_in_place_need_their_blocks(self):
        self.carry()
        for name in self.ENTRIES:
            os.setxattr(self.site.source / name, "user.x", os.urandom(200))
        self.fill(1600 << 10)
        bundle = self.site.export()
        self.assert_says(self.site.preview(bundle, expect=1),
                         "no room for what changes")
        self.refused_import(1, bundle, "no room for what changes")
        (self.disk / "fill").unlink()
        self.site.import_(bundle)
        self.assert_equal_trees()
        # What is there takes no more room.
        self.fill(1600 << 10)
        self.assert_says(self.site.import_(self.site.export()),
                         "nothing differs")


class Tmpfs(SmallTarget):
    def prepare_disk(self):
        pass

    def mount(self):
        self.try_mount("mount", "-t", "tmpfs", "-o", "size=8M", "tmpfs",
                       self.disk)

    def test_a_flag_it_does_not_have_is_named(self):
        subprocess.run(["chattr", "+S", self.site.source / "a"], check=True)
        bundle = self.site.export()
        self.assert_conflicts(bundle, {"a": "flags"})
        self.assert_refused(bundle)
        self.words("on_unsupported: drop")
        self.site.import_(bundle)
        self.assert_same(bundle)

    def test_a_hole_larger_than_itself_crosses(self):
        with (self.site.source / "large").open("wb") as file:
            file.truncate(1 << 30)
        self.carry()
        self.assert_equal_trees()


class ManyDisks(Flow):
    """Trees on three disks, two of them on the last."""

    TREES = {"a": "disk1/a", "b": "disk2/b", "c": "disk3/c", "d": "disk3/d"}

    def setUp(self):
        super().setUp()
        for disk in ("disk1", "disk2", "disk3"):
            self.mount_tmpfs(self.folder / "dst" / disk, "size=4M")
        for yaml, folder, state, extra in (
                (self.site.source_yaml, "src", self.site.source_state, ""),
                (self.site.target_yaml, "dst", self.site.target_state,
                 f"trust:\n  - {{sender: {self.site.keys}/sender.pub}}\n")):
            yaml.write_text(
                f"site: demo\nstate: {state}\nresources:\n" + "".join(
                    f"  - {{name: {name}, kind: files, "
                    f"path: {self.folder / folder / path}}}\n"
                    for name, path in self.TREES.items()) + extra)
        for path in self.TREES.values():
            write_tree(self.folder / "src" / path, {"x": b"x" * 1_700_000})

    def test_each_has_room_for_what_all_of_its_trees_need(self):
        bundle = self.site.export()
        disk = self.folder / "dst" / "disk3"
        for result in (self.site.preview(bundle, expect=1),
                       self.site.import_(bundle, expect=1)):
            self.assert_says(
                result, "no room for what changes: 4.5 MB needed, 4.2 MB "
                f"free on the file system of '{disk / 'd'}'")
        self.assertEqual([], sorted((self.folder / "dst").glob("disk*/*")))
        subprocess.run(["mount", "-o", "remount,size=6M", str(disk)],
                       check=True)
        self.site.import_(bundle)
        for path in self.TREES.values():
            self.assert_equal_trees(self.folder / "src" / path,
                                    self.folder / "dst" / path)


class OldExt2(SmallTarget):
    """Blocks of 1 KiB, inodes of 128 bytes: full seconds until 2038."""

    def prepare_disk(self):
        self.image(16 << 20)
        self.mkfs("mkfs.ext2", "-q", "-F", "-b", "1024", "-I", "128")

    def mount(self):
        self.try_mount("mount", "-t", "ext2", "-o", "loop,noatime",
                       self.disk_image, self.disk)

    def test_sizes_are_known_before(self):
        with (self.site.source / "large").open("wb") as file:
            file.truncate(20 << 30)
        write_tree(self.site.source, {"long": ("link", "x/" * 600)})
        bundle = self.site.export()
        self.assert_conflicts(bundle, {"large": "at most .* bytes",
                                       "long": "at most 1023 bytes"})
        self.assert_refused(bundle)

    def test_times_are_rounded_and_stay_so(self):
        self.assert_crosses()

    def test_a_time_out_of_range_is_named(self):
        os.utime(self.site.source / "a", (LATE, LATE))
        bundle = self.site.export()
        self.assert_conflicts(bundle, {"a": "time"})
        self.assert_refused(bundle)
        self.words("on_unsupported: drop")
        self.site.import_(bundle)
        self.assert_same(bundle)


if __name__ == "__main__":
    unittest.main()
