"""Lines of a manifest, their order and their root: formats/manifest.md."""

import re

import rows
import slots
from common import (SMALL_FILE, blake, demand, from_base64url, is_hex,
                  is_name, is_number, is_text, is_time, json_read, kdf_series,
                  le64, members, shown)

ID_MOST = 4294967294
PATH_MOST, COMPONENTS_MOST, COMPONENT_MOST = 8192, 1000, 255
TARGET_MOST = 4095
ATTRIBUTE_NAME_MOST = 255

WHY = "unreadable|unstable|excluded|kind|mount|name"
FLAGS = ("append compress dirsync immutable journal_data noatime nocow nodump "
         "notail secure_delete sync topdir undelete").split()

# For each type: members that it must have and members that it may have,
# beside path, r and t.
TYPES = {
    "dir": ("gid mode mtime uid", "acl acl_default flags group owner xattrs"),
    "file": ("gid hash mode mtime size uid",
             "acl flags group holes owner slots xattrs"),
    "link": ("gid mtime target uid", "group owner xattrs"),
    "hard": ("to", ""),
    "fifo": ("gid mode mtime uid", "acl group owner xattrs"),
    "char": ("gid mode mtime rdev uid", "acl group owner xattrs"),
    "block": ("gid mode mtime rdev uid", "acl group owner xattrs"),
    "left_out": ("why", ""),
}
IN_BYTES = ("path", "target", "to")     # these have a form with _b


# First and last line

def read_first(line):
    value = read_json(line)
    demand(is_number(value.get("v")) and value["v"] == 0,
           "a manifest of a version that is not known")
    members(value, "the first line", "epoch format series site v",
            extensions=False)
    demand(value["format"] == "valise-manifest", "no valise manifest")
    demand(is_number(value["epoch"], 1), "'epoch' is no number from 1")
    demand(is_hex(value["series"], 32), "'series' is no hex32")
    demand(is_name(value["site"]), "'site' is no name")
    return value


def read_last(line):
    value = read_json(line)
    members(value, "the last line", "count root", extensions=False)
    demand(is_number(value["count"]), "'count' is no number")
    demand(is_hex(value["root"], 64), "'root' is no hex64")
    return value


def read_json(line):
    demand(len(line) <= SMALL_FILE, "a line of more than 65,536 bytes",
           "limit")
    demand(line.endswith(b"\n"), "a line without LF")
    return json_read(line[:-1], "a line")


# A line of a tree

def read_any(line):
    """The object of a line of a tree or of a database."""
    value = read_json(line)
    if isinstance(value.get("t"), str) and value["t"] in rows.KINDS:
        return rows.read_line(value)
    return read_line(line)


def read_line(line):
    """The object of a line, with path, target and to as bytes."""
    value = read_json(line)
    kind = value.get("t")
    demand(isinstance(kind, str) and kind in TYPES, "a type that is not known")
    must, may = TYPES[kind]
    value = with_bytes(value, f"path r {must}".split())
    members(value, "a line", f"path r t {must}", may)
    check_values(value)
    if kind == "hard":
        check_path(value["to"])
        demand(value["to"] != b"", "'to' is the root", "path")
    check_path(value["path"])
    demand(value["path"] != b"" or kind in ("dir", "left_out"),
           "a root that is no directory", "path")
    if "slots" in value:
        slots.check_file(value)
    return value


def with_bytes(value, wanted):
    """Puts bytes in the place of path or path_b, and the like."""
    out = dict(value)
    for name in IN_BYTES:
        coded = out.pop(name + "_b", None)
        if name + "_b" in value:
            demand(name in wanted, f"a member '{name}_b'")
            demand(name not in value, f"'{name}' in two forms")
            out[name] = from_base64url(coded, f"'{name}_b'")
            demand(not is_utf8(out[name]), f"'{name}_b' is UTF-8")
        elif name in value:
            demand(isinstance(value[name], str), f"'{name}' is no string")
            out[name] = value[name].encode()
    return out


