"""Lines of the manifest, their order and root (formats/manifest.md)."""
import base64
import os
import stat

from base import SMALL, Body, Case, base_tree, entry
from bundlewriter import canonical
from cases_keys import replace

ROOT = (entry("dir", ""), None)
BODY = b"hello\n"


def tree(name, says, *entries, exit_code=5, **more):
    """A tree of these entries below its root."""
    rows = [e if isinstance(e, tuple) else (e, None) for e in entries]
    return Case("tree: " + name, exit_code, says, tree=[ROOT, *rows], **more)


def whole(name, says, change):
    """`change` gets first line, record lines and last line; the last line
    keeps number and root of what was there."""
    return Case("manifest: " + name, 5, says, {"manifest": change})


def b64(path):
    return base64.urlsafe_b64encode(path).rstrip(b"=").decode()


def in_base64(members, path):
    return {**{k: v for k, v in members.items() if k != "path"},
            "path_b": b64(path)}


LAST = entry("link", "zz", target="f")

NOT_INNER = "series, epoch or site are not those of the inner head"
ROOTS = [
    Case("manifest: a line dropped", 5, "there are 8",
         {"manifest": lambda m: [*m[:-2], m[-1]]},
         tree=[*base_tree(), (LAST, None)]),
    whole("a line added", "there are 9", lambda m: [
        *m[:-1], canonical(LAST) + b"\n", m[-1]]),
    whole("lines exchanged", "out of order",
          lambda m: [*m[:2], m[7], *m[3:7], m[2], *m[8:]]),
    whole("a line changed", "its root is not", lambda m: [
        m[0], m[1].replace(b"0755", b"0775"), *m[2:]]),
    whole("first line missing", "manifest: no version", lambda m: m[1:]),
    whole("last line missing", "before its last line", lambda m: m[:-1]),
    whole("a line behind the last", "more lines", lambda m: [*m, m[1]]),
    Case("manifest: another count", 5, "it counts 7", {
        "last": lambda l: {**l, "count": 7}}),
    Case("manifest: another root", 5, "its root is not", {
        "last": lambda l: {**l, "root": "0" * 64}}),
    Case("manifest: another root in the inner head", 5, "its root is not", {
        "inner": lambda i: {**i, "manifest_root": "0" * 64}}),
    Case("manifest: another count in the inner head", 5,
         "it counts 8 lines, the inner head 9", {
        "inner": lambda i: {**i, "counts": {**i["counts"], "lines": 9}}}),
    Case("manifest: another series", 5, NOT_INNER, {
        "first": lambda f: {**f, "series": "0" * 32}}),
    Case("manifest: another epoch", 5, NOT_INNER, {
        "first": lambda f: {**f, "epoch": 2}}),
    Case("manifest: another site", 5, NOT_INNER, {
        "first": lambda f: {**f, "site": "other"}}),
    Case("manifest: another version in the first line", 5,
         "manifest: version 1 is not known", {
        "first": lambda f: {**f, "v": 1}}),
    Case("manifest: extension in the last line", 5,
         "end of the manifest: member 'x_a' is not known", {
        "last": lambda l: {**l, "x_a": 1}}),
    Case("manifest: extension in the first line", 5,
         "manifest: member 'x_a' is not known", {
        "first": lambda f: {**f, "x_a": 1}}),
]

LONG = "/".join(["d" * 250] * 33)
DEEP = "/".join(["d"] * 1001)


def path(name, says, text):
    return tree("path " + name, says, entry("link", text, target="t"))


