"""The words of the command line that no other file is about."""
import json
import os
import re
import shutil
import stat
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import BIN, Flow, write_tree  # noqa: E402

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

    def test_commands_of_two_words_have_help_by_each(self):
        for group, commands in (
                ("key", ("key password", "key export", "key import")),
                ("series", ("series rotate",))):
            one = self.site.run("valise", group, "--help").out
            self.assertEqual(one, self.site.run("valise", "help", group).out)
            self.assertEqual(one, self.site.run("valise", group, "-h").out)
            for command in commands:
                self.assertIn(f"\n  {command} ", one)
                two = self.site.run("valise", *command.split(), "--help").out
                self.assertIn(f"usage: valise {command} ", two)
                for words in ([command], command.split()):
                    self.assertEqual(two, self.site.run(
                        "valise", "help", *words).out)
                self.assertEqual(two, self.site.run(
                    "valise", command, "--help").out)
            result = self.site.run("valise", group, expect=2)
            self.assert_says(result, "a word is missing", commands[0])
        self.assert_says(self.site.run("valise", "help", "key", "away",
                                       expect=2), "key export")

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


class Nowhere(Flow):
    """In a directory that is removed; all paths begin at the root."""

    def setUp(self):
        super().setUp()
        self.site.wrapper = [
            "sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && exec "$@"',
            "sh"]

    def test_a_transfer_needs_no_current_directory(self):
        bundle = self.site.export()
        self.site.preview(bundle)
        self.site.import_(bundle)
        self.site.status()
        self.site.recover()
        self.assert_equal_trees()

    def test_a_path_that_needs_one_says_so(self):
        self.assert_says(self.site.run(
            "valise-import", "../source.yaml", "--status", expect=2),
            "'../source.yaml'")


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

    def test_inspect_names_what_is_missing(self):
        for name in ("head.jsn", "keys.jsn", "seal.sig"):
            kept = (self.bundle / name).read_bytes()
            (self.bundle / name).unlink()
            result = self.site.run("valise", "inspect", self.bundle, expect=5)
            self.assert_says(result, self.bundle, f"'{name}'")
            (self.bundle / name).write_bytes(kept)
        self.site.run("valise", "inspect", self.bundle)

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

    def test_every_word_it_comments_is_one_and_is_valid(self):
        drafted = self.folder / "drafted.yaml"
        self.site.run("valise-export", "init", "--files", self.site.source,
                      "-o", drafted)
        text, n = re.subn(r"(?m)^( *)# ((?:  - )?[a-z_]+:( .*)?)$", r"\1\2",
                          drafted.read_text())
        self.assertEqual(18, n, text)
        self.assertIn("1 file,", self.init_of({"one": "x"}))
        drafted.write_text(text)
        self.site.run("valise-export", drafted, "--dry-run")
        drafted.write_text(text.replace("as_is  ", "as_si  "))
        self.site.run("valise-export", drafted, "--dry-run", expect=2)

    def init_of(self, entries):
        tree = self.folder / "other"
        write_tree(tree, entries)
        return self.site.run("valise-export", "init", "--files", tree).out

    def test_it_never_overwrites(self):
        before = self.site.source_yaml.read_text()
        self.site.run("valise-export", "init", "--files", self.site.source,
                      "-o", self.site.source_yaml, expect=(1, 2, 4))
        self.assertEqual(before, self.site.source_yaml.read_text())


class SignKey(Flow):
    def export_as_the_site(self, expect=0):
        return self.site.run(
            "valise-export", self.site.source_yaml, "--to", self.site.medium,
            "--recipient", self.site.keys / "recipient.pub", expect=expect)

    def test_a_site_that_signed_with_its_own_key_goes_on_without_the_word(
            self):
        self.export_as_the_site()
        own = self.site.source_state / "demo" / "sender.key"
        refused = self.site.export(expect=2)
        self.assert_says(refused, "leave out --sign-key", f"'{own}'",
                         "docs/security.md")
        self.export_as_the_site()

    def test_a_site_that_signed_with_another_key_is_asked_for_that(self):
        self.site.export()
        refused = self.export_as_the_site(expect=2)
        self.assert_says(refused, "give the one that signed with --sign-key",
                         "docs/security.md")
        self.assertNotIn("leave out", refused.said)
        # A key of the state that never signed changes nothing.
        other = self.folder / "other"
        self.site.run("valise", "keygen", other)
        for name in ("sender.key", "sender.pub"):
            shutil.copy(other / name, self.site.source_state / "demo" / name)
        refused = self.export_as_the_site(expect=2)
        self.assert_says(refused, "give the one that signed with --sign-key")
        self.assertNotIn("leave out", refused.said)

    def test_another_key_begins_a_new_series_as_the_page_says(self):
        self.export_as_the_site()
        state = self.site.source_state / "demo"
        shutil.copy(state / "sender.pub", self.site.keys / "first.pub")
        self.site.write_target_yaml(
            extra=f"trust:\n  - {{sender: {self.site.keys}/first.pub}}\n")
        self.site.import_(Path(self.export_as_the_site().out.strip()))
        (state / "series").rename(self.folder / "series.old")
        write_tree(self.site.source, {"later": "x"})
        bundle = self.site.export()
        # The new sender, and one leave more: it is a first import.
        self.refused_import(6, bundle)
        self.site.write_target_yaml()
        self.refused_import(4, bundle, "never imported", "--allow-delete")
        self.site.import_(bundle, "--allow-delete")
        write_tree(self.site.source, {"later still": "x"})
        self.site.import_(self.site.export())
        self.assert_equal_trees()

    def test_the_site_makes_another_key_of_its_own_for_a_new_series(self):
        self.export_as_the_site()
        state = self.site.source_state / "demo"
        before = (state / "sender.key").read_bytes()
        aside = self.folder / "aside"
        aside.mkdir()
        for name in ("series", "sender.key", "sender.pub"):
            (state / name).rename(aside / name)
        self.export_as_the_site()
        self.assertNotEqual(before, (state / "sender.key").read_bytes())


