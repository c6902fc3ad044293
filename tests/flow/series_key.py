"""A series that is taken along under a password, and goes on elsewhere."""
import base64
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import environment, remove_tree, write_tree  # noqa: E402
from keyed import Keys  # noqa: E402

ALL = os.environ.get("VALISE_TEST_ALL") == "1"
GAP = 100


class KeyOfSeries(Keys):
    def setUp(self):
        super().setUp()
        self.key = self.folder / "series.key"
        self.state = self.site.source_state / "demo"

    def export_key(self, *words, expect=0, key=None):
        return self.site.run("valise", "key", "export", self.site.source_yaml,
                             "-o", key or self.key, "--kdf", "light",
                             "--new-key-password-file", self.password, *words,
                             expect=expect)

    def import_key(self, *words, expect=0, key=None, password=None):
        return self.site.run("valise", "key", "import", self.site.source_yaml,
                             key or self.key, "--key-password-file",
                             password or self.password, *words,
                             expect=expect)

    def inspect(self, bundle):
        return json.loads(
            self.site.run("valise", "inspect", bundle, "--json").out)

    def series(self):
        text = (self.state / "series").read_text()
        return dict(line.split(" ", 1) for line in text.splitlines())

    def lose(self):
        remove_tree(self.site.source_state)

    def record_ids(self, bundle):
        """What the series makes of content: the hashes of all bodies, and
        the name that each chunk has."""
        said = self.site.run("valise", "ls", bundle, *self.site.identity,
                             "--json")
        found = [json.loads(line) for line in said.out.splitlines()]
        return {r["path"]: r["hash"] for r in found if "hash" in r}


