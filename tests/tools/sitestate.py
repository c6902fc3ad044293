#!/usr/bin/env python3
"""The state of a site as one hash: its trees, and the rows of its databases.

    sitestate.py [--tree DIR]... [--database FILE]...

Trees are what treestate.py says of them.  Of a database all rows of all tables
count, but for valise's own note of the last import; a database that is absent
is a state too, and so is one that cannot be read or is damaged.
"""
import argparse
import hashlib
import os
import sqlite3
import sys

from treestate import tree_state

OWN = "valise_import"


def quote(name):
    return '"' + name.replace('"', '""') + '"'


def database_lines(path):
    """A line for each row, ascending; the last says whether it is whole."""
    if not os.path.exists(path):
        return ["absent"]
    db = sqlite3.connect(path, timeout=20)
    db.text_factory = bytes
    lines = []
    try:
        for (raw,) in db.execute("select name from sqlite_schema where "
                                 "type = 'table' order by name").fetchall():
            name = raw.decode()
            if name != OWN:
                lines += sorted(f"{name} {row!r}" for row in
                                db.execute(f"select * from {quote(name)}"))
        for check in ("integrity_check", "foreign_key_check"):
            lines += [f"{check} {row!r}"
                      for row in db.execute(f"pragma {check}")]
    except sqlite3.Error as why:
        lines.append(f"broken: {why}")
    finally:
        db.close()
    return lines


def site_state(trees, databases):
    whole = hashlib.blake2b(tree_state(*trees).encode(), digest_size=16)
    for path in databases:
        for line in database_lines(path):
            whole.update(line.encode() + b"\n")
        whole.update(b"\n")
    return whole.hexdigest()


def add_options(parser):
    parser.add_argument("--tree", action="append", default=[])
    parser.add_argument("--database", action="append", default=[])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add_options(parser)
    o = parser.parse_args()
    print(site_state(o.tree, o.database))


if __name__ == "__main__":
    sys.exit(main())
