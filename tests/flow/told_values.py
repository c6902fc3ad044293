"""What differs inside values of JSON, PHP and YAML: a preview and `valise
diff` say the path, what was there and what comes, and ids by their rows."""
import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from inside_values import Inside, php  # noqa: E402


class Told(Inside):
    def lines(self, result):
        return [line for line in map(json.loads, result.out.splitlines())
                if line["message_type"] == "plan" and "values" in line]

    def preview(self, *words):
        return self.site.import_(self.bundle, "--preview", *words)

    def tell(self, ours, theirs, *lines):
        """Values of one option on each side; what is told of it."""
        self.profile(*lines)
        self.put(self.db, one=ours)
        self.put(self.target, one=theirs)
        self.bundle = self.site.export()
        told = self.lines(self.preview("--json"))
        self.assertLessEqual(len(told), 1)
        for line in told:
            self.assertEqual(("change", "option", "value", ["one"]),
                             (line["change"], line["table"], line["fields"],
                              line["key"]))
            self.assertTrue(all(one.pop("column") == "value"
                                for one in line["values"]))
        return told[0]["values"] if told else []

    def say(self):
        """The one line of the text form about the option."""
        line, = [line for line in self.preview().out.splitlines()
                 if "~ one" in line]
        return line.split("value  ", 1)[1]

    def test_json_without_a_line_of_the_profile(self):
        self.assertEqual(
            [{"path": "$.a.b[1]", "old": "2", "new": "3"},
             {"path": "$.c", "old": "true", "new": "null"},
             {"path": "$.d", "old": "\"x\""},
             {"path": "$['e f']", "new": "\"ä\"\""}],
            self.tell('{"e f": "\\u00e4\\"", "c":null, "a": {"b": [1, 3]}}'
                      .encode(),
                      b'{"a": {"b": [1, 2]}, "c": true, "d": "x"}'))
        self.assertEqual(
            "value.a.b[1]: 2 -> 3; value.c: true -> null; value.d: - \"x\"; "
            "value['e f']: + \"ä\"\"", self.say())

    def test_ids_are_called_by_their_rows(self):
        """Also where the numbers are the same on both sides."""
        self.assertEqual(
            [{"path": "$.cover", "old": "post [\"dog\"]",
              "new": "post [\"cat\"]"},
             {"path": "$.n", "old": "1", "new": "2"},
             {"path": "$.text", "old": "\"see #post [\"dog\"] now\"",
              "new": "\"see #post [\"eve\"] now\""}],
            self.tell(b'{"cover": 3, "same": 12, "n": 2, "text": "see #400 '
                      b'now"}', b'{"cover": 100000, "same": 100000, "n": 1, '
                      b'"text": "see #100000 now"}',
                      "{from: option.value, json: $.cover, to: post}",
                      "{from: option.value, json: $.same, to: post}",
                      "{from: option.value, json: $.text, pattern: "
                      "\"#(\\\\d+)\", to: post}"))
        self.assertIn("value.cover: post [\"dog\"] -> post [\"cat\"]; value.n: "
                      "1 -> 2", self.say().replace("\\", ""))

    def test_bundles_of_a_series(self):
        lines = ("{from: option.value, where: \"name = 'one'\", json: "
                 "\"$.id\", to: post}",
                 "{from: option.value, where: \"name = 'two'\", php: "
                 "\"$..*\", to: post}")
        self.profile(*lines)
        self.put(self.db, one=b'{"id": 3, "n": [1, 2]}', two=php(["12"]),
                 long=json.dumps(["x" * 9000]).encode(), same=b'{"a": 1}')
        old = self.site.export()
        self.put(self.db, one=b'{"id":12, "n": [1, 5]}', two=php(["400"]),
                 long=json.dumps(["y" * 9000]).encode())
        new = self.site.export()
        keys = ["--identity", self.site.keys / "recipient.key"]
        told = self.lines(self.site.run("valise", "diff", old, new, "--json",
                                        *keys))
        self.assertEqual({
            "one": [{"path": "$.id", "old": "post [\"cat\"]",
                     "new": "post [\"dog\"]"},
                    {"path": "$.n[1]", "old": "2", "new": "5"}],
            "two": [{"path": "$[0]", "old": "post [\"dog\"]",
                     "new": "post [\"eve\"]"}]},
            {line["key"][0]: [{k: v for k, v in one.items() if k != "column"}
                              for one in line["values"]] for line in told})
        said = self.site.run("valise", "diff", old, new, *keys).out
        self.assertIn("\tvalue\tvalue.id: post [\"cat\"] -> post [\"dog\"]; "
                      "value.n[1]: 2 -> 5\n", said.replace("\\", ""))
        self.assertRegex(said, "~\t[^\t]*long[^\t]*\thash\n")
        self.assertNotIn("same", said)

    def test_php(self):
        line = "{from: option.value, php: \"$..id\", to: post}"
        self.assertEqual(
            [{"path": "$.a.id", "old": "post [\"dog\"]",
              "new": "post [\"cat\"]"},
             {"path": "$.b", "old": "\"x\"", "new": "\"longer\""},
             {"path": "$[7]", "old": "N", "new": "b:1"}],
            self.tell(b'a:3:{s:1:"a";a:1:{s:2:"id";s:1:"3";}s:1:"b";s:6:'
                      b'"longer";i:7;b:1;}',
                      b'a:3:{s:1:"a";a:1:{s:2:"id";s:6:"100000";}s:1:"b";'
                      b's:1:"x";i:7;N;}', line))
        self.assertEqual(
            [{"path": "$[0]", "old": "1", "new": "2"}],
            self.tell(php([2]), php([1])))

    def test_yaml_where_a_line_says_so(self):
        line = "{from: option.value, yaml: \"$..id\", to: post}"
        self.assertEqual(
            [{"path": "$.a[0].id", "old": "post [\"dog\"]",
              "new": "post [\"cat\"]"},
             {"path": "$.b", "old": "\"5\"", "new": "5"}],
            self.tell(b"a:\n- id: 3 # the first\nb: 5\n",
                      b"a: [{id: 100000}]\nb: '5'\n", line))
        self.assertEqual([], self.tell(b"b: 6", b"b: 5"))

    def test_what_cannot_be_told_is_told_as_a_column(self):
        for ours, theirs in ((b"[1", b"[2"), (b"[1]", b"text"),
                             (b"a", b"b"), (b"[1, 2]", b"[1,2]")):
            self.assertEqual([], self.tell(ours, theirs))
            self.assertRegex(self.preview().out, r"~ one +value$|~ one +value\n")

    def test_little_is_told_of_much(self):
        many = self.tell(json.dumps([0] * 5000).encode(),
                         json.dumps([1] * 5000).encode())
        self.assertEqual(9, len(many))
        self.assertEqual({"more": 4992}, many[-1])
        self.assertRegex(self.say(), r"; value: and 4992 more$")
        one, = self.tell(json.dumps(["ü" * 9000]).encode(),
                         json.dumps(["x"]).encode())
        self.assertLess(len(one["new"].encode()), 100)
        self.assertTrue(one["new"].endswith("...\""), one)

    def test_secrets_are_not_told(self):
        self.assertEqual(
            [{"path": "$.db.Password", "old": "(not shown)",
              "new": "(not shown)"},
             {"path": "$.user", "old": "\"a\"", "new": "\"b\""}],
            self.tell(b'{"db": {"Password": "hunter2"}, "user": "b"}',
                      b'{"db": {"Password": "hunter1"}, "user": "a"}'))
        secret = ("      secrets:\n        - {column: option.value, "
                  "cipher: plain}\n")
        for path in self.site.source_yaml, self.site.target_yaml:
            text = path.read_text()
            path.write_text(text.replace("      tables:\n",
                                         secret + "      tables:\n"))
        self.bundle = self.site.export()
        self.assertNotIn("values", self.preview("--json").out)


if __name__ == "__main__":
    unittest.main()