EMPTY = "has an empty component or a slash at an end"
POINTS = r"has a component '\.' or '\.\.'"
PATHS = [
    tree("path of no byte, which is the root's",
         "root of the tree comes again", entry("dir", "")),
    path("absolute", EMPTY, "/etc"), path("of a point", POINTS, "."),
    path("of two points", POINTS, ".."),
    path("that leads out", POINTS, "a/../../etc"),
    path("with an empty component", EMPTY, "a//b"),
    path("with a slash behind", EMPTY, "a/"),
    path("with a long component", "has a component of more than 255 bytes",
         "n" * 256),
    path("too long", "is longer than 8192 bytes", LONG),
    path("too deep", "has more than 1000 components", DEEP),
    tree("path with a NUL", "holds a NUL",
         in_base64(entry("link", "", target="t"), b"\xffa\0b")),
    tree("path out of it in base64", POINTS,
         in_base64(entry("link", "", target="t"), b"\xff/../../x")),
    tree("path_b for UTF-8", "used for valid UTF-8",
         in_base64(entry("link", "", target="t"), b"plain")),
    tree("path_b and path", "exclude each other",
         {**entry("link", "a", target="t"), "path_b": b64(b"\xff")}),
    tree("path_b with high bytes", "not canonical base64url", {
        **in_base64(entry("link", "", target="t"), b""),
        "path_b": "Ym\u0094Lf_-LW5hbWU"}),
    tree("a name for terminals", r"\\x1b\[31m\\xe2\\x80\\xae",
         entry("link", "\x1b[31m\u202eevil", target="t"),
         entry("link", "\x1b[31m\u202eevil", target="t")),
    tree("a target of no bytes", "target of a link is empty",
         entry("link", "a", target="")),
    tree("a long target", "4096 bytes",
         entry("link", "a", target="t" * 4096)),
]

ORDER = [
    tree("a path twice", "comes twice",
         entry("dir", "a"), entry("dir", "a")),
    tree("a file and a directory of one name", "comes twice",
         (entry("file", "a"), BODY), entry("dir", "a")),
    tree("a directory, then a link of its name", "comes twice",
         entry("dir", "a"), entry("link", "a", target="/etc"),
         (entry("file", "a/b"), BODY)),
    tree("a directory, then a link of its name behind it", "out of order",
         entry("dir", "a"), (entry("file", "a/b"), BODY),
         entry("link", "a", target="/etc"), (entry("file", "a/c"), BODY)),
    tree("a file with something below it", "no directory",
         (entry("file", "a"), BODY), (entry("file", "a/b"), BODY)),
    tree("no directory above it", "no directory",
         (entry("file", "a/b"), BODY)),
    tree("a link, then something below it", "no directory",
         entry("link", "a", target="/etc"), (entry("file", "a/b"), BODY)),
    tree("a link, then a directory below it", "no directory",
         entry("link", "a", target=".."), entry("dir", "a/b"),
         (entry("file", "a/b/c"), BODY)),
    tree("below what was left out", "no directory",
         entry("left_out", "a", why="excluded"), entry("dir", "a/b")),
    tree("not in order", "out of order",
         entry("dir", "b"), entry("dir", "a")),
    tree("plain bytes as order", "out of order",
         entry("dir", "a"), entry("dir", "a-1"), entry("dir", "a/b")),
    Case("tree: no root", 5, "begin with its root",
         tree=[(entry("dir", "a"), None)]),
    Case("tree: a root that is a link", 5, "is the root",
         tree=[(entry("link", "", target="/etc"), None)]),
    Case("tree: a root that is a file", 5, "is the root",
         tree=[(entry("file", ""), BODY)]),
    Case("tree: of no resource that is announced", 5, "should begin here",
         tree=[({**entry("dir", ""), "r": "other"}, None)]),
]

FILE = (entry("file", "f"), BODY)


def hard(name, says, to, *before, **more):
    return tree("hard link " + name, says, *before,
                entry("hard", "h", to=to), **more)


def no_names(path, to):
    """Of the reader, and of the importer's first pass."""
    return (f"hard link '{path}' is to '{to}', which no line before it"
            f"|'{path}' is one more name of '{to}', which no earlier record")