def is_utf8(data):
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def check_path(path):
    demand(b"\0" not in path, "a NUL in a path", "path")
    demand(len(path) <= PATH_MOST, "a path that is too long", "path")
    if path == b"":
        return
    parts = path.split(b"/")
    demand(len(parts) <= COMPONENTS_MOST, "a path that is too deep", "path")
    says = f"{path!a} is no path"
    for part in parts:
        keyed = b"{" in part or b"%" in part
        demand(len(part) >= 1 and (len(part) <= COMPONENT_MOST or keyed)
               and part not in (b".", b".."), says, "path")


def check_values(value):
    demand(is_name(value["r"]), "'r' is no name")
    checks = {
        "uid": lambda v: is_number(v, 0, ID_MOST),
        "gid": lambda v: is_number(v, 0, ID_MOST),
        "owner": lambda v: isinstance(v, str) and v != "",
        "group": lambda v: isinstance(v, str) and v != "",
        "mode": lambda v: is_text(v, "[0-7]{4}"),
        "mtime": is_time,
        "size": is_number,
        "hash": is_content_hash,
        "rdev": is_device,
        "why": lambda v: is_text(v, WHY),
        "flags": are_flags,
    }
    for name, check in checks.items():
        demand(name not in value or check(value[name]), f"'{name}' is wrong")
    if "acl" in value:
        check_acl(value["acl"], value["mode"])
    if "acl_default" in value:
        check_acl(value["acl_default"], None)
    if "xattrs" in value:
        check_xattrs(value["xattrs"], value["t"])
    if "target" in value:
        demand(1 <= len(value["target"]) <= TARGET_MOST
               and b"\0" not in value["target"], "'target' is wrong", "path")
    if "holes" in value:
        check_holes(value["holes"], value["size"])


def is_content_hash(value):
    return (is_text(value, r"k1\.[A-Za-z0-9_-]{43}")
            and len(from_base64url(value[3:], "'hash'")) == 32)


def is_device(value):
    return (is_text(value, "(0|[1-9][0-9]{0,9}):(0|[1-9][0-9]{0,9})")
            and all(int(v) < 2 ** 32 for v in value.split(":")))


def are_flags(value):
    return (isinstance(value, list) and value != []
            and all(isinstance(v, str) and v in FLAGS for v in value)
            and all(a < b for a, b in zip(value, value[1:])))


def check_holes(holes, size):
    demand(isinstance(holes, list) and holes != [], "'holes' is wrong")
    for hole in holes:
        demand(isinstance(hole, list) and len(hole) == 2
               and all(is_number(v) for v in hole), "'holes' is wrong")
    behind = 0
    for offset, length in holes:
        demand(length > 0 and offset >= behind, "holes that overlap", "limit")
        behind = offset + length
        demand(behind <= size, "a hole beyond the file", "limit")


def check_acl(entries, mode):
    """A list; mode is None for acl_default."""
    demand(isinstance(entries, list) and entries != [], "a list is wrong")
    keys, perms = [], {}
    for entry in entries:
        demand(isinstance(entry, list) and 2 <= len(entry) <= 4
               and all(isinstance(v, str) for v in entry[:2])
               and entry[0] in ("user", "group", "mask", "other"),
               "an entry of a list is wrong")
        word, named = entry[0], len(entry) > 2
        demand(is_text(entry[1], "[r-][w-][x-]"), "permissions are wrong")
        demand(not named or word in ("user", "group"), f"'{word}' has a number")
        demand(not named or is_number(entry[2], 0, ID_MOST),
               "a number of a list is wrong")
        demand(len(entry) < 4 or (isinstance(entry[3], str) and entry[3]),
               "a name of a list is wrong")
        place = ("user", "group", "mask", "other").index(word)
        keys.append((place, named, entry[2] if named else 0))
        if not named:
            perms[word] = entry[1]
    demand(all(a < b for a, b in zip(keys, keys[1:])),
           "entries of a list do not ascend")
    demand({"user", "group", "other"} <= set(perms), "a list lacks an entry")
    someone = any(named for _, named, _ in keys)
    demand("mask" in perms or (mode is None and not someone),
           "a list lacks its mask")
    if mode is not None:
        shown = "".join(perms[w] for w in ("user", "mask", "other"))
        bits = "".join("0" if c == "-" else "1" for c in shown)
        demand(int(bits, 2) == int(mode, 8) & 0o777,
               "a list that contradicts 'mode'")


