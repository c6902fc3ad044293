"""Names that programs stumble over cross unharmed and are printed escaped."""
import json
import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import Flow  # noqa: E402
from treestate import open_folder  # noqa: E402

ODD = [b"line\nbreak", b"\x1b[31mred\x1b[0m", b"\xff\xfe not utf-8",
       b"tab\there", b"back\\slash", b"'quotes\"", b"-rf", b" ", b"...",
       b"caf\xc3\xa9", b"cafe\xcc\x81", b"UPPER", b"upper", b"CON", b"a:b",
       b"\x7f", b"\xe2\x80\xaertl", b"n" * 255, b"\xc2\x85next"]

# Marks, embeddings, overrides and isolates that turn the direction of writing.
CONTROLS = [chr(n) for n in (0x61c, 0x200e, 0x200f, *range(0x202a, 0x202f),
                             *range(0x2066, 0x206a))]


def make_deep(root, depth, name=b"d"):
    """A chain of directories, each made in the one before."""
    fd = os.open(root, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=fd)
        below = os.open(name, os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    return fd


class Names(Flow):
    def write(self, folder, name, content=b"x"):
        path = os.path.join(os.fsencode(folder), name)
        with open(path, "wb") as file:
            file.write(content)

    def test_odd_names_cross(self):
        for name in ODD:
            self.write(self.site.source, name)
            os.mkdir(os.path.join(os.fsencode(self.site.source),
                                  name[:200] + b".d"))
        self.carry()
        self.assert_equal_trees()

    def test_odd_targets_of_links_cross(self):
        for i, name in enumerate(ODD):
            os.symlink(name, os.path.join(os.fsencode(self.site.source),
                                          b"link%d" % i))
        self.carry()
        self.assert_equal_trees()

    def test_nothing_raw_reaches_the_terminal(self):
        for name in ODD:
            self.write(self.site.source, name)
        bundle = self.site.export()
        said = self.site.preview(bundle).said
        said += self.site.run("valise", "ls", bundle,
                              *self.site.identity).said
        self.assert_nothing_raw(said)
        self.assertNotIn("line\nbreak", said)

    def assert_nothing_raw(self, said):
        self.assertEqual([], [
            c for c in said if (ord(c) < 0x20 and c not in "\n\t")
            or 0x7f <= ord(c) < 0xa0 or "\ud800" <= c <= "\udfff"
            or c in CONTROLS])

    def test_json_has_the_names_and_nothing_raw(self):
        odd = [chr(n) for n in range(0x7f, 0xa0)] + CONTROLS
        before = self.site.export()
        for name in odd:
            self.write(self.site.source, name.encode())
        after = self.site.export()
        for said in (
                self.site.preview(after, "--json"),
                self.site.run("valise", "diff", before, after, "--json",
                              *self.site.identity)):
            self.assert_nothing_raw(said.said)
            found = {json.loads(line).get("path")
                     for line in said.out.splitlines()}
            self.assertEqual(set(), set(odd) - found)

    def test_names_that_are_unreadable_are_listed_escaped(self):
        os.mkfifo(os.path.join(os.fsencode(self.site.source),
                               b"\x1b[2Jpipe"))
        self.site.export()
        self.assertNotIn("\x1b", self.site.last_export.said)

    def test_depth_1000_crosses(self):
        os.close(make_deep(self.site.source, 999))
        self.carry()
        self.assert_equal_trees()

    def test_paths_beyond_path_max_cross(self):
        folder = make_deep(self.site.source, 38, b"n" * 200)
        os.close(os.open(b"end", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
        os.close(folder)
        self.carry()
        self.assert_equal_trees()

    def test_what_is_too_deep_is_left_out_and_stays_at_the_target(self):
        os.close(make_deep(self.site.source, 1003))
        bundle = self.site.export()
        self.assertRegex(self.site.last_export.err, r"not carried|left out")
        self.site.import_(bundle)
        path = b"/".join([b"d"] * 999)
        os.close(open_folder(self.site.target, path))
        self.site.import_(self.site.export())
        os.close(open_folder(self.site.target, path))

    def test_a_path_of_more_than_8192_bytes_is_left_out(self):
        os.close(make_deep(self.site.source, 45, b"n" * 200))
        bundle = self.site.export()
        self.assertRegex(self.site.last_export.err, r"not carried|left out")
        self.site.import_(bundle)

    def test_the_name_of_a_staging_directory_never_travels(self):
        os.mkdir(self.site.source / ".valise")
        (self.site.source / ".valise/x").write_text("x")
        self.carry()
        self.assertFalse((self.site.target / ".valise").exists())

    def test_a_name_that_only_begins_like_it_does(self):
        (self.site.source / ".valise.yaml").write_text("mine")
        self.carry()
        self.assert_equal_trees()
        (self.site.source / ".valise.yaml").unlink()
        self.carry()
        self.assert_equal_trees()

    def test_many_entries_in_one_directory_cross(self):
        folder = self.site.source / "many"
        folder.mkdir()
        for i in range(20000):
            (folder / f"{i:06}").touch()
        self.carry()
        self.assertEqual(20000, len(os.listdir(self.site.target / "many")))


if __name__ == "__main__":
    unittest.main()
