"""What the operator at the target allows, and what he is asked first."""
import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import Flow, write_tree  # noqa: E402


class FirstImport(Flow):
    def test_onto_a_target_that_is_not_empty_needs_leave(self):
        write_tree(self.site.target, {"mine": "do not touch\n"})
        bundle = self.site.export()
        self.refused_import(4, bundle, "never imported", "1 would be deleted",
                            "--allow-delete")
        self.site.import_(bundle, "--allow-delete")
        self.assert_equal_trees()

    def test_without_yes_and_without_a_terminal_is_refused(self):
        bundle = self.site.export()
        self.refused(2, (self.site.target_yaml, bundle, *self.site.identity),
                     "--yes")


class Deletions(Flow):
    ENTRIES = {f"file{i}": f"{i}\n" for i in range(10)}

    def remove(self, *numbers):
        for i in numbers:
            (self.site.source / f"file{i}").unlink()

    def test_a_fifth_may_go(self):
        self.carry()
        self.remove(0, 1)
        self.site.import_(self.site.export())
        self.assert_equal_trees()

    def test_more_than_a_fifth_needs_leave(self):
        self.carry()
        self.remove(0, 1, 2)
        bundle = self.site.export()
        self.refused_import(4, bundle, "--allow-delete")
        self.site.import_(bundle, "--allow-delete")
        self.assert_equal_trees()

    def test_an_empty_source_needs_leave_on_both_sides(self):
        self.carry()
        self.remove(*range(10))
        self.site.export(expect=4)
        bundle = self.site.export("--allow-empty")
        self.refused_import(4, bundle, "--allow-delete")
        self.site.import_(bundle, "--allow-delete")
        self.assertEqual([], os.listdir(self.site.target))

    def test_target_only_keep_keeps(self):
        self.carry()
        write_tree(self.site.target, {"mine": "x", "mine-too/deep": "x"})
        self.remove(0)
        self.site.write_target_yaml("target_only: keep")
        self.site.import_(self.site.export())
        self.assertEqual("x", (self.site.target / "mine").read_text())
        self.assertEqual("x", (self.site.target / "mine-too/deep")
                         .read_text())
        self.assertTrue((self.site.target / "file0").exists())

    def test_target_only_delete_deletes(self):
        self.carry()
        write_tree(self.site.target, {"mine/deep": "x"})
        self.site.import_(self.site.export())
        self.assert_equal_trees()


class Matching(Flow):
    def change_both(self):
        self.carry()
        (self.site.target / "a").write_text("theirs\n")
        write_tree(self.site.source, {"a": "ours\n", "new": "x"})
        return self.site.export()

    def test_overwrite_is_what_happens_unasked(self):
        self.site.import_(self.change_both())
        self.assertEqual("ours\n", (self.site.target / "a").read_text())

    def test_skip_leaves_what_differs(self):
        self.site.import_(self.change_both(), "--on-match", "skip")
        self.assertEqual("theirs\n", (self.site.target / "a").read_text())
        self.assertEqual("x", (self.site.target / "new").read_text())

    def test_fail_refuses_all_of_it(self):
        bundle = self.change_both()
        words = "--on-match", "fail"
        self.refused(4, self.site.importing(bundle, *words), "conflict")
        shown = self.site.preview(bundle, *words, expect=(0, 4)).out
        self.assertRegex(shown, r"(?m)^files +! a\b")

    def test_the_site_file_can_say_it_too(self):
        bundle = self.change_both()
        self.site.write_target_yaml("on_match: skip")
        self.site.import_(bundle)
        self.assertEqual("theirs\n", (self.site.target / "a").read_text())


class Excluded(Flow):
    ENTRIES = {"keep": "x", "cache/big": "x", "cache/keep/me": "x",
               "log.tmp": "x"}
    WORDS = 'exclude: ["*.tmp", "cache/", "!cache/keep/"]'

    def test_what_the_source_excludes_stays_at_the_target(self):
        self.site.write_source_yaml(self.WORDS)
        write_tree(self.site.target, {"keep": "y", "cache/big": "theirs",
                                      "log.tmp": "theirs"})
        bundle = self.site.export()
        self.site.import_(bundle, "--allow-delete")
        self.assertEqual("x", (self.site.target / "keep").read_text())
        for name in ("cache/big", "log.tmp"):
            self.assertEqual("theirs", (self.site.target / name).read_text())

    def test_an_exception_below_an_excluded_folder_travels(self):
        self.site.write_source_yaml(self.WORDS)
        self.carry()
        self.assertTrue((self.site.target / "cache/keep/me").exists())
        self.assertFalse((self.site.target / "cache/big").exists())
        self.assertFalse((self.site.target / "log.tmp").exists())

    def test_what_the_target_excludes_is_left_alone(self):
        self.site.write_target_yaml('exclude: ["log.tmp"]')
        write_tree(self.site.target, {"log.tmp": "theirs"})
        self.site.import_(self.site.export(), "--allow-delete")
        self.assertEqual("theirs",
                         (self.site.target / "log.tmp").read_text())


class TwoResources(Flow):
    def setUp(self):
        super().setUp()
        for side, yaml in (("src", self.site.source_yaml),
                           ("dst", self.site.target_yaml)):
            with yaml.open("a") as file:
                file.write(f"  - name: more\n    kind: files\n"
                           f"    path: {self.folder}/{side}/more\n")
        write_tree(self.folder / "src/more", {"m": "x"})

    def test_both_cross_in_one_import(self):
        self.carry()
        self.assert_equal_trees()
        self.assert_equal_trees(self.folder / "src/more",
                                self.folder / "dst/more")

    def test_only_takes_one_of_them(self):
        bundle = self.site.export()
        self.site.import_(bundle, "--only", "more")
        self.assertFalse(self.site.target.exists())
        self.assert_equal_trees(self.folder / "src/more",
                                self.folder / "dst/more")
        self.site.import_(bundle)
        self.assert_equal_trees()

    def test_only_a_resource_that_is_not_there_is_usage(self):
        bundle = self.site.export()
        self.refused(2, self.site.importing(bundle, "--only", "mroe"),
                     "mroe", "more")


class WrongTarget(Flow):
    def test_a_bundle_of_another_site_is_refused(self):
        bundle = self.site.export()
        text = self.site.target_yaml.read_text()
        self.site.target_yaml.write_text(
            text.replace("site: demo", "site: other"))
        self.refused_import(4, bundle, "demo", "other")

    def test_a_label_that_is_not_allowed_is_refused(self):
        self.site.write_source_yaml(extra="environment: test\n")
        text = self.site.target_yaml.read_text()
        self.site.target_yaml.write_text(
            text + "allow_from: [production]\n")
        self.refused_import(4, self.site.export(), "test", "allow_from")


if __name__ == "__main__":
    unittest.main()
