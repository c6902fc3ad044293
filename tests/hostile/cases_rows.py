"""Lines of a database, their order and their bodies (formats/manifest.md)."""
from base import Body, Case, base_tree, entry
from bundlewriter import canonical, fixed

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
    Case("database: that nobody here knows", 4, "resource 'app'",
         {"inner": announced}, open_exit=0,
         tree=[*((item if isinstance(item, tuple) else (item, None))
                 for item in GOOD), *base_tree()]),
]

LINES = [
    one("an unknown member", "member 'd' is not known", row("a", d=1)),
    one("a path in a row", "member 'path'", row("a", path="../x")),
    one("a row of no table", "'c' is missing|type 'row'",
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
    database("a version that is none", "'version'",
             {**PROFILE, "version": ""}),
    database("words that are none", "'words'", {**PROFILE, "words": []}),
    value("of a tag that is not known", "tag", {"$secret": "sf1.x"}),
    value("in a second spelling", "one spelling", {"$r": "0.10"}),
    value("beyond 64 bits", "64 bits", {"$i": "9223372036854775808"}),
    value("with bytes in a second form", "canonical", {"$b64": "YR"}),
    value("that is a truth", "neither null", True),
    value("that refers to nothing", "no key", {"$ref": []}),
    value("that refers by a key in a second spelling", "no key",
          {"$ref": [{"$t64": "YQ"}]}),
    one("value that refers too deep", "deeper than 8",
        row("a", values={"body": {"$ref": [[[[[[1]]]]]]}})),
    value("in pieces of no row", "names no row", {"$parts": ["a"]}),
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

CASES = [*ORDER, *LINES, *BODIES]
