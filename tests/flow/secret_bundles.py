"""Bundles with secrets, made by tests/tools/bundlewriter.py: what each key
shows of them, and that no command shows a secret."""
import base64
import subprocess
import sys
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
import secrets_in_memory  # noqa: E402
from flow import TESTS, Flow, environment, write_tree  # noqa: E402
from memory import Gate  # noqa: E402

sys.path.insert(0, str(TESTS / "hostile"))
from base import base_tree, entry  # noqa: E402
from bundlewriter import (Bundle, Identity, Secret, Sender,  # noqa: E402
                          b64u)
from cases_rows import NOTES, PROFILE, announced, row  # noqa: E402

READER = TESTS / "tools" / "reader"
PLAIN, SECOND, OTHER = (b"correct horse battery", b"second secret 1234567",
                        b"wrong horse battery!!")


def rows(secret):
    return [row("a", values={"body": Secret(secret), "title": "a"}),
            row("b", values={"body": {"$parts": [
                "p=", Secret(SECOND, "clear", "$.p", "plain"), ";"]}})]


class Secrets(Flow):
    def setUp(self):
        super().setUp()
        for label in ("recipient", "auditor"):
            path = self.folder / f"{label}.key"
            path.write_text(b64u(Identity(label).secret) + "\n")
            path.chmod(0o600)
        (self.folder / "sender.pub").write_text(Sender("sender").public_text())
        self.bundle = self.make("one.vls", PLAIN)

    def make(self, name, secret, seq=1):
        lines = [PROFILE, NOTES, *rows(secret)]
        return Bundle([*((line, None) for line in lines), *base_tree()],
                      {"inner": announced}, seq=seq, openers=(
                          Identity("recipient"), Identity("auditor", "audit"))
                      ).write(self.folder / name)

    def identity(self, label):
        return "--identity", self.folder / f"{label}.key"

    def valise(self, *words, label="recipient", expect=0):
        return self.site.run("valise", *words, *self.identity(label),
                             expect=expect)

    def reader(self, label, *words, expect=0):
        done = subprocess.run(
            [sys.executable, "-B", str(READER), "secrets", str(self.bundle),
             *map(str, self.identity(label)), "--sender",
             str(self.folder / "sender.pub"), *words],
            capture_output=True, text=True, stdin=subprocess.DEVNULL,
            env=environment(self.folder))
        self.assertEqual(expect, done.returncode, done.stderr)
        return done.stdout

    def assert_none_shown(self, text):
        for plain in (PLAIN, SECOND, OTHER):
            for form in (plain.decode(), plain.hex(), b64u(plain),
                         base64.b64encode(plain).decode()):
                self.assertNotIn(form, text)

    def test_the_second_reader_shows_places_and_when_asked_secrets(self):
        shown = self.reader("recipient")
        self.assert_none_shown(shown)
        lines = [line.split("\t") for line in shown.splitlines()]
        self.assertEqual(
            [["app", "notes", '["a"]', "body", "", "text"],
             ["app", "notes", '["b"]', "body", "$.p", "clear"]],
            [line[:-1] for line in lines])
        self.assertEqual(shown, self.reader("auditor"))
        whole = self.reader("recipient", "--show")
        self.assertEqual([repr(PLAIN), repr(SECOND)], [
            line.split("\t")[-1] for line in whole.splitlines()])
        self.assertEqual("", self.reader("auditor", "--show", expect=2))

    def test_those_of_the_golden_bundle_are_what_they_were(self):
        golden = TESTS.parent / "fixtures/bundles/v0/secrets"
        wanted = (golden / "secrets.txt").read_text()
        self.assertEqual(27, len(wanted.splitlines()))
        for key, word in (("password", "--password-file"),
                          ("recipient.key", "--identity")):
            done = subprocess.run(
                [sys.executable, "-B", str(READER), "secrets",
                 str(next(golden.glob("*.vls"))), word, str(golden / key),
                 "--sender", str(golden / "sender.pub"), "--show"],
                capture_output=True, text=True, check=True)
            self.assertEqual(wanted, done.stdout)

    def test_no_command_shows_a_secret(self):
        fingerprint = self.reader("auditor").split("\t")[6].split("\n")[0]
        self.assertRegex(fingerprint, r"^sf1\.[A-Za-z0-9_-]{22}$")
        for label in ("recipient", "auditor"):
            for words in (("ls",), ("ls", "--json"), ("cat",)):
                where = [f"{self.bundle}", *(
                    ["app/notes/a"] if words == ("cat",) else [])]
                said = self.valise(words[0], *where, *words[1:], label=label)
                self.assert_none_shown(said.said)
            self.assert_says(said, fingerprint)

    def test_verify_says_whether_they_were_opened(self):
        verify = ("verify", self.bundle, "--open", "--sender",
                  self.folder / "sender.pub")
        self.assert_says(self.valise(*verify), "secrets that were opened: 2")
        self.assert_says(self.valise(*verify, label="auditor"),
                         "not opened", "role audit: 2")
        for label, opened in (("recipient", "true"), ("auditor", "false")):
            said = self.valise(*verify, "--json", label=label)
            self.assert_says(said, '"secrets":2',
                             f'"secrets_opened":{opened}')
            self.assert_none_shown(said.said)

    def test_a_diff_shows_that_one_changed_and_not_to_what(self):
        same = self.make("same.vls", PLAIN, 2)
        other = self.make("other.vls", OTHER, 3)
        for label in ("recipient", "auditor"):
            said = self.valise("diff", self.bundle, same, label=label)
            self.assertEqual("", said.out)
            said = self.valise("diff", self.bundle, other, label=label)
            self.assertEqual('s\tapp/notes/["a"]\tsecret changed\n',
                             said.out)
            self.assert_none_shown(said.said)


class InMemory(secrets_in_memory.Memory):
    """A program is stopped when it has opened all secrets."""

    def test_a_secret_that_was_opened_is_left_nowhere(self):
        secrets = {f"secret{i}": f"unlikely bytes, number {i:04}".encode()
                   for i in range(8)}
        lines = [PROFILE, NOTES, *(
            row(name, values={"body": Secret(plain)})
            for name, plain in secrets.items())]
        bundle = Bundle(
            [*((line, None) for line in lines), (entry("dir", ""), None),
             (entry("file", "gate"), b"new bytes\n")],
            {"inner": announced}).write(self.folder / "one.vls")
        key = self.folder / "recipient.key"
        key.write_text(b64u(Identity("recipient").secret) + "\n")
        key.chmod(0o600)
        (self.folder / "sender.pub").write_text(Sender("sender").public_text())
        write_tree(self.site.target, {"gate": "old bytes\n"})
        self.site.write_target_yaml(extra=(
            f"trust:\n  - {{sender: {self.folder}/sender.pub}}\n"))
        with Gate(self.site.target / "gate") as tree:
            process = self.start_import(
                bundle, "--identity", key, "--allow-delete", "--only",
                "files")
            tree.wait(process)
            self.assert_nowhere(process, **secrets)
        self.finish(process)
        self.assertEqual("new bytes\n",
                         (self.site.target / "gate").read_text())


if __name__ == "__main__":
    unittest.main()
