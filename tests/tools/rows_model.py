#!/usr/bin/env python3
"""What an import of rows by profile achieves: slow, obvious, on its own.

    rows_model.py SOURCE.db TARGET.db PROFILE.json [REAL.db]

Follows the text of the profile language and no code of valise.  Everything is
in memory, and every rule is a few lines that can be held against that text.
Prints the target that is expected, without ids; with REAL.db what of it is
not so there, and then exits with 1.

In other programs:

    result = rows_model.import_rows(source, target, profile, brought)
    result.refused               a reason, or None
    result.differences(real)     of a State that was loaded from a database
    result.brought_of(real)      for the next import of the series

The profile is the same as the YAML, as JSON, with one resource.  Known are:
where, skip, key, match (key, id, brought), owned_by, ordinal, multisets,
on_match, on_new, target_only, ids, keep_here (columns and rows), map, none,
references with to, to_by, where, none, unpack, json, php, pattern, split,
on_dangling, on_broken, the foreign keys of the schema, derived, and
nested_set, and rows that own files (rows_files.py), where `files` has the
trees of both sides.  What a `derive` counts the profile says once more, in `counts`
(rows_derive.py).  A case for which the text has no one answer raises
Unclear; whoever made the case takes another.
"""
import collections
import json
import sys

import rows_derive
import rows_files
from rows_inside import Broken, Unclear, packed, spell, unpacked
from rows_state import (NULL, Profile, Refused, Row, Side, as_int, id_text,
                        load, sort_key)

NEW_INT = 10 ** 12      # ids of rows that the model makes


class Result:
    def __init__(self, target, profile):
        self.profile = profile
        self.state = target.copy()
        self.refused = None
        self.ids = {}           # (table, name): pk that must be
        self.brought = []       # {table, source, target}, of the model's ids
        self.counts = collections.Counter()
        self.tree = None        # path: content, of the files
        self.brought_files = ()

    def view(self, state=None):
        side = Side(state or self.state, self.profile)
        return collections.Counter(
            side.view_row(row) for row in side.state.rows.values())

    def differences(self, real):
        """Lines that say what is not as expected; none is right."""
        want = self.view()
        have = self.view(real)
        lines = [f"missing {count}x {show(row)}"
                 for row, count in sorted((want - have).items(), key=repr)]
        lines += [f"surplus {count}x {show(row)}"
                  for row, count in sorted((have - want).items(), key=repr)]
        side = Side(real, self.profile)
        pks = {(row.table, side.name(row)): row.pk
               for row in real.rows.values() if self.named(side, row)}
        for who, pk in self.ids.items():
            if who in pks and pks[who] != pk:
                lines.append(f"id of {show(who)} is {pks[who]}, not {pk}")
        return lines

    @staticmethod
    def named(side, row):
        return side.can_name(row) and side.name(row) is not None

    def brought_of(self, real):
        """`brought` with the ids that the real target gave."""
        mine = Side(self.state, self.profile)
        side = Side(real, self.profile)
        pks = {(row.table, side.name(row)): row.pk
               for row in real.rows.values() if self.named(side, row)}
        twins = collections.defaultdict(list)
        for row in real.rows.values():
            if not self.named(side, row):
                twins[side.view_row(row)].append(row.pk)
        found = []
        for one in self.brought:
            row = self.state.rows[one["table"], one["target"]]
            name = mine.name(row)
            if name is None and twins[mine.view_row(row)]:
                pk = twins[mine.view_row(row)].pop()
                found.append(dict(one, target=pk))
            if name is not None and (one["table"], name) in pks:
                found.append(dict(one, target=pks[one["table"], name]))
        return found


def show(value):
    if isinstance(value, tuple):
        return "(" + ", ".join(map(show, value)) + ")"
    return str(value)


