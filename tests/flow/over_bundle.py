"""The profile that a bundle brings, with policy of the target over it."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from said import Said, WORDS  # noqa: E402

DERIVE = ("profile: {resources: [{resource: app, tables: ["
          "{table: person, key: [mail]}, {table: task, key: [title], "
          "derived: [body], derive: \"update task set body = 'theirs'\"}, "
          "{table: slot, key: [day, hour]}]}]}\n")


class OverBundle(Said):
    def over(self, words, lead="profile: {use: bundle, ", trust=""):
        self.write("target", f"trust: [{{sender: {self.site.keys}"
                   f"/sender.pub{trust}}}]\n", words=lead + words + "}\n")

    def bring(self, words, expect=0, **more):
        self.over(words, **more)
        return self.site.import_(self.site.export(), "--allow-delete",
                                 expect=expect)

    def refused(self, words, *said, **more):
        before = self.rows()
        result = self.bring(words, expect=2, **more)
        self.assert_says(result, f"{self.site.target_yaml}:", *said)
        self.assertEqual(before, self.rows())

    def test_policy_of_the_site_goes_over_what_the_bundle_brings(self):
        self.bring("tables: [{resource: app, table: person, on_match: skip}, "
                   "{resource: app, table: slot, target_only: delete}]")
        self.assertEqual([(1, "blaise@example.org", "B."),
                          (2, "carla@example.org", "Carla"),
                          (3, "ada@example.org", "Ada")],
                         self.rows()["person"])
        # Its keys are the bundle's, and of `slot` all policy but that word.
        self.assertEqual([("a/b", 1, "odd"), ("mon", 9, "early")],
                         self.rows()["slot"])
        self.assertEqual({"pack": 1, "buy": 3, "mine": 2}, self.owners())

    def test_the_word_takes_the_place_of_that_of_the_bundle(self):
        self.write("source", words=WORDS.replace(
            "key: [mail]}", "key: [mail], on_match: fail, "
            "target_only: delete}"))
        self.change("target", "delete from task")
        self.bring("tables: [{resource: app, table: person, "
                   "on_match: overwrite}]")
        self.assertEqual([(1, "blaise@example.org", "Blaise"),
                          (3, "ada@example.org", "Ada")],
                         self.rows()["person"])

    def test_rows_that_are_kept_here(self):
        self.bring("keep_here: [{resource: app, table: person, "
                   "where: \"mail like 'b%'\", columns: [name]}]")
        self.assertIn((1, "blaise@example.org", "B."), self.rows()["person"])

    def test_a_table_of_which_the_bundle_says_nothing(self):
        for side in ("source", "target"):
            self.change(side, "create table extra(k text primary key, v)")
        self.change("source", "insert into extra values ('a', 1)")
        self.change("target", "insert into extra values ('a', 2)")
        self.bring("tables: [{resource: app, table: extra, on_match: skip}]")
        self.assertEqual([("a", 2)], self.table("extra"))

    def test_a_bundle_without_a_profile(self):
        self.change("source", "drop table task; drop table person")
        self.change("target", "drop table task; drop table person")
        self.write("source", words="")
        self.change("source", "insert into slot values ('mon', 10, 'new')")
        self.over("tables: [{resource: app, table: slot, on_match: skip}]")
        self.site.import_(self.site.export(), "--allow-delete")
        self.assertIn(("mon", 10, "late"), self.table("slot"))

    def test_nothing_over_it_is_the_bundle_alone(self):
        self.over("", lead="profile: {use: bundle")
        self.site.import_(self.site.export(), "--allow-delete")
        self.assertIn((1, "blaise@example.org", "Blaise"),
                      self.rows()["person"])

    def test_meaning_is_not_the_sites_to_say(self):
        for words, said in (
                ("tables: [{resource: app, table: person, key: [name]}]",
                 "'key' does not stand over the profile of a bundle"),
                ("tables: [{resource: app, table: task, skip: true}]",
                 "'skip' does not stand over"),
                ("references: [{resource: app, from: task.person_id, "
                 "to: person}]", "'references' does not stand over"),
                ("not_reference: [{resource: app, columns: [task.person_id]}]",
                 "'not_reference' does not stand over"),
                ("types: {a: {b: c}}", "'types' does not stand over"),
                ("secrets: [{resource: app, column: person.name, "
                 "master_key: k}]", "'master_key' does not stand over"),
                ("keep_here: [{resource: app, file: '*.json', "
                 "json: '$.a'}]", "'file' does not stand over"),
                ("prefix: {files: x_}", "'files' is no database of this"),
                ("resources: {app: app}", "a bundle calls them as"),
                ("tables: [{resource: files, table: person, "
                 "on_match: skip}]", "'files' is no database of this site"),
                ("tables: [{resource: ap, table: person, on_match: skip}]",
                 "'ap' is no database of this site"),
                ("tables: [{resource: app, table: person, on_mach: skip}]",
                 "unknown word 'on_mach'")):
            with self.subTest(words=words):
                self.refused(words, said)

    def test_what_the_bundle_has_no_entry_of_is_named_with_its_line(self):
        self.refused("tables: [{resource: app, table: person, "
                     "where: \"name is null\", on_match: skip}]",
                     "no entry of 'tables' that is about the same")
        self.refused("secrets: [{resource: app, column: person.name, "
                     "on_secret: keep_here}]",
                     "no entry of 'secrets' that is about the same")
        self.refused("tables: [{resource: app, table: people, "
                     "on_match: skip}]", "people")

    def test_code_of_the_site_runs_where_that_of_the_bundle_may_not(self):
        self.write("source", words=DERIVE)
        result = self.bring("tables: [{resource: app, table: person, "
                            "on_match: skip}]")
        self.assert_says(result, "'derive' of table 'task' is the bundle's")
        bodies = {row[1]: row[3] for row in self.rows()["task"]}
        self.assertNotIn("theirs", bodies.values())
        self.bring("tables: [{resource: app, table: task, "
                   "derive: \"update task set body = 'ours'\"}]")
        bodies = {row[1]: row[3] for row in self.rows()["task"]}
        self.assertEqual("ours", bodies["pack"])

    def test_an_export_has_no_bundle(self):
        self.write("source", words="profile: {use: bundle, tables: "
                   "[{resource: app, table: person, on_match: skip}]}\n")
        result = self.site.run("valise-export", self.site.source_yaml, "--to",
                               self.folder, expect=2)
        self.assert_says(result, "'profile: bundle' is for a target")


if __name__ == "__main__":
    unittest.main()