HARD = [
    hard("to an absolute path", EMPTY, "/etc/passwd", FILE),
    hard("out of the tree", POINTS, "../f", FILE),
    hard("to the root", "hard link to the root", "", FILE),
    hard("to nothing", "to a later path", "nothing", FILE),
    hard("to itself", "to a later path", "h", FILE),
    tree("hard link to a later line", "to a later path",
         entry("hard", "e", to="f"), FILE),
    tree("hard link with content", "'hash' is not of a hard line", FILE,
         entry("hard", "h", to="f", size=6, hash="k1." + "A" * 43)),
    tree("hard link through a link that comes later", "to a later path",
         FILE, entry("hard", "h", to="s/passwd"),
         entry("link", "s", target="/etc")),
    tree("hard link through a link", no_names("h", "a/b"),
         entry("link", "a", target=".."), entry("hard", "h", to="a/b")),
    tree("hard link of a type of its own", "'mode' is not of a hard line",
         FILE,
         entry("hard", "h", to="f", mode="0644")),
    tree("two links and a hard link", POINTS,
         entry("link", "a", target="."),
         entry("link", "b", target="a/.."),
         entry("hard", "c", to="b/../etc/passwd")),
    # What no line alone shows, but all lines together.
    *(hard(name, no_names("h", to), to, *before)
      for name, to, before in (
          ("to a directory", "d", [entry("dir", "d")]),
          ("below a link", "a/passwd", [entry("link", "a", target="/etc")]),
          ("below a file", "f/g", [FILE]),
          ("to what is not there", "e", [FILE]),
          ("to what was left out", "e", [
              FILE, entry("left_out", "e", why="excluded")][::-1]),
          ("to a hard link", "g", [FILE, entry("hard", "g", to="f")]))),
    tree("hard link to the directory above it", no_names("d/h", "d"),
         entry("dir", "d"), entry("hard", "d/h", to="d")),
    # The link itself stays inside; its other name is less deep.
    tree("hard link to a link, out of the tree", "leads out of the tree",
         entry("dir", "a"), entry("dir", "a/b"), entry("dir", "a/b/c"),
         entry("link", "a/b/c/l", target="../../x"),
         entry("hard", "l", to="a/b/c/l"),
         exit_code=4, open_exit=0, words="links: inside"),
    # The importer refuses the resource, which its file does not name.
    Case("tree: hard link into another resource", 4,
         no_names("h", "f") + "|brings resource 'other', which", {
        "inner": lambda i: {**i, "resources": [
            *i["resources"], {**i["resources"][0], "name": "other"}]}},
        tree=[ROOT, FILE, ({**ROOT[0], "r": "other"}, None),
              ({**entry("hard", "h", to="f"), "r": "other"}, None)],
        open_exit=5),
]


def members(name, says, change, exit_code=5):
    """Other members for the line of file `f`."""
    def edit(lines):
        return [change(line) if n == SMALL else line
                for n, line in enumerate(lines)]
    return Case("line: " + name, exit_code, ("'f'|line 5", says),
                {"lines": edit})


def with_(name, says, **more):
    return members(name, says, lambda line: {**line, **more})


def written(name, says, change):
    """The line of `f`, written in another form."""
    return members(name, says, lambda line: change(canonical(line)) + b"\n")


UID = b'"uid":0'
NUMBER = "number is not canonical"
ENDED = "',' or the closing bracket is missing"
ESCAPE = "escape is not canonical"
CONTROL = "control character in a string"
NO_UTF8 = "string is not UTF-8"
FORMS = [written(name, "not canonical JSON at byte .*" + says, change)
         for name, says, change in (
    ("a leading zero", NUMBER, replace(UID, b'"uid":00')),
    ("a fraction", ENDED, replace(UID, b'"uid":0.0')),
    ("an exponent", ENDED, replace(UID, b'"uid":0e3')),
    ("minus zero", NUMBER, replace(UID, b'"uid":-0')),
    ("a huge number", ENDED, replace(UID, b'"uid":1e999')),
    ("NUL as an escape", ESCAPE, replace(b'"f"', b'"f\\u0000"')),
    ("a NUL", CONTROL, replace(b'"f"', b'"f\0"')),
    ("a control character", CONTROL, replace(b'"f"', b'"f\x1b"')),
    ("a byte order mark", "not a value", lambda d: b"\xef\xbb\xbf" + d),
    ("bytes that are not UTF-8", NO_UTF8, replace(b'"f"', b'"f\xff"')),
    ("an overlong slash", NO_UTF8, replace(b'"f"', b'"f\xc0\xaf"')),
    ("a slash as an escape", ESCAPE, replace(b'"f"', b'"f\\/g"')),
    ("a CR", "behind the value", lambda d: d + b"\r"))]