class Import:
    def __init__(self, source, target, profile, brought, files=None):
        self.profile = profile
        self.source = Side(self.mapped(source), profile)
        self.target = Side(target, profile)
        self.brought = {(one["table"], one["source"]): one["target"]
                        for one in brought}
        self.first = {}         # at() of a source row: what it is before keys
        self.taken = set()      # at() of those rows of the target
        self.created = {(one["table"], one["target"]) for one in brought}
        self.carried = set()    # at() of source rows in the bundle
        self.matches = {}       # at() of a source row: target row or None
        self.action = {}        # at() of a carried row: word
        self.new = {}           # at() of a carried row: pk at the target
        self.last_id = NEW_INT
        self.keys = None
        self.partner = {}       # at() of a target row: its source row
        self.paired = set()     # at() of target rows of multisets
        self.gone = set()
        self.dropped = set()    # at() of carried rows that the target drops
        self.files = rows_files.Files(self, *files) if files else None
        self.result = Result(target, profile)

    def mapped(self, source):
        """The source as if its keys were those that `map` says."""
        source = source.copy()
        for row in source.rows.values():
            key = tuple(row.cells[column] for column in row.entry.key)
            to = self.profile.map.get((row.table, key))
            if to is not None:
                row.cells.update(zip(row.entry.key, to))
        return source

    # what is in the bundle

    def select(self):
        self.carried = {row.at() for row in self.source.state.rows.values()
                        if not row.skipped}
        grown = True
        while grown:
            grown = False
            for row in list(self.source.state.rows.values()):
                if row.at() in self.carried and self.leaves(row):
                    self.carried.remove(row.at())
                    grown = True

        for at in self.carried:
            row = self.source.state.rows[at]
            for column, reference, other in self.source.all_references(row):
                if other is None and reference.on_dangling == "refuse":
                    raise Refused(f"'{row.table}.{column}' refers to nothing")
        if self.files:
            self.files.travel()

    def leaves(self, row):
        """With its owner, or by `drop`."""
        if any(owner.at() not in self.carried
               for owner in self.source.owners(row)):
            return True
        return any(other is None and reference.on_dangling == "drop"
                   for _, reference, other in self.source.all_references(row))

    # who is who

    def match(self, row):
        """The row of the target that this one of the source is, or None."""
        if row.at() not in self.matches:
            self.matches[row.at()] = None       # of a cycle; names refuse it
            self.matches[row.at()] = self.find(row)
        return self.matches[row.at()]

    def find(self, row):
        if row.entry.multiset or (row.entry.skip and not row.entry.key):
            return None
        if row.at() in self.first:
            return self.first[row.at()]
        ways = row.entry.match if row.at() in self.carried else ["key"]
        late = False
        for how in ways:
            late = late or how == "key"
            if how == "key" or (how == "id" and not row.entry.key):
                found = self.find_by_key(row)
                if found is not None and found.at() in self.taken:
                    found = None
            elif not late:
                continue        # tried by find_first
            else:
                found = self.find_otherwise(row, how)
                if found is not None and found.at() in self.taken:
                    raise Refused("two rows of the bundle are one here")
            if found is not None:
                return found
        return None

    def find_otherwise(self, row, how):
        """By what the row is at the source, whatever it is called."""
        pk = row.pk if how == "id" else \
            self.brought.get((row.table, row.pk))
        found = self.target.state.rows.get((row.table, pk))
        if found is None or found.skipped:
            return None
        if found.entry is not row.entry or self.other_owner(row, found):
            raise Unclear("a row changed its entry or owner")
        return found

    def find_first(self):
        """What stands before `key` in `match`: those rows are called as the
        bundle calls them, and their own keys count no more."""
        rows = [self.source.state.rows[at] for at in self.carried]
        for place in range(3):
            for row in rows:
                ways = row.entry.match[:place + 1]
                if len(ways) <= place or "key" in ways or \
                        row.at() in self.first or not row.entry.key:
                    continue
                found = self.find_otherwise(row, ways[place])
                if found is None:
                    continue
                if found.at() in self.taken:
                    raise Refused("two rows of the bundle are one here")
                self.first[row.at()] = found
                self.taken.add(found.at())

    def find_by_key(self, row):
        if self.keys is None:
            self.keys = {}
            for other in self.target.state.rows.values():
                if not other.entry.skip or other.entry.key:
                    self.keys[other.table, id(other.entry),
                              self.target_key(other)] = other
        key = self.source_key(row)
        return self.keys.get((row.table, id(row.entry), key))

    def target_key(self, row):
        parts = []
        for column in self.target.key_columns(row):
            other = self.target.referred(row, column)
            parts.append(("row",) + other.at() if other is not None
                         else row.cells[column])
        if row.entry.ordinal:
            parts.append(self.target.position(row))
        return tuple(parts) or row.at()

    def source_key(self, row):
        parts = []
        for column in self.source.key_columns(row):
            other = self.source.referred(row, column)
            if other is None:
                parts.append(row.cells[column])
            else:
                twin = self.match(other)
                if twin is None:
                    return None
                parts.append(("row",) + twin.at())
        if row.entry.ordinal:
            parts.append(self.source.position(row))
        return tuple(parts)

    def match_all(self):
        self.find_first()
        for at in self.carried:
            row = self.source.state.rows[at]
            twin = self.match(row)
            if twin is None:
                continue
            if twin.at() in self.partner:
                raise Refused(f"two rows of the source are one of "
                              f"'{row.table}'")
            self.partner[twin.at()] = row
            if self.other_owner(row, twin):
                raise Refused(f"a key of '{row.table}' is another owner's")

    def other_owner(self, row, twin):
        for column in row.entry.owned_by:
            mine = self.source.referred(row, column)
            its = self.target.referred(twin, column)
            if mine is not None and its is not None and \
                    self.match(mine) is not its:
                return True
        return False

    # what becomes of the rows of the bundle

    def decide(self, row):
        at = row.at()
        if at not in self.action:
            self.action[at] = "untouched"       # of a cycle of owners
            self.action[at] = self.choose(row)
        return self.action[at]

    def choose(self, row):
        twin = self.match(row)
        for owner in self.source.owners(row):
            if self.decide(owner) in ("untouched", "skipped", "absent"):
                return "untouched"
        if row.kept or (twin is not None and twin.kept):
            return "untouched"
        if self.drops(row):
            self.dropped.add(row.at())
            return "absent" if twin is None else "untouched"
        if twin is None:
            if row.entry.on_new == "fail" and not row.entry.multiset:
                raise Refused(f"'{row.table}' has a new row")
            return {"create": "new", "skip": "absent",
                    "fail": "new"}[row.entry.on_new]
        return {"overwrite": "over", "skip": "skipped",
                "fail": "same"}[row.entry.on_match]

    def drops(self, row):
        """It refers by `drop` to what is not here, and does not come."""
        for _, reference, other in self.source.all_references(row):
            if reference.on_dangling != "drop":
                continue
            if other.at() in self.carried and self.match(other) is None and \
                    not other.entry.multiset:
                if self.decide(other) != "new":
                    return True
            elif self.match(other) is None and not other.entry.multiset:
                return True
        return False

    def give_ids(self):
        taken = collections.defaultdict(set)
        for table, pk in self.target.state.rows:
            taken[table].add(pk)
        rows = [self.source.state.rows[at] for at in self.carried
                if self.action[at] == "new"]
        rows.sort(key=lambda row: (row.table, [sort_key(c) for c in row.pk]))
        for row in rows:
            table = self.source.state.schema[row.table]
            if table.pk and not self.source.is_id(row, table.pk[0]):
                continue        # the key is made of what the row says
            self.new[row.at()] = self.new_id(row, taken[row.table])
            taken[row.table].add(self.new[row.at()])

    def new_id(self, row, taken):
        policy = row.entry.ids or (
            "keep" if row.entry.key and "id" in row.entry.match else
            "new" if row.pk[0][0] == "int" else "keep_or_new")
        if policy != "new":
            if row.pk not in taken:
                return row.pk
            if policy == "keep":
                self.refuse_id(row)
        while True:
            self.last_id += 1
            pk = (("int", self.last_id),)
            if row.pk[0][0] != "int":
                pk = (("text", b"zz%d" % self.last_id),)
            if pk not in taken:
                return pk

    def refuse_id(self, row):
        holder = self.target.state.rows.get((row.table, row.pk))
        if holder is not None and self.goes(holder):
            raise Unclear("an id is taken by a row that goes")
        raise Refused(f"an id of '{row.table}' is taken")

    def id_at_target(self, row):
        """The id of a row of the source at the target, or None."""
        if row.at() in self.carried and self.action[row.at()] == "new":
            if row.at() in self.new:
                return self.new[row.at()][0]
            column = self.source.id_column(row.table)
            return self.translate(row, column)
        twin = self.match(row)
        if twin is None:
            return None
        return twin.cells[self.target.id_column(row.table)]

    # what they say there

    def translate(self, row, column):
        cell = row.cells[column]
        reference, _ = self.source.plain(row, column)
        if reference is not None:
            return self.translate_id(row, column, reference)
        spots = self.source.inside(row, column)
        if not spots:
            return cell
        texts = [self.translate_spot(row, column, spot) for spot in spots]
        out = self.source.spliced(cell, spots, texts)
        how = spots[0][-1].unpack
        return ("blob", packed(how, out)) if how else ("text", out)

    def translate_spot(self, row, column, spot):
        """The bytes that stand there at the target."""
        _, _, form, text, reference = spot
        other = self.source.look_text(reference.to, text)
        new = self.id_at_target(other) if other is not None else None
        if new is None:
            if reference.on_dangling != "keep":
                self.dangle(row, column, reference)
            if other is not None:
                raise Unclear("an id in a text, of a row that is not taken")
            return spell(form, text)
        if form == "integer" and as_int(id_text(new)) is None:
            raise Refused(f"an id in '{row.table}.{column}' is no integer")
        return spell(form, id_text(new))

    def translate_id(self, row, column, reference):
        other = self.source.find(reference.to, row.cells[column])
        new = self.id_at_target(other) if other is not None else None
        if new is not None:
            as_text = row.cells[column][0] == "text"
            return ("text", id_text(new).encode()) if as_text else new
        if reference.on_dangling == "keep":
            if other is not None and row.entry.multiset:
                raise Unclear("an id that is kept, of a row that is not taken")
            return row.cells[column]
        if reference.on_dangling == "clear":
            if column not in self.source.state.schema[row.table].not_null:
                return NULL
            if reference.none_list:
                return reference.none_list[0]
            raise Unclear("on_dangling: clear, and nothing to put there")
        return self.dangle(row, column, reference)

    @staticmethod
    def dangle(row, column, reference):
        if reference.on_dangling == "refuse":
            raise Refused(f"'{row.table}.{column}' refers to what is not "
                          "at the target")
        raise Unclear(f"on_dangling: {reference.on_dangling} at the target")

    def content(self, row):
        """column: cell at the target, without columns that only tell apart,
        or that name the file of a row which keeps its name."""
        fixed, named = self.names_of_file(row)
        return {column: named.get(column) or self.translate(row, column)
                for column in self.source.state.schema[row.table].columns
                if not self.source.is_id(row, column) and
                column not in self.profile.derived[row.table] | fixed}

    def names_of_file(self, row):
        if not self.files:
            return set(), {}
        return (self.files.fixed.get(row.at(), set()),
                self.files.cells.get(row.at(), {}))

    def same(self, row, column, cell, there):
        """What is packed is compared by what it holds."""
        if cell == there:
            return True
        spots = self.source.inside(row, column)
        how = spots[0][-1].unpack if spots else None
        if not how or there[0] != "blob":
            return False
        try:
            return unpacked(how, cell[1]) == unpacked(how, there[1])
        except Broken:
            return False

    # writing

    def write(self):
        for at in sorted(self.carried, key=repr):
            row = self.source.state.rows[at]
            if row.entry.multiset:
                continue
            action = self.action[at]
            if action == "new":
                self.insert(row)
            elif action in ("over", "same"):
                self.overwrite(row, action)

    def insert(self, row):
        table = self.source.state.schema[row.table]
        cells = self.content(row)
        pk = self.new.get(row.at())
        if pk is None:
            pk = tuple(cells[column] for column in table.pk)
        elif table.pk:
            cells[table.pk[0]] = pk[0]
        if (row.table, pk) in self.result.state.rows:
            raise Refused(f"'{row.table}' has that primary key already")
        fresh = Row(row.table, pk, cells)
        fresh.entry, fresh.fits = row.entry, row.fits
        for column in self.profile.derived[row.table]:
            cells[column] = table.default(column)
        self.result.state.rows[fresh.at()] = fresh
        self.result.brought.append(
            {"table": row.table, "source": row.pk, "target": pk})
        self.result.counts["insert"] += 1

    def overwrite(self, row, action):
        twin = self.match(row)
        mine = self.result.state.rows[twin.at()]
        cells = {column: cell for column, cell in self.content(row).items()
                 if column not in row.entry.keep_here}
        cells = {column: mine.cells[column]
                 if self.same(row, column, cell, mine.cells[column]) else cell
                 for column, cell in cells.items()}
        mine.fits = row.fits
        if all(mine.cells[column] == cell for column, cell in cells.items()):
            return
        if action == "same":
            raise Refused(f"a row of '{row.table}' differs")
        mine.cells.update(cells)
        table = self.target.state.schema[row.table]
        if any(column in cells for column in table.pk):
            pk = tuple(mine.cells[column] for column in table.pk)
            if pk != mine.pk:
                raise Unclear("a primary key that is no id changes")
        self.result.counts["update"] += 1

    def write_multisets(self):
        for entry in self.profile.entries:
            if entry.multiset:
                for table in entry.tables:
                    self.write_multiset(entry, table)

    def write_multiset(self, entry, table):
        free = collections.defaultdict(list)
        for row in self.target.state.of_table(table):
            if row.entry is entry and not row.skipped:
                free[self.bare(row)].append(row)
        for row in self.source.state.of_table(table):
            if row.entry is not entry or row.at() not in self.carried:
                continue
            if self.action[row.at()] not in ("new", "absent") or \
                    row.at() in self.dropped:
                continue
            try:
                equal = free[frozenset(self.content(row).items())]
            except Refused:
                # What refers to nothing here equals no row here either, and
                # where none is made nothing is left to refuse.
                if entry.on_new != "skip":
                    raise
                continue
            if equal:
                self.paired.add(equal.pop().at())
                continue
            if entry.on_new == "fail":
                raise Refused(f"'{table}' has a new row")
            if self.action[row.at()] == "new":
                self.insert(row)

    def bare(self, row):
        return frozenset((column, cell) for column, cell in row.cells.items()
                         if not self.target.is_id(row, column) and
                         column not in self.profile.derived[row.table])

    # what only the target has

    def find_gone(self):
        gone = {row.at() for row in self.target.state.rows.values()
                if self.goes(row)}
        grown = True
        while grown:
            grown = False
            for row in self.target.state.rows.values():
                if row.at() not in gone and any(
                        owner.at() in gone
                        for owner in self.target.owners(row)):
                    if row.at() in self.partner:
                        raise Unclear("a matched row of an owner that goes")
                    gone.add(row.at())
                    grown = True
        return gone

    def remove(self):
        self.gone = self.find_gone()
        for at in self.gone:
            del self.result.state.rows[at]
            self.result.counts["delete"] += 1

    def goes(self, row):
        if row.entry.skip or row.skipped or row.kept:
            return False
        if row.at() in self.partner or row.at() in self.paired:
            return False
        owners = self.target.owners(row)
        partners = [self.partner.get(owner.at()) for owner in owners]
        actions = [self.action[partner.at()] for partner in partners
                   if partner is not None]
        if any(action in ("untouched", "skipped") for action in actions):
            return False
        policy = row.entry.target_only
        if policy is None:
            policy = "delete" if "over" in actions else "brought"
        elif policy == "delete" and owners and len(actions) < len(owners):
            raise Unclear("target_only: delete below an owner that only the "
                          "target has")
        if policy == "brought":
            if row.at() in self.created and \
                    not self.target.state.schema[row.table].pk:
                raise Unclear("whether a row without a primary key is the "
                              "one that was brought")
            return row.at() in self.created
        return policy == "delete"

    # what follows from other rows

    def count_anew(self):
        """Where rows were written: places, then what `derive` sets."""
        if not self.result.counts:
            return
        for entry in self.profile.entries:
            for table in entry.tables:
                if entry.nested_set:
                    rows_derive.places(self.result.state, table,
                                       entry.nested_set)
        for table, column, count in self.profile.counts:
            rows_derive.count(self.result.state, table, column, count)

    # proof

    def prove(self):
        state = self.result.state
        side = Side(state, self.profile)
        for row in state.rows.values():
            self.prove_references(row)
        for table in state.schema.values():
            self.prove_foreign(state, table)
            for parts in table.uniques:
                self.prove_unique(state.of_table(table.name), parts)
        try:
            side.check_names()
        except Refused as why:
            # A row that is another record may have the name of one that came.
            if any(entry.key and entry.match != ["key"]
                   for entry in self.profile.entries):
                raise Unclear("two rows with one key") from why
            raise

    def prove_references(self, row):
        """What an unchanged column refers to has not gone."""
        before = self.target.state.rows.get(row.at())
        if before is None or row.skipped:
            return
        for column, reference, other in self.target.all_references(before):
            if other is not None and other.at() in self.gone and \
                    before.cells[column] == row.cells[column] and \
                    reference.on_dangling == "refuse":
                raise Refused(f"'{row.table}.{column}' refers to a row that "
                              "goes")

    @staticmethod
    def prove_foreign(state, table):
        for parts in table.foreign.values():
            to = state.schema[parts[0][1]]
            columns = [part[2] for part in parts]
            if columns[0] is None:
                columns = to.pk
            there = {tuple(row.cells[column] for column in columns)
                     for row in state.of_table(to.name)}
            for row in state.of_table(table.name):
                cells = tuple(row.cells[part[0]] for part in parts)
                if NULL not in cells and cells not in there:
                    raise Refused(f"a foreign key of '{table.name}'")

    @staticmethod
    def prove_unique(rows, parts):
        seen = set()
        for row in rows:
            cells = [row.cells[column] for column, _ in parts]
            if NULL in cells:
                continue
            key = tuple(
                (cell[0], cell[1].lower()) if collation == "NOCASE" and
                cell[0] == "text" else cell
                for cell, (_, collation) in zip(cells, parts))
            if key in seen:
                raise Refused(f"'{row.table}' is unique in {parts}")
            seen.add(key)

    def note_ids(self):
        side = Side(self.result.state, self.profile)
        made = {(one["table"], one["target"]) for one in self.result.brought}
        for row in self.result.state.rows.values():
            if not side.can_name(row) or side.name(row) is None:
                continue
            mine = (row.table, row.pk)
            if mine not in made or not is_made(row):
                self.result.ids[row.table, side.name(row)] = row.pk

    def note_brought(self, brought):
        alive = self.result.state.rows
        self.result.brought += [
            one for one in brought if (one["table"], one["target"]) in alive]

    def run(self, brought):
        self.select()
        self.source.left_out = set(self.source.state.rows) - self.carried
        self.source.check_names()
        self.target.check_names()
        self.match_all()
        for at in self.carried:
            self.decide(self.source.state.rows[at])
        self.give_ids()
        if self.files:
            # Rows of a multiset, which are not paired yet, own none.
            self.files.settle(self.find_gone())
            self.result.tree = self.files.after
            self.result.brought_files = self.files.after_brought
        self.write()
        self.write_multisets()
        self.remove()
        self.count_anew()
        self.prove()
        self.note_ids()
        self.note_brought(brought)


