"""The two n8n sites of fixtures/sites/n8n, made anew."""
import json
import sqlite3
import subprocess
from pathlib import Path

FIXTURE = Path(__file__).resolve().parents[3] / "fixtures" / "sites" / "n8n"


def make_database(path, side):
    """The database of `side`, "src" or "dst"."""
    db = sqlite3.connect(path, isolation_level=None)
    for name in ("common", side, "after"):
        db.executescript("begin;" + (FIXTURE / f"{name}.sql").read_text()
                         + "commit;")
    db.close()


def make_binary(root):
    """The files of the source."""
    for name, text in json.loads((FIXTURE / "binary.json").read_text()
                                 ).items():
        path = Path(root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def make_config(folder, side):
    """What n8n keeps its master key in."""
    path = Path(folder) / f"{side}-config"
    path.write_text(json.dumps({"encryptionKey": key_of(side)}))
    path.chmod(0o600)
    return path


def master_keys(folder, side):
    """The words of a site file about it."""
    return (f"master_keys:\n  - {{name: app, file: {make_config(folder, side)}"
            ", json: $.encryptionKey}\n")


def key_of(side):
    return json.loads((FIXTURE / "keys.json").read_text())[side]


def _openssl(text, side, *words):
    """n8n's own scheme (cipher.ts of n8n-core) is that of this program."""
    return subprocess.run(
        ["openssl", "enc", "-aes-256-cbc", "-md", "md5", "-base64", "-A",
         "-pass", f"pass:{key_of(side)}", *words], input=text.encode(),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        check=True).stdout.decode()


def opened(value, side):
    return _openssl(value, side, "-d")


def sealed(text, side):
    return _openssl(text, side)


def sealed_anew(path, side):
    """What a nightly save does: every credential under a new salt."""
    db = sqlite3.connect(path)
    for ident, data in db.execute(
            "select id, data from credentials_entity").fetchall():
        db.execute("update credentials_entity set data = ? where id = ?",
                   (sealed(opened(data, side), side), ident))
    db.commit()
    db.close()
