"""valise check-profile and valise init --sqlite: what is found in a database
that a profile is held against, and what is drafted of one that has none."""
import base64
import hashlib
import json
import re
import sqlite3
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import Flow  # noqa: E402
import n8n  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]

TRACKER = """
create table user(id integer primary key, login text not null unique,
    password_hash text);
create table project(id integer primary key, slug text not null unique,
    owner_id integer references user);
create table issue(id integer primary key,
    project_id integer not null references project on delete cascade,
    number integer not null, title text, unique(project_id, number));
create table comment(id integer primary key,
    issue_id integer not null references issue on delete cascade,
    position integer, body text);
create table label(name text primary key);
create table issue_label(issue_id integer references issue,
    label text references label, primary key(issue_id, label)) without rowid;
create table folder(id integer primary key, parent_id integer
    references folder, name text not null, unique(parent_id, name));
insert into user values(1, 'ada', 'not shown'), (7, 'bob', 'nor this');
insert into project values(3, 'web', 1), (4, 'app', 7);
insert into issue values(5, 3, 1, 'a'), (6, 3, 2, 'b'), (9, 4, 1, 'a');
insert into comment values(1, 5, 1, 'x'), (2, 5, 2, 'x'), (3, 9, 1, null);
insert into label values('red'), ('blue');
insert into issue_label values(5, 'red'), (6, 'red');
insert into folder values(1, null, 'top'), (2, 1, 'below');
"""

# No keys, no foreign keys: what many applications are like.
LOOSE = """
create table users(id integer primary key, email text, api_token text);
create table posts(id integer primary key, title text, author_id integer,
    user_id integer, parent_id integer, rank integer);
create table marks(id integer primary key, thing_id integer, thing_type text,
    user_id integer);
create table sessions(id text primary key, data text);
insert into users values(100, 'a@x', 'zzSECRETzz'), (200, 'b@x', 'yySECRETyy'),
    (300, 'a@x', null);
insert into posts values(11, 'same', 100, 100, 0, 11),
    (12, 'same', 200, 999, 11, 12), (13, 'other', 300, 300, 11, 13);
insert into marks values(1, 11, 'Post', 100), (2, 100, 'User', 200),
    (3, 12, 'Post', 0);
insert into sessions values('s1', 'x');
"""


def salted(n):
    """A value that has the form of n8n's, which nothing opens."""
    return base64.b64encode(b"Salted__" + bytes([n] * 24)).decode()


def value_of(vector):
    lines = (ROOT / "formats/vectors/cipher" / vector).read_text().split("\n")
    return "".join(line.partition(" ")[2] + "\n" * word.endswith("line")
                   for line in lines
                   if (word := line.partition(":")[0]).startswith("value"))


SEALED = f"""
    create table t(id integer primary key, name text unique, data text,
        conf text, oct text);
    insert into t values
        (1, 'a', '{salted(1)}', '{{"apiKey": "{salted(2)}"}}',
         '{value_of("octopus-128")}'),
        (2, 'b', '{salted(3)}', '{{"apiKey": "{salted(4)}"}}',
         '{value_of("octopus-128")}');
    create table s(name text primary key, value text);
    insert into s values('theme', 'dark'), ('like', 'U2FsdGVkX1 and so on'),
        ('vault', '{value_of("ansible-11")}'), ('either', 'a|b');
"""


class Profiles(Flow):
    def setUp(self):
        super().setUp()
        self.db = self.folder / "app.db"
        self.yaml = self.folder / "app.yaml"

    def make(self, sql):
        with sqlite3.connect(self.db, isolation_level=None) as db:
            db.executescript(sql)
        db.close()

    def write_site(self, *words):
        """`words`: lines of the resource `app` of the profile."""
        profile = "" if not words else (
            "profile:\n  resources:\n    - resource: app\n" +
            "".join(f"      {line}\n" for word in words
                    for line in word.splitlines()))
        self.yaml.write_text(
            f"site: demo\nstate: {self.folder}/state\n{profile}"
            f"resources:\n  - {{name: app, kind: sqlite, path: {self.db}}}\n")

    def check(self, *words, expect=0):
        """The exit code is that of an export, but where a line of the profile
        merely speaks of nothing."""
        before = hashlib.sha256(self.db.read_bytes()).digest()
        result = self.site.run("valise", "check-profile", *words, self.yaml,
                               expect=expect)
        self.assertEqual(before, hashlib.sha256(
            self.db.read_bytes()).digest())
        if result.code != 2:
            self.site.run("valise-export", self.yaml, "--dry-run",
                          "--allow-empty", expect=result.code)
        return result

    def found(self, result, kind):
        return [line for line in result.out.split("\n")
                if line.split("\t")[0] == kind]

    def draft(self, *words, expect=0):
        self.yaml.unlink(missing_ok=True)
        return self.site.run("valise", "init", "--sqlite", self.db, *words,
                             "-o", self.yaml, expect=expect)

    def active(self):
        return [line.strip() for line in self.yaml.read_text().splitlines()
                if line.strip() and not line.strip().startswith("#")]

    def questions(self):
        return re.findall(r"# \? (.*)", self.yaml.read_text())


