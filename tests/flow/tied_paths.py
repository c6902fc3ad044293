"""File paths that hold ids of rows: two sites of n8n with their binary data,
and small sites for what is odd."""
import json
import os
import re
import sqlite3
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
import n8n  # noqa: E402
from application import Sides, open_db, tree  # noqa: E402
from flow import write_tree  # noqa: E402

MAP = ("map:\n  - {resource: app, table: user, from: [admin@example.test],"
       " to: [chef@ziel.test]}\n")


class N8n(Sides):
    def setUp(self):
        super().setUp()
        for side in ("src", "dst"):
            n8n.make_database(self.db[side], side)
        n8n.make_binary(self.files["src"])
        self.keys = {side: n8n.master_keys(self.folder, side)
                     for side in ("src", "dst")}
        # Ids of the target that the source uses, too, for other things.
        self.do("dst", """
            insert into execution_entity(id, workflowId, finished, mode,
                status, createdAt)
            values (3, 'dstOwn0000000001', 1, 'manual', 'success',
                '2026-11-20 10:00:00.000');
            insert into execution_data(executionId, workflowData, data)
            values (3, '{}', '[]');""")
        write_tree(self.files["dst"], {
            "workflows/dstOwn0000000001/executions/3/binary_data/x": "mine"})
        self.write_yaml("profile: n8n\n", extra=MAP)

    def write_yaml(self, profile, **more):
        super().write_yaml(profile, sides=self.keys, **more)

    def named(self, side, table):
        return dict(self.ask(side, f'select name, id from "{table}"'))

    def view(self, side):
        """What there is, without ids, as names say it."""
        names = {}
        for table, mark in (("credentials_entity", "cred"),
                            ("workflow_entity", "wf"),
                            ("tag_entity", "tag"), ("data_table", "data")):
            for name, ident in self.named(side, table).items():
                names[ident] = f"{mark}:{name}"

        def rename(value):
            if isinstance(value, dict):
                return {a: rename(b) for a, b in value.items()}
            if isinstance(value, list):
                return [rename(b) for b in value]
            return names.get(value, value) if isinstance(value, str) else value

        def parse(text):
            return rename(json.loads(text)) if text else None

        flows = {}
        for ident, name, nodes, links, settings, version in self.ask(
                side, "select id, name, nodes, connections, settings, "
                "activeVersionId from workflow_entity"):
            flows[name] = {
                "nodes": parse(nodes), "connections": parse(links),
                "settings": parse(settings),
                "published": self.ask(
                    side, "select 1 from workflow_history where versionId = ?"
                    " and workflowId = ?", version, ident) != [],
                "history": [parse(row[0]) for row in self.ask(
                    side, "select nodes from workflow_history where "
                    "workflowId = ? order by createdAt", ident)],
                "tags": sorted(names[row[0]] for row in self.ask(
                    side, "select tagId from workflows_tags where "
                    "workflowId = ?", ident)),
                "hooks": self.ask(
                    side, "select method, webhookPath, node from "
                    "webhook_entity where workflowId = ?", ident),
                "owner": [row[0] for row in self.ask(
                    side, "select u.email from shared_workflow s join "
                    "project_relation p on p.projectId = s.projectId join "
                    "user u on u.id = p.userId where s.workflowId = ? and "
                    "s.role = 'workflow:owner'", ident)]}
        return {"workflows": flows, "tags": sorted(self.named(
                    side, "tag_entity")),
                "tables": {name: self.table(side, ident) for name, ident in
                           self.named(side, "data_table").items()},
                "runs": self.runs(side, names)}

    def table(self, side, ident):
        db = open_db(self.db[side])
        db.row_factory = sqlite3.Row
        rows = [{k: row[k] for k in row.keys() if k != "id"} for row in
                db.execute(f'select * from "data_table_user_{ident}"')]
        db.close()
        return sorted(rows, key=str)

    def runs(self, side, names):
        """Executions with the content of the files that their data names."""
        found = []
        for flow, status, began, data in self.ask(
                side, "select e.workflowId, e.status, e.createdAt, d.data "
                "from execution_entity e join execution_data d on "
                "d.executionId = e.id order by e.createdAt"):
            paths = re.findall(r'filesystem-v2:([^"]+)', data)
            found.append((names[flow], status, began, [
                (self.files[side] / path).read_text() for path in paths]))
        return found

    def files_by_run(self, side):
        """Content by workflow, time of the run, and name of the file; every
        file lies where a row of that id is."""
        found = {}
        for path, text in tree(self.files[side]).items():
            _, flow, _, run, name = path.split("/", 4)
            key = self.ask(
                side, "select w.name, e.createdAt from execution_entity e "
                "join workflow_entity w on w.id = e.workflowId where e.id = ?"
                " and w.id = ?", run, flow)
            self.assertEqual(1, len(key), path)
            found[(*key[0], name)] = text
        return found

    def check_transfer(self):
        """As the README of the sites says."""
        was, now = self.view("src"), self.view("dst")
        for name, flow in was["workflows"].items():
            here = dict(now["workflows"][name])
            self.assertEqual(["chef@ziel.test"], here["owner"], name)
            for version in flow["history"]:
                self.assertIn(version, here["history"], name)
            for side in (flow, here):  # versions of the target stay
                del side["owner"], side["history"]
            self.assertEqual(flow, here, name)
        self.assertIn("Target only workflow", now["workflows"])
        self.assertEqual(was["tables"]["orders"], now["tables"]["orders"])
        self.assertEqual(["Lager", "lager", "prod", "zielmarke"], now["tags"])
        target_only = ("wf:Target only workflow", "success",
                       "2026-11-20 10:00:00.000", [])
        self.assertEqual([target_only, *was["runs"]], now["runs"])
        files = self.files_by_run("dst")
        self.assertEqual("mine", files.pop((
            "Target only workflow", "2026-11-20 10:00:00.000",
            "binary_data/x")))
        self.assertEqual(self.files_by_run("src"), files)
        self.assertEqual([], self.ask("dst", "pragma foreign_key_check"))
        self.assertEqual("ok", self.one("dst", "pragma integrity_check"))

    def test_the_whole_of_it_in_one_commit(self):
        self.carry()
        self.check_transfer()
        flows = self.named("dst", "workflow_entity")
        self.assertEqual("dstSub0000000001", flows["Sub: normalise"])
        main = self.one("dst", "select nodes from workflow_entity where id = "
                        "?", flows["Main: order intake"])
        self.assertIn("dstSub0000000001", main)
        self.assertNotIn("wfSubNormalise01", main)
        credentials = self.named("dst", "credentials_entity")
        self.assertEqual("dstHdr0000000001", credentials["Header token"])
        self.assertEqual("dstOnly000000001", credentials["Only in target"])
        self.assertEqual("bRJ8b47AtxBYqCXB",
                         self.named("dst", "data_table")["orders"])
        runs = [row[0] for row in self.ask(
            "dst", "select id from execution_entity where id > 3")]
        self.assertEqual(12, len(runs))
        result = self.site.import_(self.site.export())
        self.assert_says(result, "nothing")
        self.check_transfer()

    def test_paths_of_the_manifest_hold_keys(self):
        self.bundle = self.site.export()
        names = "".join(self.paths())
        self.assertIn('/executions/{[[', names)
        self.assertIn('"Main: order intake"]', names)
        self.assertNotIn("wfMainIntake0001", names)
        one = [p for p in self.paths() if p.endswith("21e")]
        result = self.site.run("valise", "cat", self.bundle,
                               f"binary/{one[0]}", *self.site.identity)
        self.assertEqual("ünïcode ✓", result.out)

    def test_a_preview_shows_what_the_import_does(self):
        bundle = self.site.export()
        before = tree(self.files["dst"])
        result = self.site.preview(bundle, expect=(0, 1))
        self.assertEqual(before, tree(self.files["dst"]))
        self.assertIn("workflows/wfMainIntake0001/executions/4/", result.said)

    def test_what_the_source_dropped_goes_and_the_target_s_own_stays(self):
        self.carry()
        self.do("src", "pragma foreign_keys = on; delete from "
                "execution_entity where id = 11; delete from workflow_entity "
                "where name = 'Error handler'")
        self.carry()
        left = self.files_by_run("dst")
        self.assertNotIn("ünïcode ✓", left.values())
        self.assertIn("mine", left.values())
        self.assertNotIn("Error handler",
                         self.named("dst", "workflow_entity"))
        self.assertIn("Target only workflow",
                      self.named("dst", "workflow_entity"))

    def test_a_third_bundle_takes_away_what_was_brought_and_no_more(self):
        """One workflow that the first brought, and one that was here
        before it: the source has dropped both."""
        self.carry()
        self.assert_says(self.site.import_(self.site.export()), "nothing")
        here = self.named("dst", "workflow_entity")
        self.assertEqual("dstSub0000000001", here["Sub: normalise"])
        self.do("src", "pragma foreign_keys = on; delete from "
                "workflow_entity where name in ('Error handler', "
                "'Sub: normalise')")
        was = self.ask("dst", "select * from workflow_history where "
                       "workflowId = 'dstSub0000000001' order by versionId")
        self.carry()
        del here["Error handler"]
        self.assertEqual(here, self.named("dst", "workflow_entity"))
        self.assertEqual(was, self.ask(
            "dst", "select * from workflow_history where "
            "workflowId = 'dstSub0000000001' order by versionId"))
        self.assertEqual([], self.ask("dst", "pragma foreign_key_check"))
        self.assert_says(self.site.import_(self.site.export()), "nothing")

    def test_a_workflow_that_was_renamed_keeps_its_id_and_files(self):
        self.carry()
        before = tree(self.files["dst"])
        self.do("src", "update workflow_entity set name = 'Renamed' where "
                "name = 'Main: order intake'")
        self.carry()
        self.assertIn("Renamed", self.named("dst", "workflow_entity"))
        self.assertEqual(before, tree(self.files["dst"]))
        self.check_transfer()

    def test_files_of_what_does_not_travel_are_neither_made_nor_touched(self):
        self.carry()
        here = self.one("dst", "select id from execution_entity where "
                        "createdAt = '2026-11-21 00:20:22.128'")
        mark = (f"workflows/wfMainIntake0001/executions/{here}/binary_data/"
                "mark")
        write_tree(self.files["dst"], {mark: "kept"})
        for side in ("src", "dst"):
            self.do(side, "update execution_entity set status = 'waiting' "
                    "where createdAt = '2026-11-21 00:20:22.128'")
        write_tree(self.files["src"], {
            "workflows/nosuch/executions/1/binary_data/orphan": "x",
            "workflows/wfMainIntake0001/executions/99/binary_data/y": "x"})
        before = tree(self.files["dst"])
        result = self.carry()
        self.assertEqual(before, tree(self.files["dst"]))
        self.assert_says(self.site.last_export, "hold ids of rows that do "
                         "not travel: 2 entries")
        self.assertEqual(1, sum(p.endswith("!") for p in self.paths()))
        self.assertNotIn("nosuch", "".join(self.paths()))

    def test_the_profile_may_come_with_the_bundle(self):
        self.write_yaml("profile: n8n\n", target="profile: bundle\n",
                        extra=MAP)
        self.carry()
        self.check_transfer()

    def test_neither_side_takes_one_without_the_other(self):
        result = self.site.export("--only", "binary", expect=2)
        self.assert_says(result, "paths of resource 'binary' hold ids of "
                         "rows of 'app': export both")
        bundle = self.site.export()
        for target in ("profile: n8n\n", ""):
            self.write_yaml("profile: n8n\n", target=target, extra=MAP)
            result = self.site.import_(bundle, "--only", "binary", expect=4)
            self.assert_says(result, "hold ids of rows of 'app': they are "
                             "imported together")


