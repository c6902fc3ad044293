"""Rows of databases in bundles: each value as it is, one manifest for one
content, and what `valise ls` and `valise cat` show of them."""
import base64
import json
import sqlite3
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from database import SHOP, Rows  # noqa: E402

INLINE = 4096


def value(cell):
    """A cell as it stands in a line, by formats/manifest.md."""
    if isinstance(cell, bytes):
        return {"$b64": base64.urlsafe_b64encode(cell).decode().rstrip("=")}
    if isinstance(cell, float):
        return {"$r": repr(cell).removesuffix(".0")}
    if isinstance(cell, int) and abs(cell) >= 10**15:
        return {"$i": str(cell)}
    return cell


class Values(Rows):
    def check_cells(self, encoding):
        cells = [None, 0, -1, 10**15 - 1, 10**15, 2**63 - 1, -2**63, 0.5,
                 1.0, -0.0, 5e-324, 1.7976931348623157e308, float("inf"),
                 "", "1", "ünï", "a\nb\t\"\\\x7f\x01", "x" * INLINE, b"",
                 b"\0\xff", b"y" * INLINE]
        self.make(f"pragma encoding = '{encoding}';"
                  "create table t(n text primary key, v)")
        db = sqlite3.connect(self.db)
        db.executemany("insert into t values (?, ?)",
                       [(f"{n:02}", cell) for n, cell in enumerate(cells)])
        db.commit()
        db.close()
        bundle = self.site.export()
        for row, cell in zip(self.rows(bundle, "t"), cells, strict=True):
            want = value(cell)
            if isinstance(cell, float):
                self.assertEqual(repr(cell), repr(float(row["v"]["$r"])))
            else:
                self.assertEqual(want, row["v"], row["n"])

    def test_every_storage_class_as_it_is(self):
        self.check_cells("UTF-8")

    def test_of_utf_16_too(self):
        self.check_cells("UTF-16le")
        self.check_cells("UTF-16be")

    def test_text_that_is_no_utf_8_or_holds_nul(self):
        self.make("create table t(n text primary key, v text);"
                  "insert into t values ('a', cast(x'61ff62' as text)),"
                  "('b', cast(x'610062' as text))")
        self.assertEqual([{"$t64": "Yf9i"}, {"$t64": "YQBi"}], [
            row["v"] for row in self.rows(self.site.export(), "t")])

    def test_what_is_large_is_a_body(self):
        text = "ä" * 5000
        blob = bytes(range(256)) * 400 + bytes(1 << 18)
        self.make("create table t(n text primary key, a text, b blob, c)")
        db = sqlite3.connect(self.db)
        db.execute("insert into t values ('x', ?, ?, ?)",
                   (text, blob, sqlite3.Binary(b"z" * (INLINE + 1))))
        db.execute("insert into t values ('y', ?, null, 'z')", (text,))
        db.commit()
        db.close()
        bundle = self.site.export()
        x, y = (line for line in self.lines(bundle) if line["t"] == "row")
        self.assertEqual([0, 10000], x["row"]["a"]["$body"])
        self.assertEqual([10000, len(blob)], x["row"]["b"]["$blob"])
        self.assertEqual(10000 + len(blob) + INLINE + 1, x["size"])
        self.assertEqual(y["row"]["a"], x["row"]["a"])
        self.site.run("valise", "verify", "--open", bundle, "--sender",
                      self.site.keys / "sender.pub", *self.site.identity)
        shown = json.loads(self.cat(bundle, "app/t/x").out)
        self.assertEqual({"n": "x", "a": text, "b": value(blob),
                          "c": value(b"z" * (INLINE + 1))}, shown["row"])
        listed = self.site.run("valise", "ls", bundle, "app/t/y",
                               *self.site.identity).out
        self.assertEqual('row\t-\t10000\t-\tapp/t/["y"]\n', listed)