HOLES_CROSS = "hole 1 begins before the end of the one before"
TIME = "'mtime' is not seconds"
NUMBERS = "'uid' is not an integer in 0"
LINES = [
    with_("holes that overlap", HOLES_CROSS, holes=[[0, 3], [2, 2]]),
    with_("holes not in order", HOLES_CROSS, holes=[[3, 1], [0, 1]]),
    with_("a hole beyond the size", "hole 0 ends behind", holes=[[0, 7]]),
    with_("an empty hole", "hole 0 has no bytes", holes=[[1, 0]]),
    with_("a hole that overflows", "hole 0 ends behind",
          holes=[[999999999999999, 999999999999999]]),
    tree("a hole over content", "content where its record has a hole",
         (entry("file", "a", holes=[[4, 9]]), b"head" + bytes(8) + b"tail"),
         open_exit=0, reader_exit=5),
    with_("a time beyond 64 bits", TIME,
          mtime="9223372036854775808.000000000"),
    with_("a time of whole seconds", TIME, mtime="1700000000"),
    with_("a time of ten digits", TIME, mtime="1.0000000000"),
    with_("nobody's number", NUMBERS, uid=4294967295),
    with_("a negative owner", NUMBERS, uid=-1),
    with_("a negative size", "'size' is not an integer in 0", size=-1),
    with_("a size of 10^15", "number is 10\\^15", size=10**15),
    with_("a size of 2^31 where there are 6 bytes", "its chunks end at 6",
          size=2**31),
    with_("a size of 2^32 + 6 where there are 6 bytes", "its chunks end at 6",
          size=2**32 + 6),
    with_("a size of 2^63 - 1", "number is 10\\^15", size=2**63 - 1),
    with_("a socket", "type 'socket' is not known", t="socket"),
    with_("an unknown type", "type 'whiteout' is not known", t="whiteout"),
    with_("an unknown member", "member 'atime' is not known",
          atime="1.000000000"),
    with_("an extension in capitals", "member 'x_A' is not known", x_A=1),
    with_("a mode with a type", "'mode' is not four octal", mode="100644"),
    with_("another kind of hash", "'hash' is not 'k1", hash="k2." + "A" * 43),
    members("a line that is too long", "is over 65536",
            lambda line: {**line, "x_pad": "x" * 65536}),
    members("no mtime", "'mtime' is missing in a file", lambda line: {
        k: v for k, v in line.items() if k != "mtime"}),
    members("a space", "not canonical", lambda line: canonical(
        line).replace(b":", b": ", 1) + b"\n"),
    members("a key twice", "ascending order", lambda line: canonical(
        line).replace(b'"gid":0', b'"gid":0,"gid":0', 1) + b"\n"),
    members("too deep", "deeper than 8", lambda line: {
        **line, "x_deep": [[[[[[[[1]]]]]]]]}),
    members("two lines in one", "behind the value",
            lambda line: canonical(line) * 2 + b"\n"),
]

USER, NAMED, GROUP = ["user", "rw-"], ["user", "r--", 7], ["group", "r--"]
MASK, OTHER = ["mask", "r--"], ["other", "r--"]


def acl(name, says, *entries):
    """Of a file whose mode is 0644."""
    return with_("acl " + name, says, acl=list(entries))


def xattr(name, says, *pairs):
    return with_("xattr " + name, says, xattrs=list(pairs))


