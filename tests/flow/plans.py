"""Plans: what a preview writes, a person edits, and an import obeys."""
import json
import os
import shutil
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import tree_lines, write_tree  # noqa: E402
from said import Said  # noqa: E402

ALL = os.environ.get("VALISE_TEST_ALL") == "1"

DELETES = ("profile: {resources: [{resource: app, tables: ["
           "{table: person, key: [mail]}, {table: task, key: [title], "
           "target_only: delete}, {table: slot, key: [day, hour]}]}]}\n")


class Edited(Said):
    def setUp(self):
        super().setUp()
        self.write("source", words=DELETES)
        self.write_target()
        write_tree(self.site.source, {"a.txt": "one", "b.txt": "two"})
        write_tree(self.site.target, {"b.txt": "other"})
        self.change("target", "insert into task values (9, 'pack', null, '');")
        self.file = self.folder / "plan.jsonl"
        self.bundle = self.site.export()

    def write_target(self):
        self.write("target",
                   f"trust:\n  - {{sender: {self.site.keys}/sender.pub}}\n",
                   words=DELETES)

    def make(self, *words):
        self.file.unlink(missing_ok=True)
        self.site.run("valise-import", self.site.target_yaml, self.bundle,
                      "--preview", "--plan", self.file, *words,
                      *self.site.identity)
        return self.read()

    def read(self):
        return [json.loads(line) for line in
                self.file.read_text().splitlines()]

    def edit(self, action, *key, **more):
        """Another action for one record."""
        lines = self.read()
        found = [line for line in lines[1:] if line.get("key") == list(key)]
        self.assertEqual(1, len(found))
        found[0].update(action=action, **more)
        self.save(lines)

    def save(self, lines):
        self.file.write_text("".join(
            json.dumps(line, sort_keys=True, separators=(",", ":"),
                       ensure_ascii=False) + "\n" for line in lines))

    def obey(self, expect=0, words=("--allow-delete",)):
        return self.site.import_(self.bundle, "--plan", self.file, *words,
                                 expect=expect)

    def refused(self, code, *said, words=("--allow-delete",)):
        before = self.rows(), self.site.state()
        self.assert_says(self.obey(code, words), *said)
        self.assertEqual(before[0], self.rows())

    def actions(self):
        return [(line.get("table"), *(line.get("key") or [line["path"]]),
                 line["action"]) for line in self.read()[1:]]


class Chained(Edited):
    """Rows that stay behind with others of their own table."""
    def setUp(self):
        super().setUp()
        schema = ("create table man(id integer primary key, name text not "
                  "null unique);"
                  "create table step(id integer primary key, name text not "
                  "null unique, man integer, before integer);")
        self.change("source", schema + "insert into man values (1, 'new');"
                    "insert into step values (1, 'a', null, 2), "
                    "(2, 'b', null, 3), (3, 'c', 1, null), "
                    "(4, 'd', null, null);")
        self.change("target", schema)

    def words(self, on_new=""):
        words = DELETES.replace(
            "{table: slot,", "{table: man, key: [name], on_new: skip}, "
            f"{{table: step, key: [name]{on_new}}}, {{table: slot,").replace(
            "hour]}]}]}", "hour]}], references: ["
            "{from: step.man, to: man, on_dangling: drop}, "
            "{from: step.before, to: step, on_dangling: drop}]}]}")
        self.write("source", words=words)
        self.write("target", f"trust:\n  - {{sender: {self.site.keys}"
                   "/sender.pub}\n", words=words)
        self.bundle = self.site.export()

    def steps(self):
        return [action for action in self.actions() if action[0] == "step"]

    def test_are_not_in_a_plan(self):
        self.words()
        self.make()
        self.assertEqual([("step", "d", "insert")], self.steps())
        self.obey()
        self.assertEqual([("d",)], self.ask_names())
        self.assertEqual([], [line for line in self.make()[1:]
                              if line.get("table") == "step"])

    def test_are_no_new_rows_that_would_fail(self):
        self.words(", on_new: fail")
        self.change("target", "insert into step values (9, 'd', null, null)")
        self.make()
        self.assertEqual([], self.steps())
        self.site.import_(self.bundle, "--allow-delete")
        self.assertEqual([("d",)], self.ask_names())

    def test_are_told_behind_one_that_the_plan_skips(self):
        self.words()
        self.change("target", "insert into man values (5, 'new')")
        self.make()
        self.assertEqual([("step", name, "insert") for name in "abcd"],
                         self.steps())
        self.edit("skip", "c")
        self.assert_says(self.obey(), "table 'step', [\"b\"]: left out, as ",
                         "table 'step', [\"a\"]: left out, as ")
        self.assertEqual([("d",)], self.ask_names())

    def ask_names(self):
        return [row[1:2] for row in self.table("step")]


