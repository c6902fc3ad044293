"""A model like that of a deployment server, carried in both directions, and
from several sources into one target.

Every side has projects of its own and some that others have, too; the same
names have other ids on each.  100,000 rows a side with VALISE_TEST_ALL=1,
else a few thousand.
"""
import json
import os
import shutil
import sqlite3
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import Flow  # noqa: E402

ALL = os.environ.get("VALISE_TEST_ALL") == "1"
PROJECTS = 1500 if ALL else 60      # of a side; each has 66 rows

SCHEMA = """
create table lifecycle(id integer primary key, name text not null unique,
    note text);
create table folder(id integer primary key,
    parent_id integer references folder(id), name text not null,
    unique(parent_id, name));
create table env(id integer primary key, name text not null unique);
create table project(id integer primary key, name text not null unique,
    folder_id integer not null references folder(id),
    lifecycle_id integer not null references lifecycle(id),
    default_channel_id integer references channel(id), descr text);
create table channel(id integer primary key, project_id integer not null
    references project(id) on delete cascade, name text not null,
    unique(project_id, name));
create table step(id integer primary key, project_id integer not null
    references project(id) on delete cascade, position integer not null,
    body text not null, unique(project_id, position));
create table variable(id integer primary key, project_id integer not null
    references project(id) on delete cascade, name text not null,
    env_id integer references env(id), value text);
create index variable_project on variable(project_id);
create table team(id integer primary key, name text not null unique);
create table app_user(id integer primary key, login text not null unique);
create table team_member(team_id integer references team(id),
    user_id integer references app_user(id), primary key(team_id, user_id));
"""
PROFILE = """profile:
  resources:
    - resource: app
      tables:
        - {table: lifecycle, key: [name]}
        - {table: env, key: [name]}
        - {table: project, key: [name]}
        - {table: team, key: [name]}
        - {table: app_user, key: [login]}
        - {table: folder, key: [parent_id, name]}
        - {table: channel, owned_by: project_id, key: [project_id, name]}
        - {table: step, owned_by: project_id, key: [project_id, position]}
        - {table: variable, owned_by: project_id}
        - {table: team_member, key: [team_id, user_id]}
      references:
        - {from: step.body, json: "$.envs[*]", to: env}
"""
# What each table says, with names in the place of ids.
FOLDERS = """with recursive path(id, name) as (
    select id, name from folder where parent_id is null union all
    select f.id, path.name || '/' || f.name
    from folder f join path on path.id = f.parent_id) """
BY_NAME = {
    "lifecycle": "select name, note from lifecycle",
    "env": "select name from env",
    "folder": FOLDERS + "select name from path",
    "project": FOLDERS + """select p.name, path.name, l.name, c.name, d.name,
        p.descr from project p join path on path.id = p.folder_id
        join lifecycle l on l.id = p.lifecycle_id
        join channel c on c.id = p.default_channel_id
        join project d on d.id = c.project_id""",
    "channel": """select p.name, c.name from channel c
        join project p on p.id = c.project_id""",
    "step": """select p.name, s.position, json_extract(body, '$.n'),
        json_extract(body, '$.x'), (select group_concat(e.name) from
        json_each(body, '$.envs') j join env e on e.id = j.value)
        from step s join project p on p.id = s.project_id""",
    "variable": """select p.name, v.name, e.name, v.value from variable v
        join project p on p.id = v.project_id
        left join env e on e.id = v.env_id""",
    "team": "select name from team",
    "app_user": "select login from app_user",
    "team_member": """select t.name, u.login from team_member m
        join team t on t.id = m.team_id join app_user u on u.id = m.user_id""",
}
# By project, and so the target's own where it alone has the project.
OWNED = ("project", "channel", "step", "variable")


def fill(path, tag, offset, low, high):
    """Projects low..high; ids begin at `offset`, and `tag` is in a part of
    the values."""
    path.parent.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript("begin;" + SCHEMA)
    last = {}

    def add(table, **values):
        row = dict(values)
        if table != "team_member":
            row["id"] = last[table] = last.get(table, offset) + 1
        db.execute(f"insert into {table}({', '.join(row)}) values "
                   f"({', '.join('?' * len(row))})", list(row.values()))
        return row.get("id")

    cycles = [add("lifecycle", name=f"lc{n}", note=tag) for n in range(20)]
    root = add("folder", parent_id=None, name="root")
    below = [add("folder", parent_id=root, name=f"d{n}") for n in range(10)]
    leaves = [add("folder", parent_id=up, name=f"s{n}")
              for up in below for n in range(5)]
    # Not in the same order everywhere.
    order = sorted(range(50), key=lambda n: n * (7 + offset) % 53)
    envs = dict((n, add("env", name=f"env{n}")) for n in order)
    for n in range(low, high):
        add_project(db, add, n, tag, leaves[n % 50], cycles[n % 20], envs)
    teams = [add("team", name=name) for name in ("devs", "ops")]
    for login in ["admin"] + [f"{tag}{n}" for n in range(5)]:
        user = add("app_user", login=login)
        for team in teams:
            add("team_member", team_id=team, user_id=user)
    db.execute("commit")
    db.close()


