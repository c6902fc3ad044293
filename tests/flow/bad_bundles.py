"""Bundles that are damaged, forged or out of turn.  Whatever the fault, the
target is byte for byte what it was and nothing is left beside it."""
import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import Flow, write_tree  # noqa: E402


class BadBundle(Flow):
    """A target with content, and a good bundle that would change it."""

    def setUp(self):
        super().setUp()
        self.first = self.carry()
        write_tree(self.site.source, {"a": "newer\n", "new": "x"})
        self.bundle = self.site.export()

    def edit(self, name, change):
        path = self.bundle / name
        path.write_bytes(change(path.read_bytes()))

    def pack(self):
        return sorted(self.bundle.glob("p*.vlp"))[0].name


class Damaged(BadBundle):
    def each_file(self):
        return sorted(p.name for p in self.bundle.iterdir())

    def refused_as_damaged(self, name, code=5):
        if name in ("seal.txt", "seal.sig"):
            code = (5, 6)
        self.refused_import(code, self.bundle, name)
        self.site.run("valise", "verify", self.bundle, "--sender",
                      self.site.keys / "sender.pub", expect=code)

    def each_damage(self, damage):
        for name in self.each_file():
            with self.subTest(file=name):
                kept = (self.bundle / name).read_bytes()
                damage(self.bundle / name)
                self.refused_as_damaged(name)
                path = self.bundle / name
                if os.path.lexists(path):
                    shutil.rmtree(path) if path.is_dir() and \
                        not path.is_symlink() else path.unlink()
                path.write_bytes(kept)

    def test_a_changed_byte_in_any_file(self):
        def damage(path):
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 1
            path.write_bytes(content)
        self.each_damage(damage)

    def test_any_file_cut(self):
        self.each_damage(lambda p: p.write_bytes(p.read_bytes()[:-1]))

    def test_any_file_longer(self):
        self.each_damage(lambda p: p.write_bytes(p.read_bytes() + b"\0"))

    def test_any_file_missing(self):
        self.each_damage(lambda p: p.unlink())

    def test_a_symlink_in_place_of_any_file(self):
        def damage(path):
            elsewhere = self.folder / ("real-" + path.name)
            shutil.copy(path, elsewhere)
            path.unlink()
            path.symlink_to(elsewhere)
        self.each_damage(damage)

    def test_a_fifo_in_place_of_any_file(self):
        def damage(path):
            path.unlink()
            os.mkfifo(path)
        self.each_damage(damage)

    def test_a_directory_in_place_of_any_file(self):
        def damage(path):
            path.unlink()
            path.mkdir()
        self.each_damage(damage)

    def test_a_file_the_seal_does_not_list(self):
        for name in ("p0000099.vlp", "autorun.inf", ".hidden"):
            with self.subTest(name=name):
                (self.bundle / name).write_bytes(b"x")
                self.refused_import(5, self.bundle, name)
                (self.bundle / name).unlink()

    def test_two_names_that_fold_together(self):
        name = self.pack()
        shutil.copy(self.bundle / name, self.bundle / name.upper())
        self.refused_import(5, self.bundle, name)

    def test_names_in_upper_case_as_iso_9660_gives_them_are_read(self):
        for path in list(self.bundle.iterdir()):
            path.rename(self.bundle / (path.name.upper() + ";1"))
        self.site.import_(self.bundle)
        self.assert_equal_trees()

    def test_a_bundle_that_was_never_finished(self):
        part = self.bundle.with_suffix(".par")
        self.bundle.rename(part)
        self.refused_import(5, part, part.name)

    def test_a_directory_that_is_no_bundle(self):
        nothing = self.folder / "nothing"
        nothing.mkdir()
        self.refused_import(5, nothing, "not a bundle")

    def test_two_packs_exchanged(self):
        index = sorted(p.name for p in self.bundle.glob("i*.vli"))
        self.assertGreaterEqual(len(index), 2)
        a, b = (self.bundle / name for name in index[:2])
        kept = a.read_bytes()
        a.write_bytes(b.read_bytes())
        b.write_bytes(kept)
        self.refused_import(5, self.bundle, index[0])


class WrongKey(BadBundle):
    def test_a_wrong_password_is_7_and_one_sentence(self):
        good, bad = self.folder / "good", self.folder / "bad"
        good.write_text("correct horse battery\n")
        bad.write_text("correct horse batterie\n")
        for file in (good, bad):
            file.chmod(0o600)
        bundle = self.site.run(
            "valise-export", self.site.source_yaml, "--to", self.site.medium,
            "--sign-key", self.site.keys / "sender.key", "--kdf", "light",
            "--password-file", good).out.strip()
        result = self.refused(
            7, (self.site.target_yaml, bundle, "--password-file", bad,
                "--yes"), "wrong password or damaged keys",
                "try again", "'valise verify'")
        self.assertEqual(1, len(result.err.strip().splitlines()), result)

    def test_a_wrong_identity_is_7(self):
        other = self.folder / "other"
        self.site.run("valise", "keygen", other)
        self.refused(7, (self.site.target_yaml, self.bundle, "--identity",
                         other / "recipient.key", "--yes"),
                     f"bundle '{self.bundle}': no key opens")

    def test_an_auditor_is_told_what_to_give(self):
        other = self.folder / "other"
        self.site.run("valise", "keygen", other)
        bundle = self.site.export("--audit-recipient",
                                  other / "recipient.pub")
        self.refused(7, (self.site.target_yaml, bundle, "--identity",
                         other / "recipient.key", "--yes"),
                     f"bundle '{bundle}': ", "auditing only",
                     "give a password or identity")