class Check(Profiles):
    def test_n8n_is_clean_on_both_sides(self):
        for side, rows in (("src", 55), ("dst", 18)):
            self.db.unlink(missing_ok=True)
            n8n.make_database(self.db, side)
            self.yaml.write_text(
                "site: n8n\nprofile: n8n\n"
                f"state: {self.folder}/state\nresources:\n"
                f"  - {{name: app, kind: sqlite, path: {self.db}}}\n"
                "  - {name: binary, kind: files, path: "
                f"{self.site.source}}}\n"
                + n8n.master_keys(self.folder, side))
            result = self.check()
            for kind in ("wrong", "refused", "hint"):
                self.assertEqual([], self.found(result, kind))
            self.assertRegex(result.out, r"version\tapp\tAddInsightsRaw")
            self.assert_says(result, f"would go: {rows} rows",
                             "workflow_history\t", "\tkey: versionId")

    def test_says_of_each_entry_how_its_rows_are_called(self):
        self.make(TRACKER)
        self.write_site(
            "tables:",
            "  - {table: user, key: [login], where: \"login = 'ada'\"}",
            "  - {table: user, key: [login]}",
            "  - {table: comment, owned_by: issue_id, ordinal: [position]}",
            "  - {table: label, skip: \"name = 'blue'\"}")
        result = self.check()
        self.assert_says(
            result, "table\tapp/user\t1 rows\tkey: login\twhere login = 'ada'",
            "table\tapp/comment\t3 rows\tkey: position",
            "table\tapp/label\t1 rows\tkey: name\t1 skipped",
            "reference\tapp/issue_label.label\tto label\t2 met")

    def test_every_fault_is_told_not_the_first_alone(self):
        self.make(LOOSE)
        self.write_site(
            "tables:",
            "  - {table: users, key: [email]}",
            "  - {table: posts, key: [title]}",
            "  - {table: sessions, skip: true}",
            "references:",
            "  - {from: [posts.user_id, marks.user_id], to: users}")
        result = self.check(expect=4)
        self.assert_says(
            result,
            "app/users\t2 rows have one key, [\"a@x\"]: the first is row 100,"
            " the last 300",
            "app/posts\t2 rows have one key, [\"same\"]",
            "2 rows share 1 key",
            "app/posts.user_id\t1 of 3 ids name no row of 'users' (999)",
            "app/marks.user_id\t1 of 3 ids name no row of 'users' (0)",
            "add: {from: \"posts.parent_id\"",
            "'marks.thing_id' is named like a reference",
            "table 'marks' has no key")
        self.assert_one_line(result)

    def test_what_mends_it_is_what_is_proposed(self):
        self.make(TRACKER + "alter table issue add column user_id integer;"
                            "update issue set user_id = 7;")
        self.write_site("tables: [{table: user, key: [login]},"
                        " {table: comment, owned_by: issue_id}]")
        result = self.check(expect=4)
        line = re.search(r"add: (\{.*\})", result.out)[1]
        self.assertEqual('{from: "issue.user_id", to: "user"}', line)
        self.write_site("tables: [{table: user, key: [login]},"
                        " {table: comment, owned_by: issue_id}]",
                        f"references: [{line}]")
        self.assert_says(self.check(), "issue.user_id\tto user\t3 met")

    def test_names_that_are_not_there_end_with_2_and_are_all_told(self):
        self.make(TRACKER)
        self.write_site(
            "tables:",
            "  - {table: usr, key: [login]}",
            "  - {table: project, key: [slag]}",
            "  - {table: issue, key: [number], where: 'nmber > 1'}",
            "  - {table: user, keep_here: [pasword]}",
            "  - {table: comment, owned_by: issue_id}",
            "references:",
            "  - {from: issue.title, to: isue}",
            "  - {from: issue.autor, to: user}",
            "  - {from: issue.title, json: '$[', to: user}",
            "not_reference:",
            "  - issue.ext_id",
            "  - 'issue.no_*'",
            "keep_here: [{table: seting}]")
        result = self.check(expect=2)
        wrong = self.found(result, "wrong")
        for words in ("no table 'usr'", "no column 'slag'", "nmber",
                      "names no column: 'pasword'", "no table: 'isue'",
                      "no column 'issue.autor'", "no table 'seting'"):
            self.assertTrue(any(words in line for line in wrong),
                            f"{words}:\n{result}")
        missing = "line {}: 'not_reference': there is no column '{}'"
        self.assertIn(missing.format(17, "issue.ext_id"), "".join(wrong))
        self.assertIn(missing.format(18, "issue.no_*"),
                      "".join(self.found(result, "hint")))
        # The rest is looked at all the same.
        self.assert_says(result, "table\tapp/comment\t3 rows")

    def test_a_column_that_is_no_reference_and_not_there_ends_with_2(self):
        self.make(TRACKER)
        self.write_site("tables: [{table: user, key: [login]},"
                        " {table: comment, owned_by: issue_id}]",
                        "not_reference: [user.ext_id]")
        self.check(expect=2)
        result = self.site.run("valise-export", self.yaml, "--dry-run",
                               expect=2)
        self.assertIn(f"{self.yaml}:7:23: 'not_reference': there is no "
                      "column 'user.ext_id'", result.err)

    def test_a_word_of_the_site_is_told_with_its_place(self):
        self.make(TRACKER)
        (self.folder / "own.yaml").write_text(
            "resources: [{resource: app, tables: ["
            "{table: comment, owned_by: issue_id}]}]\n")
        self.write_site()
        self.yaml.write_text(self.yaml.read_text() +
                             "profile:\n  use: ./own.yaml\n  tables:\n"
                             "    - {resource: app, table: user, key: [nick]}"
                             "\n")
        result = self.check(expect=2)
        self.assert_says(result, f"{self.yaml}:8:42: table 'user' has no "
                                 "column 'nick'")

    def test_rows_that_an_export_refuses_are_counted(self):
        self.make(TRACKER + """
            create table flow(id integer primary key, name text, nodes text);
            insert into flow values(1, 'a', '[7]'), (2, 'b', '[7, 8'),
                (3, 'c', '[8]'), (4, 'd', '{'), (5, 'e', '{'), (6, 'f', '{');
        """)
        self.write_site(
            "tables: [{table: flow, key: [name]},"
            " {table: comment, owned_by: issue_id}]",
            "references: [{from: flow.nodes, json: '$[*]', to: user}]")
        result = self.check(expect=4)
        self.assert_says(result, "app/flow\tand 1 more rows of it",
                         "app/flow.nodes\t1 of 2 ids name no row", "(8)")

    def test_strays_trees_and_rows_that_two_name(self):
        self.make(TRACKER + """
            insert into folder values(8, 9, 'x'), (9, 8, 'y'), (10, 77, 'z');
            create table owner(user_id integer, project_id integer);
            insert into owner values(1, 3), (7, 3);
        """)
        self.write_site(
            "tables:",
            "  - {table: user, key: [login], where: \"login = 'ada'\"}",
            "  - {table: comment, owned_by: issue_id}",
            "  - {table: project, key: [{of: owner.project_id,"
            " column: user_id}, slug]}",
            "  - {table: owner, skip: true}",
            "references: [{from: owner.user_id, to: user},"
            " {from: owner.project_id, to: project}]")
        result = self.check(expect=4)
        self.assert_says(
            result, "no entry of the profile fits 1 rows, the first of them "
                    "row 7", "rows 1 and 2 of 'owner' point to it, so that its "
                    "key is not one",
            "it stands above itself", "folder.parent_id\t1 of ")

    def test_keys_that_need_each_other(self):
        self.make("create table a(id integer primary key, b int references b);"
                  "create table b(id integer primary key, a int references a);"
                  )
        self.write_site("tables: [{table: a, key: [b]}, {table: b, key: [a]}]")
        self.assert_says(self.check(expect=4), "app.yaml:6:38: the keys of "
                         "tables 'b' and 'a' need each other")

    def test_integers_that_are_ids_of_one_table_are_a_hint(self):
        self.make(TRACKER + "create table big(id integer primary key, "
                  "n text unique not null, last integer);"
                  "insert into big select 1000 + value, value, 0 from "
                  "json_each('[1,2,3,4]');"
                  "update big set last = 1001 + id % 4;")
        self.write_site("tables: [{table: comment, owned_by: issue_id}]")
        result = self.check()
        self.assertEqual(
            ['hint\tapp/big.last\tits integers are ids of \'big\': '
             'perhaps it refers to that\tadd: {from: "big.last", to: "big"}'],
            [line for line in self.found(result, "hint") if "ids" in line])

    def test_of_a_name_that_says_of_what_most_integers_are_enough(self):
        self.make(TRACKER + """
            create table note(id integer primary key, n text unique not null,
                note_parent integer, note_author integer, weight integer);
            insert into note values (1, 'a', 0, 7, 1), (2, 'b', 0, 99, 99),
                (3, 'c', 2, 99, 2), (4, 'd', 99, 7, 99);""")
        self.write_site("tables: [{table: comment, owned_by: issue_id}]")
        self.assertEqual(
            ['{from: "note.note_parent", to: "note"}',
             '{from: "note.note_author", to: "user"}'],
            [line.split("add: ")[1] for line in self.found(self.check(), "hint")
             if "integers" in line])

    def hints(self, result, kind="hint"):
        """Place and the line to add, of hints by values."""
        return [(line.split("\t")[1], line.split("\tadd: ")[1])
                for line in self.found(result, kind) if "\tadd: " in line]

    def test_ids_in_texts_that_no_line_speaks_of_are_a_hint(self):
        php = 'a:2:{s:7:"user_id";i:71;s:4:"size";i:300;}'
        self.make(TRACKER + f"""
            insert into user values(71, 'eve', null), (72, 'joe', null);
            create table page(name text primary key, body text, j text,
                p text, k text);
            create table token(id text primary key, name text unique);
            create table use(name text primary key, t text references token);
            insert into token values('a81f00d2-77', 'one');
            insert into use values('x', 'a81f00d2-77');
            insert into page values('a', 'see ?user_id=71, width="72"',
                '{{"by": [{{"user_id": "72"}}], "w": 71}}', '{php}',
                'a text with a81f00d2-77 in it');
        """)
        lines = ["tables: [{table: comment, owned_by: issue_id},"
                 " {table: page, key: [name]},"
                 " {table: token, key: [name]}, {table: use, key: [name]}]"]
        self.write_site(*lines)
        wanted = [
            ("app/page.body",
             '{from: page.body, pattern: "\\\\buser_id\\\\W{1,4}(\\\\d+)",'
             ' to: user}'),
            ("app/page.j", '{from: page.j, json: "$..user_id", to: user}'),
            ("app/page.p", '{from: page.p, php: "$..user_id", to: user}'),
            ("app/page.k", '{from: page.k, pattern: "\\\\b([\\\\w-]+)", '
             'to: token, on_dangling: keep}')]
        hints = self.hints(self.check())
        self.assertEqual(sorted(wanted), sorted(
            hint for hint in hints if "password" not in hint[0]))
        # What is proposed is right, and then nothing is left to say.
        self.write_site(*lines, "references:",
                        *(f"  - {line}" for _, line in wanted))
        result = self.check()
        self.assertEqual([], [hint for hint in self.hints(result)
                              if "password" not in hint[0]])
        for column in ("body", "j", "p", "k"):
            self.assertIn(f"app/page.{column}\tto ", result.out)
            self.assertRegex(result.out, rf"page.{column}\tto \w+\t1 met")
        self.write_site(*lines, "not_reference: ['page.*']")
        self.assertEqual([], [hint for hint in self.hints(self.check())
                              if "password" not in hint[0]])

    def test_values_of_this_side_that_no_line_speaks_of_are_a_hint(self):
        self.make("""create table page(name text primary key, body text,
                note text, kept text, link text);
            insert into page values('a', 'http://a.example/x',
                'see http:\\/\\/a.example', 'http://a.example', null),
                ('b', null, 'http://a.example.org', null,
                'http://a.example:80'), ('c', null, '"http://a.example"',
                'http://a.example', null);""")
        self.write_site("tables:\n  - {table: page, key: [name], "
                        "keep_here: [kept]}",
                        'here: [{name: url, in: page.body}]')
        self.yaml.write_text(self.yaml.read_text() +
                             "here:\n  url: http://a.example\n")
        mended = self.yaml.read_text().replace(
            "page.body}]", 'page.body}, {name: url, in: "page.note"}]')
        self.assertEqual(
            ["hint\tapp/page.note\t2 values hold 'url' as it is on this side, "
             "and would hold it on the other\tadd: {name: url, in: "
             '"page.note"}'], self.found(self.check(), "hint"))
        self.yaml.write_text(mended)
        self.assertEqual([], self.found(self.check(), "hint"))

    def test_a_line_that_finds_values_and_no_id_is_a_hint(self):
        self.make(TRACKER + """
            create table page(name text primary key, j text);
            insert into page values('a', '{"by": 1}'), ('b', '{"by": 7}');
        """)
        tables = ("tables: [{table: comment, owned_by: issue_id}, {table: page"
                  ", key: [name]}, {table: user, key: [login], keep_here: "
                  "[password_hash]}]")
        line = "{from: page.j, %sto: user, on_dangling: keep}"
        self.write_site(tables, f"references: [{line % 'json: $.by, '}]")
        self.assertNotIn("it finds no id", self.check().out)
        self.write_site(tables, f"references: [{line % ''}]")
        self.assert_says(self.check(), "it finds no id of 'user', and 2 values "
                         "that are none of any row")
        # An id of a row that is gone is one.
        self.make("update page set j = case name when 'a' then '99' end")
        self.assertNotIn("it finds no id", self.check().out)

    def test_small_numbers_and_sizes_are_no_hint(self):
        self.make(TRACKER + """
            create table page(name text primary key, body text, j text);
            insert into page values
                ('a', 'version 1.5.6 of 2020-01-03, width=5, 7 of 9',
                '{"order": 1, "size": 7, "id": 3, "n": [1, 7]}'),
                ('b', '<img height="7"> 5:9 ?p=3', '{"id": 4}');
        """)
        self.write_site("tables: [{table: comment, owned_by: issue_id},"
                        " {table: page, key: [name]},"
                        " {table: user, key: [login],"
                        " keep_here: [password_hash]}]")
        self.assertEqual([], self.hints(self.check()))

    def test_secrets_that_would_travel_are_refused(self):
        self.make("""
            create table t(id integer primary key, name text unique,
                api_token text, note text);
            create table s(name text primary key, value text);
            insert into t values(1, 'a', 'q9-81-xx-77', 'no secret'),
                (2, 'b', 'plain words', 'ghp_0123456789abcdef0123');
            create table u(name text primary key, pw text);
            insert into u values('a', '$2y$10$0123456789abcdefghijkl');
            insert into s values('smtp_password', 'hunter2-and-3'),
                ('theme', 'dark-2-blue-7'),
                ('mail', '{"host": "a9.example", "secret": "s3cr3t-7781"}');
        """)
        self.write_site("tables: [{table: t, key: [name]},"
                        " {table: s, key: [name]}]")
        result = self.check(expect=4)
        self.assertEqual([
            ("app/s.value", """{column: s.value, where: "name = 'mail'"}"""),
            ("app/s.value",
             """{column: s.value, where: "name = 'smtp_password'"}"""),
            ("app/t.api_token", "{column: t.api_token}"),
            ("app/t.note", "{column: t.note}"),
            ("app/u.pw", "{column: u.pw}")],
            sorted(self.hints(result, "refused")))
        self.assert_says(result, "1 value in rows 'smtp_password' may be a "
                         "secret")
        for secret in ("q9-81", "ghp_0", "hunter2", "s3cr3t"):
            self.assertNotIn(secret, result.said)
        self.write_site(
            "tables: [{table: u, skip: true},"
            " {table: t, key: [name], keep_here: [api_token]},"
            " {table: s, key: [name], skip: \"name = 'mail'\"}]",
            "not_secret: [{column: 't.no*'},"
            " {column: s.value, where: \"name like 'smtp%'\"}]")
        self.assertEqual([], self.hints(self.check()))
        self.yaml.write_text(self.yaml.read_text().replace(
            "not_secret:", "# not_secret:") +
            "secrets: {undeclared: warn}\n")
        self.assertEqual(2, len(self.hints(self.check())))
        result = self.site.run("valise-export", self.yaml, "--dry-run")
        self.assert_says(result, "'s.value': 1 value in rows 'smtp_password' "
                         "may be a secret", "'t.note': 1 value may be")
        for line, says in (("{column: t.nothing}", "no column 't.nothing'"),
                           ("{column: s.value, where: nme}", "nme")):
            self.write_site("tables: [{table: t, key: [name]},"
                            " {table: s, key: [name]}]",
                            f"not_secret: [{line}]")
            self.assert_says(self.check(expect=2), says)

    def test_values_under_a_known_cipher_are_told_with_their_line(self):
        self.make(SEALED)
        self.write_site(
            "tables: [{table: t, key: [name]}, {table: s, key: [name]}]",
            "secrets: [{column: t.data, on_secret: blank}]")
        self.assertEqual([
            ("app/s.value", "{column: s.value, where: \"name = 'vault'\", "
             "master_key: app, cipher: ansible-vault}"),
            ("app/t.conf", "{column: t.conf, json: \"$..apiKey\", "
             "master_key: app, cipher: n8n}"),
            ("app/t.oct", "{column: t.oct, master_key: app, "
             "cipher: octopus-aes128}")],
            sorted(self.hints(self.check(expect=4), "refused")))

    def test_init_asks_where_the_key_of_encrypted_values_is(self):
        self.make(SEALED)
        result = self.draft(expect=0)
        asked = "\n".join(self.questions())
        self.assertIn("t.data: 2 values are encrypted as under cipher 'n8n'",
                      asked)
        self.assertIn("t.conf: 2 values beside 'apiKey' are encrypted", asked)
        self.assertIn("# - {column: t.data, master_key: app, cipher: n8n}",
                      self.yaml.read_text())
        self.assertNotIn("U2FsdGVk", self.yaml.read_text() + result.said)

    def test_counts_and_places_in_trees_are_a_hint(self):
        self.make("""
            create table tag(id integer primary key, name text unique,
                posts_count integer, posts integer, weight integer,
                lft integer, rgt integer, parent_id integer references tag);
            create table post(id integer primary key, name text unique,
                tag_id integer references tag);
            insert into tag values(1, 'a', 2, 2, 5, 1, 4, null),
                (2, 'b', 1, 1, 3, 2, 3, 1);
            insert into post values(1, 'p', 1), (2, 'q', 1), (3, 'r', 2);
        """)
        lines = ["tables: [{table: tag, key: [name]},"
                 " {table: post, key: [name]}]"]
        self.write_site(*lines)
        hints = dict(self.hints(self.check()))
        self.assertEqual({"app/tag.posts_count", "app/tag.lft"}, set(hints))
        self.assertEqual("{table: tag, nested_set: {parent: parent_id, "
                         "left: lft, right: rgt}}", hints["app/tag.lft"])
        words = hints["app/tag.posts_count"].removeprefix("{table: tag, ")
        self.write_site("tables: [{table: tag, key: [name], derived: "
                        "[posts_count, lft, rgt]}, {table: post, key: [name]}"
                        "]")
        result = self.check()
        self.assertEqual({"app/tag.posts_count", "app/tag.lft", "app/tag.rgt"},
                         {line.split("\t")[1]
                          for line in self.found(result, "hint")})
        self.assert_says(result, "it is derived, and no import works it out")
        self.write_site("tables:",
                        "  - {table: tag, key: [name], nested_set: {parent: "
                        "parent_id, left: lft, right: rgt}, " + words,
                        "  - {table: post, key: [name]}")
        self.assertEqual([], self.hints(self.check()))

    def test_json_lines(self):
        self.make(LOOSE)
        self.write_site("tables: [{table: users, key: [email]}]")
        result = self.check("--json", expect=4)
        lines = [json.loads(line) for line in result.out.splitlines()]
        self.assertEqual({"table", "finding", "summary", "exit_error"},
                         {line["message_type"] for line in lines})
        total = next(x for x in lines if x["message_type"] == "summary")
        self.assertFalse(total["goes"])
        self.assertEqual(total["refused"], sum(
            x.get("kind") == "refused" for x in lines))

    def test_secrets_are_not_shown(self):
        self.make("create table t(id integer primary key, api_token text);"
                  "insert into t values(1, 'tok-9'), (2, 'tok-9');")
        self.write_site("tables: [{table: t, key: [api_token]}]")
        result = self.check(expect=4)
        self.assertNotIn("tok-9", result.said)
        self.assert_says(result, "rows have one key, which is not shown")

    def test_the_application_may_write_meanwhile(self):
        self.make("pragma journal_mode = wal;" + TRACKER)
        self.write_site("tables: [{table: comment, owned_by: issue_id}]")
        app = sqlite3.connect(self.db, isolation_level=None)
        app.execute("begin immediate")
        app.execute("insert into label values('new')")
        result = self.site.run("valise", "check-profile", self.yaml)
        self.assert_says(result, "table\tapp/label\t2 rows")
        app.execute("rollback")
        app.close()

    def test_what_is_no_database(self):
        for content in (b"", b"text\n" * 500, b"SQLite format 3\0" + b"x" * 90):
            self.db.write_bytes(content)
            self.write_site()
            for words in (("check-profile", self.yaml),
                          ("init", "--sqlite", self.db)):
                result = self.site.run("valise", *words, expect=(2, 5))
                self.assert_says(result, self.db)
                self.assert_one_line(result)
        self.yaml.write_text("site: demo\nresources: [{name: files, kind: "
                             f"files, path: {self.site.source}}}]\n")
        self.assert_says(self.site.run("valise", "check-profile", self.yaml,
                                       expect=2), "no resource to look at")