ATTRIBUTES = [
    acl("that contradicts the mode", "means mode 664",
        USER, NAMED, GROUP, ["mask", "rw-"], OTHER),
    acl("that gives others more than the mode", "means mode 647",
        USER, NAMED, GROUP, MASK, ["other", "rwx"]),
    acl("that gives the owner less than the mode", "means mode 444",
        ["user", "r--"], NAMED, GROUP, MASK, OTHER),
    acl("without a mask", "no mask", USER, NAMED, GROUP, OTHER),
    acl("of nobody but those of the mode", "no mask", USER, GROUP, OTHER),
    acl("with a user twice", "comes twice",
        USER, NAMED, ["user", "rwx", 7], GROUP, MASK, OTHER),
    acl("with the owner twice", "comes twice",
        USER, ["user", "rwx"], GROUP, MASK, OTHER),
    acl("with users out of order", "out of order",
        USER, NAMED, ["user", "rwx", 6], GROUP, MASK, OTHER),
    acl("without others", "lacks the owner, the group or",
        USER, NAMED, GROUP, MASK),
    acl("without an entry", "'acl' is not a list"),
    acl("that names nobody's number", "4294967295, which means",
        USER, ["user", "r--", 4294967295], GROUP, MASK, OTHER),
    acl("with a fourth permission", "'acl' is not a list",
        ["user", "rw-s"], NAMED, GROUP, MASK, OTHER),
    acl("with a path as a name's number", "'acl' is not a list",
        USER, ["user", "r--", "../7"], GROUP, MASK, OTHER),
    with_("acl as text", "'acl' is not a list", acl="user::rw-"),
    with_("acl of new files, of a file", "'acl_default' is not of a file line",
          acl_default=[USER, GROUP, OTHER]),
    xattr("of another namespace", "com.apple.x", ["com.apple.x", "1"]),
    xattr("of the system", "system.posix_acl_access",
          ["system.posix_acl_access", {"$b64": "AgAAAP8"}]),
    xattr("of SELinux", "security.selinux", ["security.selinux", "x"]),
    xattr("of a namespace alone", "'user\\.' in 'xattrs' is not one",
          ["user.", "1"]),
    xattr("without a name", "1 to 255 bytes", ["", "1"]),
    xattr("with a NUL in its name", "1 to 255 bytes",
          [{"$b64": b64(b"user.a\0b")}, "1"]),
    xattr("of a long name", "1 to 255 bytes", ["user." + "n" * 251, "1"]),
    xattr("twice", "comes twice", ["user.a", "1"], ["user.a", "2"]),
    xattr("out of order", "out of order", ["user.b", "1"], ["user.a", "2"]),
    xattr("in a second form", "'xattrs' is not a list",
          ["user.a", {"$b64": b64(b"text")}]),
    xattr("for terminals", r"\\x1b\[31m", ["com.\x1b[31m", "1"]),
    xattr("of more than 64 KiB", "is over 65536",
          ["user.a", "1" * 65536]),
    xattr("a thousand of them", "is over 65536",
          *(["user.%04d" % n, "1" * 60] for n in range(1000))),
    with_("acl of more than 32 KiB", "is over 65536", acl=[
        USER, *(["user", "r--", n, "n" * 40] for n in range(1, 1400)),
        GROUP, MASK, OTHER]),
    with_("xattrs as an object", "'xattrs' is not a list",
          xattrs={"user.a": "1"}),
    tree("xattr of users on a link", "is not one that a link line carries",
         entry("link", "a", target="t", xattrs=[["user.a", "1"]])),
    tree("xattr of users on a device", "is not one that a char line carries",
         entry("char", "a", rdev="1:3", xattrs=[["user.a", "1"]])),
    tree("acl of a link", "'acl' is not of a link",
         entry("link", "a", target="t", acl=[USER, GROUP, MASK, OTHER])),
    with_("a flag that is none", "known words", flags=["whiteout"]),
    with_("flags out of order", "'flags' is not ascending",
          flags=["nodump", "append"]),
    with_("flags as a number", "'flags' is not", flags=16),
    tree("flags of a link", "'flags' is not of a link",
         entry("link", "a", target="t", flags=["immutable"])),
    members("secrets", "'slots' is not a list",
            lambda line: {**line, "slots": []}),
]


def of_size(size):
    """One chunk that claims to be this much; its hash agrees."""
    body = Body(b"x" * 65536)
    body.size = size
    return body