class NotTrusted(BadBundle):
    def test_an_unknown_signer(self):
        self.site.write_target_yaml(extra="")
        self.refused_import(6, self.bundle, f"bundle '{self.bundle}': ")

    def test_another_sender_of_a_known_series(self):
        other = self.folder / "other"
        self.site.run("valise", "keygen", other)
        # The exporter itself refuses to change signers.
        (self.site.source_state / "demo" / "signer").unlink()
        self.site.run(
            "valise-export", self.site.source_yaml, "--to", self.site.medium,
            "--sign-key", other / "sender.key", "--recipient",
            self.site.keys / "recipient.pub")
        bundle = max(self.site.medium.iterdir(), key=os.path.getmtime)
        self.refused(6, self.site.importing(
            bundle, "--trust", other / "sender.pub"))

    def test_a_valid_seal_of_another_bundle(self):
        for name in ("seal.txt", "seal.sig"):
            shutil.copy(self.first / name, self.bundle / name)
        self.refused_import((5, 6), self.bundle)

    def test_a_signature_of_another_bundle(self):
        shutil.copy(self.first / "seal.sig", self.bundle / "seal.sig")
        self.refused_import(6, self.bundle, "seal.sig")

    def test_an_edited_trusted_comment(self):
        whole = (self.bundle / "seal.sig").read_bytes()
        for old, new in ((b"seq=2", b"seq=3"), (b"kind=full", b"kind=delta"),
                         (b"files=", b"files=1"), (b"bytes=", b"bytes=1")):
            with self.subTest(new=new):
                self.assertEqual(1, whole.count(old))
                self.edit("seal.sig", lambda b: whole.replace(old, new))
                self.refused_import(6, self.bundle, "seal.sig")

    def test_a_trusted_comment_that_is_none(self):
        self.edit("seal.sig", lambda b: b.replace(b"kind=full",
                                                  b"kind=fall"))
        self.refused_import(5, self.bundle, "seal.sig")

    def test_an_edited_untrusted_comment(self):
        self.edit("seal.sig", lambda b: b.replace(b"valise seal",
                                                  b"valise soul"))
        self.refused_import(5, self.bundle, "seal.sig")


class OutOfTurn(BadBundle):
    def test_an_older_bundle_is_refused(self):
        self.site.import_(self.bundle)
        self.refused_import(6, self.first)

    def test_an_older_bundle_stays_refused(self):
        self.site.import_(self.bundle)
        for _ in range(2):
            self.refused_import(6, self.first)
        self.site.import_(self.bundle)


class BadMedium(BadBundle):
    def test_what_could_not_be_opened_is_not_said_to_be_wrong(self):
        # Few enough for one of these to fail at the files of the bundle.
        said = []
        for most in range(4, 20):
            self.site.wrapper = ["prlimit", f"--nofile={most}"]
            for words in (("valise", "verify", self.bundle, "--sender",
                           self.site.keys / "sender.pub"),
                          ("valise-import",
                           *self.site.importing(self.bundle), "--preview")):
                result = self.site.run(*words, expect=(0, 1, 9, 127))
                if "Too many open files" in result.said:
                    said.append(result.said)
        for text in said:
            self.assertNotIn("files are wrong,", text)
            for line in text.splitlines():
                if line.startswith("wrong") or "of the bundle: " in line:
                    self.assertIn("cannot be read: Too many", line)
        self.assertIn("cannot be read: Too many", "".join(said))

    def test_an_absent_medium_is_temporary(self):
        self.refused_import((1, 75), self.folder / "unplugged" / "x.vls",
                            "unplugged")

    def test_a_read_error_at_any_moment(self):
        faultat = self.faultat()
        words = [str(w) for w in self.site.importing(self.bundle)]
        environ = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
        before = self.site.state()

        def run(*arguments):
            return subprocess.run(
                [faultat, "-R", "-p", str(self.bundle), *arguments, "--",
                 str(self.site.bin / "valise-import"), *words],
                capture_output=True, text=True, env=environ, timeout=300,
                stdin=subprocess.DEVNULL)

        nth = 0
        while True:
            nth += 1
            done = run("-n", str(nth), "-a", "EIO", "-S")
            if done.returncode == 0:
                break
            self.assertIn(done.returncode, (1, 75), done.stderr)
            self.assertEqual(before, self.site.state(), done.stderr)
            self.assertEqual([], self.site.leftovers(), done.stderr)
        self.assertGreater(nth, 5)
        self.assert_equal_trees()


if __name__ == "__main__":
    unittest.main()
