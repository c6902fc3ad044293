"""The second reader, which knows only formats/, and valise agree.

The reader is in tests/tools/reader.  Where the two differ, the text of
formats/ is wrong or one of them is.  Vectors: tests/flow/reader_vectors.py.
"""
import importlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import nacl  # noqa: F401
    import xxhash  # noqa: F401
    import zstandard  # noqa: F401
except ImportError as missing:
    print(f"skipped: {missing.name} is not installed "
          "(python3-nacl, python3-zstandard, python3-xxhash)")
    sys.exit(77)

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import TESTS, Flow, Site, environment  # noqa: E402
import awkward  # noqa: E402
from bundlewriter import Identity, Sender  # noqa: E402
from golden import GOLDEN, as_expected, expected, keys_of  # noqa: E402
from metadata import dismantle  # noqa: E402
from treecmp import compare  # noqa: E402
from treestate import tree_lines  # noqa: E402

sys.path.insert(0, str(TESTS / "hostile"))
import base as hostile  # noqa: E402

ALL = os.environ.get("VALISE_TEST_ALL") == "1"
READER = TESTS / "tools" / "reader"
PAGE = TESTS.parent / "docs" / "recover-by-hand.md"
SAMPLE = TESTS.parent / "fixtures/bundles/v0/sample"

sys.path.insert(0, str(READER))
import bundle as reader_bundle  # noqa: E402
import frames  # noqa: E402
import keys  # noqa: E402
import locked  # noqa: E402
import seal  # noqa: E402
from common import EXIT, Bad  # noqa: E402

# What the reader says that it does not set, and holes smaller than a block.
NOT_EXTRACTED = ("owner", "mode", "xattrs", "flags", "holes")
SITE_WORDS = "special: true" + (
    "\nprivileged: true" if os.geteuid() == 0 else "")


class Reader:
    """Runs the second reader as people would."""

    def __init__(self, folder):
        self.folder = folder

    def run(self, *words, expect=0, **more):
        done = subprocess.run(
            [sys.executable, "-B", str(READER), *map(str, words)],
            capture_output=True, stdin=subprocess.DEVNULL, cwd=self.folder,
            env={**environment(self.folder), **more})
        if expect is not None and done.returncode != expect:
            raise AssertionError(
                f"{words}: exit {done.returncode}, not {expect}: "
                f"{done.stderr.decode(errors='replace')}")
        return done


def extracted(lines):
    """Of lines of treestate.py, what the reader makes: names, kinds, times,
    sizes and contents, targets."""
    out = []
    for words in (line.split(" ") for line in lines):
        if words[1] == "file":
            out.append([*words[:2], *words[4:7]])
        elif words[1] == "dir":
            out.append([*words[:2], words[4]])
        elif words[1] == "link":
            out.append([*words[:2], *words[3:5]])
    return out


def shapes(opened):
    """What a bundle is an example of."""
    stanzas = keys.read_keys(opened.small("keys.jsn", 65536))["stanzas"]
    found = {s["role"] for s in stanzas} | {s["t"] for s in stanzas}
    if len(stanzas) >= 3:
        found.add("3 stanzas")
    if not opened.pack_names:
        found.add("no pack")
    if opened.head["prev"] != "0" * 64:
        found.add("has prev")
    if len(opened.inner["resources"]) == 2:
        found.add("two resources")
    for name in opened.pack_names:
        file = opened.file(name)
        if file.frames > 1:
            found.add("a pack of several frames")
        if len(list(frames.records(file))) > 1:
            found.add("several blocks")
    return found


