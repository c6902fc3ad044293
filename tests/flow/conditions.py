"""Conditions of a profile that read other rows: at the target they may answer
otherwise than at the source, and then nothing is written."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from sides import Sides  # noqa: E402

ITEMS = """
create table level(n integer);
create table kind(id integer primary key, name text not null unique);
create table item(id integer primary key, kind_id integer references kind,
    name text not null, place integer);
"""
BY_LEVEL = """
tables:
  - {table: level, skip: true}
  - {table: kind, key: [name]}
  - {table: item, where: "place > (select n from level)", key: [name]}
  - {table: item, key: [place]}
"""
BY_KIND = """
tables:
  - {table: level, skip: true}
  - {table: kind, key: [name]}
  - {table: item, key: [name], where: "kind_id in
     (select id from kind where name = 'a')"}
  - {table: item, key: [name], where: "kind_id in
     (select id from kind where name = 'b')"}
"""


class Conditions(Sides):
    def make(self, source, target, words):
        self.change("source", ITEMS + source)
        self.change("target", ITEMS + target)
        self.both(words)

    def test_a_row_that_is_of_another_entry_here_is_refused(self):
        self.make("insert into level values (5);"
                  "insert into item values (1, null, 'x', 10)",
                  "insert into level values (50)", BY_LEVEL)
        said = self.carry(expect=4)
        self.assertRegex(
            said.err, r"target\.yaml:\d+:\d+: table 'item', \[\"x\"\]: once it "
            r"is written it is of this entry and called \[10\]")
        self.change("target", "update level set n = 5")
        self.carry()
        self.nothing_differs()

    def test_a_row_that_no_entry_fits_here_is_refused(self):
        self.make("insert into level values (5);"
                  "insert into item values (1, null, 'x', 10)",
                  "insert into level values (50)",
                  BY_LEVEL.replace("  - {table: item, key: [place]}\n", ""))
        self.assert_says(self.carry(expect=4), "table 'item', [\"x\"]: once "
                         "it is written no entry of the profile fits it")

    def test_rows_are_sorted_by_rows_that_come_with_them(self):
        self.make("insert into kind values (1, 'a'), (2, 'b');"
                  "insert into item values (1, 1, 'x', 1), (2, 2, 'y', 2)",
                  "", BY_KIND)
        self.carry()
        self.assertEqual([("x", 1), ("y", 2)],
                         self.ask("select name, place from item"))
        self.nothing_differs()

    def test_not_where_the_entry_would_have_said_something_else(self):
        self.make("insert into kind values (1, 'a'), (2, 'b');"
                  "insert into item values (1, 1, 'x', 1), (2, 2, 'y', 2)",
                  "", BY_KIND.replace("key: [name], where", "key: [name], "
                                      "on_new: skip, where", 1))
        self.assert_says(self.carry(expect=4), "[\"x\"]: once it is written "
                         "it is of this entry, whose 'on_new' is another")

    def test_rows_of_two_entries_are_not_taken_for_one(self):
        self.make("insert into item values (1, null, 'a', 8)",
                  "insert into item values (1, null, 'x', 'a')", """
tables:
  - {table: [level, kind], skip: true}
  - {table: item, where: "typeof(place) = 'integer'", key: [name]}
  - {table: item, key: [place]}
""")
        self.assert_says(self.carry(expect=4), "it was a row of another "
                         "entry, whose key says the same")


if __name__ == "__main__":
    unittest.main()