class Series(KeyOfSeries):
    """key export and key import."""

    def test_the_next_export_goes_on_with_the_series(self):
        first = self.carry()
        ids = self.record_ids(first)
        self.assertTrue(ids)
        before = self.series()
        self.export_key()
        self.lose()
        said = self.import_key()
        self.assert_says(said, f"number {1 + GAP + 1}", "1 is the last")
        write_tree(self.site.source, {"more": "x"})
        second = self.site.export()
        after = self.series()
        for name in ("series", "epoch", "sk", "tk"):
            self.assertEqual(before[name], after[name])
        one, two = self.inspect(first), self.inspect(second)
        self.assertEqual(one["series"], two["series"])
        self.assertEqual(1 + GAP + 1, two["seq"])
        again = self.record_ids(second)
        self.assertEqual(ids, {path: again[path] for path in ids})
        self.site.import_(second)
        self.assert_equal_trees()
        # And on, one by one.
        third = self.site.export()
        self.assertEqual(1 + GAP + 2, self.inspect(third)["seq"])
        self.site.import_(third)

    def test_another_series_has_other_ids(self):
        """So that the test above says something."""
        ids = self.record_ids(self.site.export())
        self.lose()
        self.assertNotEqual(ids, self.record_ids(self.site.export()))

    def test_the_sites_own_key_comes_back_and_signs(self):
        words = ("valise-export", self.site.source_yaml, "--to",
                 self.site.medium, "--recipient",
                 self.site.keys / "recipient.pub")
        self.site.run(*words)
        pub = self.folder / "own.pub"
        shutil.copy(self.state / "sender.pub", pub)
        secret = (self.state / "sender.key").read_bytes()
        self.assert_says(self.export_key(), "own sender.key is in it")
        self.assertNotIn(secret.split()[-1], self.key.read_bytes())
        self.lose()
        self.import_key()
        self.assertEqual(secret, (self.state / "sender.key").read_bytes())
        self.assertEqual(0o600, stat.S_IMODE(
            (self.state / "sender.key").stat().st_mode))
        bundle = self.site.run(*words).out.strip()
        self.site.run("valise", "verify", bundle, "--sender", pub)

    def test_another_signer_is_refused_after_it(self):
        self.site.export()
        self.assert_says(self.export_key(), "sender's key is not in it")
        self.lose()
        self.assert_says(self.import_key(), "export with --sign-key")
        other = self.folder / "other-keys"
        self.site.run("valise", "keygen", other)
        said = self.site.run(
            "valise-export", self.site.source_yaml, "--to", self.site.medium,
            "--sign-key", other / "sender.key", "--recipient",
            self.site.keys / "recipient.pub", expect=2)
        self.assert_says(said, "signed this series before")
        self.site.export()

    def test_numbers_go_on_behind_what_was_seen(self):
        self.site.export()
        self.export_key()
        for _ in range(3):
            newest = self.site.export()
        self.lose()
        said = self.import_key("--seen", self.site.medium)
        self.assert_says(said, newest, "number 4")
        self.assertEqual(str(4 + GAP), self.series()["seq"])
        head = hashlib.blake2b((newest / "head.jsn").read_bytes(),
                               digest_size=32)
        self.assertEqual(head.hexdigest(), self.series()["prev"])
        for words, last in ((("--seen", newest), 4),
                            (("--after", "9"), 9),
                            (("--after", "2", "--seen", newest), 4),
                            (("--seen", self.folder), 1), ((), 1)):
            self.lose()
            self.import_key(*words)
            self.assertEqual(str(last + GAP), self.series()["seq"], words)

    def test_only_what_the_sender_signed_counts_as_seen(self):
        self.site.export()
        self.export_key()
        head = self.site.export() / "head.jsn"
        head.write_text(head.read_text().replace('"seq":2', '"seq":9'))
        other = self.folder / "other-keys"
        self.site.run("valise", "keygen", other)
        self.site.run("valise", "rekey", self.site.export(), "--sender",
                      self.site.keys / "sender.pub", "--sign-key",
                      other / "sender.key", *self.site.identity,
                      "--recipient", other / "recipient.pub")
        self.lose()
        # By the sender, and of which series is not to be told any more.
        self.assert_untold(self.import_key("--seen", self.site.medium,
                                           expect=5), head.parent, "head.jsn")
        self.import_key("--seen", self.site.medium, "--after", "2")
        self.assertEqual(str(2 + GAP), self.series()["seq"])
        self.lose()
        remove_tree(head.parent)
        self.import_key("--seen", self.site.medium)
        self.assertEqual(str(1 + GAP), self.series()["seq"])
        self.lose()
        self.import_key("--seen", self.folder / "absent", expect=75)

    def assert_untold(self, said, bundle, *why):
        self.assert_says(said, bundle.name, "move it off the medium", *why)
        self.assert_one_line(said)

    def test_no_number_is_issued_beside_a_bundle_that_cannot_be_told(self):
        """With an old copy of the state, that bundle has it already."""
        self.site.export()
        old = self.folder / "old"
        shutil.copytree(self.site.source_state, old)
        newest = self.site.export()
        whole = self.folder / "whole"
        shutil.copytree(newest, whole)
        for name, wanted in (("seal.sig", 5), ("head.jsn", 5),
                             ("keys.jsn", 4)):
            self.lose()
            shutil.copytree(old, self.site.source_state)
            (newest / name).write_bytes(b"x")
            said = self.site.export(expect=wanted)
            if wanted == 5:
                self.assert_untold(said, newest, name)
            self.assertEqual(2, len(os.listdir(self.site.medium)))
            shutil.copy(whole / name, newest / name)
        # And where the medium fails while it is read.
        env = environment(self.folder)
        env["ASAN_OPTIONS"] = "detect_leaks=0"
        for nth in range(1, 20):
            done = subprocess.run(
                [str(w) for w in (
                    self.faultat(), "-R", "-p", newest, "-n", nth, "-a",
                    "EIO", "--", self.site.bin / "valise-export",
                    self.site.source_yaml, "--to", self.site.medium,
                    "--sign-key", self.site.keys / "sender.key",
                    "--recipient", self.site.keys / "recipient.pub")],
                capture_output=True, env=env, stdin=subprocess.DEVNULL)
            self.assertEqual(2, len(os.listdir(self.site.medium)))
            if done.returncode == 4:
                break
            self.assertEqual(1, done.returncode, done.stderr)
            self.assertIn(b"Input/output error", done.stderr)
        self.assertEqual(4, done.returncode, done.stderr)
        self.assertGreater(nth, 3)
        # A number that is known stops nothing.
        self.lose()
        shutil.copytree(old, self.site.source_state)
        remove_tree(newest)
        first = next(iter(self.site.medium.iterdir()))
        (first / "head.jsn").write_bytes(b"x")
        self.site.export()

    def test_an_export_refuses_a_number_that_the_medium_holds(self):
        """A state that was put back from an old copy, and the way out."""
        self.site.export()
        old = self.folder / "old"
        shutil.copytree(self.site.source_state, old)
        newest = self.site.export()
        self.site.import_(newest)
        self.lose()
        shutil.copytree(old, self.site.source_state)
        said = self.site.export(expect=4)
        self.assert_says(said, newest.name, "When a key is lost")
        self.assert_one_line(said)
        self.assertEqual(2, len(os.listdir(self.site.medium)))
        self.export_key()
        (self.state / "series").rename(self.folder / "series.old")
        self.import_key("--seen", self.site.medium)
        write_tree(self.site.source, {"more": "x"})
        self.site.import_(self.site.export())
        self.assert_equal_trees()

    def test_an_unfinished_export_uses_up_no_number(self):
        """Killed before the number was issued, on a medium that was away
        when the next export would have removed it."""
        self.site.export()
        old = self.folder / "old"
        shutil.copytree(self.site.source_state, old)
        unfinished = self.site.export()
        unfinished = unfinished.rename(unfinished.with_suffix(".par"))
        self.lose()
        shutil.copytree(old, self.site.source_state)
        self.assertEqual(2, self.inspect(self.site.export())["seq"])
        # But one that is rekeyed was a bundle, and is one again.
        self.lose()
        shutil.copytree(old, self.site.source_state)
        for path in self.site.medium.glob("*.vls"):
            if self.inspect(path)["seq"] == 2:
                path.rename(path.with_name(path.name + ".rekeyed.par"))
        self.site.export(expect=4)

    def test_what_the_target_saw_and_the_source_forgot_is_refused_there(self):
        """Where neither medium nor operator knew, the target still does."""
        self.carry()
        old = self.folder / "old"
        shutil.copytree(self.site.source_state, old)
        write_tree(self.site.source, {"more": "x"})
        self.carry()
        self.lose()
        shutil.copytree(old, self.site.source_state)
        write_tree(self.site.source, {"still more": "x"})
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir()
        self.refused_import(6, self.site.export(to=elsewhere), "twice")

    def test_a_series_is_never_replaced(self):
        self.site.export()
        self.export_key()
        before = self.series()
        said = self.import_key(expect=2)
        self.assert_says(said, "not replaced")
        self.assertEqual(before, self.series())

    def test_what_is_refused_leaves_nothing(self):
        self.assert_says(self.export_key(expect=2), "no state")
        self.site.export()
        self.export_key()
        self.assert_says(self.export_key(expect=2), "not overwritten")
        short = self.put("short", "short")
        out = self.folder / "none.key"
        self.site.run("valise", "key", "export", self.site.source_yaml, "-o",
                      out, "--new-key-password-file", short, expect=2)
        self.site.run("valise", "key", "export", self.site.source_yaml, "-o",
                      out, expect=2)
        self.assertFalse(out.exists())
        self.lose()
        said = self.import_key(password=self.other, expect=7)
        self.assert_says(said, "wrong password")
        self.assert_one_line(said)
        said = self.import_key(key=self.recipient, expect=2)
        self.assert_says(said, "looks like a recipient's secret key")
        self.assertFalse(self.site.source_state.exists())
        self.site.source_yaml.write_text(
            self.site.source_yaml.read_text().replace("demo", "other"))
        self.assert_says(self.import_key(expect=2), "site 'demo'", "'other'")
        self.assertFalse(self.site.source_state.exists())

    def test_a_series_key_opens_no_bundle(self):
        bundle = self.site.export()
        self.export_key()
        said = self.site.run("valise", "ls", bundle, "--identity", self.key,
                             "--identity-password-file", self.password,
                             expect=2)
        self.assert_says(said, "looks like a series key")

    def test_the_file_shows_nothing_of_the_series(self):
        self.site.export()
        self.export_key()
        self.assertEqual(0o600, stat.S_IMODE(self.key.stat().st_mode))
        line = self.key.read_text().splitlines()[1]
        data = base64.urlsafe_b64decode(line + "=" * (-len(line) % 4))
        words = self.series()
        for name in ("sk", "tk", "series"):
            self.assertNotIn(bytes.fromhex(words[name]), data)
        self.assertNotIn(b"demo", data)

    def kept(self):
        return {name: (self.state / name).read_bytes()
                for name in ("series", "signer", "sender.key")}

    def test_killed_it_is_begun_again(self):
        """A state without a series is no state of a series."""
        self.site.run("valise-export", self.site.source_yaml, "--to",
                      self.site.medium, "--recipient",
                      self.site.keys / "recipient.pub")
        self.export_key()
        env = environment(self.folder)
        env["ASAN_OPTIONS"] = "detect_leaks=0"
        self.lose()
        self.import_key()
        wanted = self.kept()
        unfinished = 0
        for nth in range(1, 60, 1 if ALL else 3):
            self.lose()
            done = subprocess.run(
                [str(w) for w in (
                    self.faultat(), "-p", self.site.source_state, "-n", nth,
                    "-a", "kill", "--", self.site.bin / "valise", "key",
                    "import", self.site.source_yaml, self.key,
                    "--key-password-file", self.password)],
                capture_output=True, env=env, stdin=subprocess.DEVNULL)
            if not (self.state / "series").exists():
                unfinished += 1
                self.import_key()
            self.assertEqual(wanted, self.kept())
            if done.returncode == 0:
                break
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertGreater(unfinished, 3)