class N8nTreeFirst(N8n):
    """The same with a tree whose name comes before that of its database; in a
    normal run what that may change."""

    tree_name = "aaa"

    def setUp(self):
        if not os.environ.get("VALISE_TEST_ALL") and not re.search(
                "whole|bundle|without_the_other", self.id()):
            self.skipTest("with VALISE_TEST_ALL only")
        super().setUp()

    def write_yaml(self, profile, **more):
        if "n8n" in profile:
            profile = "profile: {use: n8n, resources: {binary: aaa}}\n"
        if more.get("target") == "profile: n8n\n":
            more["target"] = profile
        super().write_yaml(profile, **more)

    def test_neither_side_takes_one_without_the_other(self):
        result = self.site.export("--only", "aaa", expect=2)
        self.assert_says(result, "export both")

    def test_paths_of_the_manifest_hold_keys(self):
        self.assertIn("Main: order intake",
                      "".join(self.paths(self.site.export())))


SMALL = """
create table person(id text primary key, mail text not null unique);
create table pic(id integer primary key, name text not null unique,
    person_id text not null references person(id));
"""
PROFILE = """
profile:
  resources:
    - resource: app
      tables:
        - {table: person, key: [mail]}
        - {table: pic, key: [name]}
      references:
        - {path: "pic/{pic.id}.png", in: binary}
        - {path: "home/u-{person.id}/**", in: binary}
"""


