"""The log as an outsider checks it: protocol/spec/receipt.md in Python, written from that page
alone. Standard library, and PyNaCl for Ed25519. Nothing here makes proofs or signatures.

As a module: every check returns nothing when the claim holds and raises Refused otherwise.
As a program:
    log_verify.py DIRECTORY HUB PUBLIC_KEY_BASE64
reads the newest checkpoint of a log directory, verifies it and the tiles beside it, and prints
size and root.
"""

import base64
import hashlib
import pathlib
import sys
import unicodedata
from typing import NamedTuple

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

SIZE_MAX = 1 << 62
SUITE = 1
BATCH_TAG = b"rhub/batch/1"
TILE_WIDTH = 256


class Refused(Exception):
    """The claim does not hold; the text says why."""


def demand(condition, why):
    if not condition:
        raise Refused(why)


# Hashes ---------------------------------------------------------------------------------------


def leaf_hash(core, rest_hash):
    return hashlib.sha256(b"\x00" + core + rest_hash).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(leaves):
    """The largest power of two below `leaves`."""
    return 1 << (leaves - 1).bit_length() - 1


def tree_root(leaves):
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node_hash(tree_root(leaves[:k]), tree_root(leaves[k:]))


# Proofs ---------------------------------------------------------------------------------------


def verify_inclusion(leaf, index, size, path, root):
    demand(0 <= index < size <= SIZE_MAX, "numbers do not fit together")
    at, end, running = index, size - 1, leaf
    for sibling in path:
        demand(end > 0, "path too long")
        if at & 1 or at == end:
            running = node_hash(sibling, running)
            while not at & 1 and at:
                at, end = at >> 1, end >> 1
        else:
            running = node_hash(running, sibling)
        at, end = at >> 1, end >> 1
    demand(end == 0, "path too short")
    demand(running == root, "another root")


def verify_consistency(old_size, old_root, size, root, proof):
    demand(0 <= old_size <= size <= SIZE_MAX, "numbers do not fit together")
    if old_size == 0 or old_size == size:
        demand(not proof, "hashes left over")
        empty = tree_root([])
        demand(old_root == (empty if old_size == 0 else root), "another old root")
        demand(size > 0 or root == empty, "another root")
        return
    hashes = list(proof)
    at, end = old_size - 1, size - 1
    while at & 1:
        at, end = at >> 1, end >> 1
    older = old_root
    if at:
        demand(hashes, "proof too short")
        older = hashes.pop(0)
    newer = older
    for sibling in hashes:
        demand(end > 0, "proof too long")
        if at & 1 or at == end:
            older, newer = node_hash(sibling, older), node_hash(sibling, newer)
            while not at & 1 and at:
                at, end = at >> 1, end >> 1
        else:
            newer = node_hash(newer, sibling)
        at, end = at >> 1, end >> 1
    demand(end == 0, "proof too short")
    demand(older == old_root, "another old root")
    demand(newer == root, "another root")


def verify_range(first, leaves, size, proof, root):
    last = first + len(leaves)
    demand(leaves and 0 <= first and last <= size <= SIZE_MAX, "numbers do not fit together")
    hashes = iter(proof)

    def node(begin, end):
        if end <= first or begin >= last:
            taken = next(hashes, None)
            demand(taken is not None, "proof too short")
            return taken
        if end - begin == 1:
            return leaves[begin - first]
        middle = begin + split(end - begin)
        left = node(begin, middle)
        return node_hash(left, node(middle, end))

    computed = node(0, size)
    demand(next(hashes, None) is None, "proof too long")
    demand(computed == root, "another root")


# Signatures -----------------------------------------------------------------------------------


def verify_signature(message, signature, public_key):
    demand(len(signature) == 64, "not an Ed25519 signature")
    try:
        VerifyKey(public_key).verify(message, signature)
    except (BadSignatureError, ValueError) as reason:
        raise Refused("bad signature") from reason


def pack_uint(value):
    for limit, head, width in ((1 << 7, None, 0), (1 << 8, 0xCC, 1), (1 << 16, 0xCD, 2),
                               (1 << 32, 0xCE, 4), (1 << 64, 0xCF, 8)):
        if value < limit:
            return bytes([value]) if head is None else bytes([head]) + value.to_bytes(width, "big")
    raise ValueError(value)


def pack_text(text):
    data = text.encode()
    assert len(data) < 256
    return (bytes([0xA0 | len(data)]) if len(data) < 32 else bytes([0xD9, len(data)])) + data


def pack_bytes(data):
    assert len(data) < 256
    return bytes([0xC4, len(data)]) + data


def batch_message(hub, size, root):
    return b"\x94" + pack_uint(SUITE) + pack_text(hub) + pack_uint(size) + pack_bytes(root)


def verify_batch(hub, size, root, signature, public_key):
    demand(1 <= size <= SIZE_MAX and len(root) == 32, "numbers do not fit together")
    verify_signature(BATCH_TAG + b"\x00" + batch_message(hub, size, root), signature, public_key)


def batch_record(hub, size, root, signature):
    """The form in which a batch checkpoint is kept and shown."""
    message = batch_message(hub, size, root)
    return b"\x95" + message[1:] + pack_bytes(signature)


def verify_batch_record(record, hub, public_key):
    """A kept batch checkpoint of `hub`; returns (size, root)."""
    front = b"\x95" + pack_uint(SUITE) + pack_text(hub)
    demand(record.startswith(front), "not a batch checkpoint of this hub")
    at = len(front)
    demand(len(record) > at, "too short")
    width = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}.get(record[at], 0)
    size = int.from_bytes(record[at + 1:at + 1 + width], "big") if width else record[at]
    at += 1 + width
    root, signature = record[at + 2:at + 34], record[at + 36:]
    demand(len(root) == 32 and len(signature) == 64 and size <= SIZE_MAX, "wrong lengths")
    demand(record == batch_record(hub, size, root, signature), "not canonical")
    verify_batch(hub, size, root, signature, public_key)
    return size, root


