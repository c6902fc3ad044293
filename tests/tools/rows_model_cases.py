#!/usr/bin/env python3
"""rows_model.py and make_rows.py themselves: small imports whose outcome was
worked out by hand, and what must hold for every made pair of databases."""
import json
import sqlite3
import sys
import tempfile
import unittest
from pathlib import Path

import make_rows
from rows_model import import_rows
import rows_inside
from rows_state import Profile, Reference, Unclear, load

MODEL = """
    create table stage(id integer primary key, name text not null unique,
                       note);
    create table project(id integer primary key, name text not null unique,
                         stage_id int references stage,
                         first_id int references channel);
    create table channel(id integer primary key,
                         project_id int not null references project,
                         name text, unique(project_id, name));
    create table variable(id integer primary key,
                          project_id int not null references project,
                          name text, stage_id int references stage);
    create table step(id integer primary key,
                      project_id int not null references project, place int,
                      body text);
"""
STAGE = {"table": "stage", "key": ["name"]}
PROJECT = {"table": "project", "key": ["name"]}
CHANNEL = {"table": "channel", "key": ["project_id", "name"],
           "owned_by": "project_id"}
VARIABLE = {"table": "variable", "owned_by": "project_id"}
STEP = {"table": "step", "owned_by": "project_id", "ordinal": ["place", "id"]}


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.schema = MODEL
        self.tables = {one["table"]: one for one in (
            STAGE, PROJECT, CHANNEL, VARIABLE, STEP)}
        self.words = {}
        self.renamed = ()
        self.counts = []
        self.made = 0

    def tearDown(self):
        self.folder.cleanup()

    def policy(self, table, **words):
        self.tables[table] = dict(self.tables[table], **words)

    def state(self, sql):
        self.made += 1
        path = self.path / f"{self.made}.db"
        db = sqlite3.connect(path)
        db.executescript(self.schema + sql)
        db.close()
        return load(path, self.profile())

    def profile(self):
        if not hasattr(self, "kept_profile"):
            resource = dict(self.words, tables=list(self.tables.values()))
            self.kept_profile = Profile(
                {"resources": [resource], "counts": self.counts},
                self.renamed)
        return self.kept_profile

    def run_import(self, source, target, brought=()):
        return import_rows(self.state(source), self.state(target),
                           self.profile(), brought)

    def gives(self, source, target, expected, brought=()):
        result = self.run_import(source, target, brought)
        self.assertIsNone(result.refused)
        self.assertEqual([], result.differences(self.state(expected)))
        return result

    def refuses(self, source, target, why, brought=()):
        result = self.run_import(source, target, brought)
        self.assertIsNotNone(result.refused)
        self.assertIn(why, result.refused)
        self.assertEqual([], result.differences(self.state(target)))