def is_made(row):
    """An id of the model's own, for which the target may have another."""
    return any((kind == "int" and value >= NEW_INT) or
               (kind == "text" and value.startswith(b"zz"))
               for kind, value in row.pk)


def import_rows(source, target, profile, brought=(), files=None):
    """The Result of importing all of `source` into `target`; `files` is the
    tree of either, and the paths that imports brought."""
    work = Import(source, target, profile, brought, files)
    try:
        work.run(brought)
    except Refused as why:
        work.result = Result(target, profile)
        work.result.refused = str(why)
        work.result.brought = list(brought)
        if files:
            work.result.tree, work.result.brought_files = files[1:]
    return work.result


def main():
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__.split("\n\n")[1])
    with open(sys.argv[3], encoding="utf-8") as file:
        profile = Profile(json.load(file))
    source, target = (load(path, profile) for path in sys.argv[1:3])
    result = import_rows(source, target, profile)
    if result.refused:
        print("refused:", result.refused)
    if len(sys.argv) == 5:
        lines = result.differences(load(sys.argv[4], profile))
    else:
        lines = sorted(show(row) for row in result.view().elements())
    print(*lines, sep="\n")
    return 1 if len(sys.argv) == 5 and lines else 0


if __name__ == "__main__":
    sys.exit(main())
