"""Lines of a database, their order and their bodies (formats/manifest.md)."""
from base import Body, Case, base_tree, entry
from bundlewriter import (SECRETS, Record, Secret, Transfer, canonical, fixed,
                          pad)

APP = "app"


def line(t, **more):
    return {"r": APP, "t": t, **more}


PROFILE = line("profile", version="3",
               words={"resources": [{"resource": APP, "tables": [
                   {"key": ["title"], "table": "notes"}]}]})


def table(name):
    return line("table", c=name, schema=[
        'column "body" TEXT collate BINARY',
        'column "title" TEXT not null collate BINARY', 'key "title" BINARY'])


def row(*key, c="notes", values=None, **more):
    return line("row", c=c, k=list(key), row=values or {}, **more)


NOTES, TAGS = table("notes"), table("tags")
BODY = fixed("note", 5000)
LONG = (row("long", values={"body": {"$body": [0, 5000]}}), BODY)
GOOD = [PROFILE, NOTES, row("Ada", values={"body": "Dear Ada"}), LONG,
        TAGS, row(["Ada"], 10, c="tags"), row(["Ada"], 9, c="tags")]


def announced(inner):
    """The database stands before the tree."""
    tree = inner["resources"]
    return {**inner, "resources": [
        {**tree[0], "kind": "sqlite", "name": APP}, *tree]}


def database(name, says, *lines, exit_code=5, **more):
    """A database of these lines; the importer takes the tree alone, and reads
    all of the manifest."""
    rows = [item if isinstance(item, tuple) else (item, None)
            for item in lines]
    return Case("database: " + name, exit_code, says, {"inner": announced},
                tree=[*rows, *base_tree()], only="files", **more)


def one(name, says, *lines, **more):
    """Lines behind that of the table."""
    return database(name, says, PROFILE, NOTES, *lines, **more)


def value(name, says, what, **more):
    return one("value " + name, (says, "column 'body'"),
               row("a", values={"body": what}, **more))


def came(_target):
    return []


ORDER = [
    database("as it should be", (), *GOOD, exit_code=0, comes_out=came),
    database("without its profile", "begin with its profile", NOTES),
    database("with a second profile", "profile of the database comes again",
             PROFILE, NOTES, PROFILE),
    database("with a profile behind its tables", "begin with its profile",
             NOTES, PROFILE),
    database("without a line", "'app' of the inner head should begin here"),
    database("a row before the line of its table", "not behind its line",
             PROFILE, row("a"), NOTES),
    database("a row behind the next table", "not behind its line",
             PROFILE, NOTES, TAGS, row("a")),
    database("a table twice", "'notes' comes twice", PROFILE, NOTES, NOTES),
    database("tables out of order", "'notes' is out of order",
             PROFILE, TAGS, NOTES),
    one("a row twice", 'the row \\["a"\\] comes twice', row("a"), row("a")),
    one("rows out of order", 'the row \\["a"\\] is out of order',
        row("b"), row("a")),
    one("rows in the order of their numbers", "the row \\[10\\] is out",
        row(9), row(10)),
    one("a path among its lines", "a line of a tree stands in a database",
        {**entry("dir", ""), "r": APP}),
    Case("tree: a row among its lines", 5,
         "a line of a database stands in a tree",
         tree=[*base_tree(), ({**row("a"), "r": "files"}, None)]),
    Case("tree: a table as its root", 5,
         "a line of a database stands in a tree",
         tree=[({**NOTES, "r": "files"}, None), *base_tree()]),
    Case("database: of a kind that is not known", 4, "of kind 'git'", {
        "inner": lambda i: {**i, "resources": [
            {**r, "kind": "git"} for r in i["resources"]]}}),
    # The importer refuses the database, which its file does not name.
    Case("database: that nobody here knows", 4, "brings resource 'app', which",
         {"inner": announced}, open_exit=0,
         tree=[*((item if isinstance(item, tuple) else (item, None))
                 for item in GOOD), *base_tree()]),
]

