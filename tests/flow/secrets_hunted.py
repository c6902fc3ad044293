"""Secrets that were planted are looked for wherever a transfer leaves
something: in the memory of both programs, on the medium, in what both sides
keep, in what they say."""
import base64
import gzip
import json
import os
import sqlite3
import sys
import unittest
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
import n8n  # noqa: E402
from flow import wait_for, write_tree  # noqa: E402
from memory import Gate  # noqa: E402
from secrets_in_memory import Memory  # noqa: E402

PLANTED = {"password": "Plant-ed.Password-7hQ2w",
           "token": "ptok_Zr81kXmQ04vLpT6s",
           "key": "-----BEGIN PLANTED KEY-----\nMC4CAQAwBQYDK2VwBCIE\n"}
# In files; those of the first two stand there in clear on both sides.
IN_FILES = {"line of .env": "pA55-of_env.Line-9Kq4z",
            "body of a key": "TUlJRXZRSUJBREFOQmdrcWhraUc5dzBCQVFF",
            "value of json": "json-Val.of-the-file-3Zt8w"}
CLEAR = {".env", "id.pem"}
SCHEMA = """
    create table login(id integer primary key, name text unique, data text,
        note text);
"""
PROFILE = """
application: hunt
resources:
  - resource: app
    tables:
      - {table: login, key: [name]}
    secrets:
      - {column: login.data, master_key: app, cipher: n8n, plain: json}
      - {column: login.note, json: $.inner, master_key: app, cipher: n8n}
  - resource: files
    secrets:
      - {file: .env, line: TOKEN}
      - {file: "*.pem"}
      - {file: conf.json, json: $.data, master_key: app, cipher: n8n}
"""


