"""What PHP's serialize() writes (formats/values.md)."""
import re

from common import demand

DEEPEST = 128
COUNT = rb"(0|[1-9][0-9]*)"
CLASS = rb"[A-Za-z0-9_\\\x80-\xff]+"
DOUBLE = rb"NAN|-?(INF|[0-9]+(\.[0-9]+)?(E[+-]?[0-9]+)?)"


class Value:
    def __init__(self, data):
        self.data, self.at, self.slots, self.opaque = data, 0, 0, False

    def take(self, pattern):
        found = re.compile(pattern, re.DOTALL).match(self.data, self.at)
        demand(found, f"not PHP-serialised at byte {self.at}")
        self.at = found.end()
        return found[1] if found.re.groups else found[0]

    def counted(self, end):
        size = int(self.take(COUNT + b":[\"{]"))
        demand(size <= len(self.data) - self.at, "longer than the value")
        self.at += size
        self.take(end)
        return self.data[self.at - len(end) - size:self.at - len(end)]

    def named(self, pattern):
        demand(re.fullmatch(pattern, self.counted(b'"')), "no class")

    def integer(self):
        number = int(self.take(rb"i:(0|-?[1-9][0-9]*);"))
        demand(-2 ** 63 <= number < 2 ** 63, "more than 64 bits")

    def key(self):
        kind = self.take(rb"[is]")
        self.at -= 1
        if kind == b"i":
            self.integer()
        else:
            self.string()

    def string(self):
        self.take(b"s:")
        self.counted(b'"')
        self.take(b";")

    def value(self, depth):
        kind = self.data[self.at:self.at + 1]
        self.slots += kind != b"R"
        if kind in (b"a", b"O"):
            demand(depth < DEEPEST, "too deep")
            self.take(kind + b":")
            if kind == b"O":
                self.named(CLASS)
                self.take(b":")
            count = int(self.take(COUNT + b":\\{"))
            for _ in range(count):
                self.key()
                self.value(depth + 1)
            self.take(b"}")
        elif kind == b"C":
            self.opaque = True
            self.take(b"C:")
            self.named(CLASS)
            self.take(b":")
            self.counted(b"}")
        elif kind == b"E":
            self.take(b"E:")
            self.named(CLASS[:-2] + b":]+")
            self.take(b";")
        elif kind in (b"r", b"R"):
            number = int(self.take(b"[rR]:" + COUNT + b";"))
            most = self.slots - (kind == b"r")
            demand(number > 0 and (number <= most or self.opaque),
                   "a value that is not there")
        elif kind == b"i":
            self.integer()
        elif kind == b"s":
            self.string()
        else:
            self.take(b"N;|b:[01];|d:(?:" + DOUBLE + b");")


def read(data):
    value = Value(data)
    value.value(0)
    demand(value.at == len(data), "more behind the value")
