"""Values that differ from side to side: `here` of a profile and of a site."""
import json
import sqlite3
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from sides import Sides  # noqa: E402

OLD = "https://old.example"
NEW = "https://much-longer.new.example/blog"
BLOG = """
create table option(name text primary key, value text);
create table post(id integer primary key, guid text not null unique,
    content text);
create table note(post_id integer, text text);
"""
WORDS = """
tables:
  - {table: option, key: [name]}
  - {table: post, key: [guid]}
  - {table: note, owned_by: post_id}
references:
  - {from: note.post_id, to: post}
  - {from: post.content, pattern: "{here.url}/\\\\?p=(\\\\d+)", to: post}
  - {from: note.text, pattern: "{here.url}/\\\\?p=(\\\\d+)", to: post}
here:
  - {name: url, in: [post.guid, post.content, note.text]}
  - {name: url, in: option.value, where: "name <> 'history'"}
"""


def here(url):
    return f"here: {{url: \"{url}\"}}\n"


def php(text):
    return f's:{len(text.encode())}:"{text}";'


class Here(Sides):
    def setUp(self):
        super().setUp()
        self.change("source", BLOG)
        self.change("target", BLOG)
        self.write("source", WORDS, here(OLD))
        self.write("target", WORDS, here(NEW))

    def put(self, side, table, *rows):
        db = sqlite3.connect(self.files[side])
        for row in rows:
            db.execute(f"insert into {table} values "
                       f"({', '.join('?' * len(row))})", row)
        db.commit()
        db.close()

    def test_a_secret_stands_beside_a_value_of_this_side(self):
        """Also where the key of the row is one."""
        words = WORDS + "secrets:\n  - {column: post.pass, cipher: plain}\n"
        for side in ("source", "target"):
            self.change(side, "alter table post add column pass text")
        self.write("source", words, here(OLD))
        self.write("target", words, here(NEW))
        self.put("source", "post",
                 (1, f"{OLD}/a", f"at {OLD}/x", "s 1"),
                 (2, f"{OLD}/b", None, "s 2"))
        self.carry()
        self.assertEqual(
            [(f"{NEW}/a", f"at {NEW}/x", "s 1"),
             (f"{NEW}/b", None, "s 2")],
            self.ask("select guid, content, pass from post order by guid"))
        self.assert_says(self.carry(), "nothing")

    def options(self):
        return dict(self.ask("select name, value from option"))

    def test_the_targets_value_takes_the_sources_place(self):
        slashed = OLD.replace("/", "\\/")
        large = "x " * 3000
        self.put("source", "option", ("home", OLD), ("twice", f"{OLD} {OLD}/"),
                 ("history", OLD), ("none", None),
                 ("json", json.dumps({"a": [f"{OLD}/x", f"a\n{OLD}"]})),
                 ("slashes", '{"a":"%s\\/x"}' % slashed),
                 ("inside", f"data='{{\"u\":\"{slashed}\"}}' {OLD}"),
                 ("large", f"{large}{OLD}/{large}"), ("blob", OLD.encode()))
        self.put("target", "option", ("home", NEW), ("history", NEW))
        shown = self.signs(self.carry())
        self.assertIn("option ~ history value", shown)
        self.assertNotIn("home", " ".join(shown))
        found = self.options()
        new = NEW.replace("/", "\\/")
        self.assertEqual(
            {"home": NEW, "twice": f"{NEW} {NEW}/", "history": OLD,
             "none": None,
             "json": json.dumps({"a": [f"{NEW}/x", f"a\n{NEW}"]}),
             "slashes": '{"a":"%s\\/x"}' % new,
             "inside": f"data='{{\"u\":\"{new}\"}}' {NEW}",
             "large": f"{large}{NEW}/{large}", "blob": OLD.encode()}, found)
        self.nothing_differs()

    def test_never_inside_something_longer(self):
        same = {"a": f"{OLD}.com/", "b": f"{OLD}-two", "c": f"{OLD}:8080/",
                "d": f"{OLD}2", "e": "https://old.exampleé", "h": f"x{OLD}"}
        other = {"f": f"{OLD}. Next", "g": f"{OLD}:",
                 "i": f"{OLD}?a", "j": f"<{OLD}>", "k": f"{OLD}..."}
        self.put("source", "option", *same.items(), *other.items())
        self.carry()
        self.assertEqual(
            same | {name: text.replace(OLD, NEW)
                    for name, text in other.items()}, self.options())

    def test_host_names_and_numbers(self):
        self.write("source", WORDS, here("old.example"))
        self.write("target", WORDS, here("new.example"))
        same = {"a": "www.old.example", "b": "my-old.example",
                "c": "old.example.org"}
        other = {"d": "me@old.example", "e": '"old.example"',
                 "f": '["x\\nold.example"]'}
        self.put("source", "option", *same.items(), *other.items())
        self.carry()
        self.assertEqual(same | {name: text.replace("old.", "new.")
                                 for name, text in other.items()},
                         self.options())

    def test_keys_patterns_and_rows_without_a_name(self):
        self.put("source", "post", (1, f"{OLD}/?p=1", f"see {OLD}/?p=2."),
                 (2, f"{OLD}/?p=2", f"{OLD} and {OLD}/?p=1 {OLD}/?p=77x"))
        self.put("source", "note", (1, f"at {OLD}/?p=2"), (1, "same"),
                 (2, OLD))
        self.put("target", "post", (40, f"{NEW}/?p=2", "old"))
        self.put("target", "note", (40, NEW), (40, "gone"))
        words = WORDS.replace("to: post}\nhere", "to: post}\nhere").replace(
            '(\\\\d+)", to: post}', '(\\\\d+)", to: post, on_dangling: keep}')
        self.write("source", words, here(OLD))
        self.write("target", words, here(NEW))
        shown = self.signs(self.carry())
        self.assertIn(f"post ~ {OLD}/?p=2 content", shown)
        self.assertEqual(2, sum(line.startswith("note +") for line in shown))
        self.assertEqual(1, sum(line.startswith("note -") for line in shown))
        self.assertEqual(
            [(40, f"{NEW}/?p=2", f"{NEW} and {NEW}/?p=41 {NEW}/?p=77x"),
             (41, f"{NEW}/?p=1", f"see {NEW}/?p=40.")],
            self.ask("select * from post order by id"))
        self.assertEqual([(40, NEW), (41, f"at {NEW}/?p=40"), (41, "same")],
                         self.ask("select * from note order by 1, 2"))
        self.nothing_differs()

    def test_what_was_imported_without_it_is_put_right(self):
        self.put("source", "option", ("home", f"{OLD}/"))
        self.put("target", "option", ("home", f"{OLD}/"))
        self.assertEqual(["option ~ home value"], self.signs(self.carry()))
        self.assertEqual({"home": f"{NEW}/"}, self.options())
        self.nothing_differs()

    def test_text_of_the_source_that_is_the_targets_value_stays(self):
        self.put("source", "option", ("home", f"{NEW} {OLD}"))
        self.carry()
        self.assertEqual({"home": f"{NEW} {NEW}"}, self.options())
        self.nothing_differs()

    def test_lengths_of_php_follow(self):
        def value(url):
            inner = "a:1:{i:0;" + php(f"ü {url}") + "}"
            return ("a:5:{" + php("u") + php(url) + php(f"{url}/k") + "i:7;" +
                    "i:0;" + php(inner) + "i:1;" + 'O:1:"X":1:{' + php("u") +
                    php(OLD) + "}" + "i:2;" + php(f'["{url}"]') + "}")
        self.put("source", "option", ("php", value(OLD)),
                 ("none", f"a:1:{{i:0;s:99:\"{OLD}\";}}"))
        self.carry()
        self.assertEqual({"php": value(NEW),
                          "none": f"a:1:{{i:0;s:99:\"{NEW}\";}}"},
                         self.options())
        self.nothing_differs()

    def refer(self, *lines, value=OLD, other=NEW):
        """More lines about options; both sides have two posts."""
        words = WORDS.replace("references:", "references:" + "".join(
            f"\n  - {{from: option.value, {line}, to: post, on_broken: keep}}"
            for line in lines))
        self.write("source", words, here(value))
        self.write("target", words, here(other))
        self.put("source", "post", (1, "g", ""), (2, "h", ""))
        self.put("target", "post", (30, "h", ""), (4711, "g", ""))

    def ids_and_a_value(self, url, first, second):
        """Ids as integers, keys and strings, in what was serialised once
        more, in JSON; the value before, behind, beside and between them."""
        inner = ("a:2:{" + php("u") + php(f"{url}/") + php("p") +
                 php(f"{url}/?p={first}&q={second} {url}") + "}")
        return ("a:8:{" + php("u") + php(f"{url}/a") + php("p") +
                f"i:{first};" + php(url) + php("t\0ä") + php("p2") +
                php(str(second)) + php("k") + f"a:1:{{i:{first};" + php(url) +
                "}" + php("in") + php(inner) + php("js") +
                php(json.dumps({"p": f"\n{url}/?p={second}"})) + "i:0;" +
                php(url) + "}")

    def test_ids_and_a_value_in_one_text_of_php(self):
        def large(url, number):
            return ("a:2:{" + php("u") + php("x" * 9000 + f" {url} ") +
                    php("p") + f"i:{number};}}")
        self.refer("php: $.p", "php: $.p2", "php: $.k.*~",
                   "php: $.in, pattern: '[pq]=([0-9]+)'",
                   "php: $.js, pattern: 'p=([0-9]+)'")
        self.put("source", "option", ("large", large(OLD, 2)),
                 ("php", self.ids_and_a_value(OLD, 1, 2)))
        self.put("target", "option",
                 ("php", self.ids_and_a_value(NEW, 30, 30)))
        shown = [line.split()[:3] for line in self.signs(self.carry())]
        self.assertIn(["option", "~", "php"], shown)
        right = self.ids_and_a_value(NEW, 4711, 30)
        self.assertEqual({"large": large(NEW, 30), "php": right},
                         self.options())
        self.nothing_differs()
        self.change("source", "update option set value = replace(value, "
                    "'/a\"', '/b\"') where name = 'php'")
        (shown,) = self.signs(self.carry())
        self.assertTrue(shown.startswith("option ~ php value"), shown)
        self.assertEqual(right.replace('/a"', '/b"'), self.options()["php"])
        self.nothing_differs()

    def test_rows_without_a_name_that_hold_both(self):
        def value(url, post):
            return f"a:2:{{{php('p')}i:{post};{php('u')}{php(url)}}}"
        words = WORDS.replace('note.text, pattern: "{here.url}/\\\\?p='
                              '(\\\\d+)"', "note.text, php: $.p, on_broken: "
                              "keep")
        self.refer("php: $.p")
        self.write("source", words, here(OLD))
        self.write("target", words, here(NEW))
        self.put("source", "note", (1, value(OLD, 2)), (1, "same"))
        self.put("target", "note", (4711, value(NEW, 30)), (4711, "gone"))
        shown = [line.split()[1] for line in self.signs(self.carry())
                 if line.startswith("note")]
        self.assertEqual(["+", "-"], shown)
        self.assertEqual([(4711, value(NEW, 30)), (4711, "same")],
                         self.ask("select * from note order by 2"))
        self.nothing_differs()

    def test_a_value_never_reaches_over_an_id(self):
        self.refer("pattern: '^x is ([0-9]+)'", value="is 1", other="is one")
        self.put("source", "option", ("a", "x is 2, is 1"))
        self.carry()
        self.assertEqual({"a": "x is 30, is one"}, self.options())
        self.nothing_differs()

    def test_an_id_whose_length_would_not_follow(self):
        self.refer("pattern: 'p=([0-9]+)'")
        self.put("source", "option",
                 ("a", "a:1:{" + php("u") + php(f"{OLD}/?p=1") + "}"))
        self.assert_says(self.carry(expect=4), "column 'value' holds a value "
                         "of this side and an id in one text that PHP "
                         "serialised", "say 'php' in the line")

    def test_values_need_escapes_in_json(self):
        self.write("source", WORDS, 'here: {url: "a\\"b\\\\c"}\n')
        self.write("target", WORDS, 'here: {url: "d\\"\\"e"}\n')
        self.put("source", "option", ("json", json.dumps(['a"b\\c'])),
                 ("text", 'a"b\\c'))
        self.carry()
        self.assertEqual({"json": json.dumps(['d""e']), "text": 'd""e'},
                         self.options())

    def test_of_a_bundle_without_a_profile_here(self):
        self.write("target", extra=here(NEW))
        self.put("source", "option", ("home", f"{OLD}/"))
        self.carry()
        self.assertEqual({"home": f"{NEW}/"}, self.options())

    def test_a_side_that_does_not_say_it(self):
        self.put("source", "option", ("home", f"{OLD}/"))
        bundle = self.site.export()
        for words in (WORDS, ""):
            self.write("target", words)
            self.refused_import(2, bundle, "does not say what 'url' is here",
                                "add 'here: {url: ...}'")
        self.write("source", WORDS)
        self.assert_says(self.site.export(expect=2), "source.yaml:",
                         "does not say what 'url' is here")

    def test_words_that_are_wrong(self):
        for now, then, said in (
                ("option.value, where", "option.valeu, where",
                 "there is no column 'option.valeu'"),
                ("name <> 'history'", "nmae <> 'history'", "nmae"),
                ("name: url, in: option", "in: option", "has no 'name'")):
            self.write("source", WORDS.replace(now, then), here(OLD))
            self.assert_says(self.site.export(expect=2), "source.yaml:", said)
            self.assert_says(self.site.run("valise", "check-profile",
                                           self.site.source_yaml, expect=2),
                             said)
        self.write("source", WORDS, "here: {'a b': x}\n")
        self.assert_says(self.site.export(expect=2), "source.yaml:")


if __name__ == "__main__":
    unittest.main()
