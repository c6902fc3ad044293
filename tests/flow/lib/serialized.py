"""PHP's serialize(), read strictly: what a test needs of it."""


class Wrong(ValueError):
    pass


def parse(text):
    """The value of `text`; arrays are dicts.  Wrong unless all of it is one
    value whose lengths are right."""
    raw = text.encode("utf-8", "surrogateescape")
    value, at = _value(raw, 0)
    if at != len(raw):
        raise Wrong(f"{len(raw) - at} bytes behind the value")
    return value


def _until(raw, at, mark):
    end = raw.index(mark, at)
    return raw[at:end].decode(), end + 1


def _value(raw, at):
    kind = raw[at:at + 2]
    if kind == b"N;":
        return None, at + 2
    if kind in (b"i:", b"b:", b"d:"):
        text, at = _until(raw, at + 2, b";")
        return {b"i:": int, b"d:": float,
                b"b:": lambda t: bool(int(t))}[kind](text), at
    if kind == b"s:":
        size, at = _until(raw, at + 2, b":")
        end = at + 1 + int(size)
        if raw[at:at + 1] != b'"' or raw[end:end + 2] != b'";':
            raise Wrong(f"length {size} at byte {at}")
        return raw[at + 1:end].decode("utf-8", "surrogateescape"), end + 2
    if kind == b"a:":
        size, at = _until(raw, at + 2, b":")
        found, at = {}, at + 1
        for _ in range(int(size)):
            key, at = _value(raw, at)
            found[key], at = _value(raw, at)
        if raw[at:at + 1] != b"}":
            raise Wrong(f"no end of an array at byte {at}")
        return found, at + 1
    raise Wrong(f"no value at byte {at}")
