"""target_only: brought - what imports of the series created goes, and nothing
else does."""
import base64
import os
import shutil
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import NOBODY, Crash, Flow, remove_tree, write_tree  # noqa: E402

WORD = "target_only: brought"
ALL = os.environ.get("VALISE_TEST_ALL") == "1"


def lists_of(site):
    """The lists in the state of the target, by name: their paths."""
    folder = site.target_state / "demo" / "brought"
    found = {}
    for file in sorted(folder.iterdir()) if folder.exists() else []:
        head, *lines, end = file.read_text().splitlines()
        assert head.startswith("valise brought 1 "), head
        assert end.startswith(f"end {len(lines)} "), end
        found[file.name] = [base64.urlsafe_b64decode(line + "=" * (
            -len(line) % 4)).decode() for line in lines]
    return found


class Brought(Flow):
    ENTRIES = {"a": "a\n", "b": "b\n", "d/c": "c\n", "e/f": "f\n"}

    def setUp(self):
        super().setUp()
        self.site.write_target_yaml(WORD)

    def there(self, name):
        return os.path.lexists(self.site.target / name)

    def source_loses(self, *names):
        for name in names:
            remove_tree(self.site.source / name)

    def cross(self, *words):
        bundle = self.site.export()
        self.site.import_(bundle, "--allow-delete", *words)
        return bundle

    def listed(self):
        """The paths of the one list there is."""
        lists = lists_of(self.site)
        self.assertEqual(1, len(lists), lists)
        name, paths = lists.popitem()
        self.assertRegex(name, r"^[0-9a-f]{32}-files$")
        return paths


class Goes(Brought):
    def test_what_an_import_created_goes_and_what_people_made_stays(self):
        self.cross()
        self.assertEqual(["a", "b", "d", "d/c", "e", "e/f"], self.listed())
        write_tree(self.site.target, {"x": "theirs", "d/y": "theirs"})
        self.source_loses("b", "d", "e")
        shown = self.site.preview(self.site.export()).out
        for gone in ("b", "d/c", "e", "e/f"):
            self.assertRegex(shown, rf"(?m)^files +- {gone}$")
        self.assertNotIn("x\n", shown)
        self.cross()
        for gone in ("b", "d/c", "e"):
            self.assertFalse(self.there(gone), gone)
        for name in ("x", "d/y"):
            self.assertEqual("theirs",
                             (self.site.target / name).read_text())
        self.assertEqual(["a", "d"], self.listed())
        # Once nobody has anything in it, the directory goes as well.
        (self.site.target / "d/y").unlink()
        self.cross()
        self.assertFalse(self.there("d"))
        self.assertEqual(["a"], self.listed())

    def test_what_was_there_before_the_first_import_stays(self):
        write_tree(self.site.target, {"a": "a\n", "b": "older", "e": None})
        self.cross()
        self.assertEqual("b\n", (self.site.target / "b").read_text())
        self.assertEqual(["d", "d/c", "e/f"], self.listed())
        self.source_loses("a", "b", "e", "d")
        write_tree(self.site.source, {"new": "x"})
        self.cross()
        self.assertTrue(self.there("a"))
        self.assertTrue(self.there("b"))
        self.assertEqual([], os.listdir(self.site.target / "e"))
        self.assertFalse(self.there("d"))
        self.assertEqual(["new"], self.listed())

    def test_times_of_a_directory_that_stays_come_back(self):
        write_tree(self.site.target, {"e/mine": "x"})
        os.utime(self.site.target / "e", ns=(10**18, 10**18))
        self.site.write_source_yaml('exclude: ["/e/"]')
        self.cross()
        self.site.write_source_yaml()
        self.cross()
        before = os.stat(self.site.target / "e").st_mtime_ns
        self.source_loses("e")
        self.cross()
        self.assertEqual(["mine"], os.listdir(self.site.target / "e"))
        self.assertEqual(before, os.stat(self.site.target / "e").st_mtime_ns)

    def test_a_path_that_was_gone_meanwhile_is_peoples(self):
        self.cross()
        self.source_loses("b", "e")
        (self.site.target / "b").unlink()
        remove_tree(self.site.target / "e")
        self.cross()
        self.assertEqual(["a", "d", "d/c"], self.listed())
        write_tree(self.site.target, {"b": "theirs", "e/f": "theirs"})
        write_tree(self.site.source, {"new": "x"})
        self.cross()
        self.assertTrue(self.there("b"))
        self.assertTrue(self.there("e/f"))

    def test_a_path_keeps_its_place_through_a_change_of_type(self):
        self.cross()
        self.source_loses("b", "d")
        write_tree(self.site.source, {"b/in": "x", "d": "x"})
        self.cross()
        self.assert_equal_trees()
        self.assertEqual(["a", "b", "b/in", "d", "e", "e/f"], self.listed())
        self.source_loses("b", "d")
        self.cross()
        self.assert_equal_trees()

    def test_what_took_the_place_of_something_of_people_stays(self):
        write_tree(self.site.target, {"e": "a file", "b": None})
        self.cross()
        self.assert_equal_trees()
        self.assertEqual(["a", "d", "d/c", "e/f"], self.listed())
        self.source_loses("b", "e")
        self.cross()
        self.assertTrue(self.there("b"))
        self.assertEqual([], os.listdir(self.site.target / "e"))

    def test_a_directory_with_something_of_people_cannot_become_a_file(self):
        self.cross()
        write_tree(self.site.target, {"d/y": "theirs"})
        self.source_loses("d")
        write_tree(self.site.source, {"d": "x"})
        before = lists_of(self.site)
        self.refused(4, self.site.importing(self.site.export(),
                                            "--allow-delete"), "conflict")
        self.assertEqual(before, lists_of(self.site))

    def test_all_of_it_goes_where_all_was_brought(self):
        write_tree(self.site.source, {"deep/er/est/file": "x",
                                      "deep/a.b": "x", "deep/a/b": "x"})
        self.cross()
        self.source_loses("deep", "b", "d", "e")
        self.cross()
        self.assert_equal_trees()

    def test_not_root_is_no_different(self):
        self.need_root()
        self.site.copy_programs()
        for folder, folders, files in os.walk(self.folder):
            for name in [".", *folders, *files]:
                os.chown(os.path.join(folder, name), NOBODY, NOBODY,
                         follow_symlinks=False)
        self.site.user = NOBODY
        self.cross()
        write_tree(self.site.target, {"x": "theirs"})
        self.source_loses("b", "d")
        self.cross()
        self.assertEqual(["a", "e", "x"],
                         sorted(os.listdir(self.site.target)))


