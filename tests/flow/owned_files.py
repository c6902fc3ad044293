"""Rows that own files: what travels, what goes, and names that collide."""
import json
import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from application import Sides, tree  # noqa: E402
from flow import write_tree  # noqa: E402

seldom = unittest.skipUnless(os.environ.get("VALISE_TEST_ALL"),
                             "with VALISE_TEST_ALL only")

SCHEMA = """
create table issue(id integer primary key, name text not null unique);
create table doc(id integer primary key, issue_id integer references issue(id),
    title text not null, dir text, name text, kind text not null default '');
"""
PROFILE = """
profile:
  resources:
    - resource: app
      tables:
        - {table: issue, key: [name]}
        - {table: doc, key: [issue_id, title], owned_by: issue_id%s}
      references:
        - {from: doc, file: "{dir}/{name}", in: binary%s}
"""


def profile(words="", table=""):
    return PROFILE % (table, words)


class OwnedFiles(Sides):
    def setUp(self):
        super().setUp()
        for side in ("src", "dst"):
            self.do(side, SCHEMA)
            self.do(side, "insert into issue values (1, 'i'), (2, 'j')")
        self.do("dst", "update issue set id = id + 10")
        self.write_yaml(profile())

    def doc(self, side, title, path, text=None, issue="i"):
        """A row, and its file."""
        folder, _, name = path.rpartition("/")
        self.do(side, f"""insert into doc(issue_id, title, dir, name) select
            id, '{title}', nullif('{folder}', ''), '{name}' from issue where
            name = '{issue}'""")
        if text is not None:
            write_tree(self.files[side], {path: text})

    def drop(self, side, title):
        self.do(side, f"delete from doc where title = '{title}'")

    def docs(self, side="dst"):
        """Title to path and content."""
        found = {}
        for title, folder, name in self.ask(
                side, "select title, dir, name from doc order by title"):
            path = "/".join(part for part in (folder, name) if part)
            at = self.files[side] / path
            found[title] = (path, at.read_text() if path and at.is_file()
                            else None)
        return found

    def again(self):
        before = tree(self.files["dst"])
        rows = self.ask("dst", "select * from doc")
        self.assert_says(self.site.import_(self.site.export()), "nothing")
        self.assertEqual(before, tree(self.files["dst"]))
        self.assertEqual(rows, self.ask("dst", "select * from doc"))

    def refused(self, *said):
        """Preview and import say the same, and nothing is written."""
        before = tree(self.files["dst"])
        rows = self.ask("dst", "select * from doc")
        bundle = self.site.export()
        for run in (self.site.preview, self.site.import_):
            result = run(bundle, "--allow-delete", expect=4)
            self.assert_says(result, *said)
            self.assertEqual(before, tree(self.files["dst"]))
            self.assertEqual(rows, self.ask("dst", "select * from doc"))
        return result

    # What travels

    def test_rows_and_files_in_one_commit_and_a_second_time_nothing(self):
        self.doc("src", "a", "x/y/a.txt", "A")
        self.doc("src", "b", "b.txt", "B")
        write_tree(self.files["src"], {"free": "nobody's"})
        write_tree(self.files["dst"], {"own": "mine"})
        self.carry()
        self.assertEqual({"a": ("x/y/a.txt", "A"), "b": ("b.txt", "B")},
                         self.docs())
        self.assertEqual("nobody's", tree(self.files["dst"])["free"])
        self.assertEqual("mine", tree(self.files["dst"])["own"])
        self.again()

    def test_a_file_that_is_not_there_is_refused_or_allowed(self):
        self.doc("src", "a", "a.txt")
        self.doc("src", "b", "b.txt")
        self.doc("src", "c", "c.txt", "C")
        result = self.site.export(expect=4)
        self.assert_says(result, "resource 'app': table 'doc', "
                         '["i","a"]', "its file 'a.txt' does not travel "
                         f"with '{self.tree_name}', and so it is with 1 more",
                         "missing: allow")
        self.write_yaml(profile(", missing: allow"))
        self.carry()
        self.assertEqual({"a": ("a.txt", None), "b": ("b.txt", None),
                          "c": ("c.txt", "C")}, self.docs())
        self.again()

    def test_a_directory_or_an_excluded_file_is_none_that_travels(self):
        self.doc("src", "a", "x/a.txt", "A")
        self.do("src", "update doc set name = null")
        self.assert_says(self.site.export(expect=4), "its file 'x'")
        self.do("src", "update doc set name = 'a.txt'")
        self.site.source_yaml.write_text(
            self.site.source_yaml.read_text().replace(
                f"path: {self.files['src']}\n",
                f"path: {self.files['src']}\n    exclude: ['*.txt']\n"))
        self.assert_says(self.site.export(expect=4), "its file 'x/a.txt'")

    @seldom
    def test_what_has_no_name_owns_nothing(self):
        write_tree(self.files["src"], {"x": "x"})
        self.do("src", "insert into doc(issue_id, title, dir, name) values "
                "(1, 'null', null, null), (1, 'empty', '', '')")
        self.carry()
        self.assertEqual({"null": ("", None), "empty": ("", None)},
                         self.docs())

    def test_paths_that_lead_out_are_refused(self):
        for name in ("../a", "/etc/passwd", "a//b", "./a", "a/.", "n" * 256):
            self.do("src", "delete from doc; insert into doc(issue_id, title, "
                    f"name) values (1, 'a', '{name}')")
            self.assert_says(self.site.export(expect=4), "table 'doc'",
                             "is no path of a tree")
        self.do("src", "update doc set name = x'61'")
        self.assert_says(self.site.export(expect=4),
                         "column 'name' holds what cannot stand in a path")

    def test_files_of_rows_that_do_not_travel_do_not_travel(self):
        self.write_yaml(profile(table=", skip: \"kind = 'secret'\""))
        self.doc("src", "a", "a.txt", "A")
        self.doc("src", "s", "s.txt", "S")
        self.doc("src", "t", "both.txt", "T")
        self.doc("src", "u", "both.txt")
        self.do("src", "update doc set kind = 'secret' where title in "
                "('s', 't')")
        self.carry()
        self.assertEqual({"a.txt": "A", "both.txt": "T"},
                         tree(self.files["dst"]))
        self.assertIn("s.txt!", self.paths())

    def test_what_the_target_does_not_take_brings_no_file(self):
        self.write_yaml(profile(table=", on_new: skip"))
        self.doc("src", "a", "a.txt", "A")
        self.doc("src", "b", "b.txt", "B")
        self.doc("dst", "b", "b.txt", "old")
        self.carry()
        self.assertEqual({"b.txt": "B"}, tree(self.files["dst"]))
        self.write_yaml(profile(table=", on_match: skip"))
        write_tree(self.files["src"], {"b.txt": "B2"})
        self.carry()
        self.assertEqual({"a.txt": "A", "b.txt": "B"},
                         tree(self.files["dst"]))

    # What goes

    def test_a_file_goes_with_its_last_row_and_no_other_does(self):
        self.doc("src", "a", "d/one.txt", "1")
        self.doc("src", "b", "d/one.txt")
        write_tree(self.files["dst"], {"d/mine": "m"})
        self.doc("dst", "old", "e/old.txt", "before")
        self.carry()
        # The target's own row below an owner that is overwritten goes.
        self.assertEqual({"d/one.txt": "1", "d/mine": "m"},
                         tree(self.files["dst"]))
        self.drop("src", "a")
        self.carry()
        self.assertEqual({"d/one.txt": "1", "d/mine": "m"},
                         tree(self.files["dst"]))
        self.drop("src", "b")
        (self.files["src"] / "d/one.txt").unlink()
        self.carry()
        self.assertEqual({"d/mine": "m"}, tree(self.files["dst"]))
        self.again()

    def test_a_row_of_the_target_keeps_its_file(self):
        for word in ("", "    target_only: delete\n"):
            with self.subTest(word):
                self.write_yaml(profile(table=", target_only: keep"),
                                words=word)
                self.doc("dst", "own", "e/f/own.txt", "mine")
                write_tree(self.files["dst"], {"e/loose": "x"})
                self.doc("src", "a", "a.txt", "A")
                self.carry()
                now = tree(self.files["dst"])
                self.assertEqual("mine", now["e/f/own.txt"])
                self.assertEqual(word == "", "e/loose" in now)
                self.again()
                self.do("dst", "delete from doc")
                self.do("src", "delete from doc")

    @seldom
    def test_keep_of_the_tree_says_more_than_rows_do(self):
        self.write_yaml(profile(), words="    target_only: keep\n")
        self.doc("src", "a", "a.txt", "A")
        self.carry()
        self.drop("src", "a")
        (self.files["src"] / "a.txt").unlink()
        write_tree(self.files["src"], {"x": "x"})
        self.carry()
        self.assertEqual({"a.txt": "A", "x": "x"}, tree(self.files["dst"]))

    @seldom
    def test_a_row_that_loses_its_name_loses_its_file(self):
        self.doc("src", "a", "a.txt", "A")
        self.doc("src", "b", "b.txt", "B")
        self.carry()
        self.do("src", "update doc set name = null where title = 'a'")
        (self.files["src"] / "a.txt").unlink()
        self.carry()
        self.assertEqual({"a": ("", None), "b": ("b.txt", "B")}, self.docs())
        self.assertEqual({"b.txt": "B"}, tree(self.files["dst"]))

    # What is here keeps its name

    def test_a_row_that_is_here_keeps_its_name_and_gets_the_content(self):
        self.doc("src", "a", "new/a.txt", "A")
        self.doc("dst", "a", "old/other.txt", "old")
        bundle = self.site.export()
        shown = self.site.preview(bundle, expect=(0, 1))
        self.assert_says(shown, "old/other.txt")
        self.carry()
        self.assertEqual({"a": ("old/other.txt", "A")}, self.docs())
        self.assertEqual({"old/other.txt": "A"}, tree(self.files["dst"]))
        self.again()
        write_tree(self.files["src"], {"new/a.txt": "A2"})
        self.carry()
        self.assertEqual({"a": ("old/other.txt", "A2")}, self.docs())

    @seldom
    def test_other_columns_of_such_a_row_change(self):
        self.doc("src", "a", "new/a.txt", "A")
        self.doc("dst", "a", "old/other.txt", "A")
        self.do("src", "update doc set kind = 'k'")
        self.carry()
        self.assertEqual([("old", "other.txt", "k")], self.ask(
            "dst", "select dir, name, kind from doc"))

    @seldom
    def test_names_that_are_the_other_way_round(self):
        self.doc("src", "a", "1", "A")
        self.doc("src", "b", "2", "B")
        self.doc("dst", "a", "2", "x")
        self.doc("dst", "b", "1", "y")
        self.carry()
        self.assertEqual({"a": ("2", "A"), "b": ("1", "B")}, self.docs())
        self.again()

    def test_a_file_that_rows_share_at_one_side_only(self):
        self.doc("src", "a", "one", "A")
        self.doc("src", "b", "one")
        self.doc("src", "c", "one")
        self.doc("dst", "a", "x", "x")
        self.doc("dst", "b", "y", "y")
        self.carry()
        self.assertEqual({"a": ("x", "A"), "b": ("y", "A"), "c": ("x", "A")},
                         self.docs())
        self.assertEqual({"x": "A", "y": "A"}, tree(self.files["dst"]))
        self.again()

    # Names that collide

    def collide(self, words=", collide: rename"):
        self.write_yaml(profile(words, ", target_only: brought"))
        self.doc("dst", "own", "d/a.txt", "mine", issue="j")
        self.doc("src", "a", "d/a.txt", "A")

    def test_another_content_under_the_name_is_refused_with_both(self):
        self.collide("")
        self.refused("table 'doc', [\"i\",\"a\"]: its file 'd/a.txt'",
                     "that of table 'doc', [\"j\",\"own\"]",
                     "collide: rename")
        write_tree(self.files["dst"], {"d/a.txt": "A"})
        self.carry()
        self.assertEqual({"a": ("d/a.txt", "A"), "own": ("d/a.txt", "A")},
                         self.docs())

    def test_or_the_new_one_gets_another_name_in_all_rows_of_it(self):
        self.collide()
        self.doc("src", "b", "d/a.txt")
        write_tree(self.files["dst"], {"d/a-2.txt": "in the way"})
        bundle = self.site.export()
        shown = self.site.preview(bundle, expect=(0, 1))
        self.assert_says(shown, "d/a-3.txt", "is called 'd/a-3.txt' here")
        self.carry()
        self.assertEqual({"a": ("d/a-3.txt", "A"), "b": ("d/a-3.txt", "A"),
                          "own": ("d/a.txt", "mine")}, self.docs())
        self.again()
        write_tree(self.files["src"], {"d/a.txt": "A2"})
        self.carry()
        self.assertEqual(("d/a-3.txt", "A2"), self.docs()["b"])
        self.drop("src", "a")
        self.drop("src", "b")
        (self.files["src"] / "d/a.txt").rename(self.files["src"] / "free")
        self.carry()
        self.assertEqual({"free": "A2", "d/a.txt": "mine", "d/a-2.txt": "in the way"},
                         tree(self.files["dst"]))

    def test_a_name_that_the_bundle_has_is_not_taken(self):
        self.collide()
        write_tree(self.files["src"], {"d/a-2.txt": "free"})
        self.doc("src", "c", "d/a-3.txt", "C")
        self.carry()
        self.assertEqual(("d/a-4.txt", "A"), self.docs()["a"])
        self.assertEqual("free", tree(self.files["dst"])["d/a-2.txt"])

    def test_numbers_stand_before_the_extension(self):
        self.collide()
        for title, name in (("dot", ".htaccess"), ("two", "d.e/x.tar.gz"),
                            ("none", "d.e/x")):
            self.doc("dst", "own " + title, name, "mine", issue="j")
            self.doc("src", title, name, "A")
        self.carry()
        now = self.docs()
        self.assertEqual([".htaccess-2", "d.e/x.tar-2.gz", "d.e/x-2"],
                         [now[name][0] for name in ("dot", "two", "none")])

    @seldom
    def test_a_shared_file_of_which_one_row_changes(self):
        """Here two rows share a file, at the source two have two."""
        self.write_yaml(profile(", collide: rename"))
        self.doc("src", "a", "a", "A")
        self.doc("src", "b", "b", "B")
        self.doc("dst", "a", "one", "A")
        self.doc("dst", "b", "one")
        self.carry()
        self.assertEqual({"a": ("one", "A"), "b": ("b", "B")}, self.docs())
        self.again()

    def test_two_rows_cannot_both_keep_one_name_and_one_goes_by_its_own(self):
        self.doc("src", "a", "a", "A")
        self.doc("src", "b", "b", "B")
        self.doc("dst", "a", "one", "A")
        self.doc("dst", "b", "one")
        self.carry()
        self.assertEqual({"a": ("one", "A"), "b": ("b", "B")}, self.docs())
        self.again()

    def test_a_row_without_a_file_gets_the_name_that_the_file_has_here(self):
        self.doc("src", "a", "x", "A")
        self.doc("src", "b", "x")
        self.doc("src", "c", "d/x")
        self.doc("dst", "a", "c/w", "old")
        self.do("dst", """insert into doc(issue_id, title, dir) values
            (11, 'b', null), (11, 'c', '')""")
        self.do("src", "update doc set dir = null where title = 'c'")
        shown = self.site.preview(self.site.export(), "--json",
                                  expect=(0, 1)).out
        rows = [line for line in map(json.loads, shown.splitlines())
                if line.get("table") == "doc" and "key" in line]
        self.assertEqual([["i", "b"], ["i", "c"]],
                         [row["key"] for row in rows])
        self.assertEqual({"dir, name"}, {row["fields"] for row in rows})
        self.carry()
        self.assertEqual({title: ("c/w", "A") for title in "abc"},
                         self.docs())
        self.again()

    def test_a_row_that_may_not_differ_may_have_no_other_name(self):
        self.write_yaml(profile(table=", on_match: fail"))
        self.doc("src", "a", "a", "A")
        self.doc("src", "b", "b", "B")
        self.doc("dst", "a", "one", "A")
        self.doc("dst", "b", "one")
        self.refused('row ["i","b"] of table', "it differs")

    def test_a_name_that_has_no_room_for_a_number(self):
        self.write_yaml(profile(", collide: rename", ", target_only: keep"))
        self.doc("dst", "own", "n" * 255, "mine", issue="j")
        self.doc("src", "a", "n" * 255, "A")
        self.refused("table 'doc', [\"i\",\"a\"]: its file",
                     "that of table 'doc', [\"j\",\"own\"]",
                     "with a number its name would be too long")

    def test_a_row_here_with_a_name_that_no_file_can_have(self):
        self.write_yaml(profile(table=", target_only: keep"))
        self.doc("src", "a", "a", "A")
        self.doc("dst", "own", "n" * 256, issue="j")
        self.refused('["j","own"]', "is no path of a tree",
                     "a component of more than 255 bytes")

    def test_names_without_a_file_do_not_collide(self):
        self.write_yaml(profile(", missing: allow", ", target_only: brought"))
        self.doc("dst", "own", "d/a.txt", issue="j")
        self.doc("src", "a", "d/a.txt")
        write_tree(self.files["src"], {"free": "nobody's"})
        self.carry()
        self.assertEqual([("d", "a.txt")] * 2, self.ask(
            "dst", "select dir, name from doc"))
        self.again()

    def test_rows_that_share_a_file_spell_its_name_as_they_do(self):
        self.doc("src", "a", "a.txt", "A")
        self.doc("src", "b", "a.txt")
        self.do("src", "update doc set dir = '' where title = 'b'")
        self.carry()
        self.assertEqual([("a", None), ("b", "")], self.ask(
            "dst", "select title, dir from doc order by title"))
        self.write_yaml(profile(", collide: rename", ", target_only: keep"))
        self.do("dst", "delete from doc")
        self.doc("dst", "own", "a.txt", "mine", issue="j")
        self.carry()
        self.assertEqual([("a", None, "a-2.txt"), ("b", "", "a-2.txt")],
                         self.ask("dst", "select title, dir, name from doc "
                                  "where title <> 'own' order by title"))

    def test_a_new_name_stands_among_what_else_differs_in_the_row(self):
        self.collide()
        self.doc("dst", "a", "d/a.txt")
        self.do("src", "update doc set kind = '{\"one\": 1}'")
        self.do("dst", "update doc set kind = '{\"one\": 2}'")
        shown = self.site.preview(self.site.export(), "--json",
                                  expect=(0, 1)).out
        row = next(line for line in map(json.loads, shown.splitlines())
                   if line.get("table") == "doc")
        self.assertEqual("kind, name", row["fields"])
        self.assertEqual("kind", row["values"][0]["column"])
        file = self.folder / "plan.jsonl"
        bundle = self.site.export()
        self.site.preview(bundle, "--plan", file, expect=(0, 1))
        head, *lines = map(json.loads, file.read_text().splitlines())
        self.assertEqual(len(lines), head["records"])
        self.assertEqual([["kind", "name"]], [
            line["fields"] for line in lines if line.get("table") == "doc"])
        self.site.import_(bundle, "--plan", file, "--allow-delete")
        self.again()

    @seldom
    def test_a_row_that_stays_shares_what_changes(self):
        self.collide()
        self.doc("dst", "a", "d/a.txt")
        self.carry()
        self.assertEqual({"a": ("d/a-2.txt", "A"),
                          "own": ("d/a.txt", "mine")}, self.docs())
        self.again()

    def test_a_plan_names_a_row_whose_file_is_renamed(self):
        self.collide()
        self.doc("dst", "a", "d/a.txt")
        bundle = self.site.export()
        file = self.folder / "plan.jsonl"
        self.site.preview(bundle, "--plan", file, expect=(0, 1))
        head, *lines = map(json.loads, file.read_text().splitlines())
        row = next(line for line in lines if line.get("table") == "doc")
        self.assertEqual((["i", "a"], "overwrite", "change", ["name"], 64), (
            row["key"], row["action"], row["change"], row["fields"],
            len(row["here"])))

        def obey(lines, *said):
            file.write_text("".join(
                json.dumps(line, sort_keys=True, separators=(",", ":")) + "\n"
                for line in [{**head, "records": len(lines)}, *lines]))
            result = self.site.import_(bundle, "--plan", file, "--allow-delete",
                                       expect=4 if said else 0)
            self.assert_says(result, *said)

        here = self.docs()
        others = [line for line in lines if line is not row]
        obey([*others, {**row, "action": "skip"}],
             "its file 'd/a.txt' of 'binary' is to be called 'd/a-2.txt' here",
             "the plan does not overwrite the row")
        obey(others, "the plan does not say that row", "to be changed")
        self.do("dst", "update issue set id = 99 where name = 'i'")
        self.do("dst", "update doc set issue_id = 99 where title = 'a'")
        obey(lines, "the plan does not say that row", "to be changed")
        self.assertEqual(here, self.docs())
        self.do("dst", "update doc set issue_id = 11 where title = 'a'")
        self.do("dst", "update issue set id = 11 where name = 'i'")
        obey(lines)
        self.assertEqual({"a": ("d/a-2.txt", "A"), "own": ("d/a.txt", "mine")},
                         self.docs())

    def test_all_numbers_are_taken(self):
        self.collide()
        write_tree(self.files["dst"], {f"d/a-{n}.txt": "in the way"
                                       for n in range(2, 1000)})
        self.refused("that of table 'doc', [\"j\",\"own\"], with another "
                     "content, and all its names up to number 999 are taken: "
                     "give one of them another name")
        (self.files["dst"] / "d/a-999.txt").unlink()
        self.carry()
        self.assertEqual(("d/a-999.txt", "A"), self.docs()["a"])

    def test_a_name_without_text_gets_no_number(self):
        self.write_yaml(profile(", collide: rename", ", target_only: brought"
                                ).replace("{dir}/{name}", "of/{n}"))
        for side, title, text in (("dst", "own", "mine"), ("src", "a", "A")):
            self.do(side, "alter table doc add column n integer")
            self.do(side, f"""insert into doc(issue_id, title, n) select
                id, '{title}', 1 from issue where name = 'i'""")
            write_tree(self.files[side], {"of/1": text})
        self.refused("with another content, and its name has no text that a "
                     "number could be put into: give one of them another name")

    @seldom
    def test_a_file_without_a_row_does_not_overwrite_that_of_one(self):
        self.collide()
        self.drop("src", "a")
        self.refused("'d/a.txt' of 'binary' is owned by no row of the bundle",
                     "[\"j\",\"own\"]")

    def test_a_new_name_would_make_another_row_of_it(self):
        for words in (", collide: rename", ", collide: rename, "
                      "where: \"kind = ''\""):
            self.write_yaml(profile(words).replace("title]", "name]"))
            self.assert_says(self.site.export(expect=2), "column 'name' of "
                             "table 'doc' is one of those by which its rows")

    # Words

    def test_a_line_may_be_about_some_rows(self):
        self.write_yaml(profile(", where: \"kind = 'f'\""))
        self.doc("src", "a", "a.txt", "A")
        self.doc("src", "b", "http://x")
        self.do("src", "update doc set kind = 'f' where title = 'a'")
        self.doc("dst", "a", "x.txt", "X")
        self.do("dst", "update doc set kind = 'f'")
        self.carry()
        self.assertEqual({"a": ("x.txt", "A"), "b": ("http://x", None)},
                         {title: (path if title == "a" else "http://x", text)
                          for title, (path, text) in self.docs().items()})
        self.again()

    def test_mistakes_in_the_words(self):
        for words, said in (
                ('file: "x/y"', "holds no column"),
                ('file: "{dir"', "a brace that is not of a {column}"),
                ('file: "{}"', "a brace that is not of a {column}"),
                ('file: "../{name}"', "is no path in a tree"),
                ('file: "{name}/"', "is no path in a tree"),
                ('file: "{nam}"', "column 'nam' of table 'doc' is not there"),
                ('file: "{id}"', "said by 'path'"),
                ('file: "{issue_id}"', "said by 'path'")):
            text = profile().replace('file: "{dir}/{name}"', words)
            self.write_yaml(text)
            with self.subTest(words):
                self.assert_says(self.site.export(expect=2), said)
        for words, said in ((", missing: no", "refuse, allow"),
                            (", to: issue", "to"),
                            ("}\n        - {from: doc, file: \"{name}\", "
                             "in: binary", "second file of the same rows"),
                            ("}\n        - {path: \"{doc.id}\", in: binary",
                             "'path'")):
            self.write_yaml(profile(words))
            with self.subTest(words):
                self.assert_says(self.site.export(expect=2), said)

    def test_neither_side_takes_one_without_the_other(self):
        self.doc("src", "a", "a.txt", "A")
        for one in ("app", self.tree_name):
            self.assert_says(self.site.export("--only", one, expect=2),
                             f"files of resource '{self.tree_name}' belong "
                             "to rows of 'app': export both")
        bundle = self.site.export()
        text = profile().replace("in: binary", f"in: {self.tree_name}")
        for target in (None, "profile: bundle\n"):
            self.write_yaml(text, target=target)
            for one in ("app", self.tree_name):
                self.assert_says(
                    self.site.import_(bundle, "--only", one, expect=4),
                    "they are imported together")

    def test_map_would_not_be_followed(self):
        self.write_yaml(profile(), extra="map:\n  - {resource: "
                        f"{self.tree_name}, from: a/**, to: b/**}}\n")
        self.doc("src", "a", "a/x", "A")
        self.refused("'map' of 'binary'")

    def test_the_profile_may_come_with_the_bundle(self):
        self.write_yaml(profile(", collide: rename", ", target_only: keep"),
                        target="profile: bundle\n")
        self.doc("dst", "own", "d/a.txt", "mine", issue="j")
        self.doc("src", "a", "d/a.txt", "A")
        self.carry()
        self.assertEqual(("d/a-2.txt", "A"), self.docs()["a"])
        self.again()

    # Hard links

    def link(self, first, second):
        (self.files["src"] / second).hardlink_to(self.files["src"] / first)

    def links(self):
        return {str(path.relative_to(self.files["dst"])): path.stat().st_nlink
                for path in self.files["dst"].rglob("*") if path.is_file()}

    @seldom
    def test_two_links_of_one_file(self):
        self.doc("src", "a", "a", "A")
        self.doc("src", "b", "b")
        self.link("a", "b")
        self.carry()
        self.assertEqual({"a": 2, "b": 2}, self.links())
        self.again()
        self.drop("src", "a")
        (self.files["src"] / "a").unlink()
        self.carry()
        self.assertEqual({"b": 1}, self.links())
        self.again()

    def test_one_more_name_of_an_owned_file_is_nobody_s(self):
        for owned, other in (("a", "b"), ("d", "c")):
            self.doc("src", owned, owned, "A")
            self.link(owned, other)
        self.carry()
        self.assertEqual({"a": 2, "b": 2, "c": 2, "d": 2}, self.links())
        self.again()

    def test_the_name_of_a_row_that_does_not_travel_is_left_out(self):
        self.write_yaml(profile(table=", skip: \"title = 'a'\""))
        self.doc("src", "a", "a", "A")
        self.doc("src", "b", "b")
        self.link("a", "b")
        self.carry()
        self.assertEqual({"b": 1}, self.links())
        self.again()

    def test_a_link_is_told_from_another_file_by_its_content(self):
        self.write_yaml(profile(", collide: rename", ", target_only: keep"))
        self.doc("src", "a", "a", "A")
        for name, text in (("b", "mine"), ("c", "A")):
            self.doc("dst", "own " + name, name, text, issue="j")
            self.doc("src", name, name)
            self.link("a", name)
        self.carry()
        self.assertEqual({"a": ("a", "A"), "b": ("b-2", "A"),
                          "c": ("c", "A"), "own b": ("b", "mine"),
                          "own c": ("c", "A")}, self.docs())
        self.assertEqual({"a": 3, "b": 1, "b-2": 3, "c": 3}, self.links())
        self.again()

    def test_a_link_to_the_file_of_a_row_that_is_not_taken(self):
        self.write_yaml(profile(table=", on_new: skip"))
        self.doc("dst", "b", "b", "mine")
        self.doc("src", "a", "a", "A")
        self.doc("src", "b", "b")
        self.link("a", "b")
        self.refused("'b' is one more name of 'a'",
                     "make it a file of its own")


class TreeFirst(OwnedFiles):
    """The same with a tree whose name comes before that of its database."""

    tree_name = "aaa"

    def setUp(self):
        if not os.environ.get("VALISE_TEST_ALL") and not any(
                word in self.id() for word in
                ("all_rows_of_it", "without_the_other")):
            self.skipTest("with VALISE_TEST_ALL only")
        super().setUp()

    def write_yaml(self, profile, **more):
        super().write_yaml(profile.replace("in: binary", "in: aaa"), **more)

    def refused(self, *said):
        return super().refused(*(text.replace("'binary'", "'aaa'")
                                 for text in said))


if __name__ == "__main__":
    unittest.main()
