"""What an import works out once rows are written: `derive`, `nested_set`."""
import sqlite3
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from sides import Sides  # noqa: E402

BLOG = """
create table tag(id integer primary key, name text not null unique,
    posts integer not null default 0);
create table post(id integer primary key, title text not null unique,
    tag_id integer references tag);
"""
COUNT = ("update tag set posts = "
         "(select count(*) from post where tag_id = tag.id)")
WORDS = f"""
tables:
  - {{table: tag, key: [name], derived: [posts],
     derive: "{COUNT}"}}
  - {{table: post, key: [title]}}
"""
TREE = """
create table node(id integer primary key, parent_id integer
    references node, name text not null, lft integer not null, rgt integer);
"""
NEST = """
tables:
  - table: node
    key: [parent_id, name]
    nested_set: {parent: parent_id, left: lft, right: rgt, order: name}
"""


class Derive(Sides):
    def setUp(self):
        super().setUp()
        self.change("source", BLOG + """
            insert into tag values (1, 'a', 2), (2, 'b', 1);
            insert into post values (1, 'p', 1), (2, 'q', 1), (3, 'r', 2);""")
        self.change("target", BLOG + """
            insert into tag values (7, 'a', 1), (8, 'own', 0);
            insert into post values (1, 'x', 7);""")
        self.both(WORDS)

    def counts(self):
        return dict(self.ask("select name, posts from tag"))

    def test_it_is_run_and_told_row_by_row(self):
        shown = self.carry()
        self.assertEqual(["post + p", "post + q", "post + r",
                          "tag * a posts", "tag + b"], self.signs(shown))
        self.assert_says(shown, "1 row gets other values in columns that are "
                         "derived")
        self.assertEqual({"a": 3, "b": 1, "own": 0}, self.counts())
        self.nothing_differs()

    def test_json_names_it(self):
        out = self.site.preview(self.site.export(), "--json").out
        self.assertIn('"change":"derive"', out)
        self.assertIn('"fields":"posts"', out)

    def test_it_counts_what_goes(self):
        self.change("target", "insert into post values (9, 'y', 8);"
                    "update tag set posts = 1 where id = 8")
        self.both(WORDS.replace("key: [title]",
                                "key: [title], target_only: delete"))
        self.carry()
        self.assertEqual({"a": 2, "b": 1, "own": 0}, self.counts())

    def test_a_new_row_is_not_the_one_that_went_whose_number_it_has(self):
        for side, name in (("source", "new"), ("target", "gone")):
            self.change(side, f"""drop table post; drop table tag;
                create table tag(name text primary key, posts int);
                create table post(title text primary key, tag text);
                insert into tag values ('{name}', 1);
                insert into post values ('p', '{name}');""")
        self.both("""
tables:
  - {table: tag, key: [name], target_only: delete, derived: [posts],
     derive: "update tag set posts =
       (select count(*) from post where tag = name)"}
  - {table: post, key: [title]}
references: [{from: post.tag, to: tag}]
""")
        self.assertEqual(["post ~ p tag", "tag + new", "tag - gone"],
                         self.signs(self.carry()))

    def test_a_bundles_words_run_only_where_their_sender_may(self):
        self.write("target")
        bundle = self.site.export()
        shown = self.site.preview(bundle)
        self.assert_says(shown, "'derive' of table 'tag' is the bundle's and "
                         "is not run", "code: true")
        self.assertNotIn("tag * a posts", self.signs(shown))
        self.write("target", code=", code: true")
        self.carry()
        self.assertEqual({"a": 3, "b": 1, "own": 0}, self.counts())

    def test_the_targets_own_words_are_what_counts(self):
        self.write("target", WORDS.replace("count(*)", "100 + count(*)"))
        self.carry()
        self.assertEqual({"a": 103, "b": 101, "own": 100}, self.counts())

    def refused_words(self, sql, *said):
        self.both(WORDS.replace(COUNT, sql))
        result = self.site.run("valise", "check-profile",
                               self.site.source_yaml, expect=4)
        self.assert_says(result, "refused", *said)

    def test_sql_that_does_something_else(self):
        self.refused_words("drop table post", "removes rows of")
        self.assert_says(self.site.export(expect=4), "removes rows of")
        # A target does not rely on what the source looked at.
        self.write("source", WORDS.replace(COUNT, "update tag set posts = 1"))
        self.assert_says(self.carry(expect=4), "removes rows of")
        self.refused_words("update post set title = 'z'",
                           "changes another table, 'post'")
        self.refused_words("update tag set name = 'z'",
                           "a column that is not derived, 'name'")
        self.refused_words("delete from tag", "removes rows of 'tag'")
        self.refused_words("update tag set posts = 1; drop table post",
                           "one statement is wanted")
        self.refused_words("select 1", "it sets nothing")
        self.refused_words("update tag set posts = load_extension('x')",
                           "it may not call 'load_extension'")
        self.refused_words("update tag set posts = nosuch", "nosuch")
        self.refused_words("attach 'x' as y", "one UPDATE of the table")

    def test_what_fails_writes_nothing(self):
        words = WORDS.replace(COUNT, "update tag set posts = null")
        self.both(words)
        self.assert_says(self.carry(expect=4),
                         "target.yaml:11:11: 'derive' of table 'tag'",
                         "fails: NOT NULL constraint failed: tag.posts")

    def test_a_trigger_that_writes_elsewhere(self):
        self.change("target", """create table log(what text);
            create trigger t after update on tag begin
            insert into log values (new.name); end""")
        self.write("target", WORDS + "  - {table: log, skip: true}\n")
        self.write("source", WORDS)
        bundle = self.site.export()
        self.refused_import(4, bundle)
        skip = "  - {table: log, skip: true}\n"
        self.change("source", "create table log(what text)")
        self.both(WORDS + skip)
        self.assert_says(self.carry(expect=4), "or a trigger",
                         "'log'", "target.yaml:11:11: ")
        self.both(WORDS.replace("derived:", "triggers: disable, derived:") +
                  skip)
        self.carry()
        self.assertEqual([], self.ask("select * from log"))

    def test_it_needs_columns_that_are_derived(self):
        self.write("source", WORDS.replace("derived: [posts],", ""))
        self.assert_says(self.site.export(expect=2), "source.yaml:",
                         "table 'tag' has none")

    def test_tables_without_numbers_or_with_generated_columns(self):
        for side in ("source", "target"):
            self.change(side, """
                create table kind(name text primary key, n int) without rowid;
                create table made(name text primary key,
                    twice int as (n * 2), n int);""")
        self.change("source", "insert into kind values ('k', 1), ('l', 2);"
                    "insert into made(name, n) values ('m', 1), ('o', 3)")
        self.change("target", "insert into kind values ('k', 5);"
                    "insert into made(name, n) values ('m', 5), ('o', 3)")
        self.both(WORDS + """
  - {table: kind, key: [name], derived: [n], derive: "update kind set n = 3"}
  - {table: made, key: [name], derived: [n], derive: "update made set n = 3"}
""")
        shown = self.signs(self.carry())
        self.assertIn("made * m n", shown)
        self.assertNotIn("made * o n", shown)
        self.assertEqual([("k", 3), ("l", 3)], self.ask("select * from kind"))
        self.assertEqual([(6,), (6,)], self.ask("select twice from made"))
        self.nothing_differs()


