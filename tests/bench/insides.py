"""What ids inside values cost: rows with two references in JSON and one that a
pattern finds in text, beside the same rows whose profile does not speak of
them.  Import is into empty tables; both are carried whole otherwise.
"""
import shutil
import sqlite3
import subprocess

import measure
import peers

SCHEMA = """
create table person(id integer primary key, mail text not null unique);
create table page(id integer primary key, name text not null unique,
    data text, body text);
"""
KEYS = """profile:
  resources:
    - resource: app
      tables:
        - {table: person, key: [mail]}
        - {table: page, key: [name]}
"""
INSIDE = """      references:
        - {from: page.data, json: "$.owner.id", to: person}
        - {from: page.data, json: "$.seen[*]", to: person}
        - {from: page.body, pattern: "@(\\\\d+)", to: person}
"""


def make(path, rows):
    """A tenth of the rows are persons."""
    persons = max(rows // 10, 10)
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript(SCHEMA)
    db.execute("begin")
    db.execute("with recursive n(i) as (select 1 union all select i + 1 from "
               "n where i < ?) insert into person select i, 'p' || i || "
               "'@example.org' from n", (persons,))
    db.execute("""with recursive n(i) as (select 1 union all select i + 1
        from n where i < :pages) insert into page select i, 'page ' || i,
        '{"title": "n' || i || '", "owner": {"id": ' ||
        (1 + i * 7919 % :persons) || '}, "seen": [' ||
        (1 + i * 31 % :persons) || ']}',
        'asked by @' || (1 + i * 17 % :persons) || ' on day ' || i from n""",
               {"pages": rows - persons, "persons": persons})
    db.execute("commit")
    db.close()


class Insides:
    def __init__(self, bench, rows):
        self.bench = bench
        self.folder = bench.work / f"insides-{rows}"
        self.folder.mkdir()
        bench.tree = self.folder
        make(self.folder / "source.db", rows)
        db = sqlite3.connect(self.folder / "empty.db")
        db.executescript(SCHEMA)
        # So that no id is the source's.
        db.execute("insert into person values (5000000, 'here@example.org')")
        db.commit()
        db.close()
        subprocess.run([f"{peers.BIN}/valise", "keygen",
                        self.folder / "keys"], check=True)

    def site(self, side, words):
        (self.folder / f"{side}.yaml").write_text(
            f"site: bench\nstate: {self.folder}/state-{side}\nresources:\n"
            f"  - {{name: app, kind: sqlite, path: {side}.db}}\n{words}"
            f"trust:\n  - {{sender: {self.folder}/keys/sender.pub}}\n")
        shutil.rmtree(self.folder / f"state-{side}", ignore_errors=True)

    def export(self, words):
        self.site("source", words)
        medium = self.folder / "medium"
        shutil.rmtree(medium, ignore_errors=True)
        medium.mkdir()
        return measure.run(
            f"{peers.BIN}/valise-export source.yaml --to medium --sign-key "
            "keys/sender.key --recipient keys/recipient.pub >bundle",
            cwd=self.folder)

    def import_(self, words):
        self.site("target", words)
        shutil.copy(self.folder / "empty.db", self.folder / "target.db")
        subprocess.run(["sync"], check=True)
        sample = measure.run(
            f"{peers.BIN}/valise-import target.yaml $(cat bundle) --identity "
            "keys/recipient.key --yes --allow-delete", cwd=self.folder)
        self.require(words is not KEYS)
        return sample

    def require(self, inside):
        """Each id names whom it named, or stands as it was."""
        db = sqlite3.connect(self.folder / "target.db")
        db.execute("attach ? as s", (str(self.folder / "source.db"),))
        bad = db.execute("""select count(*) from page t join s.page o
            using (name) join person p on p.id = t.data ->> '$.owner.id'
            join s.person q on q.id = o.data ->> '$.owner.id'
            where p.mail = q.mail""").fetchone()[0]
        pages = db.execute("select count(*) from s.page").fetchone()[0]
        db.close()
        if bad != (pages if inside else 0):
            raise SystemExit("the target's ids are not what they must be")

    def measure(self):
        samples = {}
        for turn in range(self.bench.runs):
            those = [("without", KEYS), ("valise", KEYS + INSIDE)]
            for name, words in those[::-1 if turn % 2 else 1]:
                samples.setdefault((name, "export"), []).append(
                    self.export(words))
                samples.setdefault((name, "import"), []).append(
                    self.import_(words))
        for (name, work), taken in samples.items():
            self.bench.add(name, work, taken)
        shutil.rmtree(self.folder)
