"""What an operator says at an import: records that are others here."""
import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from said import Said  # noqa: E402


class Maps(Said):
    def setUp(self):
        super().setUp()
        self.file = self.folder / "map.txt"
        self.bundle = None

    def map(self, text):
        self.file.write_bytes(text.encode())
        return "--map", self.file

    def bring(self, text, expect=0):
        self.bundle = self.bundle or self.site.export()
        return self.site.import_(self.bundle, "--allow-delete",
                                 *self.map(text), expect=expect)

    def bad(self, text, *said, expect=2):
        before = self.rows()
        self.assert_says(self.bring(text, expect), *said)
        self.assertEqual(before, self.rows())

    def test_a_record_is_another_one_here(self):
        result = self.bring("# who is who\n\n"
                            "app/person\tada@example.org\t"
                            "carla@example.org\n")
        self.assertNotIn("note: " + str(self.file), result.err)
        self.assertEqual(
            [(1, "blaise@example.org", "Blaise"),
             (2, "carla@example.org", "Ada")], self.rows()["person"])
        self.assertEqual({"pack": 1, "buy": 2, "mine": 2}, self.owners())
        again = self.site.import_(self.site.export(), "--map", self.file)
        self.assert_says(again, "nothing differs")

    def test_keys_as_json_and_of_several_values(self):
        self.bring('app/person\t["ada@example.org"]\t["carla@example.org"]\n'
                   "app/slot\tmon/9\tmon/10\n"
                   'app/slot\t["a/b",1]\t["b/a",1]\n')
        self.assertEqual({"pack": 1, "buy": 2, "mine": 2}, self.owners())
        self.assertEqual([("b/a", 1, "odd"), ("mon", 10, "early")],
                         self.rows()["slot"])
        self.bad("app/slot\ta/b/1\tmon/10\n", f"{self.file}:1",
                 "has 2 values", "as JSON")
        self.bad("app/slot\tmon\tmon/10\n", "has 2 values")
        self.bad('app/person\t["x" ]\tx\n', f"{self.file}:1", "JSON")
        self.bad('app/person\t[["x"]]\tx\n', f"{self.file}:1", "JSON")

    def test_rows_matched_by_a_column_in_place_of_the_key(self):
        self.change("target", "update person set name = 'Ada' where id = 2;"
                    "update person set name = 'Blaise' where id = 1;"
                    "insert into person values (3, 'dan@example.org', null)")
        self.change("source", "insert into person values "
                    "(9, 'dan@example.org', null), (8, 'eve@x', 'Eve')")
        self.bring("app/person\tby name\n")
        self.assertEqual(
            [(1, "blaise@example.org", "Blaise"),
             (2, "carla@example.org", "Ada"), (3, "dan@example.org", None),
             (4, "eve@x", "Eve")], self.rows()["person"])
        self.assertEqual({"pack": 1, "buy": 2, "mine": 2}, self.owners())
        again = self.site.import_(self.site.export(), "--map", self.file)
        self.assert_says(again, "nothing differs")

    def preview(self, text):
        return self.site.run(
            "valise-import", self.site.target_yaml, self.bundle, "--preview",
            *self.map(text), *self.site.identity)

    def test_rows_that_found_nothing_by_a_column_are_said(self):
        self.change("target", "update person set name = 'Blaise' where id = 1")
        self.change("source", "insert into person values "
                    "(9, 'eve@x', 'Eve'), (10, 'gus@x', null)")
        self.bundle = self.site.export()
        by = "app/person\tby name\n"
        said = (f"note: {self.file}:1: table 'person': of 3 rows of the "
                "bundle matched by 'name' 2 found none here: "
                '["ada@example.org"], ["eve@x"]\n')
        self.assert_says(self.preview(by), said)
        self.assert_says(self.bring(by), said)
        self.assertNotIn("found none", self.bring(by).err)

    def test_of_many_that_found_nothing_by_a_column_a_few_are_named(self):
        self.change("target", "update person set name = 'Blaise' where id = 1")
        self.change("source", "insert into person values " + ", ".join(
            f"({n}, 'p{n}@x', 'P{n}')" for n in range(11, 20)))
        self.bundle = self.site.export()
        self.assert_says(
            self.preview("app/person\tby name\n"),
            'of 11 rows of the bundle matched by \'name\' 10 found none here: '
            '["ada@example.org"], ["p11@x"], ["p12@x"], ["p13@x"], ["p14@x"], '
            "and 5 more\n")

    def test_by_a_column_case_counts_even_where_the_database_ignores_it(self):
        for side in ("source", "target"):
            self.change(side, "create table login(id integer primary key, "
                        "name text not null unique, mail text collate nocase)")
        words = ("profile: {resources: [{resource: app, tables: ["
                 "{table: person, key: [mail]}, {table: task, key: [title]}, "
                 "{table: slot, key: [day, hour]}, "
                 "{table: login, key: [name]}]}]}\n")
        self.write("source", words=words)
        self.write("target", f"trust: [{{sender: {self.site.keys}"
                   "/sender.pub}]\n", words=words)
        self.change("source", "insert into login values (1, 'ada', 'A@x'), "
                    "(2, 'bob', 'B@x')")
        self.change("target", "insert into login values (7, 'ad', 'a@X'), "
                    "(8, 'bo', 'B@x')")
        self.assert_says(
            self.bring("app/login\tby mail\n"),
            "of 2 rows of the bundle matched by 'mail' 1 found none here: "
            '["ada"]\n')
        self.assertEqual([(7, "ad", "a@X"), (8, "bo", "B@x"),
                          (9, "ada", "A@x")], self.table("login"))

    def test_a_column_that_does_not_tell_rows_apart_is_refused(self):
        by = "app/person\tby name\n"
        self.bad(by, "blaise@example.org", "another value in 'name'",
                 expect=4)
        self.change("target", "update person set name = 'Ada'")
        self.bad(by, "table 'person', row 2", "row 1",
                 '["ada@example.org"] of the source, by name', expect=4)
        self.change("source", "update person set name = 'Ada'")
        self.bundle = None
        self.bad(by, f"{self.file}:1: two rows of the bundle have \"Ada\" "
                 "in 'name'", expect=4)
        self.change("target", "update person set name = 'B.' where id = 1")
        self.bring("app/person\tby name\n"
                   "app/person\tblaise@example.org\tblaise@example.org\n")
        self.assertEqual({"pack": 1, "buy": 2, "mine": 2}, self.owners())

    def test_what_matches_nothing_is_said(self):
        result = self.bring("app/person\tnobody@example.org\t"
                            "carla@example.org\n"
                            "app/person\tada@example.org\tnobody\n")
        self.assert_says(result, f"{self.file}:1: table 'person' has no row "
                         '["nobody@example.org"] in the bundle',
                         f"{self.file}:2: table 'person' has no row "
                         '["nobody"] here')

    def test_lines_that_are_none(self):
        for text, said in (
                ("app/person\n", "two or three parts"),
                ("app/person\ta\tb\tc\n", "two or three parts"),
                ("app/person\ta\t\n", "two or three parts"),
                ("app/person\t\tb\n", "is empty"),
                ("app\ta\tb\n", "RESOURCE/TABLE"),
                ("app/person\tada\n", "no second one"),
                ("app/person\tby \n", "no second one"),
                ("app/person\ta\tb\r\n", "UTF-8"),
                ("app/person\ta\0\tb\n", "UTF-8"),
                ("ap/person\ta\tb\n", "'ap' is no resource"),
                ("files/x\ta\tb\n", "'files' is no database"),
                ("app/people\ta\tb\n", "there is no table 'people'"),
                ("app/person\tby age\n", "no column 'age'"),
                ("app/task\tby person_id\n", "holds ids"),
                ("app/person\tby mail\napp/person\tby name\n",
                 "line 1 says already")):
            line = text.count("\n")
            self.bad(text, f"{self.file}:{line}: ", said)
        self.bad("app/person\ta\tb\napp/person\ta\tc\n", "mapped twice")
        self.bad("app/person\ta\tb\napp/person\tc\tb\n",
                 "two records of the source")
        self.bad("#" * (1 << 20) + "\n", str(self.file))
        self.bad("#\n" * 10002, "10000 lines")


