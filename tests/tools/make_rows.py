#!/usr/bin/env python3
"""Pairs of databases whose rows have the same names and other ids.

    make_rows.py DIR --random SEED
    make_rows.py DIR --octopus SEED --rows N

DIR must be absent or empty.  It gets

    source.db     the source
    later.db      the same a while later: rows came, went, were renamed
    other.db      another source, with ids of its own
    target.db     what is there: some of it the same, some not, other ids
    profile.yaml  what the rows mean, and a policy
    profile.json  the same, for rows_model.py

One seed gives the same rows on every machine.  There is one world of records
that know each other by object and not by id; each database takes some of
them, says some things otherwise, and numbers them in its own order.

--octopus is a model like that of a deployment server: lifecycles, projects,
channels, steps, variables, environments, folders, teams.  --random makes a
schema too: ids of several types, trees, cycles, composite keys, tables
WITHOUT ROWID, owned rows with a place and without, references without foreign
keys, in JSON and in text.
"""
import argparse
import json
import random
import sqlite3
import sys
from pathlib import Path

SIDES = ("source", "later", "other", "target")
NOWHERE = 10 ** 9       # an id that no row has, nor will have


class Text(bytes):
    """A TEXT cell that need not be UTF-8."""


# What a column may hold; as a whole, so that a chooser can be given a list.
HARD = [None, 0, 1, -1, 10 ** 15, 2 ** 63 - 1, -2 ** 63, 1.0, 0.1, 1e308,
        5e-324, float("inf"), "", "plain", "ä€😀", "a'b\"c\\d", "line\nfeed",
        "1", "1.0", Text(b"nul\0inside"), Text(b"\xff\xfe"), b"", b"\0\xff",
        "x" * 5000, b"y" * 5000]
WAYS = [["id"], ["id", "key"], ["key", "id"], ["key", "brought"],
        ["brought", "id"], ["id", "brought"], ["brought", "id", "key"],
        ["brought", "key", "id"]]
EASY = ["red", "green", "blue", "ä", "", None, 1, 2.5]


class Column:
    def __init__(self, name, decl, to=None, none=None, foreign=False,
                 cascade=False):
        self.name = name
        self.decl = decl
        self.to = to            # the table it refers to
        self.none = none        # what stands for no row; NULL is None
        self.foreign = foreign  # the schema says so, too
        self.cascade = cascade


class Table:
    """A table, the words about it, and its records."""

    def __init__(self, name, kind, words):
        self.name = name
        self.kind = kind        # of its id: int, auto, text, uuid, or None
        self.common = False     # every database has all of its records
        self.words = words
        self.columns = []
        self.pk = []            # where there is no id
        self.unique = []
        self.records = []

    def id_type(self):
        return {"int": "INTEGER PRIMARY KEY",
                "auto": "INTEGER PRIMARY KEY AUTOINCREMENT",
                "text": "TEXT PRIMARY KEY",
                "uuid": "TEXT NOT NULL PRIMARY KEY"}[self.kind]

    def ddl(self, tables):
        parts = [f"id {self.id_type()}"] if self.kind else []
        for column in self.columns:
            text = f"{column.name} {column.decl}"
            if column.foreign:
                text += f" REFERENCES {tables[column.to].name}"
                text += " ON DELETE CASCADE" if column.cascade else ""
            parts.append(text)
        if self.pk:
            parts.append("PRIMARY KEY (%s)" % ", ".join(self.pk))
        parts += ["UNIQUE (%s)" % ", ".join(key) for key in self.unique]
        tail = " WITHOUT ROWID" if self.pk else ""
        return "CREATE TABLE %s (%s)%s" % (self.name, ", ".join(parts), tail)


class Record:
    """A row that knows other rows by object.

    A value may be a Record, or a function that is called with a function
    Record -> id and makes a text of it."""

    def __init__(self, table, values, needs=()):
        self.table = table
        self.values = values
        self.needs = list(needs)    # without these it cannot be there
        self.uses = []              # the same, for what a text holds
        self.uuid = None            # the same in each database
        self.contents = []          # of its file; sides have one of them
        for column in table.columns:
            value = values.get(column.name)
            if isinstance(value, Record) and "NOT NULL" in column.decl:
                self.needs.append(value)


