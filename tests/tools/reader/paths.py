"""Paths that hold keys (formats/manifest.md): what they become here."""
import re

from common import Bad

ESCAPES = {b"%25": b"%", b"%7B": b"{", b"%7D": b"}", b"%2F": b"/"}
KEY = re.compile(rb"([^{}]*)\{([^{}]*)\}([^{}]*)")


def plain(text, key=False):
    """Without escapes."""
    def one(match):
        if match[0] not in ESCAPES or match[0] == b"%2F" and not key:
            raise Bad("format", "a percent sign that says nothing")
        return ESCAPES[match[0]]

    return re.sub(rb"%.{0,2}", one, text, flags=re.S)


class Lines:
    """`path` of a profile: components, each a text or what stands before and
    behind an id."""

    def __init__(self, lines):
        self.lines = [[tuple(re.split(rb"\{[^}]*\}", part))
                       for part in line.removesuffix(b"/**").split(b"/")]
                      for line in lines]

    def here(self, path, ident):
        """`ident`: from a key to the id here."""
        lines, names = self.lines, []
        for depth, name in enumerate(path.split(b"/")):
            lines = [line for line in lines if depth < len(line)]
            key = KEY.fullmatch(name)
            if key:
                sides = (plain(key[1]), plain(key[3]))
                lines = [line for line in lines if line[depth] == sides]
                found = ident(plain(key[2], key=True))
                if not lines:
                    raise Bad("format", "a key of no line")
                if b"/" in found:
                    raise Bad("refused", "an id that is no name")
                names.append(found.join(sides))
                continue
            if b"{" in name or b"}" in name:
                raise Bad("format", "braces that hold no key")
            name = plain(name)
            for line in lines:
                if len(line[depth]) == 2 and re.fullmatch(
                        re.escape(line[depth][0]) + b".+" +
                        re.escape(line[depth][1]), name, flags=re.S):
                    raise Bad("format", "an id in the place of a key")
            lines = [line for line in lines if line[depth] == (name,)]
            names.append(name)
        return b"/".join(names)
