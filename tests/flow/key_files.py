"""Secret keys under a password, and who opens a bundle of many keys."""
import base64
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import NOBODY, environment, remove_tree  # noqa: E402
from keyed import BUNDLE, OTHER, PASSWORD, Keys  # noqa: E402
from pty_terminal import Terminal, without_terminal  # noqa: E402

ALL = os.environ.get("VALISE_TEST_ALL") == "1"
IDENTITY = "valise recipient.key under a password\n"


class Made(Keys):
    """keygen and key password."""

    def test_keygen_puts_both_secret_keys_under_a_password(self):
        keys = self.folder / "protected"
        said = self.site.run("valise", "keygen", keys, "--kdf", "light",
                             "--new-key-password-file", self.password)
        self.assertEqual(2, said.err.count("under the password"), said)
        self.site.keys = keys
        self.site.write_target_yaml()
        words = ("--sign-key-password-file", self.password)
        bundle = self.site.export(*words)
        self.site.import_(bundle, "--identity-password-file", self.password)
        self.assert_equal_trees()
        for name in ("sender.key", "recipient.key"):
            mode = (keys / name).stat().st_mode
            self.assertEqual(0o600, stat.S_IMODE(mode), name)

    def test_keygen_without_a_password_to_take_makes_nothing(self):
        keys = self.folder / "protected"
        short = self.put("short", "short")
        for words, says in ((["--protect"], "--new-key-password-file"),
                            (["--new-key-password-file", short], "12")):
            said = self.site.run("valise", "keygen", keys, *words, expect=2)
            self.assert_says(said, says)
            self.assertFalse(keys.exists())

    def test_a_password_is_set_changed_and_removed(self):
        for path in (self.sender, self.recipient):
            before = path.read_bytes()
            self.lock(path)
            first = path.read_bytes()
            self.assertNotEqual(before, first)
            self.key_password(path, "--key-password-file", self.password,
                              "--new-key-password-file", self.other)
            second = path.read_bytes()
            self.assertNotEqual(first, second)
            self.key_password(path, "--key-password-file", self.password,
                              "--remove", expect=7)
            self.assertEqual(second, path.read_bytes())
            self.key_password(path, "--key-password-file", self.other,
                              "--remove")
            self.assertEqual(before, path.read_bytes())

    def test_owner_mode_and_link_stay(self):
        self.need_root()
        real = self.folder / "real.key"
        self.recipient.rename(real)
        self.recipient.symlink_to(real)
        os.chown(real, NOBODY, NOBODY)
        real.chmod(0o640)
        self.lock(self.recipient)
        self.assertTrue(self.recipient.is_symlink())
        found = real.stat()
        self.assertEqual((NOBODY, NOBODY, 0o640),
                         (found.st_uid, found.st_gid,
                          stat.S_IMODE(found.st_mode)))
        self.assertTrue(real.read_text().startswith(IDENTITY))

    def test_what_is_refused_leaves_the_file_as_it_was(self):
        pub = self.site.keys / "sender.pub"
        short = self.put("short", "short")
        plain = ("--new-key-password-file", self.password)
        for path, words, says in (
                (pub, plain, "public key"),
                (self.sender, ("--new-key-password-file", short), "12"),
                (self.sender, ("--remove",), "no password"),
                (self.sender, ("--remove", *plain), "exclude"),
                (self.sender, (), "--new-key-password-file"),
                (self.folder / "absent", plain, "No such file")):
            with self.subTest(words=words, path=path.name):
                before = path.read_bytes() if path.exists() else None
                said = self.key_password(path, *words, expect=2)
                self.assert_says(said, says)
                self.assert_one_line(said)
                if before is not None:
                    self.assertEqual(before, path.read_bytes())

    def test_killed_or_full_it_leaves_the_old_key_or_the_new(self):
        env = environment(self.folder)
        env["ASAN_OPTIONS"] = "detect_leaks=0"
        before = self.recipient.read_bytes()
        for action, code in (("kill", 137), ("torn", 137), ("EIO", 1),
                             ("ENOSPC", 1)):
            seen = set()
            for nth in range(1, 40, 1 if ALL or action == "kill" else 3):
                self.recipient.write_bytes(before)
                done = subprocess.run(
                    [str(w) for w in (
                        self.faultat(), "-p", self.site.keys, "-n", nth,
                        "-a", action, "--", self.site.bin / "valise", "key",
                        "password", self.recipient, "--kdf", "light",
                        "--new-key-password-file", self.password)],
                    capture_output=True, env=env, stdin=subprocess.DEVNULL)
                old = self.recipient.read_bytes() == before
                seen.add(old)
                if not old:
                    self.key_password(self.recipient, "--key-password-file",
                                      self.password, "--remove")
                    self.assertEqual(before, self.recipient.read_bytes())
                if done.returncode == 0:
                    self.assertFalse(old)
                    break
                self.assertEqual(code, done.returncode, done.stderr)
            self.assertEqual({True, False}, seen, action)