class ByHand(Case):
    def test_keys_match_and_references_follow_to_the_ids_of_the_target(self):
        result = self.gives(
            """insert into stage values (1, 'dev', 'a'), (2, 'prod', 'b');
               insert into project values (1, 'x', 2, null), (5, 'y', 1, 0);
               update project set first_id = 9 where id = 5;
               insert into channel values (9, 5, 'beta');""",
            """insert into stage values (1, 'prod', 'old'), (7, 'dev', 'a');
               insert into project values (5, 'x', 7, null);""",
            """insert into stage values (1, 'prod', 'b'), (7, 'dev', 'a');
               insert into project values (5, 'x', 1, null), (6, 'y', 7, 33);
               insert into channel values (33, 6, 'beta');""")
        self.assertEqual({"insert": 2, "update": 2}, dict(result.counts))

    def test_storage_classes_are_told_apart(self):
        source = "insert into stage values (1, 'a', 1);"
        for other in ("1.0", "'1'", "x'31'", "null"):
            target = f"insert into stage values (1, 'a', {other});"
            result = self.gives(source, target, source)
            self.assertEqual(1, result.counts["update"])

    def test_what_a_matched_owner_has_more_goes(self):
        self.gives(
            "insert into project values (1, 'x', null, null);",
            """insert into project values (4, 'x', null, null),
                                          (5, 'z', null, null);
               insert into channel values (1, 4, 'a'), (2, 5, 'a');
               insert into variable values (1, 4, 'v', null);""",
            """insert into project values (4, 'x', null, null),
                                          (5, 'z', null, null);
               insert into channel values (2, 5, 'a');""")

    def test_what_a_skipped_owner_has_is_not_touched(self):
        self.policy("project", on_match="skip")
        target = """insert into project values (4, 'x', null, null);
                    insert into channel values (1, 4, 'a');
                    insert into variable values (1, 4, 'v', null);"""
        result = self.gives(
            """insert into stage values (1, 's', null);
               insert into project values (1, 'x', 1, null);
               insert into channel values (1, 1, 'b');
               insert into variable values (1, 1, 'w', null);""",
            target, target + "insert into stage values (1, 's', null);",
            [{"table": "channel", "source": (("int", 9),),
              "target": (("int", 1),)}])
        self.assertEqual({"insert": 1}, dict(result.counts))

    def test_what_is_not_created_has_no_children(self):
        self.policy("project", on_new="skip")
        self.gives("""insert into project values (1, 'x', null, null);
                      insert into channel values (1, 1, 'b');""", "", "")

    def test_references_to_what_is_not_created_dangle(self):
        self.policy("stage", on_new="skip")
        source = """insert into stage values (1, 's', null);
                    insert into project values (1, 'x', 1, null);"""
        self.refuses(source, "", "refers to what is not at the target")
        del self.kept_profile
        self.words["references"] = [{"from": "project.stage_id", "to": "stage",
                                     "on_dangling": "clear"}]
        self.gives(source, "",
                   "insert into project values (1, 'x', null, null);")

    def test_rows_of_the_target_alone(self):
        source = "insert into stage values (1, 'a', null);"
        target = "insert into stage values (1, 'a', null), (2, 'b', null);"
        brought = [{"table": "stage", "source": (("int", 9),),
                    "target": (("int", 2),)}]
        for policy, gone, gone_brought in (
                (None, False, True), ("brought", False, True),
                ("keep", False, False), ("delete", True, True)):
            if policy:
                self.policy("stage", target_only=policy)
            self.gives(source, target, source if gone else target)
            self.gives(source, target,
                       source if gone_brought else target, brought)
            del self.kept_profile

    def test_a_brought_row_may_be_renamed(self):
        self.policy("stage", match=["brought", "key"])
        brought = [{"table": "stage", "source": (("int", 3),),
                    "target": (("int", 8),)}]
        result = self.gives("insert into stage values (3, 'new', null);",
                            "insert into stage values (8, 'old', null);",
                            "insert into stage values (8, 'new', null);",
                            brought)
        self.assertEqual({"update": 1}, dict(result.counts))

    def test_an_import_says_what_it_brought(self):
        source = self.state("insert into stage values (3, 'a', 1),"
                            " (4, 'b', 1);")
        target = self.state("insert into stage values (3, 'b', 1);")
        result = import_rows(source, target, self.profile())
        real = self.state("insert into stage values (3, 'b', 1),"
                          " (17, 'a', 1);")
        self.assertEqual([{"table": "stage", "source": (("int", 3),),
                           "target": (("int", 17),)}],
                         result.brought_of(real))

    def test_multisets_are_compared_by_content(self):
        result = self.gives(
            """insert into stage values (6, 's', null);
               insert into project values (1, 'x', null, null);
               insert into variable values (1, 1, 'a', 6), (2, 1, 'a', 6),
                                           (3, 1, 'b', null);""",
            """insert into stage values (2, 's', null);
               insert into project values (4, 'x', null, null);
               insert into variable values (7, 4, 'a', 2), (8, 4, 'c', 2);""",
            """insert into stage values (2, 's', null);
               insert into project values (4, 'x', null, null);
               insert into variable values (7, 4, 'a', 2), (9, 4, 'a', 2),
                                           (10, 4, 'b', null);""")
        self.assertEqual({"insert": 2, "delete": 1}, dict(result.counts))

    def test_ordinals_match_by_place(self):
        result = self.gives(
            """insert into project values (1, 'x', null, null);
               insert into step values (5, 1, 10, 'first'), (3, 1, 20, 'b');
            """,
            """insert into project values (4, 'x', null, null);
               insert into step values (1, 4, 2, 'b'), (2, 4, 1, 'a'),
                                       (3, 4, 3, 'c');""",
            """insert into project values (4, 'x', null, null);
               insert into step values (2, 4, 10, 'first'), (1, 4, 20, 'b');
            """)
        self.assertEqual({"update": 2, "delete": 1}, dict(result.counts))

    def test_ids_in_json_and_text_follow(self):
        self.words["references"] = [
            {"from": "step.body", "json": "$.stages[*].id", "to": "stage"},
            {"from": "stage.note", "pattern": 'ids="([^"]*)"', "split": ",",
             "to": "project"}]
        self.gives(
            """insert into stage values (1, 'a', null), (22, 'b',
                   '1 [ids="1, 2"] 2');
               insert into project values (1, 'x', null, null),
                                          (2, 'y', null, null);
               insert into step values (1, 1, 1,
                   '{"stages": [{"id":22}, {"id" : "1"}], "id": 1}');""",
            """insert into stage values (1, 'b', null), (333, 'a', null);
               insert into project values (70, 'y', null, null),
                                          (5, 'x', null, null);""",
            """insert into stage values (1, 'b', '1 [ids="5, 70"] 2'),
                                        (333, 'a', null);
               insert into project values (70, 'y', null, null),
                                          (5, 'x', null, null);
               insert into step values (1, 5, 1,
                   '{"stages": [{"id":1}, {"id" : "333"}], "id": 1}');""")

    def test_rows_that_are_the_targets(self):
        self.policy("stage", skip="name like 'cache%'")
        self.words["keep_here"] = [{"table": "stage", "where": "name = 'me'"}]
        self.policy("project", keep_here=["stage_id"])
        self.gives(
            """insert into stage values (1, 'cache1', 's'), (2, 'me', 's'),
                                        (3, 'you', 's');
               insert into project values (1, 'x', 3, null),
                                          (2, 'y', 1, null);""",
            """insert into stage values (1, 'cache1', 't'), (2, 'cache2', 't'),
                                        (3, 'me', 't');
               insert into project values (1, 'x', null, null);""",
            """insert into stage values (1, 'cache1', 't'), (2, 'cache2', 't'),
                                        (3, 'me', 't'), (4, 'you', 's');
               insert into project values (1, 'x', null, null),
                                          (2, 'y', 1, null);""")

    def test_what_fits_on_one_side_is_kept(self):
        self.words["keep_here"] = [{"table": "stage", "where": "note = 'k'"}]
        target = "insert into stage values (1, 'a', 'k'), (2, 'b', 'y');"
        self.gives("insert into stage values (7, 'a', 'x'), (8, 'b', 'k');",
                   target, target)

    def test_dangling_in_a_text(self):
        source = """insert into project values (1, 'x', null, null);
                    insert into step values (1, 1, 1, '[{"id":7}]');"""
        line = {"from": "step.body", "json": "$[*].id", "to": "stage"}
        self.words["references"] = [dict(line, on_dangling="keep")]
        self.gives(source, "", source)
        del self.kept_profile
        self.words["references"] = [line]
        self.refuses(source, "", "refers to nothing")
        del self.kept_profile
        self.policy("stage", on_new="skip")
        self.refuses(source + "insert into stage values (7, 's', null);", "",
                     "refers to what is not at the target")

    def test_places_count_only_what_is_carried(self):
        self.schema = MODEL.replace("body text", "body int")
        self.words["references"] = [{"from": "step.body", "to": "stage",
                                     "on_dangling": "drop"}]
        stage = """insert into stage values (5, 's', null);
                   insert into project values (1, 'x', null, null);"""
        result = self.gives(
            stage + "insert into step values (1, 1, 1, 9), (2, 1, 2, 5);",
            stage + "insert into step values (8, 1, 2, 5);",
            stage + "insert into step values (8, 1, 2, 5);")
        self.assertEqual({}, dict(result.counts))

    def test_a_record_is_another_by_map(self):
        self.renamed = [{"table": "stage", "from": ["admin"], "to": ["chef"]}]
        self.gives(
            """insert into stage values (1, 'admin', 1);
               insert into project values (1, 'x', 1, null);""",
            "insert into stage values (5, 'chef', 1), (1, 'b', 1);",
            """insert into stage values (5, 'chef', 1), (1, 'b', 1);
               insert into project values (1, 'x', 5, null);""")

    def test_dangling_at_the_source(self):
        source = """insert into stage values (1, 's', null);
                    insert into project values (1, 'x', 7, null),
                                               (2, 'y', 0, null);
                    insert into channel values (1, 1, 'a');"""
        line = {"from": "project.stage_id", "to": "stage", "none": [0]}
        self.schema = MODEL.replace("stage_id int references stage",
                                    "stage_id int")
        stage = "insert into stage values (1, 's', null);"
        both = stage + """insert into project values (1, 'x', %s, null),
                                                     (2, 'y', 0, null);
                          insert into channel values (1, 1, 'a');"""
        for word, expected in (
                ("clear", both % "null"), ("keep", both % "7"),
                ("drop", stage +
                 "insert into project values (2, 'y', 0, null);")):
            self.words["references"] = [dict(line, on_dangling=word)]
            self.gives(source, "", expected)
            del self.kept_profile
        self.words["references"] = [line]
        self.refuses(source, "", "refers to nothing")

    def test_what_is_refused(self):
        a = "insert into stage values (1, 'a', 1);"
        for table, word, source, target, why in (
                ("stage", {"on_match": "fail"}, a,
                 "insert into stage values (1, 'a', 2);", "differs"),
                ("stage", {"on_new": "fail"}, a, "", "a new row"),
                ("stage", {"ids": "keep"}, a,
                 "insert into stage values (1, 'b', 2);", "is taken"),
                ("stage", {"target_only": "delete"}, a,
                 "insert into stage values (1, 'a', 1), (2, 'b', 2);"
                 "insert into project values (1, 'x', 2, null);",
                 "refers to a row that goes"),
                ("variable", {"key": ["name"]},
                 "insert into project values (1, 'x', null, null);"
                 "insert into variable values (1, 1, 'v', null);",
                 "insert into project values (1, 'y', null, null);"
                 "insert into variable values (1, 1, 'v', null);",
                 "another owner"),
                ("variable", {"key": ["name"]},
                 "insert into project values (1, 'x', null, null);"
                 "insert into variable values (1, 1, 'v', null),"
                 " (2, 1, 'v', null);", "", "two rows of 'variable'")):
            before = self.tables[table]
            self.policy(table, **word)
            self.refuses(source, target, why)
            self.policy(table, **word)
            self.tables[table] = before
            del self.kept_profile

    def test_fail_is_about_rows_that_differ(self):
        self.policy("stage", on_match="fail")
        a = "insert into stage values (1, 'a', 1);"
        self.gives(a, a, a)

    def test_a_unique_index_of_the_target_speaks(self):
        self.schema = MODEL + "create unique index u on stage(note);"
        self.refuses("insert into stage values (1, 'a', 5);",
                     "insert into stage values (1, 'b', 5);", "is unique")
        self.schema = MODEL + \
            "create unique index u on stage(name collate nocase);"
        self.refuses("insert into stage values (1, 'A', 5);",
                     "insert into stage values (1, 'a', 5);", "is unique")

    def test_unique_values_may_change_places(self):
        self.schema = MODEL + "create unique index u on stage(note);"
        swapped = "insert into stage values (1, 'a', 6), (2, 'b', 5);"
        self.gives(swapped,
                   "insert into stage values (1, 'a', 5), (2, 'b', 6);",
                   swapped)


