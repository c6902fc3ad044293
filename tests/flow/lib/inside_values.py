"""A database of posts and options, for ids inside values of options."""
import sqlite3

from database import Rows

SCHEMA = """
create table post(id integer primary key, name text not null unique);
create table option(id integer primary key, name text not null unique,
    value);
"""
TABLES = """
        - {table: post, key: [name]}
        - {table: option, key: [name]}
"""


def php(value):
    """As serialize() writes it; a dict is an array."""
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b's:%d:"%s";' % (len(value), value)
    if isinstance(value, int):
        return b"i:%d;" % value
    if isinstance(value, list):
        value = dict(enumerate(value))
    return b"a:%d:{%s}" % (len(value), b"".join(
        php(key) + php(one) for key, one in value.items()))


class Inside(Rows):
    def setUp(self):
        super().setUp()
        self.make(SCHEMA)
        self.target = self.folder / "dst" / "app.db"
        self.target.parent.mkdir(exist_ok=True)
        self.make(SCHEMA, self.target)
        self.posts(self.db, {3: "cat", 12: "dog", 400: "eve"})
        self.posts(self.target, {7: "other", 12: "cat", 100000: "dog"})

    def posts(self, path, names):
        with sqlite3.connect(path) as db:
            db.executemany("insert into post values (?, ?)", names.items())
        db.close()

    def put(self, path, **values):
        with sqlite3.connect(path) as db:
            for name, value in values.items():
                if isinstance(value, bytes) and value[:2] != b"\x1f\x8b":
                    value = value.decode()
                db.execute("insert into option(name, value) values (?, ?) on "
                           "conflict(name) do update set value = ?2",
                           (name, value))
        db.close()

    def get(self, path, name):
        with sqlite3.connect(path) as db:
            (value,), = db.execute(
                "select value from option where name = ?", (name,))
        db.close()
        return value.encode() if isinstance(value, str) else value

    def profile(self, *lines):
        words = ("profile:\n  resources:\n    - resource: app\n"
                 f"      tables:{TABLES}" +
                 ("      references:\n" if lines else "") +
                 "".join(f"        - {line}\n" for line in lines))
        self.write_yaml(words)
        self.site.target_yaml.write_text(
            f"site: demo\nstate: {self.site.target_state}\nresources:\n"
            f"  - {{name: app, kind: sqlite, path: {self.target}}}\n"
            f"trust:\n  - sender: {self.site.keys / 'sender.pub'}\n")
        return words

    def carry_rows(self):
        bundle = self.site.export()
        self.site.import_(bundle, "--allow-delete")
        again = self.site.import_(bundle, "--allow-delete")
        self.assert_says(again, "nothing differs")
        return bundle

    def refused_line(self, code, *said):
        """The export ends so, with one line that names the row."""
        return self.refused_export(code, "table 'option', row 1", *said)