LINES = [
    one("an unknown member", "member 'd' is not known", row("a", d=1)),
    one("a path in a row", "member 'path' is not known",
        row("a", path="../x")),
    one("a row of no table", "line type 'row' is not known",
        {k: v for k, v in row("a").items() if k != "c"}),
    one("a row without a key", "member 'row' is not known",
        {k: v for k, v in row("a").items() if k != "k"}),
    one("a table without a name", "'c' is not the name", table("")),
    one("a table of a long name", "'c' is not the name", table("t" * 256)),
    one("a name for terminals", r"\\x1b\[31m.* comes twice",
        table("o\x1b[31m"), table("o\x1b[31m")),
    one("a table without a schema", "'schema' is not", {**TAGS, "schema": []}),
    one("a schema out of order", "'schema' is not",
        {**TAGS, "schema": TAGS["schema"][::-1]}),
    one("a key of nothing", "'k' is not a key", row()),
    one("a key in a second spelling", "'k' is not a key",
        row({"$r": "1.0"})),
    one("a reference in a key", "'k' is not a key", row({"$ref": ["b"]})),
    one("a key of more than 4,096 bytes", "its key has more", row("k" * 4093)),
    one("a key too deep", "deeper than 8", row([[[[[[[[1]]]]]]]])),
    one("a row of more than 64 KiB", "is over 65536",
        row("a", values={"body": "b" * 65536})),
    one("a column twice", "ascending order", canonical(
        row("a", values={"body": 1})).replace(
            b'"body":1', b'"body":1,"body":1') + b"\n"),
    one("a column without a name", "named columns", row("a", values={"": 1})),
    one("ids that are rows", "'x' is not", row("a", x={"id": {"$ref": [1]}})),
    database("a version that is none", "'version' is not a text",
             {**PROFILE, "version": ""}),
    database("words that are none", "'words' is not an object",
             {**PROFILE, "words": []}),
    value("of a tag that is not known", "its tag is not known",
          {"$secrets": "sf1.x"}),
    value("in a second spelling", "one spelling", {"$r": "0.10"}),
    value("beyond 64 bits", "64 bits", {"$i": "9223372036854775808"}),
    value("with bytes in a second form", "base64url is not canonical",
          {"$b64": "YR"}),
    value("that is a truth", "neither null", True),
    value("that refers to nothing", "'\\$ref' is no key", {"$ref": []}),
    value("that refers by a key in a second spelling", "'\\$ref' is no key",
          {"$ref": [{"$t64": "YQ"}]}),
    one("value that refers too deep", "deeper than 8",
        row("a", values={"body": {"$ref": [[[[[[1]]]]]]}})),
    value("in pieces of text alone", "id or secret", {"$parts": ["a"]}),
    value("in pieces that are not joined", "not joined",
          {"$parts": ["a", "b", ["notes", ["b"], "plain"]]}),
    value("in pieces of a spelling that is not known", "is none",
          {"$parts": [["notes", ["b"], "php"]]}),
]


def filled(name, says, values, body=BODY):
    return one("body " + name, says, (row("a", values=values), body))


def short():
    """Chunks of 100 bytes less than it says."""
    body = Body(BODY)
    body.size += 100
    return body


BODIES = [
    one("body that is not there", "a body that the line has not",
        row("a", values={"body": {"$body": [0, 9]}})),
    filled("that no value has", "fill of the body", {"body": 1}),
    filled("with places that overlap", "not behind the one before",
           {"body": {"$body": [0, 4000]}, "more": {"$blob": [3000, 2000]}}),
    filled("with a gap", "not behind the one before",
           {"body": {"$body": [0, 1000]}, "more": {"$blob": [3000, 2000]}}),
    filled("of more bytes than values", "fill of the body",
           {"body": {"$body": [0, 4000]}}),
    filled("of fewer bytes than values", "fill of the body",
           {"body": {"$body": [0, 6000]}}),
    filled("with a place of no bytes", "place in the body is none",
           {"body": {"$body": [0, 0]}}),
    filled("that overflows", "place in the body is none",
           {"body": {"$body": [0, 10**15 - 1]},
            "more": {"$body": [10**15 - 1, 10**15 - 1]}}),
    filled("of other chunks than its size", "its chunks end at 5000",
           {"body": {"$body": [0, 5100]}}, short()),
    Case("database: body of another content hash", 5, "content hash", {
        "inner": announced, "lines": lambda lines: [
            {**members, "hash": "k1." + "A" * 43}
            if members.get("r") == APP and "hash" in members else members
            for members in lines]},
        tree=[(PROFILE, None), (NOTES, None), LONG, *base_tree()],
        only="files"),
    Case("database: body without a chunk list", 5, "no chunk list", {
        "inner": announced, "lists": lambda lists: lists[1:]},
        tree=[(PROFILE, None), (NOTES, None), LONG, *base_tree()],
        only="files"),
]

