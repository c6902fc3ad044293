"""Ids inside values that are PHP-serialised or YAML: other numbers on each
side, lengths that follow, what stays, and what cannot be read."""
import gzip
import sqlite3
import sys
import unittest
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from inside_values import SCHEMA, Inside, php  # noqa: E402


class Php(Inside):
    LINE = "{from: option.value, php: \"$..*\", to: post}"

    def test_ids_become_those_of_the_target_and_lengths_follow(self):
        self.profile(self.LINE)
        self.put(self.db, sticky=php([3, "12", {"deep": "400"}]))
        self.put(self.target, sticky=php([]))
        self.carry_rows()
        eve, = sqlite3.connect(self.target).execute(
            "select id from post where name = 'eve'").fetchone()
        self.assertEqual(php([12, "100000", {"deep": str(eve)}]),
                         self.get(self.target, "sticky"))

    def test_rows_are_compared_by_what_they_mean(self):
        """The same posts under other numbers: nothing is written."""
        self.profile(self.LINE)
        self.put(self.db, sticky=php([3, "12"]))
        self.put(self.target, sticky=php([12, "100000"]))
        self.posts(self.target, {400001: "eve"})
        before = self.target.read_bytes()
        self.assert_says(
            self.site.import_(self.site.export(), "--allow-delete"),
            "nothing differs")
        self.assertEqual(before, self.target.read_bytes())

    def test_what_travels_says_names_and_which_pieces_are_counted(self):
        self.profile(self.LINE)
        self.put(self.db, sticky=php(["12", 3]))
        row, = self.rows(self.site.export(), "option")
        self.assertEqual(
            {"$parts": ["a:2:{i:0;s:", 1, ["post", ["dog"], "plain"],
                        "\";i:1;i:", ["post", ["cat"], "number"], ";}"]},
            row["value"])

    def test_all_but_the_ids_stays_as_it_is(self):
        """Objects, references and bytes of no text."""
        self.profile("{from: option.value, php: \"$.ids[*]\", to: post}")
        value = (b'a:4:{s:3:"ids";a:1:{i:9;s:1:"3";}i:-1;O:1:"A":2:{s:4:'
                 b'"\0*\0p";i:3;s:1:"q";R:3;}s:2:"\xff\x80";d:1.0E+25;'
                 b's:1:"r";r:3;}')
        with sqlite3.connect(self.db) as db:
            db.execute("insert into option(name, value) values ('x', "
                       "cast(? as text))", (value,))
        self.carry_rows()
        with sqlite3.connect(self.target) as db:
            kind, there = db.execute("select typeof(value), cast(value as "
                                     "blob) from option").fetchone()
        self.assertEqual("text", kind)
        self.assertEqual(value.replace(b's:1:"3"', b's:2:"12"'), there)

    def test_patterns_within_what_was_serialised_twice(self):
        self.profile("{from: option.value, php: \"$.*\", "
                     "pattern: \"post-(\\\\d+)\", to: post}")

        def value(cat, dog):
            inner = {"a": f"see post-{cat}", "b": [f"<post-{dog}>", "x"]}
            return php({"kept": php(inner), "text": f"post-{dog} post-{cat}"})
        self.put(self.db, menu=value(3, 12))
        self.carry_rows()
        self.assertEqual(value(12, 100000), self.get(self.target, "menu"))

    def test_keys(self):
        self.profile(
            "{from: option.value, where: \"name = 'count'\", php: \"$.*~\", "
            "to: post}",
            "{from: option.value, where: \"name = 'field'\", php: \"$.*~\", "
            "pattern: \"^post_(\\\\d+)$\", to: post}",
            "{from: option.value, where: \"name = 'json'\", json: \"$.*~\", "
            "to: post}")
        self.put(self.db, count=php({3: "3", 12: 12}),
                 field=php({"post_12": "x", "other": 1}),
                 json=b'{"3": 3, "\\u0031\\u0032": [12]}')
        self.carry_rows()
        self.assertEqual(php({12: "3", 100000: 12}),
                         self.get(self.target, "count"))
        self.assertEqual(php({"post_100000": "x", "other": 1}),
                         self.get(self.target, "field"))
        self.assertEqual(b'{"12": 3, "100000": [12]}',
                         self.get(self.target, "json"))

    def test_long_values_travel_in_the_body(self):
        self.profile(self.LINE.replace("to: post", "to: post, "
                                       "pattern: \"#(\\\\d+)\""))
        text = "x" * 9000 + "#3" + "y" * 9000 + "#12"
        self.put(self.db, long=php([text, {"z": text}]))
        self.carry_rows()
        text = text.replace("#12", "#100000").replace("#3", "#12")
        self.assertEqual(php([text, {"z": text}]),
                         self.get(self.target, "long"))

    def test_what_does_not_parse_is_refused_or_kept(self):
        broken = b'a:1:{i:0;s:3:"12";}'
        self.profile(self.LINE)
        self.put(self.db, sticky=broken)
        self.refused_line(4, "column 'value' at $..* (line", "of the site",
                          "not PHP-serialised at byte 17: the string does "
                          "not end where its length says",
                          "'on_broken: keep'")
        self.profile(self.LINE.replace("to: post", "to: post, on_broken: keep"))
        self.carry_rows()
        self.assertEqual(broken, self.get(self.target, "sticky"))

    def test_two_lines_about_the_same_bytes_are_refused(self):
        self.profile(self.LINE, "{from: option.value, php: \"$[0]\", to: post}")
        self.put(self.db, sticky=php([3]))
        self.refused_line(4, "two references meet in the same bytes at 11",
                          "(line 12 of the site) (line 13 of the site)")

    def test_a_line_that_minds_no_lengths_beside_one_that_does(self):
        self.profile("{from: option.value, php: \"$.a\", to: post}",
                     "{from: option.value, pattern: \"b=(\\\\d+)\", to: post}")
        self.put(self.db, sticky=php({"a": 3, "b": "b=12"}))
        self.refused_line(4, "reads it by 'php' (line", "another does not",
                          "say 'php' in both")

    def test_an_integer_does_not_become_a_text(self):
        texts = SCHEMA.replace("id integer primary", "id text primary", 1)
        for path, one in ((self.db, "3"), (self.target, "p-1")):
            self.make(texts, path)
            self.posts(path, {one: "cat"})
        self.profile(self.LINE)
        self.put(self.db, sticky=php([3]))
        bundle = self.site.export()
        self.refused_import(4, bundle, "column 'value': cannot write 'p-1' as a number")

    def test_dangling_ids(self):
        self.profile(self.LINE)
        self.put(self.db, sticky=php([99]))
        self.refused_line(4, "column 'value' refers to 'post' 99")
        self.profile(self.LINE.replace("to: post", "to: post, none: [99]"))
        self.carry_rows()
        self.assertEqual(php([99]), self.get(self.target, "sticky"))

    def test_check_profile_counts(self):
        self.profile(self.LINE)
        self.put(self.db, sticky=php([3, "12", 99]), menu=b"broken")
        result = self.site.run("valise", "check-profile",
                               self.site.source_yaml, expect=4)
        self.assertRegex(result.out, r"reference\tapp/option.value\tto post\t"
                         r"2 met\t0 none\t1 dangling.*\tin \$\.\.\*")
        self.assert_says(result, "not PHP-serialised at byte 1")


