"""A whole bundle, opened in the order of formats/bundle.md.

Nothing is used before what vouches for it was checked: seal and hashes, then
keys, then the tags of frames, then what the records hold.
"""

import base64
import os

import frames
import keys as keysfile
import manifest
import seal
import slots
from common import (Bad, blake, demand, is_hex, is_label, is_name, is_number,
                  is_time, json_read, kdf_series, kdf_transfer, le64, members)

BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"
ZERO_BLOCK = 65536


# The inner head

def read_inner(data):
    inner = json_read(data, "the inner head")
    keysfile.check_common(inner)
    members(inner, "the inner head",
            keysfile.COMMON + " chunker counts created manifest_root map packs"
            " resources sender site sk_commit tk_commit tool total_plain",
            "audience environment")
    for name in ("manifest_root", "sender", "sk_commit", "tk_commit"):
        demand(is_hex(inner[name], 64), f"'{name}' is no hex64")
    for name in ("audience", "environment", "tool"):
        demand(name not in inner or is_label(inner[name], 255),
               f"'{name}' is no label")
    demand(is_name(inner["site"]), "'site' is no name")
    demand(is_time(inner["created"]), "'created' is no time")
    demand(is_number(inner["total_plain"]), "'total_plain' is no number")
    members(inner["counts"], "'counts'", "chunks lines")
    demand(all(is_number(v) for k, v in inner["counts"].items()
               if not k.startswith("x_")), "'counts' is wrong")
    check_chunker(inner["chunker"])
    check_resources(inner["resources"])
    check_map(inner["map"])
    most = 1 << (frames.FILE_LOG2 - inner["frame_log2"])
    demand(isinstance(inner["packs"], list)
           and all(is_number(v, 1, most) for v in inner["packs"]),
           "'packs' is wrong")
    demand(bool(inner["packs"]) == bool(inner["map"])
           == bool(inner["counts"]["chunks"]),
           "packs, map and chunks do not go together")
    return inner


def check_chunker(value):
    members(value, "'chunker'", "avg max min")
    low, avg, high = value["min"], value["avg"], value["max"]
    demand(all(is_number(v) for v in (low, avg, high))
           and 64 <= low < avg < high <= 1 << 20 and avg & (avg - 1) == 0,
           "'chunker' is wrong")


def check_resources(value):
    demand(isinstance(value, list), "'resources' is no array")
    demand(len(value) <= 256, "more than 256 resources", "limit")
    for resource in value:
        members(resource, "a resource", "hash kind name")
        demand(is_hex(resource["hash"], 64) and is_name(resource["kind"], 15)
               and is_name(resource["name"]), "a resource is wrong")
    names = [r["name"] for r in value]
    demand(len(set(names)) == len(names), "two resources of one name")


def check_map(value):
    demand(isinstance(value, list), "'map' is no array")
    for entry in value:
        members(entry, "an entry of 'map'", "file first_id rows")
        demand(is_number(entry["file"], 1, frames.NUMBER_MOST)
               and is_number(entry["rows"], 1)
               and is_hex(entry["first_id"], 64), "an entry of 'map' is wrong")
    for one, next_one in zip(value, value[1:]):
        demand(one["first_id"] < next_one["first_id"],
               "first ids of 'map' do not ascend")
    files = [entry["file"] for entry in value]
    demand(not files or files[-1] == 1, "'map' does not end with file 1")
    demand(all(1 < a for a in files[:-1])
           and all(a < b for a, b in zip(files[:-1], files[1:-1])),
           "files of 'map' do not ascend")


def short_id(head):
    """The first 5 bytes of the id in Crockford's base32."""
    number = int(head["id"][:10], 16)
    return "".join(BASE32[number >> shift & 31] for shift in range(35, -1, -5))


# Opening