class Drift(Said):
    def test_every_table_that_drifted_is_told_with_what_would_pass(self):
        self.change("target", "alter table task add note text;"
                    "alter table slot add sum int not null default 0;"
                    "alter table person rename column name to called;"
                    "create table extra(k text primary key);"
                    "create table more(k text primary key)")
        bundle = self.site.export()
        before = self.rows()
        result = self.site.run("valise-import", self.site.target_yaml, bundle,
                               "--preview", *self.site.identity, expect=4)
        passes = ": '--allow-schema-drift' lets it pass\n"
        self.assert_says(result, "'column \"note\" TEXT collate BINARY' here"
                         + passes, '"sum" INT', '"called" TEXT',
                         '"name" TEXT', "4 more tables, as told above",
                         "table 'extra' is here and not in the bundle")
        result = self.site.import_(bundle, "--allow-delete",
                                   "--allow-schema-drift", expect=4)
        self.assert_says(result, "here: let pass\n", "'name'")
        self.assertEqual(before, self.rows())
        self.change("target", "alter table person rename column called "
                    "to name")
        self.site.import_(bundle, "--allow-delete", "--allow-schema-drift")
        self.assertEqual(1, self.owners_of("pack"))

    def owners_of(self, title):
        return next(row[2] for row in self.rows()["task"] if row[1] == title)