# Lines 2 and 3 of the bundle, each with a secret in column `body`.
PLAIN = b"correct horse"
TWO = [row("a", values={"body": Secret(PLAIN)}),
       row("b", values={"body": Secret(PLAIN, "clear-blob")})]
# Two in one line, each of which would be allowed alone.
LARGE = row("a", values={"body": Secret(bytes(600000)),
                         "title": Secret(bytes(600000))})
OTHERS = [row("a", values={
    "body": {"$parts": ["p=", Secret(PLAIN, "broken", "$.p", "json"), 2,
                        Secret(b"", inside="$.q", form="plain"), ";",
                        ["notes", ["a"], "plain"]]},
    "title": Secret(b"", "blob")})]


def secret(name, says, change=None, lines=TWO, stage="tokens", **more):
    """`change` gets the tokens, (line, slot, token) of each."""
    case = one("secret " + name, says, *lines, **more)
    if change:
        case.edits[stage] = change
    return case


def transfer(epoch=1, key="transfer key", series="series"):
    return Transfer(fixed(key), fixed(series, 16), epoch)


PLACE = Secret(PLAIN).place(TWO[0], "body")


def first(make):
    """Another token in the place of the first."""
    def change(tokens):
        (line, slot, token), *rest = tokens
        return [(line, slot, make(token)), *rest]
    return change


def sealed(place=PLACE, padded=None, by=None):
    return first(lambda _: (by or transfer()).seal(
        place, pad(PLAIN) if padded is None else padded))


def changed(at):
    return first(lambda t: t[:at] + bytes((t[at] ^ 1,)) + t[at + 1:])


def numbered(line, slot):
    return lambda tokens: [(line, slot, tokens[0][2]), *tokens[1:]]


def in_records(change):
    """All records of the file, in place, so that total_plain counts them."""
    def edit(records):
        records[:] = change(records)
        for ordinal, one in enumerate(records):
            one.ordinal = ordinal
        return records
    return edit


def of_secrets(change):
    """The one of secrets is number 1."""
    return in_records(lambda r: [r[0], *change(r[1]), *r[2:]])


def held(data, items):
    return [Record(SECRETS, data, items)]


WHERE = "resource 'app', table 'notes', row \\[\"a\"\\], column 'body': a secret "
NO_OPEN = WHERE + "does not open"