class World:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.tables = {}
        self.references = []
        self.keep_here = []
        self.none = []

    def add_table(self, name, kind, words):
        table = Table(name, kind, dict({"table": name}, **words))
        self.tables[name] = table
        return table

    def add_column(self, table, name, decl, **more):
        column = Column(name, decl, **more)
        table.columns.append(column)
        return column

    def refer(self, line):
        self.references.append(line)

    def add(self, table, values, needs=()):
        record = Record(table, values, needs)
        table.records.append(record)
        return record

    def profile(self):
        return {"application": "made", "resources": [{
            "resource": "db",
            "none": self.none,
            "tables": [entry for table in self.tables.values()
                       for entry in table.words.get("entries",
                                                    [table.words])],
            "references": self.references,
            "keep_here": self.keep_here}]}


class Database:
    """One side's choice of records, with ids of its own."""

    def __init__(self, world, seed, share):
        self.world = world
        self.random = random.Random(seed)
        self.ids = {}
        self.chosen = []
        self.said = {}          # record: values that are otherwise here
        self.contents = {}      # record: the content of its file, likewise
        self.gap = {name: self.random.randrange(1, 50)
                    for name in world.tables}
        self.take(share)

    def take(self, share):
        chosen = {record for table in self.world.tables.values()
                  for record in table.records
                  if table.common or self.random.random() < share}
        dropped = True
        while dropped:
            gone = {record for record in chosen
                    if not all(need in chosen
                               for need in record.needs + record.uses)}
            chosen -= gone
            dropped = bool(gone)
        self.chosen = [record for table in self.world.tables.values()
                       for record in table.records if record in chosen]

    def number(self):
        """Ids, in an order of its own; who has one keeps it."""
        for table in self.world.tables.values():
            mine = [r for r in self.chosen
                    if r.table is table and r not in self.ids]
            self.random.shuffle(mine)
            for record in mine:
                self.ids[record] = self.new_id(record)

    def new_id(self, record):
        kind = record.table.kind
        if kind is None:
            return None
        if kind == "uuid":
            return record.uuid
        self.gap[record.table.name] += self.random.choice([1, 1, 1, 2, 7])
        number = self.gap[record.table.name]
        if kind != "text":
            return number
        # Short, so that two sides have the same id for different things.
        return "%s%03d" % (record.table.name[:2], number)

    def alter(self, share):
        """Say something else in some rows."""
        for record in self.chosen:
            for column in record.table.columns:
                change = record.table.words.get("change", {}).get(column.name)
                if change and self.random.random() < share:
                    self.said.setdefault(record, {})[column.name] = \
                        self.random.choice(change)

    def rename(self, share):
        """Call some by another name, which no other record has."""
        for record in self.chosen:
            name = record.table.words.get("rename")
            if name and self.random.random() < share:
                self.said.setdefault(record, {})[name] = \
                    str(record.values[name]) + " II"

    def later(self, share):
        """What this database is a while later."""
        other = type(self)(self.world, self.random.random(), 0)
        other.ids = dict(self.ids)
        other.gap = dict(self.gap)
        other.said = {record: dict(said)
                      for record, said in self.said.items()}
        other.take(share)
        return other

    def value(self, record, column):
        value = self.said.get(record, {}).get(
            column.name, record.values.get(column.name))
        if callable(value):
            return value(lambda other: self.ids[other])
        if isinstance(value, Record):
            return self.ids[value] if value in self.there else column.none
        if value is None and column.to and "NOT NULL" in column.decl:
            return column.none
        return value

    def write(self, path):
        self.there = set(self.chosen)
        self.number()
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("begin")
        for table in self.world.tables.values():
            db.execute(table.ddl(self.world.tables))
        order = list(self.chosen)
        self.random.shuffle(order)
        for record in order:
            self.insert(db, record)
        db.execute("commit")
        bad = db.execute("pragma foreign_key_check").fetchall()
        db.close()
        assert not bad, bad

    def insert(self, db, record):
        table = record.table
        names = [column.name for column in table.columns]
        values = [self.value(record, column) for column in table.columns]
        if table.kind:
            names.append("id")
            values.append(self.ids[record])
        holes = ["CAST(? AS TEXT)" if isinstance(value, Text) else "?"
                 for value in values]
        db.execute("INSERT INTO %s (%s) VALUES (%s)" % (
            table.name, ", ".join(names), ", ".join(holes)),
            [bytes(value) if isinstance(value, Text) else value
             for value in values])