class Counts(Said):
    def test_a_preview_counts_each_table(self):
        bundle = self.site.export()
        out = self.site.run("valise-import", self.site.target_yaml, bundle,
                            "--preview", *self.site.identity).out
        table = [line.split() for line in out.splitlines()]
        at = table.index(["add", "change", "delete", "same", "skip",
                          "conflict"])
        self.assertEqual([
            ["app", "5", "1", "0", "0", "4", "0"],
            ["person", "1", "1", "0", "0", "1", "0"],
            ["slot", "2", "0", "0", "0", "2", "0"],
            ["task", "2", "0", "0", "0", "1", "0"]], table[at + 1:at + 5])
        self.change("source", "delete from slot")
        self.change("target", "delete from slot")
        out = self.site.run("valise-import", self.site.target_yaml,
                            self.site.export(), "--preview", "--json",
                            *self.site.identity).out
        told = {line["table"]: line for line in map(
            json.loads, out.splitlines()) if line["message_type"] == "status"
            and "table" in line}
        self.assertEqual(["person", "task"], list(told))
        self.assertEqual((2, 0), (told["task"]["add"],
                                  told["task"]["change"]))


class Keys(Said):
    WORDS = ("profile: {resources: [{resource: app, tables: ["
             "{table: person, key: [name]}, {table: task, key: [body]}, "
             "{table: slot, key: [day, hour]}]}]}\n")

    def test_a_preview_tells_all_names_that_are_not_one(self):
        self.change("target", "insert into person values "
                    "(3, 'x', 'Carla'), (4, 'y', 'Carla'), (5, 'z', 'B.');"
                    "insert into task values (71, 'too', 2, 'It stays.')")
        self.write("source", words=self.WORDS)
        self.write("target", f"trust: [{{sender: {self.site.keys}"
                   "/sender.pub}]\n", words=self.WORDS)
        bundle = self.site.export()
        before = self.rows()
        result = self.site.run("valise-import", self.site.target_yaml, bundle,
                               "--preview", *self.site.identity, expect=4)
        self.assert_says(
            result, "table 'person', here: 2 rows have one key, [\"B.\"]: "
            "the first is row 1, the last 5", "3 rows have one key, "
            "[\"Carla\"]", "5 rows share 2 keys", "table 'task', here: 2 "
            "rows have one key, [\"It stays.\"]")
        self.assertEqual(before, self.rows())


if __name__ == "__main__":
    unittest.main()