class Otherwise(Brought):
    """Other words, other resources, other bundles meanwhile."""

    def test_what_came_without_the_word_stays(self):
        self.site.write_target_yaml()
        self.cross()
        self.assertEqual({}, lists_of(self.site))
        self.site.write_target_yaml(WORD)
        self.source_loses("b", "d")
        write_tree(self.site.source, {"new": "x"})
        self.cross()
        self.assertTrue(self.there("b"))
        self.assertTrue(self.there("d/c"))
        self.assertEqual(["new"], self.listed())

    def test_keep_meanwhile_forgets_nothing(self):
        self.cross()
        self.source_loses("b")
        write_tree(self.site.source, {"new": "x"})
        self.site.write_target_yaml("target_only: keep")
        self.cross()
        self.assertTrue(self.there("b"))
        self.assertEqual(["a", "b", "d", "d/c", "e", "e/f"], self.listed())
        self.site.write_target_yaml(WORD)
        self.source_loses("d", "new")
        self.cross()
        self.assertFalse(self.there("b"))
        self.assertFalse(self.there("d"))
        self.assertTrue(self.there("new"))

    def test_what_delete_deleted_is_peoples_from_then_on(self):
        self.cross()
        self.source_loses("b", "d")
        self.site.write_target_yaml("target_only: delete")
        self.cross()
        self.assertEqual(["a", "e", "e/f"], self.listed())
        self.site.write_target_yaml(WORD)
        write_tree(self.site.target, {"b": "theirs", "d/c": "theirs"})
        write_tree(self.site.source, {"new": "x"})
        self.cross()
        self.assertTrue(self.there("b"))
        self.assertTrue(self.there("d/c"))

    def test_what_the_target_excludes_stays_in_the_list(self):
        self.cross()
        self.source_loses("b", "d", "e")
        write_tree(self.site.source, {"new": "x"})
        self.site.write_target_yaml(WORD + '\nexclude: ["/d/", "/e/f"]')
        self.cross()
        self.assertTrue(self.there("d/c"))
        self.assertTrue(self.there("e/f"))
        self.assertFalse(self.there("b"))
        self.assertEqual(["a", "d", "d/c", "e", "e/f", "new"], self.listed())
        self.site.write_target_yaml(WORD)
        write_tree(self.site.source, {"new": "y"})
        self.cross()
        self.assert_equal_trees()

    def test_what_keep_here_names_stays(self):
        self.cross()
        self.site.write_target_yaml(WORD, extra=(
            f"trust:\n  - {{sender: {self.site.keys}/sender.pub}}\n"
            'keep_here:\n  - {resource: files, path: "/d/c"}\n'))
        self.source_loses("b", "d")
        self.cross()
        self.assertTrue(self.there("d/c"))
        self.assertFalse(self.there("b"))
        self.assertEqual(["a", "d", "d/c", "e", "e/f"], self.listed())

    def test_the_same_bundle_again_and_one_without_difference(self):
        bundle = self.cross()
        before = lists_of(self.site)
        self.site.import_(bundle)
        self.assertEqual(before, lists_of(self.site))
        bundle = self.cross()
        self.assertEqual(before, lists_of(self.site))
        (self.site.target / "b").unlink()
        self.site.import_(bundle)
        self.assertEqual(before, lists_of(self.site))
        self.assert_equal_trees()

    def test_another_series_has_a_list_of_its_own(self):
        self.cross()
        mine = self.listed()
        remove_tree(self.site.source_state)
        write_tree(self.site.source, {"other": "x"})
        self.cross()
        self.source_loses("b", "other")
        self.cross()
        self.assertTrue(self.there("b"))
        self.assertFalse(self.there("other"))
        self.assertEqual([[], mine], sorted(lists_of(self.site).values()))

    def test_only_touches_no_other_list(self):
        for side, yaml in (("src", self.site.source_yaml),
                           ("dst", self.site.target_yaml)):
            with yaml.open("a") as file:
                file.write(f"  - name: more\n    kind: files\n"
                           f"    path: {self.folder}/{side}/more\n"
                           + (f"    {WORD}\n" if side == "dst" else ""))
        write_tree(self.folder / "src/more", {"m": "x", "n": "x"})
        self.cross()
        (self.folder / "src/more/m").unlink()
        self.source_loses("b")
        self.cross("--only", "more")
        self.assertTrue(self.there("b"))
        self.assertEqual([["a", "b", "d", "d/c", "e", "e/f"], ["n"]],
                         sorted(lists_of(self.site).values()))

    def test_paths_are_those_that_map_made(self):
        def rules(to):
            self.site.write_target_yaml(WORD, extra=(
                f"trust:\n  - {{sender: {self.site.keys}/sender.pub}}\n"
                f"map:\n  - {{resource: files, from: d/**, to: {to}/**}}\n"))
        rules("z")
        self.cross()
        self.assertEqual(["a", "b", "e", "e/f", "z", "z/c"], self.listed())
        rules("g")
        write_tree(self.site.source, {"b": "changed"})
        self.cross()
        self.assertFalse(self.there("z"))
        self.assertTrue(self.there("g/c"))


