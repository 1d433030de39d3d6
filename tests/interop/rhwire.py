"""The wire of protocol/spec/wire.md in Python, written from that page alone.

It exists so that two programs that share no line of code have to agree on every byte: the C
library must accept, refuse, hash and verify exactly as this file does. Nothing here is fast.

Values are plain: a public part or receipt core is a dict with the numbers of the page as keys,
arrays are lists, bytes are bytes. Every `*_decode` raises Refused for what the page refuses.
"""
import datetime
import hashlib
import re

import msgpack
import nacl.bindings
import nacl.exceptions
import nacl.signing

FRAME_MAX = 1024 * 1024
ITEM_MAX = 256 * 1024
PUBLIC_MAX = 8 * 1024
PRIVATE_MAX = 64 * 1024
HELLO_MAX = 65 * 1024
NOTE_MAX = 64 * 1024
CORE_MAX = 512
HEADER_MAX = 256
CONFIRM_MAX = 160 * 1024
MS_MAX = 253402300799999
NUMBER_MAX = 2**53 - 1
U32, U64 = 2**32 - 1, 2**64 - 1
DEPTH_MAX = 8

KINDS = {1, *range(10, 21), *range(30, 67), *range(70, 74), *range(80, 87), 90, 91,
         *range(100, 106)}
ACK, NACK, BULLETIN, WARNING, ACKNOWLEDGE_INFO, SHARED = 90, 91, 85, 84, 86, 105


class Refused(ValueError):
    """What the specification refuses."""


def need(condition, why):
    if not condition:
        raise Refused(why)


# ---- 1. Encoding ----

def pack(value):
    """The one canonical encoding of a value of int, bool, str, bytes, list, dict."""
    if isinstance(value, dict):
        pairs = sorted((pack(key), pack(item)) for key, item in value.items())
        return msgpack.Packer().pack_map_header(len(pairs)) + b"".join(k + v for k, v in pairs)
    if isinstance(value, list):
        return msgpack.Packer().pack_array_header(len(value)) + b"".join(map(pack, value))
    if isinstance(value, (bool, int, str, bytes)):
        return msgpack.packb(value, use_bin_type=True)
    raise TypeError(type(value))


def _pairs(pairs):
    for key, _ in pairs:
        good = type(key) is int and key >= 0 or type(key) is str and key.isascii()
        need(good, "a map key is neither an unsigned integer nor ASCII text")
    need(len({(type(key), key) for key, _ in pairs}) == len(pairs), "a key stands twice")
    return dict(pairs)


def _no_ext(code, data):
    raise Refused("extension type")


def _plain(value, depth):
    need(isinstance(value, (bool, int, str, bytes, list, dict)), "float, nil or extension")
    if isinstance(value, (list, dict)):
        need(depth < DEPTH_MAX, "nested too deeply")
        for item in (value.values() if isinstance(value, dict) else value):
            _plain(item, depth + 1)


def unpack(data, limit=FRAME_MAX):
    """The value, or Refused unless `data` is its canonical encoding."""
    need(len(data) <= limit, "too large")
    try:
        value = msgpack.unpackb(data, raw=False, strict_map_key=False, ext_hook=_no_ext,
                                object_pairs_hook=_pairs)
    except Refused:
        raise
    except Exception as error:
        raise Refused(f"no MessagePack: {error}") from error
    _plain(value, 0)
    need(pack(value) == data, "not in canonical form")
    return value


# ---- pieces ----

AGENCY = re.compile(r"[a-z][a-z0-9_]{0,19}\.([0-9]{2,12}|[a-z][a-z0-9]{0,11})")
HUB = re.compile(r"(hub\.[0-9]{2,12}|test\.([0-9]{2,12}|[a-z][a-z0-9]{0,11}))(/[1-9][0-9]{0,9})?")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,47}")
KEY = re.compile(r"[a-z][a-z0-9_]{0,31}")
SYSTEM = re.compile(r"[a-z0-9][a-z0-9_.-]{0,23}")
TRACE = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
MEDIA = re.compile(r"[ -~]{1,100}")


def text(value, pattern, what):
    need(type(value) is str and pattern.fullmatch(value), f"{what}: {value!r}")


def agency(value):
    text(value, AGENCY, "no agency id")


