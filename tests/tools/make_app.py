#!/usr/bin/env python3
"""Pairs of sites of a made application, such as real ones are.

    make_app.py DIR SEED

DIR must be absent or empty.  It gets what make_rows.py makes for --random: the
databases of a source, the same a while later, another source and a target,
and a profile.  What a seed decides is which parts there are, of what type ids
are, what is the same on both sides, and the policies.

The parts: two tenants in one database, each with the same names; people and
groups in one table, who refer to each other; sections as nested sets; pages
with ids in HTML, JSON, what PHP serialised, YAML, and packed text; attributes with a
value that is what another row says (entity, attribute, value); remarks about
rows of any kind; settings that are references by their name; counters;
attachments on disk, in trees beside the databases.
"""
import argparse
import json
import os
import sqlite3
import sys
from pathlib import Path

import make_rows
from make_rows import EASY, NOWHERE, Maker
from rows_files import Line
from rows_inside import packed
from rows_state import cell_of, word_cell

KINDS = {"Page": "page", "Section": "section", "Person": "principal"}
CONTENTS = ["one", "two", "three"]
FOLDERS = [None, "", "a", "a/b", "c"]
NAMES = ["x.txt", "y.tar.gz", ".z", "w"]
LOOSE = ["x.txt", "x-2.txt", "a/x.txt", "a/x-2.txt", "c/w", "up/x.txt",
         "loose"]
MADE = 1_700_000_000    # when all files were made


def php(value):
    """As PHP's serialize() writes it."""
    if value is None:
        return "N;"
    if isinstance(value, bool):
        return f"b:{int(value)};"
    if isinstance(value, int):
        return f"i:{value};"
    if isinstance(value, float):
        return f"d:{value!r};"
    if isinstance(value, str):
        return f's:{len(value.encode())}:"{value}";'
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    inside = "".join(php(key) + php(one) for key, one in pairs)
    return f"a:{len(value)}:{{{inside}}}"


class Said:
    """A value that is made of lists of ids, of those rows that are there."""

    def __init__(self, make, *used):
        self.make = make
        self.used = used

    def of(self, ids, there):
        return self.make(*([ids[record] for record in records
                            if record in there] for records in self.used))


class Site(make_rows.Database):
    """One side; rows say more things otherwise, and counters are right."""

    def alter(self, share):
        super().alter(share)
        for record in self.chosen:
            for name, others in getattr(record, "others", {}).items():
                if others and self.random.random() < share:
                    self.said.setdefault(record, {})[name] = \
                        self.random.choice(others)

            if len(record.contents) > 1 and self.random.random() < share:
                self.contents[record] = self.random.choice(record.contents)

    def later(self, share):
        other = super().later(share)
        other.contents = dict(self.contents)
        return other

    def value(self, record, column):
        value = self.said.get(record, {}).get(
            column.name, record.values.get(column.name))
        if isinstance(value, Said):
            return value.of(self.ids, self.there)
        return super().value(record, column)

    def write(self, path):
        super().write(path)
        lines = [Line(words, 0) for words in self.world.references
                 if "file" in words]
        if lines:
            self.write_tree(path.with_suffix(".files"), lines)
        # Counters that are wrong are put right by whoever writes rows.
        if self.random.random() < 0.85:
            db = sqlite3.connect(path)
            for table in self.world.tables.values():
                for entry in table.words.get("entries", [table.words]):
                    if "derive" in entry:
                        db.execute(entry["derive"])
                    if "nested_set" in entry:
                        number_tree(db, table.name)
            db.commit()
            db.close()


    def write_tree(self, root, lines):
        """The files of rows, of which several may share one, and others."""
        files = {}
        for line in lines:
            for record in self.chosen:
                if record.table.name == line.table and record.contents:
                    path = line.path({
                        column.name: word_cell(self.value(record, column))
                        for column in record.table.columns
                        if column.name in line.columns})
                    if path is not None:
                        files.setdefault(path, self.contents.get(
                            record, record.contents[0]))
        for path in LOOSE:
            if self.random.random() < 0.2:
                files.setdefault(path, self.random.choice(CONTENTS))
        root.mkdir()
        for path, content in files.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        for file in [root, *root.rglob("*")]:
            os.utime(file, (MADE, MADE))


