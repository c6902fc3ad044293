"""Files of frames, records, chunk map and lists (formats/bundle.md)."""
import struct
import tempfile
from pathlib import Path

import zstandard

from base import Body, Bundle, Case, base_tree, entry
from bundlewriter import (BODIES, INNER, LINES, LISTS, MAP, SECRETS, ZSTD,
                          Record, fixed, list_item, secret_item)

PACK = "p0000001"
INDEX = "i0000002"
FIRST = "i0000001"
FRAME = 65536


def patched(offset, data):
    return lambda b: b[:offset] + data + b[offset + len(data):]


def header(name, says, offset, data, file=PACK):
    return Case("header: " + name, 5, says,
                {"header " + file: patched(offset, data)})


HEADERS = [
    header("magic", "not a file of a bundle", 1, b"X"),
    header("version", "file version 1 is not known", 8, b"\1"),
    header("flags", "reserved bytes", 9, b"\1"),
    header("type", "another type", 10, b"\2"),
    header("parity", "file type 3", 10, b"\3", FIRST),
    header("frames of another size", "another frame size", 11, b"\x11"),
    header("reserved bytes", "reserved bytes", 12, b"\1"),
    header("last bytes", "reserved bytes", 63, b"\1", INDEX),
    header("bundle id", "the header is that of another bundle", 16, bytes(16)),
    header("number", "file number 2", 32, b"\2"),
]


def sized(name, change, says="bytes, which are no frames"):
    """The size is looked at where the seal is, and needs no key."""
    return Case("size: " + name, 5, (PACK, says),
                {"file " + PACK: change}, seal=True)


SIZES = [
    sized("a byte less", lambda f: f[:-1]),
    sized("a byte more", lambda f: f + b"\0"),
    sized("no frame", lambda f: f[:64]),
    sized("an empty file", lambda f: b""),
    sized("more frames than a file may have",
          lambda f: f + bytes(FRAME * 1024),
          "is longer than 67108928 bytes"),
]


def frames(name, says, change, file=PACK, stage="frames "):
    return Case("frames: " + name, 5, says, {stage + file: change})


def of_another_bundle(frames_of):
    """The frame of the same place in a bundle of the same series."""
    other = Bundle(base_tree(), seq=2)
    with tempfile.TemporaryDirectory() as folder:
        other.write(Path(folder) / "other")
    first = other.files[PACK + ".vlp"][64:64 + FRAME]
    return [first, *frames_of[1:]]


def no_frame(number):
    return f"frame {number} does not authenticate"


FRAMES = [
    frames("one of another bundle", (PACK, no_frame(0)),
           of_another_bundle),
    frames("cut at a frame", (PACK, "2 frames where .* 3"),
           lambda f: f[:-1]),
    frames("one too many", (PACK, "4 frames where .* 3"),
           lambda f: [*f, f[-1]]),
    frames("exchanged", (PACK, no_frame(0)),
           lambda f: [f[1], f[0], *f[2:]]),
    frames("one twice", (PACK, no_frame(1)),
           lambda f: [f[0], f[0], *f[2:]]),
    frames("one of another file", (INDEX, no_frame(0)),
           lambda f: [bytes(FRAME)], INDEX),
    frames("no last one", (PACK, no_frame(2)),
           lambda f: [0] * len(f), stage="lasts "),
    frames("the last one too early", (PACK, no_frame(0)),
           lambda f: [1] * len(f), stage="lasts "),
    # The salt is new in every attempt to write the file.
    Case("frames: of an older attempt", 5, (PACK, no_frame(0)),
         {"file " + PACK: patched(45, b"older")}),
    frames("a superfluous one", (PACK, "4 frames where the records need 3"),
           lambda s: s + bytes(FRAME - 16), stage="padded "),
]


def record(name, says, file, number, **lies):
    def edit(records):
        records[number].lies.update(lies)
        return records
    return Case("record: " + name, 5, says, {"records " + file: edit})


def first_block(name, says, change):
    def edit(records):
        change(records[0])
        return records
    return Case("record: " + name, 5, says, {"records " + PACK: edit})