class Golden(unittest.TestCase):
    def setUp(self):
        folder = tempfile.mkdtemp(prefix="second.")
        self.addCleanup(shutil.rmtree, folder)
        self.folder = Path(folder)
        self.reader = Reader(folder)

    def test_there_are_golden_bundles(self):
        self.assertTrue(GOLDEN)

    def test_each_shows_its_manifest_to_every_key(self):
        for golden in GOLDEN:
            bundle = next(golden.glob("*.vls"))
            for key, _ in keys_of(golden):
                with self.subTest(f"{golden.name} {key[1].name}"):
                    words = bundle, *key, "--sender", golden / "sender.pub"
                    self.reader.run("check", *words)
                    self.assertEqual(
                        (golden / "manifest.jsonl").read_bytes(),
                        self.reader.run("manifest", *words).stdout)

    def test_each_is_extracted_as_expected(self):
        for golden in GOLDEN:
            bundle = next(golden.glob("*.vls"))
            out = self.folder / golden.name
            *_, (key, _) = keys_of(golden)
            with self.subTest(golden.name):
                self.reader.run("extract", bundle, out, *key)
                if golden == SAMPLE:
                    self.assertEqual(expected(golden),
                                     sorted(as_expected(out / "tree")))
                    continue
                for listed in golden.glob("tree-*.txt"):
                    tree = out / listed.stem.removeprefix("tree-")
                    self.assertEqual(
                        extracted(listed.read_text().splitlines()),
                        extracted(tree_lines(tree)))

    def test_secrets_of_files_are_put_back(self):
        golden = next(g for g in GOLDEN if g.name == "secrets")
        bundle = next(golden.glob("*.vls"))
        wanted = {path.name: path.read_bytes()
                  for path in (golden / "keys").iterdir()}
        self.assertGreater(len(wanted), 5)
        for key, full in keys_of(golden):
            out = self.folder / key[1].name
            said = self.reader.run("extract", bundle, out, *key).stderr
            got = {path.name: path.read_bytes()
                   for path in (out / "keys").iterdir()}
            self.assertEqual(wanted if full else {}, got)
            self.assertEqual(0 if full else len(wanted),
                             said.count(b"it holds secrets, which this key "
                                        b"does not open"))
            done = self.reader.run("cat", bundle, "keys/config.json", *key,
                                   expect=0 if full else 7)
            self.assertEqual(wanted["config.json"] if full else b"",
                             done.stdout)

    def test_the_content_of_a_row_is_shown(self):
        golden = next(g for g in GOLDEN if g.name == "database")
        bundle = next(golden.glob("*.vls"))
        key = next(keys_of(golden))[0]
        for name, wanted in (("cells/[\"large text\"]", b"0123456789" * 700),
                             ("cells/[\"large blob\"]", bytes(range(256)) * 40),
                             ("notes/[\"second\"]",
                              b"far behind " * 600 + b"/notes/")):
            got = self.reader.run("cat", bundle, "app/" + name, *key).stdout
            self.assertEqual(wanted, got, name)

    def test_they_cover_what_no_line_shows(self):
        """Stanzas, blocks, frames: what the manifests do not tell."""
        found = set()
        for golden in GOLDEN:
            spool = self.folder / f"spool-{golden.name}"
            spool.mkdir()
            opened = reader_bundle.Bundle(next(golden.glob("*.vls")), spool)
            self.addCleanup(opened.close)
            identity, password = None, None
            for key, _ in keys_of(golden):
                data = key[1].read_bytes()
                if key[0] == "--identity":
                    identity = locked.read_identity(data)
                else:
                    password = data
            opened.unlock(password, None if password else identity)
            found |= shapes(opened)
        self.assertEqual({"full", "audit", "argon2id", "x25519", "3 stanzas",
                          "no pack", "a pack of several frames",
                          "several blocks", "two resources", "has prev"},
                         found)

    def test_a_package_that_is_missing_is_named(self):
        (self.folder / "zstandard.py").write_text(
            "raise ModuleNotFoundError('no', name='zstandard')\n")
        done = self.reader.run("check", "bundle", "--identity", "key",
                               expect=1, PYTHONPATH=str(self.folder))
        self.assertRegex(done.stderr, rb"\Athis python3 has no package "
                                      rb"'zstandard': install .*\n\Z")

    def test_no_two_files_have_the_same_salt(self):
        salts = [path.read_bytes()[40:56] for golden in GOLDEN
                 for path in golden.glob("*.vls/*.vl[ip]")]
        self.assertGreater(len(salts), 10)
        self.assertEqual(len(salts), len(set(salts)))

    def test_the_page_works_as_it_is_written(self):
        """Every command of docs/recover-by-hand.md, on a golden bundle."""
        golden = SAMPLE
        shutil.copytree(READER, self.folder / "valise/tests/tools/reader",
                        ignore=shutil.ignore_patterns("__pycache__"))
        bundle = next(golden.glob("*.vls"))
        shutil.copytree(bundle, self.folder / "medium" / bundle.name)
        (self.folder / "keys").mkdir()
        for name in ("password", "audit.key", "sender.pub"):
            shutil.copy(golden / name, self.folder / "keys" / name)
        script = "\n".join(re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(),
                                      re.DOTALL | re.MULTILINE))
        (self.folder / "bin").mkdir()
        os.symlink(sys.executable, self.folder / "bin" / "python3")
        env = environment(self.folder)
        env["PATH"] = f"{self.folder}/bin:{env['PATH']}"
        done = subprocess.run(["sh", "-eu", "-c", script], env=env, text=True,
                              errors="surrogateescape", capture_output=True,
                              stdin=subprocess.DEVNULL)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("ok: 23 lines, role full\n", done.stdout)
        self.assertEqual((golden / "manifest.jsonl").read_bytes(),
                         (self.folder / "manifest.jsonl").read_bytes())
        rescued = self.folder / "rescued/tree/sub/run.sh"
        self.assertEqual(rescued.read_bytes(),
                         (self.folder / "run.sh").read_bytes())
        self.assertRegex(done.stdout,
                         rf"(?m)^chown -h -- \S+:\S+ {rescued}$")