class Yaml(Inside):
    LINE = "{from: option.value, yaml: \"$..*\", to: post}"

    def test_ids_change_and_all_else_stays(self):
        self.profile(
            "{from: option.value, yaml: \"$.posts[*]\", to: post}",
            "{from: option.value, yaml: \"$.filters.*~\", "
            "pattern: \"^post_(\\\\d+)$\", to: post}",
            "{from: option.value, yaml: \"$.text\", "
            "pattern: \"#(\\\\d+)\", to: post}",
            "{from: option.value, yaml: \"$.list\", split: \",\", to: post}")
        value = ("# what #3 says\n--- !ruby/hash:Query\nposts: [3, '3',  \"12\" "
                 "] # 3\nfilters:\n  post_3: &a\n    :values: ['3']\n"
                 "  other: *a\n  'post_12': ~\ntext: |\n  ünder #3\n\n"
                 "    and #12\nlist: '3, 12'\r\n...\n")
        self.put(self.db, query=value.encode())
        self.carry_rows()
        for old, new in ((", '3',", ", '12',"), ("[3,", "[12,"),
                         ('"12"', '"100000"'), ("post_12", "post_100000"),
                         ("post_3", "post_12"), ("r #3", "r #12"),
                         ("d #12", "d #100000"), ("3, 12'", "12, 100000'")):
            value = value.replace(old, new)
        self.assertEqual(value.encode(), self.get(self.target, "query"))

    def test_and_back(self):
        """What was carried, carried to where it came from: the same bytes."""
        value = b"- 3\n- '12'\n- \"400\"\n- !!str 3\n- [3, 12]\n"
        self.profile(self.LINE)
        self.put(self.db, one=value)
        self.carry_rows()
        self.assertNotEqual(value, self.get(self.target, "one"))
        self.db, self.target = self.target, self.db
        for side in "source_state", "target_state":
            setattr(self.site, side, self.folder / f"{side}-back")
        self.profile(self.LINE)
        self.put(self.target, one=b"[]")
        self.site.import_(self.site.export(), "--allow-delete")
        self.assertEqual(value, self.get(self.target, "one"))

    def test_rows_are_compared_by_what_they_mean(self):
        self.profile(self.LINE)
        self.put(self.db, one=b"[3, '12']")
        self.put(self.target, one=b"[12, '100000']")
        self.posts(self.target, {400001: "eve"})
        before = self.target.read_bytes()
        self.assert_says(
            self.site.import_(self.site.export(), "--allow-delete"),
            "nothing differs")
        self.assertEqual(before, self.target.read_bytes())

    def test_what_travels_says_how_each_id_is_spelled(self):
        texts = SCHEMA.replace("id integer primary", "id text primary", 1)
        for path in self.db, self.target:
            self.make(texts, path)
            self.posts(path, {"c-1": "cat"})
        self.profile(
            "{from: option.value, where: \"name = 'one'\", yaml: \"$[*]\", "
            "to: post}",
            "{from: option.value, yaml: \"$.a\", pattern: \"x(.*)\", "
            "to: post}")
        self.put(self.db, one=b"[c-1, 'c-1', \"c-1\"]", two=b"a: xc-1")
        ref = ["post", ["cat"]]
        one, two = self.rows(self.site.export(), "option")
        self.assertEqual(
            {"$parts": ["[", [*ref, "yaml"], ", '", [*ref, "yaml-single"],
                        "', \"", [*ref, "yaml-double"], "\"]"]}, one["value"])
        self.assertEqual({"$parts": ["a: x", [*ref, "yaml-part"]]},
                         two["value"])

    def test_an_id_that_would_be_a_number_stays_out_of_plain_text(self):
        texts = SCHEMA.replace("id integer primary", "id text primary", 1)
        for path, one in ((self.db, "c-1"), (self.target, "12")):
            self.make(texts, path)
            self.posts(path, {one: "cat"})
        self.profile(self.LINE)
        self.put(self.db, one=b"[c-1]")
        before = self.target.read_bytes()
        self.refused_import(4, self.site.export(), "column 'value': cannot "
                            "write '12' as a plain scalar of YAML")
        self.assertEqual(before, self.target.read_bytes())
        self.put(self.db, one=b"[\"c-1\"]")
        self.carry_rows()
        self.assertEqual(b"[\"12\"]", self.get(self.target, "one"))

    def test_what_does_not_parse_is_refused_or_kept(self):
        self.profile(self.LINE)
        for value, why in ((b"a: [3", "not YAML at byte 5: "),
                           (b"a: 3\n---\nb: 3\n", "byte 5: a second document"),
                           (b"[&x 3, {b: *x}]", "byte 11: an alias, of "
                            "which the path selects something else"),
                           (b"a: !x 3\n", "byte 3: a scalar with a tag")):
            self.put(self.db, sticky=value)
            if b"*x" in value:
                self.profile(self.LINE.replace("..*", "[0]"))
            self.refused_line(4, "column 'value' at $", "of the site", why,
                              "'on_broken: keep'")
            self.profile(self.LINE)
        value = b"a: [3"
        self.put(self.db, sticky=value)
        self.profile(self.LINE.replace("to: post", "to: post, on_broken: keep"))
        self.carry_rows()
        self.assertEqual(value, self.get(self.target, "sticky"))

    def test_yaml_within_what_is_packed(self):
        self.profile("{from: option.value, unpack: gzip, yaml: \"$[*]\", "
                     "to: post}")
        self.put(self.db, x=gzip.compress(b"- 3\n- '12'\n"))
        self.carry_rows()
        self.assertEqual(b"- 12\n- '100000'\n",
                         gzip.decompress(self.get(self.target, "x")))