class Slips(Flow):
    def test_an_absent_medium_or_bundle_is_asked_about(self):
        asked = "; is it mounted, and the path right?"
        gone = self.folder / "gone"
        self.assert_says(self.site.export(to=gone, expect=75), asked)
        self.refused_import(75, gone, asked)

    def test_a_file_of_a_bundle_is_not_the_bundle(self):
        bundle = self.site.export()
        self.refused_import(5, bundle / "seal.txt",
                            "name the folder that holds it")

    def test_one_bundle_at_a_time(self):
        one, two = self.site.export(), self.site.export()
        self.refused(2, self.site.importing(one, two), f"'{two}'",
                     "one bundle at a time")

    def test_a_medium_in_place_of_a_bundle_names_the_newest(self):
        for _ in range(3):
            newest = self.site.export()
        # By its number, not by the time of its folder.
        os.utime(newest, (1000, 1000))
        self.refused_import(5, self.site.medium, "3 bundles",
                            f"'{newest}'")

    def test_password_is_taken_for_the_file(self):
        for words in (("--password", "x"), ("--password=hush",)):
            result = self.site.run("valise-import", self.site.target_yaml,
                                   self.site.medium, *words, expect=2)
            self.assert_says(result, "did you mean '--password-file'?")
            self.assertNotIn("hush", result.said)

    def test_the_folder_of_states_names_one_in_it(self):
        self.carry()
        result = self.site.run("valise-import", "--status", "--state",
                               self.site.target_state, expect=2)
        one = self.site.target_state / "demo"
        self.assert_says(result, f"e.g. '{one}'")
        self.site.run("valise-import", "--status", "--state", one)
        # A state that is damaged is no folder of states.
        (one / "inner").mkdir()
        (one / "inner" / "identity").write_text("0\n")
        self.site.run("valise-import", "--status", "--state", one)
        empty = self.folder / "empty"
        empty.mkdir()
        result = self.site.run("valise-import", "--status", "--state", empty,
                               expect=2)
        self.assertNotIn("e.g.", result.said)

    def test_a_bundle_of_another_site_says_what_to_do(self):
        bundle = self.site.export()
        text = self.site.target_yaml.read_text()
        self.site.target_yaml.write_text(text.replace("site: demo",
                                                      "site: other"))
        self.refused_import(4, bundle, "of site 'demo', not of 'other'",
                            "set 'site:' to the name at the source")

    def test_a_tree_that_valise_did_not_make_is_asked_about_once(self):
        write_tree(self.site.target, {"a": "not ours\n"})
        bundle = self.site.export()
        self.refused_import(4, bundle, "0 would be deleted", "asked once for "
                            "a tree that valise did not make")
        write_tree(self.site.target, {"b": "goes\n"})
        result = self.refused_import(4, bundle, "1 would be deleted")
        self.assertNotIn("asked once", result.said)

    def test_every_program_asks_about_an_absent_bundle(self):
        gone = self.site.run("valise", "ls", self.folder / "gone",
                             *self.site.identity, expect=75)
        self.assert_says(gone, "; is it mounted, and the path right?")
        bundle = self.site.export()
        file = self.site.run("valise", "ls", bundle / "seal.txt",
                             *self.site.identity, expect=5)
        self.assert_says(file, "name the folder that holds it")

    def test_a_secret_that_others_can_read_is_warned_of_and_used(self):
        secret = self.folder / "password"
        secret.write_text("correct horse battery\n")
        key = self.site.keys / "sender.key"
        words = ("valise-export", self.site.source_yaml, "--to",
                 self.site.medium, "--sign-key", key, "--kdf", "light")
        for path in (secret, key):
            secret.chmod(0o600)
            key.chmod(0o600)
            quiet = self.site.run(*words, "--password-file", secret)
            self.assertNotIn("warning", quiet.said)
            path.chmod(0o640)
            result = self.site.run(*words, "--password-file", secret)
            self.assertEqual(1, result.err.count("warning:"), str(result))
            self.assert_says(result, f"'{path}'", "0640", "chmod 600")
        key.chmod(0o600)
        secret.chmod(0o644)
        quiet = self.site.run(*words, "--password-fd", "0",
                              input=secret.read_bytes())
        self.assertNotIn("warning", quiet.said)

    def test_what_was_counted_is_said_in_words(self):
        bundle = self.site.export()
        result = self.site.import_(bundle)
        self.assertRegex(result.said, r"proof: what the last step touched "
                                      r".*: \d+ entr(y|ies) of '")
        (self.site.source / "dir" / "b").chmod(0o600)
        result = self.site.import_(self.site.export())
        self.assert_says(result, "1 entry of '", "0 staged files read back")
        write_tree(self.site.source, {"a": "other\n"})
        result = self.site.import_(self.site.export())
        self.assert_says(result, "1 staged file read back")


if __name__ == "__main__":
    unittest.main()
