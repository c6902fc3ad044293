"""Mistakes in site.yaml and on the command line: exit 2, where it is, and
what would be right."""
import os
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import Flow, write_tree  # noqa: E402


class SiteFile(Flow):
    """Each test spoils the target's site file and asks for a status."""

    def refused_file(self, text, line, *said):
        self.site.target_yaml.write_text(text)
        result = self.site.status(expect=2)
        self.assertRegex(result.err,
                         rf"{re.escape(self.site.target_yaml.name)}:"
                         rf"{line}:\d+", str(result))
        self.assert_says(result, *said)
        self.assertFalse(self.site.target_state.exists(), str(result))

    def with_words(self, words):
        self.site.write_target_yaml(words)
        return self.site.target_yaml.read_text()

    def line_of(self, text, word):
        for number, line in enumerate(text.splitlines(), 1):
            if word in line:
                return number
        raise AssertionError(word)

    def refused_words(self, words, mark, *said):
        text = self.with_words(words)
        self.refused_file(text, self.line_of(text, mark), *said)

    def test_a_misspelt_value(self):
        self.refused_words("target_only: delte", "delte", "delte", "delete")

    def test_a_misspelt_word(self):
        self.refused_words("target_olny: delete", "olny", "target_olny",
                           "target_only")

    def test_an_unknown_word(self):
        self.refused_words("colour: red", "colour", "colour")

    def test_a_wrong_type(self):
        self.refused_words("compress: maybe", "maybe", "true", "false")

    def test_yes_is_no_boolean(self):
        self.refused_words("compress: yes", "yes", "true")

    def test_a_tab(self):
        text = self.site.target_yaml.read_text()
        text = text.replace("    kind:", "\tkind:")
        self.refused_file(text, self.line_of(text, "\tkind"), "tab")

    def test_a_word_twice(self):
        text = self.with_words("on_match: skip\non_match: fail")
        self.refused_file(text, self.line_of(text, "on_match: fail"),
                          "on_match")

    def test_a_duplicate_name_of_a_resource(self):
        text = self.site.target_yaml.read_text()
        text += ("  - name: files\n    kind: files\n"
                 f"    path: {self.folder}/dst/other\n")
        last = len(text.splitlines()) - 2
        self.refused_file(text, last, "files")

    def test_a_resource_without_a_path(self):
        text = re.sub(r"    path: .*\n", "",
                      self.site.target_yaml.read_text())
        self.refused_file(text, self.line_of(text, "- name"), "path")

    def refused_rule(self, rules, mark, *said):
        text = self.site.target_yaml.read_text() + rules
        self.refused_file(text, self.line_of(text, mark), *said)

    def test_a_rule_of_a_resource_that_is_not_there(self):
        for word, rest in (("keep_here", "path: x"),
                           ("map", "from: x, to: y"),
                           ("rewrite", "path: x, from: y, to: z")):
            with self.subTest(word=word):
                before = self.site.target_yaml.read_text()
                self.refused_rule(
                    f"{word}:\n  - {{resource: fiels, {rest}}}\n", "fiels",
                    "fiels", "did you mean 'files'")
                self.site.target_yaml.write_text(before)

    def test_a_mapped_path_that_leads_out(self):
        self.refused_rule("map:\n  - {resource: files, from: a/**, "
                          "to: ../b/**}\n", "../b", "'.' or '..'")

    def test_a_mapped_path_that_is_valises_own(self):
        for to in (".valise/**", ".valise.probe." + "0a" * 16 + "/x/**"):
            before = self.site.target_yaml.read_text()
            self.refused_rule("map:\n  - {resource: files, from: a/**, "
                              f"to: {to}}}\n", ".valise",
                              "a name that valise keeps for itself")
            self.site.target_yaml.write_text(before)

    def test_two_rules_about_one_path(self):
        self.refused_rule("map:\n  - {resource: files, from: a/**, "
                          "to: b/**}\n  - {resource: files, from: a/c, "
                          "to: d}\n", "a/c", "below 'a'")

    def test_rows_of_a_tree(self):
        self.refused_rule("keep_here:\n  - {resource: files, table: t}\n",
                          "t}", "'table' is about databases")

    def test_an_owner_that_is_nobody(self):
        self.refused_words("owners: {map: {alice: ''}}", "alice",
                           "'map' has no value")

    def test_a_number_that_no_owner_has(self):
        for number in ("4294967295", "-1", "0x10", "' 7'"):
            self.refused_words(f"owners: {{map: {{root: {number}}}}}", "root",
                               "cannot be the number of an owner")

    def test_no_site_file(self):
        self.site.target_yaml.unlink()
        self.assert_says(self.site.status(expect=2), "target.yaml")

    def test_an_empty_site_file(self):
        self.site.target_yaml.write_text("")
        self.site.status(expect=2)


