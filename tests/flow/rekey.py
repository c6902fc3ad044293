"""Other keys for a finished bundle: what changes, what stays, who is told."""
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import Flow, environment, remove_tree, write_tree  # noqa: E402

ALL = os.environ.get("VALISE_TEST_ALL") == "1"
REPLACED = {"keys.jsn", "seal.txt", "seal.sig"}
UNFINISHED = {".rekey.par": "writing", ".rekeyed.par": "decided"}
OLD = "an old password\n"
NEW = "another password\n"


def contents(bundle):
    return {p.name: p.read_bytes() for p in bundle.iterdir()}


class Rekey(Flow):
    def setUp(self):
        super().setUp()
        s = self.site
        self.new_keys = self.folder / "new-keys"
        s.run("valise", "keygen", self.new_keys)
        self.old = self.folder / "old"
        self.old.write_text(OLD)
        self.new = self.folder / "new"
        self.new.write_text(NEW)
        self.sender = s.keys / "sender.pub"
        self.bundle = self.export()

    def export(self):
        return self.site.export("--password-file", self.old)

    def rekey(self, *words, expect=0, key=None, bundle=None, sign=None):
        """Signed by `sign`, opened by `key` unless `words` do that."""
        opens = () if "--password-file" in words \
            else key or self.site.identity
        return self.site.run("valise", "rekey", bundle or self.bundle,
                             "--sign-key",
                             (sign or self.site.keys) / "sender.key",
                             "--kdf", "light", *opens, *words, expect=expect)

    def verify(self, *words, expect=0, bundle=None, sender=None):
        return self.site.run("valise", "verify", bundle or self.bundle,
                             "--sender", sender or self.sender, *words,
                             expect=expect)

    def opens(self, *words, expect=0):
        return self.site.run("valise", "ls", self.bundle, *words,
                             expect=expect).out

    def inspect(self):
        return json.loads(self.site.run("valise", "inspect", self.bundle,
                                        "--json").out)

    @property
    def new_identity(self):
        return "--identity", self.new_keys / "recipient.key"

    @property
    def new_recipient(self):
        return "--recipient", self.new_keys / "recipient.pub"


class Replaced(Rekey):
    def test_only_keys_and_seal_are_others_and_the_fingerprint_stays(self):
        before = contents(self.bundle)
        inode = {n: (self.bundle / n).stat().st_ino for n in before}
        fingerprint = self.inspect()["fingerprint"]
        said = self.rekey(*self.new_recipient).out
        after = contents(self.bundle)
        self.assertEqual(set(before), set(after))
        self.assertEqual(REPLACED,
                         {n for n in after if after[n] != before[n]})
        for name in set(after) - REPLACED:
            self.assertEqual(inode[name], (self.bundle / name).stat().st_ino)
        self.assertEqual(fingerprint, self.inspect()["fingerprint"])
        self.assertEqual([self.bundle.name], os.listdir(self.site.medium))
        self.assertEqual(["ok", self.bundle.stem, "1", "1"], said.split())

    def test_old_password_and_identity_open_no_more_and_the_new_ones_do(self):
        self.opens("--password-file", self.old)
        self.rekey("--password-file", self.old, *self.new_recipient,
                   "--new-password-file", self.new)
        self.opens("--password-file", self.old, expect=7)
        self.opens(*self.site.identity, expect=7)
        listed = self.opens("--password-file", self.new)
        self.assertIn("dir/b", listed)
        self.assertEqual(listed, self.opens(*self.new_identity))
        self.verify()
        self.verify("--open", *self.new_identity)
        self.site.run("valise-import", self.site.target_yaml, self.bundle,
                      "--password-file", self.new, "--yes")
        self.assert_equal_trees()

    def test_a_bundle_that_was_imported_is_the_same_one_after_it(self):
        self.site.import_(self.bundle)
        self.rekey(*self.new_recipient)
        before = self.site.state()
        self.site.run("valise-import", self.site.target_yaml, self.bundle,
                      *self.new_identity, "--yes")
        self.assertEqual(before, self.site.state())

    def test_the_next_bundle_of_the_series_goes_on(self):
        self.rekey(*self.new_recipient)
        self.site.run("valise-import", self.site.target_yaml, self.bundle,
                      *self.new_identity, "--yes")
        write_tree(self.site.source, {"more": "x"})
        self.site.import_(self.site.export())
        self.assert_equal_trees()

    def test_every_stanza_is_fresh_also_for_the_same_password(self):
        def drawn():
            stanzas = json.loads((self.bundle / "keys.jsn").read_text())
            return {s.get("salt") or s["epk"] for s in stanzas["stanzas"]}
        same = ("--password-file", self.old, "--new-password-file", self.old,
                "--recipient", self.site.keys / "recipient.pub")
        seen = drawn()
        for _ in range(2):
            self.rekey(*same)
            now = drawn()
            self.assertEqual(2, len(now))
            self.assertFalse(seen & now)
            seen |= now

    def test_minisign_and_b2sum_agree_to_the_new_seal(self):
        self.rekey(*self.new_recipient)
        if shutil.which("minisign") is None:
            self.skipTest("no minisign")
        for command in (["minisign", "-Vm", "seal.txt", "-x", "seal.sig",
                         "-p", str(self.sender)],
                        ["b2sum", "--strict", "-c", "seal.txt"]):
            subprocess.run(command, cwd=self.bundle, check=True,
                           capture_output=True)

    def test_an_auditor_can_be_given_to_a_bundle(self):
        self.rekey("--audit-recipient", self.new_keys / "recipient.pub",
                   "--recipient", self.site.keys / "recipient.pub")
        self.opens(*self.new_identity)
        self.site.run("valise-import", self.site.target_yaml, self.bundle,
                      *self.new_identity, "--yes", expect=7)
        self.site.import_(self.bundle)


