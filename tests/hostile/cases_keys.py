"""head.jsn, keys.jsn, inner head (formats/bundle.md, formats/keys.md)."""
from base import PASSWORD, Bundle, Case, base_tree
from bundlewriter import Identity, Password, Sender, b64u, fixed
from twokeys import opens_twice


def replace(old, new):
    def edit(data):
        assert old in data, f"{old} is not there"
        return data.replace(old, new, 1)
    return edit


# Forms of JSON that are not the canonical one; {"epoch":1 ...} has them all.
FORMS = [
    ("a key twice", replace(b'"epoch":1', b'"epoch":1,"epoch":1')),
    ("a leading zero", replace(b'"epoch":1', b'"epoch":01')),
    ("a fraction", replace(b'"epoch":1', b'"epoch":1.0')),
    ("an exponent", replace(b'"epoch":1', b'"epoch":1e3')),
    ("minus zero", replace(b'"epoch":1', b'"epoch":-0')),
    ("a huge number", replace(b'"epoch":1', b'"epoch":1e999')),
    ("NUL as an escape", replace(b'"hints":[]', b'"hints":["\\u0000"]')),
    ("a byte order mark", lambda d: b"\xef\xbb\xbf" + d),
    ("bytes that are not UTF-8", replace(b'"hints":[]',
                                         b'"hints":["\xff"]')),
    ("a space", replace(b'"epoch":1', b'"epoch": 1')),
    ("a CR", replace(b'"epoch":1', b'"epoch":1\r')),
]
HEAD_FORMS = [Case("head.jsn with " + name, 5, "head.jsn",
                   {"head text": change}, seal=True)
              for name, change in FORMS]
KEYS_FORMS = [Case("keys.jsn with " + name, 5, "keys.jsn",
                   {"keys text": change}) for name, change in (
    ("a key twice", replace(b'"v":0', b'"v":0,"v":0')),
    ("a leading zero", replace(b'"v":0', b'"v":00')),
    ("a fraction", replace(b'"v":0', b'"v":0.0')),
    ("an exponent", replace(b'"v":0', b'"v":0e0')),
    ("minus zero", replace(b'"v":0', b'"v":-0')),
    ("a huge number", replace(b'"v":0', b'"v":1e999')),
    ("NUL as an escape", replace(b'"x25519"', b'"x25519\\u0000"')),
    ("a byte order mark", lambda d: b"\xef\xbb\xbf" + d),
    ("bytes that are not UTF-8", replace(b'"x25519"', b'"x25519\xff"')),
    ("a CR", replace(b'"v":0', b'"v":0\r')))]
INNER_FORMS = [Case("inner head with " + name, 5, "inner head",
                    {"inner text": change}) for name, change in FORMS]


def head(name, says, exit_code=5, **members):
    return Case("head: " + name, exit_code, says,
                {"head": lambda h: {**h, **members}}, seal=True)


HEADS = [
    head("another version", "version", v=1),
    head("an unknown feature", "feature 'quantum'",
         must=["gear1", "quantum", "zstd"]),
    head("an unknown member", "parity", parity={"k": 200, "m": 56}),
    head("small frames", "frame_log2", frame_log2=15),
    head("large frames", "frame_log2", frame_log2=21),
    head("other frames than the files have", "size|frames", frame_log2=17),
    head("a delta", "delta", exit_code=4, kind="delta", base="0" * 64),
    head("no index file", "volume", volumes=[{"i": [1, 0]}]),
    head("two volumes", "volumes",
         volumes=[{"i": [1, 1]}, {"i": [2, 2], "p": [1, 1]}]),
]


# The stanza by which the same recipient opens another bundle.
OTHER = Bundle(base_tree(), seq=2).stanza(Identity("recipient"))


def stanza(name, exit_code, says, change, **more):
    """`change` is of the first stanza, before the MAC is made."""
    def edit(stanzas):
        return [{**stanzas[0], **change(stanzas[0])}, *stanzas[1:]]
    return Case("stanza: " + name, exit_code, says, {"stanzas": edit}, **more)


def argon(name, says, **members):
    """The stanza of a password with other costs than those it has."""
    return stanza(name, 5, says, lambda _: members, opener="password",
                  openers=(Password(PASSWORD), Identity("recipient")))


def unpadded(text):
    """base64url with stray bits behind the last byte."""
    return text[:-1] + chr(ord(text[-1]) + 1)