SECRET = [
    secret("as it should be", (), exit_code=0, comes_out=came),
    secret("in pieces, as it should be", (), lines=OTHERS, exit_code=0,
           comes_out=came),
    secret("of another epoch", WHERE + "is of another epoch",
           sealed(by=transfer(2))),
    secret("that says another epoch", WHERE + "is of another epoch",
           changed(0)),
    secret("of another series", NO_OPEN, sealed(by=transfer(series="other"))),
    secret("under another key", NO_OPEN, sealed(by=transfer(key="other"))),
    secret("of another resource", NO_OPEN, sealed(["tree", *PLACE[1:]])),
    secret("of another table", NO_OPEN,
           sealed([PLACE[0], "tags", *PLACE[2:]])),
    secret("of another row", NO_OPEN,
           sealed([*PLACE[:2], '["b"]', *PLACE[3:]])),
    secret("of another column", NO_OPEN,
           sealed([*PLACE[:3], "title", *PLACE[4:]])),
    secret("of another place in the value", NO_OPEN,
           sealed([*PLACE[:4], "$.p", "text"])),
    secret("of another type", NO_OPEN, sealed([*PLACE[:5], "blob"])),
    secret("of the line behind it", NO_OPEN,
           lambda t: [(2, 0, t[1][2]), (3, 0, t[0][2])]),
    secret("with another tag", NO_OPEN, changed(8)),
    secret("with the end of its tag changed", NO_OPEN, changed(39)),
    secret("with other bytes", NO_OPEN, changed(45)),
    secret("that is not padded", NO_OPEN, sealed(padded=PLAIN + bytes(19))),
    secret("that is padded by more than a block", NO_OPEN,
           sealed(padded=pad(PLAIN) + bytes(32))),
    secret("that is all padding, and of zeros", NO_OPEN,
           sealed(padded=bytes(32))),
    secret("another than its fingerprint", WHERE + "is another than its",
           sealed(padded=pad(b"wrong horse"))),
    secret("with a fingerprint that does not fit", WHERE + "is another than",
           lambda lines: [{**m, "row": {"body": {
               "$secret": "sf1." + "A" * 22}}} if m.get("k") == ["a"] else m
               for m in lines], stage="lines"),
    secret("of a byte less than whole blocks", "line 2: 71 bytes are not",
           first(lambda t: t[:-1])),
    secret("of a byte more than whole blocks", "line 2: 73 bytes are not",
           first(lambda t: t + b"x")),
    secret("of a head alone", "line 2: 40 bytes are not",
           first(lambda t: t[:40])),
    secret("of no bytes", "line 2: 0 bytes are not", first(lambda t: b"")),
    secret("of more than 1 MiB", "line 2: .* is over 1048648",
           first(lambda t: t + bytes((1 << 20) + 32))),
    secret("that is missing", "line 3: its secret 0 is missing",
           lambda t: t[:1]),
    secret("all that are missing", "line 2: its secret 0 is missing",
           lambda t: []),
    secret("too many", "1 secrets are of no line", lambda t: [*t, t[1]]),
    secret("of a line without", "1 secrets are of no line",
           lambda t: [(2, 0, bytes(72))], lines=[row("a")]),
    secret("of another line", "secret 0 of line 3 stands where its secret 0",
           numbered(3, 0)),
    secret("of another number", "secret 1 of line 2 stands where",
           numbered(2, 1)),
    secret("out of order", "secret 0 of line 3 stands",
           lambda t: t[::-1]),
    secret("too large with another of its line", "more than 1048664 bytes",
           lines=[LARGE]),
    secret("in a record of fewer", "line 3: its secret 0 is missing",
           of_secrets(lambda r: held(r.plain, 1)), stage="records i0000002"),
    secret("in a record of more", "cut short",
           of_secrets(lambda r: held(r.plain, 3)), stage="records i0000002",
           lines=[*TWO, row("c", values={"body": {
               "$secret": "sf1." + "A" * 22}})]),
    secret("with a byte behind it", "bytes are left behind the secrets",
           of_secrets(lambda r: held(r.plain + b"x", 2)),
           stage="records i0000002"),
    secret("cut in its head", "cut short",
           of_secrets(lambda r: held(r.plain[:95], 2)),
           stage="records i0000002"),
    secret("cut in its bytes", "cut short",
           of_secrets(lambda r: held(r.plain[:-1], 2)),
           stage="records i0000002"),
    secret("in two records", "line 3: its secret 0 is missing",
           of_secrets(lambda r: held(r.plain[:88], 1) + held(
               r.plain[88:], 1)), stage="records i0000002"),
    secret("before its line", "kind 5 where",
           in_records(lambda r: [r[1], r[0], *r[2:]]),
           stage="records i0000002"),
    secret("without a fingerprint", "its secret is none",
           lines=[row("a", values={"body": {"$secret": "sf1.x"}})]),
]

# Rows that go into a database of the target: nothing is wrong with the lines.
NOTES_HERE = ("create table notes(body text, title text not null unique);"
              "insert into notes values('mine', 'Mine');")
PEOPLE_HERE = (
    "create table man(id integer primary key, name text not null unique);"
    "create table job(man integer references man(id), name text not null"
    " unique, n integer) strict;")
PEOPLE = line("profile", words={"resources": [{"resource": APP, "tables": [
    {"key": ["name"], "table": "job"}, {"key": ["name"], "table": "man"}]}]})
