"""Files that rows own, worked out slowly: for rows_model.py.

Follows "Rows that own files" of formats/profile.md and no code of valise.  A
tree is a map from path to content.
"""
import re

from rows_inside import Unclear
from rows_state import NULL, Refused

EMPTY = (NULL, ("text", b""))


class Line:
    """A line of the profile that says which file a row owns."""

    def __init__(self, words, number):
        self.table = words["from"]
        self.where = words.get("where")
        self.number = number
        self.file = words["file"]
        self.columns = re.findall(r"\{(\w+)\}", self.file)
        self.missing = words.get("missing", "refuse")
        self.collide = words.get("collide", "refuse")

    def path(self, cells):
        """The path that these cells make, or None."""
        if all(cells[column] in EMPTY for column in self.columns):
            return None
        parts = []
        for part in self.file.split("/"):
            columns = re.findall(r"\{(\w+)\}", part)
            if columns and all(cells[column] in EMPTY for column in columns):
                continue
            parts.append(re.sub(r"\{(\w+)\}", lambda found: "" if
                                cells[found[1]] == NULL else
                                cells[found[1]][1].decode(), part))
        return "/".join(parts)

    def cells(self, row):
        return {column: row.cells[column] for column in self.columns}

    def numbered(self, row, number):
        """The cells of a row whose file has a number in its name; None: it
        has no text for one."""
        cells = self.cells(row)
        for column in reversed(self.columns):
            if cells[column] not in EMPTY:
                text = cells[column][1].decode()
                folder, slash, name = text.rpartition("/")
                dot = name.rfind(".")
                at = dot if dot > 0 else len(name)
                cells[column] = ("text", (
                    folder + slash + name[:at] + f"-{number}" +
                    name[at:]).encode())
                return cells
        return None


class Place:
    """Where a file of the bundle goes for rows of one line."""

    def __init__(self, path, line, dest, cells, number=0):
        self.path = path
        self.line = line
        self.dest = dest
        self.cells = cells
        self.number = number


