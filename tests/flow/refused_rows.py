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


class Extra(Sides):
    """A table that the target alone has."""
    KEYLESS = "create table z(id integer primary key, n_id int, body text);"
    ROW = "insert into z values(1, 5, 'mine');"

    def setUp(self):
        super().setUp()
        self.change("source", N % "" + "insert into n values(1,'a','x');")
        self.change("target", N % "" + self.KEYLESS + self.ROW)

    def left_alone(self, *words):
        self.carry(*words)
        self.assertEqual([(1, 5, "mine")], self.ask("select * from z"))
        self.assertEqual([("a", "x")], self.ask("select name, m from n"))

    def test_is_refused_with_what_would_leave_it_alone(self):
        self.both(BY_NAME)
        self.assert_says(self.carry(expect=4), "table 'z' is here and not in "
                         "the bundle: '--allow-schema-drift' leaves it alone")

    def test_is_left_alone_where_drift_is_allowed(self):
        for words in (BY_NAME, ""):
            with self.subTest(words=words):
                self.write("source", BY_NAME)
                self.write("target", words,
                           "" if words else "profile: bundle\n")
                bundle = self.site.export()
                self.site.import_(bundle, "--allow-delete",
                                  "--allow-schema-drift")
                self.assertEqual([(1, 5, "mine")],
                                 self.ask("select * from z"))
                self.assertEqual([("a", "x")],
                                 self.ask("select name, m from n"))

    def test_is_left_alone_where_the_target_alone_skips_it(self):
        self.write("source", BY_NAME)
        self.write("target", BY_NAME + "\n- {table: z, skip: true}")
        self.left_alone()

    def test_that_is_skipped_here_may_not_come(self):
        self.change("source", "create table z(name text primary key);")
        self.write("source", BY_NAME + "\n- {table: z, key: [name]}")
        self.write("target", BY_NAME + "\n- {table: z, skip: true}")
        self.assert_says(self.carry(expect=4), "means something else here")
        self.write("source", BY_NAME)
        self.assert_says(self.carry(expect=4), "the bundle has table 'z', "
                         "which the profile skips")


if __name__ == "__main__":
    unittest.main()