class Shapes(Case):
    def test_trees_match_by_path(self):
        self.schema = """create table folder(id integer primary key,
            parent_id int references folder, name text);"""
        self.tables = {"folder": {"table": "folder",
                                  "key": ["parent_id", "name"]}}
        self.gives(
            """insert into folder values (3, null, 'root'), (1, 3, 'a'),
                                         (2, 1, 'a'), (9, 2, 'new');""",
            """insert into folder values (9, null, 'root'), (8, 9, 'a'),
                                         (1, 8, 'a'), (2, 9, 'b');""",
            """insert into folder values (9, null, 'root'), (8, 9, 'a'),
                                         (1, 8, 'a'), (2, 9, 'b'),
                                         (10, 1, 'new');""")

    def test_ids_may_be_the_key(self):
        self.schema = "create table t(id text primary key, v);"
        self.tables = {"t": {"table": "t", "match": ["id"]}}
        self.gives("insert into t values ('u1', 1), ('u2', 2);",
                   "insert into t values ('u1', 0), ('u3', 3);",
                   "insert into t values ('u1', 1), ('u2', 2), ('u3', 3);")

    def test_ids_are_kept_where_they_are_free(self):
        self.schema = "create table t(id text primary key, name text);"
        self.tables = {"t": {"table": "t", "key": ["name"]}}
        result = self.gives(
            "insert into t values ('u1', 'a'), ('u2', 'b');",
            "insert into t values ('u1', 'c');",
            "insert into t values ('u1', 'c'), ('u2', 'b'), ('?', 'a');")
        real = self.state("insert into t values ('u1', 'c'), ('u9', 'b'),"
                          " ('?', 'a');")
        self.assertIn("id of", result.differences(real)[0])

    def test_two_entries_share_a_table(self):
        self.schema = """create table person(id integer primary key,
                                             type text, name text);"""
        self.tables = {
            "user": {"table": "person", "where": "type = 'u'",
                     "key": ["name"], "target_only": "delete"},
            "rest": {"table": "person", "key": ["type", "name"]}}
        self.gives(
            "insert into person values (1, 'u', 'a'), (2, 'g', 'a');",
            """insert into person values (1, 'g', 'b'), (2, 'u', 'b'),
                                         (3, 'g', 'a');""",
            """insert into person values (1, 'g', 'b'), (3, 'g', 'a'),
                                         (4, 'u', 'a');""")

    def test_composite_keys_are_made_of_references(self):
        self.schema = """
            create table a(id integer primary key, name text);
            create table pair(one int references a, two int references a,
                              note text, primary key (one, two))
                              without rowid;"""
        self.tables = {
            "a": {"table": "a", "key": ["name"]},
            "pair": {"table": "pair", "key": ["one", "two"],
                     "owned_by": ["one", "two"]}}
        self.gives(
            """insert into a values (1, 'x'), (2, 'y');
               insert into pair values (1, 2, 'n'), (2, 2, 'm');""",
            """insert into a values (1, 'y'), (2, 'x');
               insert into pair values (2, 1, 'old'), (1, 2, 'gone');""",
            """insert into a values (1, 'y'), (2, 'x');
               insert into pair values (2, 1, 'n'), (1, 1, 'm');""")

    def test_a_case_without_an_answer_is_said_to_be_one(self):
        self.tables["channel"] = dict(CHANNEL, target_only="delete")
        with self.assertRaises(Unclear):
            self.run_import("", """insert into project values (1, 'x', null,
                                                               null);
                                   insert into channel values (1, 1, 'a');""")