JOB = line("table", c="job", schema=sorted([
    'column "man" INTEGER collate BINARY', 'column "n" INTEGER collate BINARY',
    'column "name" TEXT not null collate BINARY', 'key "name" BINARY',
    "strict"]))
MAN = line("table", c="man", schema=sorted([
    'column "id" INTEGER integer id collate BINARY',
    'column "name" TEXT not null collate BINARY', 'key "id" BINARY',
    'key "name" BINARY']))
DATA_HERE = ("create table d(id text primary key, name text unique);"
             "create table data_u(id integer primary key, v text);"
             "insert into d values('u', 'mine');")
DATA = line("profile", words={"resources": [{"resource": APP, "tables": [
    {"key": ["name"], "table": "d"},
    {"create": True, "table": "data_{d.id}"}]}]})
D = line("table", c="d", schema=sorted([
    'column "id" TEXT collate BINARY', 'column "name" TEXT collate BINARY',
    'key "id" BINARY', 'key "name" BINARY']))

# Rows that own one another.
F_HERE = ("create table f(id integer primary key, name text not null unique,"
          "up integer references f(id));"
          "insert into f values(1, 'a', null), (2, 'b', 1);")
FAMILY = line("profile", words={"resources": [{"resource": APP, "tables": [
    {"key": ["name"], "owned_by": "up", "table": "f"}]}]})
F = line("table", c="f", schema=sorted([
    'column "id" INTEGER integer id collate BINARY',
    'column "name" TEXT not null collate BINARY',
    'column "up" INTEGER collate BINARY', 'key "id" BINARY',
    'key "name" BINARY']))


def here(name, exit_code, says, *lines, sql=NOTES_HERE, **more):
    rows = [item if isinstance(item, tuple) else (item, None)
            for item in lines]
    more.setdefault("open_exit", 0)
    return Case("here: " + name, exit_code, says, {"inner": announced},
                tree=[*rows, *base_tree()], database=sql, **more)


def note(key, **values):
    return row(key, values=values or {"body": "x", "title": key})


def job(key, **values):
    return row(key, c="job", values={"man": None, "n": 1, "name": key,
                                     **values})


def man(key, row_id):
    return row(key, c="man", values={"name": key}, x={"id": row_id})


def below(key, up):
    return row(key, c="f", values={
        "name": key, "up": None if up is None else {"$ref": [up]}})


def family(name, says, *rows):
    return here("rows that own " + name, 4, "resource 'app': table 'f': " +
                says + ".*: mend (it|one of them), or 'owned_by'", FAMILY, F,
                *rows, sql=F_HERE)


def of_d(key, row_id):
    return row(key, c="d", values={"name": key}, x={"id": row_id})


def data(name):
    return line("table", c=name, schema=sorted([
        'column "id" INTEGER integer id collate BINARY',
        'column "v" TEXT collate BINARY', 'key "id" BINARY']),
        shape={"columns": [["id"], ["v"]], "key": ["id"]})


def table_of(row_id, name):
    """A row, and a table that is called by it."""
    return (DATA, D, of_d("one", row_id), data(name))