class Odd(Sides):
    def setUp(self):
        super().setUp()
        for side in ("src", "dst"):
            self.do(side, SMALL)
        self.write_yaml(PROFILE)

    def test_ids_keys_and_names_with_odd_characters(self):
        self.do("src", """
            insert into person values ('{x} %2F', 'a/b%{c}@x'),
                ('ü', '..');
            insert into pic values (1, 'one', 'ü'), (2, 'two', 'ü');""")
        self.do("dst", """
            insert into person values ('{x} %2F', 'somebody@else');
            insert into pic values (1, 'two', '{x} %2F');""")
        long = "n" * 254 + "%"
        write_tree(self.files["src"], {
            "home/u-{x} %2F/{%}.txt": "braces", "home/u-ü/a": "umlaut",
            "home/other": "no id", "pic/1.png": "one", "pic/2.png": "two",
            "pic/{1}.png": "braces, too", "pic/x%7B": "percent",
            f"home/u-ü/{long}": "long"})
        self.carry()
        self.assertIn("home/u-{[\"a%2Fb%25%7Bc%7D@x\"]}/%7B%25%7D.txt",
                      self.paths())
        new = self.one("dst", "select id from person where mail like 'a/%'")
        self.assertNotEqual("{x} %2F", new)
        one = self.one("dst", "select id from pic where name = 'one'")
        self.assertNotEqual(1, one)
        self.assertEqual({
            f"home/u-{new}/{{%}}.txt": "braces", "home/u-ü/a": "umlaut",
            "home/other": "no id", f"pic/{one}.png": "one",
            "pic/1.png": "two", "pic/x%7B": "percent",
            f"home/u-ü/{long}": "long"}, tree(self.files["dst"]))

    def test_a_key_longer_than_a_name(self):
        self.do("src", "insert into person values ('p', "
                "replace(hex(zeroblob(900)), '0', 'k'))")
        write_tree(self.files["src"], {"home/u-p/a": "x"})
        self.carry()
        self.assertEqual({"home/u-p/a": "x"}, tree(self.files["dst"]))
        self.assertLess(1800, max(map(len, self.paths())))

    def test_an_id_that_is_no_name_of_a_file_is_refused(self):
        self.do("src", "insert into person values ('p', 'a@x')")
        self.do("dst", "insert into person values ('a/b', 'a@x')")
        write_tree(self.files["src"], {"home/u-p/a": "x"})
        result = self.carry(expect=4)
        self.assert_says(result, "resource 'binary'", "u-{[\"a@x\"]}",
                         "cannot stand in a name")
        self.assertEqual({}, tree(self.files["dst"]))

    def test_what_the_target_does_not_take_has_no_files_here(self):
        self.do("src", "insert into person values ('p', 'a@x')")
        write_tree(self.files["src"], {"home/u-p/a": "x"})
        self.write_yaml(PROFILE.replace("[mail]}", "[mail], on_new: skip}"))
        self.carry()
        self.assertEqual({}, tree(self.files["dst"]))

    def test_hard_links_of_one_record_and_of_two(self):
        self.do("src", "insert into pic values (1, 'one', 'p'), (2, 'two', "
                "'p'); insert into person values ('p', 'a@x')")
        write_tree(self.files["src"], {"home/u-p/a": "x"})
        for name in ("home/u-p/b", "pic/1.png"):
            (self.files["src"] / name).parent.mkdir(exist_ok=True)
            (self.files["src"] / name).hardlink_to(
                self.files["src"] / "home/u-p/a")
        self.carry()
        self.assertEqual(3, (self.files["dst"] / "pic/1.png").stat().st_nlink)
        self.assert_says(self.site.import_(self.site.export()), "nothing")

    def test_a_name_by_a_column_that_the_import_changes(self):
        for side, slug, other in (("src", "new", "x"), ("dst", "old", "y")):
            self.do(side, f"""create table wiki(id integer primary key,
                    name text not null unique, slug text not null unique);
                insert into wiki values (1, 'w', '{slug}'),
                    (2, '{side}', '{other}');""")
            write_tree(self.files[side], {
                f"wikis/{slug}/page": f"of {side}", f"wikis/{slug}/{side}": "1",
                f"wikis/{other}/page": f"own of {side}"})
        self.write_yaml(PROFILE.replace(
            "      references:", "        - {table: wiki, key: [name]}\n"
            "      references:\n"
            '        - {path: "wikis/{wiki.slug}/**", in: binary}'))
        self.carry()
        self.assertEqual([("new",), ("y",), ("x",)], self.ask(
            "dst", "select slug from wiki order by id"))
        # What no import brought stays where it was.
        here = {"wikis/old/dst": "1", "wikis/old/page": "of dst",
                "wikis/x/page": "own of src", "wikis/y/page": "own of dst"}
        self.assertEqual({
            "wikis/new/page": "of src", "wikis/new/src": "1", **here},
            tree(self.files["dst"]))
        before = tree(self.files["dst"])
        self.carry()
        self.assertEqual(before, tree(self.files["dst"]))
        self.do("src", "update wiki set slug = 'newer' where name = 'w'")
        (self.files["src"] / "wikis/new").rename(
            self.files["src"] / "wikis/newer")
        self.carry()
        self.assertEqual({
            "wikis/newer/page": "of src", "wikis/newer/src": "1", **here},
            tree(self.files["dst"]))

    def test_a_word_of_the_site_goes_before_the_default(self):
        write_tree(self.files["dst"], {"own": "mine"})
        self.do("src", "insert into person values ('p', 'a@x')")
        write_tree(self.files["src"], {"home/u-p/a": "x"})
        self.carry()
        self.assertIn("own", tree(self.files["dst"]))
        self.write_yaml(PROFILE, words="    target_only: delete\n")
        write_tree(self.files["src"], {"home/u-p/b": "x"})
        self.carry()
        self.assertNotIn("own", tree(self.files["dst"]))


class Refusals(Sides):
    def setUp(self):
        super().setUp()
        for side in ("src", "dst"):
            self.do(side, SMALL)

    def refused(self, path, *said, tree="binary", line=16):
        self.write_yaml(PROFILE.replace('"pic/{pic.id}.png", in: binary',
                                        f'"{path}", in: {tree}'))
        self.assert_says(self.site.export(expect=2), f"source.yaml:{line}:11: ",
                         *said)

    def test_in_names_a_tree(self):
        self.refused("a/{pic.id}", "'in' names a tree of files, and 'app' is "
                     "none", tree="app")

    def test_one_name_is_of_one_line(self):
        self.refused("home/{pic.id}", "'home/u-{person.id}/**': a name "
                     "may be one of", line=17)
        self.refused("a/{pic.id}-{person.id}", "one {table.column} at most")

    def test_the_column_tells_rows_apart(self):
        self.refused("a/{pic.person_id}", "is no column by which")
        self.refused("a/{pic.nosuch}", "is no column by which")


if __name__ == "__main__":
    unittest.main()