def hub_id(value):
    text(value, HUB, "no hub id")
    generation = value.partition("/")[2]
    need(generation == "" or 2 <= int(generation) <= U32, "no generation")


def code(value):
    text(value, CODE, "no code")


def uint(value, high=U64, low=0):
    need(type(value) is int and low <= value <= high, f"no number in range: {value!r}")


def raw(value, count=None, high=None):
    need(type(value) is bytes, "not binary")
    need(count is None or len(value) == count, f"not {count} bytes")
    need(high is None or len(value) <= high, "too long")


def array(value, low, high):
    need(type(value) is list and low <= len(value) <= high, "not an array of that length")


def fields(value, count):
    array(value, count, count)
    return value


def line(value, high=300, low=1):
    need(type(value) is str and low <= len(value.encode()) <= high, "not a text of that length")


def distinct(values):
    values = [repr(value) for value in values]
    need(len(set(values)) == len(values), "an element stands twice")


def flag(value):
    need(value is True, "a flag is true or absent")


def identifier(value):
    raw(value, 16)
    need(any(value), "an id of zeros")


def hashes(value, high):
    array(value, 0, high)
    for one in value:
        raw(one, 32)


def note(value):
    line(value, NOTE_MAX, 0)


# ---- hashes and signatures ----

def tagged(tag, *parts):
    return hashlib.sha256(tag.encode() + b"\0" + b"".join(parts)).digest()


def sign(tag, message, seed):
    return nacl.signing.SigningKey(seed).sign(tag.encode() + b"\0" + message).signature


def verify(tag, message, signature, public):
    try:
        nacl.bindings.crypto_sign_open(signature + tag.encode() + b"\0" + message, public)
    except (nacl.exceptions.BadSignatureError, ValueError) as error:
        raise Refused("bad signature") from error


def public_key(seed):
    return bytes(nacl.signing.SigningKey(seed).verify_key)


def commit(salt, private, body):
    return tagged("rhub/content/1", salt, len(private).to_bytes(4, "big"), private, body)


def item_digest(item):
    public, commitment, keys = item[:3]
    return tagged("rhub/item/1", len(public).to_bytes(4, "big"), public, commitment,
                  hashlib.sha256(pack(keys)).digest())


def leaf(data):
    return hashlib.sha256(b"\0" + data).digest()


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def half(count):
    k = 1
    while k * 2 < count:
        k *= 2
    return k