def number_tree(db, table):
    rows = db.execute(f"select id, parent_id, tenant_id from {table} "
                      "order by name").fetchall()
    last = {}

    def walk(parent, tenant):
        for number, above, of in rows:
            if above == parent and of == tenant:
                left = last[tenant] = last.get(tenant, 0) + 1
                walk(number, tenant)
                last[tenant] += 1
                db.execute(f"update {table} set lft = ?, rgt = ? where "
                           "id = ?", (left, last[tenant], number))

    for tenant in sorted({row[2] for row in rows}, key=str):
        walk(None, tenant)


class App(Maker):
    def __init__(self, seed):
        super().__init__(seed)
        self.counts = []
        self.tables = self.world.tables
        self.left_out = self.chance(0.15)   # one tenant does not travel
        self.tenants = []
        self.tree = {}      # words about the files
        self.whole = True

    def policy(self, owned=False, text=False):
        """As elsewhere; but most sites are to be taken."""
        words = super().policy(owned, text)
        for word in ("on_match", "on_new", "ids"):
            if words.get(word) in ("fail", "keep") and self.chance(0.8):
                del words[word]
        return words

    def table(self, name, words, **more):
        kind = self.kind()
        # An id that is kept where its row is gone must not be given anew.
        if kind == "int" and name in KINDS.values():
            kind = "auto"
        if "nested_set" in words:
            kind = "auto"
        table = self.world.add_table(name, kind, dict(words))
        table.words.update(self.policy(text=table.kind == "text", **more))
        return table

    def tenant_table(self, name, words):
        """A table whose rows belong to one of the tenants."""
        table = self.table(name, words)
        self.reference(table, "tenant_id", self.tables["tenant"], "NOT NULL")
        if self.left_out:
            table.words["skip"] = ("tenant_id = (select id from tenant where "
                                   "name = 'south')")
        return table

    def refer(self, column, to, **words):
        self.world.refer(dict({"from": column, "to": to}, **words))

    def of(self, table, record):
        """Those of one tenant, as the tenant of a record."""
        tenant = record if record in self.tenants else \
            record.values["tenant_id"]
        return [one for one in self.tables[table].records
                if one.values["tenant_id"] is tenant]

    def some(self, table, record, most=3):
        mine = self.of(table, record)
        return self.random.sample(
            mine, self.random.randrange(min(most, len(mine)) + 1))

    def use(self, record, name, *choices):
        """The first is what it says; sides may say one of the others."""
        record.values[name] = choices[0]
        if not hasattr(record, "others"):
            record.others = {}
        record.others[name] = list(choices)

    def word(self, table):
        """The pattern of an id."""
        return {"text": r"[a-z]{2}\d+"}.get(self.tables[table].kind, r"\d+")

    # tenants and people

    def make_tenants(self):
        table = self.world.add_table("tenant", self.kind(), {"key": ["name"]})
        self.world.add_column(table, "name", "text NOT NULL UNIQUE")
        table.common = True
        if self.left_out:
            table.words["skip"] = "name = 'south'"
        self.tenants = [self.world.add(table, {"name": name})
                        for name in ("north", "south")]

    def make_people(self):
        table = self.tenant_table("principal", {})
        words = dict(table.words)
        for name in ("type", "login", "name"):
            self.world.add_column(table, name, "text")
        self.world.add_column(table, "pages", "int NOT NULL DEFAULT 7")
        self.plain_columns(table)
        self.world.add_column(table, "boss_id", "text" if table.kind == "text"
                              else "int", to="principal", none=None)
        self.refer("principal.boss_id", "principal",
                   on_dangling=self.random.choice(["clear", "keep"]))
        words.pop("keep_here", None)
        entries = [{"where": "type = 'User'", "key": ["tenant_id", "login"]},
                   {"where": "type in ('Group', 'Team')",
                    "key": ["tenant_id", "type", "name"]},
                   {"key": ["tenant_id", "type", "name"]}]
        if self.chance(0.8):
            entries[1]["derived"] = ["pages"]
            entries[1]["derive"] = (
                "update principal set pages = (select count(*) from page "
                "where author_id = principal.id)")
            self.counts.append(["principal", "pages",
                                {"of": "page.author_id"}])
        table.words["entries"] = [
            dict(words, **entry) for entry in entries]
        for entry in table.words["entries"]:
            entry.update(self.policy(text=table.kind == "text"))
        for tenant in self.tenants:
            for n in range(self.random.randrange(2, 6)):
                for kind in ("User", "Group", "Team", "Robot"):
                    if self.chance(0.6):
                        self.world.add(table, dict(
                            self.plain_values(table), type=kind, pages=0,
                            tenant_id=tenant, login=f"u{n}",
                            name=f"{kind[0]}{n}"))
        for record in table.records:
            others = self.of("principal", record)
            if self.chance(0.5):
                record.values["boss_id"] = self.random.choice(others)

    # sections and pages

    def make_sections(self):
        table = self.tenant_table("section", {
            "key": ["tenant_id", "parent_id", "name"], "nested_set": {
                "parent": "parent_id", "left": "lft", "right": "rgt",
                "order": ["name"], "scope": "tenant_id"}})
        by_code = self.chance(0.3)
        self.world.add_column(table, "parent_id", "int", to="section",
                              foreign=True)
        self.world.add_column(table, "name", "text NOT NULL")
        if by_code:
            # Then the same rows may stand one below the other on one side,
            # and the other way round on the other.
            table.words["key"] = ["tenant_id", "code"]
            self.world.add_column(table, "code", "text")
        for name in ("lft", "rgt"):
            self.world.add_column(table, name, "int NOT NULL")
        self.plain_columns(table)
        for tenant in self.tenants:
            for n in range(self.random.randrange(2, 9)):
                self.add_section(table, tenant, n, by_code)

    def add_section(self, table, tenant, n, by_code):
        parent = self.maybe(self.of("section", tenant))
        values = dict(self.plain_values(table), tenant_id=tenant,
                      parent_id=parent, name=f"s{n}", lft=0, rgt=0)
        if by_code:
            values["code"] = f"c{n}"
        record = self.world.add(table, values, [parent] if parent else [])
        if by_code and self.chance(0.3):
            other = self.random.choice(self.of("section", tenant))
            if other is not record:
                record.others = {"parent_id": [other]}

    def make_pages(self):
        table = self.tenant_table("page", {"key": ["tenant_id", "slug"],
                                           "rename": "slug"})
        self.world.add_column(table, "slug", "text NOT NULL")
        for name, to in (("section_id", "section"), ("author_id", "principal"),
                         ("see_id", "page")):
            self.reference(table, name, self.tables[to])
        self.world.add_column(table, "remarks", "int")
        if self.chance(0.8):
            table.words["derived"] = ["remarks"]
            table.words["derive"] = (
                "update page set remarks = (select count(*) from remark where"
                " on_type = 'Page' and on_id = page.id)")
            self.counts.append(["page", "remarks", {
                "of": "remark.on_id", "where": {"on_type": "Page"}}])
        self.plain_columns(table)
        for tenant in self.tenants:
            for n in range(self.random.randrange(3, 8)):
                self.world.add(table, dict(
                    self.plain_values(table), tenant_id=tenant, remarks=0,
                    slug=f"p{n}",
                    section_id=self.maybe(self.of("section", tenant)),
                    author_id=self.maybe(self.of("principal", tenant)),
                    see_id=self.maybe(self.of("page", tenant))))
        for share, part in ((0.7, self.html), (0.7, self.json),
                            (0.7, self.php), (0.5, self.pack),
                            (0.6, self.yaml)):
            if self.chance(share):
                part(table)

    # ids inside values

    def html(self, table):
        self.world.add_column(table, "body", "text")
        self.refer("page.body", "page", on_dangling="keep",
                   pattern=f'href="/page/({self.word("page")})"')
        self.refer("page.body", "principal",
                   pattern=f'data-user="({self.word("principal")})"')
        for record in table.records:
            self.use(record, "body", self.html_of(record),
                     self.html_of(record))

    def html_of(self, record):
        pages = self.some("page", record)
        people = self.some("principal", record)
        nowhere = self.chance(0.1) and self.tables["page"].kind != "text"

        def make(pages, people):
            text = "".join(f'<a href="/page/{one}">é</a>' for one in pages)
            text += "".join(f'<b data-user="{one}">12</b>'
                            for one in people)
            if nowhere:
                text += f'<a href="/page/{NOWHERE}"></a>'
            return f"<p>{text}</p>"
        return Said(make, pages, people)

    def json(self, table):
        self.world.add_column(table, "data", "text")
        self.refer("page.data", "principal", json="$.by",
                   on_dangling=self.random.choice(["refuse", "keep"]))
        self.refer("page.data", "page", json="$.see[*].id")
        self.refer("page.data", "section", json="$.labels.*~")
        indent = self.random.choice([None, 1])
        for record in table.records:
            self.use(record, "data", self.json_of(record, indent),
                     self.json_of(record, None), None)

    def json_of(self, record, indent):
        by = self.some("principal", record, 1)
        pages = self.some("page", record)
        sections = self.some("section", record)
        as_text = self.chance(0.5)

        def make(by, pages, sections):
            return json.dumps({
                "by": (str(by[0]) if as_text else by[0]) if by else None,
                "see": [{"id": one, "n": 12} for one in pages],
                "labels": {str(one): "12" for one in sections}},
                indent=indent, ensure_ascii=False)
        return Said(make, by, pages, sections)

    def php(self, table):
        self.world.add_column(table, "meta", "text")
        self.refer("page.meta", "principal", php="$.users[*]",
                   on_dangling="keep")
        self.refer("page.meta", "section", php="$.map.*~")
        for path in ("$.html", "$.inner"):
            self.refer("page.meta", "page", php=path,
                       pattern=f'href="/page/({self.word("page")})"')
        self.refer("page.meta", "page", php="$.list", split=",")
        for record in table.records:
            self.use(record, "meta", self.php_of(record),
                     self.php_of(record))

    def php_of(self, record):
        people = self.some("principal", record)
        sections = self.some("section", record, 2)
        pages = self.some("page", record)
        style = self.random.random() < 0.5

        def make(people, sections, pages):
            links = "ä".join(f'<a href="/page/{one}">' for one in pages)
            return php({
                "users": [str(one) if style else one for one in people],
                "map": {one: "x" * 12 for one in sections},
                "html": links,
                "inner": php([True, {"deep": php({"html": links}), "n": 12}]),
                "list": ", ".join(map(str, pages)), "none": [None, 0.5]})
        return Said(make, people, sections, pages)

    def yaml(self, table):
        self.world.add_column(table, "query", "text")
        self.refer("page.query", "principal", yaml="$.by",
                   on_dangling="keep")
        self.refer("page.query", "page", yaml="$.see[*]")
        self.refer("page.query", "section", yaml="$.labels.*~")
        self.refer("page.query", "section", yaml="$.filters.*~",
                   pattern=f'^cf_({self.word("section")})$')
        self.refer("page.query", "page", yaml="$.text", split=",")
        for record in table.records:
            self.use(record, "query", self.yaml_of(record),
                     self.yaml_of(record), None)

    def yaml_of(self, record):
        quote = self.random.choice(["", "", "'", '"'])
        flow = self.chance(0.4)

        def make(by, pages, sections):
            lines = ["# ids: 12", f"by: {by[0]}" if by else "by:"]
            see = [f"{quote}{one}{quote}" for one in pages]
            lines += [f"see: [{', '.join(see)}]"] if flow else \
                ["see:", *(f"  - {one}" for one in see)]
            for name, before in (("labels", ""), ("filters", "cf_")):
                keys = [f"{quote}{before}{one}{quote}: 12"
                        for one in sections]
                lines += [f"{name}: {{{', '.join(keys)}}}"] if flow else \
                    [f"{name}:", *(f"  {one}" for one in keys)]
            text = ", ".join(map(str, pages))
            lines.append(f'text: "{text}"')
            return "\n".join(lines) + "\n"
        return Said(make, self.some("principal", record, 1),
                    self.some("page", record),
                    self.some("section", record, 2))

    def pack(self, table):
        self.world.add_column(table, "packed", "blob")
        how = self.random.choice(["gzip", "zlib", "deflate"])
        self.refer("page.packed", "page", unpack=how, on_dangling="keep",
                   pattern=f'href="/page/({self.word("page")})"')
        for record in table.records:
            self.use(record, "packed", self.packed_of(record, how),
                     self.packed_of(record, how), None)

    def packed_of(self, record, how):
        def make(pages):
            text = "".join(f'<a href="/page/{one}">' for one in pages)
            return packed(how, text.encode() + b" packed" * 20)
        return Said(make, self.some("page", record))

    # values that other rows explain

    def make_attributes(self):
        table = self.tenant_table("attribute", {"key": ["tenant_id", "name"]})
        for name in ("name", "kind"):
            self.world.add_column(table, name, "text NOT NULL")
        values = self.table("attr_value", {
            "key": ["page_id", "attribute_id"], "owned_by": "page_id"},
            owned=True)
        self.reference(values, "page_id", self.tables["page"], "NOT NULL")
        self.reference(values, "attribute_id", table, "NOT NULL")
        self.world.add_column(values, "value", "text")
        self.world.refer({"from": "attr_value.value", "to_by": {
            "column": "attribute_id.kind", "values": "kinds",
            "else": "plain"}, "none": [0],
            "on_dangling": self.random.choice(["refuse", "keep", "clear"])})
        for tenant in self.tenants:
            for kind in (*KINDS, "Text"):
                self.world.add(table, {"tenant_id": tenant, "kind": kind,
                                       "name": f"a {kind}"})
        for page in self.tables["page"].records:
            for attribute in self.of("attribute", page):
                if self.chance(0.4):
                    self.add_value(values, page, attribute)

    def add_value(self, table, page, attribute):
        kind = attribute.values["kind"]
        value = "12"
        if kind in KINDS:
            value = self.maybe(self.of(KINDS[kind], page), 0.9) or "0"
        record = self.world.add(table, {
            "page_id": page, "attribute_id": attribute, "value": value})
        if not isinstance(value, str):
            record.needs.append(value)

    def make_remarks(self):
        shape = self.random.choice(["ordinal", "keyed", "multiset"])
        words = {"owned_by": "on_id"}
        if shape == "ordinal":
            words["ordinal"] = ["made", "id"]
        if shape == "keyed":
            words["key"] = ["on_type", "on_id", "made"]
        table = self.table("remark", words, owned=True)
        if shape != "keyed":
            for word in ("match", "on_match", "ids", "target_only"):
                table.words.pop(word, None)
        self.world.add_column(table, "on_type", "text NOT NULL")
        self.world.add_column(table, "on_id", "NOT NULL")
        self.world.refer({"from": "remark.on_id", "to_by": {
            "column": "on_type", "values": "kinds"}})
        self.reference(table, "author_id", self.tables["principal"])
        self.world.add_column(table, "made", "int NOT NULL")
        self.world.add_column(table, "text", "text")
        table.words.setdefault("change", {})["text"] = EASY[:4]
        if shape != "multiset" and self.chance(0.6):
            self.world.add_column(table, "reply_to", "text" if table.kind ==
                                  "text" else "int", to="remark")
            self.refer("remark.reply_to", "remark", none=[0],
                       on_dangling="clear")
        for kind, name in KINDS.items():
            for record in self.tables[name].records:
                self.add_remarks(table, kind, record, shape)

    def add_remarks(self, table, kind, record, shape):
        mine = []
        for n in range(self.random.randrange(4)):
            made = self.world.add(table, {
                "on_type": kind, "on_id": record, "made": 0 if shape ==
                "multiset" else n, "text": self.random.choice(EASY[:4]),
                "author_id": self.maybe(self.of("principal", record)),
                "reply_to": self.maybe(mine, 0.5)})
            mine.append(made)

    def make_settings(self):
        table = self.tenant_table("setting", {
            "key": ["tenant_id", "name"], "skip": False})
        if table.words["skip"] is False:
            del table.words["skip"]
        self.world.add_column(table, "name", "text NOT NULL")
        self.world.add_column(table, "value", "text")
        self.refer("setting.value", "page", where="name = 'front'", none=[0],
                   on_dangling="keep")
        self.refer("setting.value", "principal", where="name like 'boss%'")
        self.refer("setting.value", "page", where="name = 'sticky'",
                   php="$[*]", on_dangling="keep")
        self.refer("setting.value", "section", where="name = 'order'",
                   split="|")
        for tenant in self.tenants:
            self.add_settings(table, tenant)

    def add_settings(self, table, tenant):
        def add(name, *choices):
            record = self.world.add(table, {"tenant_id": tenant,
                                            "name": name})
            self.use(record, "value", *choices)

        def texts(of, how, most=3):
            return [Said(how, self.some(of, tenant, most))
                    for _ in range(2)]

        def first(ids):
            return str(ids[0]) if ids else None

        add("front", *texts("page", lambda ids: first(ids) or "0", 1))
        add("boss of all", *texts("principal", first, 1))
        add("sticky", *texts("page", php))
        add("order", *texts("section", lambda ids: "|".join(map(str, ids))))
        add("width", "12", "13")

    # files

    def make_attachments(self):
        """Rows with files of their own, or of which several share one."""
        self.whole = self.chance(0.6)   # no file is missing
        if self.chance(0.6):
            table = self.table("attachment", {
                "key": ["page_id", "title"], "owned_by": "page_id"},
                owned=True)
            self.reference(table, "page_id", self.tables["page"], "NOT NULL")
            owners = self.tables["page"].records
        else:
            table = self.tenant_table("attachment",
                                      {"key": ["tenant_id", "title"]})
            owners = self.tenants
        table.words.pop("keep_here", None)
        for name in ("title", "kind"):
            self.world.add_column(table, name, "text NOT NULL")
        for name in ("dir", "name", "ext"):
            self.world.add_column(table, name, "text")
        line = self.add_file_line("attachment", self.random.choice([
            "{dir}/{name}", "{dir}/{name}", "up/{dir}/{name}", "{name}",
            "{dir}/{name}.{ext}"]))
        if self.chance(0.2):
            line["where"] = "kind = 'file'"
            table.words.setdefault("change", {})["kind"] = ["file", "link"]
        for owner in owners:
            for n in range(self.random.randrange(4)):
                self.add_attachment(table, owner, n)

    def add_file_line(self, table, file):
        line = {"from": table, "file": file, "in": "files"}
        if self.chance(0.7):
            line["collide"] = "rename"
        if not self.whole or self.chance(0.5):
            line["missing"] = "allow"
        self.world.refer(line)
        return line

    def add_attachment(self, table, owner, n):
        of = "page_id" if owner.table.name == "page" else "tenant_id"
        record = self.world.add(table, {
            of: owner, "title": f"t{n}", "kind": "file",
            "ext": self.random.choice([None, "txt", "png"])})
        # Without a name a folder would be the file.
        folders = FOLDERS
        names = [self.random.choice(NAMES) for _ in range(2)]
        if self.chance(0.15):
            folders, names = FOLDERS[:2], [None]
            record.values["ext"] = None
        self.use(record, "name", *names)
        self.use(record, "dir", *self.random.sample(folders, 2))
        if self.whole or self.chance(0.8):
            record.contents = self.random.sample(CONTENTS, 2)

    def make_images(self):
        """Another table of the same files."""
        table = self.tables["page"]
        self.world.add_column(table, "image", "text")
        self.add_file_line("page", "{image}")
        for record in table.records:
            if self.chance(0.5):
                self.use(record, "image", *self.random.sample(LOOSE[:6], 2))
                record.contents = self.random.sample(CONTENTS, 2)

    def make(self):
        if self.chance(0.3):
            self.world.none = [0]
        self.make_tenants()
        self.make_people()
        self.make_sections()
        self.make_pages()
        for share, part in ((0.7, self.make_attributes),
                            (0.8, self.make_remarks),
                            (0.7, self.make_settings)):
            if self.chance(share):
                part()
        if "remark" not in self.tables:
            self.forget("remark")
        if self.chance(0.6):
            self.make_attachments()
            if self.chance(0.3):
                self.make_images()
            if self.chance(0.3):
                self.tree = {"target_only": self.random.choice(
                    ["keep", "delete"])}
        return self.world

    def forget(self, table):
        """What would count rows of a table that is not there."""
        self.counts = [one for one in self.counts
                       if not one[2]["of"].startswith(table)]
        for word in ("derive", "derived"):
            self.tables["page"].words.pop(word, None)


