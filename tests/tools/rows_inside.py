"""Where ids stand inside values, and what a value is with others: for
rows_state.py.

Follows formats/values.md and no code of valise: JSON, what PHP serialised,
YAML, patterns, lists in text, and packed values.  Slow and obvious.
"""
import json
import re
import zlib

import yaml

WINDOW = {"gzip": 31, "zlib": 15, "deflate": -15}


class Unclear(Exception):
    """The text of the language does not decide this case."""


class Broken(ValueError):
    """A value is not of the form that a line says."""


# ------------------------------------------------------------------- leaves
#
# A leaf is (path, first byte, end, form, value as text, is it a key).

def json_leaves(text):
    """All texts, numbers and names of members of a JSON text of bytes."""
    leaves = []
    space = re.compile(rb"[ \t\n\r]*")
    string = re.compile(rb'"(?:[^"\\]|\\.)*"')
    other = re.compile(rb"[^\s,\]}]+")

    def value(at, path):
        at = space.match(text, at).end()
        if text[at:at + 1] in (b"{", b"["):
            return nested(at, path)
        if text[at:at + 1] == b'"':
            end = string.match(text, at).end()
            leaves.append((path, at + 1, end - 1, "string",
                           json.loads(text[at:end]), False))
        else:
            end = other.match(text, at).end()
            if text[at:end] not in (b"true", b"false", b"null"):
                leaves.append((path, at, end, "number",
                               text[at:end].decode(), False))
        return space.match(text, end).end()

    def nested(at, path):
        is_object = text[at:at + 1] == b"{"
        at = space.match(text, at + 1).end()
        index = 0
        while text[at:at + 1] not in (b"}", b"]"):
            key = index
            if is_object:
                end = string.match(text, at).end()
                key = json.loads(text[at:end])
                leaves.append((path + (key,), at + 1, end - 1, "string", key,
                               True))
                at = space.match(text, end).end() + 1
            at = value(at, path + (key,))
            if text[at:at + 1] == b",":
                at = space.match(text, at + 1).end()
            index += 1
        return space.match(text, at + 1).end()

    try:
        json.loads(text)
    except ValueError as why:
        raise Broken(str(why)) from why
    value(0, ())
    return leaves


class Php:
    """What of a serialised value matters: its leaves, and where its strings
    stand.  Integers are as they are spelled; objects are passed over."""

    INTEGER = re.compile(rb"(-?(?:0|[1-9]\d*));")
    LENGTH = re.compile(rb"(0|[1-9]\d*):")
    DOUBLE = re.compile(rb"-?(?:INF|NAN|\d[\d.E+-]*);")

    def __init__(self, text):
        self.text = text
        self.leaves = []
        self.strings = []       # (first byte, of its content, its end, end)
        if self.value(0, ()) != len(text):
            raise Broken("something stands behind the value")

    def match(self, form, at):
        found = form.match(self.text, at)
        if found is None:
            raise Broken(f"byte {at}")
        return found

    def string(self, at, path, is_key):
        length = self.match(self.LENGTH, at + 2)
        first = length.end() + 1
        end = first + int(length[1])
        if self.text[first - 1:first] != b'"' or \
                self.text[end:end + 2] != b'";':
            raise Broken(f"a length at byte {at}")
        said = self.text[first:end]
        self.strings.append((at, first, end, end + 2))
        self.leaves.append((path, first, end, "plain",
                            said.decode(errors="surrogateescape"), is_key))
        return end + 2

    def scalar(self, at, path, is_key=False):
        """An integer or a string: also what a key may be."""
        if self.text[at:at + 2] == b"s:":
            return self.string(at, path, is_key)
        if self.text[at:at + 2] != b"i:":
            raise Broken(f"byte {at}")
        number = self.match(self.INTEGER, at + 2)
        self.leaves.append((path, *number.span(1), "integer",
                            number[1].decode(), is_key))
        return number.end()

    def value(self, at, path):
        kind = self.text[at:at + 2]
        if kind == b"N;":
            return at + 2
        if kind == b"b:" and self.text[at + 2:at + 4] in (b"0;", b"1;"):
            return at + 4
        if kind == b"d:":
            return self.match(self.DOUBLE, at + 2).end()
        if kind == b"a:":
            return self.array(at, path)
        if kind == b"O:":
            raise Unclear("an object; the room's own tests do it")
        return self.scalar(at, path)

    def array(self, at, path):
        count = self.match(self.LENGTH, at + 2)
        at = count.end() + 1
        for _ in range(int(count[1])):
            mark = len(self.leaves)
            at = self.scalar(at, (), True)
            key = self.leaves[mark]
            inner = path + (key[4],)
            self.leaves[mark] = (inner, *key[1:])
            at = self.value(at, inner)
        if self.text[at:at + 1] != b"}":
            raise Broken(f"byte {at}")
        return at + 1


