"""Values in files that stay the target's, and members of objects in them."""
import json
import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import Crash, Flow, write_tree  # noqa: E402

SOURCE = """{
  "active": "blue",
  "port": 80,
  "tenants": {
    "ada": {"plan": "big", "url": "https://a.source"},
    "bea": {"plan": "small", "url": "https://b.source"}
  }
}
"""


class FilesValues(Flow):
    """A tree `home`, and a profile that speaks of nothing else."""

    def setUp(self):
        super().setUp()
        self.maxDiff = None
        self.files = {"src": self.site.source, "dst": self.site.target}
        for side in ("src", "dst"):
            self.files[side].mkdir(parents=True, exist_ok=True)
        self.words("target_only: delete")

    def words(self, words, extra="", profile=None):
        path = self.folder / "app.yaml"
        path.write_text("resources:\n  - resource: home\n" + "".join(
            f"    {line}\n" for line in words.strip().splitlines()))
        for side, yaml, state in (
                ("src", self.site.source_yaml, self.site.source_state),
                ("dst", self.site.target_yaml, self.site.target_state)):
            trust = (f"trust:\n  - {{sender: {self.site.keys}/sender.pub}}\n"
                     + extra if side == "dst" else "")
            yaml.write_text(
                f"site: demo\nstate: {state}\n"
                f"profile: {profile or path}\n"
                f"resources:\n  - name: home\n    kind: files\n"
                f"    path: {self.files[side]}\n{trust}")

    def put(self, side, text, name="app.json"):
        write_tree(self.files[side], {name: text})

    def text(self, name="app.json"):
        return (self.files["dst"] / name).read_text()

    def carry(self, *words, **more):
        return self.site.import_(self.site.export(), "--allow-delete",
                                 *words, **more)

    def shown(self):
        """What a preview says of files and members."""
        run = self.site.preview(self.site.export(), expect=(0, 1))
        return [line.split(None, 1)[1] for line in run.out.splitlines()
                if line.startswith("home ") and line.split()[1] in "+-~!="]

    # keep_here

    def test_a_value_stays_and_not_a_byte_else_of_the_file(self):
        self.words("keep_here: [{file: app.json, json: $.active}]")
        self.put("src", SOURCE)
        self.put("dst", '{"active" : "gr\\u00fcn" , "port":81}')
        self.carry()
        self.assertEqual(SOURCE.replace('"blue"', '"gr\\u00fcn"'),
                         self.text())
        self.assert_says(self.site.import_(self.site.export()), "nothing")

    def test_values_of_any_kind_stay(self):
        self.words("keep_here: [{file: app.json, json: $.active}]")
        self.put("src", SOURCE)
        for value in ("null", "true", "-1.5e3", '""', "[1, {\n}]",
                      '{"a": {"b": []}}'):
            with self.subTest(value):
                self.put("dst", '{"active": %s}' % value)
                self.carry()
                self.assertEqual(SOURCE.replace('"blue"', value),
                                 self.text())

    def test_without_file_or_value_the_source_s_stands(self):
        self.words("keep_here: [{file: app.json, json: $.active}]")
        self.put("src", SOURCE)
        self.carry()
        self.assertEqual(SOURCE, self.text())
        self.put("dst", '{"other": {"active": 1}}')
        self.carry()
        self.assertEqual(SOURCE, self.text())
        (self.files["dst"] / "app.json").unlink()
        (self.files["dst"] / "app.json").symlink_to("/etc/passwd")
        self.carry()
        self.assertEqual(SOURCE, self.text())

    def test_a_value_that_the_bundle_lacks_comes_behind_the_others(self):
        self.words("keep_here: [{file: '*.json', json: $.deep.own}]")
        for name, source, here, want in (
                ("a", '{"deep": {\n  "x": 1\n}}', '{"deep":{"own":[2]}}',
                 '{"deep": {\n  "x": 1,\n  "own":[2]\n}}'),
                ("b", '{"deep": {}}', '{"deep":{\n "own" : 2 }}',
                 '{"deep": {\n "own" : 2}}'),
                ("c", '{"deep": 1}', '{"deep":{"own":2}}', '{"deep": 1}'),
                ("d", '{"x": 1}', '{"deep":{"own":2}}', '{"x": 1}')):
            self.put("src", source, f"{name}.json")
            self.put("dst", here, f"{name}.json")
            self.carry()
            with self.subTest(name):
                self.assertEqual(want, self.text(f"{name}.json"))
        self.assert_says(self.site.import_(self.site.export()), "nothing")

    def test_a_preview_says_nothing_of_what_stays(self):
        self.words("keep_here: [{file: app.json, json: $.active}]")
        self.put("src", SOURCE)
        self.put("dst", SOURCE.replace("blue", "a longer green"))
        os.utime(self.files["dst"] / "app.json", (1, 1))
        self.assertEqual([], [s for s in self.shown() if "app.json" in s])
        self.carry()
        self.assertEqual(
            1, (self.files["dst"] / "app.json").stat().st_mtime)

    def test_the_same_of_yaml(self):
        source = ("# of the source\nserver:\n  port: 80   # here, too\n"
                  "  name: 'it''s'\nlist: [a, b]\n")
        self.words("keep_here:\n  - {file: app.yaml, yaml: $.server.port}\n"
                   "  - {file: app.yaml, yaml: $.server.own}\n"
                   "  - {file: app.yaml, yaml: $.mode}")
        self.put("src", source, "app.yaml")
        self.put("dst", 'server: {port: "81", own: x}\nmode: ~\n',
                 "app.yaml")
        self.carry()
        self.assertEqual(
            "# of the source\nmode: ~\nserver:\n  own: x\n"
            "  port: \"81\"   # here, too\n  name: 'it''s'\n"
            "list: [a, b]\n", self.text("app.yaml"))
        self.assert_says(self.site.import_(self.site.export()), "nothing")

    def test_yaml_that_would_be_something_else_is_refused(self):
        self.words("keep_here: [{file: app.yaml, yaml: $.a}]")
        for source, here, said in (
                ("{a: 1, b: 2}", "a: x, y\n", "would be another one"),
                ("a: 1\n", "a: {b: 1}\n", "'$.a' is a map or a list"),
                ("a: [1]\n", "a: 1\n", "'$.a' is a map or a list"),
                ("a: 1\n", "b: &x 1\na: *x\n", "an alias"),
                ("a: 1\n", "a: 1\na: 2\n", "'a' stands twice"),
                ("a: 1\n", "a: 'open\n", "here: not YAML"),
                ("a: 1\n---\na: 2\n", "a: 1\n", "in the bundle: not YAML")):
            self.put("src", source, "app.yaml")
            self.put("dst", here, "app.yaml")
            with self.subTest(here):
                self.assert_says(self.carry(expect=4), said, "app.yaml")
                self.assertEqual(here, self.text("app.yaml"))

    def test_what_cannot_be_read_is_refused_with_its_side(self):
        self.words("keep_here: [{file: app.json, json: $.active}]")
        for source, here, said in (
                (SOURCE, '{"active": }', "here: not JSON at byte 11"),
                (SOURCE, "", "here: not JSON"),
                ("[1", '{"active": 1}', "in the bundle: not JSON"),
                ("\x00", '{"active": 1}', "in the bundle it is no text"),
                ('{"a":1,"\\u0061":2}', '{"active": 1}',
                 "'a' stands twice"),
                ("[" * 200, "{}", "nested deeper than 128")):
            self.put("src", source)
            self.put("dst", here)
            with self.subTest(here):
                self.assert_says(self.carry(expect=4), said, "app.json",
                                 "resource 'home'")
                self.assertEqual(here, self.text())

    def test_a_path_may_select_several_by_names_and_none_in_lists(self):
        self.words('keep_here: [{file: app.json, json: "$.tenants.*.url"}]')
        self.put("src", SOURCE)
        self.put("dst", SOURCE.replace(".source", ".here"))
        self.carry()
        self.assertEqual(SOURCE.replace(".source", ".here"), self.text())
        self.words('keep_here: [{file: app.json, json: "$.list[*].url"}]')
        self.put("dst", '{"list": [{"url": 1}]}')
        self.assert_says(self.carry(expect=4), "goes over a list")
        self.words('keep_here: [{file: app.json, json: "$.list[0].url"}]')
        self.put("src", '{"list": [{"url": 5}, {"url": 6}]}')
        self.carry()
        self.assertEqual('{"list": [{"url": 1}, {"url": 6}]}', self.text())

    def test_bad_words_are_told_with_their_line(self):
        for words, said in (
                ("keep_here: [{file: a}]", "no 'json' or 'yaml'"),
                ("keep_here: [{file: a, json: $.a, yaml: $.a}]", "not both"),
                ("keep_here: [{file: '!a', json: $.a}]", "takes nothing"),
                ("keep_here: [{file: a, json: a}]", "a path from the root"),
                ("members: [{file: a}]", "has no 'json'"),
                ("members: [{file: '!a', json: $}]", "takes nothing"),
                ("members: [{file: a, json: $.a, target_only: x}]",
                 "delete, keep, brought"),
                ("members: [{file: a, json: $.a}]\n"
                 "tables: [{table: t, key: [a]}]", "one or the other")):
            self.words(words)
            with self.subTest(words):
                self.assert_says(self.site.export(expect=2), said,
                                 "app.yaml:")
        self.words("keep_here: [{file: app.json, json: '$.a~'}]")
        self.put("src", SOURCE)
        self.assert_says(self.carry(expect=2), "'~' selects names")
        self.words("keep_here:\n  - {file: app.json, json: $.a}\n"
                   "  - {file: '*.json', yaml: $.a}")
        self.assert_says(self.carry(expect=2), "and as YAML by another")

    def test_site_and_profile_add_and_other_words_go_first(self):
        self.words(
            "keep_here: [{file: app.json, json: $.active}]",
            extra="keep_here:\n"
                  "  - {resource: home, file: app.json, json: $.port}\n"
                  "rewrite:\n  - {resource: home, path: '*.json', "
                  "from: '.source', to: '.new'}\n"
                  "map:\n  - {resource: home, from: 'b/**', to: 'c/**'}\n")
        self.put("src", SOURCE)
        self.put("src", SOURCE, "b/app.json")
        mine = SOURCE.replace("blue", "green").replace("80", "81")
        self.put("dst", mine)
        self.put("dst", mine, "c/app.json")
        self.carry()
        want = mine.replace(".source", ".new")
        self.assertEqual([want, want],
                         [self.text(), self.text("c/app.json")])
        self.words("keep_here: [{file: app.json, json: $.active}]",
                   extra="keep_here:\n"
                         "  - {resource: home, path: app.json}\n")
        self.put("dst", "{ not even JSON")
        self.carry()
        self.assertEqual("{ not even JSON", self.text())

    # members

    MEMBERS = "members: [{file: app.json, json: $.tenants%s}]"

    def tenants(self, *names):
        """The source's file with these."""
        return json.dumps({"tenants": {n: {"n": n} for n in names}},
                          indent=1)

    def names(self):
        return list(json.loads(self.text())["tenants"])

    def test_members_of_both_sides_survive(self):
        self.words(self.MEMBERS % ", target_only: keep")
        self.put("src", self.tenants("ada", "bea"))
        self.put("dst", '{"tenants": {"own": {"n": 1}, "ada": {}}}')
        self.assertEqual(
            [["~", "app.json"], ["~", "app.json", "$.tenants.ada"],
             ["+", "app.json", "$.tenants.bea"]],
            [line.split()[:3][:3 if "$" in line else 2]
             for line in self.shown() if "app.json" in line])
        self.carry()
        self.assertEqual(
            self.tenants("ada", "bea").replace(
                '\n }\n', ',\n  "own": {"n": 1}\n }\n'), self.text())
        self.assert_says(self.site.import_(self.site.export()), "nothing")

    def test_a_member_that_was_brought_goes_with_the_source_s(self):
        self.words(self.MEMBERS % "")
        self.put("dst", self.tenants("own", "both"))
        self.put("src", self.tenants("both", "ada", "bea"))
        self.carry()
        self.assertEqual(["both", "ada", "bea", "own"], self.names())
        self.put("src", self.tenants("bea"))
        self.assertEqual(
            ["- $.tenants.ada"],
            [" ".join([line.split()[0], line.split()[2]])
             for line in self.shown() if "$." in line])
        self.carry()
        # What it found here it does not take away again.
        self.assertEqual(["bea", "both", "own"], self.names())
        self.put("src", self.tenants())
        self.carry()
        self.assertEqual(["both", "own"], self.names())
        self.assert_says(self.site.import_(self.site.export()), "nothing")

    def test_it_is_remembered_while_the_source_lacks_the_file(self):
        self.words("target_only: keep\n" + self.MEMBERS % "")
        for side in ("src", "dst"):
            self.put(side, "{}", "zz.json")
        self.put("dst", self.tenants("own"))
        self.put("src", self.tenants("ada", "bea"))
        self.carry()
        self.put("src", "1", "other")
        (self.files["src"] / "app.json").unlink()
        self.carry()
        self.carry()
        self.assertEqual(["ada", "bea", "own"], self.names())
        self.put("src", self.tenants("bea"))
        self.carry()
        self.assertEqual(["bea", "own"], self.names())

    def test_not_of_a_file_that_went_in_between(self):
        for only, gone in (("delete", True), ("brought", True),
                           ("keep", False)):
            with self.subTest(only):
                self.words(f"target_only: {only}\n" + self.MEMBERS % "")
                (self.files["dst"] / "app.json").unlink(missing_ok=True)
                self.put("src", "1", "other")
                self.put("src", self.tenants("ada", "bea"))
                self.carry()
                (self.files["src"] / "app.json").unlink()
                self.carry()
                self.assertEqual(
                    gone, not (self.files["dst"] / "app.json").exists())
                self.put("dst", self.tenants("ada", "mine"))
                self.put("src", self.tenants("bea"))
                self.carry()
                self.assertEqual(
                    ["bea", "ada", "mine"] if gone else ["bea", "mine"],
                    self.names())

    def test_with_delete_only_the_source_s_are_here(self):
        self.words(self.MEMBERS % ", target_only: delete")
        self.put("src", self.tenants("ada"))
        self.put("dst", self.tenants("own"))
        self.carry()
        self.assertEqual(self.tenants("ada"), self.text())

    def test_a_value_stays_inside_a_member(self):
        self.words(self.MEMBERS % "" + "\n"
                   "keep_here: [{file: app.json, json: $.tenants.*.n},"
                   " {file: app.json, json: $.tenants.mine}]")
        self.put("src", self.tenants("ada", "bea"))
        self.put("dst", '{"tenants": {"ada": {"n": 7, "x": 1}, '
                        '"mine": [1], "own": {"n": 8}}}')
        self.carry()
        self.assertEqual(
            {"ada": {"n": 7}, "bea": {"n": "bea"}, "mine": [1],
             "own": {"n": 8}}, json.loads(self.text())["tenants"])
        self.assertEqual([], [s for s in self.shown() if "$" in s])

    def test_an_object_that_the_bundle_lacks(self):
        self.words(self.MEMBERS % ", target_only: keep")
        self.put("src", '{"x": 1}')
        self.put("dst", '{"tenants": {"own": 1, "two": 2}}')
        self.carry()
        self.assertEqual('{"x": 1,"tenants": {"own": 1, "two": 2}}',
                         self.text())
        self.put("src", '{"tenants": null}')
        self.put("dst", '{"tenants": null}')
        self.carry()
        for source, here in (("[1]", "{}"), ("{}", "[1]"), ('"a"', "{}")):
            self.put("src", '{"tenants": %s}' % source)
            self.put("dst", '{"tenants": %s}' % here)
            self.assert_says(self.carry(expect=4), "is no object")

    def test_a_kill_leaves_file_and_list_of_before_or_after(self):
        self.words(self.MEMBERS % "" + "\n"
                   "keep_here: [{file: app.json, json: $.active}]")
        self.put("src", '{"active":1,"tenants":{"ada":1}}')
        self.put("dst", '{"active":7,"tenants":{"own":0}}')
        self.carry()
        old = '{"active":7,"tenants":{"ada":1,"own":0}}'
        self.put("src", '{"active":2,"tenants":{"bea":2}}')
        new = '{"active":7,"tenants":{"bea":2,"own":0}}'
        crash = Crash(self, self.site.export(), "--allow-delete")
        decided = crash.decision()
        points = range(1, crash.count() + 1)
        if not os.environ.get("VALISE_TEST_ALL"):
            points = (decided - 1, decided, decided + 6, points[-3])
        for nth in points:
            with self.subTest(nth):
                self.assertEqual(137, crash.kill_at(nth))
                self.site.recover()
                self.assertEqual(old if nth < decided else new, self.text())
                self.assertEqual([], self.site.leftovers())
                # Whose members these are is known as well.
                self.put("src", '{"active":3,"tenants":{}}')
                self.carry()
                self.assertEqual('{"active":7,"tenants":{"own":0}}',
                                 self.text())

    def test_files_of_a_pattern_each_have_their_own(self):
        self.words("members: [{file: 'sites/*/app.json', json: $.tenants}]")
        for site in "ab":
            self.put("src", self.tenants("x", site), f"sites/{site}/app.json")
        self.put("dst", self.tenants("own"), "sites/b/app.json")
        self.carry()
        for site in "ab":
            self.put("src", self.tenants("y"), f"sites/{site}/app.json")
        self.carry()
        self.assertEqual(self.tenants("y"), self.text("sites/a/app.json"))
        self.assertEqual(["y", "own"], list(json.loads(
            self.text("sites/b/app.json"))["tenants"]))

    def test_check_profile_counts_what_there_is(self):
        self.words(self.MEMBERS % "" + "\n"
                   "keep_here:\n  - {file: app.json, json: $.tenants.*.n}\n"
                   "  - {file: none.yaml, yaml: $.a}")
        self.put("src", self.tenants("a", "b"))
        self.put("src", "{", "sub/app.json")

        def check(**more):
            return self.site.run("valise", "check-profile",
                                 self.site.source_yaml, **more)

        self.assert_says(
            check(), "app.json $.tenants\tmembers\t2 files\t2 values",
            "app.json $.tenants.*.n\tkeep_here\t2 files\t2 values",
            "none.yaml $.a\tkeep_here\t0 files\t0 values",
            "'none.yaml', and the tree has none",
            "refused by 'members' of 'sub/app.json': here: not JSON")
        self.assertIn('"values":2',
                      self.site.run("valise", "check-profile", "--json",
                                    self.site.source_yaml).out)
        self.words("members: [{file: app.json, json: '$.a['}]")
        self.assert_says(check(expect=2), "'members' of file 'app.json'",
                         "cannot use the JSON path")

    def test_json_lines_name_members(self):
        self.words(self.MEMBERS % "")
        self.put("src", self.tenants("a\x1b[31mb"))
        self.put("dst", self.tenants())
        run = self.site.preview(self.site.export(), "--json", expect=(0, 1))
        lines = [json.loads(line) for line in run.out.splitlines()]
        self.assertIn(("add", "app.json", "$.tenants['a\x1b[31mb']"),
                      [(m["change"], m["path"], m["member"])
                       for m in lines if "member" in m])
        shown = self.site.preview(self.site.export(), expect=(0, 1)).out
        self.assertNotIn("\x1b", shown)


if __name__ == "__main__":
    unittest.main()