class Inside(unittest.TestCase):
    """Ids inside values, as formats/values.md has them."""

    def spots(self, text, **words):
        line = Reference(dict({"to": "t"}, **words), [])
        return [(text[at:end], form) for at, end, form, *_ in
                rows_inside.places(line, text)]

    def test_places(self):
        text = b'{"a": {"7": "x1", "8": 2}, "b": ["c 3", null]}'
        self.assertEqual([(b"x1", "string"), (b"2", "number")],
                         self.spots(text, json="$.a.*"))
        self.assertEqual([(b"7", "string"), (b"8", "string")],
                         self.spots(text, json="$.a.*~"))
        self.assertEqual([(b"3", "string")], self.spots(
            text, json="$.b[*]", pattern=r"c (\d)"))
        text = b'a:2:{i:7;s:2:"12";s:1:"k";a:1:{i:0;i:5;}}'
        self.assertEqual([(b"5", "integer")], self.spots(text, php="$.k[*]"))
        self.assertEqual([(b"7", "integer"), (b"k", "plain")],
                         self.spots(text, php="$.*~"))

    def test_what_does_not_parse(self):
        for text in (b'a:1:{i:0;s:2:"1";}', b"i:01;", b"a:1:{}", b"i:1;x",
                     b"a:2:{i:0;N;}", b"s:1:a;"):
            with self.assertRaises(rows_inside.Broken):
                self.spots(text, php="$")
        with self.assertRaises(rows_inside.Broken):
            self.spots(b'{"a":}', json="$.a")

    def test_lengths_follow_also_within(self):
        inner = 'a:1:{s:1:"h";s:4:"p=12";}'
        text = f's:{len(inner)}:"{inner}";'.encode()
        at = text.index(b"12")
        self.assertEqual(
            b's:27:"a:1:{s:1:"h";s:6:"p=1234";}";',
            rows_inside.php_splice(text, [(at, at + 2, b"1234")]))

    def test_what_is_packed_is_compared_unpacked(self):
        for how in rows_inside.WINDOW:
            data = rows_inside.packed(how, b"see 7")
            self.assertEqual(b"see 7", rows_inside.unpacked(how, data))
            with self.assertRaises(rows_inside.Broken):
                rows_inside.unpacked(how, data + b"x")


