"""Bundles of former versions, and of a writer that is not ours, still read.

Each folder of fixtures/bundles/ holds a bundle, what opens it, the sender, and
what it carries; fixtures/bundles/v0/README.md says which file is what.
"""
import hashlib
import json
import os
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import TESTS, Flow  # noqa: E402
from metadata import dismantle  # noqa: E402
from treestate import printable, tree_lines  # noqa: E402

FIXTURES = TESTS.parent / "fixtures/bundles"
GOLDEN = sorted(p.parent for p in FIXTURES.glob("v*/*/manifest.jsonl"))
# What lines of manifests must have somewhere, so that no kind is forgotten.
TYPES = {"dir", "file", "link", "hard", "fifo", "char", "block", "left_out",
         "profile", "table", "row"}
MEMBERS = {"path", "path_b", "target", "target_b", "to", "to_b", "holes",
           "acl", "acl_default", "flags", "xattrs", "owner", "group", "rdev",
           "version", "words", "schema", "k", "row", "x", "size", "slots"}
VALUES = {"$b64", "$blob", "$body", "$i", "$parts", "$r", "$ref", "$secret",
          "$t64"}
FORMS = {"plain", "json", "number", "yaml", "yaml-part",
         "yaml-single", "yaml-double"}
OWNER = re.compile(r" \d+:\d+(?= -?\d)")


def lines_of(golden):
    """All lines of its manifest, the first and the last too."""
    text = (golden / "manifest.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n")[:-1]]


def tags_of(value):
    """Tags of values and spellings of ids, in what a row says."""
    if isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from tags_of(inner)
    elif isinstance(value, list):
        if len(value) == 3 and value[2] in FORMS:
            yield value[2]
        for inner in value:
            yield from tags_of(inner)


def keys_of(golden):
    """The words that open it, each by another key; (words, may import)."""
    for name, word in (("password", "--password-file"),
                       ("recipient.key", "--identity"),
                       ("audit.key", "--identity")):
        if (golden / name).exists():
            yield (word, golden / name), name != "audit.key"


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


def expected(golden):
    """What expect.tsv says is in the tree."""
    lines = [tuple(line.split("\t")) for line in
             (golden / "expect.tsv").read_text().splitlines()
             if not line.startswith("#")]
    return sorted(line for line in lines if line[1] != "left_out")


class Golden(Flow):
    def setUp(self):
        super().setUp()
        # Where there are attributes; a temporary file system may have none.
        self.trees = Path(f"/var/tmp/golden.{os.getpid()}")
        self.addCleanup(dismantle, self.trees)
        self.trees.mkdir()
        self.maxDiff = None

    def test_they_cover_what_bundles_can_hold(self):
        lines = [line for golden in GOLDEN for line in lines_of(golden)]
        self.assertEqual(set(), TYPES - {line.get("t") for line in lines})
        self.assertEqual(set(), MEMBERS - {name for line in lines
                                           for name in line})
        self.assertEqual(set(), (VALUES | FORMS) - {
            tag for line in lines for value in line.get("row", {}).values()
            for tag in tags_of(value)})

    def test_each_shows_its_manifest_to_every_key(self):
        for golden in GOLDEN:
            bundle = next(golden.glob("*.vls"))
            wanted = (golden / "manifest.jsonl").read_text(encoding="utf-8")
            for key, _ in keys_of(golden):
                with self.subTest(f"{golden.name} {key[1].name}"):
                    self.site.run("valise", "verify", "--open", bundle, *key,
                                  "--sender", golden / "sender.pub")
                    self.assertEqual(wanted, self.site.run(
                        "valise", "ls", bundle, "--json", *key).out)

    def test_each_imports_as_expected_by_every_key(self):
        for golden in GOLDEN:
            for number, (key, full) in enumerate(keys_of(golden)):
                with self.subTest(f"{golden.name} {key[1].name}"):
                    self.import_golden(golden, key, full, number)

    def import_golden(self, golden, key, full, number):
        lines = lines_of(golden)
        names = sorted({line["r"] for line in lines if "path" in line
                        or "path_b" in line})
        only = [word for name in names for word in ("--only", name)]
        root = os.geteuid() == 0
        if not root and any(line.get("t") == "char" for line in lines):
            self.skipTest("devices need root")
        trees = self.trees / f"{golden.name}-{number}"
        trees.mkdir()
        site = self.folder / "golden.yaml"
        site.write_text(
            f"site: {lines[0]['site']}\n"
            f"state: {self.folder}/state-{golden.name}-{number}\n"
            f"trust:\n  - {{sender: {golden}/sender.pub}}\n"
            # Where secrets come to stand is what the target says.
            + (f"profile: {golden}/profile.yaml\n"
               if (golden / "profile.yaml").exists() else "")
            + "resources:\n"
            + "".join(f"  - name: {name}\n    kind: files\n"
                      f"    path: {trees / name}\n    special: true\n"
                      f"    privileged: {str(root).lower()}\n"
                      for name in names))
        said = self.site.run("valise-import", site, next(golden.glob("*.vls")),
                             *key, *only, "--yes", expect=0 if full else 7)
        if not full:
            self.assertEqual([], os.listdir(trees))
            return
        for name in names:
            self.compare(golden, name, trees / name, root, said)

    def compare(self, golden, name, tree, root, said):
        if (golden / name).is_dir():
            self.assertEqual(
                {path.name: path.read_bytes()
                 for path in (golden / name).iterdir()},
                {path.name: path.read_bytes() for path in tree.iterdir()})
            return
        if (golden / "expect.tsv").exists():
            self.assertEqual(expected(golden), sorted(as_expected(tree)),
                             str(said))
            return
        wanted = (golden / f"tree-{name}.txt").read_text().splitlines()
        if not root:
            wanted = [OWNER.sub("", line) for line in wanted]
        self.assertEqual(wanted, tree_lines(tree, owner=root), str(said))


if __name__ == "__main__":
    unittest.main()
