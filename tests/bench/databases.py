"""Rows of SQLite, measured beside what one would do without valise.

Five tables with foreign keys and indexes.  An export stands beside a dump that
is compressed; an import into empty tables beside that dump read again; one of
which a hundredth or nothing differs beside upsert.c.  The peers neither
encrypt nor prove, so the phases of an import are told apart, too: `open` is
what reading and checking the bundle alone takes, `proof` what the importer says
of it, `load` the rest.
"""
import re
import shutil
import sqlite3
import subprocess
from pathlib import Path

import measure
import peers

HERE = Path(__file__).parent
REFERENCES = ("sqlite3", "upsert")
SCHEMA = """
create table customer(id integer primary key, mail text not null unique,
    name text, note text);
create table product(id integer primary key, code text not null unique,
    name text, price real);
create table purchase(id integer primary key, number text not null unique,
    customer_id integer not null references customer(id), at integer,
    state text);
create index purchase_customer on purchase(customer_id);
create table line(id integer primary key,
    purchase_id integer not null references purchase(id),
    product_id integer not null references product(id),
    amount integer, price real, unique(purchase_id, product_id));
create index line_product on line(product_id);
create table event(id integer primary key,
    purchase_id integer not null references purchase(id),
    kind text not null, body text, unique(purchase_id, kind));
"""
# Of n rows; i counts from 1.
FILL = (
    ("customer", 10, "i, 'c' || i || '@example.org', 'Customer ' || i, "
     "case i % 3 when 0 then hex(i * 7919) end"),
    ("product", 5, "i, 'P-' || i, 'Product ' || (i % 997), i % 1000 / 8.0"),
    ("purchase", 25, "i, 'A-' || i, 1 + i * 7919 % :customer, "
     "1700000000 + i * 31, case i % 4 when 0 then 'open' else 'paid' end"),
    ("line", 50, "i, 1 + (i - 1) / 2, 1 + ((i - 1) / 2 * 7 + i % 2 * 3) "
     "% :product, 1 + i % 9, i % 1000 / 4.0"),
    ("event", 10, "i, i, 'note', '{\"n\": ' || i || ', \"text\": \"' || "
     "hex(i * 104729) || '\"}'"),
)
CHANGE = """
update customer set note = 'changed' where id % 100 = 7;
update product set price = price + 1 where id % 100 = 7;
update purchase set state = 'sent' where id % 100 = 7;
update line set amount = amount + 1 where id % 100 = 7;
update event set body = body || ' ' where id % 100 = 7;
"""
# The same on both sides when every row says the same, whatever its id.
LOOK = """
select sum(length(mail || name || ifnull(note, ''))) from customer;
select count(*), sum(price) from product;
select count(*), sum(at), sum(length(mail || state)) from purchase
    join customer c on c.id = customer_id;
select count(*), sum(amount * line.price * length(code || number)) from line
    join purchase p on p.id = purchase_id join product q on q.id = product_id;
select count(*), sum(length(number || kind || body)) from event
    join purchase p on p.id = purchase_id;
"""
PROFILE = """profile:
  resources:
    - resource: app
      tables:
        - {table: customer, key: [mail]}
        - {table: product, key: [code]}
        - {table: purchase, key: [number]}
        - {table: line, key: [purchase_id, product_id]}
        - {table: event, key: [purchase_id, kind]}
"""


def run_sql(path, text):
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript(f"begin; {text}; commit;")
    db.close()