class Schemas(Rows):
    def test_tables_of_every_form(self):
        self.make('''
            create table "order"("select" text primary key, "a ""b" int,
                "Größe" real);
            insert into "order" values ('from', 1, 2.5);
            create table "it's [a] ""table"""(k text primary key, v any);
            insert into "it's [a] ""table""" values ('x', 1);
            create table without(a int, b text, c, primary key(b, a))
                without rowid;
            insert into without values (2, 'x', null), (1, 'x', 'y');
            create table strict(a int not null, b any, unique(a)) strict;
            insert into strict values (1, '1'), (2, 1);
            create table made(a text primary key, n int,
                twice int as (n * 2), kept int as (n * 3) stored);
            insert into made(a, n) values ('x', 21);
            create table nocase(a text collate nocase primary key);
            insert into nocase values ('B'), ('a');
            create table empty(a text primary key);
            create view seen as select * from made;
            create trigger t after insert on made begin
                delete from nocase; end;
        ''')
        bundle = self.site.export()
        self.assertEqual([{"select": "from", "a \"b": 1,
                           "Größe": {"$r": "2.5"}}],
                         self.rows(bundle, "order"))
        self.assertEqual([{"k": "x", "v": 1}],
                         self.rows(bundle, "it's [a] \"table\""))
        self.assertEqual([{"a": 1, "b": "x", "c": "y"},
                          {"a": 2, "b": "x", "c": None}],
                         self.rows(bundle, "without"))
        self.assertEqual([{"a": 1, "b": "1"}, {"a": 2, "b": 1}],
                         self.rows(bundle, "strict"))
        self.assertEqual([{"a": "x", "n": 21}], self.rows(bundle, "made"))
        self.assertEqual([{"a": "B"}, {"a": "a"}],
                         self.rows(bundle, "nocase"))
        tables = {line["c"]: line["schema"] for line in self.lines(bundle)
                  if line["t"] == "table"}
        self.assertEqual(sorted(tables), list(tables))
        self.assertIn("empty", tables)
        self.assertNotIn("seen", tables)
        self.assertIn("strict", tables["strict"])
        self.assert_says(self.site.last_export, "9 rows, 7 tables",
                         "1 view ('seen')", "1 trigger ('t')")

    def test_the_profile_and_the_version_travel_first(self):
        self.write_yaml("profile:\n  version: {resource: app, sql: 'select "
                        "count(*) from task'}\n  resources:\n    - {resource:"
                        " app, tables: [{table: cache, skip: true}]}\n")
        first, *_ = lines = self.lines(self.site.export())
        self.assertEqual(("profile", "3"), (first["t"], first["version"]))
        self.assertEqual([{"skip": True, "table": "cache"}],
                         first["words"]["resources"][0]["tables"])
        self.assertEqual(["profile", "table", "row", "row", "table", "row",
                          "row", "row"], [line["t"] for line in lines])
        self.write_yaml()
        first = self.lines(self.site.export())[0]
        self.assertEqual({"r": "app", "t": "profile"}, first)

    def test_a_database_without_tables_has_a_line(self):
        self.make("create table t(a); drop table t")
        self.assertEqual([{"r": "app", "t": "profile"}],
                         self.lines(self.site.export("--allow-empty")))


class OneContent(Rows):
    def test_one_manifest_whatever_the_layout(self):
        self.write_yaml(files="")
        first = self.manifest()
        self.assertEqual(first, self.manifest())
        self.make("pragma page_size = 512; pragma auto_vacuum = full;" + SHOP)
        self.assertEqual(first, self.manifest())
        with sqlite3.connect(self.db, isolation_level=None) as db:
            db.executescript(
                "pragma journal_mode = wal;"
                "create table t as select * from task; delete from task;"
                "insert into task select * from t order by id desc;"
                "drop table t; create index i on task(done); vacuum;")
        db.close()
        self.assertEqual(first, self.manifest())
        self.make("""
            create table cache(k text primary key, v blob);
            create table task(id integer primary key,
                name text not null unique, person_id integer
                references person(id), body text, done real);
            create table person(id integer primary key,
                mail text not null unique);
        """)
        db = sqlite3.connect(self.db, isolation_level=None)
        db.executescript("""
            insert into cache values ('b', null), ('a', x'00ff');
            insert into person values (9, 'blaise@example.org'),
                (7, 'ada@example.org');
            insert into task values (5, 'wait', null, null, 1),
                (1, 'pack', 9, 'Pack it.', 0.5),
                (2, 'buy', 7, 'A suitcase.', null);
        """)
        self.assertEqual(first, self.manifest())
        db.execute("update task set body = 'Pack it!' where id = 1")
        db.close()
        self.assertNotEqual(first, self.manifest())


class Shown(Rows):
    def setUp(self):
        super().setUp()
        self.make(SHOP + "create table pair(a text, b int, primary key(a, b))"
                  ";insert into pair values ('x/y', 1), ('\"', 2);")
        self.bundle = self.site.export()

    def ls(self, *words, expect=0):
        return self.site.run("valise", "ls", self.bundle, *words,
                             *self.site.identity, expect=expect).out

    def test_a_table_and_a_row_are_listed_by_name(self):
        self.assertEqual('table\t-\t-\t-\tapp/person\n'
                         'row\t-\t-\t-\tapp/person/["ada@example.org"]\n'
                         'row\t-\t-\t-\tapp/person/["blaise@example.org"]\n',
                         self.ls("app/person"))
        one = 'row\t-\t-\t-\tapp/pair/["x/y",1]\n'
        self.assertEqual(one, self.ls('app/pair/["x/y",1]'))
        self.assertIn(one, self.ls("app"))
        self.ls("app/pai", expect=2)
        self.ls("app/pair/x", expect=2)
        self.assertEqual("ada@example.org", json.loads(
            self.ls("--json", "app/person/ada@example.org"))["k"][0])

    def test_a_row_is_shown_with_its_key_ids_and_columns(self):
        shown = self.cat(self.bundle, "app/task/buy").out
        self.assertEqual(
            '{\n  "k": ["buy"],\n  "x": {"id":2},\n'
            '  "row": {\n    "body": "A suitcase.",\n    "done": null,\n'
            '    "name": "buy",\n'
            '    "person_id": {"$ref":["ada@example.org"]}\n  }\n}\n', shown)
        self.assertEqual(shown, self.cat(self.bundle,
                                         'app/task/["buy"]').out)

    def test_what_is_not_there_is_said(self):
        for what in ("app/task/sell", "app/task", "app/tusk/buy", "app/"):
            self.assert_says(self.cat(self.bundle, what, expect=2),
                             "there is no such record")
        self.assert_says(self.cat(self.bundle, "ap/task/buy", expect=2),
                         "there is no resource 'ap'")
        self.assert_says(self.cat(self.bundle, "app", expect=2),
                         "names no record")


if __name__ == "__main__":
    unittest.main()