class Files:
    def __init__(self, work, source, target, brought):
        self.work = work
        self.lines = [Line(words, number) for number, words
                      in enumerate(work.profile.lines) if "file" in words]
        self.source = source
        self.target = target        # the tree as it is
        self.brought = set(brought)
        self.bundle = {}            # what travels
        self.left_out = set()       # paths that the bundle says nothing about
        self.kept = {}              # path: rows that keep what is there
        self.named = set()          # paths of rows of either side
        self.places = []
        self.fixed = {}             # at() of a source row: columns it keeps
        self.cells = {}             # at() of a source row: column: cell
        self.after = dict(target)
        self.after_brought = set(brought)

    def line_of(self, row):
        for line in self.lines:
            if line.table == row.table and (
                    line.where is None or line.number in row.fits):
                return line
        return None

    def path_of(self, row):
        line = self.line_of(row)
        return line and line.path(row.cells)

    # the bundle

    def travel(self):
        owned = {}
        for row in self.work.source.state.rows.values():
            path = self.path_of(row)
            if path is None:
                continue
            carried = row.at() in self.work.carried
            owned[path] = owned.get(path, False) or carried
            if carried and path not in self.source and \
                    self.line_of(row).missing == "refuse":
                raise Refused(f"the file '{path}' does not travel")
        for path, content in self.source.items():
            if owned.get(path, True):
                self.bundle[path] = content
            else:
                self.left_out.add(path)

    def taken(self, row):
        return self.work.action[row.at()] in ("new", "over", "same")

    # where its files go

    def settle(self, gone):
        """`gone`: at() of the target's rows that go."""
        rows = [self.work.source.state.rows[at] for at in self.work.carried]
        rows = [row for row in rows if self.path_of(row) is not None]
        for row in rows:
            self.named.add(self.path_of(row))
        self.hold(gone)
        mine = [row for row in rows if self.taken(row)]
        others = []
        for row in sorted(mine, key=self.order_met):
            if not self.keep_name(row):
                others.append(row)
        for row in sorted(others, key=self.order_new):
            self.call(row)
        self.check_unowned(rows)
        self.put(gone)

    def hold(self, gone):
        """What the rows here are that keep their file as it is."""
        for row in self.work.target.state.rows.values():
            path = self.path_of(row)
            if path is None:
                continue
            self.named.add(path)
            if row.at() in gone:
                continue
            partner = self.work.partner.get(row.at())
            met = partner is not None and self.taken(partner) and \
                not row.skipped
            own = self.path_of(partner) if met else None
            if not met or (own is not None and own not in self.bundle):
                self.kept.setdefault(path, []).append(row)

    def here(self, row):
        """The path that a row has here by the same line, or None."""
        twin = self.work.match(row)
        if twin is None or self.line_of(twin) is not self.line_of(row):
            return None
        return self.path_of(twin)

    def order_met(self, row):
        return (self.here(row) or "").encode(), *self.order_new(row)

    def order_new(self, row):
        return self.path_of(row).encode(), row.table, repr(row.at())

    def keep_name(self, row):
        dest = self.here(row)
        if dest is None:
            return False
        line = self.line_of(row)
        self.fixed[row.at()] = set(line.columns)
        path = self.path_of(row)
        if path not in self.bundle:
            return True
        if self.in_the_way(path, dest):
            return False
        self.places.append(
            Place(path, line, dest, line.cells(self.work.match(row))))
        return True

    def in_the_way(self, path, dest):
        """Whether another content has, or will have, this name."""
        content = self.bundle.get(path)
        return (dest in self.kept and self.target.get(dest) != content) or \
            any(place.dest == dest and place.path != path and
                self.bundle.get(place.path) != content
                for place in self.places)

    def call(self, row):
        """A name for the file of a row that cannot keep one."""
        line = self.line_of(row)
        path = self.path_of(row)
        self.fixed.pop(row.at(), None)
        known = sorted((place for place in self.places
                        if place.path == path and place.line is line),
                       key=lambda place: place.dest.encode())
        if any(place.dest == path for place in known):
            known = []      # its own name is as good
        if known:
            mine = line.numbered(row, known[0].number)
            if not known[0].number or line.path(mine) != known[0].dest:
                mine = known[0].cells
            self.cells[row.at()] = mine
            return
        if not self.in_the_way(path, path):
            self.places.append(Place(path, line, path, line.cells(row)))
            return
        if line.collide != "rename":
            raise Refused(f"'{path}' is that of another row")
        self.rename(row, line, path)

    def rename(self, row, line, path):
        """The number that rows of another line have for it, or a free one."""
        for place in self.places:
            if place.path == path and place.number:
                cells = line.numbered(row, place.number)
                if cells and line.path(cells) == place.dest:
                    self.add_numbered(row, line, path, place.number)
                    return
        for number in range(2, 1000):
            cells = line.numbered(row, number)
            if cells is None:
                break
            if self.is_free(line.path(cells)):
                self.add_numbered(row, line, path, number)
                return
        raise Refused(f"there is no free name for '{path}'")

    def is_free(self, path):
        return path not in self.target and path not in self.bundle and \
            path not in self.named and \
            all(place.dest != path for place in self.places)

    def add_numbered(self, row, line, path, number):
        cells = line.numbered(row, number)
        self.cells[row.at()] = cells
        self.places.append(
            Place(path, line, line.path(cells), cells, number))

    def check_unowned(self, rows):
        owned = {self.path_of(row) for row in rows}
        for path in self.bundle.keys() - owned:
            if self.in_the_way(path, path):
                raise Refused(f"'{path}' is owned by no row, and here by one")

    # the tree afterwards

    def put(self, gone):
        owned = {self.path_of(self.work.source.state.rows[at])
                 for at in self.work.carried}
        puts = {path: content for path, content in self.bundle.items()
                if path not in owned}
        for place in self.places:
            if place.path in self.bundle:
                puts[place.dest] = self.bundle[place.path]
        stay = self.kept.keys() | {place.dest for place in self.places}
        # What is in the bundle and not taken is left alone.
        alone = self.left_out | (self.bundle.keys() - puts.keys())
        held = {self.path_of(row)
                for row in self.work.target.state.rows.values()}
        only = self.work.profile.tree.get("target_only", "brought")
        for path in self.target:
            if path in puts or path in stay or only == "keep":
                continue
            goes = path in held or only == "delete" or path in self.brought
            if goes and path in alone:
                raise Unclear("a file that goes, of a row that is not taken")
            if goes:
                del self.after[path]
        self.after.update(puts)
        self.after_brought = {
            path for path in self.after
            if path in self.brought or path not in self.target}
