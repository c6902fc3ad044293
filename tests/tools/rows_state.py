"""Rows of a database, with what a profile says of them: for rows_model.py.

Follows the text of the profile language and no code of valise.  A Side knows
the references of every row, who it is without an id (its name), and how it
reads without ids (its view).
"""
import collections
import copy
import re
import sqlite3

from rows_inside import (Broken, Unclear, php_splice, places, splice,
                         unpacked)


class Refused(Exception):
    """The import is refused, and the target stays as it is."""


# ---------------------------------------------------------------- databases

class Text(bytes):
    """A TEXT cell; plain bytes are a BLOB."""


def cell_of(value):
    """A value with its storage class, so that 1, 1.0 and '1' differ."""
    if value is None:
        return ("null",)
    if isinstance(value, Text):
        return ("text", bytes(value))
    if isinstance(value, bytes):
        return ("blob", value)
    if isinstance(value, float):
        return ("real", repr(value))
    return ("int", value)


def word_cell(value):
    """A scalar of the profile as a cell."""
    if isinstance(value, str):
        return ("text", value.encode())
    return cell_of(value)


NULL = cell_of(None)


def sort_key(cell):
    """The order of SQLite: NULL, numbers, texts, blobs."""
    if cell[0] == "null":
        return (0,)
    if cell[0] == "int":
        return (1, cell[1])
    if cell[0] == "real":
        return (1, float(cell[1]))
    return (2 if cell[0] == "text" else 3, cell[1])


class Table:
    """What of the schema matters."""

    def __init__(self, db, name):
        self.name = name
        self.columns = []
        self.pk = []
        self.not_null = set()
        self.types = {}
        self.defaults = {}
        quoted = quote(name)
        pk = []
        for row in db.execute(f"pragma table_xinfo({quoted})"):
            column = row[1].decode()
            if row[6] not in (2, 3):            # generated
                self.columns.append(column)
            if row[3]:
                self.not_null.add(column)
            if row[5]:
                pk.append((row[5], column))
            self.types[column] = row[2].decode().upper()
            if row[4] is not None:
                self.defaults[column] = cell_of(db.execute(
                    f"select {row[4].decode()}").fetchone()[0])
        self.pk = [column for _, column in sorted(pk)]
        self.foreign = collections.defaultdict(list)
        for row in db.execute(f"pragma foreign_key_list({quoted})"):
            self.foreign[row[0]].append(
                (row[3].decode(), row[2].decode(),
                 row[4].decode() if row[4] is not None else None))
        self.uniques = []
        for row in db.execute(f"pragma index_list({quoted})"):
            if row[2] and not row[4]:
                index = quote(row[1].decode())
                self.uniques.append([
                    (part[2].decode(), part[4].decode().upper())
                    for part in db.execute(f"pragma index_xinfo({index})")
                    if part[5]])


    def default(self, column):
        """What a new row gets in a column that is derived."""
        if column in self.defaults:
            return self.defaults[column]
        if column not in self.not_null:
            return NULL
        return ("int", 0) if "INT" in self.types[column] else ("text", b"")


class Row:
    def __init__(self, table, pk, cells):
        self.table = table
        self.pk = pk            # a tuple of cells; of the rowid without a key
        self.cells = cells      # column: cell
        self.entry = None
        self.skipped = False
        self.kept = False       # keep_here
        self.fits = set()       # lines of references whose `where` fits

    def at(self):
        return (self.table, self.pk)


def quote(name):
    return '"' + name.replace('"', '""') + '"'


class State:
    """All rows of one database, with what the profile's SQL says of them."""

    def __init__(self):
        self.schema = {}
        self.rows = {}          # (table, pk): Row

    def of_table(self, name):
        return [row for row in self.rows.values() if row.table == name]

    def copy(self):
        other = State()
        other.schema = self.schema
        for at, row in self.rows.items():
            twin = Row(row.table, row.pk, dict(row.cells))
            twin.entry, twin.skipped, twin.kept, twin.fits = \
                row.entry, row.skipped, row.kept, row.fits
            other.rows[at] = twin
        return other

    def index(self, table, column):
        """cell: Row, for a column that ids point to."""
        return {row.cells[column]: row for row in self.of_table(table)}