class Fresh(unittest.TestCase):
    """A bundle of the awkward tree that valise-export writes, opened by
    password, by a full and by an audit identity. One for all methods."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="second.", dir="/var/tmp")
        cls.addClassCleanup(dismantle, folder)
        os.chmod(folder, 0o755)
        cls.folder = Path(folder)
        cls.small = next(SAMPLE.glob("*.vls"))
        site = cls.site = Site(folder)
        cls.reader = Reader(folder)
        site.run("valise", "keygen", site.keys)
        site.run("valise", "keygen", cls.folder / "audit")
        (cls.folder / "password").write_text(
            site.run("valise", "passgen").out)
        os.chmod(cls.folder / "password", 0o600)
        site.write_source_yaml(SITE_WORDS)
        site.source.parent.mkdir()
        awkward.make(os.fsencode(site.source), 5)
        cls.bundle = site.export(
            "--password-file", cls.folder / "password",
            "--audit-recipient", cls.folder / "audit/recipient.pub",
            expect=(0, 3))
        cls.sender = "--sender", site.keys / "sender.pub"
        cls.openers = {
            "full": ("--identity", site.keys / "recipient.key"),
            "audit": ("--identity", cls.folder / "audit/recipient.key"),
            "password": ("--password-file", cls.folder / "password")}

    def test_each_key_shows_the_manifest_that_valise_shows(self):
        for name, key in self.openers.items():
            with self.subTest(name):
                listed = self.site.run("valise", "ls", self.bundle, *key,
                                       "--json").out
                shown = self.reader.run("manifest", self.bundle, *key,
                                        *self.sender).stdout
                self.assertEqual(
                    listed.encode(errors="surrogateescape"), shown)
        for name in ("full", "audit"):
            self.assertIn(b"role " + name.encode(), self.reader.run(
                "check", self.bundle, *self.openers[name],
                *self.sender).stdout)

    def test_what_is_extracted_is_what_the_source_has(self):
        out = self.folder / "out"
        self.reader.run("extract", self.bundle, out, *self.openers["audit"])
        found = [line.split("\t") for line in compare(
            self.site.source, out / "files", NOT_EXTRACTED)]
        kept = {"file", "dir", "link"}
        self.assertEqual([], [line for line in found if line[1] != "kind"
                              or line[2] in kept or line[3] != "absent"])

    def test_one_body_is_what_the_source_has(self):
        files = [line for line in map(json.loads, self.reader.run(
            "manifest", self.bundle, *self.openers["full"])
            .stdout.split(b"\n")[1:-2])
            if line["t"] in ("file", "hard") and "path" in line
            and line["path"].startswith(("sizes/", "holes/", "hard/file"))]
        self.assertGreater(len(files), 10)
        for line in random.Random(1).sample(files, 2):
            path = self.site.source / line["path"]
            got = self.reader.run("cat", self.bundle, "files/" + line["path"],
                                  *self.openers["full"]).stdout
            self.assertEqual(path.read_bytes(), got, line["path"])

    def refused_by_both(self, folder, key=None, sender=None):
        """Exit code of either, which is the same."""
        key = key or self.openers["full"]
        done = self.reader.run("check", folder, *key,
                               *(sender or self.sender), expect=None)
        said = self.site.run("valise", "verify", "--open", folder, *key,
                             *(sender or self.sender), expect=(5, 6, 7))
        self.assertEqual(said.code, done.returncode,
                         f"{said}\n{done.stderr.decode()}")
        self.assertNotIn(b"Traceback", done.stderr)
        return said.code

    def test_damage_is_refused_by_both(self):
        draw = random.Random(7)
        key = "--identity", SAMPLE / "audit.key"
        sender = "--sender", SAMPLE / "sender.pub"

        def flip(path, at=None):
            data = bytearray(path.read_bytes())
            data[draw.randrange(len(data)) if at is None else at] ^= 0x10
            path.write_bytes(data)

        def swap(one, other):
            data = one.read_bytes()
            one.write_bytes(other.read_bytes())
            other.write_bytes(data)

        damages = {f"flip {p.name}": lambda f, n=p.name: flip(f / n)
                   for p in sorted(self.small.iterdir())}
        damages |= {
            "cut pack": lambda f: os.truncate(
                f / "p0000001.vlp", (f / "p0000001.vlp").stat().st_size - 1),
            "empty seal": lambda f: os.truncate(f / "seal.txt", 0),
            "no index": lambda f: os.unlink(f / "i0000002.vli"),
            "more": lambda f: (f / "more.txt").write_text("x"),
            "a link": lambda f: (os.rename(f / "head.jsn", f.parent / "head"),
                                 os.symlink("../head", f / "head.jsn")),
            "a folder": lambda f: (os.unlink(f / "keys.jsn"),
                                   (f / "keys.jsn").mkdir()),
            "swapped": lambda f: swap(f / "i0000001.vli", f / "i0000002.vli")}
        for number, (name, damage) in enumerate(damages.items()):
            with self.subTest(name):
                folder = self.folder / f"damage{number}" / "bundle.vls"
                shutil.copytree(self.small, folder)
                damage(folder)
                self.refused_by_both(folder, key, sender)

    def test_wrong_keys_are_refused_by_both(self):
        site, other = self.site, self.folder / "other"
        site.run("valise", "keygen", other)
        (self.folder / "guess").write_text("correct horse battery\n")
        os.chmod(self.folder / "guess", 0o600)
        self.assertEqual(7, self.refused_by_both(
            self.bundle, ("--identity", other / "recipient.key")))
        self.assertEqual(7, self.refused_by_both(
            self.bundle, ("--password-file", self.folder / "guess")))
        self.assertEqual(6, self.refused_by_both(
            self.bundle, sender=("--sender", other / "sender.pub")))


class Secrets(Flow):
    """What valise takes out of files the reader puts back."""

    ENTRIES = {
        "app/.env": "A=1\nDB_PASSWORD=hunter2-hunter2\nMAIL='it is here'\n",
        "config.json": '{"a": {"b": "quote \\" and \u00e9 \\\\"}, "c": ["x9!"]}\n',
        "config.php": "<?php\ndefine('KEY', 'it\\'s \\\\ so');\n"
                      "define( \"SALT\", \"double-quoted\" );\n",
        "config.yaml": "a: plain-scalar\nb: 'it''s'\nc: \"tab \\\"\"\n",
        "tls.key": "-----BEGIN\nall of it\n",
        "log.txt": "connected with hunter2-hunter2 twice: hunter2-hunter2\n",
        "plain.txt": "none\n"}
    WORDS = """resources:
  - resource: files
    secrets:
      - {file: .env, line: DB_PASSWORD}
      - {file: .env, line: MAIL}
      - {file: config.json, json: $.a.b}
      - {file: config.json, json: "$.c[*]"}
      - {file: config.php, define: KEY}
      - {file: config.php, define: SALT}
      - {file: config.yaml, yaml: $.a}
      - {file: config.yaml, yaml: $.b}
      - {file: config.yaml, yaml: $.c}
      - {file: tls.key}
    leaks:
      - {file: log.txt, do: slot}
