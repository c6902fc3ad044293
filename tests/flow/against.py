"""valise check-profile SITE --against TARGET: what an import would do, of two
databases on one machine, and for what it would be refused."""
import hashlib
import json
import sqlite3
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
import n8n  # noqa: E402
import wordpress  # noqa: E402
from flow import Flow  # noqa: E402

SCHEMA = """
create table user(id integer primary key, login text not null unique,
    name text);
create table page(id integer primary key, title text not null unique,
    user_id integer, body text);
create table meta(version text);
"""
SOURCE = SCHEMA + """
insert into user values(1, 'ada', 'Ada'), (2, 'eve', 'Eve'),
    (3, 'joe', 'Joe');
insert into page values(1, 'home', 1, 'at http://a.example/'),
    (2, 'news', 3, ''), (3, 'old', 2, '');
insert into meta values('7');
"""
TARGET = SCHEMA + """
insert into user values(71, 'ada', 'Ada'), (72, 'eve', 'Eva');
insert into page values(9, 'news', 72, ''), (4, 'own', 71, '');
insert into meta values('7');
"""
TABLES = ("{table: user, key: [login]}", "{table: page, key: [title]}",
          "{table: meta, skip: true}")


class Against(Flow):
    def setUp(self):
        super().setUp()
        self.db = {side: self.folder / f"{side}.db"
                   for side in ("source", "target")}
        self.yaml = {"source": self.site.source_yaml,
                     "target": self.site.target_yaml}
        self.make("source", SOURCE)
        self.make("target", TARGET)
        for side in self.db:
            self.write(side)

    def make(self, side, sql):
        self.db[side].unlink(missing_ok=True)
        self.change(side, sql)

    def change(self, side, sql):
        db = sqlite3.connect(self.db[side], isolation_level=None)
        db.executescript(sql)
        db.close()

    def write(self, side, extra="", tables=TABLES, words="", profile=None):
        words = ("profile:\n  resources:\n    - resource: app\n"
                 f"      tables: [{', '.join(tables)}]\n"
                 "      references: [{from: page.user_id, to: user}]\n" +
                 words)
        trust = (f"trust: [{{sender: {self.site.keys}/sender.pub}}]\n"
                 if side == "target" else "")
        self.yaml[side].write_text(
            f"site: demo\nstate: {self.folder}/state.{side}\nresources:\n"
            f"  - {{name: app, kind: sqlite, path: {self.db[side]}}}\n"
            + (words if profile is None else profile) + trust + extra)

    def run_(self, *words, expect=0):
        return self.site.run("valise", "check-profile", self.yaml["source"],
                             "--against", self.yaml["target"], *words,
                             expect=expect)

    def check(self, expect=0):
        """An import says the same, and neither file is touched."""
        before = [hashlib.sha256(path.read_bytes()).digest()
                  for path in self.db.values()]
        result = self.run_(expect=expect)
        self.assertEqual(before, [hashlib.sha256(path.read_bytes()).digest()
                                  for path in self.db.values()])
        if expect != 2:
            bundle = self.site.export()
            self.site.import_(bundle, "--preview", "--allow-delete",
                              expect=expect)
        return result

    def test_counts_are_those_of_an_import(self):
        result = self.check()
        self.assert_says(
            result,
            'against\tapp/user\t1 same\t1 differ\t1 new: ["joe"]\n',
            'against\tapp/page\t0 same\t1 differ\t2 new: ["home"], ["old"]\t'
            "1 left alone\n",
            f"an import into '{self.yaml['target']}' would go")
        self.assertNotIn("app/meta\t0 same", result.out)
        result = self.run_("--json")
        tables = {line["table"]: line for line in
                  map(json.loads, result.out.splitlines())
                  if line["message_type"] == "against"}
        self.assertEqual((1, 1, 1, 0), tuple(
            tables["user"][key] for key in ("same", "differ", "new", "go")))

    def test_keys_that_are_there_several_times(self):
        self.make("target", TARGET.replace("login text not null unique",
                                           "login text") +
                  "insert into user values(80, 'eve', ''), (81, 'eve', '');")
        self.make("source", SOURCE.replace("login text not null unique",
                                           "login text"))
        self.assert_says(
            self.check(4), 'refused\tapp/user\tat the target: 3 rows have one '
            'key, ["eve"]: the first is row 72, the last 81')

    def test_another_version_and_another_schema(self):
        version = ('  version: {resource: app, '
                   'sql: "select version from meta"}\n')
        for side in self.db:
            self.write(side, words=version)
        self.check()
        self.change("target", "update meta set version = '8'")
        self.assert_says(self.check(4), "of version '7' at the source and of "
                         "'8' here")
        self.make("target", TARGET.replace("body text", "body integer"))
        self.assert_says(self.check(4), "body")
        self.make("target", "create table user(id integer primary key, "
                  "login text not null unique, name text);"
                  "create table meta(version text);"
                  "insert into meta values('7');")
        self.assert_says(self.check(2), "no table 'page'")

    def test_references_that_the_target_cannot_meet(self):
        tables = ("{table: user, key: [login], skip: \"login = 'joe'\"}",
                  *TABLES[1:])
        for side in self.db:
            self.write(side, tables=tables)
        self.assert_says(self.check(4), '["joe"]')
        self.change("target", "insert into user values(90, 'joe', 'J')")
        self.check()

    def test_values_that_a_side_does_not_say(self):
        words = "      here: [{name: url, in: [page.body]}]\n"
        self.write("source", 'here: {url: "http://a.example"}\n', words=words)
        self.write("target", 'here: {url: "https://b.example"}\n', words=words)
        self.check()
        self.write("target", words=words)
        self.assert_says(self.check(2), "does not say what 'url' is here")

    def test_another_meaning(self):
        self.write("target", tables=("{table: user, key: [name]}",
                                     *TABLES[1:]))
        self.assert_says(self.check(4), "the profile means something else")
        self.write("target", profile="profile: bundle\n")
        self.check()

    def test_policy_of_the_target_over_what_a_bundle_would_bring(self):
        self.write("target", profile="profile: {use: bundle, tables: "
                   "[{resource: app, table: user, on_match: fail}]}\n")
        self.assert_says(self.check(4), 'refused\tapp/user\trow ["eve"]:')
        self.write("target", profile="profile: {use: bundle, tables: "
                   "[{resource: app, table: user, key: [name]}]}\n")
        self.assert_says(self.check(2), "'key' does not stand over")

    def test_what_the_target_says_of_its_rows_counts(self):
        self.write("target",
                   "map: [{resource: app, table: user, from: [joe],"
                   " to: [ada2]}]\nkeep_here: [{resource: app, table: user,"
                   " where: \"login = 'eve'\"}]\n")
        self.change("target", "insert into user values(77, 'ada2', 'Joe')")
        self.assert_says(self.check(), "against\tapp/user\t2 same\t"
                         "1 left alone\n")

    def test_conflicts_are_told_one_by_one(self):
        tables = ("{table: user, key: [login], on_match: fail}", *TABLES[1:])
        for side in self.db:
            self.write(side, tables=tables)
        self.assert_says(self.check(4), 'refused\tapp/user\trow ["eve"]:',
                         "1 in conflict")

    def test_what_is_not_there(self):
        self.write("source", tables=TABLES[:1])
        self.assert_says(self.run_(expect=4), "an export of")
        self.write("source")
        text = self.yaml["target"].read_text()
        self.yaml["target"].write_text(text.replace("site: demo", "site: x"))
        self.assert_says(self.run_(expect=2), "both sides have one name")
        self.yaml["target"].write_text(text.replace("app, kind", "b, kind")
                                       .replace("resource: app",
                                                "resource: b"))
        self.assert_says(self.run_(expect=2), "has no database 'app'")
        self.yaml["target"].write_text(text)
        self.db["target"].unlink()
        self.assert_says(self.run_(expect=2), self.db["target"])

    def test_real_sites(self):
        tree = self.folder / "files"
        tree.mkdir()
        for name, maker, words in (
                ("n8n", n8n, "profile: n8n\n"),
                ("wordpress", wordpress,
                 "profile: {use: wordpress, prefix: {app: wp_}}\n")):
            for side, fixture in (("source", "src"), ("target", "dst")):
                self.db[side].unlink(missing_ok=True)
                maker.make_database(self.db[side], fixture)
                self.yaml[side].write_text(
                    f"site: demo\n{words}here: "
                    f"{{url: 'http://wp{fixture}.test'}}\nresources:\n"
                    f"  - {{name: app, kind: sqlite, path: {self.db[side]}}}"
                    f"\n  - {{name: binary, kind: files, path: {tree}}}\n"
                    + n8n.master_keys(self.folder, fixture))
            result = self.run_()
            self.assertRegex(result.out, r"(?m)^against\tapp/.*\d+ new: ")


if __name__ == "__main__":
    unittest.main()
