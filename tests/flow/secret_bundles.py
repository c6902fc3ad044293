"""Bundles with secrets, made by tests/tools/bundlewriter.py: what each key
shows of them, and that no command shows a secret."""
import base64
import json
import shlex
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
from flow import (TESTS, Flow, environment, wait_for,  # noqa: E402
                  write_tree)
from memory import Gate, is_sanitized, where  # noqa: E402
from pty_terminal import Terminal  # noqa: E402

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


def env(*slots, body=b"A=\nB=\n"):
    return entry("file", "zz.env", slots=slots), body


FILES = [env((2, Secret(SECOND, inside="line A")))]


class Secrets(Flow):
    def setUp(self):
        super().setUp()
        for label in ("recipient", "auditor"):
            path = self.folder / f"{label}.key"
            path.write_text(b64u(Identity(label).secret) + "\n")
            path.chmod(0o600)
        (self.folder / "sender.pub").write_text(Sender("sender").public_text())
        self.bundle = self.make("one.vls", PLAIN)

    def make(self, name, secret, seq=1, files=None):
        lines = [PROFILE, NOTES, *rows(secret)]
        return Bundle([*((line, None) for line in lines), *base_tree(),
                       *(FILES if files is None else files)],
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
             ["app", "notes", '["b"]', "body", "$.p", "clear"],
             ["files", "", "zz.env", "", "line A", "text"]],
            [line[:-1] for line in lines])
        self.assertEqual(shown, self.reader("auditor"))
        whole = self.reader("recipient", "--show")
        self.assertEqual([repr(PLAIN), repr(SECOND), repr(SECOND)], [
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
            self.assert_says(self.valise("ls", self.bundle, "files/zz.env",
                                         label=label),
                             "\tfiles/zz.env\t1 secret\n")
            said = self.valise("cat", self.bundle, "files/zz.env", label=label)
            self.assertEqual("A=\nB=\n", said.out)
            self.assert_says(said, "it has 1 secret, which is not shown")

    def test_verify_says_whether_they_were_opened(self):
        verify = ("verify", self.bundle, "--open", "--sender",
                  self.folder / "sender.pub")
        self.assert_says(self.valise(*verify), "secrets that were opened: 3")
        self.assert_says(self.valise(*verify, label="auditor"),
                         "not opened", "role audit: 3")
        for label, opened in (("recipient", "true"), ("auditor", "false")):
            said = self.valise(*verify, "--json", label=label)
            self.assert_says(said, '"secrets":3',
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

    def test_a_diff_tells_a_secret_of_a_file_from_the_rest(self):
        one, two = (Secret(SECOND, inside="line A"),
                    Secret(OTHER, inside="line A"))
        for seq, (wanted, file) in enumerate((
                ((), env((2, one))),
                (("s",), env((2, two))),
                (("s",), env((2, Secret(SECOND, "clear", "line A")))),
                (("s",), env((2, one), (5, Secret(OTHER, inside="line B")))),
                (("~ hash, size",), env((9, one), body=b"# new\n\nA=\nB=\n")),
                (("~ hash, size", "s"), env((4, two), body=b"# A=\nB=\n")),
                (("~ hash, size", "s"), (entry("file", "zz.env"), b"A=x\n")),
                (("~ slots",), env((1, one)))), 2):
            other = self.make(f"{seq}.vls", PLAIN, seq, [file])
            says = {"s": "s\tfiles/zz.env\tsecret changed\n"}
            out = "".join(
                says.get(word, f"~\tfiles/zz.env\t{word[2:]}\n")
                for word in wanted)
            for label in ("recipient", "auditor"):
                said = self.valise("diff", self.bundle, other, label=label)
                self.assertEqual(out, said.out)
                self.assert_none_shown(said.said)
                said = self.valise("diff", self.bundle, other, "--json",
                                   label=label)
                self.assertEqual("s" in wanted,
                                 '"change":"secret"' in said.out)
                self.assert_none_shown(said.said)


def writes(pid):
    """It is stopped in write() to its standard output, whose file is full."""
    words = Path(f"/proc/{pid}/syscall").read_text().split()
    return words[0] == "1" and int(words[1], 16) == 1


class OnATerminal(Flow):
    """`valise cat --secrets`, on the golden bundle."""

    GOLDEN = TESTS.parent / "fixtures/bundles/v0/secrets"
    QUESTION = "in clear on this terminal? [y/N] "

    def cat(self, what, *words, key="recipient.key"):
        return ("cat", next(self.GOLDEN.glob("*.vls")), what, "--secrets",
                "--identity", self.GOLDEN / key, *words)

    def shown(self, what):
        """What is shown behind the question, with plain ends of lines."""
        with Terminal(self.site, "valise", *self.cat(what)) as asked:
            asked.expect(self.QUESTION)
            self.assertNotIn("hunter2", asked.shown)
            asked.type("yes")
            out = asked.end(expect=0).out
        return out.split("[y/N] yes", 1)[1].replace("\r\n", "\n")

    def test_a_file_is_shown_with_its_secrets_in_place(self):
        for name, text in (
                (".env", (self.GOLDEN / "keys/.env").read_text()),
                ("config.json", '{"a":{"b":"quote " and \u00e9"},'
                                '"c":"v1:not what it was"}\n'),
                ("log.txt", (self.GOLDEN / "keys/log.txt").read_text())):
            self.assertEqual("\n" + text, self.shown("keys/" + name))

    def test_what_moves_a_terminal_is_shown_as_question_marks(self):
        out = self.shown("keys/tls.key")
        self.assertIn("-----BEGIN\n?", out)
        self.assertIn(" !\"#$%&'()*+,-./0123456789", out)
        self.assertNotRegex(out, "[\0-\x08\x0b-\x1f\x7f-\x9f]")

    def test_a_row_is_shown_with_its_secrets_in_place(self):
        rows = {name: json.loads(self.shown(f"app/vault/{name}"))["row"]
                for name in ("all", "clear", "empty", "json", "packed")}
        whole = {"$b64": base64.urlsafe_b64encode(bytes(range(256)))
                 .rstrip(b"=").decode()}
        self.assertEqual({"$secret": "hunter2"}, rows["all"]["secret"])
        self.assertEqual({"$secret": [whole, "blob"]}, rows["all"]["raw"])
        self.assertEqual({"$secret": ["raw, in clear", "clear-blob"]},
                         rows["clear"]["raw"])
        self.assertEqual({"$secret": ""}, rows["empty"]["secret"])
        self.assertEqual(
            {"$secret": ['quote " and \u00e9', "json", "$.password"]},
            rows["json"]["doc"]["$parts"][1])
        self.assertEqual(
            {"$secret": ["inside a packed text", "plain", "$", "clear"]},
            rows["packed"]["raw"]["$gzip"][1])

    def test_a_secret_moves_no_terminal(self):
        """What JSON escapes is escaped, and the rest becomes '?'."""
        plain = '\0\x01\x1b[31m"\\\t\x7f\x9b\u202e.'
        bundle = Bundle(
            [(PROFILE, None), (NOTES, None),
             (row("a", values={"body": Secret(plain[1:].encode())}), None),
             (row("b", values={"body": Secret(plain.encode())}), None),
             (entry("dir", ""), None),
             env((2, Secret(plain.encode(), inside="line A")))],
            {"inner": announced}).write(self.folder / "one.vls")
        key = self.folder / "recipient.key"
        key.write_text(b64u(Identity("recipient").secret) + "\n")
        out = {}
        for what in ("app/notes/a", "app/notes/b", "files/zz.env"):
            with Terminal(self.site, "valise", "cat", bundle, what,
                          "--secrets", "--identity", key) as asked:
                asked.answer(self.QUESTION, "y")
                shown = asked.end(expect=0).out.split("[y/N] y\n", 1)[1]
            self.assertNotRegex(shown, "[\0-\x08\x0b-\x1f\x7f-\x9f\u202e]")
            out[what] = shown
        values = [json.loads(out[what])["row"]["body"]["$secret"]
                  for what in ("app/notes/a", "app/notes/b")]
        self.assertEqual('\x01\x1b[31m"\\\t??????.', values[0])
        self.assertEqual({"$b64": b64u(plain.encode())}, values[1])
        self.assertEqual('A=???[31m"\\\t??????.\nB=\n', out["files/zz.env"])

    def test_no_shows_nothing(self):
        for answer in ("no", "", "maybe"):
            with Terminal(self.site, "valise", *self.cat("keys/.env")) as asked:
                asked.answer(self.QUESTION, answer)
                out = asked.end(expect=4).out
            self.assertNotIn("hunter2", out)
            self.assertNotIn("DB_PASSWORD", out)

    def test_an_auditor_is_not_asked(self):
        for what in ("keys/.env", "app/vault/all", "desk/note.txt"):
            with Terminal(self.site, "valise",
                          *self.cat(what, key="audit.key")) as asked:
                out = asked.end(expect=7).out
            self.assertIn("role audit", out)
            self.assertNotIn("[y/N]", out)

    def test_what_has_none_is_shown_without_a_question(self):
        with Terminal(self.site, "valise", *self.cat("desk/note.txt")) as asked:
            out = asked.end(expect=0).out
        self.assertNotIn("[y/N]", out)
        self.assertTrue(out.endswith("a tree stands beside the database\n"))

    def test_what_is_shown_is_in_locked_memory_alone(self):
        """It is longer than what a terminal takes before it is read."""
        self.need_root()
        plain = b"unlikely bytes, 0123456789abcdef"
        bundle = Bundle([(entry("dir", ""), None),
                         env((2, Secret(plain * 9000, inside="line A")))]
                        ).write(self.folder / "long.vls")
        key = self.folder / "recipient.key"
        key.write_text(b64u(Identity("recipient").secret) + "\n")
        with Terminal(self.site, "valise", "cat", bundle, "files/zz.env",
                      "--secrets", "--identity", key) as asked:
            asked.answer(self.QUESTION, "yes")
            self.assertTrue(wait_for(lambda: writes(asked.pid)))
            found, = where(asked.pid, plain)
            self.assertTrue(found)
            if not is_sanitized(asked.pid):
                for mapping in found:
                    self.assertTrue(mapping.locked, str(mapping))
                    self.assertFalse(mapping.dumped, str(mapping))
            asked.end(expect=0)

    def test_nothing_but_a_terminal_gets_them(self):
        said = self.site.run("valise", *self.cat("keys/.env"), expect=2)
        self.assertEqual("", said.out)
        self.assert_says(said, "on a terminal alone")
        # A terminal to ask on, and a file or pipe to write to.
        script = self.site.bin / "valise"
        words = " ".join(shlex.quote(str(word)) for word in
                         [script, *self.cat("keys/.env")])
        for where in (f">{self.folder}/out", "| cat", "</dev/null",
                      f"2>{self.folder}/err"):
            with Shell(self.site, f"{words} {where}; echo done") as asked:
                asked.expect("done")
                self.assertNotIn("hunter2", asked.shown)
                self.assertNotIn("[y/N]", asked.shown)
        self.assertEqual("", (self.folder / "out").read_text())


class Shell(Terminal):
    def __init__(self, site, script):
        bin_, site.bin = site.bin, Path("/bin")
        try:
            super().__init__(site, "sh", "-c", script)
        finally:
            site.bin = bin_


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