class Refused(Rekey):
    """Each leaves the bundle as it was, to the byte."""

    def refuse(self, expect, *words, says=(), **named):
        before = contents(self.bundle)
        said = self.rekey(*words, expect=expect, **named)
        self.assert_says(said, *says)
        self.assert_one_line(said)
        self.assertEqual(before, contents(self.bundle))
        self.assertEqual([self.bundle.name], os.listdir(self.site.medium))

    def test_an_auditor(self):
        self.bundle = self.export_for_auditor()
        self.refuse(7, *self.new_recipient, key=self.new_identity,
                    says=("auditor",))

    def export_for_auditor(self):
        remove_tree(self.bundle)
        return self.site.export("--audit-recipient",
                                self.new_keys / "recipient.pub")

    def test_something_else_of_the_name_that_it_is_worked_under(self):
        for suffix in UNFINISHED:
            other = self.bundle.with_name(self.bundle.name + suffix)
            other.mkdir()
            (other / "mine").write_text("x")
            before = contents(self.bundle)
            same = "--recipient", self.site.keys / "recipient.pub"
            said = self.rekey(*same, expect=1)
            self.assert_says(said, f"'{other.name}'", "move it away")
            os.rename(other, self.folder / "away")
            remove_tree(self.folder / "away")
            if suffix == ".rekey.par":
                self.assertEqual(before, contents(self.bundle))
            self.rekey(*same)
            self.opens(*self.site.identity)

    def test_a_wrong_key(self):
        self.refuse(7, *self.new_recipient, key=self.new_identity)
        self.refuse(7, "--password-file", self.new, *self.new_recipient)

    def test_nobody_who_could_import_it(self):
        self.refuse(2, says=("--recipient", "--new-password-file"))
        self.refuse(2, "--audit-recipient", self.new_keys / "recipient.pub",
                    says=("--recipient",))

    def test_a_short_password_and_two_of_them(self):
        short = self.folder / "short"
        short.write_text("short\n")
        self.refuse(2, "--password-file", self.old, "--new-password-file",
                    short, says=("12",))
        self.refuse(2, "--password-file", self.old, "--new-password-file",
                    self.new, "--new-password-command", "echo x",
                    says=("more than one",))

    def test_more_than_eight(self):
        words = []
        for i in range(9):
            path = self.folder / f"{i}.pub"
            key = base64.urlsafe_b64encode(bytes([9 + i] * 32)).decode()
            path.write_text(key.rstrip("=") + "\n")
            words += ["--recipient", path]
        self.refuse(2, *words, says=("at most 8",))

    def test_no_key_to_sign_with(self):
        said = self.site.run("valise", "rekey", self.bundle,
                             *self.site.identity, *self.new_recipient,
                             expect=2)
        self.assert_says(said, "--sign-key")

    def test_the_seal_of_somebody_else(self):
        """Who signs vouches: not for a seal that was not checked."""
        self.refuse(6, *self.new_recipient, "--sender",
                    self.new_keys / "sender.pub")
        self.refuse(6, *self.new_recipient, sign=self.new_keys,
                    says=("--sender",))

    def test_damage(self):
        path = self.bundle / "p0000001.vlp"
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        self.refuse(5, *self.new_recipient, says=(path.name,))

    def test_a_file_too_many(self):
        (self.bundle / "keys.new").write_text("x")
        self.refuse(5, *self.new_recipient, says=("keys.new",))

    def test_what_is_no_bundle(self):
        empty = self.folder / "empty"
        empty.mkdir()
        self.refuse(5, *self.new_recipient, bundle=empty)
        self.refuse(75, *self.new_recipient, bundle=self.folder / "absent")
        self.refuse(5, *self.new_recipient, bundle=self.old)

    def test_an_unfinished_export(self):
        par = self.bundle.with_suffix(".par")
        self.bundle.rename(par)
        said = self.rekey(*self.new_recipient, bundle=par, expect=5)
        self.assert_says(said, "export again")
        self.rekey(*self.new_recipient, expect=75)
        self.assertEqual([par.name], os.listdir(self.site.medium))