class Overlap(Flow):
    """Trees and state directories may not stand in each other."""

    def refused_everywhere(self, *said):
        for words in ((self.site.target_yaml, "nothing.vls", "--yes"),):
            result = self.site.run("valise-import", *words,
                                   *self.site.identity, expect=2)
            self.assert_says(result, *said)
        self.assertFalse(self.site.target.exists())

    def refused_export(self, *said):
        for words in ((), ("--dry-run",)):
            result = self.site.export(*words, expect=2)
            self.assert_says(result, *said)
            self.assertEqual("", result.out)
        self.assertEqual([], list(self.site.medium.iterdir()))
        self.assertFalse(self.site.source_state.exists())

    def more(self, path, yaml=None):
        with (yaml or self.site.target_yaml).open("a") as file:
            file.write(f"  - name: more\n    kind: files\n    path: {path}\n")

    def test_the_same_path_twice(self):
        self.more(self.site.target)
        self.refused_everywhere("files", "more")

    def test_the_same_path_in_another_spelling(self):
        (self.folder / "way").symlink_to(self.folder / "dst")
        self.more(self.folder / "way" / "tree")
        self.refused_everywhere("files", "more")

    def test_a_tree_inside_another(self):
        self.more(self.site.target / "inside")
        self.refused_everywhere("files", "more")

    def test_the_target_inside_the_state_directory(self):
        self.site.write_target_yaml(state=self.folder / "dst")
        self.refused_everywhere("state")

    def test_the_state_directory_inside_the_target(self):
        self.site.write_target_yaml(state=self.site.target / "state")
        self.refused_everywhere("state")


    def test_a_tree_inside_another_at_the_source(self):
        self.more(self.site.source / "dir", self.site.source_yaml)
        self.refused_export("files", "more")

    def test_the_same_path_in_another_spelling_at_the_source(self):
        (self.folder / "way").symlink_to(self.folder / "src")
        self.more(self.folder / "way" / "tree", self.site.source_yaml)
        self.refused_export("files", "more")


class State(Flow):
    """A state that others could have filled is not believed."""

    def test_a_directory_that_others_can_write_to(self):
        bundle = self.site.export()
        state = self.site.target_state / "demo"
        state.mkdir(parents=True)
        state.chmod(0o777)
        self.refused_import(2, bundle, state, "chmod 700")
        self.assertEqual([], list(state.iterdir()))

    def test_a_link_in_its_place(self):
        bundle = self.site.export()
        (self.folder / "elsewhere").mkdir()
        self.site.target_state.mkdir()
        (self.site.target_state / "demo").symlink_to(self.folder / "elsewhere")
        self.refused_import(2, bundle, "symbolic link")
        self.assertEqual([], list((self.folder / "elsewhere").iterdir()))


class NoRegularFile(Flow):
    """What would be waited for without end is refused."""

    def test_a_site_file(self):
        self.site.target_yaml.unlink()
        os.mkfifo(self.site.target_yaml)
        self.assert_says(self.site.status(expect=2), "not a regular file")

    def test_keys(self):
        fifo = self.folder / "fifo"
        os.mkfifo(fifo)
        self.assert_says(self.site.export("--recipient", fifo, expect=2),
                         fifo, "not a regular file")
        bundle = self.site.export()
        result = self.site.run("valise-import", self.site.target_yaml, bundle,
                               "--identity", fifo, "--yes", expect=2)
        self.assert_says(result, fifo, "not a regular file")


class Target(Flow):
    def test_an_absent_root_without_a_parent_is_usage(self):
        bundle = self.site.export()
        self.site.target.parent.rmdir()
        result = self.site.import_(bundle, expect=2)
        self.assert_says(result, self.site.target.parent)
        self.assertFalse(self.site.target.parent.exists())

    def test_a_root_that_is_a_file_is_refused(self):
        self.site.target.write_text("mine")
        result = self.site.import_(self.site.export(), expect=(2, 4))
        self.assert_says(result, self.site.target)
        self.assertEqual("mine", self.site.target.read_text())


class CommandLine(Flow):
    def usage(self, program, *words, said=()):
        result = self.site.run(program, *words, expect=2)
        self.assertEqual("", result.out)
        self.assert_says(result, *said)
        return result

    def test_an_unknown_option(self):
        self.usage("valise-import", self.site.target_yaml, "x", "--yess",
                   said=["--yess"])

    def test_no_words_at_all(self):
        self.usage("valise-export")

    def test_an_export_without_a_key(self):
        self.usage("valise-export", self.site.source_yaml, "--to",
                   self.site.medium, said=["--password-file"])

    def test_a_recipient_that_is_a_secret_key(self):
        self.usage("valise-export", self.site.source_yaml, "--to",
                   self.site.medium, "--recipient",
                   self.site.keys / "recipient.key", said=["recipient.pub"])

    def test_a_number_out_of_range(self):
        self.usage("valise-export", self.site.source_yaml, "--to",
                   self.site.medium, "--recipient",
                   self.site.keys / "recipient.pub", "--frame-log2", "40",
                   said=["40"])

    def test_a_short_password(self):
        short = self.folder / "short"
        short.write_text("hunter2\n")
        write_tree(self.site.medium, {})
        self.usage("valise-export", self.site.source_yaml, "--to",
                   self.site.medium, "--password-file", short, said=["12"])


if __name__ == "__main__":
    unittest.main()