class Bundle:
    """An open bundle. The files are copies in the folder 'spool', which is
    empty before and belongs to nobody else."""

    tk = None       # in the role full
    take_secret = None      # gets place, fingerprint and secret of each

    def __init__(self, folder, spool, sender=None):
        self.spool, self.sender = spool, sender
        self.plain_seen = 0
        self.files = {}
        self.block, self.block_at = None, None
        self.read_seal(folder)
        self.read_head()

    # The seal, by the numbers of formats/seal.md, "Reading"

    def read_seal(self, folder):
        names = seal.list_folder(folder)                            # 1.
        for name in seal.UNLISTED:
            demand(name in names, f"{name} is missing")
        self.signature = seal.read_signature(
            seal.read_small(names["seal.sig"], 1024))
        self.seal_txt = seal.read_small(names["seal.txt"], seal.LIST_BYTES)
        self.hashes = seal.read_list(self.seal_txt)
        comment = self.signature["comment"]
        demand(comment["files"] == len(self.hashes),
               "the comment of seal.sig is of another seal.txt", "trust")  # 2.
        if self.sender:                                             # 3.
            key_id, public_key = self.sender
            demand(self.signature["key_id"] == key_id,
                   "seal.sig names another key", "trust")
            seal.check_signature(self.seal_txt, self.signature, public_key)
        self.sizes = seal.copy_files(names, self.hashes, self.spool)   # 4.

    def small(self, name, limit):
        demand(name in self.sizes, f"{name} is missing")
        return seal.read_small(os.path.join(self.spool, name), limit)

    def read_head(self):
        demand(self.small("readme.txt", 65536) == seal.README,     # 5.
               "readme.txt has another text")
        data = self.small("head.jsn", 65536)
        head = self.head = keysfile.read_head(data)
        comment = self.signature["comment"]                         # 6.
        demand(comment["id"] == short_id(head)
               and comment["seq"] == head["seq"]
               and comment["kind"] == head["kind"]
               and comment["head"] == blake(data).hex()
               and comment["bytes"] == sum(self.sizes.values()),
               "the comment of seal.sig is of another bundle", "trust")
        index = [f"i{n:07}.vli" for n in range(1, head["index_files"] + 1)]
        packs = [f"p{n:07}.vlp" for n in range(1, head["pack_files"] + 1)]
        demand(set(index + packs + ["readme.txt", "head.jsn", "keys.jsn"])
               == set(self.hashes), "the files are not those of head.jsn")  # 7.
        for name in index + packs:
            frames.frames_of(name, self.sizes[name], head["frame_log2"])
        root = b"".join(n.encode() + b"\0" + le64(self.sizes[n])
                        + self.hashes[n] for n in index + packs)
        demand(blake(root, person=b"vls1-content").hex()
               == head["files_root"], "'files_root' does not fit")
        self.index_names, self.pack_names = index, packs

    # Keys and inner head

    def unlock(self, password=None, identity=None):
        keys = keysfile.read_keys(self.small("keys.jsn", 65536))
        opened = keysfile.unlock(self.head, keys, password, identity)
        self.role, self.bk = opened["role"], opened["bk"]
        self.sk, self.tk = opened["sk"], opened["tk"]
        rows, inner = [], None
        for record in frames.records(self.file(self.index_names[0])):
            demand(inner is None, "a record behind the inner head")
            if record.kind == frames.INNER:
                inner = record.plain
            else:
                demand(record.kind == frames.MAP,
                       "a record that does not belong into i0000001.vli")
                rows += self.rows_of(record)
        demand(inner is not None, "i0000001.vli has no inner head")
        self.inner = read_inner(inner)
        self.first_rows = rows
        self.check_inner()

    def check_inner(self):
        inner, tk = self.inner, self.tk
        for name in keysfile.COMMON.split():
            demand(inner[name] == self.head[name],
                   f"head.jsn has another '{name}' than the inner head")
        demand(kdf_series(self.sk, 8).hex() == inner["sk_commit"],
               "'sk_commit' does not fit", "auth")
        demand(tk is None or kdf_transfer(tk, 8).hex() == inner["tk_commit"],
               "'tk_commit' does not fit", "auth")
        public_key = bytes.fromhex(inner["sender"])
        if self.sender:
            demand(self.sender[1] == public_key,
                   "the sealed frames are of another sender", "trust")
        names = [r["name"] for r in inner["resources"]]
        demand(all(a < b for a, b in zip(names, names[1:])),
               "resources do not ascend")
        for resource in inner["resources"]:
            demand(resource["kind"] in ("files", "sqlite"),
                   f"a resource of kind {resource['kind']}", "refused")
        demand(inner["packs"] == [
            frames.frames_of(n, self.sizes[n], self.head["frame_log2"])
            for n in self.pack_names], "'packs' are not those that are there")
        last = len(self.index_names)
        more = [entry["file"] for entry in inner["map"][:-1]]
        demand(more == list(range(last - len(more) + 1, last + 1)),
               "'map' names files that are not the last ones")
        self.map_names = [f"i{n:07}.vli" for n in more]

    def sealed_by_maker(self):
        """Whether the sender that the inner head names made the seal, too.
        For who has no sender.pub it is not worth much: anybody can make a
        bundle that fits itself."""
        try:
            seal.check_signature(self.seal_txt, self.signature,
                                 bytes.fromhex(self.inner["sender"]))
        except Bad:
            return False
        return True

    def file(self, name):
        """An open file of frames. It stays open: index files are few, and
        of packs only the last one is kept."""
        if name not in self.files:
            for other in [n for n in self.files if n[0] == name[0] == "p"]:
                self.files.pop(other).close()
            self.files[name] = frames.FrameFile(
                os.path.join(self.spool, name), name, self.head, self.bk)
        return self.files[name]

    def count_plain(self, record):
        """Records may not have more plain bytes than the inner head says."""
        self.plain_seen += len(record.plain)
        demand(self.plain_seen <= self.inner["total_plain"],
               "more plain bytes than 'total_plain'")

    # The chunk map

    def rows_of(self, record):
        return [frames.read_map_row(record.plain[i:i + 56])
                for i in range(0, len(record.plain), 56)]

    def read_map(self):
        """Chunk id to (pack, offset, index, length)."""
        self.map, before = {}, b""
        self.plain_seen = 56 * len(self.first_rows)
        groups = []
        for name in self.map_names:
            rows = []
            for record in frames.records(self.file(name)):
                demand(record.kind == frames.MAP,
                       f"{name} has a record that is no map")
                self.count_plain(record)
                rows += self.rows_of(record)
            groups.append(rows)
        groups.append(self.first_rows)
        if not self.inner["map"]:
            demand(not self.first_rows, "a map that 'map' does not name")
            return
        for entry, rows in zip(self.inner["map"], groups):
            demand(len(rows) == entry["rows"] and rows[0]["id"].hex()
                   == entry["first_id"], "a map file that does not fit 'map'")
            for row in rows:
                demand(before < row["id"], "rows of the map do not ascend")
                before = row["id"]
                demand(row["pack"] <= len(self.pack_names),
                       "a row of the map names a pack that is not there")
                self.map[row["id"]] = (row["pack"], row["offset"],
                                       row["index"], row["length"])

    # The manifest

    def index_records(self):
        for name in self.index_names[1:]:
            if name in self.map_names:
                continue
            for record in frames.records(self.file(name)):
                demand(record.kind in (frames.LINES, frames.SECRETS,
                                       frames.LISTS),
                       f"{name}: a record of kind {record.kind}")
                self.count_plain(record)
                yield record

    def read_manifest(self):
        """Yields (text, line, chunks) for each line of the manifest. line is
        None for the first and the last; chunks is a list of (offset, id) for
        what has a body, else None. After the last one all of it was checked."""
        group, items, count, root = [], [], 0, manifest.Root(self.sk)
        tokens, before = [], None
        tree = manifest.Lines([(r["name"], r["kind"])
                               for r in self.inner["resources"]])
        state = {"first": None, "last": None}
        for record in self.index_records():
            after, before = before, record.kind
            if record.kind == frames.SECRETS:
                demand(after == frames.LINES,
                       "secrets that are not right behind lines")
                tokens = slots.read_items(record.plain)
                demand(len(tokens) == record.items,
                       "a record of another number of secrets")
                continue
            if record.kind == frames.LISTS:
                demand(group, "lists of chunks before any line")
                found = frames.read_list_items(record.plain)
                demand(len(found) == record.items,
                       "a record of another number of items")
                items += found
                continue
            demand(state["last"] is None, "a record behind the last line")
            yield from self.finish_group(group, items, tokens)
            group, items, tokens = [], [], []
            *texts, rest = record.plain.split(b"\n")
            demand(len(texts) == record.items and rest == b"",
                   "a record of another number of lines")
            for text in texts:
                text += b"\n"
                group.append(self.take_line(text, state, tree, root, count))
                count += group[-1][1] is not None
        last = [group.pop()] if state["last"] else []
        yield from self.finish_group(group, items, tokens)
        demand(last, "the manifest has no last line", "auth")
        demand(not tree.resources,
               f"{tree.resources} of the inner head have no lines", "auth")
        demand(state["last"]["count"] == count == self.inner["counts"]["lines"],
               "the manifest has another number of lines than it says", "auth")
        demand(root.finish(count).hex() == state["last"]["root"]
               == self.inner["manifest_root"],
               "the Merkle root of the manifest does not fit", "auth")
        yield last[0]

    def take_line(self, text, state, tree, root, count):
        """(text, line, number of the line)"""
        demand(state["last"] is None, "a line behind the last one")
        if state["first"] is None:
            state["first"] = first = manifest.read_first(text)
            demand(all(first[n] == self.inner[n]
                       for n in ("epoch", "series", "site")),
                   "the manifest is of another bundle", "auth")
        elif text.startswith(b'{"count":'):
            state["last"] = manifest.read_last(text)
            return text, None, None
        else:
            try:
                line = manifest.read_any(text)
                tree.take(line)
            except Bad as bad:
                raise Bad(bad.kind, f"line {count}: {bad}") from None
            root.add(text)
            return text, line, count
        root.add(text)
        return text, None, None

    def finish_group(self, group, items, tokens):
        """The lines of one record, with the chunks that the lists behind it
        give to each body. The secrets of each line go to 'take_secret'."""
        at, tokens = 0, iter(tokens)
        for text, line, number in group:
            chunks = None
            if line is not None:
                self.read_secrets(line, number, tokens)
            if line is not None and "size" in line:
                own = []
                while at < len(items) and items[at][:2] == (number, 0):
                    own.append(items[at][2])
                    at += 1
                demand(own, f"line {number} has no list of chunks")
                demand(len(own) == 1 or all(own),
                       f"line {number} has a list that goes on with nothing")
                refs = [ref for item in own for ref in item]
                chunks = self.place(refs, line, number)
            yield text, line, chunks
        demand(at == len(items), "a list of chunks that belongs to no body")
        demand(next(tokens, None) is None, "a secret that belongs to no line")

    def read_secrets(self, line, number, tokens):
        size, line["secrets"] = 0, []
        for slot, (wanted, place) in enumerate(slots.of_line(line)):
            found = next(tokens, None)
            demand(found and found[:2] == (number, slot),
                   f"line {number}: secret {slot} is missing")
            size += 16 + len(found[2])
            demand(size <= slots.LINE_MOST,
                   f"line {number}: secrets that are too long", "limit")
            secret = None
            if self.tk:
                where = slots.location(bytes.fromhex(self.inner["series"]),
                                       self.inner["epoch"], place)
                secret = slots.unseal(self.tk, self.inner["epoch"], where,
                                      wanted, found[2])
            line["secrets"].append(secret)
            if self.take_secret:
                self.take_secret(place, wanted, secret)

    def place(self, refs, line, number):
        """(offset, id) of each chunk of a body; checks the content hash."""
        offset, chunks = 0, []
        for zero_blocks, chunk in refs:
            demand(zero_blocks == 0 or offset % ZERO_BLOCK == 0,
                   f"line {number}: zero blocks at an odd place")
            offset += zero_blocks * ZERO_BLOCK
            demand(chunk in self.map, f"line {number}: a chunk without row")
            chunks.append((offset, chunk))
            offset += self.map[chunk][3]
        demand(offset == line["size"]
               or (offset < line["size"] and offset % ZERO_BLOCK == 0),
               f"line {number}: chunks that do not make the size")
        digest = manifest.content_hash(self.sk, line["size"], chunks)
        text = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        demand("k1." + text == line["hash"],
               f"line {number}: the content hash does not fit")
        return chunks

    # Packs and bodies

    def check_packs(self):
        """Reads all packs: the map names each chunk where it stands first,
        and names nothing else. Call it when the manifest was read."""
        found, count, key = {}, 0, kdf_series(self.sk, 1)
        for number, name in enumerate(self.pack_names, 1):
            for record in frames.records(self.file(name)):
                demand(record.kind == frames.BLOCK,
                       f"{name}: a record of kind {record.kind}")
                self.count_plain(record)
                for index, data in enumerate(record.chunks()):
                    place = (number, record.offset, index, len(data))
                    found.setdefault(blake(data, key=key), place)
                    count += 1
        demand(found == self.map, "the map is not that of the packs")
        demand(count == self.inner["counts"]["chunks"],
               "another number of chunks than 'counts' says")
        demand(self.plain_seen == self.inner["total_plain"],
               "'total_plain' is not the sum of the records")

    def chunk(self, chunk):
        pack, offset, index, length = self.map[chunk]
        file = self.file(self.pack_names[pack - 1])
        if self.block_at != (pack, offset):
            self.block = frames.read_record(file, offset)
            self.block_at = (pack, offset)
        demand(self.block.kind == frames.BLOCK
               and index < self.block.items
               and self.block.lengths[index] == length,
               "a row of the map that does not fit its block")
        start = sum(self.block.lengths[:index])
        data = self.block.plain[start:start + length]
        demand(blake(data, key=kdf_series(self.sk, 1)) == chunk,
               "a chunk that is not that of its id")
        return data

    def body(self, line, chunks):
        """(offset, bytes) of what is not zero blocks. Whoever writes a file
        puts these at their places and makes it 'size' bytes long."""
        for offset, chunk in chunks:
            data = self.chunk(chunk)
            for hole, length in line.get("holes", []):
                covered = data[max(hole - offset, 0):
                               max(hole + length - offset, 0)]
                demand(covered.count(0) == len(covered),
                       "a hole over bytes that are not zero")
            yield offset, data

    def whole(self, line, chunks):
        """The bytes of a file with its secrets put back."""
        text = bytearray(line["size"])
        for offset, data in self.body(line, chunks):
            text[offset:offset + len(data)] = data
        return slots.put_back(bytes(text), line)

    def check(self):
        """Everything. Returns all that read_manifest gives."""
        found = list(self.read_manifest())
        self.check_packs()
        for _, line, chunks in found:
            if line and "holes" in line:
                for _ in self.body(line, chunks):
                    pass
        return found

    def close(self):
        for file in self.files.values():
            file.close()
