"""What differs between the rows of two databases, as SQLite's own `sqldiff`
says, and not a program of ours.

It compares as the columns do, so that "Prod" is "prod" in one that is NOCASE,
and 1 is 1.0.  So both sides are spelled out first: every value as the text of
its storage class and its bytes.
"""
import collections
import sqlite3
import subprocess

SIGNS = {sqlite3.SQLITE_INSERT: "+", sqlite3.SQLITE_DELETE: "-",
         sqlite3.SQLITE_UPDATE: "~"}
SPELLED = ("typeof({0}) || ' ' || case typeof({0}) when 'text' then hex({0}) "
           "when 'blob' then hex({0}) else quote({0}) end")


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def spell(db, table, into):
    """The table as a table of texts; False where it has no primary key."""
    columns = db.execute("select name, pk from pragma_table_xinfo(?) "
                         "order by cid", (table,)).fetchall()
    key = [name for name, at in sorted(columns, key=lambda c: c[1]) if at]
    if not key:
        return False
    names = ", ".join(quoted(name) for name, _ in columns)
    into.execute(f"create table {quoted(table)}({names}, primary key("
                 f"{', '.join(map(quoted, key))}))")
    values = ", ".join(SPELLED.format(quoted(name)) for name, _ in columns)
    marks = ", ".join("?" * len(columns))
    into.executemany(
        f"insert into {quoted(table)} values({marks})",
        db.execute(f"select {values} from {quoted(table)}"))
    return True


def spelled(path, out):
    out.unlink(missing_ok=True)
    db = sqlite3.connect(path)
    into = sqlite3.connect(out)
    tables = [name for name, in db.execute(
        "select name from sqlite_schema where type = 'table' and name not "
        "like 'sqlite!_%' escape '!' and name <> 'valise_import'")]
    found = {name for name in tables if spell(db, name, into)}
    into.commit()
    into.close()
    db.close()
    return found


def row_changes(before, after, folder):
    """How many rows came ("+", table) and went ("-", table), and in how many
    a column changed ("~", table, column); and the tables with primary keys,
    of which alone that is known."""
    sides = folder / "spelled.before.db", folder / "spelled.after.db"
    tables = spelled(before, sides[0])
    spelled(after, sides[1])
    sql = subprocess.run(["sqldiff", "--primarykey", *sides], check=True,
                         capture_output=True, text=True).stdout
    found = collections.Counter()

    def count(action, table, column, database, _trigger):
        if database == "main" and action in SIGNS and \
                not table.startswith("sqlite_"):
            found[(SIGNS[action], table)
                  + ((column,) if SIGNS[action] == "~" else ())] += 1
        return sqlite3.SQLITE_OK

    # Each statement is compiled once, and tells what it will write.
    db = sqlite3.connect(sides[0])
    db.set_authorizer(count)
    db.executescript(sql)
    db.set_authorizer(None)
    db.close()
    left = subprocess.run(["sqldiff", "--primarykey", *sides], check=True,
                          capture_output=True, text=True).stdout
    assert left == "", left
    return found, tables