class Packed(Inside):
    PATTERN = "pattern: \"#(\\\\d+)\", to: post"

    def test_each_form_is_packed_again(self):
        """And where no id stands the bytes are those of the source."""
        self.profile(*(
            f"{{from: option.value, where: \"name glob '{how}*'\", "
            f"unpack: {how}, {self.PATTERN}}}"
            for how in ("gzip", "zlib", "deflate")))

        def deflate(data):
            packer = zlib.compressobj(9, wbits=-15)
            return packer.compress(data) + packer.flush()
        pack = {"gzip": lambda data: gzip.compress(data, mtime=12345),
                "zlib": lambda data: zlib.compress(data, 1),
                "deflate": deflate}
        wbits = {"gzip": 31, "zlib": 15, "deflate": -15}
        plain = pack["gzip"](b"no id here")
        with sqlite3.connect(self.db) as db:
            for name, one in pack.items():
                db.execute("insert into option(name, value) values (?, ?)",
                           (name, one(b"see #3\0\xff, #12" * 200)))
            db.execute("insert into option(name, value) values ('gzip2', ?)",
                       (plain,))
            db.execute("insert into option(name, value) values ('gzip3', 1)")
        self.carry_rows()
        for name in pack:
            self.assertEqual(
                b"see #12\0\xff, #100000" * 200, zlib.decompress(
                    self.get(self.target, name), wbits=wbits[name]))
        self.assertEqual(plain, self.get(self.target, "gzip2"))
        self.assertEqual(1, self.get(self.target, "gzip3"))

    def test_another_packing_of_the_same_is_the_same(self):
        self.profile(f"{{from: option.value, unpack: gzip, {self.PATTERN}}}")
        for path, text, level in ((self.db, b"a #3", 1),
                                  (self.target, b"a #12", 9)):
            with sqlite3.connect(path) as db:
                db.execute("insert into option(name, value) values ('x', ?)",
                           (gzip.compress(text, level, mtime=level),))
        self.posts(self.target, {400001: "eve"})
        self.assert_says(
            self.site.import_(self.site.export(), "--allow-delete"),
            "nothing differs")

    def test_php_within_what_is_packed(self):
        self.profile("{from: option.value, unpack: gzip, php: \"$[*]\", "
                     "to: post}")
        self.put(self.db, x=gzip.compress(php(["3", 12])))
        self.carry_rows()
        self.assertEqual(php(["12", 100000]),
                         gzip.decompress(self.get(self.target, "x")))

    def test_what_cannot_be_unpacked_is_refused_or_kept(self):
        line = f"{{from: option.value, unpack: gzip, {self.PATTERN}}}"
        for value, why in ((gzip.compress(b"a #3") + b"x",
                            "1 bytes stand behind its end"),
                           (gzip.compress(b"a #3")[:-1], "it ends early"),
                           (b"#3", "it is a text, and only blobs")):
            self.profile(line)
            self.put(self.db, x=value)
            self.assert_says(self.site.export(expect=4),
                             "table 'option', row 1",
                             "column 'value' (line 12 of the site)", why)
        self.profile(line.replace("to: post", "to: post, on_broken: keep"))
        self.carry_rows()
        self.assertEqual(value, self.get(self.target, "x"))



