"""Words about trees of files in a profile, and those of the site over them."""
import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from application import tree  # noqa: E402
from flow import Flow, write_tree  # noqa: E402


class FilesWords(Flow):
    """A tree `home`, and a profile that speaks of nothing else."""

    def setUp(self):
        super().setUp()
        self.maxDiff = None
        self.files = {side: self.folder / side / "home"
                      for side in ("src", "dst")}
        for side in ("src", "dst"):
            self.files[side].mkdir(parents=True)
            self.write(side)

    def write(self, side, words=None, resource="", extra=""):
        """`words` of the profile about `home`; None: the file of both."""
        profile = self.folder / "app.yaml"
        if words is not None:
            profile.write_text("resources:\n  - resource: home\n" + "".join(
                f"    {line}\n" for line in words.strip().splitlines()))
        yaml, state = (
            (self.site.source_yaml, self.site.source_state) if side == "src"
            else (self.site.target_yaml, self.site.target_state))
        trust = (f"trust:\n  - {{sender: {self.site.keys}/sender.pub}}\n"
                 if side == "dst" else "")
        yaml.write_text(
            f"site: demo\nstate: {state}\n"
            + (f"profile: {profile}\n" if profile.exists() else "")
            + f"resources:\n  - name: home\n    kind: files\n"
            f"    path: {self.files[side]}\n{resource}{trust}{extra}")

    def both(self, words, **more):
        self.write("src", words)
        self.write("dst", **more)

    def carry(self, *words, **more):
        self.bundle = self.site.export()
        return self.site.import_(self.bundle, "--allow-delete", *words,
                                 **more)

    def here(self, side="dst"):
        return tree(self.files[side])

    # Words of a resource

    def test_what_a_profile_excludes_neither_travels_nor_goes(self):
        write_tree(self.files["src"], {"a": "A", "b.backup": "x",
                                       "context/x": "x"})
        write_tree(self.files["dst"], {"mine.backup": "m", "other": "o"})
        self.both('exclude: [context/, "*.backup"]')
        self.carry()
        self.assertEqual({"a": "A", "mine.backup": "m"}, self.here())

    def test_a_list_of_the_site_adds_behind_and_may_take_back(self):
        write_tree(self.files["src"], {"a": "A", "b.backup": "B", "c": "C",
                                       "d.backup": "D"})
        self.write("src", 'exclude: ["*.backup"]',
                   resource='    exclude: ["!b.backup", c]\n')
        self.write("dst")
        self.site.target_yaml.write_text(
            self.site.target_yaml.read_text().replace(
                "kind: files\n", 'kind: files\n    exclude: '
                '["!b.backup"]\n'))
        self.carry()
        self.assertEqual({"a": "A", "b.backup": "B"}, self.here())

    def test_single_words_are_the_profile_s_unless_the_site_says_them(self):
        write_tree(self.files["src"], {"a": "new"})
        write_tree(self.files["dst"], {"a": "old", "own": "mine"})
        self.both("target_only: keep\non_match: skip")
        self.carry()
        self.assertEqual({"a": "old", "own": "mine"}, self.here())
        self.write("dst", resource="    on_match: overwrite\n")
        self.carry()
        self.assertEqual({"a": "new", "own": "mine"}, self.here())
        self.write("dst", resource="    target_only: delete\n"
                   "    on_match: overwrite\n")
        self.carry()
        self.assertEqual({"a": "new"}, self.here())

    def test_bools_links_and_owners(self):
        os.mkfifo(self.files["src"] / "fifo")
        (self.files["src"] / "out").symlink_to("/etc/passwd")
        self.both("special: true\nlinks: inside\ncompress: false\n"
                  "privileged: false\none_file_system: true\n"
                  "on_unsupported: drop\nowners: {map: {nobody: daemon}}")
        self.carry()
        self.assertTrue((self.files["dst"] / "fifo").is_fifo())
        self.assertFalse((self.files["dst"] / "out").is_symlink())
        self.write("src", resource="    special: false\n    links: as_is\n")
        self.write("dst", resource="    special: false\n    links: as_is\n")
        self.carry()
        self.assertTrue((self.files["dst"] / "out").is_symlink())

    def test_paths_that_a_profile_keeps(self):
        write_tree(self.files["src"], {"a": "A", "local/x": "src",
                                       "local/y": "src"})
        write_tree(self.files["dst"], {"local/x": "dst", "local/z": "dst"})
        self.both("keep_here: [{path: 'local/*'}]", extra="keep_here:\n"
                  "  - {resource: home, path: '!local/y'}\n")
        self.carry()
        self.assertEqual({"a": "A", "local/x": "dst", "local/y": "src",
                          "local/z": "dst"}, self.here())

    def test_a_database_is_none(self):
        for words, said in (
                ("exclude: [a]\ntables: [{table: t, key: [a]}]",
                 "words about rows and words about a tree of files"),
                ("tables: [{table: t, key: [a]}]",
                 "has words about rows, and is a tree of files here"),
                ("exclude: a", "takes a list"),
                ("on_match: maybe", "overwrite, skip, fail"),
                ("unit: '!a/'", "takes nothing back")):
            self.write("src", words)
            with self.subTest(words):
                self.assert_says(self.site.export(expect=2), said)
        self.write("src", "exclude: [x]")
        (self.folder / "app.db").write_bytes(b"")
        self.site.source_yaml.write_text(
            self.site.source_yaml.read_text().replace(
                f"kind: files\n    path: {self.files['src']}",
                f"kind: sqlite\n    path: {self.folder}/app.db"))
        self.assert_says(self.site.export(expect=2),
                         "and is a database here")

    # Units

    UNIT = 'unit: "tenants/*/"\nexclude: ["*.tmp"]'

    def test_inside_a_unit_the_bundle_rules_and_others_stay(self):
        write_tree(self.files["src"], {"tenants/a/x": "A", "top": "t"})
        write_tree(self.files["dst"], {
            "tenants/a/x": "old", "tenants/a/deep/gone": "g",
            "tenants/a/keep.tmp": "k", "tenants/b/own": "B",
            "tenants/b/own.tmp": "B", "loose": "l"})
        self.both(self.UNIT)
        self.carry()
        self.assertEqual({"tenants/a/x": "A", "tenants/a/keep.tmp": "k",
                          "tenants/b/own": "B", "tenants/b/own.tmp": "B",
                          "top": "t", "loose": "l"}, self.here())

    def test_a_unit_that_was_brought_goes_with_all_that_is_in_it(self):
        write_tree(self.files["src"], {"tenants/a/x": "A",
                                       "tenants/b/deep/x": "B"})
        write_tree(self.files["dst"], {"tenants/own/x": "mine"})
        self.both(self.UNIT)
        self.carry()
        write_tree(self.files["dst"], {
            "tenants/b/cache.tmp": "t", "tenants/b/deep/made/here": "h",
            "tenants/b/deep/x.tmp": "t", "tenants/c.tmp": "outside"})
        (self.files["src"] / "tenants/b/deep/x").unlink()
        (self.files["src"] / "tenants/b/deep").rmdir()
        (self.files["src"] / "tenants/b").rmdir()
        shown = self.site.preview(self.site.export(), expect=(0, 1))
        self.assert_says(shown, "tenants/b/cache.tmp")
        self.carry()
        self.assertEqual({"tenants/a/x": "A", "tenants/own/x": "mine",
                          "tenants/c.tmp": "outside"}, self.here())
        self.assertFalse((self.files["dst"] / "tenants/b").exists())
        self.assert_says(self.site.import_(self.site.export()), "nothing")

    def test_with_delete_every_unit_of_the_target_alone_goes_whole(self):
        write_tree(self.files["src"], {"tenants/a/x": "A"})
        write_tree(self.files["dst"], {"tenants/b/x": "B",
                                       "tenants/b/x.tmp": "B", "y.tmp": "y"})
        self.both(self.UNIT + "\ntarget_only: delete")
        self.carry()
        self.assertEqual({"tenants/a/x": "A", "y.tmp": "y"}, self.here())

    def test_what_is_kept_in_a_unit_that_goes_stays(self):
        write_tree(self.files["src"], {"tenants/a/x": "A"})
        write_tree(self.files["dst"], {"tenants/b/x": "B",
                                       "tenants/b/mine": "m"})
        self.both(self.UNIT + "\ntarget_only: delete\n"
                  "keep_here: [{path: mine}]")
        self.carry()
        self.assertEqual({"tenants/a/x": "A", "tenants/b/mine": "m"},
                         self.here())


if __name__ == "__main__":
    unittest.main()