def table(lengths):
    def change(block):
        block.table = struct.pack("<2I", *lengths)
    return change


def lines_stored(name, says, make):
    """The record of lines, stored in another way."""
    def edit(records):
        records[0].stored = make(records[0].plain)
        return records
    return Case("zstd: " + name, 5, says, {"records " + INDEX: edit})


def compressor(**settings):
    return lambda plain: zstandard.ZstdCompressor(
        level=3, **settings).compress(plain)


def dictionary_id(plain):
    """A frame whose header names dictionary 7."""
    frame = ZSTD.compress(plain)
    return frame[:4] + bytes((frame[4] | 1,)) + shifted(frame)


def shifted(frame):
    """The rest of a frame header behind its descriptor, with an id put in
    (RFC 8878: window descriptor, dictionary id, content size)."""
    window = 0 if frame[4] & 0x20 else 1
    return frame[5:5 + window] + b"\7" + frame[5 + window:]


def broken_checksum(plain):
    frame = ZSTD.compress(plain)
    return frame[:-1] + bytes((frame[-1] ^ 1,))


SKIPPABLE = b"\x50\x2a\x4d\x18\4\0\0\0skip"

def more(name, says, file, *added):
    """Records behind those that are there."""
    def edit(records):
        # In place, so that total_plain counts them, too.
        records += added
        for ordinal, one in enumerate(records):
            one.ordinal = ordinal
        return records
    return Case("record: " + name, 5, says, {"records " + file: edit})


def without_inner(records):
    return [one for one in records if one.kind != INNER]


RECORDS = [
    record("too many chunks in a block", (PACK, "kind 1 has 16385 items"),
           PACK, 0,
           items=16385),
    record("too many rows", (FIRST, "kind 3 has 16385 items"), FIRST, 0,
           items=16385),
    record("too many lists", (INDEX, "kind 4 has 16385 items"), INDEX, 1,
           items=16385),
    record("more lists than it says", (INDEX, "bytes are left"), INDEX, 1,
           items=3),
    record("too many inner heads", (FIRST, "has 2 items"), FIRST, 1,
           items=2),
    more("secrets behind the lists", "kind 5 stands", INDEX,
         Record(SECRETS, secret_item(2, 0, bytes(72)), 1)),
    more("a second inner head", (FIRST, "is of kind 6"), FIRST,
         Record(INNER, b"{}", 1)),
    more("lists in a file of the map", (FIRST, "is of kind 4"), FIRST,
         Record(LISTS, list_item(9, 0, []), 1)),
    more("a map in a file of lines", (INDEX, "kind 3 stands"), INDEX,
         Record(MAP, bytes(56), 1)),
    more("lines behind the last one", (INDEX, "kind 2 stands"), INDEX,
         Record(LINES, b"{}\n", 1)),
    Case("record: no inner head", 5, (FIRST, "it has no inner head"),
         {"records " + FIRST: without_inner}),
    record("past the end of the file", (PACK, "past the end of the file"),
           PACK, -1, stored=60000, plain=60000, codec=0),
    record("an ordinal left out", (PACK, "says ordinal 2 and is 1"), PACK, 1,
           ordinal=2),
    Case("record: bytes behind the padding", 5, (PACK, "padding .* not zero"),
         {"padded " + PACK: lambda s: s[:-1] + b"\1"}),
    record("no item", (INDEX, "kind 2 has 0 items"), INDEX, 0, items=0),
    record("too many items", (INDEX, "kind 2 has 16385 items"), INDEX, 0,
           items=16385),
    record("no plain bytes", (INDEX, "has 0 plain bytes"), INDEX, 0, plain=0),
    record("too many plain bytes", (INDEX, "has 2097153 plain bytes"),
           INDEX, 0,
           plain=(2 << 20) + 1),
    record("too many stored bytes", (INDEX, "has 2105345 stored bytes"),
           INDEX, 0,
           stored=2105345),
    record("fewer lines than it says", (INDEX, "more lines"), INDEX, 0,
           items=11),
    record("more lines than it says", (INDEX, "more lines"), INDEX, 0,
           items=9),
    record("reserved bytes", (INDEX, "reserved bytes of"), INDEX, 0,
           reserved=1),
    record("an unknown codec", (INDEX, "codec 2 is not known"), INDEX, 0,
           codec=2),
    record("an unknown kind", (INDEX, "record kind 8 is not known"), INDEX, 0,
           kind=8),
    record("changes, which only a delta has",
           (INDEX, "record kind 7 is not known"), INDEX, 0, kind=7),
    record("lines in a pack", (PACK, "not a block"), PACK, 0, kind=LINES),
    record("a block in an index file", (INDEX, "kind 1 where"), INDEX, 0,
           kind=BODIES),
    record("a checksum that does not fit",
           (INDEX, "its XXH3 checksum is wrong"), INDEX, 0, xxh=0),
    first_block("chunk lengths that do not add up", (PACK, "do not add up"),
                table((60000, 60001))),
    first_block("a chunk of no bytes", (PACK, "do not add up"),
                table((120000, 0))),
    first_block("chunk lengths that overflow", (PACK, "do not add up"),
                table((0xffffffff, 120001))),
    lines_stored("no content size", "another length",
                 compressor(write_checksum=True, write_content_size=False)),
    lines_stored("another content size", "another length",
                 lambda p: ZSTD.compress(p + b"x")),
    lines_stored("no checksum", "frame has no checksum",
                 compressor(write_checksum=False)),
    lines_stored("a wrong checksum", "match checksum",
                 broken_checksum),
    lines_stored("two frames", "one whole",
                 lambda p: ZSTD.compress(p) + ZSTD.compress(b"")),
    lines_stored("a skippable frame before it", "not a zstd frame",
                 lambda p: SKIPPABLE + ZSTD.compress(p)),
    lines_stored("a skippable frame behind it", "one whole",
                 lambda p: ZSTD.compress(p) + SKIPPABLE),
    lines_stored("a dictionary", "wants a dictionary", dictionary_id),
    lines_stored("a byte behind it", "one whole",
                 lambda p: ZSTD.compress(p) + b"\0"),
    lines_stored("cut short", "one whole",
                 lambda p: ZSTD.compress(p)[:-5]),
    lines_stored("no zstd at all", "zstd frame", lambda p: p),
]


