"""Rows that the target cannot take: table and key, why, and what is in the
way; nothing is written."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from sides import Sides  # noqa: E402

BY_NAME = "tables:\n- {table: n, key: [name]}"
N = "create table n(id integer primary key, name text not null unique, m%s);"
P = "create table p(id integer primary key, name text not null unique);"
C = ("create table c(id integer primary key, name text not null unique, "
     "p_id int references p(id), m);")


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


class Unmet(Sides):
    """Foreign keys that name no row."""
    LOOSE = ("create table z(id integer primary key, n_id int "
             "references n(id));")

    def setUp(self):
        super().setUp()
        self.change("source", N % "" + "insert into n values(1,'a','x');")
        self.both(BY_NAME)

    def import_(self, expect=0):
        return self.site.import_(self.site.export(), "--allow-schema-drift",
                                 "--allow-delete", expect=expect)

    def test_before_the_import_are_told_and_stay(self):
        self.change("target", N % "" + self.LOOSE +
                    "insert into z values(1, 5), (2, null), (3, 77);")
        self.assert_says(
            self.import_(), "row 1 of table 'z' refers to a row of 'n' that "
            "is not there; it did so before, and stays as it is", "row 3 of")
        self.assertEqual([(1, 5), (2, None), (3, 77)],
                         self.ask("select * from z"))
        self.assertEqual([("a", "x")], self.ask("select name, m from n"))

    def test_many_are_counted(self):
        self.change("target", N % "" + self.LOOSE + "insert into z select "
                    "value, value + 100 from json_each('[1,2,3,4,5,6,7,8,9,"
                    "10,11,12]');")
        result = self.import_()
        self.assert_says(result, "row 10 of", "12 rows in all refer to rows "
                         "that are not there, as before")
        self.assertNotIn("row 11 of", result.err)

    def test_of_rows_without_a_rowid_are_counted_too(self):
        self.change("target", N % "" + "create table z(k text primary key, "
                    "n_id int references n(id)) without rowid;"
                    "insert into z values('p', 9);")
        self.assert_says(self.import_(), "a row of table 'z' refers to a row "
                         "of 'n'")

    def test_stay_where_a_row_that_was_brought_is_gone(self):
        """Then nothing is written, and yet it is proved."""
        self.change("source", "insert into n values(2,'b','y');")
        self.change("target", N % "" + self.LOOSE +
                    "insert into z values(1, 5);")
        self.import_()
        for side in "source", "target":
            self.change(side, "delete from n where name = 'b';")
        self.import_()
        self.assertEqual([("a",)], self.ask("select name from n"))
        self.assertEqual([(1, 5)], self.ask("select * from z"))

    def kept(self, value):
        """A row with `value` here, and at the source with 8, which names no
        row there either and is kept."""
        for table in P, C:
            self.change("source", table)
            self.change("target", table)
        self.change("source", "insert into c values(1,'x',8,'new');")
        self.change("target", f"insert into c values(4,'x',{value},'old');")
        self.both("tables:\n- {table: n, key: [name]}\n"
                  "- {table: p, key: [name]}\n- {table: c, key: [name]}\n"
                  "references:\n"
                  "- {from: c.p_id, to: p, on_dangling: keep}")
        self.change("target", N % "")

    def other_id(self, value, stays):
        self.kept(value)
        self.assert_says(self.import_(expect=4), "row 4 of table 'c' would "
                         "refer to a row of 'p' that is not there")
        self.assertEqual([(4, "x", stays, "old")],
                         self.ask("select * from c"))

    def test_in_a_row_without_one_are_refused_though_kept(self):
        self.other_id("null", None)

    def test_with_another_id_than_before_are_refused_though_kept(self):
        self.other_id("7", 7)

    def test_with_the_id_of_before_may_be_written_about(self):
        self.kept("8")
        self.assert_says(self.import_(), "row 4 of table 'c' refers to a row "
                         "of 'p' that is not there; it did so before")
        self.assertEqual([(4, "x", 8, "new")], self.ask("select * from c"))

    def test_that_the_import_would_make_are_refused(self):
        """Beside one that was there."""
        self.change("target", N % "" + self.LOOSE +
                    "insert into n values(4,'b','x');"
                    "insert into z values(1, 5), (2, 4);")
        self.both("tables:\n- {table: n, key: [name], target_only: delete}")
        self.assert_says(self.import_(expect=4), "resource 'app': row 2 of "
                         "table 'z' would refer to a row of 'n' that is not "
                         "there")
        self.assertEqual([("b",)], self.ask("select name from n"))


class Told(Sides):
    """One line, which says where, once."""

    def one_place(self, result, *said):
        self.assert_says(result, *said)
        self.assertEqual(1, result.err.count("resource 'app'"), result.err)

    def refused_export(self, *said):
        result = self.site.export(expect=4)
        self.assert_says(result, *said)
        self.assert_one_line(result)
        return result

    def test_a_key_that_is_another_owners_here(self):
        c = ("create table c(id integer primary key, p_id int references "
             "p(id), code text unique);")
        self.change("source", P + c + "insert into p values(1,'a');"
                    "insert into c values(1,1,'x');")
        self.change("target", P + c + "insert into p values(5,'a'),"
                    "(6,'b'); insert into c values(9,6,'x');")
        self.both("tables:\n- {table: p, key: [name]}\n"
                  "- {table: c, owned_by: p_id, key: [code]}")
        self.one_place(self.carry(expect=4), "resource 'app': table 'c', "
                       "[\"x\"]: its key is here that of a row of another "
                       "owner ('p_id')")

    def test_rows_of_the_target_with_one_key(self):
        n = "create table n(id integer primary key, name text);"
        self.change("source", n + "insert into n values(1,'a');")
        self.change("target", n + "insert into n values(1,'a'),(4,'b'),"
                    "(5,'a'),(7,'a');")
        self.both(BY_NAME)
        self.one_place(self.carry(expect=4), "resource 'app': table 'n': "
                       "rows 1, 5 and 7 have one key, [\"a\"]: rename all "
                       "but one")

    def test_several_rows_without_a_rowid_that_say_one_key(self):
        """They have no number that says which."""
        self.change("source", "create table p(id integer primary key);"
                    "create table c(name text primary key, p_id int "
                    "references p(id)) without rowid; insert into p "
                    "values(1); insert into c values('x',1),('y',1);")
        self.both("tables:\n- {table: p, key: [{of: c.p_id, column: name}]}"
                  "\n- {table: c, key: [name]}")
        self.refused_export("table 'p', row 1: 2 rows of 'c' point to it, so "
                            "that its key is not one")

    def test_many_rows_of_the_source_with_one_key(self):
        self.change("source", "create table n(id integer primary key, name);"
                    "with recursive i(i) as (select 1 union all select i + 1 "
                    "from i where i < 14) insert into n select i, 'a' from i")
        self.both(BY_NAME)
        self.refused_export("rows 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 4 more "
                            "have one key")

    def test_a_map_that_names_no_table(self):
        self.change("source", N % "" + "insert into n values(1,'a','x');")
        self.change("target", N % "")
        self.write("source", BY_NAME)
        self.write("target", BY_NAME, "map: [{resource: app, table: nn, "
                   "from: [a], to: [b]}]\n")
        self.one_place(
            self.carry(expect=2),
            f"{self.site.target_yaml}:12: map: there is no table 'nn'")

    def test_clear_where_the_column_may_not_be_null(self):
        self.change("source", P + "create table c(k text primary key, "
                    "p_id int not null); insert into c values('x', 77);")
        self.both("tables:\n- {table: p, key: [name]}\nreferences:\n"
                  "- {from: c.p_id, to: p, on_dangling: clear}")
        self.refused_export("which is not there: mend it, or say in 'none' "
                            "what stands for nothing")

    def test_the_help_says_what_is_waited_for(self):
        self.assert_says(self.site.run("valise-import", "--help"),
                         "for who locks a database")


if __name__ == "__main__":
    unittest.main()