class NestedSet(Sides):
    def setUp(self):
        super().setUp()
        self.change("source", TREE + """insert into node values
            (1, null, 'a', 1, 6), (2, 1, 'x', 2, 3), (3, 1, 'z', 4, 5),
            (4, null, 'b', 7, 8);""")
        self.change("target", TREE + """insert into node values
            (20, null, 'b', 3, 4), (21, null, 'a', 1, 2),
            (22, 20, 'own', 0, null);""")
        self.both(NEST)

    def places(self):
        return [(name, left, right) for name, left, right in self.ask(
            "select name, lft, rgt from node order by lft")]

    def test_places_are_counted_anew(self):
        self.change("target", "update node set lft = 0")
        shown = self.carry()
        self.assertEqual([("a", 1, 6), ("x", 2, 3), ("z", 4, 5), ("b", 7, 10),
                          ("own", 8, 9)], self.places())
        self.assertEqual(
            ["node * a lft, rgt", "node * b lft, rgt", "node * b/own lft, rgt",
             "node + a/x", "node + a/z"], self.signs(shown))
        self.nothing_differs()

    def test_of_a_bundle_without_a_profile_here(self):
        self.write("target")
        self.carry()
        self.assertEqual(5, len(self.places()))
        self.assertEqual(10, max(right for _, _, right in self.places()))

    def test_scopes_count_for_themselves(self):
        for side in ("source", "target"):
            self.change(side, "alter table node add column project text")
        self.change("source", "update node set project = 'p'; insert into node"
                    " values (5, null, 'q', 1, 2, 'q'), (6, 5, 'r', 1, 2, 'q')")
        self.change("target", "update node set project = 'p'")
        words = NEST.replace("name}", "name, scope: project}")
        self.both(words)
        self.carry()
        self.assertEqual([("q", 1, 4), ("r", 2, 3)], self.ask(
            "select name, lft, rgt from node where project = 'q' "
            "order by lft"))
        self.change("source", "update node set project = 'p' where name = 'r'")
        self.assert_says(self.carry(expect=4), "target.yaml:11:11: "
                         "'nested_set' of table 'node': row",
                         "is of another scope than row")

    def test_a_row_above_itself(self):
        words = NEST.replace("[parent_id, name]", "[name]")
        self.both(words)
        self.change("source", "update node set parent_id = 2 where id = 1")
        self.assert_says(self.carry(expect=4), "stands above itself")

    def test_words_that_are_wrong(self):
        for here, there, said in (
                ("order: name", "order: nmae", "has no column 'nmae'"),
                ("parent: parent_id", "parent: name", "does not refer to"),
                ("left: lft", "left: left", "has no column 'left'"),
                ("right: rgt", "right: id", "is of the primary key"),
                ("left: lft, ", "", "'nested_set' has no 'left'")):
            self.write("source", NEST.replace(here, there))
            self.assert_says(self.site.export(expect=2), "source.yaml:", said)

    def test_deep_and_wide(self):
        rows = [(n, n - 1 if n < 3000 else 1, f"n{n}", 0, 0)
                for n in range(1, 5000)]
        rows[0] = (1, None, "n1", 0, 0)
        db = sqlite3.connect(self.files["source"])
        db.execute("delete from node")
        db.executemany("insert into node values (?, ?, ?, ?, ?)", rows)
        db.commit()
        db.close()
        self.both(NEST.replace("[parent_id, name]", "[name]"))
        self.change("target", "delete from node")
        self.carry()
        found = {name: (left, right) for name, left, right in self.places()}
        self.assertEqual((1, 9998), found["n1"])
        above = dict(self.ask("select a.name, b.name from node a join node b "
                              "on b.id = a.parent_id"))
        for name, (left, right) in found.items():
            if name in above:
                outer = found[above[name]]
                self.assertTrue(outer[0] < left < right < outer[1])


if __name__ == "__main__":
    unittest.main()