def text_or_b64(value):
    """Bytes of a name or value of an attribute."""
    if isinstance(value, str):
        return value.encode()
    demand(isinstance(value, dict) and list(value) == ["$b64"],
           "an attribute of another form")
    data = from_base64url(value["$b64"], "'$b64'")
    demand(not is_utf8(data) or b"\0" in data, "'$b64' is text")
    return data


def check_xattrs(pairs, kind):
    demand(isinstance(pairs, list) and pairs != [], "'xattrs' is wrong")
    before = b""
    for pair in pairs:
        demand(isinstance(pair, list) and len(pair) == 2, "'xattrs' is wrong")
        name = text_or_b64(pair[0])
        text_or_b64(pair[1])
        demand(len(name) <= ATTRIBUTE_NAME_MOST and b"\0" not in name
               and re.fullmatch(rb"(user|security|trusted)\..+", name,
                                re.DOTALL) is not None,
               f"an attribute {name!a}")
        demand(name != b"security.selinux", "an attribute of SELinux")
        demand(not name.startswith(b"user.") or kind in ("dir", "file"),
               "'user.' on what is neither directory nor file")
        demand(before < name, "attributes that do not ascend")
        before = name


# What no single line shows

def sort_key(line):
    """Bytes of r, then of the path with the slash below every other byte."""
    return line["r"].encode(), line["path"].split(b"/") if line["path"] else []


class Lines:
    """Takes the lines in order. resources: (name, kind) of each."""

    def __init__(self, resources):
        self.resources = list(resources)    # those that are still to come
        self.name, self.kind, self.of = None, None, None

    def take(self, line):
        if line["r"] != self.name:
            demand(self.resources and line["r"] == self.resources[0][0],
                   f"'{line['r']}' is not the resource that the inner head "
                   "has here", "auth")
            self.name, self.kind = self.resources.pop(0)
            demand(self.kind in ("files", "sqlite"),
                   f"a resource of kind {self.kind}", "refused")
            self.of = Tree() if self.kind == "files" else rows.Database()
        demand((line["t"] in rows.KINDS) == (self.kind == "sqlite"),
               f"a line of type '{line['t']}' in a resource of kind "
               f"'{self.kind}'")
        self.of.take(line)


class Tree:
    """Takes the lines of one tree in order; keeps all paths and their types
    in memory."""

    def __init__(self):
        self.before = None
        self.types = {}

    def take(self, line):
        what = shown(line["r"], line["path"])
        key = sort_key(line)
        if self.before is None:
            demand(line["path"] == b"", f"{what}: a tree without root",
                   "path")
        else:
            demand(self.before < key, f"{what}: lines out of order", "path")
            parent = line["path"].rpartition(b"/")[0]
            demand(self.types.get(parent) == "dir",
                   f"{what}: what it stands in is no directory", "path")
        if line["t"] == "hard":
            demand(self.types.get(line["to"])
                   in ("file", "link", "fifo", "char", "block"),
                   f"{what}: 'to' names no earlier line", "path")
        self.types[line["path"]] = line["t"]
        self.before = key


class Root:
    """The Merkle root of leaves that come one by one: a stack of the roots
    of full trees, the largest first."""

    def __init__(self, sk):
        self.leaf_key, self.node_key = kdf_series(sk, 4), kdf_series(sk, 5)
        self.stack = []

    def add(self, data):
        size, root = 1, blake(data, key=self.leaf_key)
        while self.stack and self.stack[-1][0] == size:
            root = blake(self.stack.pop()[1] + root, key=self.node_key)
            size *= 2
        self.stack.append((size, root))

    def finish(self, count):
        self.add(le64(count))
        root = self.stack[-1][1]
        for _, left in reversed(self.stack[:-1]):
            root = blake(left + root, key=self.node_key)
        return root


# Content hash

def content_hash(sk, size, chunks):
    """chunks: (offset, id) in order."""
    return blake(le64(size) + b"".join(le64(o) + i for o, i in chunks),
                 key=kdf_series(sk, 3))
