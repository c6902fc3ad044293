"""What secrets cost: rows with one each, beside the same rows whose profile does
not speak of it, so that its bytes travel as they stand.  Ciphers of Octopus:
AES-128 with the master key itself, and with one that 1,000 rounds of PBKDF2 make
of a password and the same salt for all.  Import is into an empty table, and then
of a bundle from a source that encrypted all anew, of which nothing is written.
"""
import base64
import hashlib
import os
import shutil
import sqlite3
import subprocess

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

import measure
import peers

SCHEMA = """create table entry(id integer primary key,
    name text not null unique, note text, data text not null);"""
PROFILE = """profile:
  resources:
    - resource: app
      tables:
        - {table: entry, key: [name]}
"""
NONE = """      not_secret: [{column: entry.data}]
"""
SECRETS = """      secrets:
        - {column: entry.data, master_key: app, cipher: %s}
master_keys:
  - {name: app, file: %s.key}
"""
KEYS = {"source": b"0123456789abcdef", "target": b"fedcba9876543210"}


def key_of(cipher, side):
    """What stands in the file, and the key of AES."""
    text = base64.b64encode(KEYS[side])
    if cipher == "octopus-aes128":
        return text, KEYS[side]
    return text, hashlib.pbkdf2_hmac("sha1", text, b"Octopuss", 1000, 16)


def plain(i):
    return f"password {i:06} of somebody".encode()


def seal(key, text):
    iv = os.urandom(16)
    pad = 16 - len(text) % 16
    x = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    data = x.update(text + bytes([pad]) * pad) + x.finalize()
    return "|".join(base64.b64encode(part).decode() for part in (data, iv))


def opened(key, value):
    data, iv = map(base64.b64decode, value.split("|"))
    x = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    text = x.update(data) + x.finalize()
    return text[:-text[-1]]


class Kept:
    def __init__(self, bench, rows):
        self.bench = bench
        self.rows = rows
        self.folder = bench.work / f"secrets-{rows}"
        self.folder.mkdir()
        bench.tree = self.folder
        subprocess.run([f"{peers.BIN}/valise", "keygen",
                        self.folder / "keys"], check=True)

    def make(self, name, rows, key=None):
        path = self.folder / name
        path.unlink(missing_ok=True)
        db = sqlite3.connect(path)
        db.execute(SCHEMA)
        db.executemany("insert into entry values (?, ?, ?, ?)", (
            (i, f"entry {i}", f"what entry {i} is for, in a few words",
             seal(key, plain(i))) for i in range(rows)))
        db.commit()
        db.close()

    def sites(self, cipher, declared):
        for side in KEYS:
            path = self.folder / f"{side}.key"
            path.touch(mode=0o600)
            path.write_bytes(key_of(cipher, side)[0])
            shutil.rmtree(self.folder / f"state-{side}", ignore_errors=True)
            (self.folder / f"{side}.yaml").write_text(
                f"site: bench\nstate: {self.folder}/state-{side}\nresources:\n"
                f"  - {{name: app, kind: sqlite, path: {side}.db}}\n"
                + PROFILE + (SECRETS % (cipher, side) if declared else NONE)
                + f"trust:\n  - {{sender: {self.folder}/keys/sender.pub}}\n")
        shutil.rmtree(self.folder / "medium", ignore_errors=True)
        (self.folder / "medium").mkdir()

    def export(self):
        return measure.run(
            f"{peers.BIN}/valise-export source.yaml --to medium --sign-key "
            "keys/sender.key --recipient keys/recipient.pub >bundle",
            cwd=self.folder)

    def import_(self):
        os.sync()
        return measure.run(
            f"{peers.BIN}/valise-import target.yaml $(cat bundle) --identity "
            "keys/recipient.key --yes --allow-delete", cwd=self.folder)

    def require(self, key):
        """Each opens with the key, to what it was."""
        db = sqlite3.connect(self.folder / "target.db")
        bad = [name for name, data in db.execute(
            "select name, data from entry")
               if opened(key, data) != plain(int(name.split()[1]))]
        rows = db.execute("select count(*) from entry").fetchone()[0]
        db.close()
        if bad or rows != self.rows:
            raise SystemExit("the target's secrets are not what they must be")

    def carry(self, cipher, declared):
        """One export and two imports, by their names."""
        source = key_of(cipher, "source")[1]
        self.sites(cipher, declared)
        self.make("source.db", self.rows, source)
        self.make("target.db", 0)
        samples = {"export": self.export(), "import": self.import_()}
        self.require(key_of(cipher, "target")[1] if declared else source)
        if declared:
            self.make("source.db", self.rows, source)
        self.export()
        samples["import unchanged"] = self.import_()
        return samples

    def measure(self):
        samples = {}
        for turn in range(self.bench.runs):
            those = [("without", "octopus-aes128", False),
                     ("valise", "octopus-aes128", True),
                     ("valise, pbkdf2", "octopus-export", True)]
            for name, cipher, declared in those[::-1 if turn % 2 else 1]:
                for work, sample in self.carry(cipher, declared).items():
                    samples.setdefault((name, work), []).append(sample)
        for (name, work), taken in samples.items():
            self.bench.add(name, work, taken)
        shutil.rmtree(self.folder)
