"""The two sites of fixtures/sites/octopus, made anew, and what their server
sees in them: its scheme by openssl."""
import base64
import json
import os
import sqlite3
import subprocess
from pathlib import Path

FIXTURE = (Path(__file__).resolve().parents[3] / "fixtures" / "sites"
           / "octopus")
PROFILE = FIXTURE / "profile.yaml"
# Table, column, which rows, and the member of a value that is JSON.
PLACES = (("variable", "value", "type = 'Sensitive'", None),
          ("certificate", "certificate_data", "1", None),
          ("certificate", "password", "1", None),
          ("account", "details", "1", "Password"))


def make_database(path, side):
    """The database of `side`, "src" or "dst"."""
    db = sqlite3.connect(path, isolation_level=None)
    for name in ("schema", side):
        db.executescript("begin;" + (FIXTURE / f"{name}.sql").read_text()
                         + "commit;")
    db.close()


def key_of(side):
    return json.loads((FIXTURE / "keys.json").read_text())[side]


def _openssl(data, iv, key, *words):
    return subprocess.run(
        ["openssl", "enc", "-aes-128-cbc", "-K",
         base64.b64decode(key).hex(), "-iv", iv.hex(), *words],
        input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        check=True).stdout


def opened(value, key):
    data, iv = map(base64.b64decode, value.split("|"))
    return _openssl(data, iv, key, "-d").decode()


def sealed(text, key):
    iv = os.urandom(16)
    return "|".join(base64.b64encode(part).decode() for part in (
        _openssl(text.encode(), iv, key), iv))


def of_place(text, member, change):
    """Of a column with one secret, the text in which that is changed."""
    if member is None:
        return change(text)
    value = json.loads(text)
    value[member] = change(value[member])
    return json.dumps(value, separators=(",", ":"))


def all_opened(path, key):
    """What the server with that key sees: (table, column, names) to text."""
    seen = {}
    db = sqlite3.connect(path)
    for table, column, where, member in PLACES:
        names = "name" if table != "variable" else (
            "(select p.name from variable_set s join project p on p.id = "
            "s.project_id where s.id = variable_set_id) || '/' || name || '/'"
            " || ifnull((select name from environment e where e.id = "
            "environment_id), '')")
        for name, text in db.execute(
                f"select {names}, {column} from {table} where {where} "
                f"and {column} is not null"):
            seen[table, column, name] = of_place(
                text, member, lambda value: opened(value, key))
    db.close()
    return seen


def sealed_anew(path, key):
    """What a nightly save does: every value under a new IV."""
    db = sqlite3.connect(path)
    for table, column, where, member in PLACES:
        for ident, text in db.execute(
                f"select id, {column} from {table} where {where} "
                f"and {column} is not null").fetchall():
            db.execute(f"update {table} set {column} = ? where id = ?", (
                of_place(text, member, lambda value: sealed(
                    opened(value, key), key)), ident))
    db.commit()
    db.close()
