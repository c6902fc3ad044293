"""Secrets of files (formats/manifest.md, "Secrets in files")."""
from base import Body, Case, base_tree, entry
from bundlewriter import Secret, Transfer, fixed, pad

PLAIN = b"correct horse"
TEXT = b"A=\nB=\n"
SLOTS = ((2, Secret(PLAIN, inside="line A")),
         (5, Secret(PLAIN, "clear", inside="line B")))


def file(name, slots=SLOTS, body=TEXT, t="file", **more):
    return entry(t, name, slots=slots, **more), body


FILES = [file("zz.env"), file("zzz.env")]
LINE = len(base_tree())  # the number of that of the first


def case(name, says, change=None, files=FILES, stage="tokens"):
    """`change` gets the tokens, (line, slot, token) of each."""
    return Case("file: " + name, 5, says, {stage: change} if change else {},
                tree=[*base_tree(), *files])


def place(line=FILES[0][0], number=0):
    return line["slots"][number][1].place(line, "")


def put(number, make):
    """Another token in the place of that one."""
    def change(tokens):
        line, slot, token = tokens[number]
        return [*tokens[:number], (line, slot, make(token)),
                *tokens[number + 1:]]
    return change


def sealed(where, plain=PLAIN, number=0, epoch=1, key="transfer key",
           series="series"):
    by = Transfer(fixed(key), fixed(series, 16), epoch)
    return put(number, lambda _: by.seal(where, pad(plain)))


def moved(index, word):
    """One part of the place is another."""
    where = place()
    return sealed([*where[:index], word, *where[index + 1:]])


def numbered(number, line, slot):
    return lambda tokens: [*tokens[:number], (line, slot, tokens[number][2]),
                           *tokens[number + 1:]]


WHERE = "resource 'files', 'zz.env', secret 'line A': a secret "
NO_OPEN = WHERE + "does not open"

TOKENS = [
    case("of another epoch", WHERE + "is of another epoch",
         sealed(place(), epoch=2)),
    case("of another series", NO_OPEN, sealed(place(), series="other")),
    case("under another key", NO_OPEN, sealed(place(), key="other")),
    case("of another resource", NO_OPEN, moved(0, "other")),
    case("of a row", NO_OPEN, moved(1, "notes")),
    case("of another path", NO_OPEN, moved(2, "zzz.env")),
    case("of a column", NO_OPEN, moved(3, "body")),
    case("of another place in it", NO_OPEN, moved(4, "line B")),
    case("of the whole file", NO_OPEN, moved(4, "")),
    case("of another type", NO_OPEN, moved(5, "clear")),
    case("of a blob", NO_OPEN, moved(5, "blob")),
    case("of the file behind it", NO_OPEN,
         lambda t: [(*t[0][:2], t[2][2]), t[1], (*t[2][:2], t[0][2]), t[3]]),
    case("with another tag", NO_OPEN,
         put(0, lambda t: t[:8] + bytes((t[8] ^ 1,)) + t[9:])),
    case("with other bytes", NO_OPEN,
         put(0, lambda t: t[:45] + bytes((t[45] ^ 1,)) + t[46:])),
    case("another than its fingerprint", WHERE + "is another than its",
         sealed(place(), plain=b"wrong horse")),
    case("with a fingerprint that does not fit", WHERE + "is another than its",
         lambda lines: [{**m, "slots": [
             [2, "sf1." + "A" * 22, "line A", "text"], m["slots"][1]]}
             if m["path"] == "zz.env" else m for m in lines], stage="lines"),
    case("the second that does not open",
         "'zzz.env', secret 'line B': a secret does not open",
         sealed(place(), number=1),
         files=[(entry("file", "zz.env"), TEXT), FILES[1]]),
]

COUNT = [
    case("that is missing", f"line {LINE}: its secret 1 is missing|"
         f"secret 0 of line {LINE + 1} stands",
         lambda t: [t[0], *t[2:]]),
    case("that is missing at the end", f"line {LINE + 1}: its secret 1 is "
         "missing", lambda t: t[:3]),
    case("all that are missing", f"line {LINE}: its secret 0 is missing",
         lambda t: []),
    case("too many", "1 secrets are of no line",
         lambda t: [*t, (LINE + 1, 2, t[3][2])]),
    case("of a file without", "1 secrets are of no line",
         lambda t: [(LINE, 0, bytes(72))],
         files=[(entry("file", "zz.env"), TEXT)]),
    case("of another line", f"secret 0 of line {LINE + 1} stands where its "
         "secret 0", numbered(0, LINE + 1, 0)),
    case("of another number", f"secret 1 of line {LINE} stands where its "
         "secret 0", numbered(0, LINE, 1)),
    case("out of order", f"secret 1 of line {LINE} stands",
         lambda t: [t[1], t[0], *t[2:]]),
    case("too large with another of its file", "more than 1048664 bytes",
         files=[file("zz.env", [
             (2, Secret(bytes(600000), inside="line A")),
             (5, Secret(bytes(600000), inside="line B"))])]),
]


def large():
    """One chunk that claims to be more than a file with secrets may be."""
    body = Body(TEXT)
    body.size = (16 << 20) + 1
    return body


FORM = [
    case("beyond its file", "secret 1 is behind the file",
         files=[file("zz.env", [SLOTS[0], (7, SLOTS[1][1])])]),
    case("before the one before", "secret 1 is before the one before",
         files=[file("zz.env", [SLOTS[1], SLOTS[0]])]),
    case("the whole of a file with more in it", "is the whole file",
         files=[file("zz.env", [(0, Secret(PLAIN))])]),
    case("the whole of a file with another", "is the whole file",
         files=[file("zz.env", [(0, Secret(PLAIN)), (0, SLOTS[0][1])],
                     b"")]),
    case("of a blob of a file", "'slots' is not a list",
         files=[file("zz.env", [(2, Secret(PLAIN, "blob", "line A"))])]),
    case("beside holes", "a file with secrets has no holes",
         files=[file("zz.env", holes=[[3, 1]])]),
    case("of a directory", "'slots' is not of a dir line",
         files=[(entry("dir", "zz.env", slots=[SLOTS[0]]), None)]),
    case("of a link", "'slots' is not of a link line",
         files=[(entry("link", "zz.env", slots=[SLOTS[0]], target="f"),
                 None)]),
    case("of a hard link", "'slots' is not of a hard line",
         files=[(entry("hard", "zz.env", slots=[SLOTS[0]], to="f"), None)]),
    case("of a file of more than 16 MiB", "16777217 bytes, more than 16777216",
         files=[file("zz.env", body=large())]),
    case("with a place of 1,025 bytes", "the place of secret 0",
         files=[file("zz.env", [(2, Secret(PLAIN, inside="$." + "a" * 1023))])]),
]

CASES = [*TOKENS, *COUNT, *FORM]
