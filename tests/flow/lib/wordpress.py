"""The two WordPress sites of fixtures/sites/wordpress, made anew: what MariaDB
holds, in SQLite."""
import base64
import json
import re
import sqlite3
from pathlib import Path

FIXTURE = (Path(__file__).resolve().parents[3] / "fixtures" / "sites"
           / "wordpress")
ESCAPED = {"0": "\0", "n": "\n", "r": "\r", "t": "\t", "b": "\b", "Z": "\x1a"}
TYPES = {"bigint": "INTEGER", "int": "INTEGER", "tinyint": "INTEGER"}


def sqlite_table(statement):
    """CREATE statements for SQLite of one of MariaDB."""
    name = re.match(r"CREATE TABLE `(\w+)`", statement)[1]
    columns, indexes = [], []
    for line in statement.split("\n")[1:-1]:
        line = line.strip().rstrip(",")
        index = re.match(r"(UNIQUE )?KEY `(\w+)` \((.*)\)$", line)
        if index:
            inside = re.sub(r"\(\d+\)", "", index[3]).replace("`", '"')
            indexes.append(f'CREATE {index[1] or ""}INDEX "{name}_{index[2]}"'
                           f' ON "{name}" ({inside})')
        elif line.startswith("PRIMARY KEY"):
            inside = re.search(r"\((.*)\)", line)[1].replace("`", "")
            if "," in inside:
                columns.append(f"PRIMARY KEY ({inside})")
            else:
                # Only so it is SQLite's own number of the row.
                columns = [f'"{inside}" INTEGER PRIMARY KEY'
                           if c.startswith(f'"{inside}"') else c
                           for c in columns]
        else:
            column, kind, rest = re.match(r"`(\w+)` (\w+)(.*)", line).groups()
            rest = re.sub(r"^\([\d,]+\)|unsigned|AUTO_INCREMENT", "", rest)
            columns.append(f'"{column}" {TYPES.get(kind, "TEXT")}{rest}')
    return [f'CREATE TABLE "{name}" ({", ".join(columns)})', *indexes]


def values(statement):
    """Table and values of one INSERT of a dump."""
    table, at = re.match(r"INSERT INTO `(\w+)` VALUES \((.*)\);$",
                         statement).groups()
    row = []
    for text, number in re.findall(r"'((?:[^'\\]|\\.)*)'|([^,']+)", at):
        if number == "NULL":
            row.append(None)
        elif number:
            row.append(int(number))
        else:
            row.append(re.sub(r"\\(.)",
                              lambda m: ESCAPED.get(m[1], m[1]), text))
    return table, row


def lengths(text):
    """`text`, its serialised strings measured anew."""
    raw = text.encode()

    def measured(match):
        return b's:%d:"%s";' % (len(match[1]), match[1])

    return re.sub(rb's:\d+:"(.*?)";', measured, raw, flags=re.S).decode()


def make_database(path, side, url=None):
    """The database of `side`, "src" or "dst"; `url` in the place of its own."""
    own = {"src": "http://wpsrc.test:18080", "dst": "http://wpdst.test:18081"}
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("begin")
    for statement in re.findall(r"CREATE TABLE .*?\n\)[^\n]*;",
                                (FIXTURE / "schema.sql").read_text(), re.S):
        for made in sqlite_table(statement):
            db.execute(made)
    for line in (FIXTURE / f"{side}.sql").read_text().splitlines():
        table, row = values(line)
        if url:
            row = [lengths(v.replace(own[side], url))
                   if isinstance(v, str) and own[side] in v else v
                   for v in row]
        db.execute(f'INSERT INTO "{table}" VALUES '
                   f'({",".join("?" * len(row))})', row)
    db.execute("commit")
    db.close()


def make_uploads(root, side):
    """The files of `side` below `root`."""
    for name, text in json.loads((FIXTURE / "uploads.json").read_text()
                                 )[side].items():
        path = Path(root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(text))