def add_project(db, add, n, tag, folder, lifecycle, envs):
    project = add("project", name=f"proj{n}", folder_id=folder,
                  lifecycle_id=lifecycle,
                  descr=f"descr {n} {tag if n % 3 == 0 else ''}")
    channels = [add("channel", project_id=project, name=name)
                for name in ("Default", "Beta")]
    db.execute("update project set default_channel_id = ? where id = ?",
               (channels[0], project))
    for g in range(23):
        body = {"n": f"proj{n}-{g}", "x": tag if g % 4 == 0 else "",
                "envs": [envs[(n + g + i) % 50] for i in range(g % 3)]}
        add("step", project_id=project, position=g, body=json.dumps(body))
    for g in range(40):
        add("variable", project_id=project, name=f"v{g // 2}",
            env_id=envs[g % 50] if g % 2 == 0 else None,
            value=f"val{g}{tag if g % 5 == 0 else ''}")


def by_name(path):
    db = sqlite3.connect(path)
    found = {table: sorted(db.execute(sql).fetchall(), key=repr)
             for table, sql in BY_NAME.items()}
    db.close()
    return found


def ids(path):
    """Name to id, of what has a name of its own."""
    db = sqlite3.connect(path)
    found = {(table, name): number
             for table, column in (("lifecycle", "name"), ("env", "name"),
                                   ("project", "name"), ("team", "name"),
                                   ("app_user", "login"))
             for number, name in db.execute(
                 f"select id, {column} from {table}")}
    db.close()
    return found


class Octopus(Flow):
    def setUp(self):
        super().setUp()
        self.target = self.folder / "dst" / "app"
        self.write(self.site.target_yaml, self.target, "state-dst",
                   f"trust:\n  - {{sender: {self.site.keys}/sender.pub}}\n")

    def write(self, yaml, database, state, extra=""):
        yaml.write_text(
            f"site: demo\nstate: {self.folder / state}\nresources:\n"
            f"  - {{name: app, kind: sqlite, path: {database}}}\n"
            f"{PROFILE}{extra}")

    def source(self, name, tag, offset, low, high):
        """A source, which is a series of its own; its bundle."""
        database = self.folder / name / "app"
        fill(database, tag, offset, low, high)
        return self.bundle(name, database)

    def bundle(self, name, database):
        yaml = self.folder / f"{name}.yaml"
        self.write(yaml, database, f"state-{name}")
        return self.site.export(yaml=yaml)

    def expected(self, source, target):
        """What the target says once the source's word counts for all that
        the source has."""
        want = {}
        for table, rows in target.items():
            those = source[table]
            names = {row[0] for row in
                     source["project" if table in OWNED else table]}
            if table == "team_member":
                want[table] = sorted({*rows, *those}, key=repr)
            else:
                want[table] = sorted(
                    those + [row for row in rows if row[0] not in names],
                    key=repr)
        return want

    def carry_into(self, bundle, source):
        """Into the target as it is; by name all is as expected, and who had
        an id keeps it."""
        before = by_name(self.target)
        numbers = ids(self.target)
        self.site.import_(bundle, "--allow-delete")
        want = self.expected(by_name(source), before)
        have = by_name(self.target)
        for table, rows in want.items():
            self.assertEqual(rows, have[table], table)
        after = ids(self.target)
        self.assertEqual(numbers, {name: after[name] for name in numbers})
        whole = self.target.read_bytes()
        self.assert_says(self.site.import_(bundle), "nothing differs")
        self.assertEqual(whole, self.target.read_bytes())

    def test_one_direction_and_back(self):
        half = PROJECTS // 2
        there = self.source("there", "one", 0, 0, PROJECTS)
        fill(self.target, "two", 5000, half, half + PROJECTS)
        here = self.folder / "here"
        shutil.copy(self.target, here)
        self.carry_into(there, self.folder / "there" / "app")
        # And from what the target was into what the source is.
        shutil.copy(self.folder / "there" / "app", self.target)
        shutil.rmtree(self.folder / "state-dst")
        self.carry_into(self.bundle("here", here), here)

    def test_two_sources_whose_records_are_equal_are_one(self):
        part = PROJECTS // 3
        first = self.source("first", "one", 0, 0, 2 * part)
        second = self.source("second", "one", 7000, part, 3 * part)
        fill(self.target, "one", 90000, 0, 1)
        for bundle in (first, second):
            self.site.import_(bundle, "--allow-delete", "--on-match", "fail")
        whole = self.folder / "whole"
        fill(whole, "one", 0, 0, 3 * part)
        want, have = by_name(whole), by_name(self.target)
        for table, rows in want.items():
            self.assertEqual(rows, have[table], table)

    def test_two_sources_whose_records_differ_conflict(self):
        part = PROJECTS // 3
        first = self.source("first", "one", 0, 0, 2 * part)
        second = self.source("second", "two", 7000, part, 3 * part)
        fill(self.target, "one", 90000, 0, 1)
        self.site.import_(first, "--allow-delete", "--on-match", "fail")
        before = self.target.read_bytes()
        result = self.refused(4, self.site.importing(
            second, "--allow-delete", "--on-match", "fail"))
        self.assertRegex(result.err, r"row \[.*\] of table '\w+' of resource "
                         "'app': it differs, and .* more conflicts")
        self.assertEqual(before, self.target.read_bytes())
        # Who is to win can be said; what is only of the first stays.
        self.carry_into(second, self.folder / "second" / "app")


if __name__ == "__main__":
    unittest.main()
