"""The two n8n sites of fixtures/sites/n8n, made anew."""
import json
import sqlite3
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