def verify_confirm(hub, public_key, first_index, records, size, root, signature, proof):
    """The batch checkpoint and range proof of a confirm; records are (core, rest hash) pairs.
    What the cores say is for the caller to compare."""
    verify_batch(hub, size, root, signature, public_key)
    leaves = [leaf_hash(core, rest_hash) for core, rest_hash in records]
    verify_range(first_index, leaves, size, proof, root)


# Notes ----------------------------------------------------------------------------------------


class Signature(NamedTuple):
    name: str
    key_id: bytes
    signature: bytes


class Note(NamedTuple):
    text: bytes
    signatures: list


class Checkpoint(NamedTuple):
    origin: str
    size: int
    root: bytes
    extensions: list


def key_id(name, public_key):
    return hashlib.sha256(name.encode() + b"\n\x01" + public_key).digest()[:4]


def canonical_base64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as reason:
        raise Refused("not base64") from reason
    demand(base64.b64encode(data).decode() == text, "base64 is not canonical")
    return data


def parse_signature(line):
    parts = line.split(" ")
    demand(len(parts) == 3 and parts[0] == "\u2014", "not a signature line")
    name, blob = parts[1], canonical_base64(parts[2])
    demand(1 <= len(name.encode()) <= 128 and "+" not in name, "bad key name")
    demand(not any(c.isspace() or unicodedata.category(c) == "Zs" for c in name), "bad key name")
    demand(5 <= len(blob) <= 6144, "signature of a strange length")
    return Signature(name, blob[:4], blob[4:])


def parse_note(data):
    demand(len(data) <= 65536, "note too large")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError as reason:
        raise Refused("not UTF-8") from reason
    demand(not any(ord(c) < 0x20 and c != "\n" for c in whole), "control characters")
    demand(whole.endswith("\n"), "no newline at the end")
    at = whole.rfind("\n\n")
    demand(at > 0, "no blank line")
    text, lines = whole[:at + 1], whole[at + 2:].split("\n")[:-1]
    demand(1 <= len(lines) <= 128, "no signature, or too many")
    return Note(text.encode(), [parse_signature(line) for line in lines])


def verify_note(note, name, public_key):
    known = [s for s in note.signatures if s.name == name and s.key_id == key_id(name, public_key)]
    demand(known, "no signature of this key")
    for signature in known:
        verify_signature(note.text, signature.signature, public_key)


def parse_checkpoint(text):
    demand(len(text) <= 4096 and text.endswith(b"\n"), "not a checkpoint")
    lines = text.decode().split("\n")[:-1]
    demand(len(lines) >= 3 and all(lines), "too few lines, or an empty one")
    demand(lines[1].isascii() and lines[1].isdigit(), "the size is no number")
    size = int(lines[1])
    demand(str(size) == lines[1] and size <= SIZE_MAX, "the size is no plain number")
    root = canonical_base64(lines[2])
    demand(len(root) == 32, "the root is no hash")
    return Checkpoint(lines[0], size, root, lines[3:])


def verify_checkpoint(data, hub, public_key):
    """A published checkpoint of `hub`; returns it."""
    note = parse_note(data)
    checkpoint = parse_checkpoint(note.text)
    demand(checkpoint.origin == hub, "another hub, or another generation")
    verify_note(note, hub, public_key)
    return checkpoint


# Tiles ----------------------------------------------------------------------------------------


def tile_path(level, number, width=TILE_WIDTH):
    groups = [number % 1000]
    while number := number // 1000:
        groups.insert(0, number % 1000)
    name = "/".join(f"x{group:03}" for group in groups[:-1]) + f"/{groups[-1]:03}"
    suffix = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{level}/{name.lstrip('/')}{suffix}"


def read_tile(directory, level, number, width):
    path = directory / tile_path(level, number, width)
    if not path.exists():
        path = directory / tile_path(level, number)
    data = path.read_bytes()[:32 * width]
    demand(len(data) == 32 * width, f"{path}: too short")
    return [data[i:i + 32] for i in range(0, len(data), 32)]


def read_level(directory, level, count):
    """All `count` hashes of a level, checked against nothing yet."""
    hashes = []
    for number in range((count + TILE_WIDTH - 1) // TILE_WIDTH):
        width = min(TILE_WIDTH, count - number * TILE_WIDTH)
        hashes += read_tile(directory, level, number, width)
    return hashes


def verify_tiles(directory, size, root):
    """Every tile of every level follows from the leaf hashes, and these lead to the root.
    Returns the leaf hashes."""
    leaves = hashes = read_level(directory, 0, size)
    demand(tree_root(leaves) == root, "the tiles lead to another root")
    for level in range(1, 8):
        above = [tree_root(hashes[i:i + TILE_WIDTH])
                 for i in range(0, len(hashes) - TILE_WIDTH + 1, TILE_WIDTH)]
        demand(read_level(directory, level, len(above)) == above, f"level {level} is wrong")
        hashes = above
    return leaves


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    directory = pathlib.Path(sys.argv[1])
    try:
        note = (directory / "checkpoint").read_bytes()
        checkpoint = verify_checkpoint(note, sys.argv[2], base64.b64decode(sys.argv[3]))
        verify_tiles(directory, checkpoint.size, checkpoint.root)
    except (Refused, OSError) as reason:
        sys.exit(f"refused: {reason}")
    print(checkpoint.size, checkpoint.root.hex())


if __name__ == "__main__":
    main()
