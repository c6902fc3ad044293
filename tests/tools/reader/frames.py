"""Files of frames, records, chunk map, lists of chunks: formats/bundle.md."""

import os

import nacl.bindings as sodium
import nacl.exceptions
import xxhash
import zstandard

from common import Bad, blake, demand, kdf_bundle, le, le64

MAGIC = b"\x89VLS\r\n\x1a\n"
PACK, INDEX = 1, 2
BLOCK, LINES, MAP, LISTS, SECRETS, INNER = 1, 2, 3, 4, 5, 6
ITEMS_MOST = 16384
PLAIN_MOST = 2 << 20
STORED_MOST = 2105344
NUMBER_MOST = 9999999
FILE_LOG2 = 26


# The header of a file

def read_file_header(data):
    demand(len(data) == 64, "a file header has not 64 bytes")
    demand(data[:8] == MAGIC, "not a file of valise")
    demand(data[8] == 0, "a version that is not known")
    demand(data[9] == 0, "flags that are not known")
    demand(data[10] in (PACK, INDEX), "a type that is not known")
    demand(16 <= data[11] <= 20, "frames of another size")
    demand(data[12:16] == bytes(4) and data[56:] == bytes(8),
           "reserved bytes that are not zero")
    number = le(data[32:40])
    demand(1 <= number <= NUMBER_MOST, "a number that is not legal")
    return {"type": data[10], "frame_log2": data[11], "id": data[16:32],
            "number": number, "salt": data[40:56]}


def frames_of(name, size, frame_log2):
    """How many frames a file of this size has."""
    frames, rest = divmod(size - 64, 1 << frame_log2)
    demand(rest == 0 and 1 <= frames <= 1 << (FILE_LOG2 - frame_log2),
           f"{name} has a size that no file of frames has")
    return frames


class FrameFile:
    """One file: its plain bytes, in frames whose tags were checked."""

    def __init__(self, path, name, head, bk):
        self.name = name
        with open(path, "rb") as file:
            self.header = file.read(64)
        try:
            header = read_file_header(self.header)
        except Bad as bad:
            raise Bad(bad.kind, f"{name}: {bad}") from None
        demand(header["type"] == {"i": INDEX, "p": PACK}[name[0]]
               and header["number"] == int(name[1:8])
               and header["id"].hex() == head["id"]
               and header["frame_log2"] == head["frame_log2"],
               f"{name} is another file than its name says")
        self.frame_size = 1 << header["frame_log2"]
        self.plain_size = self.frame_size - 16
        self.frames = frames_of(name, os.path.getsize(path),
                                header["frame_log2"])
        self.key = blake(self.header, key=kdf_bundle(bk, 2),
                         salt=header["salt"], person=b"vls1-file-key")
        self.kept, self.kept_number = b"", None
        self.file = open(path, "rb")

    def close(self):
        self.file.close()

    def frame(self, number):
        """The plain bytes of one frame; the last one read is kept."""
        if number != self.kept_number:
            last = number == self.frames - 1
            self.file.seek(64 + number * self.frame_size)
            sealed = self.file.read(self.frame_size)
            try:
                plain = sodium.crypto_aead_chacha20poly1305_ietf_decrypt(
                    sealed, self.header, le64(number) + bytes([0, 0, 0, last]),
                    self.key)
            except nacl.exceptions.CryptoError:
                raise Bad("auth", f"{self.name}: frame {number} is not "
                          "authentic") from None
            self.kept, self.kept_number = plain, number
        return self.kept

    def read(self, offset, size):
        """Plain bytes; fewer where the file ends."""
        pieces = []
        while size > 0:
            number, start = divmod(offset, self.plain_size)
            if number >= self.frames:
                break
            piece = self.frame(number)[start:start + size]
            pieces.append(piece)
            offset += len(piece)
            size -= len(piece)
        return b"".join(pieces)


# Records

def read_record_header(data):
    demand(len(data) == 32, "a record header has not 32 bytes")
    kind, codec, items = data[0], data[1], le(data[4:8])
    stored, plain = le(data[8:12]), le(data[12:16])
    demand(kind in (BLOCK, LINES, MAP, LISTS, SECRETS, INNER),
           f"a record of kind {kind}")
    demand(codec in (0, 1), "a codec that is not known")
    demand(data[2:4] == bytes(2), "reserved bytes that are not zero")
    demand(1 <= items <= ITEMS_MOST, f"a record of {items} items")
    demand(1 <= stored <= STORED_MOST, f"a record of {stored} stored bytes")
    demand(1 <= plain <= PLAIN_MOST, f"a record of {plain} bytes")
    demand(codec == 1 or stored == plain, "a raw record with two lengths")
    demand(codec == 0 or kind in (BLOCK, LINES, LISTS),
           "a kind that is never compressed")
    if kind in (BLOCK, LINES):
        demand(plain >= items, "fewer bytes than items")
    elif kind == MAP:
        demand(plain == 56 * items, "a map of another length")
    elif kind in (LISTS, SECRETS):
        demand(plain >= 16 * items, "fewer bytes than items need")
    else:
        demand(items == 1 and plain <= 65536, "an inner head of a wrong size")
    return {"kind": kind, "codec": codec, "items": items, "stored": stored,
            "plain": plain, "ordinal": le(data[16:24]), "xxh3": le(data[24:])}


