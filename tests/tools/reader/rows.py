"""Lines of a database and their order: formats/manifest.md."""

import math

import slots
from common import (demand, from_base64url, is_label, is_name, is_number,
                    is_text, json_text, members)

KINDS = ("profile", "table", "row")
NAME_MOST = 255             # of a table, and of a column
KEY_MOST = 4096
VERSION_MOST = 1024
DEFAULT_MOST = 1024
FORMS = ("plain", "json", "number", "yaml", "yaml-part", "yaml-single",
         "yaml-double")
PIECES = ("$parts", "$gzip", "$zlib", "$deflate")
COUNTED_DEEP = 8


def read_line(value):
    """Checks the object of a line of one of KINDS, and returns it."""
    {"profile": check_profile, "table": check_table,
     "row": check_row}[value["t"]](value)
    demand(is_name(value["r"]), "'r' is no name")
    return value


def check_profile(value):
    members(value, "a profile", "r t", "version words")
    if "version" in value:
        demand(is_label(value["version"], VERSION_MOST), "'version' is wrong")
    demand(isinstance(value.get("words", {}), dict), "'words' is no object")


def check_table(value):
    members(value, "a table", "c r schema t", "shape")
    demand(is_label(value["c"], NAME_MOST), "'c' is no name of a table")
    schema = value["schema"]
    demand(isinstance(schema, list) and schema != []
           and all(isinstance(line, str) and line != "" for line in schema),
           "'schema' is no list of lines")
    schema = [line.encode() for line in schema]
    demand(all(a < b for a, b in zip(schema, schema[1:])),
           "lines of 'schema' do not ascend")
    if "shape" in value:
        check_shape(value["shape"])


def check_shape(shape):
    def is_plain(text, most):
        return is_label(text, most) and "\0" not in text

    demand(isinstance(shape, dict), "'shape' is no object")
    members(shape, "a shape", "columns", "autoincrement key without_rowid")
    for word in ("autoincrement", "without_rowid"):
        demand(shape.get(word, True) is True, "a word of 'shape' is not true")
    columns = shape["columns"]
    demand(isinstance(columns, list) and columns != []
           and all(isinstance(one, list) and 1 <= len(one) <= 2
                   and is_plain(one[0], NAME_MOST)
                   and all(is_plain(text, DEFAULT_MOST) for text in one[1:])
                   for one in columns), "columns of 'shape' are none")
    if "key" in shape:
        demand(isinstance(shape["key"], list) and shape["key"] != []
               and all(is_plain(one, NAME_MOST) for one in shape["key"]),
               "'key' of 'shape' is none")


def check_row(value):
    members(value, "a row", "c k r row t", "hash size x")
    demand(is_label(value["c"], NAME_MOST), "'c' is no name of a table")
    demand(key_size(value["k"]) <= KEY_MOST, "a key of more than 4,096 bytes",
           "limit")
    check_key(value["k"])
    demand(isinstance(value["row"], dict), "'row' is no object")
    places = []
    for column in sorted(value["row"], key=str.encode):
        demand(is_label(column, NAME_MOST), "a column without a name")
        check_value(value["row"][column], places)
    if "x" in value:
        demand(isinstance(value["x"], dict) and value["x"] != {},
               "'x' is no object of ids")
        for column, cell in value["x"].items():
            demand(is_label(column, NAME_MOST), "a column without a name")
            check_cell(cell)
    check_body(value, places)


def check_body(value, places):
    """Places follow one another in the order of the columns and fill it."""
    filled = 0
    for at, length in places:
        demand(at == filled, "a place in the body that is not behind the one "
               "before")
        filled += length
    demand(("size" in value) == ("hash" in value) == (filled > 0),
           "a body without values, or values without a body")
    if filled:
        demand(is_number(value["size"]) and value["size"] == filled,
               "'size' is not what the values fill")
        demand(is_text(value["hash"], r"k1\.[A-Za-z0-9_-]{43}")
               and len(from_base64url(value["hash"][3:], "'hash'")) == 32,
               "'hash' is wrong")


# Values

def key_size(key):
    return len(json_text(key, -10).encode())


def check_key(key):
    """Cells, and lists of such; none empty."""
    demand(isinstance(key, list) and key != [], "a key is wrong")
    for part in key:
        if isinstance(part, list):
            check_key(part)
        else:
            check_cell(part)


def check_row_key(key):
    check_key(key)
    demand(key_size(key) <= KEY_MOST, "a key that no row has")