class Plans(Edited):
    def test_a_plan_names_every_record_that_differs(self):
        head, *lines = self.make()
        self.assertEqual(("valise-plan", 0, 1, "demo", len(lines)), tuple(
            head[name] for name in ("format", "v", "seq", "site", "records")))
        self.assertEqual(["files", "app"], head["resources"])
        self.assertEqual([
            ("person", "ada@example.org", "insert"),
            ("person", "blaise@example.org", "overwrite"),
            ("slot", "a/b", 1, "insert"), ("slot", "mon", 9, "insert"),
            ("task", "buy", "insert"), ("task", "mine", "delete"),
            ("task", "pack", "overwrite"),
        ], self.actions()[:7])
        self.assertIn((None, "a.txt", "insert"), self.actions())
        self.assertIn((None, "b.txt", "overwrite"), self.actions())
        self.assertIn((None, ".", "overwrite"), self.actions())
        self.assertEqual(["name"], lines[1]["fields"])
        self.assertEqual(0o600, self.file.stat().st_mode & 0o777)
        text = self.file.read_text()
        again = self.site.run(
            "valise-import", self.site.target_yaml, self.bundle, "--preview",
            "--plan", self.file, *self.site.identity, expect=2)
        self.assert_says(again, "is there already")
        self.make()
        self.assertEqual(text, self.file.read_text())

    def test_as_it_was_written_it_is_the_import(self):
        self.make()
        self.obey()
        rows = self.rows()
        self.assertEqual({"pack", "buy"}, set(self.owners()))
        self.assertEqual("Blaise", rows["person"][0][2])
        self.assertEqual("two", (self.site.target / "b.txt").read_text())
        again = self.site.import_(self.bundle)
        self.assert_says(again, "nothing differs")

    def test_it_does_what_is_edited_and_no_more(self):
        self.make()
        self.edit("skip", "blaise@example.org")
        self.edit("skip", "a/b", 1)
        self.edit("skip", "mine")
        self.obey()
        rows = self.rows()
        self.assertEqual((1, "blaise@example.org", "B."), rows["person"][0])
        self.assertEqual([("b/a", 1, None), ("mon", 9, "early"),
                          ("mon", 10, "late")], rows["slot"])
        self.assertEqual({"pack": 1, "buy": 3, "mine": 2}, self.owners())

    def test_a_record_is_mapped_to_one_that_stays(self):
        self.make()
        self.edit("map", "ada@example.org", to=["carla@example.org"])
        self.obey()
        self.assertEqual([(1, "blaise@example.org", "Blaise"),
                          (2, "carla@example.org", "Carla")],
                         self.rows()["person"])
        self.assertEqual({"pack": 1, "buy": 2}, self.owners())

    def test_a_record_cannot_be_mapped_to_one_that_is_not_there(self):
        self.make()
        self.edit("map", "ada@example.org", to=["eve@example.org"])
        self.refused(4, f"{self.file}:2: the record that this one is to be "
                     "is not here")

    def test_what_others_need_cannot_be_skipped(self):
        self.make()
        self.edit("skip", "ada@example.org")
        self.refused(4, "task", "buy", "ada@example.org")

    def test_a_target_that_moved_is_refused_with_what_moved(self):
        self.make()
        self.change("target", "update person set name = 'Bl.' where id = 1;"
                    "delete from task where title = 'pack';"
                    "insert into task values (11, 'new', null, null);")
        self.refused(4, 'row ["blaise@example.org"] of table person is to be '
                     "changed", 'row ["new"] of table task is to be deleted',
                     'row ["pack"] of table task is to be added',
                     f"{self.file}:3: the record is not as it was",
                     f"{self.file}:8: the record is not as it was",
                     "5 records", "make a plan anew")
        self.change("target", "insert into task values (12, 'x', null, null)")
        self.refused(4, "6 records, the first of them above")
        self.change("target", "insert into task values (13, 'y', null, null),"
                    "(14, 'z', null, null)")
        result = self.obey(4)
        self.assert_says(result, "8 records, the first of them above")
        # Those that are found come before those that are not.
        self.assertEqual(5, result.said.count("the plan does not say that"))
        self.assertNotIn("the record is not as it was", result.said)
        self.make()
        write_tree(self.site.target, {"c.txt": "more"})
        self.refused(4, "c.txt", "resource 'files' moved")

    def test_another_bundle_or_choice_is_refused(self):
        self.make()
        self.refused(4, "resources", words=("--only", "app"))
        self.change("source", "insert into slot values ('tue', 1, null)")
        first, self.bundle = self.bundle, self.site.export()
        self.refused(4, "another bundle")

    def test_a_plan_that_cannot_be(self):
        self.make()
        lines = self.read()
        cases = (
            (lambda l: l[2].update(action="insert"), 3, "'overwrite' or "
             "'skip'"),
            (lambda l: l[1].update(action="drop"), 2, "'map' with 'to'"),
            (lambda l: l[1].update(action="map"), 2, "no 'to'"),
            (lambda l: l[1].update(action="map", to="x"), 2, "no key"),
            (lambda l: l[2].update(action="map", to=["x"]), 3, "inserted"),
            (lambda l: l[1].update(to=["x"]), 2, "'to'"),
            (lambda l: l[1].update(key=["eve"]), 2, "not in the plan"),
            (lambda l: l[2].update(here="0" * 64), 3, "not in the plan"),
            (lambda l: l[1].update(extra=1), 2, "'extra'"),
            (lambda l: l[1].pop("table"), 2, "no"),
            (lambda l: l.append(l[1]), None, "are about one record"),
            (lambda l: l.pop(2), None, "'skip'"),
            (lambda l: l[-1].update(action="map", to=["x"]), len(lines),
             "only a row"),
            (lambda l: l[2].update(change="move"), 3, "'change' is not one "
             "of add, change, delete"),
            (lambda l: l[1].update(table=7), 2, "'table' is no text"),
            (lambda l: l.insert(1, []), 2, "no JSON object"),
            (lambda l: l[0].update(v=1), 1, "version"),
            (lambda l: l[0].update(records=-1), 1, "not as in a plan"),
            (lambda l: l[0].pop("bundle"), 1, "no 'bundle'"),
        )
        for change, line, said in cases:
            with self.subTest(said):
                bad = json.loads(json.dumps(lines))
                change(bad)
                self.save(bad)
                self.refused(2, str(self.file) + (
                    f":{line}: " if line else ": "), said)
        text = "\n".join(map(json.dumps, lines)) + "\n"
        self.file.write_text(text)
        self.refused(2, f"{self.file}:1: it is no canonical JSON")
        self.file.write_text("")
        self.refused(2, "no end")
        self.file.unlink()
        self.refused(2, "plan.jsonl")


