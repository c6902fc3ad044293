#!/usr/bin/env python3
"""Plant one violation after the other and see that rooms.py finds each.

    rooms_planted.py ROOT

Works on a temporary copy of src/ and include/.  The copy as it is must be
clean of the planted words, so that a finding is the plant's own.
"""
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from rooms import Check  # noqa: E402

ROOT = None


class Planted(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)
        for part in ("src", "include"):
            shutil.copytree(ROOT / part, self.root / part)
        self.before = set(self.check())

    def check(self):
        return Check(self.root).run()

    def plant(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as out:
            out.write(text + "\n")

    def assert_found(self, *words):
        found = [line for line in self.check() if line not in self.before]
        self.assertTrue(
            any(all(word in line for word in words) for line in found),
            f"nothing names {words} in {found}")

    def test_a_room_that_is_not_named(self):
        self.plant("src/chunk/planted.c", "#include <valise/crypt.h>")
        self.assert_found("src/chunk/planted.c:1", "may not use")

    def test_a_room_above(self):
        self.plant("src/base/planted.c", "#include <valise/record.h>")
        self.assert_found("src/base/planted.c:1", "may not use")

    def test_a_public_header_that_reaches_up(self):
        self.plant("include/valise/err.h", "#include <valise/format.h>")
        self.assert_found("include/valise/err.h", "may not use")

    def test_a_table_that_names_upwards(self):
        rooms = self.root / "src" / "ROOMS"
        text = rooms.read_text()
        self.assertIn("\ncrypt  | base ", text)
        rooms.write_text(text.replace("\ncrypt  | base ", "\ncrypt  | cli "))
        self.assert_found("src/ROOMS", "does not stand above")

    def test_a_library_of_another_room(self):
        self.plant("src/base/planted.c", "#include <sodium.h>")
        self.assert_found("src/base/planted.c:1", "alone")

    def test_a_library_nobody_knows(self):
        self.plant("src/base/planted.c", "#include <curl/curl.h>")
        self.assert_found("src/base/planted.c:1", "does not know")

    def test_a_library_in_a_public_header(self):
        self.plant("include/valise/crypt.h", "#include <sodium.h>")
        self.assert_found("include/valise/crypt.h", "public header")

    def test_a_header_nobody_owns(self):
        self.plant("include/valise/planted.h", "")
        self.assert_found("include/valise/planted.h", "nobody owns it")

    def test_a_header_with_two_owners(self):
        self.plant("src/ROOMS", "planted | base | err.h")
        self.assert_found("two owners")

    def test_a_private_header_of_another_room(self):
        self.plant("src/base/planted.h", "")
        self.plant("src/crypt/planted.c", '#include "../base/planted.h"')
        self.assert_found("src/crypt/planted.c:1", "not a private header")

    def test_a_folder_that_is_no_room(self):
        self.plant("src/attic/planted.c", "")
        self.assert_found("src/attic", "not in ROOMS")

    def test_a_build_that_links_more_than_the_table_allows(self):
        path = self.root / "src" / "chunk" / "CMakeLists.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text("valise_room(chunk SOURCES a.c USES base cli)\n")
        self.assert_found("USES names 'cli'")


if __name__ == "__main__":
    ROOT = Path(sys.argv.pop(1)).resolve()
    unittest.main()