def bomb(records):
    """Many blocks of zeros; total_plain is what the sender says."""
    zeros = bytes(1 << 20)
    for _ in range(40):
        records.append(Record(BODIES, zeros, 1,
                              struct.pack("<I", len(zeros)), codec=1))
        records[-1].ordinal = len(records) - 1
    return records


def bomb_that_promises(records):
    """A frame whose header says 2^40 bytes, and that holds 2 MiB: blocks of
    one byte and how often it comes (RFC 8878), 1:26,000, which is about as
    much as zstd can say."""
    run = struct.pack("<I", 1 << 17 << 3 | 1 << 1)[:3] + b"\0"
    last = struct.pack("<I", 1 << 17 << 3 | 1 << 1 | 1)[:3] + b"\0"
    records[0].stored = (b"\x28\xb5\x2f\xfd\xc4\x58"
                         + struct.pack("<Q", 1 << 40) + run * 15 + last
                         + bytes(4))
    records[0].lies["plain"] = 2 << 20
    return records


def bomb_stored_lies(records):
    """A small frame that says it becomes 2 MiB, and becomes more."""
    big = ZSTD.compress(bytes(64 << 20))
    records[0].stored = big
    records[0].lies["plain"] = 2 << 20
    return records


BOMBS = [
    Case("bomb: more than total_plain says", 5, "more than the 400000",
         {"records " + PACK: bomb,
          "inner": lambda i: {**i, "total_plain": 400000}}),
    Case("bomb: less than total_plain says", 5, "its inner head says",
         {"inner": lambda i: {**i, "total_plain": i["total_plain"] + 1}}),
    Case("bomb: a frame of more than its record says", 5, "another length",
         {"records " + INDEX: bomb_stored_lies}),
    Case("bomb: a frame that says a million times its size", 5,
         "another length", {"records " + INDEX: bomb_that_promises}),
]