class ThirdParty(Rekey):
    """A bundle that somebody else sealed again."""

    def setUp(self):
        super().setUp()
        self.other = self.new_keys / "sender.pub"
        self.said = self.rekey(*self.new_recipient, "--sender", self.sender,
                               sign=self.new_keys)

    def test_the_original_signature_is_broken(self):
        self.assert_says(self.said, "did not make this bundle")
        self.verify(expect=6)
        self.verify(sender=self.other)
        self.assertIn("dir/b", self.opens(*self.new_identity))

    def test_importers_refuse_it_also_when_they_trust_the_other(self):
        words = (self.bundle, *self.new_identity, "--yes")
        self.site.run("valise-import", self.site.target_yaml, *words,
                      expect=6)
        self.site.write_target_yaml(
            extra=f"trust:\n  - {{sender: {self.other}}}\n")
        said = self.site.run("valise-import", self.site.target_yaml, *words,
                             expect=6)
        self.assert_says(said, "another sender")
        self.assertFalse(self.site.target.exists())

    def test_who_made_it_can_take_it_back(self):
        self.rekey("--recipient", self.site.keys / "recipient.pub",
                   "--sender", self.other, key=self.new_identity)
        self.verify()
        self.site.import_(self.bundle)
        self.assert_equal_trees()