IN_NOTES = r"resource 'app': table 'notes', \["
IN_JOB = r"""resource 'app': table 'job', \["a"\]: """
NO_JOB = IN_JOB + r"cannot write to table 'job' of '\S+/app\.db': "
HERE = [
    here("a column that its table has not", 5,
         IN_NOTES + r'"a"\]: it has not the columns that its table has in the '
         "bundle$", PROFILE, NOTES,
         note("a", body="x", title="a", zz=1)),
    here("a table that is not here", 4,
         "the bundle has table 'tags', which is not here$", PROFILE, NOTES,
         note("a"), TAGS),
    here("a value of another storage class", 4,
         NO_JOB + "cannot store TEXT value in INTEGER column job.n$", PEOPLE,
         JOB, job("a", n="text"), MAN, sql=PEOPLE_HERE),
    here("a real that is no integer", 4,
         NO_JOB + "cannot store REAL value in INTEGER column job.n$", PEOPLE,
         JOB, job("a", n={"$r": "1.5"}), MAN, sql=PEOPLE_HERE),
    here("a blob in the column of its key", 4,
         NO_JOB + "cannot store BLOB value in TEXT column job.name$", PEOPLE,
         JOB, job("a", name={"$b64": "YQ"}), MAN, sql=PEOPLE_HERE),
    here("nothing where there must be something", 4,
         IN_NOTES + r"""\"a"\]: cannot write to table 'notes' of """
         r"""'\S+/app\.db': NOT NULL constraint failed: notes.title""",
         PROFILE, NOTES, note("a", body="x", title=None)),
    here("a key of another class than its row's", 4,
         IN_JOB + "once it is written no row is called so: does the bundle "
         r"call it by what is not in it\? All was rolled back$", PEOPLE, JOB,
         job("a", name=7), MAN, sql=PEOPLE_HERE),
    here("a value that the column does not keep", 4,
         IN_NOTES + r"""\"a"\]: 'body' is not as it was written: does the """
         r"column keep no such value\? All was rolled back$", PROFILE, NOTES,
         note("a", body=7, title="a")),
    here("a reference to a record that is nowhere", 4,
         IN_JOB + r"""column 'man' refers to 'man' \["x"\], """
         "which is neither in the bundle nor here", PEOPLE, JOB,
         job("a", man={"$ref": ["x"]}), MAN, sql=PEOPLE_HERE),
    here("a reference in a column of values", 4,
         IN_NOTES + r"""\"a"\]: column 'body' refers to no table here$""",
         PROFILE, NOTES, note("a", body={"$ref": ["b"]}, title="a")),
    here("a key that is not its row's", 4,
         IN_NOTES + r"""\"a"\]: once it is written no row is called so: """
         r"does the bundle call it by what is not in it\? All was rolled back$",
         PROFILE, NOTES, note("a", body="x", title="b")),
    here("two rows with one id", 5,
         r"""resource 'app': table 'man': rows \["a"\] and \["c"\] of the """
         "bundle have one id$", PEOPLE, JOB, MAN,
         man("a", 7), man("b", 8), man("c", 7), sql=PEOPLE_HERE),
    here("two rows with one id that is large", 5,
         r"""resource 'app': table 'man': rows \["b"\] and \["c"\] of the """
         "bundle have one id$", PEOPLE, JOB, MAN, man("a", 1 << 25),
         man("b", -7), man("c", -7), sql=PEOPLE_HERE),
    here("two rows with one id, of texts", 5,
         r"""table 'd': rows \["one"\] and \["two"\] of the bundle have one """
         "id$", DATA, D, of_d("one", "u"), of_d("two", "u"), sql=DATA_HERE),
    family("themselves", r'row \["c"\] owns itself', below("a", None),
           below("c", "c")),
    family("each other, new ones",
           r'rows \["c"\] and \["d"\] own each other, in a circle',
           below("c", "d"), below("d", "c")),
    family("each other, of which one is here",
           r'rows \["a"\] and \["b"\] own each other, in a circle',
           below("a", "b"), below("b", "a")),
    family("each other, three of them",
           r'rows \["a"\] and \["\w"\] own each other, with 1 more row, in',
           below("a", "d"), below("c", "a"), below("d", "c")),
    here("two rows with one name in them", 4,
         IN_NOTES + r"""\"b"\]: cannot write to .*: UNIQUE constraint """
         r"""failed: notes.title; in the way is .*\["a"\] of the target""",
         PROFILE, NOTES, note("a"), note("b", body="x", title="a")),
    here("a table called by a row that is not there", 5,
         r"table 'data_\{\[\S+\]\}' is called by a row that the bundle has "
         "not$", *table_of("i1", 'data_{["two"]}'), sql=DATA_HERE),
    here("a table called by no key", 4,
         r"the bundle has table 'data_x\S+ drop', which is not here$",
         *table_of("i1", 'data_x"; drop'), sql=DATA_HERE),
    here("words of another resource", 5,
         "the profile in the bundle is of another resource$",
         {**PROFILE, "words": {"resources": [{"resource": "other"}]}}),
    here("words that are unknown", 5, "unknown word 'ky'",
         {**PROFILE, "words": {"resources": [{"resource": APP, "tables": [
             {"ky": ["title"], "table": "notes"}]}]}}),
]

CASES = [*ORDER, *LINES, *BODIES, *SECRET, *HERE]
