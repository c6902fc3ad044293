"""By what rows are known: keys that other rows say, and keys that are none."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from sides import Sides  # noqa: E402

PAGES = """
create table page(id integer primary key, name text not null unique,
    text_at text);
create table text(id integer primary key, body text);
"""
WORDS = """
tables:
  - {table: page, key: [name]}
  - table: text
    key: [{of: page.text_at, column: name}]
references:
  - {from: page.text_at, pattern: "^tt:(\\\\d+)$", to: text}
"""


class Naming(Sides):
    def test_a_row_is_named_by_one_in_whose_text_its_id_stands(self):
        self.change("source", PAGES + """
            insert into page values (1, 'a', 'tt:5'), (2, 'b', 'tt:4'),
                (3, 'none', 'elsewhere:4');
            insert into text values (4, 'of b'), (5, 'of a');""")
        self.change("target", PAGES + """
            insert into page values (7, 'a', 'tt:4');
            insert into text values (4, 'old');""")
        self.both(WORDS)
        self.assertEqual(["page + b", "page + none", "text + b",
                          "text ~ a body"], self.signs(self.carry()))
        self.assertEqual([("a", "of a"), ("b", "of b")], self.ask(
            "select name, body from page join text on text_at = 'tt:' || "
            "text.id order by name"))
        self.assertEqual([(4,)], self.ask(
            "select id from text where body = 'of a'"))
        self.nothing_differs()

    def test_two_that_say_a_name_are_refused(self):
        self.change("source", PAGES + """
            insert into page values (1, 'a', 'tt:5'), (2, 'b', 'tt:5');
            insert into text values (5, 'whose');""")
        self.change("target", PAGES)
        self.both(WORDS)
        self.assert_says(self.site.export(expect=4), "text")

    def test_an_order_alone_names_no_row(self):
        self.change("source", PAGES + "insert into text values (5, 'x');")
        self.both("tables:\n  - {table: text, ordinal: [id]}\n"
                  "  - {table: page, skip: true}")
        self.assert_says(self.site.export(expect=4), "table 'text' has no "
                         "key that could name its rows")

    def test_a_unique_key_with_an_id_in_it_names_no_row(self):
        self.change("source", """create table folder(id text primary key,
            name text, unique(name, id));
            insert into folder values ('x1', 'plans')""")
        self.both("none: [0]")
        self.assert_says(self.site.export(expect=4), "table 'folder' has no "
                         "key that could name its rows")


if __name__ == "__main__":
    unittest.main()