ALBUMS = """
create table album(id integer primary key, name text not null unique,
    note text);
create table photo(id integer primary key, title text not null,
    album_id integer not null references album(id), note text);
"""
OWNED = ("profile: {resources: [{resource: app, tables: ["
         "{table: album, key: [name], target_only: delete}, "
         "{table: photo, owned_by: [album_id], key: [title]}, "
         "{table: person, key: [mail]}, {table: task, key: [title]}, "
         "{table: slot, key: [day, hour]}]}]}\n")


class Owners(Edited):
    """What a line says of an owner is not said of what it owns."""

    def setUp(self):
        super().setUp()
        self.change("source", ALBUMS + """
            insert into album values (5, 'sea', 'new'), (6, 'hills', null);
            insert into photo values (1, 'wave', 5, 'high'),
                (2, 'sand', 5, null), (3, 'goat', 6, null);""")
        self.change("target", ALBUMS + """
            insert into album values (1, 'sea', 'old'), (2, 'town', null);
            insert into photo values (1, 'wave', 1, 'low'),
                (2, 'gull', 1, null), (3, 'mayor', 2, null);""")
        self.write("source", words=OWNED)
        self.write_target()
        self.bundle = self.site.export()
        self.make("--only", "app")

    def write_target(self):
        self.write("target",
                   f"trust:\n  - {{sender: {self.site.keys}/sender.pub}}\n",
                   words=OWNED)

    def obey(self, expect=0, words=("--allow-delete",)):
        return super().obey(expect, (*words, "--only", "app"))

    def albums(self):
        return {row[1:] for row in self.table("album")}, {
            (row[1], row[2], row[3]) for row in self.table("photo")}

    def test_what_is_overwritten_under_an_owner_that_stays(self):
        self.edit("skip", "sea")
        self.obey()
        albums, photos = self.albums()
        self.assertEqual({("sea", "old"), ("hills", None)}, albums)
        self.assertEqual({("wave", 1, "high"), ("sand", 1, None),
                          ("goat", 3, None)}, photos)

    def test_what_goes_of_an_owner_that_stays(self):
        self.edit("skip", "town")
        self.obey()
        albums, photos = self.albums()
        self.assertIn(("town", None), albums)
        self.assertNotIn(("mayor", 2, None), photos)

    def test_what_stays_of_an_owner_that_goes_or_does_not_come(self):
        self.edit("skip", "mayor")
        self.refused(4, "photo")
        self.edit("delete", "mayor")
        self.edit("skip", "hills")
        self.refused(4, "photo", "hills")


