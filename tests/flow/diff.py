"""What differs between two bundles of a series, as an auditor sees it."""
import json
import os
import shutil
import sqlite3
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from database import Database  # noqa: E402


class Bundles(Database):
    def setUp(self):
        super().setUp()
        self.write_yaml(files="")
        self.auditor = self.folder / "auditor"
        self.site.run("valise", "keygen", self.auditor)
        self.first = self.export()

    def export(self):
        return self.site.export("--audit-recipient",
                                self.auditor / "recipient.pub")

    def diff(self, *words, a=None, b=None, expect=0, key=None):
        return self.site.run(
            "valise", "diff", a or self.first, b or self.second, *words,
            "--identity", (key or self.auditor) / "recipient.key",
            expect=expect)

    def lines(self, *words, **how):
        return [tuple(line.split("\t"))
                for line in self.diff(*words, **how).out.splitlines()]

    def change(self, sql):
        with sqlite3.connect(self.db) as db:
            db.executescript(sql)
        db.close()


class Diff(Bundles):
    def test_an_unchanged_site_has_no_difference(self):
        self.second = self.export()
        self.assertEqual([], self.lines("--exit-code"))

    def test_each_change_is_one_line_with_what_differs(self):
        tree = self.site.source
        (tree / "a").write_text("another\n")
        os.utime(tree / "a", (0, 0))
        (tree / "dir" / "b").unlink()
        (tree / "new\n").write_text("x")
        os.chmod(tree / "dir", 0o700)
        self.change("""
            update task set body = 'Pack all of it.', done = 1 where id = 1;
            delete from task where name = 'wait';
            insert into person values (11, 'carl@example.org');
            create table extra(k text primary key);
        """)
        self.second = self.export()
        self.assertEqual([
            ("+", "app/extra", ""),
            ("+", 'app/person/["carl@example.org"]', ""),
            ("~", 'app/task/["pack"]', "body, done"),
            ("-", 'app/task/["wait"]', ""),
            ("~", "files", "mtime"),
            ("~", "files/a", "hash, mtime, size"),
            ("~", "files/dir", "mode, mtime"),
            ("-", "files/dir/b", ""),
            ("+", "files/new\\n", ""),
        ], [line for line in self.lines()])

    def test_backwards_is_the_other_way_round(self):
        self.change("delete from task where name = 'wait'")
        self.second = self.export()
        self.assertEqual([("+", 'app/task/["wait"]', "")],
                         self.lines(a=self.second, b=self.first))

    def test_ids_of_the_source_are_no_difference(self):
        self.change("update task set person_id = null where person_id = 9;"
                    "update person set id = 19 where id = 9;"
                    "update task set person_id = 19 where name = 'pack';"
                    "update task set id = id + 100")
        self.second = self.export()
        self.assertEqual([], self.lines("--exit-code"))

    def test_a_value_in_the_body_is_one_too(self):
        self.change("update cache set v = zeroblob(9000) where k = 'a'")
        self.first = self.export()
        self.change("update cache set v = x'01' || zeroblob(8999)"
                    " where k = 'a'")
        self.second = self.export()
        self.assertEqual(1, len(self.lines()))

    def test_a_number_is_not_the_text_that_spells_it(self):
        self.change("update cache set v = '5' where k = 'a'")
        self.first = self.export()
        self.change("update cache set v = 5 where k = 'a'")
        self.second = self.export()
        self.assertEqual([("~", 'app/cache/["a"]', "v")], self.lines())

    def test_counts_by_resource(self):
        self.change("delete from task where name = 'wait'")
        self.second = self.export()
        self.assertEqual(("app", "0", "0", "1", "10"),
                         self.lines("--stat")[0])
        self.assertEqual(10, self.diff("--exit-code", "--stat",
                                       expect=10).code)

    def test_json_has_key_and_fields(self):
        self.change("update task set done = 2 where name = 'pack'")
        self.second = self.export()
        lines = [json.loads(line)
                 for line in self.diff("--json").out.splitlines()]
        self.assertEqual(
            {"message_type": "plan", "change": "modify", "resource": "app",
             "table": "task", "key": ["pack"], "fields": "done"}, lines[0])
        self.assertEqual(["app", "files"], [line["resource"] for line in lines
                         if line["message_type"] == "summary"])

    def test_bundles_of_two_series_are_refused(self):
        shutil.rmtree(self.site.source_state)
        self.second = self.export()
        result = self.diff(expect=4)
        self.assert_says(result, "two series")
        self.assert_one_line(result)
        self.assertEqual("", result.out)

    def test_a_key_that_opens_one_only_is_refused(self):
        self.second = self.site.export()
        self.diff(expect=7)
        self.diff(a=self.second, b=self.first, expect=7)

    def test_a_damaged_bundle_ends_it(self):
        self.second = self.export()
        index = self.second / "i0000002.vli"
        data = bytearray(index.read_bytes())
        data[len(data) // 2] ^= 1
        index.write_bytes(data)
        self.assert_says(self.diff(expect=5), "i0000002.vli")


class Secrets(Bundles):
    """Columns that hold them, and places in the values of one."""

    SECRETS = (
        "profile: {resources: [{resource: app, tables: ["
        "{table: task, key: [name]}, {table: cache, key: [k]}], secrets: ["
        "{column: task.body, cipher: plain}, {column: cache.v, cipher: plain, "
        "json: $.pin}]}]}\n")

    def write_yaml(self, extra="", files=None):
        super().write_yaml(self.SECRETS + extra, files)

    def setUp(self):
        super().setUp()
        self.put(29, "red")
        self.first = self.export()

    def put(self, pin, colour):
        self.change('update cache set v = \'{"colour": "%s", "pin": '
                    '"pin-731058%d"}\' where k = \'a\'' % (colour, pin))

    def differ(self, sql=""):
        """The lines, in text and as JSON; no fingerprint is in them."""
        self.change(sql)
        self.second = self.export()
        shown = self.diff().out
        said = self.diff("--json").out
        for text in (shown, said):
            self.assertNotIn("sf1.", text)
            self.assertNotIn("pin-7310582", text)
        return ([tuple(line.split("\t")) for line in shown.splitlines()],
                [line for line in map(json.loads, said.splitlines())
                 if line["message_type"] == "plan"])

    def test_a_secret_that_changed_is_a_line_of_its_own(self):
        shown, said = self.differ(
            "update task set body = 'Pack other things.' where id = 1")
        self.assertEqual([("s", 'app/task/["pack"]', "secret changed")],
                         shown)
        self.assertEqual([{"message_type": "plan", "change": "secret",
                           "resource": "app", "table": "task",
                           "key": ["pack"]}], said)
        self.assertEqual(("app", "0", "1", "0", "10"),
                         self.lines("--stat")[0])
        self.diff("--exit-code", expect=10)

    def test_what_else_changed_is_named_before_it(self):
        shown, said = self.differ(
            "update task set body = null, done = 3 where id = 1")
        self.assertEqual([("~", 'app/task/["pack"]', "done"),
                          ("s", 'app/task/["pack"]', "secret changed")],
                         shown)
        self.assertEqual([("modify", "done"), ("secret", None)], [
            (line["change"], line.get("fields")) for line in said])

    def test_one_inside_a_value_is_told_apart_from_what_is_around(self):
        place = 'app/cache/["a"]'
        for pin, colour, lines in (
                (28, "red", [("s", place, "secret changed")]),
                (28, "blue", [("~", place, "v")]),
                (27, "green", [("~", place, "v"),
                               ("s", place, "secret changed")])):
            self.put(pin, colour)
            shown, _ = self.differ()
            self.assertEqual(lines, [line[:3] for line in shown])
            self.first = self.second


if __name__ == "__main__":
    unittest.main()
