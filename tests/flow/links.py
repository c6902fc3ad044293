"""Files with several names: what is one file at the source is one file at the
target, and what is several there is several here."""
import errno
import os
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import NOBODY, Flow, write_tree  # noqa: E402


def groups(tree):
    """The names that each inode of a tree has, as sets of paths."""
    found = {}
    for folder, names, files in os.walk(tree):
        for name in files:
            path = os.path.join(folder, name)
            st = os.lstat(path)
            found.setdefault(st.st_ino, set()).add(
                os.path.relpath(path, tree))
    return sorted(sorted(names) for names in found.values())


def identity(tree):
    found = {}
    for folder, names, files in os.walk(tree):
        for name in [*names, *files, "."]:
            path = os.path.join(folder, name)
            st = os.lstat(path)
            found[path] = st.st_ino, st.st_ctime_ns, st.st_nlink
    return found


class Linked(Flow):
    ENTRIES = {"a": "first\n", "other": "x", "dir/z": "z",
               "link": ("link", "a")}

    def setUp(self):
        super().setUp()
        self.link("a", "b", "dir/c")

    def link(self, first, *names, tree=None):
        tree = tree or self.site.source
        for name in names:
            (tree / name).parent.mkdir(exist_ok=True)
            os.link(tree / first, tree / name, follow_symlinks=False)

    def ino(self, name, tree=None):
        return os.lstat((tree or self.site.target) / name).st_ino

    def bring(self, *words, expect=0):
        """A bundle of the source as it stands, and again: the second finds
        nothing to do and touches nothing."""
        bundle = self.site.export()
        result = self.site.import_(bundle, "--allow-delete", *words,
                                   expect=expect)
        self.assert_equal_trees()
        self.assertEqual(groups(self.site.source), groups(self.site.target))
        before = identity(self.site.target)
        self.site.import_(self.site.export())
        self.assertEqual(before, identity(self.site.target))
        self.assertEqual([], self.site.leftovers())
        return result