class Paths(Edited):
    """What a plan leaves of a tree, beside what it does of the rest."""

    SOURCE = {"a.txt": "one", "b.txt": "two", "new/in/x": "x", "new/y": "y",
              "dir/both": "source", "dir/added": "added",
              "turned": "was a directory", "grown/z": "was a file",
              "lnk": ("link", "b.txt")}
    TARGET = {"b.txt": "other", "dir/both": "target", "dir/gone": "gone",
              "old/one": "1", "old/below/two": "2", "turned/t": "t",
              "grown": "file", "lnk": ("link", "a.txt")}

    def setUp(self):
        super().setUp()
        for root, entries in ((self.site.source, self.SOURCE),
                              (self.site.target, self.TARGET)):
            shutil.rmtree(root)
            write_tree(root, entries)
        (self.site.target / "dir").chmod(0o700)
        (self.site.source / "dir").chmod(0o750)
        self.bundle = self.site.export()
        self.make("--only", "files")
        self.saved = self.folder / "saved"
        for name in ("target", "target_state"):
            if getattr(self.site, name).exists():
                shutil.copytree(getattr(self.site, name), self.saved / name,
                                symlinks=True)
        self.before = self.lines()

    def again(self):
        for name in ("target", "target_state"):
            shutil.rmtree(getattr(self.site, name), ignore_errors=True)
            if (self.saved / name).exists():
                shutil.copytree(self.saved / name, getattr(self.site, name),
                                symlinks=True)

    def lines(self):
        return {line.split(" ")[0]: line for line in
                tree_lines(self.site.target, False)}

    def obey(self, expect=0, words=("--allow-delete",)):
        return super().obey(expect, (*words, "--only", "files"))

    def skip(self, *paths):
        self.again()
        lines = json.loads(json.dumps(self.plan))
        for line in lines[1:]:
            if line["path"] in paths:
                line["action"] = "skip"
        self.save(lines)

    def test_each_path_stays_or_cannot(self):
        self.plan = self.read()
        self.obey()
        after = self.lines()
        cannot = set()
        paths = [line["path"] for line in self.plan[1:]][::1 if ALL else 3]
        for path in paths:
            with self.subTest(path):
                self.skip(path)
                result = self.obey(expect=(0, 4))
                have = self.lines()
                if result.code == 4:
                    self.assert_says(result, "above or below it")
                    self.assertEqual(self.before, have)
                    cannot.add(path)
                    continue
                want = {key: line for key, line in after.items()
                        if key != path}
                if path in self.before:
                    want[path] = self.before[path]
                self.assertEqual(want, have)
        # What lies in them cannot be without them, or they not without it.
        self.assertEqual({"new", "new/in", "turned", "grown", "turned/t",
                          "old/one", "old/below/two", "old/below"} &
                         set(paths), cannot)

    def test_what_belongs_together_stays_together(self):
        self.plan = self.read()
        for paths in (("new", "new/in", "new/in/x", "new/y"),
                      ("turned", "turned/t"), ("grown", "grown/z"),
                      ("old", "old/one"), ("old", "old/below",
                                           "old/below/two")):
            with self.subTest(paths):
                self.skip(*paths)
                self.obey()
                have = self.lines()
                for path in paths:
                    self.assertEqual(self.before.get(path), have.get(path))
                self.assertIn("a.txt", have)

    def test_all_stays(self):
        self.plan = self.read()
        self.skip(*(line["path"] for line in self.plan[1:]))
        self.obey()
        self.assertEqual(self.before, self.lines())

    def test_a_path_that_stays_may_have_moved(self):
        self.plan = self.read()
        self.skip("b.txt", "a.txt")
        write_tree(self.site.target, {"b.txt": "third", "a.txt": "mine"})
        moved = self.lines()
        self.obey()
        for path in ("a.txt", "b.txt"):
            self.assertEqual(moved[path], self.lines()[path])
        self.assertIn("new/y", self.lines())

    def test_names_of_one_file_stay_together(self):
        (self.site.source / "hard").hardlink_to(self.site.source / "a.txt")
        self.bundle = self.site.export()
        self.make("--only", "files")
        self.plan = self.read()
        self.skip("a.txt")
        self.obey(expect=4)
        self.skip("a.txt", "hard")
        self.obey()
        self.assertNotIn("hard", self.lines())
        self.skip("hard")
        self.obey()
        self.assertNotIn("hard", self.lines())
        self.assertIn("a.txt", self.lines())


if __name__ == "__main__":
    unittest.main()