class Used(Keys):
    """A program that needs a key under a password gets it."""

    def setUp(self):
        super().setUp()
        self.bundle = self.site.export()
        self.lock_as_before(self.sender, self.recipient)
        self.sign = ("--sign-key-password-file", self.password)
        self.open = ("--identity-password-file", self.password)

    def test_every_program_that_opens_or_signs(self):
        bundle = self.site.export(*self.sign)
        self.assertIn("dir/b", self.ls(bundle, *self.open).out)
        self.site.run("valise", "cat", bundle, "files/a",
                      *self.site.identity, *self.open)
        self.site.run("valise", "verify", bundle, "--open", "--sender",
                      self.site.keys / "sender.pub", *self.site.identity,
                      *self.open)
        self.site.run("valise", "rekey", bundle, "--sign-key", self.sender,
                      *self.sign, *self.site.identity, *self.open,
                      "--recipient", self.site.keys / "recipient.pub")
        self.site.preview(bundle, *self.open)
        self.site.import_(bundle, *self.open)
        self.assert_equal_trees()

    def test_a_wrong_password_is_7_and_one_line(self):
        wrong = ("--identity-password-file", self.other)
        before = self.site.state()
        for said in (
                self.site.export("--sign-key-password-file", self.other,
                                 expect=7),
                self.ls(self.bundle, *wrong, expect=7),
                self.site.import_(self.bundle, *wrong, expect=7)):
            self.assert_says(said, "wrong password, or the key is damaged")
            self.assert_one_line(said)
            self.assertEqual(1, len(said.err.splitlines()), said)
        self.assertEqual(before, self.site.state())

    def test_the_password_of_the_key_is_not_that_of_the_bundle(self):
        """Neither is taken for the other, also where both are given."""
        sealed = self.site.run(
            "valise-export", self.site.source_yaml, "--to", self.site.medium,
            "--sign-key", self.sender, *self.sign, "--kdf", "light",
            "--password-file", self.bundle_password)
        bundle = sealed.out.strip()
        self.site.run("valise", "ls", bundle, "--password-file",
                      self.bundle_password)
        self.site.run("valise", "ls", bundle, "--password-file",
                      self.password, expect=7)
        said = self.ls(self.bundle, "--password-file", self.password,
                       expect=2)
        self.assert_says(said, "--identity-password-file")
        said = self.site.run("valise", "ls", bundle, *self.open, expect=2)
        self.assert_says(said, "--identity")

    def test_descriptor_command_and_credential(self):
        with open(self.password, "rb") as file:
            self.assertIn("dir/b", self.site.run(
                "valise", "ls", self.bundle, *self.site.identity,
                "--identity-password-fd", "0", input=file.read()).out)
        self.ls(self.bundle, "--identity-password-command",
                f"cat '{self.password}'")
        self.site.export("--sign-key-password-command",
                         f"cat '{self.password}'")
        folder = self.folder / "credentials"
        folder.mkdir()
        for name in ("identity", "sign-key"):
            shutil.copy(self.password, folder / f"valise-{name}-password")
        env = {"CREDENTIALS_DIRECTORY": str(folder)}
        self.site.run("valise", "ls", self.bundle, *self.site.identity,
                      env=env)
        self.site.run("valise-export", self.site.source_yaml, "--to",
                      self.site.medium, "--sign-key", self.sender,
                      "--recipient", self.site.keys / "recipient.pub",
                      env=env)
        said = self.ls(self.bundle, *self.open, "--identity-password-command",
                       "echo x", expect=2)
        self.assert_says(said, "more than one password",
                         "--identity-password-fd")

    def test_never_from_the_environment(self):
        names = {f"VALISE_{name}_PASSWORD{end}": PASSWORD
                 for name in ("IDENTITY", "SIGN_KEY") for end in ("", "_FILE")}
        self.site.run("valise", "ls", self.bundle, *self.site.identity,
                      env=names, expect=2)

    def test_without_a_terminal_it_says_what_to_give(self):
        said = self.ls(self.bundle, expect=2)
        self.assert_says(said, "under a password", "--identity-password-file")
        said = self.site.export(expect=2)
        self.assert_says(said, "under a password", "--sign-key-password-file")

    def test_on_a_terminal_it_asks_and_shows_how_not_to_be_asked(self):
        with Terminal(self.site, "valise-export", self.site.source_yaml,
                      "--to", self.site.medium, "--sign-key", self.sender,
                      "--recipient", self.site.keys / "recipient.pub",
                      "--frame-log2", "16") as asked:
            asked.expect(f"password of '{self.sender}': ")
            self.assertFalse(asked.echoes())
            asked.type(PASSWORD)
            done = asked.end()
        self.assertNotIn(PASSWORD, done.said)
        self.put("FILE", PASSWORD)
        without_terminal(self.site, done)
        with Terminal(self.site, "valise-import", self.site.target_yaml,
                      self.bundle, *self.site.identity, "--yes") as asked:
            asked.answer(f"password of '{self.recipient}': ", PASSWORD)
            done = asked.end()
        self.assertIn("--identity-password-file FILE", done.said)
        without_terminal(self.site, done)
        self.assert_equal_trees()

    def test_a_password_for_a_key_that_has_none_is_told(self):
        self.key_password(self.recipient, "--key-password-file",
                          self.password, "--remove")
        said = self.ls(self.bundle, *self.open)
        self.assert_says(said, "under no password", "--identity-password")

    def test_the_sites_own_key_may_have_one(self):
        export = ("valise-export", self.site.source_yaml, "--to",
                  self.site.medium, "--recipient",
                  self.site.keys / "recipient.pub")
        remove_tree(self.site.source_state)
        self.site.run(*export)
        self.lock(self.site.source_state / "demo" / "sender.key")
        self.site.run(*export, expect=2)
        self.site.run(*export, *self.sign)

    def test_costs_over_the_caps_are_refused_before_memory_is_taken(self):
        """Memory that is not there would be exit 1, not 5."""
        head, line = self.recipient.read_text().splitlines()
        data = bytearray(base64.urlsafe_b64decode(line + "=="))
        data[12:16] = (1 << 30).to_bytes(4, "little")
        text = base64.urlsafe_b64encode(bytes(data)).decode().rstrip("=")
        self.recipient.write_text(f"{head}\n{text}\n")
        first, line = self.sender.read_text().splitlines()
        data = bytearray(base64.b64decode(line))
        data[46:54] = (1 << 40).to_bytes(8, "little")
        self.sender.write_text(
            f"{first}\n{base64.b64encode(bytes(data)).decode()}\n")
        for said, key in (
                (self.ls(self.bundle, *self.open, expect=5), self.recipient),
                (self.site.export(*self.sign, expect=5), self.sender)):
            self.assert_says(said, key, "asks for", "of memory")
            self.assert_one_line(said)