class Bad(Inside):
    """What cannot be read and what two lines claim, in each way of reading:
    one line with entry, row, key, column and path; nothing is written."""

    BROKEN = (
        ("json: \"$[*]\"", b'["12", 3', " at $[*]", "not JSON at byte 8"),
        ("yaml: \"$[*]\"", b'["12", 3', " at $[*]", "not YAML at byte 8"),
        ("php: \"$[*]\"", b'a:1:{i:0;i:3;', " at $[*]",
         "not PHP-serialised at byte 13"),
        ("pattern: \"(?=(\\\\d\\\\d))\"", b"123", "",
         "the pattern finds byte 1 of a text twice"),
        ("json: \"$[*]\", pattern: \"^(\\\\d)\"", b"[12]", " at $[*]",
         "a reference is only a part of the number at byte 1"),
        ("yaml: \"$[*]\", split: \"-\"", b"[2024-01-12]", " at $[*]",
         "a reference is only a part of the number at byte 1"),
        ("php: \"$[*]\", split: \":\"", php([php([3])]), " at $[*]",
         "a reference stands between the values of what is PHP-serialised"),
        ("unpack: gzip, json: \"$[*]\"", gzip.compress(b"[3"), " at $[*]",
         "not JSON at byte 2"),
        ("unpack: gzip, split: \",\"", gzip.compress(b"3") + b"x", "",
         "it cannot be unpacked: 1 bytes stand behind its end"),
    )
    TWICE = (
        (b'[3]', "json: \"$[*]\"", "json: \"$[0]\""),
        (b'[3]', "yaml: \"$[*]\"", "yaml: \"$[0]\""),
        (b'[3]', "yaml: \"$[*]\"", "json: \"$[*]\""),
        (b'[3]', "pattern: \"(\\\\d)\"", "json: \"$[*]\""),
        (b'3,12', "split: \",\"", "pattern: \",(\\\\d+)\""),
        (php([3]), "php: \"$[*]\"", "php: \"$[0]\""),
        (gzip.compress(b"3,12"), "unpack: gzip, split: \",\"",
         "unpack: gzip, pattern: \",(\\\\d+)\""),
    )

    @staticmethod
    def line(how, more=""):
        return f"{{from: option.value, {how}, to: post{more}}}"

    def test_a_value_that_does_not_parse(self):
        for how, value, path, why in self.BROKEN:
            with self.subTest(how):
                self.profile(self.line(how))
                self.put(self.db, bad=value)
                self.refused_export(
                    4, "table 'option', row 1 [\"bad\"]: column 'value'"
                    f"{path} (line 12 of the site): {why}",
                    "mend it, or say 'on_broken: keep'")

    def test_one_at_the_target(self):
        """The row is not in the bundle, and is named as well."""
        for how, value, path, why in self.BROKEN[:3]:
            with self.subTest(how):
                self.profile(self.line(how))
                self.put(self.db, good={"php": b"a:0:{}"}.get(how[:3], b"[]"))
                self.put(self.target, good=value)
                before = self.target.read_bytes()
                self.refused_import(
                    4, self.site.export(), "table 'option', row 1 [\"good\"]: "
                    f"column 'value'{path}", why)
                self.assertEqual(before, self.target.read_bytes())

    def test_two_lines_about_the_same_bytes(self):
        for value, *hows in self.TWICE:
            with self.subTest(hows):
                self.profile(*map(self.line, hows))
                self.put(self.db, bad=value)
                self.refused_export(
                    4, "table 'option', row 1 [\"bad\"]: column 'value': two "
                    "references meet in the same bytes at",
                    "(line 12 of the site)", "(line 13 of the site)")

    def test_two_lines_that_say_the_same(self):
        for how in ("json: \"$.a\"", "yaml: \"$.a\"", "php: \"$.a\"",
                    "pattern: \"(.)\"", "split: \",\"", "unpack: zlib"):
            with self.subTest(how):
                self.profile(self.line(how), self.line(how))
                self.refused_export(
                    2, ":13:11: 'option.value' stands here twice for the same "
                    "rows and places; first in line 12")


if __name__ == "__main__":
    unittest.main()
