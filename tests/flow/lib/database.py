"""A site whose source is a database."""
import json
import os
import sqlite3

from flow import Flow

SHOP = """
create table person(id integer primary key, mail text not null unique);
create table task(id integer primary key, name text not null unique,
    person_id integer references person(id), body text, done real);
create table cache(k text primary key, v blob);
insert into person values (7, 'ada@example.org'), (9, 'blaise@example.org');
insert into task values (1, 'pack', 9, 'Pack it.', 0.5),
    (2, 'buy', 7, 'A suitcase.', null), (5, 'wait', null, null, 1);
insert into cache values ('a', x'00ff'), ('b', null);
"""


class Database(Flow):
    """A source of one database, `app`; the tree `files` is left to those who
    name it."""

    def setUp(self):
        super().setUp()
        self.db = self.folder / "src" / "app.db"
        self.make(SHOP)
        self.write_yaml()

    def make(self, sql, path=None):
        path = path or self.db
        for name in (path, f"{path}-wal", f"{path}-shm"):
            if os.path.exists(name):
                os.unlink(name)
        with sqlite3.connect(path, isolation_level=None) as db:
            db.executescript(sql)
        db.close()

    def write_yaml(self, extra="", files=None):
        """`files`: the words of a tree beside it, or none."""
        tree = "" if files is None else (
            f"  - {{name: files, kind: files, path: {self.site.source}"
            f"{files}}}\n")
        self.site.source_yaml.write_text(
            f"site: demo\nstate: {self.site.source_state}\nresources:\n"
            f"  - {{name: app, kind: sqlite, path: {self.db}}}\n"
            f"{tree}{extra}")

    def look(self, *words, expect=0):
        """Export, but write nothing."""
        return self.site.run("valise-export", self.site.source_yaml,
                             "--dry-run", *words, expect=expect)

    def refused_export(self, code, *said):
        """With the exit code, one line, and nothing on the medium."""
        result = self.site.export(expect=code)
        self.assert_says(result, *said)
        self.assert_one_line(result)
        self.assertEqual([], list(self.site.medium.iterdir()))
        return result


class Rows(Database):
    def lines(self, bundle, resource="app"):
        """Lines of one resource, parsed."""
        out = self.site.run("valise", "ls", "--json", bundle,
                            *self.site.identity).out
        return [line for line in map(json.loads, out.splitlines())
                if line.get("r") == resource]

    def rows(self, bundle, table):
        return [line["row"] for line in self.lines(bundle)
                if line["t"] == "row" and line["c"] == table]

    def manifest(self):
        """The whole of it, with its root, but for the bundle's number."""
        bundle = self.site.export()
        return self.site.run("valise", "ls", "--json", bundle,
                             *self.site.identity).out

    def cat(self, bundle, what, expect=0):
        return self.site.run("valise", "cat", bundle, what,
                             *self.site.identity, expect=expect)