class Rotated(KeyOfSeries):
    """series rotate."""

    def rotate(self, expect=0):
        return self.site.run("valise", "series", "rotate",
                             self.site.source_yaml, expect=expect)

    def test_the_series_goes_on_under_other_keys(self):
        first = self.carry()
        before, ids = self.series(), self.record_ids(first)
        self.assert_says(self.rotate(), "epoch 2", before["series"],
                         "key export")
        after = self.series()
        self.assertEqual("2", after["epoch"])
        for name in ("series", "seq", "prev"):
            self.assertEqual(before[name], after[name])
        for name in ("sk", "tk"):
            self.assertNotEqual(before[name], after[name])
        # The same content: nothing that its hashes have in common.
        second = self.site.export()
        head = self.inspect(second)
        self.assertEqual((2, 2, before["series"]),
                         (head["epoch"], head["seq"], head["series"]))
        again = self.record_ids(second)
        self.assertEqual(set(ids), set(again))
        self.assertFalse(set(ids.values()) & set(again.values()))
        self.assert_says(self.site.import_(second), "nothing differs")
        # What was exported before opens as it did.
        self.assertEqual(ids, self.record_ids(first))
        said = self.site.run("valise", "diff", first, second,
                             *self.site.identity, expect=4)
        self.assert_says(said, "series rotate")
        self.assert_one_line(said)
        write_tree(self.site.source, {"more": "x"})
        self.carry()
        self.assert_equal_trees()

    def test_a_target_takes_no_bundle_of_an_epoch_before(self):
        """However high its number is: somebody may have the old keys."""
        self.carry()
        old = (self.state / "series").read_text()
        self.rotate()
        self.carry()
        (self.state / "series").write_text(old.replace("seq 1", "seq 2"))
        write_tree(self.site.source, {"more": "x"})
        bundle = self.site.export()
        self.assertEqual((1, 3), tuple(
            self.inspect(bundle)[name] for name in ("epoch", "seq")))
        self.refused_import(6, bundle, "epoch 1", "epoch 2")
        self.rotate()
        self.site.import_(self.site.export())
        self.assert_equal_trees()

    def test_a_copy_of_before_does_not_go_on(self):
        self.site.export()
        self.export_key()
        self.rotate()
        self.site.export()
        self.lose()
        said = self.import_key("--seen", self.site.medium, expect=4)
        self.assert_says(said, "epoch 1", "epoch 2")
        self.assert_one_line(said)
        self.assertFalse((self.state / "series").exists())

    def test_what_has_no_series_needs_no_other_keys(self):
        self.assert_says(self.rotate(expect=2), "no state")
        self.site.export()
        (self.state / "series").unlink()
        self.assert_says(self.rotate(expect=2), "no series yet")
        self.assertFalse((self.state / "series").exists())


if __name__ == "__main__":
    unittest.main()