GUESS = b"another password"
STANZAS = [
    argon("4 TiB of memory", "'m' is 4294967296", m=1 << 32),
    argon("1 TiB of memory", "memory|KiB|limit", m=1 << 30),
    argon("no memory", "memory|KiB|limit", m=0),
    argon("2^32 - 1 passes", "pass", n=(1 << 32) - 1),
    argon("no pass", "pass", n=0),
    argon("passes times memory", "times passes", m=1 << 20, n=10),
    argon("two lanes", "keys.jsn|lane|'p'", p=2),
    argon("a short salt", "salt", salt=b64u(fixed("salt", 15))),
    Case("no stanza", 5, "stanza", {"stanzas": lambda s: []}),
    Case("nine stanzas", 5, "stanza", {"stanzas": lambda s: s * 9}),
    stanza("a wrap of the other role", 5, "wrap",
           lambda s: {"wrap": s["wrap"][:107]}),
    stanza("a short wrap", 5, "wrap", lambda s: {"wrap": s["wrap"][:-4]}),
    stanza("stray bits", 5, "epk", lambda s: {"epk": unpadded(s["epk"])}),
    stanza("padding", 5, "epk", lambda s: {"epk": s["epk"] + "="}),
    stanza("a member too many", 5, "x_note|member", lambda s: {"x_note": 1}),
    stanza("epk of zeros", 7, "key", lambda s: {"epk": b64u(bytes(32))}),
    stanza("epk of order 1", 7, "key",
           lambda s: {"epk": b64u(b"\1" + bytes(31))}),
    stanza("epk of order 8", 7, "key", lambda s: {"epk": b64u(bytes.fromhex(
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd"
        "866205165f49b800"))}),
    stanza("kc of another", 7, "key", lambda s: {"kc": b64u(fixed("kc"))}),
    stanza("wrap of another", 5, "wrap",
           lambda s: {"wrap": b64u(fixed("wrap", 112))}),
    stanza("role raised", 7, "key", lambda s: {
        "role": "full", "wrap": s["wrap"] + b64u(bytes(33))[:43]},
        openers=(Identity("recipient", "audit"),)),
    Case("wrong password", 7, "password", openers=(Password(b"staple"),),
         opener="password"),
    Case("wrong identity", 7, "key", openers=(Identity("somebody"),)),
    Case("no stanza of a known type", 7, "key",
         {"stanzas": lambda s: [{"t": "x25519next"}]}),
    # The cipher opens under both: only kc shows which one is meant.
    Case("a wrap that two passwords open, by the one that kc is not of", 7,
         "password", {"stanzas": lambda s: [
             opens_twice(s[0], GUESS, PASSWORD)]},
         opener="password", openers=(Password(GUESS),)),
    Case("a wrap that two passwords open, by the one that kc is of", 5,
         "transfer key", {"stanzas": lambda s: [
             opens_twice(s[0], PASSWORD, GUESS)]},
         opener="password", openers=(Password(PASSWORD),)),
    Case("a stanza of another bundle", 7, "key",
         {"common": lambda c: {**c, "id": fixed("other id", 16).hex()},
          "stanzas": lambda s: [OTHER]}),
]


def keys(name, says, change):
    """Behind the back of the MAC."""
    return Case("keys.jsn: " + name, 5, says, {"keys": change})


KEYS = [
    keys("a stanza added", "authenticate", lambda k: {
        **k, "stanzas": [*k["stanzas"], OTHER]}),
    Case("keys.jsn: a stanza removed", 5, "authenticate", {
        "keys": lambda k: {**k, "stanzas": k["stanzas"][:1]}},
        openers=(Identity("recipient"), Identity("auditor", "audit"))),
    keys("another mac", "authenticate", lambda k: {**k, "mac": "0" * 64}),
    keys("another version", "version|'v'", lambda k: {**k, "v": 1}),
    keys("an unknown member", "note", lambda k: {**k, "note": 1}),
    Case("keys.jsn: a space", 5, "canonical", {
        "keys text": replace(b'"v":0', b'"v": 0')}),
    Case("a bundle key that the head does not commit to", 5, "commit",
         {"common": lambda c: {**c, "commit": "0" * 64}}),
]


def inner(name, says=None, exit_code=5, **members):
    return Case("inner head: " + name, exit_code, says or name,
                {"inner": lambda i: {**i, **members}})


INNERS = [
    inner("version", "version", v=1), inner("format", format="valise-bundl"),
    inner("created", created="1700000000"),
    inner("kind of a resource", "kind 'rows'|resource", exit_code=4,
          resources=[{"hash": "0" * 64, "kind": "rows", "name": "files"}]),
    Case("inner head: sealed again by another trusted sender", 6, "sender",
         {"signer": lambda _: Sender("other")}, trusted="other"),
    inner("seq", seq=2), inner("epoch", epoch=2),
    inner("id", id="0" * 32), inner("series", series="0" * 32),
    inner("prev", prev="1" * 64), inner("must", must=["zstd"]),
    inner("hints", hints=["x"]), inner("frame_log2", frame_log2=17),
    inner("commit", commit="0" * 64),
    inner("kind", "kind|delta", exit_code=4, kind="delta",
          base="0" * 64),
    inner("sender", "sender|sign", exit_code=6,
          sender=fixed("nobody").hex()),
    inner("sk_commit", "series key", sk_commit="0" * 64),
    inner("tk_commit", "transfer key", tk_commit="0" * 64),
    inner("chunker", "chunk", chunker={"avg": 262144, "max": 2097152,
                                       "min": 65536}),
    inner("unknown member", "secrets", secrets=1),
    inner("packs", "pack|frames", packs=[4]),
    inner("no resource of the manifest", "files|resource", resources=[]),
    Case("inner head: a resource without a record", 5, "other", {
        "inner": lambda i: {**i, "resources": [
            *i["resources"], {**i["resources"][0], "name": "other"}]}},
        only="files"),
]


def complete(target):
    if (target / "f").read_bytes() != b"hello\n":
        yield "f did not come out"


# What is used shows where it is used.
MUSTS = [
    Case("head: no feature is named", 0, (),
         {"common": lambda c: {**c, "must": []}}, comes_out=complete),
    Case("head: secrets are announced and there are none", 0, (),
         {"common": lambda c: {**c, "must": ["gear1", "siv1", "zstd"]}},
         comes_out=complete),
]

CASES = (HEAD_FORMS + KEYS_FORMS + INNER_FORMS + HEADS + STANZAS + KEYS
         + INNERS + MUSTS)