def load(path, profile):
    """The State of the database at `path`."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    db.text_factory = Text
    state = State()
    names = [row[0].decode() for row in db.execute(
        "select name from sqlite_schema where type = 'table' and "
        "name not like 'sqlite!_%' escape '!' and name <> 'valise_import' "
        "order by name")]
    for name in names:
        table = Table(db, name)
        state.schema[name] = table
        for pk, cells in read_rows(db, table, None):
            state.rows[name, pk] = Row(name, pk, cells)
        profile.mark(db, state, table)
    db.close()
    return state


def read_rows(db, table, where):
    columns = table.columns + ([] if table.pk else ["rowid"])
    sql = "select %s from %s" % (", ".join(map(quote, columns)),
                                 quote(table.name))
    if where is not None:
        sql += f" where ({where})"
    for values in db.execute(sql):
        cells = dict(zip(columns, map(cell_of, values)))
        pk = tuple(cells[column] for column in table.pk or ["rowid"])
        cells.pop("rowid" if not table.pk else None, None)
        yield pk, cells


# ----------------------------------------------------------------- profiles

class Entry:
    """The words about one table, or some of its rows."""

    def __init__(self, words):
        self.words = words
        names = words["table"]
        self.tables = names if isinstance(names, list) else [names]
        self.where = words.get("where")
        skip = words.get("skip", False)
        self.skip = skip is True
        self.skip_where = skip if isinstance(skip, str) else None
        self.key = words.get("key", [])
        self.match = words.get("match", ["key"])
        if isinstance(self.match, str):
            self.match = [self.match]
        owners = words.get("owned_by", [])
        self.owned_by = owners if isinstance(owners, list) else [owners]
        self.ordinal = words.get("ordinal", [])
        self.on_match = words.get("on_match", "overwrite")
        self.on_new = words.get("on_new", "create")
        self.target_only = words.get("target_only")
        self.ids = words.get("ids")
        self.keep_here = set(words.get("keep_here", []))
        self.derived = set(words.get("derived", []))
        self.nested_set = words.get("nested_set")
        if self.nested_set:
            self.derived |= {self.nested_set["left"],
                             self.nested_set["right"]}
        self.multiset = not self.key and not self.ordinal and \
            "id" not in self.match and not self.skip
        if self.multiset and not self.owned_by:
            raise Unclear(f"rows of {self.tables} have neither key nor owner")


class Reference:
    """A line about one column.  A copy of one with `to_by` has the table
    that a row's value names."""

    def __init__(self, words, none, number=None):
        self.to = words.get("to")
        self.to_by = words.get("to_by")
        self.where = words.get("where")
        self.number = number    # of the line
        self.none = {word_cell(value) for value in none}
        self.none_list = [word_cell(value) for value in none]
        self.on_dangling = words.get("on_dangling", "refuse")
        self.json = words.get("json")
        self.php = words.get("php")
        self.yaml = words.get("yaml")
        self.unpack = words.get("unpack")
        self.pattern = words.get("pattern")
        self.split = words.get("split")
        self.on_broken = words.get("on_broken", "refuse")
        self.inside = bool(self.json or self.php or self.yaml or
                           self.unpack or self.pattern or self.split)

    def towards(self, table):
        other = copy.copy(self)
        other.to = table
        other.to_by = None
        return other


class Profile:
    def __init__(self, words, renamed=()):
        resource = words["resources"][0]
        self.none = resource.get("none", [])
        self.entries = [Entry(entry) for entry in resource["tables"]]
        self.lines = resource.get("references", [])
        self.tree = next((one for one in words["resources"]
                          if one.get("resource") == "files"), {})
        self.types = words.get("types", {})
        self.counts = words.get("counts", [])
        self.keep_rows = resource.get("keep_here", [])
        self.derived = collections.defaultdict(set)
        for entry in self.entries:
            for table in entry.tables:
                self.derived[table] |= entry.derived
        self.map = {(one["table"], tuple(map(word_cell, one["from"]))):
                    tuple(map(word_cell, one["to"])) for one in renamed}

    def entries_of(self, table):
        return [entry for entry in self.entries if table in entry.tables]

    def mark(self, db, state, table):
        """Which entry each row has, and whether it is skipped or kept."""
        left = {pk for name, pk in state.rows if name == table.name}
        for entry in self.entries_of(table.name):
            fits = {pk for pk, _ in read_rows(db, table, entry.where)} & left
            skipped = fits if entry.skip else set()
            if entry.skip_where is not None:
                skipped = fits & {pk for pk, _ in read_rows(
                    db, table, entry.skip_where)}
            for pk in fits:
                state.rows[table.name, pk].entry = entry
                state.rows[table.name, pk].skipped = pk in skipped
            left -= fits
        if left:
            raise Refused(f"rows of '{table.name}' that no entry takes")
        for line in self.keep_rows:
            if line["table"] == table.name:
                for pk, _ in read_rows(db, table, line.get("where")):
                    state.rows[table.name, pk].kept = True
        for number, line in enumerate(self.lines):
            if "where" in line and table.name in tables_of(line):
                for pk, _ in read_rows(db, table, line["where"]):
                    state.rows[table.name, pk].fits.add(number)

    def references(self, table):
        """column: its references.  An exact line wins over a wildcard, and
        any line over what the schema knows."""
        found = {}
        for parts in table.foreign.values():
            if len(parts) == 1:
                column, to, _ = parts[0]
                found[column] = [Reference({"to": to}, self.none)]
        for exact in (False, True):
            lines = collections.defaultdict(list)
            for number, words in enumerate(self.lines):
                for name in froms(words) if "file" not in words else ():
                    on, column = name.split(".", 1)
                    if ("*" in name) == exact:
                        continue
                    for one in table.columns:
                        if on in ("*", table.name) and \
                                column in ("*", one) and \
                                (exact or one not in table.pk):
                            lines[one].append(Reference(
                                words, self.none + words.get("none", []),
                                number))
            found.update(lines)
        return found