def check_cell(value):
    """A cell in its one spelling."""
    if value is None or isinstance(value, str) or is_number(
            value, -10 ** 15 + 1):
        return
    demand(isinstance(value, dict) and len(value) == 1, "a value is wrong")
    tag, text = next(iter(value.items()))
    check = {"$b64": is_blob, "$t64": is_odd_text, "$i": is_large,
             "$r": is_real}.get(tag)
    demand(check is not None and isinstance(text, str) and check(text),
           f"a value {tag!a} is wrong")


def is_blob(text):
    from_base64url(text, "'$b64'")
    return True


def is_odd_text(text):
    data = from_base64url(text, "'$t64'")
    try:
        return b"\0" in data or data.decode("utf-8") is None
    except UnicodeDecodeError:
        return True


def is_large(text):
    return (is_text(text, "-?[1-9][0-9]{15,18}")
            and -2 ** 63 <= int(text) < 2 ** 63)


def is_real(text):
    if not is_text(text, r"-?(inf|[0-9]+(\.[0-9]+)?(e[+-][0-9]{2,3})?)"):
        return False
    return text == real_text(float(text))


def real_text(number):
    if math.isinf(number):
        return "-inf" if number < 0 else "inf"
    return next(text for text in (f"{number:.{digits}g}"
                                  for digits in (15, 16, 17))
                if float(text) == number)


def check_value(value, places):
    """A value of a row; its places in the body go to 'places'."""
    tag = (next(iter(value)) if isinstance(value, dict) and len(value) == 1
           else None)
    if tag in ("$body", "$blob"):
        places.append(place(value[tag]))
    elif tag == "$ref":
        check_row_key(value[tag])
    elif tag == "$secret":
        slots.read_value(value[tag])
    elif tag in PIECES:
        check_parts(value[tag], places)
    else:
        check_cell(value)


def place(value):
    demand(isinstance(value, list) and len(value) == 2
           and is_number(value[0]) and is_number(value[1], 1),
           "a place in the body is wrong")
    return tuple(value)


def check_parts(parts, places):
    demand(isinstance(parts, list), "pieces that are no list")
    ends = check_lengths(parts)
    for at, (one, next_one) in enumerate(zip(parts, parts[1:]), 1):
        demand(not is_text_piece(one) or not is_text_piece(next_one)
               or at in ends, "two pieces of text side by side")
    demand(any(is_own(part) for part in parts),
           "pieces without an id or a secret")
    for part in parts:
        if is_number(part):
            continue
        if isinstance(part, list):
            demand(len(part) == 3 and is_label(part[0], NAME_MOST)
                   and part[2] in FORMS, "a piece that is no reference")
            check_row_key(part[1])
        elif slots.is_secret(part):
            slots.read_piece(part["$secret"])
        elif isinstance(part, dict) and list(part) == ["$t64"]:
            check_bytes(part["$t64"])
        elif isinstance(part, dict):
            demand(list(part) == ["$body"], "a piece that is none")
            places.append(place(part["$body"]))
        else:
            demand(isinstance(part, str) and part != "",
                   "a piece that is none")


def is_own(part):
    """An id or a secret, which each side has in another way."""
    return isinstance(part, list) or slots.is_secret(part)


def is_text_piece(part):
    return isinstance(part, (str, dict)) and not slots.is_secret(part)


def check_lengths(parts):
    """Numbers count pieces, one within another; where they end."""
    open_ends, ends = [len(parts)], set()
    for at, part in enumerate(parts):
        while len(open_ends) > 1 and open_ends[-1] == at:
            open_ends.pop()
        if not is_number(part):
            continue
        end = at + 1 + part
        demand(part >= 1 and end <= open_ends[-1]
               and len(open_ends) <= COUNTED_DEEP
               and any(is_own(one) for one in parts[at + 1:end]),
               "a length that counts wrong")
        open_ends.append(end)
        ends.add(end)
    return ends


def check_bytes(text):
    demand(isinstance(text, str) and is_odd_text(text),
           "a piece of plain text as bytes")


# Order

class Database:
    """Takes the lines of one database in order."""

    def __init__(self):
        self.begun, self.table, self.key = False, b"", b""

    def take(self, line):
        demand((line["t"] == "profile") != self.begun,
               "a database begins with its profile, and has one")
        self.begun = True
        if line["t"] == "table":
            name = line["c"].encode()
            demand(self.table < name, "tables do not ascend")
            self.table, self.key = name, b""
        elif line["t"] == "row":
            key = json_text(line["k"], -10).encode()
            demand(line["c"].encode() == self.table,
                   "a row that is not behind the line of its table")
            demand(self.key < key, "rows do not ascend")
            self.key = key