class Lists(Brought):
    def test_a_preview_writes_none(self):
        bundle = self.site.export()
        self.site.preview(bundle)
        self.assertEqual({}, lists_of(self.site))
        self.cross()
        before = lists_of(self.site)
        self.source_loses("b")
        self.site.preview(self.site.export())
        self.assertEqual(before, lists_of(self.site))

    def test_a_refused_import_leaves_the_old_one(self):
        self.cross()
        before = lists_of(self.site)
        self.source_loses("b", "d")
        self.refused_import(4, self.site.export(), "--allow-delete")
        self.assertEqual(before, lists_of(self.site))

    def test_without_the_list_nothing_is_deleted(self):
        self.cross()
        shutil.rmtree(self.site.target_state / "demo" / "brought")
        self.source_loses("b", "d")
        write_tree(self.site.source, {"new": "x"})
        self.cross()
        self.assertTrue(self.there("b"))
        self.assertTrue(self.there("d/c"))
        self.assertEqual(["new"], self.listed())

    def test_a_damaged_one_is_refused(self):
        self.cross()
        file, = (self.site.target_state / "demo" / "brought").iterdir()
        whole = file.read_bytes()
        self.source_loses("b", "d")
        bundle = self.site.export()
        for damaged in (b"", whole[:-20], whole.replace(b"\n", b"\nYQ\n", 1),
                        whole + b"x\n"):
            file.write_bytes(damaged)
            self.refused(1, self.site.importing(bundle, "--allow-delete"),
                         "is damaged", file.name, "remove it")
            self.assertEqual(damaged, file.read_bytes())
        file.write_bytes(whole)
        self.site.import_(bundle, "--allow-delete")
        self.assert_equal_trees()