"""

    def test_what_was_taken_out_is_put_back(self):
        words = self.folder / "app.yaml"
        words.write_text(self.WORDS)
        self.site.write_source_yaml(extra=f"profile: {words}\n")
        bundle = self.site.export()
        for name in self.ENTRIES:
            said = self.site.run("valise", "cat", bundle, f"files/{name}",
                                 *self.site.identity)
            self.assertEqual(name == "plain.txt", "not shown" not in said.err)
            self.assertNotRegex(said.out, "hunter2|it is|quote|x9|so|double|"
                                          "plain-|it''s|tab|all of")
        reader = Reader(self.folder)
        reader.run("extract", bundle, self.folder / "out",
                   *self.site.identity)
        self.assertEqual([], compare(self.site.source,
                                     self.folder / "out/files",
                                     NOT_EXTRACTED))

    def test_what_an_auditor_does_not_get_is_named(self):
        words = self.folder / "app.yaml"
        os.rename(self.site.source / "tls.key",
                  self.site.source / "t\u009bls.key")
        words.write_text(self.WORDS.replace("tls.key", '"*.key"'))
        self.site.write_source_yaml(extra=f"profile: {words}\n")
        self.site.run("valise", "keygen", self.folder / "audit")
        bundle = self.site.export(
            "--audit-recipient", self.folder / "audit/recipient.pub")
        audit = "--identity", self.folder / "audit/recipient.key"
        done = Reader(self.folder).run("extract", bundle, self.folder / "out",
                                       *audit)
        reason = b": not made: it holds secrets, which this key does not open"
        self.assertIn(b"'files/app/.env'" + reason, done.stderr)
        self.assertIn(b"'files/t\\x9bls.key'" + reason, done.stderr)
        done = Reader(self.folder).run("cat", bundle, "files/app/.env",
                                       *audit, expect=7)
        self.assertIn(b"'files/app/.env' holds secrets", done.stderr)


class Hostile(unittest.TestCase):
    """The bundles of tests/hostile: what valise has to answer to each, as
    they are held against it there, is what the reader answers."""

    def test_each_is_refused_with_the_same_code(self):
        for group in ("seal", "keys", "frames", "manifest", "rows",
                      "slots"):
            cases = importlib.import_module("cases_" + group).CASES
            for case in cases if ALL else cases[::3]:
                with self.subTest(f"{group}: {case.name}"), \
                        tempfile.TemporaryDirectory(prefix="second.") as d:
                    self.answer(case, Path(d))

    def answer(self, case, folder):
        case.write(folder / case.folder)
        spool = folder / "spool"
        spool.mkdir()
        password = hostile.PASSWORD if "password" in case.opener else None
        try:
            opened = reader_bundle.Bundle(
                folder / case.folder, spool,
                seal.read_sender(Sender("sender").public_text().encode()))
            self.addCleanup(opened.close)
            opened.unlock(password, Identity("recipient").secret)
            opened.read_map()
            opened.check()
            code = 0
        except Bad as bad:
            code = EXIT.get(bad.kind, 5)
        self.assertEqual(case.reader_exit, code)

    def opened(self, case):
        """A bundle of tests/hostile without faults in its seal and keys."""
        folder = Path(tempfile.mkdtemp(prefix="second."))
        self.addCleanup(shutil.rmtree, folder)
        case.write(folder / case.folder)
        (folder / "spool").mkdir()
        opened = reader_bundle.Bundle(folder / case.folder, folder / "spool")
        self.addCleanup(opened.close)
        opened.unlock(None, Identity("recipient").secret)
        opened.read_map()
        return opened

    def test_a_hole_over_other_bytes_than_zeros_is_refused(self):
        data = b"head" + bytes(8) + b"tail"
        for hole, kind in (([4, 8], "ok"), ([3, 8], "format"),
                           ([4, 9], "format")):
            tree = hostile.base_tree() + [
                (hostile.entry("file", "zz", holes=[hole]), data)]
            try:
                self.opened(hostile.Case("hole", 0, (), tree=tree)).check()
                found = "ok"
            except Bad as bad:
                found = bad.kind
            self.assertEqual(kind, found, hole)

    def test_sealed_by_another_it_is_read_and_that_is_said(self):
        """As after a rekey by somebody else (formats/seal.md, "Rekey")."""
        inner = next(case for case in importlib.import_module(
            "cases_keys").CASES if case.name == "inner head: sender")
        for case, by_maker in ((hostile.Case("none", 0, ()), True),
                               (inner, False)):
            opened = self.opened(case)
            opened.check()
            self.assertEqual(by_maker, opened.sealed_by_maker())


if __name__ == "__main__":
    unittest.main()
