"""A site of one database and one tree, to which an operator says more."""
import sqlite3

from flow import Flow

PEOPLE = """
create table person(id integer primary key, mail text not null unique,
    name text);
create table task(id integer primary key, title text not null unique,
    person_id integer references person(id), body text);
create table slot(day text, hour int, note text, primary key(day, hour));
"""
SOURCE = PEOPLE + """
insert into person values (70, 'ada@example.org', 'Ada'),
    (71, 'blaise@example.org', 'Blaise');
insert into task values (1, 'pack', 71, 'Pack it.'), (2, 'buy', 70, null);
insert into slot values ('mon', 9, 'early'), ('a/b', 1, 'odd');
"""
TARGET = PEOPLE + """
insert into person values (1, 'blaise@example.org', 'B.'),
    (2, 'carla@example.org', 'Carla');
insert into task values (70, 'mine', 2, 'It stays.');
insert into slot values ('mon', 10, 'late'), ('b/a', 1, null);
"""
WORDS = ("profile: {resources: [{resource: app, tables: ["
         "{table: person, key: [mail]}, {table: task, key: [title]}, "
         "{table: slot, key: [day, hour]}]}]}\n")


class Said(Flow):
    def setUp(self):
        super().setUp()
        self.files = {"source": self.folder / "src" / "app.db",
                      "target": self.folder / "dst" / "app.db"}
        self.change("source", SOURCE)
        self.change("target", TARGET)
        self.write("source")
        self.write("target",
                   f"trust:\n  - {{sender: {self.site.keys}/sender.pub}}\n")

    def write(self, side, extra="", words=WORDS):
        yaml = getattr(self.site, f"{side}_yaml")
        tree = getattr(self.site, side)
        state = getattr(self.site, f"{side}_state")
        yaml.write_text(
            f"site: demo\nstate: {state}\nresources:\n"
            f"  - {{name: app, kind: sqlite, path: {self.files[side]}}}\n"
            f"  - {{name: files, kind: files, path: {tree}}}\n"
            f"{words}{extra}")

    def change(self, side, sql):
        db = sqlite3.connect(self.files[side], isolation_level=None)
        db.executescript(sql)
        db.close()

    def rows(self, side="target"):
        db = sqlite3.connect(self.files[side])
        found = {name: db.execute(f"select * from {name} order by 1, 2")
                 .fetchall() for name in ("person", "task", "slot")}
        db.close()
        return found

    def table(self, name, side="target"):
        db = sqlite3.connect(self.files[side])
        found = db.execute(f"select * from {name} order by 1").fetchall()
        db.close()
        return found

    def owners(self):
        return {title: person
                for _, title, person, _ in self.rows()["task"]}