class Killed(Rekey):
    """At every point: the old bundle, the new one, or one that nobody takes
    for a bundle until the same command was given again."""

    def setUp(self):
        super().setUp()
        self.kept = self.folder / "kept"
        shutil.copytree(self.bundle, self.kept)
        self.before = contents(self.bundle)
        self.pars = [self.bundle.with_name(self.bundle.name + suffix)
                     for suffix in UNFINISHED]

    def export(self):
        """Without a password: these tests open it too often."""
        return self.site.export()

    def reset(self):
        for path in self.site.medium.iterdir():
            remove_tree(path)
        shutil.copytree(self.kept, self.bundle)

    def hit(self, *arguments):
        env = environment(self.folder)
        env["ASAN_OPTIONS"] = "detect_leaks=0"
        return subprocess.run(
            [str(w) for w in (
                self.faultat(), "-p", self.site.medium, *arguments, "--",
                self.site.bin / "valise", "rekey", self.bundle,
                "--workers", "1", "--sign-key",
                self.site.keys / "sender.key",
                *self.site.identity, *self.new_recipient)],
            capture_output=True, env=env, stdin=subprocess.DEVNULL)

    def whole(self):
        """Which of the two it is, or how far it came."""
        if not self.bundle.exists():
            par, = self.site.medium.iterdir()
            said = self.verify(bundle=par, expect=5)
            self.assert_says(said, "valise rekey")
            self.verify(expect=75)
            return UNFINISHED[par.name.removeprefix(self.bundle.name)]
        self.assertEqual([self.bundle], list(self.site.medium.iterdir()))
        self.verify()
        old = contents(self.bundle) == self.before
        self.opens(*self.site.identity, expect=0 if old else 7)
        self.opens(*self.new_identity, expect=7 if old else 0)
        return "old" if old else "new"

    def again(self, found):
        """The same command once more."""
        said = self.rekey(*self.new_recipient,
                          expect=7 if found == "new" else 0)
        if found != "new":
            self.assertEqual(["ok", self.bundle.stem, "1", "1"],
                             said.out.split())
        self.assertEqual("new", self.whole())

    def sweep(self, action, codes, step=1):
        seen = []
        nth = 1
        while True:
            self.reset()
            code = self.hit("-n", nth, "-a", action).returncode
            if code == 0:
                break
            self.assertIn(code, codes, (action, nth))
            seen.append(self.whole())
            self.again(seen[-1])
            nth += 1 if ALL else step
            self.assertLess(nth, 200)
        self.assertEqual("new", self.whole())
        return seen

    def test_before_each_call(self):
        seen = self.sweep("kill", (137,), 2)
        order = ("old", "writing", "decided", "new")
        self.assertEqual(set(order), set(seen))
        self.assertEqual(sorted(seen, key=order.index), seen)

    def test_in_the_middle_of_each_write(self):
        self.sweep("torn", (137,), 7)

    def test_each_call_that_fails(self):
        """Told, and undone by itself as long as nothing is decided."""
        seen = self.sweep("EIO", (1,), 5)
        self.assertIn("old", seen)
        self.assertNotIn("writing", seen)

    def test_a_full_medium_loses_no_bundle(self):
        """Even one that has no room for a name."""
        for nth in range(1, 200, 1 if ALL else 8):
            self.reset()
            done = self.hit("-n", nth, "-a", "ENOSPC", "-S")
            if done.returncode == 0:
                break
            self.assertEqual(1, done.returncode)
            self.again(self.whole())

    def test_killed_while_it_recovers(self):
        for par in self.pars:
            first = self.last_point_as(par)
            for second in range(1, 200, 1 if ALL else 5):
                self.reset()
                self.hit("-n", first, "-a", "kill")
                self.assertTrue(par.exists())
                if self.hit("-n", second, "-a", "kill").returncode == 0:
                    break
                self.again(self.whole())
            self.assertEqual("new", self.whole())
            self.assertGreater(second, 3)

    def last_point_as(self, par):
        """The last point of a rekey at which the folder is called so."""
        log = self.folder / "points"
        self.reset()
        self.assertEqual(0, self.hit("-l", log).returncode)
        last, = (nth for nth, line in
                 enumerate(log.read_text().splitlines(), 1)
                 if re.search(rf" rename\w* {re.escape(str(par))} -> ", line))
        return last - 2  # so that there is something to do

    def test_the_unfinished_name_is_taken_as_well(self):
        self.bundle.rename(self.pars[0])
        said = self.rekey(*self.new_recipient, bundle=self.pars[0])
        self.assert_says(said, "undid")
        self.assertEqual("new", self.whole())

    def test_half_a_file_goes_and_a_file_of_another_name_stays(self):
        """What a rekey did not make is nobody's to remove: it is told."""
        for name, ours in ((".keys.new.vltmp-a1b2c3", True),
                           ("seal.new", True), ("note.txt", False)):
            with self.subTest(name):
                self.reset()
                (self.bundle / name).write_text("half")
                self.bundle.rename(self.pars[0])
                said = self.rekey(*self.new_recipient, bundle=self.pars[0],
                                  expect=0 if ours else 5)
                there = self.bundle / name
                self.assertEqual(not ours, there.exists())
                if not ours:
                    self.assert_says(said, name)
                    self.assertEqual("half", there.read_text())
                    there.unlink()
                    self.assertEqual("old", self.whole())

    def test_a_run_beside_another_is_told(self):
        lock = subprocess.Popen(
            ["flock", "-F", str(self.bundle), "sh", "-c",
             "echo; exec sleep 60"],
            stdout=subprocess.PIPE)
        self.addCleanup(lock.stdout.close)
        self.addCleanup(lock.wait)
        self.addCleanup(lock.kill)
        lock.stdout.readline()
        self.rekey(*self.new_recipient, expect=8)
        self.assertEqual("old", self.whole())


if __name__ == "__main__":
    unittest.main()