def php_splice(text, changes, deep=0):
    """`text` with (first byte, end, new bytes) put in; lengths follow."""
    out = b""
    done = 0
    strings = Php(text).strings
    for start, first, end, behind in strings:
        out += splice(text, [c for c in changes if done <= c[0] < start],
                      done, start)
        said = php_string(text[first:end], [
            (at - first, to - first, new) for at, to, new in changes
            if first <= at and to <= end], deep)
        out += b's:%d:"%s";' % (len(said), said)
        done = behind
    return out + splice(text, [c for c in changes if c[0] >= done], done,
                        len(text))


def php_string(text, changes, deep):
    """The same within a string, which may be a serialised value itself."""
    if changes and deep < 8:
        try:
            return php_splice(text, changes, deep + 1)
        except Broken:
            pass
    return splice(text, changes, 0, len(text))


def splice(text, changes, start, stop):
    out = b""
    for at, end, new in changes:
        out += text[start:at] + new
        start = end
    return out + text[start:stop]


def yaml_leaves(text):
    """The scalars of a YAML text of bytes, and those that are keys."""
    leaves = []
    said = text.decode()

    def scalar(node, path, is_key):
        quotes = 1 if node.style in ("'", '"') else 0
        if node.style in ("|", ">"):
            raise Unclear("a block of YAML; the room's own tests do it")
        at, end = node.start_mark.index, node.end_mark.index
        inside = said[at + quotes:end - quotes]
        if quotes and inside != node.value:
            raise Unclear("an escape in YAML; the room's own tests do it")
        if node.tag.endswith((":null", ":bool")):
            return
        first = len(said[:at + quotes].encode())
        leaves.append((path, first, first + len(inside.encode()), "plain",
                       node.value, is_key))

    def value(node, path):
        if isinstance(node, yaml.MappingNode):
            for key, inner in node.value:
                below = path + (key.value,)
                scalar(key, below, True)
                value(inner, below)
        elif isinstance(node, yaml.SequenceNode):
            for index, inner in enumerate(node.value):
                value(inner, path + (index,))
        else:
            scalar(node, path, False)

    try:
        top = yaml.compose(said, yaml.SafeLoader)
    except yaml.YAMLError as why:
        raise Broken(str(why)) from why
    if top is not None:
        value(top, ())
    return leaves


# -------------------------------------------------------------------- paths

def path_fits(steps, path):
    if not steps:
        return not path
    if not path:
        return False
    below, name = steps[0]
    first = name == "*" or path[0] == name
    return (first and path_fits(steps[1:], path[1:])) or \
        (below and path_fits(steps, path[1:]))


def path_steps(text, digits=False):
    """With `digits` a number stands for the name that is spelled so."""
    steps = []
    for dots, name, word, index in re.findall(
            r"(\.{0,2})(?:([\w*-]+)|\[(?:'([^']*)'|(\d+|\*))\])",
            text.rstrip("~")[1:]):
        if index and index != "*" and not digits:
            steps.append((dots == "..", int(index)))
        else:
            steps.append((dots == "..", name or index or word))
    return steps


# ------------------------------------------------------------------- places

def places(line, text):
    """[(at, end, form, id as text)]: where ids stand in a value."""
    try:
        whole = text.decode()
    except UnicodeDecodeError as why:
        raise Unclear("a text that is not UTF-8") from why
    parts = [(0, len(text), "plain", whole)]
    selector = line.json or line.php or line.yaml
    if selector:
        leaves = (json_leaves(text) if line.json else
                  Php(text).leaves if line.php else yaml_leaves(text))
        steps = path_steps(selector, digits=bool(line.php))
        parts = [(at, end, form, value)
                 for path, at, end, form, value, is_key in leaves
                 if is_key == selector.endswith("~") and
                 path_fits(steps, path)]
    if line.pattern:
        parts = [one for part in parts
                 for one in pattern_places(line.pattern, part)]
    if line.split:
        parts = [one for part in parts
                 for one in split_places(line.split, part)]
    return parts


def inner(part, at, end):
    """A stretch of a part whose text is spelled as it is."""
    start, stop, form, text = part
    if len(text.encode()) != stop - start:
        raise Unclear("an escape in a JSON text; the room's own tests do it")
    first = start + len(text[:at].encode())
    return (first, first + len(text[at:end].encode()), form, text[at:end])


def pattern_places(pattern, part):
    for found in re.finditer(pattern, part[3], re.ASCII):
        if found.group(1):
            yield inner(part, *found.span(1))


def split_places(separator, part):
    at = 0
    for piece in part[3].split(separator):
        bare = piece.strip(" \t\r\n")
        if bare:
            first = at + piece.index(bare)
            yield inner(part, first, first + len(bare))
        at += len(piece) + len(separator)


def spell(form, text):
    if form == "string":
        return json.dumps(text, ensure_ascii=False)[1:-1].encode()
    return text.encode()


# ------------------------------------------------------------------- packed

def unpacked(how, data):
    """The bytes that a blob holds."""
    work = zlib.decompressobj(WINDOW[how])
    try:
        text = work.decompress(data)
    except zlib.error as why:
        raise Broken(str(why)) from why
    if not work.eof or work.unused_data:
        raise Broken("not one whole packed value")
    return text


def packed(how, text):
    work = zlib.compressobj(wbits=WINDOW[how])
    return work.compress(text) + work.flush()