def rows(name, says, change):
    """`change` gets the sorted rows: id, pack, offset, index, flags, length,
    reserved."""
    def edit(all_rows):
        return change([list(row) for row in all_rows])
    return Case("map: " + name, 5, says, {"rows": edit})


def cell(column, value):
    def change(all_rows):
        row = all_rows[0]
        row[column] = value(row[column]) if callable(value) else value
        return all_rows
    return change


def other_data(chunks):
    """The first chunk says it is another one."""
    (first, _), *rest = chunks.items()
    return dict([(first, fixed("forged", 60000)), *rest])


def twice(chunks):
    """A second copy of the first chunk, which the map must not name."""
    return {**chunks, bytes(32): next(iter(chunks.values()))}


def second_copy(all_rows):
    """The map names the copy instead, under the right id."""
    copy = next(r for r in all_rows if r[0] == bytes(32))
    first = next(r for r in all_rows if r[2] == 0 and r[3] == 0)
    first[1:4] = copy[1:4]
    return [r for r in all_rows if r[0] != bytes(32)]


MAPS = [
    Case("a chunk that is not its id", 5, "chunk 0 has an id",
         {"chunks": other_data}),
    rows("a pack that is not there", "no pack 2", cell(1, 2)),
    rows("pack 0", "points to pack 0", cell(1, 0)),
    rows("an offset between records", "not name the lowest|record at 1",
         cell(2, lambda n: n + 1)),
    rows("an offset beyond the file", "is not in pack 1",
         cell(2, (1 << 26) - 32)),
    rows("an index beyond the block", "not name the lowest|there is none",
         cell(3, 2)),
    rows("flags", "bytes of a map row are not zero", cell(4, 1)),
    rows("another length", "longer than its 60000", cell(5, lambda n: n + 1)),
    rows("no length", "length 0", cell(5, 0)),
    rows("reserved bytes", "bytes of a map row are not zero", cell(6, 1)),
    rows("an id twice", "ids do not ascend", lambda r: [r[0], *r]),
    rows("not sorted", "ids do not ascend", lambda r: r[::-1]),
    rows("a chunk left out", "not in the chunk map", lambda r: r[1:]),
    Case("map: not the lowest copy", 5, "not name the lowest",
         {"chunks": twice, "rows": second_copy}),
    Case("map: another first id", 5, "begins with another id", {
        "inner": lambda i: {**i, "map": [
            {**i["map"][0], "first_id": "0" * 64}]}}),
    Case("map: another number of rows", 5, "5 rows here", {
        "inner": lambda i: {**i, "map": [{**i["map"][0], "rows": 4}]}}),
    Case("counts: more chunks", 5, "says 6", {
        "inner": lambda i: {**i, "counts": {**i["counts"], "chunks": 6}}}),
    Case("counts: 10^15 - 1 chunks", 5, "says 999999999999999", {
        "inner": lambda i: {**i, "counts": {**i["counts"],
                                            "chunks": 10**15 - 1}}}),
    Case("counts: 10^15 - 1 frames", 5, "'packs' is 999999999999999, not in", {
        "inner": lambda i: {**i, "packs": [10**15 - 1]}}),
    Case("counts: 10^15 - 1 rows", 5, "the chunk map has 5 rows here", {
        "inner": lambda i: {**i, "map": [
            {**i["map"][0], "rows": 10**15 - 1}]}}),
    Case("counts: 10^15 - 1 plain bytes", 5, "says 999999999999999", {
        "inner": lambda i: {**i, "total_plain": 10**15 - 1}}),
    Case("counts: more frames", 5, "3 frames where .* 4", {
        "inner": lambda i: {**i, "packs": [4]}}),
]


def lists(name, says, change):
    return Case("lists: " + name, 5, says, {"lists": change})


def item(number, change):
    """Change one item; they stand in the order of the lines."""
    def edit(items):
        return [change(data) if i == number else data
                for i, data in enumerate(items)]
    return edit


def amplified(items):
    """One chunk again and again, far beyond the size of its file."""
    head, ref = items[0][:12], items[0][16:52]
    return [head + struct.pack("<I", 50000) + ref * 50000, *items[1:]]


def huge(items):
    return [items[0][:12] + b"\xff\xff\xff\xff" + items[0][16:], *items[1:]]


