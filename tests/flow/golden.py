"""Bundles of former versions, and of a writer that is not ours, still import.

Each folder of fixtures/bundles/ holds a bundle, its password, the sender, and
expect.tsv: path, type, size, and SHA-256, link target or reason.
"""
import hashlib
import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import TESTS, Flow  # noqa: E402
from treestate import printable  # noqa: E402

GOLDEN = sorted(p.parent for p in
                (TESTS.parent / "fixtures/bundles").glob("v*/*/expect.tsv"))


def as_expected(root):
    """The tree below `root` in the words of expect.tsv, sorted."""
    root = os.fsencode(root)
    yield ".", "dir", "-", "-"
    for folder, names, files in os.walk(root):
        for name in names + files:
            path = os.path.join(folder, name)
            shown = printable(os.path.relpath(path, root))
            if os.path.islink(path):
                target = os.readlink(path)
                yield (shown, "link", str(len(target)),
                       "-> " + printable(target))
            elif os.path.isdir(path):
                yield shown, "dir", "-", "-"
            else:
                with open(path, "rb") as file:
                    content = hashlib.file_digest(file, "sha256")
                yield (shown, "file", str(os.path.getsize(path)),
                       content.hexdigest())


class Golden(Flow):
    def test_there_are_golden_bundles(self):
        self.assertTrue(GOLDEN)

    def test_each_imports_as_expected(self):
        for folder in GOLDEN:
            with self.subTest(folder=folder.name):
                self.import_golden(folder)

    def import_golden(self, folder):
        bundle = next(folder.glob("*.vls"))
        tree = self.folder / "golden" / folder.name
        tree.parent.mkdir()
        site = self.folder / "golden.yaml"
        site.write_text(
            f"site: demo\nstate: {self.folder}/state-golden\n"
            f"trust:\n  - {{sender: {folder}/sender.pub}}\n"
            f"resources:\n  - name: tree\n    kind: files\n"
            f"    path: {tree}\n")
        password = "--password-file", folder / "password"
        listed = self.site.run("valise-import", site, bundle, *password,
                               "--yes")
        wanted = {tuple(line.split("\t")) for line in
                  (folder / "expect.tsv").read_text().splitlines()
                  if not line.startswith("#")}
        wanted = {line for line in wanted if line[1] != "left_out"}
        self.maxDiff = None
        self.assertEqual(sorted(wanted), sorted(as_expected(tree)),
                         str(listed))


if __name__ == "__main__":
    unittest.main()
