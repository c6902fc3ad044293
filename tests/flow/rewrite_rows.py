"""rewrite with columns: text in rows that is another one here, for once."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from said import Said  # noqa: E402
from serialized import parse  # noqa: E402

OLD, NEW = "https://old.example", "https://the-new-one.example"
PHP = 'a:1:{s:3:"url";s:22:"https://old.example/p/";}'
BODIES = {
    "text": f"see {OLD}/a, not {OLD}.org",
    "json": '{"u": "https:\\/\\/old.example\\/b"}',
    "php": PHP,
    "none": "no address",
}


class Rewrite(Said):
    def setUp(self):
        super().setUp()
        for number, (title, body) in enumerate(BODIES.items(), 10):
            body = body.replace("'", "''")
            self.change("source", f"insert into task values ({number}, "
                        f"'{title}', 70, '{body}')")

    def rule(self, words="", columns="task.body"):
        self.write("target",
                   f"trust:\n  - {{sender: {self.site.keys}/sender.pub}}\n"
                   f"rewrite:\n  - {{resource: app, columns: [{columns}], "
                   f'from: "{OLD}", to: "{NEW}"{words}}}\n')

    def bodies(self):
        return {row[1]: row[3] for row in self.rows()["task"]}

    def carry(self, expect=0):
        return self.site.import_(self.site.export(), "--allow-delete",
                                 expect=expect)

    def test_texts_become_others_and_stay_so(self):
        self.rule()
        self.carry()
        bodies = self.bodies()
        self.assertEqual(f"see {NEW}/a, not {OLD}.org", bodies["text"])
        self.assertEqual('{"u": "https:\\/\\/the-new-one.example\\/b"}',
                         bodies["json"])
        self.assertEqual(f"{NEW}/p/", parse(bodies["php"])["url"])
        self.assertEqual("no address", bodies["none"])
        self.assertEqual("It stays.", bodies["mine"])
        self.assert_says(self.carry(), "nothing")
        # Without the rule it is again what the source has.
        self.write("target",
                   f"trust:\n  - {{sender: {self.site.keys}/sender.pub}}\n")
        self.carry()
        self.assertEqual(BODIES["text"], self.bodies()["text"])

    def test_only_rows_that_fit(self):
        self.rule(", where: \"title = 'json'\"", '"task.*"')
        self.carry()
        bodies = self.bodies()
        self.assertEqual(BODIES["text"], bodies["text"])
        self.assertIn("the-new-one", bodies["json"])

    def test_before_rows_are_matched(self):
        self.change("source", f"insert into task values (50, '{OLD}/x', 70, "
                    "'of the source')")
        self.change("target", f"insert into task values (99, '{NEW}/x', 2, "
                    "'of the target')")
        self.rule(columns="task.title")
        self.carry()
        rows = {row[1]: (row[0], row[3]) for row in self.rows()["task"]}
        self.assertEqual((99, "of the source"), rows[f"{NEW}/x"])
        self.assertNotIn(f"{OLD}/x", rows)
        self.assert_says(self.carry(), "nothing")

    def test_what_is_wrong_with_it(self):
        bundle = self.site.export()
        for words, columns, says in (
                ("", "task.boddy", "there is no column 'task.boddy'"),
                (", where: nosuch", "task.body", "nosuch"),
                (", where: \"1; delete from task\"", "task.body",
                 "'rewrite'")):
            self.rule(words, columns)
            result = self.site.import_(bundle, "--allow-delete", expect=2)
            self.assert_says(result, f"{self.site.target_yaml}:", says)
        self.rule()
        text = self.site.target_yaml.read_text()
        for wrong, says in (
                (text.replace("resource: app, columns",
                              "resource: files, columns"),
                 "'columns' is about databases"),
                (text.replace("columns: [task.body]", "path: x"),
                 "'app' is no tree of files: this entry needs 'columns'"),
                (text.replace(f', to: "{NEW}"', ""), "has no 'to'")):
            self.site.target_yaml.write_text(wrong)
            self.assert_says(self.site.import_(bundle, expect=2), says)


if __name__ == "__main__":
    unittest.main()