class Killed(Brought):
    """List and tree are of one import, wherever it is killed."""

    def setUp(self):
        super().setUp()
        self.cross()
        write_tree(self.site.target, {"d/y": "theirs"})
        self.source_loses("b", "d")
        write_tree(self.site.source, {"new/deep": "x"})
        self.crash = Crash(self, self.site.export(), "--allow-delete")
        self.old = self.listed()

    def both(self):
        if self.site.state() == self.crash.old:
            self.assertEqual(self.old, self.listed(), str(self.crash.last))
            return "old"
        self.assertEqual(self.crash.new, self.site.state())
        self.assertEqual(["a", "d", "e", "e/f", "new", "new/deep"],
                         self.listed(), str(self.crash.last))
        return "new"

    def test_it_keeps_them_together(self):
        points = self.crash.count()
        decision = self.crash.decision()
        # Each point right around the decision, some before and behind it.
        for nth in [*range(1, decision - 3, 1 if ALL else 11),
                    *range(decision - 3, decision + 4),
                    *range(decision + 4, points + 1, 1 if ALL else 4)]:
            self.crash.kill_at(nth)
            self.site.recover()
            self.assertEqual("old" if nth < decision else "new",
                             self.both(), nth)

    def test_a_call_that_fails_keeps_them_together(self):
        points = self.crash.count()
        for nth in range(max(1, self.crash.decision() - 15), points + 1,
                         1 if ALL else 4):
            self.crash.reset()
            code = self.crash.hit("-n", str(nth), "-a", "EIO")
            self.site.restart()
            self.site.recover()
            found = self.both()
            if code in (0, 1):
                self.assertEqual("new" if code == 0 else "old", found, nth)

    def test_a_recovery_may_be_killed_as_well(self):
        decision = self.crash.decision()
        faultat = [self.faultat(), "-p", self.site.target_state]
        # Looking for leaks needs ptrace, too.
        env = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")
               + ":detect_leaks=0"}
        nth = 0
        code = 137
        while code == 137:
            nth += 1 if ALL else 4
            self.crash.kill_at(decision)
            self.site.wrapper = [*faultat, "-n", nth, "-a", "kill", "--"]
            code = self.site.run("valise-import", self.site.target_yaml,
                                 "--recover", expect=(0, 137), env=env).code
            self.site.wrapper = []
            self.site.recover()
            self.assertEqual("new", self.both(), nth)
        self.assertGreater(nth, 5)

    def test_what_people_put_in_the_way_and_keep_is_theirs(self):
        self.crash.kill_at(self.crash.decision())
        write_tree(self.site.target, {"new/deep": "theirs"})
        self.site.recover(expect=9)
        self.site.recover("--keep-theirs", self.site.target / "new")
        self.assertEqual(["a", "d", "e", "e/f"], self.listed())

    def test_abandoned_it_leaves_the_old_list(self):
        self.crash.kill_at(self.crash.decision())
        write_tree(self.site.target, {"new/deep": "theirs"})
        self.site.recover("--abandon", expect=(0, 9))
        self.assertEqual(self.old, self.listed())


if __name__ == "__main__":
    unittest.main()