class Links(Linked):
    # Whole groups.

    def test_a_group_arrives_as_one_file(self):
        self.bring()
        self.assertEqual(3, os.stat(self.site.target / "a").st_nlink)

    def test_a_preview_writes_nothing(self):
        self.bring()
        self.link("other", "other2")
        (self.site.source / "a").write_text("changed\n")
        bundle = self.site.export()
        before = identity(self.site.target)
        shown = self.site.preview(bundle).out
        self.assertEqual(before, identity(self.site.target))
        self.assertEqual([], self.site.leftovers())
        self.assertRegex(shown, r"(?m)^files +\+ other2$")
        self.assertRegex(shown, r"(?m)^files +~ b +hard link$")

    def test_a_symbolic_link_can_have_several_names(self):
        self.link("link", "link2", "new/link3")
        self.bring()

    def test_a_fifo_can_have_several_names(self):
        self.site.write_source_yaml("special: true")
        self.site.write_target_yaml("special: true")
        os.mkfifo(self.site.source / "fifo")
        self.link("fifo", "fifo2")
        self.bring()

    def test_names_in_new_directories_are_linked_each_way(self):
        self.bring()
        write_tree(self.site.source, {"new/deep/first": "1", "aaa": "2",
                                      "zero/x": "3"})
        self.link("new/deep/first", "new/deep/second", "new/other/third",
                  "zzz", "newer/n")
        self.link("aaa", "new/of-aaa", "zero/of-aaa")
        self.link("a", "new/of-a", "zero/of-a")
        self.bring()

    def test_a_new_root_has_its_links(self):
        write_tree(self.site.source, {"q/r/s": "1"})
        self.link("q/r/s", "q/t", "zz")
        self.bring()

    def test_a_large_file_is_linked_before_it_is_closed(self):
        data = os.urandom(6_000_000)
        write_tree(self.site.source, {"large": data, "small": "s"})
        self.link("large", "large2", "x/large3")
        self.bring()

    # Changes.

    def test_another_name_leaves_the_file_where_it_is(self):
        self.bring()
        ino = self.ino("a")
        self.link("a", "dir/d", "e/f")
        self.bring()
        self.assertEqual(ino, self.ino("a"))
        self.assertEqual(ino, self.ino("e/f"))

    def test_a_name_before_the_first_makes_another_first(self):
        self.bring()
        self.link("a", "Z")
        self.bring()

    def test_a_name_that_goes_leaves_the_others(self):
        self.bring()
        ino = self.ino("a")
        (self.site.source / "b").unlink()
        self.bring()
        self.assertEqual(ino, self.ino("dir/c"))

    def test_changed_content_is_changed_under_every_name(self):
        self.bring()
        (self.site.source / "a").write_text("other content\n")
        self.bring()

    def test_attributes_of_a_whole_group_change_in_place(self):
        self.bring()
        ino = self.ino("a")
        os.chmod(self.site.source / "b", 0o600)
        result = self.bring()
        self.assertEqual(ino, self.ino("dir/c"))
        self.assertIn("0 staged files", result.err)

    def test_new_attributes_and_a_new_name_come_together(self):
        self.bring()
        os.chmod(self.site.source / "b", 0o600)
        self.link("a", "n")
        self.bring()

    def test_a_file_with_a_name_outside_is_not_changed_there(self):
        self.bring()
        outside = self.site.target.parent / "outside"
        os.link(self.site.target / "a", outside)
        os.chmod(self.site.source / "a", 0o600)
        self.bring()
        self.assertEqual(0o644, outside.stat().st_mode & 0o777)
        self.assertEqual(1, outside.stat().st_nlink)

    def test_a_name_outside_does_not_matter_to_what_is_the_same(self):
        self.bring()
        os.link(self.site.target / "other",
                self.site.target.parent / "outside")
        before = identity(self.site.target)
        self.site.import_(self.site.export())
        self.assertEqual(before, identity(self.site.target))

    def test_a_group_that_is_parted_becomes_files_of_their_own(self):
        self.bring()
        (self.site.source / "b").unlink()
        write_tree(self.site.source, {"b": "first\n"})
        self.bring()

    def test_what_the_target_has_linked_is_parted(self):
        write_tree(self.site.source, {"one": "same", "two": "same"})
        self.bring()
        (self.site.target / "two").unlink()
        self.link("one", "two", tree=self.site.target)
        self.link("other", "stray", tree=self.site.target)
        self.bring()
        self.assertNotEqual(self.ino("one"), self.ino("two"))

    def test_what_the_target_has_linked_otherwise_is_mended(self):
        self.bring()
        (self.site.target / "b").unlink()
        self.link("other", "b", tree=self.site.target)
        self.bring()

    def test_equal_files_at_the_target_become_one(self):
        self.bring()
        (self.site.target / "b").unlink()
        write_tree(self.site.target, {"b": "first\n"})
        self.bring()

    def test_a_name_takes_the_place_of_a_directory(self):
        self.bring()
        (self.site.target / "b").unlink()
        write_tree(self.site.target, {"b/in/it": "x"})
        self.bring()

    def test_a_directory_takes_the_place_of_a_name(self):
        self.bring()
        (self.site.source / "b").unlink()
        write_tree(self.site.source, {"b/now": "x"})
        self.link("a", "b/here")
        self.bring()

    def test_a_name_takes_the_place_of_a_link(self):
        self.bring()
        (self.site.target / "dir/c").unlink()
        (self.site.target / "dir/c").symlink_to("../a")
        self.bring()

    # What is left alone, and what is refused.

    def test_where_the_first_is_left_alone_the_others_are(self):
        self.site.write_target_yaml('exclude: ["a"]')
        self.site.import_(self.site.export())
        self.assertFalse((self.site.target / "a").exists())
        self.assertFalse((self.site.target / "b").exists())
        self.assertFalse((self.site.target / "dir/c").exists())

    def keep_here(self, *paths):
        self.site.write_target_yaml(extra=(
            f"trust:\n  - {{sender: {self.site.keys}/sender.pub}}\n"
            "keep_here:\n" + "".join(
                f"  - {{resource: files, path: \"{path}\"}}\n"
                for path in paths)))

    def test_the_others_are_named_where_the_first_is_left_alone(self):
        bundle = self.site.export()
        self.keep_here("/a")
        for words in ((), ("--on-match", "skip")):
            shown = self.site.preview(bundle, *words).out
            for name in ("b", "dir/c"):
                self.assertRegex(shown, rf"(?m)^files += {name} +is one more "
                                 r"name of 'a', which is left alone here$")
        self.site.import_(bundle)
        self.assertEqual({"dir", "link", "other"},
                         set(os.listdir(self.site.target)))

    def test_a_name_that_is_left_alone_keeps_its_attributes(self):
        def mode(name):
            return os.stat(self.site.target / name).st_mode & 0o777

        for leave in (lambda: self.keep_here("/b", "/dir/"),
                      lambda: self.site.write_target_yaml(
                          "exclude: [/b, /dir/c]")):
            self.site.write_target_yaml()
            self.bring()
            kept = self.ino("b")
            old = mode("b")
            os.chmod(self.site.source / "a", old ^ 0o040)
            leave()
            bundle = self.site.export()
            self.site.import_(bundle)
            self.assertEqual(old ^ 0o040, mode("a"))
            self.assertEqual([(kept, old)] * 2,
                             [(self.ino(name), mode(name))
                              for name in ("b", "dir/c")])
            before = identity(self.site.target)
            self.site.import_(bundle)
            self.assertEqual(before, identity(self.site.target))

    def test_a_locked_file_whose_other_names_are_left_alone_stays(self):
        self.need_root()
        self.keep_here("/b", "/dir/c")
        self.site.import_(self.site.export())
        for tree in (self.site.source, self.site.target):
            path = str(tree / "a")
            if subprocess.run(["chattr", "+i", path],
                              stderr=subprocess.DEVNULL).returncode != 0:
                self.skipTest("no flags on this file system")
            self.addCleanup(subprocess.run, ["chattr", "-i", path],
                            stderr=subprocess.DEVNULL)
        before = identity(self.site.target)
        self.site.import_(self.site.export())
        self.assertEqual(before, identity(self.site.target))

    def test_skip_leaves_a_name_that_is_there(self):
        self.bring()
        (self.site.target / "b").unlink()
        write_tree(self.site.target, {"b": "theirs"})
        self.site.import_(self.site.export(), "--on-match", "skip")
        self.assertEqual("theirs", (self.site.target / "b").read_text())

    def test_fail_finds_a_name_that_differs(self):
        self.bring()
        (self.site.target / "b").unlink()
        write_tree(self.site.target, {"b": "first\n"})
        bundle = self.site.export()
        words = "--on-match", "fail"
        self.refused(4, self.site.importing(bundle, *words), "conflict")
        shown = self.site.preview(bundle, *words, expect=(0, 4)).out
        self.assertRegex(shown, r"(?m)^files +! b\b")
        self.assertNotRegex(shown, r"(?m)^files +! a\b")

    def test_another_users_file_gets_one_more_name(self):
        self.need_root()
        self.bring()
        site = self.site
        site.copy_programs()
        self.link("a", "n")
        self.link("link", "n2")
        subprocess.run(["chown", "-hR", f"{NOBODY}:{NOBODY}", site.folder],
                       check=True)
        for name in ("a", "link", "other"):
            os.lchown(site.target / name, 0, 0)
        ino = self.ino("other")
        site.user = NOBODY
        bundle = site.export()
        shown = site.preview(bundle).out
        for name in ("a", "link"):
            self.assertRegex(shown, rf"(?m)^files +~ {name} +made anew$")
        site.import_(bundle)
        self.assertEqual(groups(site.source), groups(site.target))
        self.assertEqual(ino, self.ino("other"))
        before = identity(site.target)
        site.import_(bundle)
        self.assertEqual(before, identity(site.target))

    def test_what_is_parted_is_told_as_that(self):
        write_tree(self.site.source, {"one": "same", "two": "same"})
        self.link("link", "link2")
        self.bring()
        (self.site.source / "link2").unlink()
        (self.site.source / "link2").symlink_to("a")
        (self.site.target / "two").unlink()
        self.link("one", "two", tree=self.site.target)
        shown = self.site.preview(self.site.export()).out
        for name in ("two", "link2"):
            self.assertRegex(shown, rf"(?m)^files +~ {name} +made anew$")

    def test_an_immutable_file_gets_one_more_name(self):
        self.need_root()
        self.bring()
        self.link("a", "n")
        for tree in (self.site.source, self.site.target):
            path = str(tree / "a")
            if subprocess.run(["chattr", "+i", path],
                              stderr=subprocess.DEVNULL).returncode != 0:
                self.skipTest("no flags on this file system")
            self.addCleanup(subprocess.run, ["chattr", "-i", path])
        bundle = self.site.export()
        self.site.import_(bundle)
        self.assertEqual(groups(self.site.source), groups(self.site.target))
        flags = subprocess.run(["lsattr", self.site.target / "a"], text=True,
                               capture_output=True).stdout
        self.assertIn("i", flags.split()[0])
        before = identity(self.site.target)
        self.site.import_(bundle)
        self.assertEqual(before, identity(self.site.target))


class Full(Linked):
    PLACE = "/var/tmp"  # in memory a file takes more names than anyone gives

    def test_a_file_that_takes_no_more_names_is_refused(self):
        self.bring()
        outside = self.site.target.parent / "outside"
        outside.mkdir()
        try:
            for i in range(70000):
                os.link(self.site.target / "a", outside / str(i))
            self.skipTest("no limit on names here")
        except OSError as full:
            self.assertEqual(errno.EMLINK, full.errno)
        self.link("a", "n")
        self.refused_import(4, self.site.export(), "'n'", "'a'",
                            "no more names")


if __name__ == "__main__":
    unittest.main()