def froms(line):
    names = line["from"]
    return names if isinstance(names, list) else [names]


def tables_of(line):
    return {name.split(".", 1)[0] for name in froms(line)}


# ---------------------------------------------------------------- one side

class Side:
    """One State with the references of the profile."""

    def __init__(self, state, profile):
        self.state = state
        self.profile = profile
        self.refs = {name: profile.references(table)
                     for name, table in state.schema.items()}
        self.indexes = {}
        self.positions = None
        self.names = {}
        self.left_out = {row.at() for row in state.rows.values()
                         if row.skipped}    # these have no position

    def id_column(self, table):
        pk = self.state.schema[table].pk
        if len(pk) != 1:
            raise Unclear(f"a reference to '{table}' without a single id")
        return pk[0]

    def look(self, table, cell):
        """The row of `table` with that id, or None."""
        if table not in self.indexes:
            self.indexes[table] = self.state.index(
                table, self.id_column(table))
        return self.indexes[table].get(cell)

    def look_text(self, table, text):
        found = self.look(table, ("text", text.encode()))
        return found or self.look(table, as_int(text))

    def lines(self, row, column):
        """What is said of this column of this row: references to a table."""
        if column in self.profile.derived[row.table]:
            return
        for line in self.refs[row.table].get(column, []):
            if line.where is not None and line.number not in row.fits:
                continue
            if line.to_by is None:
                yield line
            else:
                table = self.named(row, line)
                if table is not None:
                    yield line.towards(table)

    def named(self, row, line):
        """The table that the value of `to_by` names; None: no reference."""
        *way, column = line.to_by["column"].split(".")
        for step in way:
            row = row and self.referred(row, step)
        cell = row.cells[column] if row else NULL
        values = line.to_by["values"]
        if isinstance(values, str):
            values = self.profile.types[values]
        if cell[0] in ("text", "int") and id_text(cell) in values:
            return values[id_text(cell)]
        other = line.to_by.get("else", "refuse")
        if other == "refuse":
            raise Refused(f"nothing says what '{row and row.table}' means")
        return None if other == "plain" else other

    def plain(self, row, column):
        """(reference, cell) of a column that is an id as a whole."""
        for reference in self.lines(row, column):
            if not reference.inside:
                cell = row.cells[column]
                if cell != NULL and cell not in reference.none and not (
                        cell[0] == "text" and
                        is_none(reference, cell[1].decode(errors="replace"))):
                    return reference, cell
        return None, None

    def find(self, table, cell):
        """The same as `look`; an integer may be spelled in a text."""
        if cell[0] == "text":
            return self.look_text(table, cell[1].decode(errors="replace"))
        return self.look(table, cell)

    def referred(self, row, column):
        reference, cell = self.plain(row, column)
        return self.find(reference.to, cell) if reference else None

    def inside(self, row, column):
        """[(at, end, form, text, reference)], ascending."""
        cell = row.cells[column]
        found = []
        for reference in self.lines(row, column):
            packed = bool(reference.unpack)
            if not reference.inside or cell[0] not in ("text", "blob") or \
                    packed > (cell[0] == "blob"):
                continue
            try:
                spots = places(reference, unpacked(reference.unpack, cell[1])
                               if packed else cell[1])
            except Broken:
                if reference.on_broken == "keep":
                    continue
                raise Refused(f"'{row.table}.{column}' does not parse")
            found += [spot + (reference,) for spot in spots
                      if not is_none(reference, spot[3])]
        found.sort(key=lambda spot: spot[0])
        for one, two in zip(found, found[1:]):
            if one[1] > two[0]:
                raise Refused(f"references meet in '{row.table}.{column}'")
        return found

    def all_references(self, row):
        """(column, reference, the row referred to or None)."""
        for column in self.refs[row.table]:
            reference, cell = self.plain(row, column)
            if reference:
                yield column, reference, self.find(reference.to, cell)
            for *_, text, reference in self.inside(row, column):
                yield column, reference, self.look_text(reference.to, text)

    def owners(self, row):
        found = [self.referred(row, column)
                 for column in row.entry.owned_by]
        return [owner for owner in found if owner is not None]

    def position(self, row):
        """The place of the row among those with an equal key, or owner."""
        if self.positions is None:
            self.positions = {}
            groups = collections.defaultdict(list)
            for one in self.state.rows.values():
                if one.entry.ordinal and one.at() not in self.left_out:
                    columns = one.entry.key or one.entry.owned_by
                    groups[one.table, id(one.entry)].append(
                        (tuple(self.owner_or_cell(one, c) for c in columns),
                         one))
            for members in groups.values():
                self.count(members)
        return self.positions[row.at()]

    def owner_or_cell(self, row, column):
        """One number may be that of rows of several tables."""
        other = self.referred(row, column)
        return other.at() if other is not None else row.cells[column]

    def count(self, members):
        lists = collections.defaultdict(list)
        for group, row in members:
            lists[group].append(row)
        for rows in lists.values():
            rows.sort(key=lambda row: [sort_key(row.cells[column])
                                       for column in row.entry.ordinal])
            for one, two in zip(rows, rows[1:]):
                if all(one.cells[c] == two.cells[c]
                       for c in one.entry.ordinal):
                    raise Unclear("two rows with one ordinal")
            for number, row in enumerate(rows):
                self.positions[row.at()] = number

    def key_columns(self, row):
        if row.entry.key:
            return row.entry.key
        if "id" in row.entry.match:
            return self.state.schema[row.table].pk
        return row.entry.owned_by if row.entry.ordinal else []

    @staticmethod
    def spliced(cell, spots, texts):
        """The bytes within a cell, with other texts where ids stand."""
        line = spots[0][-1]
        text = unpacked(line.unpack, cell[1]) if line.unpack else cell[1]
        changes = [(*spot[:2], new) for spot, new in zip(spots, texts)]
        if line.php:
            return php_splice(text, changes)
        return splice(text, changes, 0, len(text))

    def name(self, row, trail=()):
        """Who the row is, without an id; None of a multiset."""
        if row.at() in self.names:
            return self.names[row.at()]
        if row.at() in trail:
            raise Refused(f"a cycle of keys in '{row.table}'")
        columns = self.key_columns(row)
        if not columns:
            return None
        parts = []
        for column in columns:
            other = self.referred(row, column)
            if other is None:
                parts.append(row.cells[column])
            else:
                parts.append(("row", other.table,
                              self.name(other, trail + (row.at(),))))
        if row.entry.ordinal:
            parts.append(("position", self.position(row)))
        self.names[row.at()] = tuple(parts)
        return self.names[row.at()]

    def is_id(self, row, column):
        """A column that only tells rows apart."""
        table = self.state.schema[row.table]
        return table.pk == [column] and \
            column not in self.key_columns(row) and \
            not self.refs[row.table].get(column)

    def check_names(self):
        seen = set()
        for row in self.state.rows.values():
            if row.entry.skip and not row.entry.key or \
                    row.entry.ordinal and row.at() in self.left_out:
                continue
            name = self.name(row)
            if name is not None:
                who = (row.table, id(row.entry), name)
                if who in seen:
                    raise Refused(f"two rows of '{row.table}' with one key")
                seen.add(who)

    def view_row(self, row):
        """The row without ids, as a tuple that can be compared."""
        table = self.state.schema[row.table]
        if row.skipped:
            return ("left alone", row.table) + tuple(
                (column, row.cells[column]) for column in table.columns)
        said = []
        for column in table.columns:
            if self.is_id(row, column):
                continue
            other = self.referred(row, column)
            if other is not None and self.can_name(other):
                said.append((column, self.ref_view(other)))
            else:
                said.append((column, self.text_view(row, column)))
        name = self.name(row)
        return (row.table, name) + tuple(said)

    def can_name(self, row):
        return not row.entry.skip or bool(row.entry.key)

    def ref_view(self, row):
        return ("row", row.table, self.name(row))

    def text_view(self, row, column):
        cell = row.cells[column]
        said = []
        spots = []
        for spot in self.inside(row, column):
            other = self.look_text(spot[-1].to, spot[3])
            if other is not None and self.can_name(other):
                said.append((spot[2], self.ref_view(other)))
                spots.append(spot)
        if not spots:
            return cell
        return ("parts", self.spliced(cell, spots, [b"@"] * len(spots)),
                *said)


def id_text(cell):
    return cell[1].decode() if cell[0] == "text" else str(cell[1])


def as_int(text):
    """The cell of an id that is spelled as an integer, or None."""
    if re.fullmatch(r"0|-?[1-9][0-9]*", text):
        return ("int", int(text))
    return None


def is_none(reference, text):
    return ("text", text.encode()) in reference.none or \
        as_int(text) in reference.none
