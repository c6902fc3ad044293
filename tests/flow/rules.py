"""map, rewrite and keep_here: what is another thing at the target."""
import json
import os
import random
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import Flow, write_tree  # noqa: E402


class Rules(Flow):
    def rules(self, text):
        """The target's site file with these words of the site."""
        self.site.write_target_yaml(
            extra=f"trust:\n  - {{sender: {self.site.keys}/sender.pub}}\n"
            + text)

    def content(self, path):
        return (self.site.target / path).read_bytes()

    def paths(self):
        found = []
        for folder, folders, files in os.walk(self.site.target):
            for name in folders + files:
                found.append(os.path.relpath(os.path.join(folder, name),
                                             self.site.target))
        return sorted(found)

    def assert_nothing_differs(self, bundle):
        before = self.site.state()
        self.assert_says(self.site.preview(bundle), "nothing differs")
        self.assert_says(self.site.import_(bundle), "nothing differs")
        self.assertEqual(before, self.site.state())


class Map(Rules):
    ENTRIES = {"blogs/1/a.txt": "a\n", "blogs/1/deep/b": "b\n",
               "blogs/1/l": ("link", "a.txt"), "blogs/2/c": "c\n",
               "wp/x": "x\n", "z": "z\n"}

    def test_a_directory_goes_elsewhere(self):
        self.rules("map:\n  - {resource: files, from: blogs/1/**, "
                   "to: wp/up/loads/**}\n")
        bundle = self.carry()
        self.assertEqual(
            ["blogs", "blogs/2", "blogs/2/c", "wp", "wp/up", "wp/up/loads",
             "wp/up/loads/a.txt", "wp/up/loads/deep", "wp/up/loads/deep/b",
             "wp/up/loads/l", "wp/x", "z"], self.paths())
        self.assertEqual(b"a\n", self.content("wp/up/loads/a.txt"))
        self.assertEqual("a.txt", os.readlink(
            self.site.target / "wp/up/loads/l"))
        self.assert_nothing_differs(bundle)

    def test_a_change_at_the_source_comes_to_the_new_place(self):
        self.rules("map:\n  - {resource: files, from: blogs/1/**, "
                   "to: blogs/9/**}\n  - {resource: files, from: z, "
                   "to: wp/z}\n")
        self.carry()
        write_tree(self.site.source, {"blogs/1/a.txt": "changed\n"})
        (self.site.source / "z").unlink()
        bundle = self.site.export()
        result = self.site.preview(bundle)
        self.assert_says(result, "blogs/9/a.txt", "wp/z")
        self.assertNotIn("blogs/1", result.said)
        self.site.import_(bundle)
        self.assertEqual(b"changed\n", self.content("blogs/9/a.txt"))
        self.assertFalse((self.site.target / "wp/z").exists())

    def test_paths_that_meet_are_refused(self):
        self.rules("map:\n  - {resource: files, from: blogs/2/c, "
                   "to: wp/x}\n")
        self.refused_import(4, self.site.export(), "blogs/2/c", "wp/x")

    def test_hard_links_stay_links(self):
        os.link(self.site.source / "blogs/1/a.txt", self.site.source / "zz")
        self.rules("map:\n  - {resource: files, from: blogs/1/**, "
                   "to: a/**}\n")
        bundle = self.carry()
        one = (self.site.target / "a/a.txt").stat()
        two = (self.site.target / "zz").stat()
        self.assertEqual(one.st_ino, two.st_ino)
        self.assert_nothing_differs(bundle)
        self.rules("map:\n  - {resource: files, from: zz, to: a}\n")
        self.refused_import(4, bundle, "zz", "hard link")

    def test_contents_that_were_passed_long_ago(self):
        """More than is kept of decoded blocks, in another order."""
        source = random.Random(7)
        wanted = {}
        for i in range(12):
            data = source.randbytes(9 << 20)
            write_tree(self.site.source, {f"big/{i:02}/f": data})
            wanted[f"out/{11 - i:02}/f"] = data
        self.rules("map:\n" + "".join(
            f"  - {{resource: files, from: big/{i:02}/**, "
            f"to: out/{11 - i:02}/**}}\n" for i in range(12)))
        self.carry()
        for path, data in wanted.items():
            self.assertTrue(data == self.content(path), path)


