"""What the database says of itself before a commit: its indexes fit."""
import sqlite3
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from sides import Sides  # noqa: E402

ITEM = "create table item(name text primary key, place text);"
WORDS = "tables:\n  - {table: item, key: [name]}\n"


class Sound(Sides):
    def test_an_index_that_does_not_fit_its_table_is_refused(self):
        self.change("source", ITEM + "insert into item values ('c', 'here')")
        self.change("target", ITEM + "create index places on item(name);"
                    "insert into item values ('a', 'there'), ('b', 'there')")
        # As a killed application, or one with a bug, may have left it.
        self.change("target", "pragma writable_schema = on;"
                    "update sqlite_schema set sql = 'create index places on "
                    "item(place)' where name = 'places'")
        self.both(WORDS)
        before = self.digest()
        said = self.carry(expect=5)
        self.assert_says(said, "app.db' is damaged, does REINDEX of sqlite3 "
                         "mend it", "index places")
        self.assertEqual(before, self.digest())
        self.change("target", "reindex")
        self.carry()
        self.nothing_differs()

    def test_a_collation_of_the_application_is_none_of_its_business(self):
        """Of a table that the import does not write."""
        for side, place in (("source", "here"), ("target", "there")):
            self.change(side, f"{ITEM}insert into item values ('a', '{place}')")
            db = sqlite3.connect(self.files[side])
            db.create_collation("mine", lambda a, b: (a < b) - (a > b))
            db.executescript("create table own(v text collate mine unique);"
                             "insert into own values ('x'), ('y')")
            db.close()
        self.both(WORDS + "  - {table: own, skip: true}\n")
        self.carry()
        self.assertEqual([("here",)], self.ask("select place from item"))


if __name__ == "__main__":
    unittest.main()