def tree(leaves):
    """RFC 6962, 2.1, over leaf hashes."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = half(len(leaves))
    return node(tree(leaves[:k]), tree(leaves[k:]))


def audit_path(leaves, at):
    """RFC 6962, 2.1.1."""
    if len(leaves) == 1:
        return []
    k = half(len(leaves))
    if at < k:
        return audit_path(leaves[:k], at) + [tree(leaves[k:])]
    return audit_path(leaves[k:], at - k) + [tree(leaves[:k])]


def root_of_path(one, at, count, path):
    path = list(path)

    def walk(index, size):
        if size == 1:
            return one
        k = half(size)
        below = walk(index, k) if index < k else walk(index - k, size - k)
        need(path, "path too short")
        beside = path.pop(0)
        return node(below, beside) if index < k else node(beside, below)

    need(at < count, "position outside")
    result = walk(at, count)
    need(not path, "path too long")
    return result


def range_proof(leaves, first, last):
    """Hashes outside first..last-1, left to right (receipt.md, "Range proof")."""
    def walk(start, part):
        if start + len(part) <= first or start >= last:
            return [tree(part)]
        if len(part) == 1:
            return []
        k = half(len(part))
        return walk(start, part[:k]) + walk(start + k, part[k:])

    return walk(0, leaves)


def root_of_range(run, first, size, proof):
    proof, last = list(proof), first + len(run)

    def walk(start, count):
        if start + count <= first or start >= last:
            need(proof, "proof too short")
            return proof.pop(0)
        if count == 1:
            return run[start - first]
        k = half(count)
        left = walk(start, k)
        return node(left, walk(start + k, count - k))

    need(run and last <= size, "range outside the tree")
    result = walk(0, size)
    need(not proof, "proof too long")
    return result


def batch_message(hub, size, root):
    return pack([1, hub, size, root])


def external_hash(key, system, number):
    data = system.encode() + b"\0" + number.encode()[:300]
    return hashlib.blake2b(data, digest_size=32, key=key).digest()


# ---- 6. Item ----

def externals(value):
    array(value, 1, 4)
    for one in value:
        fields(one, 2)
        text(one[0], SYSTEM, "no system")
        raw(one[1], 32)
    distinct(value)


def copies(value):
    array(value, 1, 16)
    for one in value:
        agency(one)
    distinct(value)


def children(value):
    array(value, 1, 16)
    for one in value:
        fields(one, 3)
        identifier(one[0])
        agency(one[1])
        need(type(one[2]) is bool, "mandatory is no bool")
    distinct(one[0] for one in value)


def facts(value):
    need(type(value) is dict and 1 <= len(value) <= 24, "no map of facts")
    for key, one in value.items():
        text(key, KEY, "no fact key")
        if type(one) is int:
            need(-2**63 <= one < 2**63, "fact out of range")
        else:
            code(one)


def accused(value):
    array(value, 1, 4)
    hashes(value, 4)


def persons(value):
    accused(value)
    need(len(set(value)) == len(value), "the same person twice")


def hash32(value):
    hashes([value], 1)
    need(any(value), "a hash of zeros")


def positive(high):
    return lambda value: uint(value, high, 1)


def kind(value):
    need(type(value) is int and value in KINDS, "unknown kind")


PUBLIC = {1: identifier, 2: kind, 3: identifier, 4: identifier, 5: identifier, 6: identifier,
          7: agency, 8: code, 9: positive(2), 10: code, 11: code, 12: code, 13: code, 14: code,
          15: agency, 16: positive(MS_MAX), 17: positive(MS_MAX), 18: positive(U32), 19: flag,
          20: flag, 21: flag, 22: flag, 23: externals, 24: copies, 25: children, 26: facts,
          27: lambda value: text(value, TRACE, "no traceparent"), 28: agency,
          29: positive(NUMBER_MAX), 30: positive(U32), 31: accused, 32: persons, 33: hash32}


def by_table(value, table):
    need(type(value) is dict, "not a map")
    for key, one in value.items():
        need(type(key) is int and key in table, f"unknown field {key!r}")
        table[key](one)
    return value


def public_decode(data):
    value = by_table(unpack(data, PUBLIC_MAX), PUBLIC)
    required = [1, 2] if value.get(2) in (
        ACK, NACK, BULLETIN, WARNING, ACKNOWLEDGE_INFO, SHARED) else [1, 2, 3]
    need(all(key in value for key in required), "a required field is missing")
    return value


def sealed_keys(value):
    array(value, 0, 16)
    for one in value:
        fields(one, 2)
        agency(one[0])
        raw(one[1], 80)
    distinct(one[0] for one in value)


def item_form(value):
    public, commitment, keys, salt, private, body = fields(value, 6)
    raw(public, high=PUBLIC_MAX)
    raw(commitment, 32)
    sealed_keys(keys)
    raw(salt, 32)
    raw(private, high=PRIVATE_MAX)
    raw(body, high=ITEM_MAX)
    need(len(pack(value)) <= ITEM_MAX, "item too large")
    return value


def item_decode(data):
    return item_form(unpack(data, ITEM_MAX))


def item_check(item):
    need(commit(item[3], item[4], item[5]) == item[1], "the commitment does not open")


# ---- private part and body ----

def person(value):
    need(value != {}, "an empty person")
    by_table(value, {1: line, 2: code, 3: line, 4: line, 5: line, 6: line})


def persons(value):
    array(value, 1, 64)
    for one in value:
        person(one)


def form(value):
    need(type(value) is dict and 1 <= len(value) <= 128, "no form")
    for key, one in value.items():
        text(key, KEY, "no form key")
        line(one, 8192)


def attachments(value):
    array(value, 1, 32)
    for one in value:
        name, media, size, digest = fields(one, 4)
        line(name)
        need(not name.startswith(".") and not re.search(r"[\x00-\x1f\x7f/\\]", name),
             "no file name")
        text(media, MEDIA, "no media type")
        uint(size, NUMBER_MAX)
        raw(digest, 32)


def clear_externals(value):
    array(value, 1, 4)
    for one in value:
        fields(one, 2)
        text(one[0], SYSTEM, "no system")
        line(one[1])


# Scope: facts 1, parties 2, identity 4, settlement 8, outcome 16, dates 32, documents 64,
# minors 128. The ceiling of each role, written out from message.md, section 6.
ROLES = {"people_deputy": 1 + 2 + 8 + 16 + 32, "cppcc_member": 1 + 2 + 8 + 16 + 32,
         "people_supervisor": 1 + 2 + 8 + 16 + 32 + 64, "lawyer": 255,
         "mediator": 255 - 128, "social_worker": 255 - 128 - 64,
         "psychologist": 255 - 128 - 64, "expert": 1 + 16 + 32 + 64, "guardian": 255,
         "appropriate_adult": 1 + 2 + 4 + 32 + 128, "interpreter": 1 + 2 + 32,
         "liaison": 1 + 16 + 32}
PARTICIPANT = re.compile(r"[a-z0-9][a-z0-9-]{0,23}")


def day(value):
    text(value, re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "no day")
    try:
        return datetime.date.fromisoformat(value)
    except ValueError as error:
        raise Refused("no such day") from error


def participant(value):
    by_table(value, {1: lambda one: text(one, PARTICIPANT, "no id"), 2: line, 3: line, 4: line,
                     5: lambda one: uint(one, 255, 1), 6: day, 7: day, 8: line, 9: line})
    need(1 in value, "nobody is meant")
    if 9 in value:
        need(set(value) == {1, 9}, "an end says nothing else")
        return
    need({2, 3, 5, 6, 8} <= set(value), "an incomplete participant")
    need(value[3] in ROLES, "no such role")
    need(value[5] & ~ROLES[value[3]] == 0, "more than the role may see")
    need(7 not in value or day(value[6]) <= day(value[7]), "ends before it begins")


def participants(value):
    array(value, 1, 16)
    for one in value:
        participant(one)
    distinct([one[1] for one in value])


PRIVATE = {1: lambda value: line(value, 600), 2: lambda value: line(value, 32768), 3: persons,
           4: form, 5: line, 6: line, 7: attachments, 8: clear_externals, 9: participants}


def private_decode(data):
    if data == b"":
        return {}
    value = by_table(unpack(data, PRIVATE_MAX), PRIVATE)
    need(value != {}, "an empty private part has no bytes")
    return value


def body_decode(data):
    if data == b"":
        return []
    value = fields(unpack(data, ITEM_MAX), 2)
    text(value[0], MEDIA, "no media type")
    raw(value[1])
    return value


# ---- 7. Bundle ----

def header_decode(data):
    value = fields(unpack(data, HEADER_MAX), 8)
    suite, hub, sender, epoch, first, count, root, claimed = value
    need(type(suite) is int and suite == 1, "unknown suite")
    hub_id(hub)
    agency(sender)
    raw(epoch, 8)
    uint(first, NUMBER_MAX, 1)
    uint(count, 256, 1)
    need(first + count - 1 <= NUMBER_MAX, "numbers run out")
    raw(root, 32)
    uint(claimed, MS_MAX)
    return value


def header_encode(hub, sender, epoch, first, items, claimed):
    root = tree([leaf(item_digest(item)) for item in items])
    return pack([1, hub, sender, epoch, first, len(items), root, claimed])


def item_make(public, private, body, salt, keys=()):
    return [public, commit(salt, private, body), list(keys), salt, private, body]


def lost_form(lost):
    array(lost, 1, 256)
    for one in lost:
        hub, confirm = fields(one, 2)
        hub_id(hub)
        raw(confirm, high=CONFIRM_MAX)


def bundle_form(header, signature, items, lost=None):
    raw(header, high=HEADER_MAX)
    raw(signature, 64)
    array(items, 1, 256)
    for item in items:
        item_form(item)
    need(header_decode(header)[5] == len(items), "the header counts other items")
    if lost is not None:
        lost_form(lost)


def bundle_check(data, sender_key):
    """What the hub checks before it takes a bundle for read."""
    _, header, signature, items = frame_decode(data)[:4]
    need(header_decode(header)[6] == tree([leaf(item_digest(one)) for one in items]),
         "the root is not that of the items")
    verify("rhub/bundle/1", header, signature, sender_key)
    for item in items:
        item_check(item)
        public_decode(item[0])


# ---- 5. Session ----

HELLO = [lambda value: need(type(value) is int and value == 1, "unknown suite"), hub_id, agency,
         lambda value: raw(value, 8), lambda value: raw(value, 32), uint,
         lambda value: uint(value, NUMBER_MAX), lambda value: uint(value, NUMBER_MAX),
         lambda value: uint(value, NUMBER_MAX), lambda value: uint(value, NUMBER_MAX),
         lambda value: raw(value, 32), lambda value: uint(value, U32), uint,
         lambda value: uint(value, MS_MAX),
         lambda value: text(value, re.compile("[ -~]{0,48}"), "no software"),
         lambda value: raw(value, 32), lambda value: raw(value, 64), note]


def hello_decode(data):
    value = fields(unpack(data, HELLO_MAX), len(HELLO))
    for check, one in zip(HELLO, value):
        check(one)
    return value


# ---- 8. Delivery ----

def delivery_form(value):
    sender, lane, seq, index, stored, number, public = value[2:9]
    agency(sender)
    uint(lane, 2)
    uint(seq, NUMBER_MAX, 1)
    uint(index, NUMBER_MAX)
    uint(stored, MS_MAX)
    line(number, 48, 0)
    raw(public, high=PUBLIC_MAX)
    need(value[1] == 2 or public != b"", "no public part")
    if value[1] == 0:
        commitment, keys, salt, private, body, header, signature, position, path = value[9:]
        item_form([public, commitment, keys, salt, private, body])
        raw(header, high=HEADER_MAX)
        raw(signature, 64)
        uint(position, 255)
        hashes(path, 8)


def delivery_check(data, sender_key):
    """What the receiver checks before it believes a delivered item."""
    value = frame_decode(data)
    need(value[0] == 68 and value[1] == 0, "not an item")
    item = value[8:14]
    item_check(item)
    header = header_decode(value[14])
    need(header[2] == value[2], "another sender's header")
    one = leaf(item_digest(item))
    need(root_of_path(one, value[16], header[5], value[17]) == header[6], "not in the bundle")
    verify("rhub/bundle/1", value[14], value[15], sender_key)
    public_decode(value[8])


# ---- receipts ----

STREAM_TYPES = {3: {5, 6, 7, 9}, 4: {5, 6, 7, 9}, 8: {5, 6}}


def not_zero(count):
    def check(value):
        raw(value, count)
        need(any(value), "zeros")
    return check


CORE = {1: hub_id, 2: lambda value: uint(value, 14, 1), 3: lambda value: uint(value, NUMBER_MAX),
        4: lambda value: uint(value, MS_MAX), 5: agency, 6: not_zero(8), 7: positive(NUMBER_MAX),
        8: not_zero(16), 9: not_zero(32), 10: positive(U32), 11: agency, 12: positive(MS_MAX),
        13: code, 14: lambda value: uint(value, 4, 1)}


def receipt_decode(data):
    value = by_table(unpack(data, CORE_MAX), CORE)
    need({1, 2, 3, 4} <= set(value), "a required field is missing")
    if value[2] in STREAM_TYPES:
        need(STREAM_TYPES[value[2]] <= set(value), "a field of the stream is missing")
    else:
        need(not {5, 6, 7} & set(value), "stream fields of no stream")
    need((13 in value) == (14 in value), "a limit without its basis, or a basis alone")
    need(12 in value or 13 not in value, "the limit of no date")
    return value


def generation(hub):
    return int(hub.partition("/")[2] or 1)


def precedes(named, hub):
    """The same hub, in this generation or an earlier one."""
    return named.partition("/")[0] == hub.partition("/")[0] and \
        generation(named) <= generation(hub)


def lost_check(data, hub, sender, hub_key):
    """What the hub checks of the receipts that came along with a bundle, but for its own log
    (wire.md, 11). The instants it believes, by place; None where there is none."""
    value = frame_decode(data)
    epoch, items = header_decode(value[1])[3], value[3]
    digests = [item_digest(one) for one in items]
    believed = [None] * len(items)
    need(len(value) == 5 and len(value[4]) <= len(items), "no lost receipts, or too many")
    for named, confirm in value[4]:
        need(precedes(named, hub) and named != hub, "not of an earlier generation")
        _, first_n, size, root, signature, first_index, proof, records = frame_decode(confirm)
        verify("rhub/batch/1", batch_message(named, size, root), signature, hub_key)
        run, found = [], False
        for at, (core, rest_hash) in enumerate(records):
            receipt = receipt_decode(core)
            need(precedes(receipt[1], named) and receipt[2] == 4 and receipt[5] == sender and
                 receipt[6] == epoch, "not an item of this stream")
            need(receipt[3] == first_index + at and receipt[7] == first_n + at,
                 "numbers do not run")
            run.append(leaf(core + rest_hash))
            for place, digest in enumerate(digests):
                if digest == receipt[9] and 10 not in receipt:
                    found = True
                    believed[place] = min(believed[place] or MS_MAX, receipt[4])
        need(root_of_range(run, first_index, size, proof) == root, "not in the log")
        need(found, "for none of these items")
    return believed


def confirm_check(data, hub, hub_key):
    """What the holder of a confirm checks (receipt.md)."""
    value = frame_decode(data)
    need(value[0] == 67, "no confirm")
    _, first_n, size, root, signature, first_index, proof, records = value
    verify("rhub/batch/1", batch_message(hub, size, root), signature, hub_key)
    run = []
    for at, (core, rest_hash) in enumerate(records):
        receipt = receipt_decode(core)
        need(receipt[1] == hub and receipt[2] == 4, "not an item of this hub")
        need(receipt[3] == first_index + at and receipt[7] == first_n + at, "numbers do not run")
        run.append(leaf(core + rest_hash))
    need(root_of_range(run, first_index, size, proof) == root, "not in the log")


# ---- 4. Frames ----

def confirm_form(value):
    _, first_n, size, root, signature, first_index, proof, records = value
    for one in (first_n, size, first_index):
        uint(one, NUMBER_MAX)
    raw(root, 32)
    raw(signature, 64)
    hashes(proof, 128)
    array(records, 1, 256)
    for one in records:
        core, rest_hash = fields(one, 2)
        raw(core, high=CORE_MAX)
        raw(rest_hash, 32)
    need(first_index + len(records) <= size, "records beyond the tree")


def number(value):
    uint(value, NUMBER_MAX)


def u32(value):
    uint(value, U32)


def core_form(value):
    raw(value, high=CORE_MAX)


FRAMES = {1: [u32, agency],
          2: [lambda value: raw(value, high=HELLO_MAX), lambda value: raw(value, 64)],
          4: [uint, u32, uint],
          5: [uint, agency, lambda value: uint(value, 2), number],
          6: [uint, positive(NUMBER_MAX)],
          7: [uint, number, number],
          8: [uint],
          9: [uint, number],
          65: [u32, hub_id, lambda value: raw(value, 32), lambda value: uint(value, MS_MAX),
               lambda value: need(type(value) is bool, "no bool")],
          66: [uint, number, lambda value: uint(value, MS_MAX), note,
               lambda value: raw(value, 32)],
          69: [u32, u32, number],
          70: [number],
          71: [u32, lambda value: line(value, 256, 0), number],
          72: [note],
          73: [number, note, core_form, lambda value: raw(value, 32),
               lambda value: hashes(value, 128)],
          74: [number, note, lambda value: hashes(value, 128)],
          75: [lambda value: uint(value, MS_MAX), lambda value: uint(value, 1_000_000)]}


def frame_decode(data):
    value = unpack(data, FRAME_MAX)
    array(value, 1, 18)
    need(type(value[0]) is int, "no frame type")
    if value[0] == 3:
        array(value, 4, 5)
        bundle_form(*value[1:])
    elif value[0] == 67:
        confirm_form(fields(value, 8))
    elif value[0] == 68:
        array(value, 9, 18)
        uint(value[1], 2)
        delivery_form(fields(value, 18 if value[1] == 0 else 9))
    else:
        need(value[0] in FRAMES, "unknown frame type")
        checks = FRAMES[value[0]]
        for check, one in zip(checks, fields(value, len(checks) + 1)[1:]):
            check(one)
    return value