def write_profile(folder, app):
    profile = app.world.profile()
    resource = profile["resources"][0]
    resource["tables"] = [make_rows.clean(one) for one in resource["tables"]]
    for word in ("none", "references", "keep_here"):
        if not resource[word]:
            del resource[word]
    profile["types"] = {"kinds": KINDS}
    tree = dict({"resource": "files"}, **app.tree)
    if app.tree:
        profile["resources"].append(tree)
    (folder / "profile.yaml").write_text(
        "application: made\ntypes: " + json.dumps(profile["types"]) +
        f"\nresources:\n  - resource: {resource['resource']}\n" + "".join(
            f"    {word}:\n" + "".join(
                "      - " + json.dumps(one, ensure_ascii=False) + "\n"
                for one in resource[word])
            for word in ("none", "tables", "references", "keep_here")
            if word in resource) +
        (f"  - {json.dumps(tree)}\n" if app.tree else ""))
    profile["counts"] = app.counts
    (folder / "profile.json").write_text(json.dumps(profile, indent=1))


def make_app(folder, seed):
    folder = Path(folder)
    app = App(seed)
    make_rows.write_all(folder, app.make(), seed, Site)
    write_profile(folder, app)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("seed", type=int)
    args = parser.parse_args()
    make_app(args.folder, args.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