# ------------------------------------------------------------------ octopus

def octopus(seed, rows):
    """About `rows` rows; a project has 65 of them."""
    world = World(seed)
    projects = max(1, rows // 65)
    make_octopus_tables(world)
    tables = world.tables
    pick = world.random
    lifecycles = [world.add(tables["lifecycle"],
                            {"name": f"lc{n}", "note": "as it is"})
                  for n in range(20)]
    envs = [world.add(tables["env"], {"name": f"env{n}"}) for n in range(50)]
    folders = [world.add(tables["folder"], {"name": "root"})]
    for n in range(60):
        folders.append(world.add(tables["folder"], {
            "name": f"d{n % 10}{'' if n < 10 else n // 10}",
            "parent_id": folders[0] if n < 10 else folders[1 + n % 10]}))
        folders[-1].needs.append(folders[-1].values["parent_id"])
    teams = [world.add(tables["team"], {"name": n}) for n in ("devs", "ops")]
    for n in range(12):
        user = world.add(tables["app_user"], {"login": f"user{n}"})
        for team in teams:
            world.add(tables["team_member"],
                      {"team_id": team, "user_id": user})
    for n in range(projects):
        add_project(world, n, pick.choice(lifecycles), pick.choice(folders),
                    envs)
    return world


def make_octopus_tables(world):
    note = ["as it is", "otherwise", None]
    for name, key, more in (
            ("lifecycle", "name", {"change": {"note": note}}),
            ("env", "name", {}), ("team", "name", {}),
            ("app_user", "login", {"ids": "new"})):
        table = world.add_table(name, "auto", dict({"key": [key]}, **more))
        world.add_column(table, key, "text NOT NULL UNIQUE")
        table.common = name in ("env", "team")
    world.add_column(world.tables["lifecycle"], "note", "text")
    folder = world.add_table("folder", "int", {"key": ["parent_id", "name"]})
    world.add_column(folder, "parent_id", "int", to="folder", foreign=True)
    world.add_column(folder, "name", "text NOT NULL")
    folder.unique.append(["parent_id", "name"])
    folder.common = True
    project = world.add_table("project", "auto", {
        "key": ["name"], "change": {"descr": note}, "rename": "name",
        "match": ["brought", "key"]})
    world.add_column(project, "name", "text NOT NULL UNIQUE")
    for name, to, decl in (("folder_id", "folder", "int NOT NULL"),
                           ("lifecycle_id", "lifecycle", "int NOT NULL"),
                           ("default_channel_id", "channel", "int")):
        world.add_column(project, name, decl, to=to, foreign=True)
    world.add_column(project, "descr", "text")
    owned = {"owned_by": "project_id"}
    channel = world.add_table("channel", "int", dict(
        owned, key=["project_id", "name"]))
    step = world.add_table("step", "int", dict(
        owned, key=["project_id", "position"]))
    variable = world.add_table("variable", "int", dict(owned))
    for table in (channel, step, variable):
        world.add_column(table, "project_id", "int NOT NULL", to="project",
                         foreign=True, cascade=True)
    world.add_column(channel, "name", "text NOT NULL")
    channel.unique.append(["project_id", "name"])
    world.add_column(step, "position", "int NOT NULL")
    world.add_column(step, "body", "text NOT NULL")
    step.unique.append(["project_id", "position"])
    world.refer({"from": "step.body", "json": "$.envs[*]", "to": "env"})
    world.add_column(variable, "name", "text NOT NULL")
    world.add_column(variable, "env_id", "int", to="env", foreign=True)
    world.add_column(variable, "value", "text")
    variable.words["change"] = {"value": ["one", "two"]}
    member = world.add_table("team_member", None, {
        "key": ["team_id", "user_id"], "owned_by": "team_id",
        "target_only": "keep"})
    world.add_column(member, "team_id", "int NOT NULL", to="team",
                     foreign=True)
    world.add_column(member, "user_id", "int NOT NULL", to="app_user",
                     foreign=True)
    member.pk = ["team_id", "user_id"]


def add_project(world, n, lifecycle, folder, envs):
    tables = world.tables
    project = world.add(tables["project"], {
        "name": f"proj{n}", "folder_id": folder, "lifecycle_id": lifecycle,
        "descr": f"descr {n}"})
    for name in ("Default", "Beta"):
        channel = world.add(tables["channel"],
                            {"project_id": project, "name": name})
        if name == "Default":
            project.values["default_channel_id"] = channel
    for position in range(23):
        used = world.random.sample(envs, world.random.randrange(4))
        step = world.add(tables["step"], {
            "project_id": project, "position": position,
            "body": body_of(f"proj{n}-{position}", used)})
        step.uses += used
    for number in range(39):
        world.add(tables["variable"], {
            "project_id": project, "name": f"v{number // 2}",
            "env_id": world.random.choice(envs) if number % 2 else None,
            "value": f"val{number % 7}"})


def body_of(name, used):
    return lambda id_of: json.dumps(
        {"n": name, "envs": [id_of(env) for env in used]})


# ------------------------------------------------------------------- random

class Maker:
    """A random schema with its records and words."""

    def __init__(self, seed):
        self.world = World(seed)
        self.random = self.world.random
        self.gentle = self.random.random() < 0.6    # no policy but defaults
        self.brought = self.random.random() < 0.5
        self.ways = random.Random(f"{seed} ways").random() < 0.25
        self.roots = []

    def chance(self, share):
        return self.random.random() < share

    def policy(self, owned=False, text=False):
        """Words of policy; in half of all worlds none."""
        pick = self.random
        words = {}
        if self.brought:
            words["match"] = ["brought", "key"]
        if self.ways:
            words["match"] = pick.choice(WAYS)
        if self.gentle:
            return words
        words["on_match"] = pick.choices(
            ["overwrite", "skip", "fail"], [8, 2, 1])[0]
        words["on_new"] = pick.choices(
            ["create", "skip", "fail"], [16, 2, 1])[0]
        if self.chance(0.5):
            words["target_only"] = pick.choice(
                ["keep", "brought"] if owned else
                ["keep", "brought", "delete"])
        if self.chance(0.3):
            words["ids"] = pick.choice(["new", "keep_or_new"] if text
                                       else ["new", "keep"])
        if "id" in words.get("match", ()):
            words.pop("ids", None)
        return words

    def plain_columns(self, table):
        change = table.words.setdefault("change", {})
        for n in range(self.random.randrange(1, 4)):
            decl = self.random.choice(["text", "int", "", "real", "blob"])
            self.world.add_column(table, f"c{n}", decl)
            change[f"c{n}"] = HARD if self.chance(0.5) else EASY
        if not self.gentle and self.chance(0.2):
            table.words["keep_here"] = ["c0"]

    def plain_values(self, table):
        return {name: self.random.choice(choice)
                for name, choice in table.words.get("change", {}).items()}

    def kind(self):
        return self.random.choice(["int", "auto", "text"])

    def reference(self, table, name, to, decl=None, cascade=False):
        """A column that refers to `to`: by foreign key, or by word alone."""
        type_of = "text" if to.kind in ("text", "uuid") else "int"
        decl = type_of if decl is None else f"{type_of} {decl}"
        if self.chance(0.6):
            return self.world.add_column(table, name, decl, to=to.name,
                                         foreign=True, cascade=cascade)
        none = "" if type_of == "text" else 0
        column = self.world.add_column(table, name, decl, to=to.name,
                                       none=self.random.choice([None, none]))
        line = {"from": f"{table.name}.{name}", "to": to.name, "none": [none]}
        if "NOT NULL" not in decl and self.chance(0.3):
            line["on_dangling"] = self.random.choice(
                ["clear", "keep", "drop"])
        self.world.refer(line)
        return column

    def maybe(self, records, share=0.7):
        """One of them, or none."""
        if not records or not self.chance(share):
            return None
        return self.random.choice(records)

    def dangling(self, table, column):
        """Where the words allow it, sometimes an id of nothing."""
        for line in self.world.references:
            if line["from"] == f"{table.name}.{column.name}" and \
                    "on_dangling" in line and self.chance(0.15):
                return "nowhere" if "text" in column.decl else NOWHERE
        return None

    def root(self, number):
        table = self.world.add_table(
            f"root{number}", self.kind(), {"key": ["name"], "rename": "name"})
        table.words.update(self.policy(text=table.kind == "text"))
        nocase = " COLLATE NOCASE" if self.chance(0.3) else ""
        unique = " UNIQUE" if self.chance(0.7) else ""
        self.world.add_column(table, "name", f"text NOT NULL{nocase}{unique}")
        to = self.maybe(self.roots)
        column = self.reference(table, "up_id", to) if to else None
        self.plain_columns(table)
        for n in range(self.random.randrange(3, 12)):
            values = dict(self.plain_values(table), name=f"{table.name} n{n}")
            if column is not None:
                values["up_id"] = self.dangling(table, column) or \
                    self.maybe(to.records)
            self.world.add(table, values)
        self.roots.append(table)
        return table

    def tree(self):
        table = self.world.add_table(
            "tree", self.kind(), {"key": ["parent_id", "name"]})
        table.words.update(self.policy(text=table.kind == "text"))
        if "key" in table.words.get("match", [])[:-1]:
            table.words["match"] = ["brought", "key"]
        self.reference(table, "parent_id", table)
        self.world.references = [
            {k: v for k, v in line.items() if k != "on_dangling"}
            if line["from"] == "tree.parent_id" else line
            for line in self.world.references]
        self.world.add_column(table, "name", "text NOT NULL")
        self.plain_columns(table)
        for n in range(self.random.randrange(4, 15)):
            parent = self.maybe(table.records)
            self.world.add(table, dict(
                self.plain_values(table), parent_id=parent, name=f"t{n}"),
                [parent] if parent else [])

    def owned(self, owner, number):
        shape = self.random.choice(["keyed", "ordinal", "multiset", "rowid"])
        words = {"owned_by": "owner_id"}
        if shape == "keyed":
            words["key"] = ["owner_id", "name"]
        if shape == "ordinal":
            words["ordinal"] = ["place", "id"]
        table = self.world.add_table(
            f"{owner.name}_{shape}{number}",
            None if shape == "rowid" else self.kind(), words)
        policy = self.policy(owned=True, text=table.kind == "text")
        if shape != "keyed":
            for word in ("match", "on_match", "ids", "target_only"):
                policy.pop(word, None)
        words.update(policy)
        table.words.update(words)
        self.reference(table, "owner_id", owner, "NOT NULL",
                       cascade=self.chance(0.7))
        if shape in ("keyed", "ordinal"):
            self.world.add_column(
                table, "name" if shape == "keyed" else "place",
                "text NOT NULL" if shape == "keyed" else "int NOT NULL")
        self.fill_owned(table, owner, shape)

    def fill_owned(self, table, owner, shape):
        other = self.random.choice(self.roots)
        column = self.reference(table, "other_id", other)
        inside = self.inside(table) if self.chance(0.5) else None
        self.plain_columns(table)
        if shape in ("multiset", "rowid"):
            table.words.pop("keep_here", None)
            for name in table.words["change"]:
                table.words["change"][name] = EASY[:3]
        for record in owner.records:
            for n in range(self.random.randrange(5)):
                values = dict(self.plain_values(table), owner_id=record,
                              other_id=self.dangling(table, column) or
                              self.maybe(other.records))
                if shape == "keyed":
                    values["name"] = f"k{n}"
                if shape == "ordinal":
                    values["place"] = n
                made = self.world.add(table, values)
                if inside:
                    inside(made)
        if shape == "keyed" and self.chance(0.5):
            self.cycle(owner, table)

    def cycle(self, owner, table):
        """The owner refers to one of those it owns."""
        self.world.add_column(
            owner, f"first_{table.name}_id",
            "text" if table.kind == "text" else "int", to=table.name,
            foreign=True)
        for record in table.records:
            owner_record = record.values["owner_id"]
            if self.chance(0.5):
                owner_record.values[f"first_{table.name}_id"] = record

    def inside(self, table):
        """A column with ids in JSON or text; how to fill it."""
        to = self.random.choice(self.roots)
        shape = self.random.choice(["json", "deep", "text", "split"])
        line = {"from": f"{table.name}.said", "to": to.name}
        form = {"text": r"[a-z]{2}\d+", "uuid": "[0-9a-f-]{36}"}.get(
            to.kind, r"\d+")
        if shape == "json":
            line["json"] = "$.uses[*].id"
        elif shape == "deep":
            line["json"] = "$..ref"
        elif shape == "text":
            line["pattern"] = f"#({form})"
        else:
            line["pattern"] = 'ids="([^"]*)"'
            line["split"] = ","
        self.world.refer(line)
        self.world.add_column(table, "said", "text")

        def fill(record):
            used = self.random.sample(
                to.records, self.random.randrange(min(4, len(to.records))))
            record.uses += used
            record.values["said"] = said_of(
                shape, used, self.random.choice([None, 1]))
        return fill

    def pair(self):
        one, two = (self.random.choice(self.roots) for _ in range(2))
        table = self.world.add_table("pair", None, {
            "key": ["a_id", "b_id"], "owned_by": "a_id"})
        table.words.update(self.policy(owned=True))
        table.words.pop("ids", None)
        if "match" in table.words:
            table.words["match"] = ["brought", "key"]
        self.reference(table, "a_id", one, "NOT NULL")
        self.reference(table, "b_id", two, "NOT NULL")
        table.pk = ["a_id", "b_id"]
        self.plain_columns(table)
        for a in one.records:
            for b in two.records:
                if self.chance(0.15):
                    self.world.add(table, dict(self.plain_values(table),
                                               a_id=a, b_id=b))

    def setting(self):
        table = self.world.add_table("setting", None, {
            "key": ["word"], "skip": "word like 'cache.%'"})
        table.words.update(self.policy())
        table.words.pop("ids", None)
        if "match" in table.words:
            table.words["match"] = ["brought", "key"]
        self.world.add_column(table, "word", "text NOT NULL")
        table.pk = ["word"]
        self.plain_columns(table)
        if self.chance(0.5):
            self.world.keep_here.append(
                {"table": "setting", "where": "word in ('host', 'smtp')"})
        for word in ("host", "smtp", "title", "theme", "cache.a", "cache.b"):
            self.world.add(table, dict(self.plain_values(table), word=word))

    def person(self):
        """Two kinds of rows in one table."""
        table = self.world.add_table("person", self.kind(), {})
        text = table.kind == "text"
        user = {"table": "person", "where": "type = 'User'",
                "key": ["login"]}
        group = {"table": "person", "key": ["type", "name"]}
        user.update(self.policy(text=text))
        group.update(self.policy(text=text))
        for name in ("type", "login", "name"):
            self.world.add_column(table, name, "text")
        self.plain_columns(table)
        for entry in (user, group):
            if "keep_here" in table.words:
                entry["keep_here"] = table.words["keep_here"]
        table.words["entries"] = [user, group]
        for n in range(self.random.randrange(2, 8)):
            self.world.add(table, dict(self.plain_values(table), type="User",
                                       login=f"u{n}", name="same"))
            self.world.add(table, dict(self.plain_values(table), type="Group",
                                       login=None, name=f"g{n}"))
        self.roots.append(table)

    def globe(self):
        """Ids that are the same everywhere."""
        table = self.world.add_table("globe", "uuid", {"match": ["id"]})
        policy = self.policy(text=True)
        policy.pop("match", None)
        policy.pop("ids", None)
        table.words.update(policy)
        self.plain_columns(table)
        for n in range(self.random.randrange(2, 8)):
            record = self.world.add(table, self.plain_values(table))
            record.uuid = "%08x-0000-4000-8000-%012x" % (
                self.random.getrandbits(32), n)
        self.roots.append(table)

    def session(self):
        table = self.world.add_table("session", "int", {"skip": True})
        self.plain_columns(table)
        for _ in range(5):
            self.world.add(table, self.plain_values(table))

    def make(self):
        if self.chance(0.4):
            self.world.none = [0]
        for number in range(self.random.randrange(1, 4)):
            self.root(number)
        for share, part in ((0.4, self.person), (0.4, self.globe),
                            (0.5, self.tree), (0.5, self.setting),
                            (0.3, self.session)):
            if self.chance(share):
                part()
        for number in range(self.random.randrange(1, 4)):
            self.owned(self.random.choice(
                [t for t in self.roots if t.name.startswith("root")]), number)
        if self.chance(0.4):
            self.pair()
        return self.world


def said_of(shape, used, indent):
    def said(id_of):
        ids = [id_of(record) for record in used]
        if shape == "json":
            return json.dumps({"note": "ä", "uses": [
                {"id": one, "n": 1} for one in ids]}, indent=indent)
        if shape == "deep":
            return json.dumps([{"ref": one, "in": [{"id": 7}]}
                               for one in ids], indent=indent)
        if shape == "text":
            return "see " + ", ".join(f"#{one}" for one in ids) + " and 12"
        return '[gallery ids="%s"]' % ", ".join(map(str, ids))
    return said


# -------------------------------------------------------------------- files

def clean(entry):
    """The words of the profile alone."""
    return {word: value for word, value in entry.items()
            if word not in ("change", "rename", "entries")}


def write_profile(folder, profile):
    resource = profile["resources"][0]
    resource["tables"] = [clean(entry) for entry in resource["tables"]]
    for word in ("none", "references", "keep_here"):
        if not resource[word]:
            del resource[word]
    (folder / "profile.json").write_text(json.dumps(profile, indent=1))
    lines = [f"application: {profile['application']}", "resources:",
             f"  - resource: {resource['resource']}"]
    for word in ("none", "tables", "references", "keep_here"):
        if word in resource:
            lines.append(f"    {word}:")
            lines += ["      - " + json.dumps(one, ensure_ascii=False)
                      for one in resource[word]]
    (folder / "profile.yaml").write_text("\n".join(lines) + "\n")


def write_all(folder, world, seed, make=Database):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        sys.exit(f"'{folder}' is not empty")
    source = make(world, f"{seed} source", 0.8)
    source.alter(0.2)
    source.write(folder / "source.db")
    later = source.later(0.8)
    later.alter(0.1)
    later.rename(0.2)
    later.write(folder / "later.db")
    for name, share in (("other", 0.6), ("target", 0.8)):
        side = make(world, f"{seed} {name}", share)
        side.alter(0.2)
        side.write(folder / f"{name}.db")
    write_profile(folder, world.profile())


def make_random(folder, seed):
    write_all(folder, Maker(seed).make(), seed)


def make_octopus(folder, seed, rows):
    write_all(folder, octopus(seed, rows), seed)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("--random", type=int, metavar="SEED")
    parser.add_argument("--octopus", type=int, metavar="SEED")
    parser.add_argument("--rows", type=int, default=1000)
    args = parser.parse_args()
    if (args.random is None) == (args.octopus is None):
        parser.error("either --random or --octopus")
    if args.random is not None:
        make_random(args.folder, args.random)
    else:
        make_octopus(args.folder, args.octopus, args.rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