HUGE = 10**15 - 1
CAPABILITY = (b"\1\0\0\2" + b"\0\4\0\0" + bytes(12))

POLICY = [
    *(tree("a " + name, f"a {what}: needs 'special: true'", line,
           exit_code=4, open_exit=0)
      for name, what, line in (
          ("char", "device", entry("char", "char", rdev="1:3")),
          ("block", "device", entry("block", "block", rdev="8:0")),
          ("fifo", "FIFO", entry("fifo", "fifo")))),
    tree("a setuid file", "privileged: true",
         (entry("file", "f", mode="4755"), BODY), exit_code=4, open_exit=0),
    tree("a setgid file", "privileged: true",
         (entry("file", "f", mode="2755"), BODY), exit_code=4, open_exit=0),
    *(tree("an attribute " + name, "privileged: true",
           (entry("file", "f", xattrs=[[name, {"$b64": value}]]), BODY),
           exit_code=4, open_exit=0)
      for name, value in (("security.capability", b64(CAPABILITY)),
                          ("trusted.overlay.opaque", b64(b"\xff")))),
    tree("a link out of the tree", "links: inside",
         entry("link", "a", target="../x"), exit_code=4, open_exit=0,
         words="links: inside"),
    tree("a link to an absolute path", "links: inside",
         entry("link", "a", target="/etc/passwd"), exit_code=4, open_exit=0,
         words="links: inside"),
    # Each alone stays inside, when it is only read.
    tree("a link out of the tree through another", "links: inside",
         entry("dir", "p"), entry("dir", "p/q"),
         entry("link", "p/q/x", target="../.."),
         entry("link", "y", target="p/q/x/../../etc"),
         exit_code=4, open_exit=0, words="links: inside"),
    tree("our own directory", "a name that valise keeps for itself",
         entry("dir", ".valise"), (entry("file", ".valise/journal"), BODY),
         exit_code=4, open_exit=0),
    with_("10^15 bytes that are not there", "its chunks end at 6", size=HUGE),
    # Nothing contradicts itself: a disk of that size could hold it.
    tree("10^15 bytes from one chunk",
         "have at most .* bytes|no room for what",
         (entry("file", "huge"), of_size(HUGE)), exit_code=4, open_exit=0),
]

# What looks dangerous and is only odd: it comes out as it is, and nothing
# else does.

def neutral(name, *entries, **more):
    rows = [e if isinstance(e, tuple) else (e, None) for e in entries]
    paths = {line["path"] for line, _ in rows}

    def wrong(target):
        found = {os.path.relpath(os.path.join(folder, name), target)
                 for folder, names, files in os.walk(target)
                 for name in names + files}
        if found != paths:
            yield f"{found} came out, not {paths}"
        for line, _ in rows:
            st = os.lstat(target / line["path"])
            if line["t"] == "link" and not stat.S_ISLNK(st.st_mode):
                yield f"{line['path']} is no link"
            elif line["t"] == "file" and not stat.S_ISREG(st.st_mode):
                yield f"{line['path']} is no file"
    return Case("neutral: " + name, 0, (), tree=[ROOT, *rows],
                comes_out=wrong, **more)


NEUTRAL = [
    neutral("links that lead to each other", entry("link", "a", target="b"),
            entry("link", "b", target="a"), entry("link", "c", target="c")),
    neutral("a link through which nothing is written",
            entry("link", "a", target="/etc"),
            entry("link", "b", target="a/passwd")),
    neutral("names for programs", *(
        (entry("file", name), BODY) for name in sorted(
            ("-rf", ".git", "CON", "a:b", "dot.", "git~1", "nul.txt", " ")))),
    neutral("names that fold together", *(
        (entry("file", name), BODY) for name in sorted(
            ("Case", "case", "caf\u00e9", "cafe\u0301"),
            key=lambda text: text.encode()))),
    neutral("members that are passed over",
            (entry("file", "f", x_new=[1, {"a": None}]), BODY)),
]

CASES = (ROOTS + PATHS + ORDER + HARD + FORMS + LINES + ATTRIBUTES + POLICY
         + NEUTRAL)
