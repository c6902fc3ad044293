"""Rows that the target cannot take: table and key, why, and what is in the
way; nothing is written."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from sides import Sides  # noqa: E402

BY_NAME = "tables:\n- {table: n, key: [name]}"
N = "create table n(id integer primary key, name text not null unique, m%s);"


class Taken(Sides):
    def taken(self, schema, source, target, *said, extra=""):
        self.change("source", schema + source)
        self.change("target", schema + target)
        self.write("source", BY_NAME)
        self.write("target", BY_NAME, extra)
        result = self.carry(expect=4)
        self.assert_says(result, "resource 'app': table 'n', [\"a\"]: cannot "
                         "write to table 'n' of ", *said)
        self.assertEqual(1, result.err.count("'app'"), result.err)

    def test_by_a_column(self):
        self.taken(N % " unique", "insert into n values(1,'a','z');",
                   "insert into n values(4,'b','z');",
                   "UNIQUE constraint failed: n.m; in the way is row [\"b\"] "
                   "of the target: change one of the two")

    def test_by_several_columns_of_a_row_that_changes(self):
        self.taken(N % ", k, unique (k, m)",
                   "insert into n values(1,'a','z',1);",
                   "insert into n values(3,'a','y',1),(4,'b','z',1);",
                   "n.k, n.m; in the way is row [\"b\"] of the target")

    def test_by_another_case(self):
        self.taken(N % " collate nocase unique",
                   "insert into n values(1,'a','Prod');",
                   "insert into n values(4,'b','prod');",
                   "n.m; in the way is row [\"b\"] of the target")

    def test_by_a_key_of_some_rows(self):
        self.taken(N % "" + "create unique index i on n(m) where m > 'x';",
                   "insert into n values(1,'a','z');",
                   "insert into n values(4,'b','z');",
                   "n.m; in the way is row [\"b\"] of the target")

    def test_by_an_expression_of_which_the_index_is_named(self):
        self.taken(N % "" + "create unique index low on n(lower(m));",
                   "insert into n values(1,'a','Z');",
                   "insert into n values(4,'b','z');",
                   "failed: index 'low'; a row of the target has that already")

    def test_by_a_row_that_is_mapped(self):
        self.taken(N % " unique",
                   "insert into n values(1,'a','z');",
                   "insert into n values(3,'c','y'),(4,'b','z');",
                   "n.m; in the way is row [\"b\"] of the target",
                   extra="map: [{resource: app, table: n, from: [a], "
                   "to: [c]}]\n")


if __name__ == "__main__":
    unittest.main()