class Init(Profiles):
    def test_a_schema_with_keys_is_exported_at_once(self):
        self.make(TRACKER)
        self.draft()
        self.check()
        for line in ("- {table: user, key: [login]}",
                     "- {table: project, key: [slug]}",
                     "- {table: issue, key: [project_id, number]}",
                     "- {table: folder, key: [parent_id, name]}",
                     "- {table: issue_label, key: [issue_id, label]}",
                     "- {table: comment, owned_by: issue_id, "
                     "ordinal: [position]}"):
            self.assertTrue(any(x.startswith(line) for x in self.active()),
                            f"{line}\n{self.yaml.read_text()}")
        self.assertEqual(1, len(self.questions()))    # password_hash
        self.assertNotIn("hidden", self.yaml.read_text())

    def test_what_it_cannot_decide_it_asks(self):
        self.make(LOOSE)
        result = self.draft()
        text = self.yaml.read_text()
        self.assert_says(result, "left to decide: look for '# ?'")
        asked = "\n".join(self.questions())
        for words in ("names a row of users, and others refer",
                      "names a row of posts",
                      "posts.user_id is named like a reference; is it?",
                      "posts.author_id is named like a reference; is it?",
                      "marks.thing_id: of which table its ids are",
                      "names a row of sessions"):
            self.assertIn(words, asked)
        for words in ("# - {table: users, key: [email]}   # not one name: "
                      "1 rows too many",
                      "# - {from: posts.user_id, to: users}   # 2 of 3 ids "
                      "are there",
                      "# - {from: posts.author_id, to: users}   # 3 of 3",
                      "# - {table: sessions, skip: true}   # named like what "
                      "one machine keeps",
                      '#     "2 Post"', '#     "1 User"',
                      '- {from: marks.user_id, to: users, none: ["0"]}   # '
                      "2 of 2 ids are there",
                      '- {from: posts.parent_id, to: posts, none: ["0"]}'):
            self.assertIn(words, text)
        self.assertNotIn("SECRET", text + result.said)
        said = self.check(expect=4).said
        self.assertIn("posts.user_id", said)

    def test_answers_make_it_go(self):
        self.make(LOOSE)
        self.draft()
        lines = self.yaml.read_text().splitlines()
        wanted = ("- {table: posts, key: [title]", "- {table: sessions, skip",
                  "- {table: marks, skip", "- {table: users, skip: true}",
                  "- {table: posts, skip", "- {from: posts.author_id",
                  "references:", "tables:")
        lines = [line.replace("# ", "", 1) if line.strip().startswith("# ")
                 and line.strip()[2:].startswith(wanted) and
                 "posts, key" not in line else line for line in lines]
        text = "\n".join(lines) + "\n"
        self.yaml.write_text(text.replace(
            "# not_reference: [", "not_reference: ["))
        self.check()

    def test_what_values_show_is_asked(self):
        self.make(TRACKER + """
            alter table user add column issues_count integer;
            update user set issues_count = 0;
            insert into user values(71, 'eve', null, 2), (72, 'joe', null, 1);
            alter table issue add column owner_id integer references user;
            update issue set owner_id = case when id < 7 then 71 else 72 end;
            create table page(name text primary key, body text);
            insert into page values('a', '{"user_id": 71}');
        """)
        self.draft()
        text = self.yaml.read_text()
        self.assertIn("# ? page.body: 1 value beside 'user_id' is an id of "
                      "'user': perhaps it refers to that\n        # - {from: "
                      'page.body, json: "$..user_id", to: user}\n', text)
        self.assertIn("# ? user.issues_count: in 4 of 4 rows it is how many "
                      "rows of 'issue'", text)
        self.check()

    def test_hostile_names(self):
        names = ["select", "true", "null", "a.b", "x{y.z}", "st*r", "it's",
                 'quo"te', "back\\slash", "new\nline", "# comment", "- {a: b}",
                 "\u2028sep", "\u202ertl", "\u0085next", "ünï", "n" * 255,
                 "😀", " lead", "trail ", "12", "1e3", "~", "[x]", "\ufeffbom",
                 "%s%n", "a: b", "? q", "-", "'", '"', "tab\there"]
        sql = []
        for number, name in enumerate(names):
            quoted = '"' + name.replace('"', '""') + '"'
            sql.append(f"create table {quoted}(id integer primary key, "
                       f"{quoted} text not null unique, "
                       f"\"{number}_id\" integer);"
                       f"insert into {quoted} values(1, 'v', null);")
        self.make("".join(sql))
        self.draft()
        result = self.check(expect=4)
        self.assertEqual([], self.found(result, "wrong"))
        refused = [x for x in self.found(result, "refused")
                   if "named like a reference" not in x]
        self.assertEqual([], refused)
        for line in self.yaml.read_text().split("\n"):
            self.assertNotRegex(line, "[\u0085\u2028\u202e\ufeff]")
        # Those that no profile can name are said.
        for name in ('"x{y.z}"', '"st*r"'):
            self.assertIn(f"or its key: {name}", self.yaml.read_text())

    def test_not_carried_and_other_ids(self):
        self.make("create view v as select 1; create table g(id text primary "
                  "key, name text); insert into g values('ab', 'x');")
        self.draft()
        text = self.yaml.read_text()
        self.assertIn("# not carried: view v", text)
        self.assertIn("# - {table: g, match: [id]}", text)
        self.assertIn("# - {table: g, key: [name]}   # no two rows", text)

    def test_an_empty_database(self):
        self.make("create table t(x); drop table t;")
        self.draft()
        self.assert_says(self.check(), "would go: 0 rows")

    def test_beside_a_tree_that_holds_it(self):
        self.db = self.site.source / "data[1]" / "app.db"
        self.db.parent.mkdir()
        self.make(TRACKER)
        self.draft("--files", self.site.source)
        text = self.yaml.read_text()
        self.assertIn("kind: files", text)
        self.assertIn("kind: sqlite", text)
        self.site.run("valise-export", self.yaml, "--dry-run")

    def test_n8n_without_its_profile(self):
        n8n.make_database(self.db, "src")
        self.draft()
        text = self.yaml.read_text()
        for line in (
                "- {table: tag_entity, key: [name]}",
                '# - {table: "data_table_user_{data_table.id}"}   # one for',
                "# - {table: data_table, key: [projectId, name]}   # unique",
                "# - {table: folder, match: [id]}"):
            self.assertIn(line, text)
        self.assertNotIn("$2a$", text)
        self.check(expect=4)


if __name__ == "__main__":
    unittest.main()