def unpack_zstd(stored, plain_size):
    """One frame with content size and checksum, and nothing behind it."""
    try:
        says = zstandard.get_frame_parameters(stored)
        demand(stored[:4] == b"\x28\xb5\x2f\xfd" and says.has_checksum
               and says.dict_id == 0 and says.content_size == plain_size,
               "a zstd frame that is not as it must be")
        return zstandard.ZstdDecompressor().decompress(
            stored, max_output_size=plain_size, allow_extra_data=False)
    except zstandard.ZstdError:
        raise Bad("format", "zstd does not unpack a record") from None


class Record:
    """One record that was read whole: header, table of kind 1, plain bytes."""

    def __init__(self, file, offset):
        self.header = read_record_header(file.read(offset, 32))
        self.kind, self.items = self.header["kind"], self.header["items"]
        self.offset = offset
        table_size = 4 * self.items if self.kind == BLOCK else 0
        stored_at = offset + 32 + table_size
        self.end = stored_at + self.header["stored"]
        table = file.read(offset + 32, table_size)
        stored = file.read(stored_at, self.header["stored"])
        demand(len(table) == table_size
               and len(stored) == self.header["stored"],
               "a record that the file ends in")
        if self.header["codec"] == 1:
            self.plain = unpack_zstd(stored, self.header["plain"])
        else:
            self.plain = stored
        demand(len(self.plain) == self.header["plain"],
               "a record of another length")
        demand(xxhash.xxh3_64_intdigest(self.plain) == self.header["xxh3"],
               "a record whose XXH3-64 does not fit")
        self.table = table
        self.lengths = [le(table[i:i + 4]) for i in range(0, table_size, 4)]
        demand(self.kind != BLOCK or (
            min(self.lengths) >= 1 and sum(self.lengths) == len(self.plain)),
            "chunk lengths that are not those of the block")

    def chunks(self):
        """Each chunk of a block."""
        start = 0
        for length in self.lengths:
            yield self.plain[start:start + length]
            start += length


def read_record(file, offset):
    try:
        return Record(file, offset)
    except Bad as bad:
        raise Bad(bad.kind, f"{file.name}: at {offset}: {bad}") from None


def records(file):
    """All records of a file in order; then checks what is behind them."""
    offset, ordinal = 0, 0
    whole = file.frames * file.plain_size
    while offset < whole and file.read(offset, 1) != b"\0":
        record = read_record(file, offset)
        demand(record.header["ordinal"] == ordinal,
               f"{file.name}: at {offset}: a record out of order")
        yield record
        offset, ordinal = record.end, ordinal + 1
    demand(file.frames == max(1, -(-offset // file.plain_size)),
           f"{file.name} has more frames than its records need")
    rest = file.read(offset, whole - offset)
    demand(rest.count(0) == len(rest),
           f"{file.name}: padding that is not zero")


# Rows of the chunk map

def read_map_row(data):
    demand(len(data) == 56, "a row of the map has not 56 bytes")
    row = {"id": data[:32], "pack": le(data[32:36]), "offset": le(data[36:44]),
           "index": le(data[44:46]), "length": le(data[48:52])}
    demand(1 <= row["pack"] <= NUMBER_MOST, "a pack that is not legal")
    demand(row["offset"] <= (1 << FILE_LOG2) - 32, "an offset out of a pack")
    demand(row["index"] < ITEMS_MOST, "an index out of a block")
    demand(1 <= row["length"] <= PLAIN_MOST, "a chunk of a wrong length")
    demand(data[46:48] == bytes(2) and data[52:] == bytes(4),
           "reserved bytes that are not zero")
    return row


# Lists of chunks

def list_items(data):
    """(line, body, [(zero blocks before, id), ...]) of each item, one by
    one."""
    at = 0
    while at < len(data):
        demand(at + 16 <= len(data), "a list that is cut short")
        line, body = le(data[at:at + 8]), le(data[at + 8:at + 12])
        n = le(data[at + 12:at + 16])
        at += 16
        demand(n * 36 <= len(data) - at, "a list that is cut short")
        yield line, body, [(le(data[i:i + 4]), data[i + 4:i + 36])
                           for i in range(at, at + 36 * n, 36)]
        at += 36 * n


def read_list_items(data):
    return list(list_items(data))
