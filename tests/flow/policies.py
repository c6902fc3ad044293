"""What the operator at the target allows, and what he is asked first."""
import json
import os
import pwd
import re
import stat
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


class KeptHere(Flow):
    """keep_here: what of the target is its own."""
    ENTRIES = {"a": "ours", "conf/local": "ours", "conf/shared": "ours",
               "conf/sub/x": "ours"}
    EXTRA = ("keep_here:\n"
             "  - {resource: files, path: \"/conf/local\"}\n"
             "  - {resource: files, path: \"*.mine\"}\n"
             "  - {resource: files, path: \"/conf/sub/\"}\n")

    def setUp(self):
        super().setUp()
        self.site.write_target_yaml(extra=(
            f"trust:\n  - {{sender: {self.site.keys}/sender.pub}}\n"
            + self.EXTRA))

    def text(self, name):
        return (self.site.target / name).read_text()

    def test_it_is_neither_overwritten_nor_deleted_nor_made(self):
        write_tree(self.site.target, {"conf/local": "theirs",
                                      "deep/er/b.mine": "theirs",
                                      "deep/er/goes": "theirs"})
        self.site.import_(self.site.export(), "--allow-delete")
        self.assertEqual("theirs", self.text("conf/local"))
        self.assertEqual("theirs", self.text("deep/er/b.mine"))
        self.assertEqual("ours", self.text("conf/shared"))
        self.assertFalse((self.site.target / "deep/er/goes").exists())
        self.assertFalse((self.site.target / "conf/sub").exists())

    def test_it_is_listed(self):
        write_tree(self.site.target, {"b.mine": "theirs"})
        shown = self.site.preview(self.site.export()).out
        self.assertRegex(shown, r"(?m)^files +\+ conf/shared$")
        for name in ("conf/local", "b.mine", "conf/sub"):
            self.assertRegex(shown, rf"(?m)^files += {name} +keep_here$")
        self.assertNotIn("conf/sub/x", shown)

    def test_a_directory_with_it_cannot_become_a_file(self):
        write_tree(self.site.target, {"a/b.mine": "theirs"})
        bundle = self.site.export()
        self.refused(4, self.site.importing(bundle, "--allow-delete"),
                     "conflict")
        self.assertRegex(self.site.preview(bundle, expect=(0, 4)).out,
                         r"(?m)^files +! a +.*must stay")