class Worked(Case):
    """What other rows say: `to_by`, `where`, places, counts."""

    def setUp(self):
        super().setUp()
        self.schema = """
            create table kind(id integer primary key, name text, what text);
            create table person(id integer primary key, name text);
            create table fact(kind_id int, value text,
                              primary key(kind_id)) without rowid;
            create table node(id integer primary key, up int, name text,
                              l int not null, r int not null, n int);"""
        self.tables = {
            "kind": {"table": "kind", "key": ["name"]},
            "person": {"table": "person", "key": ["name"]},
            "fact": {"table": "fact", "key": ["kind_id"]},
            "node": {"table": "node", "key": ["up", "name"], "derived": ["n"],
                     "nested_set": {"parent": "up", "left": "l", "right": "r",
                                    "order": "name"}}}
        self.words["references"] = [
            {"from": "fact.kind_id", "to": "kind"},
            {"from": "node.up", "to": "node"},
            {"from": "fact.value", "to_by": {
                "column": "kind_id.what", "values": {"p": "person"},
                "else": "plain"}}]
        self.counts = [["node", "n", {"of": "node.up"}]]

    def test_another_row_says_what_a_value_is(self):
        self.gives(
            """insert into kind values (1, 'boss', 'p'), (2, 'age', 'x');
               insert into person values (7, 'ada');
               insert into fact values (1, '7'), (2, '7');""",
            "insert into person values (1, 'ada');",
            """insert into kind values (1, 'boss', 'p'), (2, 'age', 'x');
               insert into person values (1, 'ada');
               insert into fact values (1, '1'), (2, '7');""")

    def test_places_and_counts_are_of_all_rows(self):
        self.gives(
            "insert into node values (1, null, 'a', 0, 0, 9),"
            " (2, 1, 'b', 0, 0, 9);",
            "insert into node values (5, null, 'a', 7, 7, 7),"
            " (6, 5, 'own', 8, 8, 8);",
            "insert into node values (5, null, 'a', 1, 6, 2),"
            " (6, 5, 'own', 4, 5, 0), (7, 5, 'b', 2, 3, 0);")


