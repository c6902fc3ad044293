"""Rows for the sites of tests/flow/profile_lines.py."""
import sqlite3
from pathlib import Path

PROFILES = Path(__file__).resolve().parents[3] / "formats/profiles"
NOBODY = 99999      # a number that no row has
WHEN = "2026-11-03 10:00:00"


class Rows:
    """Rows of a database, with something in every column that wants it."""

    def __init__(self, path, prefix=""):
        self.db = sqlite3.connect(path, isolation_level=None)
        self.prefix = prefix
        self.count = 0

    def __enter__(self):
        self.db.execute("begin")
        return self

    def __exit__(self, *_):
        self.db.execute("commit")
        self.db.close()

    def do(self, sql, *values):
        return self.db.execute(sql, values)

    def one(self, sql, *values):
        return self.db.execute(sql, values).fetchone()[0]

    def add(self, table, **values):
        self.count += 1
        name = self.prefix + table
        for _, column, kind, wanted, default, key in self.db.execute(
                f'pragma table_info("{name}")').fetchall():
            if column not in values and wanted and default is None and \
                    not (key and kind.upper() == "INTEGER"):
                number = any(word in kind.upper()
                             for word in ("INT", "BOOL", "REAL"))
                values[column] = self.count if number else (
                    WHEN if "date" in kind else f"made {self.count}"
                    if key else "")
        names = ", ".join(f'"{column}"' for column in values)
        return self.db.execute(
            f'insert into "{name}" ({names}) values '
            f"({', '.join('?' * len(values))})",
            list(values.values())).lastrowid


def site_of(root, side, tree, profile, more=""):
    return (f"site: demo\nstate: {root}/state-{side}\nresources:\n"
            f"  - {{name: app, kind: sqlite, path: {root}/{side}/app.db}}\n"
            f"  - {{name: {tree}, kind: files, path: {root}/{side}/tree,"
            f" target_only: keep}}\n{profile}{more}")