class Kinds(Flow):
    """What is only taken where site.yaml says so."""

    def conflict(self, bundle, name, why):
        self.refused_import(4, bundle, "conflict")
        self.assertRegex(self.site.preview(bundle, expect=(0, 4)).out,
                         rf"(?m)^files +! {name} +.*{why}")

    def make_fifo(self):
        self.site.write_source_yaml("special: true")
        os.mkfifo(self.site.source / "fifo", 0o640)
        os.utime(self.site.source / "fifo", ns=(5, 10**18 + 7))
        return self.site.export()

    def test_a_fifo_needs_special(self):
        bundle = self.make_fifo()
        self.conflict(bundle, "fifo", "special: true")
        self.site.write_target_yaml("special: true")
        self.site.import_(bundle)
        self.assert_equal_trees()
        self.site.run("valise-import", *self.site.importing(bundle))

    def test_a_fifo_of_the_target_alone_goes_with_special(self):
        self.carry()
        os.mkfifo(self.site.target / "fifo")
        self.site.import_(self.site.export())
        self.assertTrue((self.site.target / "fifo").is_fifo())
        self.site.write_target_yaml("special: true")
        self.site.import_(self.site.export())
        self.assertFalse((self.site.target / "fifo").exists())

    def test_a_fifo_in_a_new_directory_and_one_that_changes(self):
        self.make_fifo()
        os.mkdir(self.site.source / "new")
        os.mkfifo(self.site.source / "new/fifo")
        self.site.write_target_yaml("special: true")
        self.carry()
        self.assert_equal_trees()
        os.chmod(self.site.source / "fifo", 0o600)
        (self.site.source / "a").unlink()
        os.mkfifo(self.site.source / "a")
        self.carry()
        self.assert_equal_trees()

    def test_devices_travel(self):
        self.need_root()
        self.site.write_source_yaml("special: true")
        self.site.write_target_yaml("special: true")
        try:
            os.mknod(self.site.source / "null", stat.S_IFCHR | 0o666,
                     os.makedev(1, 3))
            os.mknod(self.site.source / "loop", stat.S_IFBLK | 0o660,
                     os.makedev(7, 5))
        except PermissionError:
            self.skipTest("no devices here")
        self.carry()
        for name, dev in (("null", (1, 3)), ("loop", (7, 5))):
            st = os.lstat(self.site.target / name)
            self.assertEqual(dev, (os.major(st.st_rdev),
                                   os.minor(st.st_rdev)))
        os.unlink(self.site.source / "null")
        os.mknod(self.site.source / "null", stat.S_IFCHR | 0o666,
                 os.makedev(1, 5))
        self.carry()
        self.assertEqual(os.makedev(1, 5),
                         os.lstat(self.site.target / "null").st_rdev)

    def make_setuid(self):
        self.site.write_source_yaml("privileged: true")
        write_tree(self.site.source, {"su": "x"})
        os.chmod(self.site.source / "su", 0o4755)
        return self.site.export()

    def test_setuid_needs_privileged(self):
        self.need_root()
        bundle = self.make_setuid()
        self.conflict(bundle, "su", "privileged: true.*setuid")
        self.site.write_target_yaml("privileged: true")
        self.site.import_(bundle)
        self.assert_equal_trees()

    def test_what_may_not_be_set_is_dropped_where_that_is_said(self):
        bundle = self.make_setuid()
        self.site.write_target_yaml("on_unsupported: drop")
        shown = self.site.preview(bundle)
        self.assertRegex(shown.out, r"(?m)^files +\? su +setuid$")
        said = self.site.import_(bundle).err
        self.assertIn("brought without something: 1", said)
        self.assertEqual(0o755, (self.site.target / "su").stat().st_mode
                         & 0o7777)
        self.assertIn("nothing differs", self.site.import_(bundle).err)

    def test_links_that_lead_out_are_not_taken_with_inside(self):
        (self.site.source / "out").symlink_to("../../etc")
        (self.site.source / "dir/in").symlink_to("../a")
        bundle = self.site.export()
        self.site.write_target_yaml("links: inside")
        self.conflict(bundle, "out", "links: inside")
        self.site.write_target_yaml()
        self.site.import_(bundle)
        self.assert_equal_trees()

    def test_each_name_of_a_link_is_looked_at_with_inside(self):
        write_tree(self.site.source, {"d/e/l": ("link", "../../a")})
        for name in ("d/m", "d/e/n", "z"):
            os.link(self.site.source / "d/e/l", self.site.source / name,
                    follow_symlinks=False)
        bundle = self.site.export()
        self.site.write_target_yaml("links: inside")
        shown = self.site.preview(bundle, expect=(0, 4)).out
        for name, sign in (("d/e/l", "+"), ("d/e/n", "+"), ("d/m", "!"),
                           ("z", "!")):
            self.assertRegex(shown, rf"(?m)^files +\{sign} {name}\b")
        self.conflict(bundle, "z", "links: inside")
        self.site.write_target_yaml()
        said = self.site.import_(bundle).err
        self.assertIn("that point out of it: 2", said)
        self.assert_equal_trees()
        # What stands there already, too.
        self.site.write_target_yaml("links: inside")
        self.conflict(bundle, "z", "links: inside")

    def test_an_owner_of_the_site_file_that_is_nobody_is_refused(self):
        self.need_root()
        for name in ("a", "dir/b"):
            os.chown(self.site.source / name, 0, 0)
        bundle = self.site.export()
        for to in ("nobody-at-all", "4294967295x"):
            self.site.write_target_yaml(f"owners: {{map: {{root: {to}}}}}")
            self.refused_import(4, bundle, f"user '{to}' (for 'root'), "
                                f"group '{to}' (for 'root')")
            shown = self.site.preview(bundle, expect=4).out
            self.assertEqual(1, shown.count("is not known here"))
        # Who is not of any entry may be nobody.
        self.site.write_target_yaml("owners: {map: {who: nobody-at-all}}")
        self.site.import_(bundle)
        self.assert_equal_trees()

    def export_of_strangers(self):
        """The source knows two people and a group by name that this machine
        does not: it has other lists of them, for as long as it exports."""
        self.need_root()
        lists = []
        for name, lines in (("passwd", "ada-x:x:4711:4712::/:\n"
                                       "blaise-x:x:4713:4712::/:\n"),
                            ("group", "readers-x:x:4712:\n")):
            path = self.folder / name
            path.write_text(Path("/etc", name).read_text() + lines)
            lists.append(f"mount --bind {path} /etc/{name}")
        os.chown(self.site.source / "a", 4711, 4712)
        os.chown(self.site.source / "dir/b", 4713, 0)
        self.site.wrapper = ["unshare", "-m", "sh", "-ec",
                             "; ".join(lists) + '; exec "$@"', "sh"]
        try:
            return self.site.export()
        finally:
            self.site.wrapper = []

    def owner(self, name):
        st = (self.site.target / name).stat()
        return st.st_uid, st.st_gid

    def test_people_that_are_unknown_here_are_listed(self):
        bundle = self.export_of_strangers()
        result = self.site.preview(bundle)
        said = re.findall(r"note: (\w+) '([^']*)' is not known here: "
                          r"number (\d+) is used", result.err)
        self.assertEqual([("group", "readers-x", "4712"),
                          ("owner", "ada-x", "4711"),
                          ("owner", "blaise-x", "4713")], sorted(said))
        told = [json.loads(line) for line in
                self.site.preview(bundle, "--json").out.splitlines()]
        self.assertEqual(
            {"ada-x": 4711, "blaise-x": 4713},
            {line["unknown_owner"]: line["number"] for line in told
             if "unknown_owner" in line})
        self.site.import_(bundle)
        self.assertEqual((4711, 4712), self.owner("a"))

    def test_mapped_owners_are_those_of_the_site_file(self):
        bundle = self.export_of_strangers()
        self.site.write_target_yaml(
            "owners: {map: {ada-x: nobody, readers-x: 4242}}")
        result = self.site.preview(bundle)
        self.assertEqual(["blaise-x"], re.findall(
            r"'([^']*)' is not known here", result.err))
        self.site.import_(bundle)
        self.assertEqual((pwd.getpwnam("nobody").pw_uid, 4242),
                         self.owner("a"))
        self.assertEqual((4713, 0), self.owner("dir/b"))
        self.assert_says(self.site.preview(bundle), "nothing differs")

    def test_nobody_is_met_where_nothing_is_skipped(self):
        self.need_root()
        write_tree(self.site.target, {"dir/own": "x"})
        bundle = self.site.export()
        self.site.write_target_yaml("on_match: skip\n"
                                    "owners: {map: {root: nobody-at-all}}")
        shown = self.site.preview(bundle, expect=4).out
        self.assertNotRegex(shown, r"(?m)^files +! (\.|dir) ")
        self.assertRegex(shown, r"(?m)^files +! a .*nobody-at-all")
        self.refused_import(4, bundle, "nobody-at-all")


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
        self.site.target_yaml.write_text(
            text + "allow_from: [production, test]\n")
        self.site.import_(self.site.export())


if __name__ == "__main__":
    unittest.main()