class Differences(Case):
    """What is wrong in a target is found."""

    SOURCE = """insert into stage values (1, 'a', 1), (2, 'b', 2);
                insert into project values (1, 'x', 1, null);
                insert into variable values (1, 1, 'v', 1);"""
    TARGET = "insert into stage values (2, 'a', 0);"
    RIGHT = """insert into stage values (2, 'a', 1), (3, 'b', 2);
               insert into project values (1, 'x', 2, null);
               insert into variable values (1, 1, 'v', 2);"""

    def test_each_wrong_thing_is_named(self):
        result = self.gives(self.SOURCE, self.TARGET, self.RIGHT)
        for wrong in (
                "update stage set note = 1.0 where id = 2",
                "update project set stage_id = 3",
                "update project set stage_id = null",
                "update variable set stage_id = 3",
                "delete from variable",
                "insert into variable values (9, 1, 'v', 2)",
                "update stage set name = 'A' where id = 2",
                "update stage set id = 8 where id = 2; "
                "update project set stage_id = 8; "
                "update variable set stage_id = 8"):
            real = self.state(self.RIGHT + wrong + ";")
            self.assertNotEqual([], result.differences(real), wrong)


class Made(unittest.TestCase):
    """For every made pair."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def load(self, folder):
        profile = Profile(json.loads((folder / "profile.json").read_text()))
        return profile, {side: load(folder / f"{side}.db", profile)
                         for side in make_rows.SIDES}

    def test_one_seed_is_the_same_everywhere(self):
        for name in ("one", "two"):
            make_rows.make_random(self.path / name, 7)
        for file in (self.path / "one").iterdir():
            self.assertEqual(file.read_bytes(),
                             (self.path / "two" / file.name).read_bytes())

    def check(self, folder):
        profile, sides = self.load(folder)
        try:
            first = import_rows(sides["source"], sides["target"], profile)
            if first.refused:
                return 0
            again = import_rows(sides["source"], first.state, profile,
                                first.brought)
            import_rows(sides["later"], first.state, profile, first.brought)
        except Unclear:
            return 0
        self.assertIsNone(again.refused)
        self.assertEqual({}, dict(again.counts), folder)
        self.assertEqual([], again.differences(first.state))
        return 1

    def test_a_second_import_changes_nothing(self):
        imported = 0
        for seed in range(90):
            folder = self.path / str(seed)
            make_rows.make_random(folder, seed)
            imported += self.check(folder)
        self.assertGreater(imported, 25)

    def test_an_empty_target_becomes_the_source(self):
        folder = self.path / "octopus"
        make_rows.make_octopus(folder, 3, 1500)
        profile, sides = self.load(folder)
        empty = sides["target"].copy()
        empty.rows.clear()
        result = import_rows(sides["source"], empty, profile)
        self.assertIsNone(result.refused)
        self.assertEqual([], result.differences(sides["source"]))
        self.assertEqual(1, self.check(folder))


if __name__ == "__main__":
    sys.exit(unittest.main())