LISTS_ = [
    lists("an unknown chunk", "not in the chunk map",
          item(0, lambda d: d[:20] + bytes(32))),
    lists("the chunk of another file", ("line 2", "content hash"),
          lambda i: [i[0][:20] + i[1][20:], *i[1:]]),
    lists("no chunk for a body", ("line 2", "content hash"),
          item(0, lambda d: d[:12] + bytes(4))),
    lists("fewer zero blocks", "line 7: its chunks end",
          item(4, lambda d: d[:16] + bytes(4) + d[20:])),
    lists("more zero blocks", "line 7: its chunks are longer",
          item(4, lambda d: d[:16] + b"\2\0\0\0" + d[20:])),
    lists("zero blocks within a block", "within a block",
          item(3, lambda d: d[:12] + b"\2\0\0\0" + d[16:]
               + b"\1\0\0\0" + d[20:])),
    lists("2^32 - 1 references", "cut short", huge),
    lists("a chunk 50,000 times", "line 2: its chunks are longer", amplified),
    lists("another body", "no chunk list",
          item(0, lambda d: d[:8] + b"\1\0\0\0" + d[12:])),
    lists("of a directory", "no chunk list",
          lambda i: [list_item(1, 0, []), *i]),
    lists("of a line that is not there", "of line 99, body 0, where none is",
          lambda i: [*i, list_item(99, 0, [])]),
    lists("not in order", "no chunk list", lambda i: [i[1], i[0], *i[2:]]),
    lists("one missing", "no chunk list", lambda i: i[1:]),
    lists("one twice", "line 2: its chunks are longer", lambda i: [i[0], *i]),
    lists("a byte too many", "1 bytes are left",
          lambda i: [*i[:-1], i[-1] + b"x"]),
    Case("lists: a size of 10^15 with one chunk", 5, "chunks end at 60000", {
        "lines": lambda s: [{**m, "size": 10**15 - 1}
                            if m["path"] == "a/big" else m for m in s]}),
    Case("lists: a content hash that does not fit", 5,
         ("line 2", "content hash"), {
        "lines": lambda s: [{**m, "hash": "k1." + "A" * 43}
                            if m["path"] == "a/big" else m for m in s]}),
]


def cut(name, says, data, lengths, chunker=None):
    """A body of chunks of these lengths, and right but for that."""
    body = Body(b"")
    body.size = len(data)
    at = 0
    for n in lengths:
        body.offsets.append(at)
        body.chunks.append((0, data[at:at + n]))
        at += n
    assert at == body.size
    return Case("cut: " + name, 5, ("'forged'", says), {
        "inner": lambda i: {**i, "chunker": chunker or i["chunker"]}},
        tree=[(entry("dir", ""), None), (entry("file", "forged"), body)],
        open_exit=0)


SMALL = {"avg": 128, "max": 256, "min": 64}
ODD = {"avg": 131072, "max": 140000, "min": 65536}
# Bytes that are all the same have no cut but at max.
SAME = b"\1" * 8192

CUTS = [
    cut("two chunks where one is due", "does not cut at byte 30000",
        fixed("cut", 60000), (30000, 30000)),
    cut("one chunk where two are due", "cuts the chunk at byte 0 shorter",
        fixed("cut", 250), (250,), SMALL),
    cut("a chunk of zeros", "zeros at byte 0", bytes(65536), (65536,)),
    cut("a chunk of zeros shorter than a block", "zeros at byte 0",
        bytes(600), (600,)),
    cut("zeros in two chunks", "zeros at byte 131072",
        SAME * 16 + bytes(65536) + b"end", (140000, 56611), ODD),
    # More chunks than one job writes.
    cut("zeros in 256 chunks", "zeros at byte 0",
        bytes(65536) + SAME, (256,) * (256 + 32), SMALL),
    cut("a short chunk at the end of a job's", "does not cut at byte 4000",
        SAME, (256,) * 15 + (160,) + (256,) * 16 + (96,), SMALL),
]

CASES = (HEADERS + SIZES + FRAMES + RECORDS + BOMBS + MAPS + LISTS_
         + CUTS)
