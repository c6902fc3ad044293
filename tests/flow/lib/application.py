"""A database and a tree on each side: what an application has."""
import json
import sqlite3
from pathlib import Path

from flow import Flow


def open_db(path):
    return sqlite3.connect(path, isolation_level=None)


def tree(root):
    """Path to content, of files."""
    return {str(path.relative_to(root)): path.read_text()
            for path in sorted(Path(root).rglob("*")) if path.is_file()}


class Sides(Flow):
    """A database `app` and a tree, `binary`, another name or None, on each
    side."""

    tree_name = "binary"

    def setUp(self):
        super().setUp()
        self.maxDiff = None
        self.files = {side: self.folder / side / "binary"
                      for side in ("src", "dst")}
        self.db = {side: self.folder / side / "app.db"
                   for side in ("src", "dst")}
        for side in ("src", "dst"):
            self.files[side].mkdir(parents=True)

    def write_yaml(self, profile, target=None, words="", extra="",
                   sides=None):
        """`words` and `extra` are the target's, `sides` has more of each."""
        trust = f"trust:\n  - {{sender: {self.site.keys}/sender.pub}}\n"
        for side, path, more in (
                ("src", self.site.source_yaml, profile),
                ("dst", self.site.target_yaml,
                 (profile if target is None else target) + extra + trust)):
            state = getattr(self.site, "source_state" if side == "src"
                            else "target_state")
            path.write_text(
                f"site: demo\nstate: {state}\nresources:\n"
                f"  - {{name: app, kind: sqlite, path: {self.db[side]}}}\n"
                + (f"  - name: {self.tree_name}\n    kind: files\n"
                   f"    path: {self.files[side]}\n"
                   if self.tree_name else "")
                + (words if side == "dst" else "") + more
                + (sides[side] if sides else ""))

    def ask(self, side, sql, *values):
        db = open_db(self.db[side])
        found = db.execute(sql, values).fetchall()
        db.close()
        return found

    def one(self, side, sql, *values):
        return self.ask(side, sql, *values)[0][0]

    def do(self, side, sql):
        db = open_db(self.db[side])
        db.executescript(sql)
        db.close()

    def carry(self, *words, **more):
        self.bundle = self.site.export()
        return self.site.import_(self.bundle, "--allow-delete", *words,
                                 **more)

    def paths(self, bundle=None):
        """Paths of the manifest, and of left-out lines with a mark."""
        out = self.site.run("valise", "ls", "--json", bundle or self.bundle,
                            *self.site.identity).out
        lines = [json.loads(line) for line in out.splitlines()]
        return [line["path"] + ("!" if line["t"] == "left_out" else "")
                for line in lines if line.get("r") == self.tree_name]
