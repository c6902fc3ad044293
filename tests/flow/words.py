"""The words of the command line that no other file is about."""
import json
import os
import stat
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import BIN, Flow  # noqa: E402

PROGRAMS = ("valise", "valise-export", "valise-import")


class Help(Flow):
    def test_every_program_tells_its_version_and_its_words(self):
        for program in PROGRAMS:
            with self.subTest(program=program):
                version = self.site.run(program, "--version").out
                self.assertRegex(version, r"^" + program + r" \d+\.\d+")
                for word in ("--help", "-h"):
                    text = self.site.run(program, word).out
                    self.assertIn(program, text)

    def test_every_command_has_help(self):
        for command in ("keygen", "verify", "inspect", "ls", "cat", "init",
                        "export", "import"):
            with self.subTest(command=command):
                one = self.site.run("valise", command, "--help").out
                two = self.site.run("valise", "help", command).out
                self.assertIn(command, one)
                self.assertIn(command, two)

    def test_valise_runs_the_other_two(self):
        env = {"PATH": f"{BIN}:{os.environ['PATH']}"}
        for command in ("export", "import"):
            result = self.site.run("valise", command, "--version", env=env)
            self.assertIn(f"valise-{command}", result.out)


class Keygen(Flow):
    def test_secret_keys_are_for_their_owner_only(self):
        for name in ("sender", "recipient"):
            mode = (self.site.keys / f"{name}.key").stat().st_mode
            self.assertEqual(0o600, stat.S_IMODE(mode), name)
            self.assertTrue((self.site.keys / f"{name}.pub").exists())

    def test_keys_that_are_there_are_never_overwritten(self):
        kept = (self.site.keys / "sender.key").read_bytes()
        result = self.site.run("valise", "keygen", self.site.keys,
                               expect=(1, 2, 4))
        self.assert_says(result, "sender")
        self.assertEqual(kept, (self.site.keys / "sender.key").read_bytes())


class Looking(Flow):
    def setUp(self):
        super().setUp()
        self.bundle = self.site.export()

    def test_verify_is_silent_about_a_good_bundle(self):
        trust = "--sender", self.site.keys / "sender.pub"
        self.site.run("valise", "verify", self.bundle, *trust)
        self.site.run("valise", "verify", "--open", self.bundle, *trust,
                      *self.site.identity)

    def test_inspect_needs_no_key_and_tells_no_name(self):
        result = self.site.run("valise", "inspect", self.bundle)
        self.assertNotIn("dir/b", result.said)
        found = json.loads(self.site.run("valise", "inspect", self.bundle,
                                         "--json").out.splitlines()[0])
        self.assertIsInstance(found, dict)

    def test_ls_lists_every_record(self):
        out = self.site.run("valise", "ls", self.bundle,
                            *self.site.identity).out
        for name in ("a", "dir", "dir/b", "dir/c", "link"):
            self.assertRegex(out, rf"(?m)\b{name}\b")

    def test_ls_of_a_part_lists_that_part(self):
        out = self.site.run("valise", "ls", self.bundle, "files/dir/b",
                            *self.site.identity).out
        self.assertIn("dir/b", out)
        self.assertNotIn("link", out)

    def test_cat_writes_one_body(self):
        out = self.site.run("valise", "cat", self.bundle, "files/dir/b",
                            *self.site.identity).out
        self.assertEqual("second\n", out)

    def test_cat_of_what_is_not_there_says_so(self):
        result = self.site.run("valise", "cat", self.bundle, "files/no",
                               *self.site.identity, expect=(1, 2))
        self.assert_says(result, "no")
        self.assertEqual("", result.out)

    def test_nothing_of_a_bundle_is_readable_without_a_key(self):
        for path in self.bundle.iterdir():
            content = path.read_bytes()
            for secret in (b"dir/b", b"second", b"demo"):
                self.assertNotIn(secret, content, path.name)


class Init(Flow):
    def test_what_it_writes_can_be_exported(self):
        drafted = self.folder / "drafted.yaml"
        self.site.run("valise-export", "init", "--files", self.site.source,
                      "-o", drafted)
        self.assertIn("#", drafted.read_text())
        text = drafted.read_text()
        if "\nstate:" not in text:
            drafted.write_text(text + f"\nstate: {self.folder}/state-init\n")
        self.site.export(yaml=drafted)

    def test_it_never_overwrites(self):
        before = self.site.source_yaml.read_text()
        self.site.run("valise-export", "init", "--files", self.site.source,
                      "-o", self.site.source_yaml, expect=(1, 2, 4))
        self.assertEqual(before, self.site.source_yaml.read_text())


if __name__ == "__main__":
    unittest.main()
