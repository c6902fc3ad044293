"""head.jsn, keys.jsn, inner head (formats/bundle.md, formats/keys.md)."""
from base import PASSWORD, Bundle, Case, base_tree
from bundlewriter import Identity, Password, Sender, b64u, fixed
from twokeys import opens_twice


def replace(old, new):
    def edit(data):
        assert old in data, f"{old} is not there"
        return data.replace(old, new, 1)
    return edit


NO_FORM = "JSON is not in canonical form"
NO_UTF8 = "not a JSON text in UTF-8"
NO_INTEGER = r"a number is no integer below 10\^15"
# What is said of each below; of all others NO_FORM.
WORDS = {"a key twice": "JSON keys do not ascend",
         "minus zero": "a number is -0", "a huge number": NO_INTEGER,
         "bytes that are not UTF-8": NO_UTF8}
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
HEAD_FORMS = [Case("head.jsn with " + name, 5,
                   ("head.jsn", WORDS.get(name, NO_FORM)), {
                       "head text": change}, seal=True)
              for name, change in FORMS]
KEYS_FORMS = [Case("keys.jsn with " + name, 5,
                   ("keys.jsn", WORDS.get(name, NO_FORM)), {
                       "keys text": change}) for name, change in (
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
INNER_FORMS = [Case("inner head with " + name, 5,
                    ("inner head", WORDS.get(name, NO_FORM)), {
                        "inner text": change}) for name, change in FORMS]


def head(name, says, exit_code=5, **members):
    return Case("head: " + name, exit_code, says,
                {"head": lambda h: {**h, **members}}, seal=True)


HEADS = [
    head("another version", "version 1 is not known", v=1),
    head("another version of all else", "version 1 is not known", v=1,
         kind="delta", must=["quantum"], parity={}, volumes=[]),
    head("an unknown feature", "feature 'quantum' is not known",
         must=["gear1", "quantum", "zstd"]),
    head("an unknown member", "parity is not known",
         parity={"k": 200, "m": 56}),
    head("small frames", "'frame_log2' is 15, not in 16",
         frame_log2=15),
    head("large frames", "'frame_log2' is 21, not in 16",
         frame_log2=21),
    head("other frames than the files have", "which are no frames",
         frame_log2=17),
    head("a delta", "delta bundles are not known", exit_code=4,
         kind="delta", base="0" * 64),
    head("no index file", "volume: 'i' is 0, not in 1",
         volumes=[{"i": [1, 0]}]),
    head("two volumes", "2 volumes are not known",
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
NOT_COMMITTED = "the {} key is another than committed"
NO_EPK = "'epk' is not 32 bytes in base64url"
LOW_ORDER = "an X25519 key in them is of low order"
NOT_OPENED = "no key opens this bundle: wrong {} or damaged keys"
NO_IDENTITY = NOT_OPENED.format("identity")
NO_PASSWORD = NOT_OPENED.format("password")
STANZAS = [
    argon("4 TiB of memory", "'m' is 4294967296", m=1 << 32),
    argon("1 TiB of memory", "asks for 1073741824 KiB", m=1 << 30),
    argon("no memory", "asks for 0 KiB", m=0),
    argon("2^32 - 1 passes", "asks for 4294967295 passes", n=(1 << 32) - 1),
    argon("no pass", "asks for 0 passes", n=0),
    argon("passes times memory", "times passes", m=1 << 20, n=10),
    argon("two lanes", "stanza: 'p' is 2, not 1", p=2),
    argon("a short salt", "'salt' is not 16 bytes",
          salt=b64u(fixed("salt", 15))),
    Case("no stanza", 5, "keys: 0 stanzas are not 1",
         {"stanzas": lambda s: []}),
    Case("nine stanzas", 5, "keys: 9 stanzas are not 1",
         {"stanzas": lambda s: s * 9}),
    stanza("a wrap of the other role", 5, "'wrap' is not 112 bytes",
           lambda s: {"wrap": s["wrap"][:107]}),
    stanza("a short wrap", 5, "'wrap' is not 112 bytes",
           lambda s: {"wrap": s["wrap"][:-4]}),
    stanza("stray bits", 5, NO_EPK, lambda s: {"epk": unpadded(s["epk"])}),
    stanza("padding", 5, NO_EPK, lambda s: {"epk": s["epk"] + "="}),
    stanza("a member too many", 5, "member 'x_note' is not known",
           lambda s: {"x_note": 1}),
    stanza("epk of zeros", 7, LOW_ORDER, lambda s: {"epk": b64u(bytes(32))}),
    stanza("epk of order 1", 7, LOW_ORDER,
           lambda s: {"epk": b64u(b"\1" + bytes(31))}),
    stanza("epk of order 8", 7, LOW_ORDER, lambda s: {
        "epk": b64u(bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46a"
                                  "da098deb9c32b1fd866205165f49b800"))}),
    stanza("kc of another", 7, NO_IDENTITY,
           lambda s: {"kc": b64u(fixed("kc"))}),
    stanza("wrap of another", 5,
           "the wrapped keys do not authenticate",
           lambda s: {"wrap": b64u(fixed("wrap", 112))}),
    stanza("role raised", 7, NO_IDENTITY, lambda s: {
        "role": "full", "wrap": s["wrap"] + b64u(bytes(33))[:43]},
        openers=(Identity("recipient", "audit"),)),
    Case("wrong password", 7, NO_PASSWORD, openers=(Password(b"staple"),),
         opener="password"),
    Case("wrong identity", 7, NO_IDENTITY, openers=(Identity("somebody"),)),
    Case("no stanza of a known type", 7, "opens with no kind of key",
         {"stanzas": lambda s: [{"t": "x25519next"}]}),
    # The cipher opens under both: only kc shows which one is meant.
    Case("a wrap that two passwords open, by the one that kc is not of", 7,
         NO_PASSWORD, {"stanzas": lambda s: [
             opens_twice(s[0], GUESS, PASSWORD)]},
         opener="password", openers=(Password(GUESS),)),
    Case("a wrap that two passwords open, by the one that kc is of", 5,
         NOT_COMMITTED.format("transfer"), {"stanzas": lambda s: [
             opens_twice(s[0], PASSWORD, GUESS)]},
         opener="password", openers=(Password(PASSWORD),)),
    Case("a stanza of another bundle", 7, NO_IDENTITY,
         {"common": lambda c: {**c, "id": fixed("other id", 16).hex()},
          "stanzas": lambda s: [OTHER]}),
]


def keys(name, says, change):
    """Behind the back of the MAC."""
    return Case("keys.jsn: " + name, 5, says, {"keys": change})


NO_MAC = "keys.jsn does not authenticate: its stanzas were changed"
KEYS = [
    keys("a stanza added", NO_MAC, lambda k: {
        **k, "stanzas": [*k["stanzas"], OTHER]}),
    Case("keys.jsn: a stanza removed", 5, NO_MAC, {
        "keys": lambda k: {**k, "stanzas": k["stanzas"][:1]}},
        openers=(Identity("recipient"), Identity("auditor", "audit"))),
    keys("another mac", NO_MAC, lambda k: {**k, "mac": "0" * 64}),
    keys("another version", "keys: version 1 is not known",
         lambda k: {**k, "v": 1}),
    keys("an unknown member", "member 'note' is not known",
         lambda k: {**k, "note": 1}),
    Case("keys.jsn: a space", 5, NO_FORM, {
        "keys text": replace(b'"v":0', b'"v": 0')}),
    Case("a bundle key that the head does not commit to", 5,
         "not those that the head commits to",
         {"common": lambda c: {**c, "commit": "0" * 64}}),
]


def inner(name, says=None, exit_code=5, **members):
    """One that the head has, too, and says otherwise, unless `says`."""
    return Case("inner head: " + name, exit_code,
                says or f"inner head has another {name} than head.jsn",
                {"inner": lambda i: {**i, **members}})


INNERS = [
    inner("version", "inner head: version 1 is not known", v=1),
    inner("format", "'format' is not 'valise-bundle'", format="valise-bundl"),
    inner("created", "'created' is not a time", created="1700000000"),
    inner("kind of a resource", "of kind 'rows', which this version|"
          "kind 'rows' in the bundle, and of kind 'files' in", exit_code=4,
          resources=[{"hash": "0" * 64, "kind": "rows", "name": "files"}]),
    Case("inner head: sealed again by another trusted sender", 6,
         "by another sender than its seal",
         {"signer": lambda _: Sender("other")}, trusted="other"),
    inner("seq", seq=2), inner("epoch", epoch=2),
    inner("id", id="0" * 32), inner("series", series="0" * 32),
    inner("prev", prev="1" * 64), inner("must", must=["zstd"]),
    inner("hints", hints=["x"]), inner("frame_log2", frame_log2=17),
    inner("commit", commit="0" * 64),
    inner("kind", "delta bundles are not known", exit_code=4, kind="delta",
          base="0" * 64),
    inner("sender", "by another sender than its seal", exit_code=6,
          sender=fixed("nobody").hex()),
    inner("sk_commit", NOT_COMMITTED.format("series"),
          sk_commit="0" * 64),
    inner("tk_commit", NOT_COMMITTED.format("transfer"),
          tk_commit="0" * 64),
    inner("chunker", "chunker: 'max' is 2097152, not in",
          chunker={"avg": 262144, "max": 2097152, "min": 65536}),
    inner("unknown member", "member 'secrets' is not known", secrets=1),
    inner("packs", "3 frames where the inner head says 4", packs=[4]),
    inner("no resource of the manifest",
          "its resource is not one of the inner head", resources=[]),
    Case("inner head: a resource without a record", 5,
         "resource 'other' of the inner head has no lines", {
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