class Rewrite(Rules):
    ENTRIES = {"etc/a.conf": "root=/srv/old\nlog=/srv/old/log\n",
               "etc/b.conf": b"/srv/old\0", "etc/c.txt": "/srv/old\n",
               "etc/d.conf": "nothing\n"}
    RULES = ("rewrite:\n  - {resource: files, path: '*.conf', "
             "from: /srv/old, to: /srv/brand-new}\n")

    def test_declared_text_is_another_at_the_target(self):
        self.rules(self.RULES)
        bundle = self.carry()
        self.assertEqual(b"root=/srv/brand-new\nlog=/srv/brand-new/log\n",
                         self.content("etc/a.conf"))
        for same in ("etc/b.conf", "etc/c.txt", "etc/d.conf"):
            self.assertEqual((self.site.source / same).read_bytes(),
                             self.content(same))
        self.assertEqual(
            (self.site.source / "etc/a.conf").stat().st_mtime_ns,
            (self.site.target / "etc/a.conf").stat().st_mtime_ns)
        self.assert_nothing_differs(bundle)
        self.assertEqual(
            "root=/srv/old\nlog=/srv/old/log\n",
            self.site.run("valise", "cat", bundle, "files/etc/a.conf",
                          *self.site.identity).out)

    def test_the_preview_counts_files_and_places(self):
        write_tree(self.site.source, {"etc/e.conf": "/srv/old:" * 3 + "/srv",
                                      "etc/f.conf": "/srv/ol" * 9})
        self.rules(self.RULES)
        bundle = self.site.export()
        self.assert_says(self.site.preview(bundle), "text of 'files' is "
                         "rewritten: 2 files, 5 places")
        told = [json.loads(line) for line in
                self.site.preview(bundle, "--json").out.splitlines()]
        self.assertEqual([(2, 5)], [
            (line["rewritten_files"], line["replacements"])
            for line in told if "rewritten_files" in line])
        self.site.import_(bundle)
        self.assertEqual(5, sum(self.content(name).count(b"/srv/brand-new")
                                for name in ("etc/a.conf", "etc/e.conf")))

    def test_a_pattern_is_about_the_target_s_path(self):
        self.rules("map:\n  - {resource: files, from: etc/**, to: conf/**}\n"
                   "rewrite:\n  - {resource: files, path: conf/c.txt, "
                   "from: old, to: new}\n  - {resource: files, "
                   "path: etc/a.conf, from: old, to: new}\n")
        bundle = self.carry()
        self.assertEqual(b"/srv/new\n", self.content("conf/c.txt"))
        self.assertEqual(b"root=/srv/old\nlog=/srv/old/log\n",
                         self.content("conf/a.conf"))
        self.assert_nothing_differs(bundle)

    def test_what_the_target_changed_back_is_rewritten_again(self):
        self.rules(self.RULES)
        bundle = self.carry()
        write_tree(self.site.target, {"etc/a.conf": self.ENTRIES["etc/a.conf"]})
        self.assert_says(self.site.preview(bundle), "~ etc/a.conf")
        self.site.import_(bundle)
        self.assertIn(b"brand-new", self.content("etc/a.conf"))

    def test_a_text_that_is_too_long_is_refused(self):
        write_tree(self.site.source,
                   {"long.conf": "x" * (17 << 20) + "/srv/old"})
        self.rules(self.RULES)
        self.refused_import(4, self.site.export(), "long.conf", "16 MiB")

    def test_a_long_text_with_nothing_to_replace_crosses(self):
        write_tree(self.site.source, {
            "long.conf": "a line of a log\n" * (24 << 16),
            "late.conf": b"/srv/old" * (5 << 19) + b"\0"})
        self.rules(self.RULES)
        bundle = self.carry()
        for same in ("long.conf", "late.conf"):
            self.assertTrue((self.site.source / same).read_bytes() ==
                            self.content(same), same)
        self.assert_nothing_differs(bundle)

    def test_a_disk_without_room_for_it_is_named(self):
        write_tree(self.site.source, {"etc/a.conf": "/srv/old\n" * (1 << 18)})
        bundle = self.site.export()
        self.rules(self.RULES)
        self.mount_tmpfs(self.site.target_state, "size=2M")
        self.refused_import(1, bundle, "cannot rewrite 'etc/a.conf'",
                            f"'{self.site.target_state}")


class KeepHere(Rules):
    ENTRIES = {"a": "a\n", "local/x": "theirs\n", "local/y": "theirs\n"}

    def test_what_it_names_is_left_alone(self):
        self.carry()
        write_tree(self.site.target, {"local/x": "mine\n", "local/z": "mine\n"})
        (self.site.target / "local/y").unlink()
        self.rules("keep_here:\n  - {resource: files, path: 'local/**'}\n")
        write_tree(self.site.source, {"a": "b\n", "local/x": "newer\n"})
        self.site.import_(self.site.export())
        self.assertEqual(b"b\n", self.content("a"))
        self.assertEqual(b"mine\n", self.content("local/x"))
        self.assertEqual(b"mine\n", self.content("local/z"))
        self.assertFalse((self.site.target / "local/y").exists())


if __name__ == "__main__":
    unittest.main()
