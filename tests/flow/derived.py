"""Columns that follow from other rows: `derived` of a profile."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from sides import Sides  # noqa: E402

BLOG = """
create table tag(id integer primary key, name text not null unique,
    label text, count integer not null default 0, seen text not null);
create table post(id integer primary key, title text not null unique,
    tag_id integer references tag);
"""
WORDS = """
tables:
  - {table: tag, key: [name], derived: [count, seen]}
  - {table: post, key: [title]}
"""


class Derived(Sides):
    def setUp(self):
        super().setUp()
        self.change("source", BLOG + """
            insert into tag values (1, 'a', 'A', 2, 'x'), (2, 'b', 'B', 1, 'y');
            insert into post values (1, 'p', 1), (2, 'q', 1), (3, 'r', 2);""")
        self.change("target", BLOG + """
            insert into tag values (7, 'a', 'old', 40, 'here');""")
        self.both(WORDS)

    def test_it_neither_travels_nor_is_compared(self):
        bundle = self.site.export()
        listed = self.site.run("valise", "ls", "--json", bundle,
                               *self.site.identity).out
        self.assertIn('"row":{"label":"A","name":"a"}', listed)
        self.assertEqual(["post + p", "post + q", "post + r", "tag + b",
                          "tag ~ a label"], self.signs(self.carry()))
        # A new row has the default, or nothing where there is none.
        self.assertEqual([("a", 40, "here"), ("b", 0, "")], self.ask(
            "select name, count, seen from tag order by name"))
        self.change("source", "update tag set count = 9, seen = 'z'")
        self.nothing_differs()

    def test_a_table_of_rows_without_names_is_not_called_by_it(self):
        for side in ("source", "target"):
            self.change(side, """create table mark(post_id integer, what text,
                hits integer);""")
        self.change("source", "insert into mark values (1, 'm', 3)")
        words = WORDS + """  - {table: mark, owned_by: post_id, derived: [hits]}
references: [{from: mark.post_id, to: post}]"""
        self.both(words)
        self.carry()
        self.change("target", "update mark set hits = 77")
        self.nothing_differs()
        self.assertEqual([("m", 77)],
                         self.ask("select what, hits from mark"))

    def test_another_meaning_at_the_target_is_refused(self):
        self.write("target", WORDS.replace(", derived: [count, seen]", ""))
        bundle = self.site.export()
        self.refused_import(4, bundle, "means something else", "derived")

    def test_of_a_bundle_it_counts_without_a_profile_here(self):
        self.write("target")
        self.carry()
        self.assertEqual([("a", 40), ("b", 0)],
                         self.ask("select name, count from tag order by name"))

    def test_names_that_are_wrong(self):
        for words, said in ((("count", "cuont"), "has no column 'cuont'"),
                            (("count", "id"), "is of the primary key"),
                            (("count", "name"), "is derived: it names no")):
            self.write("source", WORDS.replace(*words))
            result = self.site.export(expect=2)
            self.assert_says(result, "source.yaml:", said)
            result = self.site.run("valise", "check-profile",
                                   self.site.source_yaml, expect=2)
            self.assert_says(result, "wrong", said)


if __name__ == "__main__":
    unittest.main()