class Minisign(Keys):
    """Keys under a password go both ways."""

    def setUp(self):
        super().setUp()
        if shutil.which("minisign") is None:
            self.skipTest("no minisign")
        (self.folder / "m").write_text("a message\n")

    def minisign(self, *words, typed=()):
        done = subprocess.run(
            ["minisign", *map(str, words)], cwd=self.folder, text=True,
            input="".join(f"{line}\n" for line in typed),
            capture_output=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_it_signs_with_our_key(self):
        self.lock(self.sender)
        sign = ("-S", "-s", self.sender, "-m", "m", "-x", "m.sig")
        code, said = self.minisign(*sign, typed=[PASSWORD])
        self.assertEqual(0, code, said)
        code, said = self.minisign("-V", "-p", self.site.keys / "sender.pub",
                                   "-m", "m", "-x", "m.sig")
        self.assertEqual(0, code, said)
        self.assertNotEqual(0, self.minisign(*sign, typed=[OTHER])[0])

    def test_we_sign_with_its_key(self):
        """Also after its password was changed and removed by us."""
        code, said = self.minisign("-G", "-p", "p", "-s", "s",
                                   typed=[PASSWORD, PASSWORD])
        self.assertEqual(0, code, said)
        key = self.folder / "s"
        words = ("valise-export", self.site.source_yaml, "--to",
                 self.site.medium, "--sign-key", key, "--recipient",
                 self.site.keys / "recipient.pub")
        bundle = self.site.run(*words, "--sign-key-password-file",
                               self.password).out.strip()
        verify = ("-Vm", "seal.txt", "-x", "seal.sig", "-p",
                  self.folder / "p")
        self.assertEqual(0, subprocess.run(
            ["minisign", *map(str, verify)], cwd=bundle,
            capture_output=True, check=False).returncode)
        self.key_password(key, "--key-password-file", self.password,
                          "--new-key-password-file", self.other)
        code, said = self.minisign("-S", "-s", "s", "-m", "m",
                                   typed=[OTHER])
        self.assertEqual(0, code, said)
        self.key_password(key, "--key-password-file", self.other, "--remove")
        self.site.run(*words)


class Recipients(Keys):
    """Several stanzas of all kinds in one bundle, and who does what."""

    def setUp(self):
        super().setUp()
        for name in ("second", "auditor", "stranger"):
            self.site.run("valise", "keygen", self.folder / name)
        self.bundle = self.site.export(
            "--recipient", self.folder / "second" / "recipient.pub",
            "--audit-recipient", self.folder / "auditor" / "recipient.pub",
            "--password-file", self.bundle_password)

    def run_as(self, who, *words, expect=0):
        program = "valise" if words[0] != "valise-import" else words[0]
        words = words[1:] if program != "valise" else words
        return self.site.run(program, *words, "--identity",
                             self.folder / who / "recipient.key",
                             expect=expect)

    def test_each_opens_it_and_nobody_else(self):
        listed = self.ls(self.bundle).out
        self.assertIn("dir/b", listed)
        self.assertEqual(listed, self.site.run(
            "valise", "ls", self.bundle, "--password-file",
            self.bundle_password).out)
        for who in ("second", "auditor"):
            self.assertEqual(listed,
                             self.run_as(who, "ls", self.bundle).out)
        self.run_as("stranger", "ls", self.bundle, expect=7)
        self.site.run("valise", "ls", self.bundle, "--password-file",
                      self.other, expect=7)
        shown = self.inspect_keys()
        self.assertEqual(["full", "full", "audit", "full"],
                         [k["role"] for k in shown])

    def inspect_keys(self):
        stanzas = json.loads((self.bundle / "keys.jsn").read_text())
        return stanzas["stanzas"]

    def test_an_auditor_reads_and_does_not_import_or_rekey(self):
        self.assertEqual("second\n", self.run_as(
            "auditor", "cat", self.bundle, "files/dir/b").out)
        self.run_as("auditor", "verify", self.bundle, "--open", "--sender",
                    self.site.keys / "sender.pub")
        said = self.run_as("auditor", "valise-import", self.site.target_yaml,
                           self.bundle, "--yes", expect=7)
        self.assert_says(said, "audit")
        self.assertFalse(self.site.target.exists())
        before = {p.name: p.read_bytes() for p in self.bundle.iterdir()}
        said = self.run_as("auditor", "rekey", self.bundle,
                           "--sign-key", self.site.keys / "sender.key",
                           "--recipient", self.site.keys / "recipient.pub",
                           expect=7)
        self.assert_says(said, "audit")
        self.assertEqual(before, {p.name: p.read_bytes()
                                  for p in self.bundle.iterdir()})


class Fingerprints(Keys):
    """Who exports compares them with what the holder of the key tells."""

    def setUp(self):
        super().setUp()
        self.made = {}
        for name in ("second", "auditor"):
            said = self.site.run("valise", "keygen", self.folder / name)
            pub = self.folder / name / "recipient.pub"
            self.made[pub] = re.search(
                rf"'{pub}'.*; fingerprint (\S+)", said.err)[1]
        self.second, self.auditor = self.made
        self.words = ("--recipient", self.second, "--audit-recipient",
                      self.auditor)

    def assert_shown(self, said):
        for role, pub in (("recipient", self.second),
                          ("audit recipient", self.auditor)):
            self.assertIn(f"opens for {role} '{pub}', fingerprint "
                          f"{self.made[pub]}\n", said.err)

    def test_export_and_rekey_show_those_that_keygen_showed(self):
        bundle = self.site.export(*self.words)
        self.assert_shown(self.site.last_export)
        self.assertEqual(3, self.site.last_export.err.count("opens for "))
        said = self.site.run(
            "valise", "rekey", bundle, "--sign-key", self.sender,
            *self.site.identity, *self.words)
        self.assert_shown(said)
        self.assertEqual(2, said.err.count("opens for "), said)

    def test_a_key_with_another_character_has_another_one(self):
        text = self.second.read_text()
        self.second.write_text(("B" if text[0] == "A" else "A") + text[1:])
        self.site.export(*self.words)
        shown = re.search(rf"opens for recipient '{self.second}', fingerprint "
                          r"(\S+)", self.site.last_export.err)[1]
        self.assertNotEqual(self.made[self.second], shown)

    def test_the_same_key_twice_is_refused(self):
        copy = self.put("copy.pub", self.second.read_text().strip())
        bundle = self.site.export()
        for role in ("--recipient", "--audit-recipient"):
            with self.subTest(role=role):
                for said in (
                        self.site.export("--recipient", self.second, role,
                                         copy, expect=2),
                        self.site.run(
                            "valise", "rekey", bundle, "--sign-key",
                            self.sender, *self.site.identity, "--recipient",
                            self.second, role, copy, expect=2)):
                    self.assert_says(said, f"'{copy}' is the same key as "
                                     f"'{self.second}'")
                    self.assert_one_line(said)

    def test_one_that_is_none_is_named(self):
        bad = self.put("zero.pub", "A" * 43)
        said = self.site.export("--recipient", bad, expect=2)
        self.assert_says(said, f"'{bad}'", "not one of X25519")
        self.assert_one_line(said)

    def test_an_auditor_alone_could_not_import(self):
        said = self.site.run(
            "valise-export", self.site.source_yaml, "--to", self.site.medium,
            "--sign-key", self.sender, "--audit-recipient", self.auditor,
            expect=2)
        self.assert_says(said, "nobody could import", "--recipient",
                         "--password-file")


class Passwords(Keys):
    def test_one_is_no_word_and_no_variable(self):
        bundle = self.site.export("--password-file", self.bundle_password)
        for words in (["--password", BUNDLE], ["--password-file", ""]):
            self.site.run("valise", "ls", bundle, *words, expect=2)
        said = self.site.run("valise", "ls", bundle, expect=2, env={
            "VALISE_PASSWORD": BUNDLE, "PASSWORD": BUNDLE})
        self.assert_says(said, "--password-file")

    def test_one_to_make_a_bundle_with_is_long_and_ascii(self):
        for text, says in (("elevenchars", "12"), ("gr\u00fc\u00dfe aus Ulm",
                                                   "ASCII"), ("", "empty")):
            said = self.site.export("--password-file",
                                    self.put("bad", text), expect=2)
            self.assert_says(said, says)
        self.site.export("--password-file", self.put("bad", "twelve chars"))


class Messages(Keys):
    """Which file is wrong, and what to do."""

    def refuse(self, said, *says):
        self.assert_says(said, *says)
        self.assert_one_line(said)
        self.assertEqual(1, len(said.err.splitlines()), said)

    def test_a_public_key_is_no_secret_that_gets_a_password(self):
        for name in ("recipient", "sender"):
            pub = self.site.keys / f"{name}.pub"
            self.refuse(self.key_password(
                pub, "--new-key-password-file", self.password, expect=2),
                f"'{pub}' looks like a {name}'s public key", "wanted is a "
                "secret key (sender.key or recipient.key)")
        other = self.put("other.key", "no key")
        self.refuse(self.key_password(
            other, "--new-key-password-file", self.password, expect=2),
            f"'{other}' is not a secret key")

    def test_a_secret_key_that_others_can_read_is_told(self):
        self.recipient.chmod(0o644)
        said = self.ls(self.site.export())
        self.assert_says(said, f"'{self.recipient}' is open to others")

    def test_a_damaged_secret_key_is_no_other_key(self):
        head, line = self.sender.read_text().splitlines()
        self.sender.write_text(f"{head}\n{line[:120]}B{line[121:]}\n")
        self.refuse(self.key_password(
            self.sender, "--new-key-password-file", self.password, expect=2),
            f"'{self.sender}': the secret key is damaged; take a copy")

    def test_a_password_that_cannot_be_is_named_by_its_file(self):
        for text, says in (("", "empty"), ("a\tb", "control")):
            bad = self.put("bad", text)
            self.refuse(self.site.export("--password-file", bad, expect=2),
                        f"'{bad}': the password", says)
        short = self.put("short", "short")
        for said in (
                self.site.export("--password-file", short, expect=2),
                self.key_password(self.sender, "--new-key-password-file",
                                  short, expect=2)):
            self.refuse(said, f"'{short}': the password has fewer")
        self.refuse(self.site.export("--password-command", "echo short",
                                     expect=2),
                    "password command: the password has fewer")
        self.refuse(self.key_password(self.sender, "--remove", expect=2),
                    f"'{self.sender}' is under no password")

    def test_a_directory_is_no_password(self):
        self.refuse(self.site.export("--password-file", self.folder,
                                     expect=2),
                    f"'{self.folder}' is a directory")

    def test_damage_under_a_password_asks_for_a_copy(self):
        series = self.folder / "series.key"
        bundle = self.site.export()
        self.site.run("valise", "key", "export", self.site.source_yaml, "-o",
                      series, "--kdf", "light", "--new-key-password-file",
                      self.password)
        self.lock(self.recipient)
        for path, words in (
                (self.recipient, ("ls", bundle, *self.site.identity,
                                  "--identity-password-file")),
                (series, ("key", "import", self.site.source_yaml, series,
                          "--key-password-file"))):
            sound = path.read_text()
            head, line = sound.splitlines()
            data = bytearray(base64.urlsafe_b64decode(line + "=="))
            for at, says in ((11, "passes"), (-1, "not authenticate")):
                with self.subTest(path=path.name, at=at):
                    bad = data[:]
                    bad[at] ^= 0x40
                    text = base64.urlsafe_b64encode(bad).decode()
                    path.write_text(f"{head}\n{text.rstrip('=')}\n")
                    self.refuse(
                        self.site.run("valise", *words, self.password,
                                      expect=5),
                        f"'{path}': the key is damaged, take a copy of it: ",
                        says)
            path.write_text(sound)

    def test_no_key_that_opens_says_what_was_tried(self):
        self.site.run("valise", "keygen", self.folder / "stranger")
        wrong = ("--identity", self.folder / "stranger" / "recipient.key")
        bundle = self.site.export("--password-file", self.bundle_password)
        for words, says in (
                (wrong, "wrong identity or"),
                (("--password-file", self.other), "wrong password or"),
                ((*wrong, "--password-file", self.other),
                 "wrong password and identity or")):
            self.refuse(self.site.run("valise", "ls", bundle, *words,
                                      expect=7), says)


class Passgen(Keys):
    def test_each_password_is_20_characters_of_its_own_and_is_taken(self):
        made = {self.site.run("valise", "passgen").out for _ in range(20)}
        self.assertEqual(20, len(made))
        for text in made:
            self.assertRegex(text, r"\A[0-9a-hjkmnp-tv-z]{20}\n\Z")
        path = self.put("made", made.pop().strip())
        bundle = self.site.export("--password-file", path)
        self.site.run("valise", "ls", bundle, "--password-file", path)


class Room(Keys):
    """No password may take more than half of what memory is available."""

    SCRIPT = 'mount --bind "$0" /proc/meminfo && exec "$@"'

    def with_memory(self, kib):
        """What runs from now on believes that so much is available."""
        self.need_root()
        path = self.put("meminfo", "MemTotal:       16000000 kB\n"
                        f"MemFree:           10000 kB\nMemAvailable: {kib} kB")
        self.site.wrapper = ["unshare", "-m", "sh", "-c", self.SCRIPT, path]
        tried = subprocess.run([*self.site.wrapper, "true"], check=False,
                               capture_output=True, text=True)
        if tried.returncode != 0:
            self.skipTest(f"cannot mount over /proc/meminfo: {tried.stderr}")

    def assert_half_is_the_limit(self, *words):
        """Of the least that is not refused, to the KiB."""
        self.with_memory(1)
        said = self.site.run(*words, expect=5)
        self.assert_one_line(said)
        kib = int(re.search(r"asks for (\d+) KiB of memory, more than half of "
                            r"what is available: 0 KiB", said.err)[1])
        self.assertGreaterEqual(kib, 16 << 10)
        self.with_memory(2 * kib - 1)
        self.assert_says(self.site.run(*words, expect=5),
                         f"is available: {kib - 1} KiB")
        self.with_memory(2 * kib)
        self.site.run(*words)

    def test_of_a_bundle(self):
        bundle = self.site.export("--password-file", self.bundle_password)
        self.assert_half_is_the_limit("valise", "ls", bundle,
                                      "--password-file", self.bundle_password)

    def test_of_a_recipients_key(self):
        bundle = self.site.export()
        self.lock(self.recipient)
        self.assert_half_is_the_limit(
            "valise", "ls", bundle, *self.site.identity,
            "--identity-password-file", self.password)

    def test_of_the_key_that_signs(self):
        self.lock(self.sender)
        self.assert_half_is_the_limit(
            "valise-export", self.site.source_yaml, "--to", self.site.medium,
            "--sign-key", self.sender, "--sign-key-password-file",
            self.password, "--recipient", self.site.keys / "recipient.pub")


if __name__ == "__main__":
    unittest.main()