def spellings(text):
    """What it may look like elsewhere."""
    raw = text.encode()
    found = {"clear": raw, "json": json.dumps(text)[1:-1].encode(),
             "hex": raw.hex().encode(), "HEX": raw.hex().upper().encode(),
             "utf16le": text.encode("utf-16-le"),
             "utf16be": text.encode("utf-16-be"), "reversed": raw[::-1]}
    for skip in range(3):
        part = raw[skip:]
        part = part[:len(part) // 3 * 3]
        found[f"base64 {skip}"] = base64.b64encode(part)
        found[f"base64url {skip}"] = base64.urlsafe_b64encode(part)
    return found


def unpacked(data):
    """`data`, and what is packed in it, as gzip or zlib have it."""
    yield data
    for head, opener in ((b"\x1f\x8b\x08", gzip.decompress),
                         (b"\x78\x9c", zlib.decompress)):
        at = data.find(head)
        while at >= 0:
            try:
                yield opener(data[at:])
            except (OSError, EOFError, zlib.error):
                pass
            at = data.find(head, at + 1)


class Hunt(Memory):
    def setUp(self):
        super().setUp()
        self.db = {side: self.folder / f"{side}.db" for side in
                   ("src", "dst")}
        for side, path in self.db.items():
            with sqlite3.connect(path) as db:
                db.executescript(SCHEMA)
                db.execute("insert into login values(?, 'there', ?, null)",
                           (5, n8n.sealed('{"password": "its own one"}',
                                          side)))
                if side == "src":
                    self.plant(db)
                    self.plant_files()
            db.close()
        (self.folder / "hunt.yaml").write_text(PROFILE)
        for side, yaml in (("src", self.site.source_yaml),
                           ("dst", self.site.target_yaml)):
            yaml.write_text(
                yaml.read_text().replace("resources:\n", "resources:\n"
                f"  - {{name: app, kind: sqlite, path: {self.db[side]}}}\n")
                + "profile: ./hunt.yaml\n"
                + n8n.master_keys(self.folder, side))

    @staticmethod
    def plant(db):
        for i in range(30):
            db.execute("insert into login values(?, ?, ?, ?)", (
                10 + i, f"login {i}",
                n8n.sealed(json.dumps({"host": "h", **PLANTED}), "src"),
                json.dumps({"n": i, "inner": n8n.sealed(
                    PLANTED["password"] + " inner", "src")})))

    def plant_files(self, more=""):
        write_tree(self.site.source, {
            ".env": f"A=1{more}\nTOKEN={IN_FILES['line of .env']}{more}\n",
            "id.pem": "-----BEGIN PRIVATE KEY-----\n"
                      f"{IN_FILES['body of a key']}{more}\n"
                      "-----END PRIVATE KEY-----\n",
            "conf.json": json.dumps({"n": more, "data": n8n.sealed(
                IN_FILES["value of json"] + more, "src")})})

    def sought(self):
        """Secrets, and the master keys; of `side` alone nothing is known."""
        return {name: text.encode() for name, text in
                {**PLANTED, **IN_FILES, "key of the source": n8n.key_of("src"),
                 "key of the target": n8n.key_of("dst")}.items()}

    def assert_in_no_file(self, *folders):
        """Nor in its name."""
        looked = 0
        wanted = {(name, how): spelled for name, text in {
            **PLANTED, **IN_FILES, "key of the source": n8n.key_of("src"),
            "key of the target": n8n.key_of("dst")}.items()
            for how, spelled in spellings(text).items()}
        for folder in folders:
            for path in sorted(Path(folder).rglob("*")):
                if not path.is_file() or path.name.endswith("-config"):
                    continue
                if path.name in CLEAR and path.parent in (
                        self.site.source, self.site.target):
                    continue
                looked += 1
                for data in unpacked(path.read_bytes()
                                     + os.fsencode(path.name)):
                    for what, spelled in wanted.items():
                        self.assertNotIn(spelled, data, (what, path))
        return looked

    def outside_of_locked(self, process):
        """What is not in locked memory, which is wiped when it is freed."""
        wanted = self.sought()
        found = self.search(process, *wanted.values())
        self.assert_locked(process, wanted, found)
        return {name for name, mappings in zip(wanted, found) if mappings}

    def test_nothing_of_them_is_anywhere(self):
        with Gate(self.site.source / "gate") as tree:
            process = self.start_export(
                "--recipient", self.site.keys / "recipient.pub")
            tree.wait(process)
            there = self.outside_of_locked(process)
            # They are looked for in the tree that is read now.
            self.assertIn("token", there)
            self.assertNotIn("key of the target", there)
            self.assert_in_no_file(self.site.medium, self.site.source_state)
        out, said = self.finish(process)
        bundle = Path(out.strip())
        self.assertNotIn("Plant", said)
        self.finish(self.start_import(bundle, *self.site.identity,
                                      "--allow-delete"))
        write_tree(self.site.source, {"gate": "two\n"})
        self.plant_files(" more")
        with sqlite3.connect(self.db["src"]) as db:
            db.execute("delete from login where id >= 10")
            self.plant(db)
            db.execute("update login set data = ? where id = 12", (
                n8n.sealed(json.dumps({**PLANTED, "more": "x"}), "src"),))
        db.close()
        bundle = Path(self.finish(self.start_export(
            "--recipient", self.site.keys / "recipient.pub"))[0].strip())
        with Gate(self.site.target / "gate") as tree:
            process = self.start_import(bundle, *self.site.identity)
            tree.wait(process)
            # Workers may not be done yet with a file before the gate.
            wait_for(lambda: self.outside_of_locked(process)
                     <= {"key of the target"})
            self.assertLessEqual(self.outside_of_locked(process),
                                 {"key of the target"})
            self.assert_in_no_file(self.site.target_state)
        _, said = self.finish(process)
        self.assertNotIn("Plant", said)
        self.assertGreater(self.assert_in_no_file(self.folder), 10)
        for secret in ("password", "token"):
            with sqlite3.connect(self.db["dst"]) as db:
                opened = {json.loads(n8n.opened(row[0], "dst"))[secret]
                          for row in db.execute("select data from login "
                                                "where id <> 5")}
            db.close()
            self.assertEqual({PLANTED[secret]}, opened)
        self.assertIn(IN_FILES["line of .env"] + " more",
                      (self.site.target / ".env").read_text())
        self.assertIn(IN_FILES["body of a key"] + " more",
                      (self.site.target / "id.pem").read_text())
        self.assertEqual(IN_FILES["value of json"] + " more", n8n.opened(
            json.loads((self.site.target / "conf.json").read_text())["data"],
            "dst"))


if __name__ == "__main__":
    unittest.main()