def make(path, rows):
    run_sql(path, SCHEMA)
    counts = {table: max(rows * share // 100, 10)
              for table, share, _ in FILL}
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("begin")
    for table, _, values in FILL:
        db.execute("with recursive n(i) as (select 1 union all select i + 1 "
                   f"from n where i < :{table}) insert into {table} "
                   f"select {values} from n", counts)
    db.execute("commit")
    db.close()


def look(path):
    db = sqlite3.connect(path)
    found = [db.execute(line).fetchall() for line in LOOK.split(";")[:-1]]
    db.close()
    return found


class Databases:
    def __init__(self, bench, rows):
        self.bench = bench
        self.folder = bench.work / f"rows-{rows}"
        self.folder.mkdir()
        bench.tree = self.folder
        self.source = self.folder / "source.db"
        self.changed = self.folder / "changed.db"
        self.empty = self.folder / "empty.db"
        self.target = self.folder / "target.db"
        self.dump = self.folder / "dump.sql"
        self.upsert = self.folder / "upsert"
        make(self.source, rows)
        shutil.copy(self.source, self.changed)
        run_sql(self.changed, CHANGE)
        run_sql(self.empty, SCHEMA)
        subprocess.run(["cc", "-O2", "-o", self.upsert, HERE / "upsert.c",
                        "-lsqlite3"], check=True)
        subprocess.run([f"{peers.BIN}/valise", "keygen",
                        self.folder / "keys"], check=True)
        self.seal = "--recipient keys/recipient.pub"
        self.open = "--identity keys/recipient.key"
        if bench.kdf:
            password = self.folder / "password"
            password.touch(0o600)
            with password.open("w") as out:
                subprocess.run([f"{peers.BIN}/valise", "passgen"], stdout=out,
                               check=True)
            self.open = "--password-file password"
            self.seal = f"{self.open} --kdf {bench.kdf}"
        self.write_site("target", self.target)

    def write_site(self, side, database):
        (self.folder / f"{side}.yaml").write_text(
            f"site: bench\nstate: {self.folder}/state-{side}\nresources:\n"
            f"  - {{name: app, kind: sqlite, path: {database}}}\n{PROFILE}"
            f"trust:\n  - {{sender: {self.folder}/keys/sender.pub}}\n")

    def sh(self, command):
        return measure.run(command, cwd=self.folder)

    def take_turns(self, those):
        """{name: function that gives a Sample}; medians of `runs`."""
        names = list(those)
        samples = {name: [] for name in names}
        for turn in range(self.bench.runs):
            first = turn % len(names)
            for name in names[first:] + names[:first]:
                samples[name].append(those[name]())
        return samples

    # Export.

    def export(self, database, keep=None):
        self.write_site("source", database)
        medium = self.folder / (keep or "medium")
        if keep is None:
            shutil.rmtree(medium, ignore_errors=True)
            shutil.rmtree(self.folder / "state-source", ignore_errors=True)
        medium.mkdir()
        return self.sh(f"{peers.BIN}/valise-export source.yaml --to {medium} "
                       f"--sign-key keys/sender.key {self.seal} "
                       f">{keep or 'bundle'}.path")

    def exports(self):
        packed = self.folder / "dump.zst"
        samples = self.take_turns({
            "valise": lambda: self.export(self.source),
            "sqlite3": lambda: self.sh("sqlite3 source.db .dump | "
                                       f"zstd -q -f -3 -T2 -o {packed}")})
        sizes = {"valise": measure.size(self.folder / "medium"),
                 "sqlite3": packed.stat().st_size}
        for name, taken in samples.items():
            self.bench.add(name, "export", taken, sizes[name])
        packed.unlink()

    # Import.

    def reset(self, database, state=None):
        """The target is a copy, and its state what it was then."""
        for left in self.folder.glob("target.db*"):
            left.unlink()
        if database is not None:
            shutil.copy(database, self.target)
        shutil.rmtree(self.folder / "state-target", ignore_errors=True)
        if state is not None:
            shutil.copytree(self.folder / state, self.folder / "state-target")
        subprocess.run(["sync"], check=True)

    def import_(self, bundle, proofs):
        sample = self.sh(
            f"{peers.BIN}/valise-import target.yaml $(cat {bundle}.path) "
            f"{self.open} --yes --allow-delete 2>said")
        proof = re.search(r"rows \(([0-9.]+) s\) read back",
                          (self.folder / "said").read_text())
        proofs.append(measure.Sample(float(proof[1]) if proof else 0, None,
                                     None))
        return sample

    def require(self, source):
        if look(source) != look(self.target):
            raise SystemExit(f"the target is not what '{source}' is")

    def measure_import(self, work, bundle, source, start, peer):
        """`start`: database and state to begin from; `peer`: its name, the
        database it begins from, and its command."""
        proofs = []
        name, own, command = peer

        def ours():
            self.reset(*start)
            sample = self.import_(bundle, proofs)
            self.require(source)
            return sample

        def theirs():
            self.reset(own)
            sample = self.sh(command)
            self.require(source)
            return sample

        def opening():
            return self.sh(f"{peers.BIN}/valise verify --open $(cat {bundle}"
                           f".path) --sender keys/sender.pub {self.open} "
                           ">said")

        samples = self.take_turns({"valise": ours, name: theirs,
                                   "open": opening})
        whole = samples["valise"]
        self.bench.add(name, work, samples[name])
        self.bench.add("valise", work, whole)
        self.bench.add("valise", f"{work}: open", samples["open"])
        self.bench.add("valise", f"{work}: proof", proofs)
        self.bench.add("valise", f"{work}: load", [
            measure.Sample(one.seconds - other.seconds - proof.seconds, None,
                           None)
            for one, other, proof in zip(whole, samples["open"], proofs)])

    def keep(self):
        """The target with all rows, as the first import leaves it."""
        self.reset(self.empty)
        self.import_("first", [])
        shutil.copy(self.target, self.folder / "full.db")
        shutil.copytree(self.folder / "state-target",
                        self.folder / "state-full")

    def imports(self):
        shutil.rmtree(self.folder / "medium")
        shutil.rmtree(self.folder / "state-source")
        self.export(self.source, keep="first")
        with self.dump.open("wb") as out:
            subprocess.run(["sqlite3", self.source, ".dump"], stdout=out,
                           check=True)
        self.measure_import("import", "first", self.source, (self.empty,),
                            ("sqlite3", None, "sqlite3 target.db <dump.sql"))
        self.dump.unlink()
        self.keep()
        full = (self.folder / "full.db", "state-full")
        for work, database in (("1 % changed", self.changed),
                               ("unchanged", self.source)):
            self.export(database, keep="next")
            self.measure_import(work, "next", database, full,
                                ("upsert", full[0],
                                 f"./upsert {database} target.db"))
            shutil.rmtree(self.folder / "next")

    def measure(self):
        self.exports()
        self.imports()
        shutil.rmtree(self.folder)
