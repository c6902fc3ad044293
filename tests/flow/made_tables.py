"""Tables that a target lacks, made by an import: the name holds an id."""
import sqlite3
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from said import WORDS, Said  # noqa: E402

LISTS = "create table list(id text primary key, name text unique);"
MADE = WORDS.replace("{table: slot", '{table: list, key: [name]}, '
                     '{table: "items_{list.id}", create: true}, {table: slot')


class MadeTables(Said):
    def setUp(self):
        super().setUp()
        self.change("source", LISTS + """
            insert into list values ('s1', 'mine'), ('s2', 'taken');
            create table items_s1(id integer primary key autoincrement,
                what text not null default 'none', n real);
            insert into items_s1 values (4, 'a', 1.5), (9, 'b', null);
            create table items_s2(what text);
            insert into items_s2 values ('x'), ('x');""")
        self.change("target", LISTS + """
            insert into list values ('s1', 'theirs'), ('t2', 'taken');
            create table items_s1(id integer primary key autoincrement,
                what text not null default 'none', n real);
            insert into items_s1 values (1, 'stays', 0);""")
        self.write("source", words=MADE)
        self.write("target", words=MADE, extra=(
            f"trust:\n  - {{sender: {self.site.keys}/sender.pub}}\n"))

    def names(self):
        return [name for name, in self.ask(
            "select name from sqlite_schema where name like 'items%' "
            "order by 1")]

    def ask(self, sql):
        db = sqlite3.connect(self.files["target"])
        found = db.execute(sql).fetchall()
        db.close()
        return found

    def test_they_come_with_their_rows_and_are_previewed(self):
        bundle = self.site.export()
        shown = self.site.preview(bundle)
        self.assert_says(shown, 'items_{["mine"]}', 'items_{["taken"]}',
                         "is made: the target has none")
        self.assertEqual(["items_s1"], self.names())
        self.site.import_(bundle, "--allow-delete")
        (ident,), = self.ask("select id from list where name = 'mine'")
        self.assertNotEqual("s1", ident)
        self.assertEqual(sorted(["items_s1", "items_t2", f"items_{ident}"]),
                         self.names())
        self.assertEqual([("a", 1.5), ("b", None)], self.ask(
            f"select what, n from items_{ident} order by what"))
        self.assertEqual([("x",), ("x",)], self.ask("select * from items_t2"))
        self.assertEqual([(1, "stays", 0.0)],
                         self.ask("select * from items_s1"))
        again = self.site.import_(self.site.export())
        self.assert_says(again, "nothing differs")

    def test_what_is_refused_leaves_no_table(self):
        self.change("source", "insert into items_s1 values (10, 'c', 2)")
        self.change("target", """create trigger t after insert on list begin
            update list set name = 'other' where id = new.id; end""")
        before = self.names()
        result = self.site.import_(self.site.export(), "--allow-delete",
                                   expect=4)
        self.assert_says(result, "once it is written it is called "
                         '["other"]: does a trigger of the database change')
        self.assertEqual(before, self.names())

    def test_a_table_with_a_check_is_not_made_and_both_sides_say_so(self):
        self.change("source", "drop table items_s2; create table items_s2("
                    "n int check (n > 0)); insert into items_s2 values (1)")
        bundle = self.site.export()
        self.assert_says(self.site.last_export, "'items_s2' is not made",
                         "it has a check")
        result = self.site.import_(bundle, expect=4)
        self.assert_says(result, 'items_{["taken"]}', "which is not here")


if __name__ == "__main__":
    unittest.main()
