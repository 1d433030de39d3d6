#!/usr/bin/env python3
"""Write protocol/spec/vectors/*.json, the examples of the wire; with --check compare instead.

Deterministic: keys are the test keys of RFC 8032, section 7.1; everything else that looks
random is SHA-256 of a name. Either way every vector is then tried on the Python side: good ones
must be accepted, bad ones refused. The C side does the same in unit.vectors.

`hex` may hold runs such as (61*600): the byte 0x61, 600 times.
"""
import copy
import hashlib
import json
import pathlib
import re
import sys

import rhwire as w
import vectors_bad as bad

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "protocol/spec/vectors"

# RFC 8032, 7.1, tests 1, 2, 3: the sender, the hub, somebody else.
SENDER = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
HUB_SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
OTHER = bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
HUB = "test.620423"
ME, COURT = "petitions.620423", "court.620423"
NOW = 1767225600000  # 2026-01-01T00:00:00Z
EPOCH = bytes.fromhex("0102030405060708")


def rnd(name, count=32):
    out = b""
    while len(out) < count:
        out += hashlib.sha256(f"rhub vectors/{name}/{len(out)}".encode()).digest()
    return out[:count]


def uuid(name, ms=NOW):
    tail = bytearray(rnd(name, 10))
    tail[0] = 0x70 | tail[0] & 15
    tail[2] = 0x80 | tail[2] & 63
    return ms.to_bytes(6, "big") + bytes(tail)


def squeeze(data):
    """Hex with long runs of one byte written short."""
    def run(match):
        text = match.group(0)
        return f"({text[:2]}*{len(text) // 2})"
    cells = data.hex()
    out, at = [], 0
    while at < len(cells):
        match = re.compile(r"(..)\1{31,}").match(cells, at)
        if match:
            out.append(run(match))
            at = match.end()
        else:
            out.append(cells[at:at + 2])
            at += 2
    return "".join(out)


def expand(text):
    return b"".join(bytes.fromhex(one[1:3]) * int(one[4:-1]) if one[0] == "(" else
                    bytes.fromhex(one) for one in re.findall(r"\(..\*[0-9]+\)|[0-9a-f]+", text))


def readable(value):
    """JSON form of a decoded value: bytes as hex, keys as text."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return [readable(one) for one in value]
    if isinstance(value, dict):
        return {str(key): readable(one) for key, one in value.items()}
    return value


class File:
    def __init__(self, name, about):
        self.name, self.about, self.vectors = name, about, []

    def add(self, name, kind, data, expect, why, **more):
        assert all(one["name"] != name for one in self.vectors), name
        self.vectors.append({"name": name, "type": kind, "expect": expect, "why": why,
                             "hex": squeeze(data), **more})

    def good(self, name, kind, data, why, **more):
        self.add(name, kind, data, "accept", why, **more)

    def bad(self, name, kind, data, why, **more):
        self.add(name, kind, data, "refuse", why, **more)

    def text(self):
        return json.dumps({"about": self.about, "vectors": self.vectors}, ensure_ascii=False,
                          indent=1) + "\n"


# ---- values everything is made of ----

REGISTER = {1: uuid("register"), 2: 1, 3: uuid("referral"), 8: "petition_transfer",
            10: "labour.wages", 11: "620423", 12: "visit", 17: NOW - 86400000, 21: True,
            23: [["12345", w.external_hash(rnd("key"), "12345", "620423-2026-000017")]],
            32: [w.external_hash(rnd("key"), "person", "62042319800101001X")],
            33: w.external_hash(rnd("key"), "matter", "某公司拖欠工资")}
FORWARD = {1: uuid("forward", NOW + 5), 2: 10, 3: REGISTER[3], 7: COURT, 9: 2,
           13: "by_competence", 14: "xfgztl-22", 16: NOW + 90 * 86400000, 19: True,
           24: ["procuratorate.620423", "police.620423"],
           26: {"persons": 12, "amount": 4800000, "balance": -5,
                "mediating_org": "52620423MJX0000012", "zz": "a"},
           27: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
SPLIT = {1: uuid("split", NOW + 9), 2: 48, 3: REGISTER[3], 4: uuid("root"),
         25: [[uuid(f"child{i}"), f"court.62042{i}", i % 2 == 0] for i in range(3)],
         31: [rnd("accused1"), rnd("accused2")]}
ACK = {1: uuid("ack", NOW + 20), 2: 90, 9: 1, 28: "court.620423", 29: 41}
NACK = {1: uuid("nack", NOW + 21), 2: 91, 28: "test.620423", 29: 42, 30: 4222}
PRIVATE = {1: "关于某甲申请司法确认的移送", 2: "双方在调解委员会达成协议。",
           3: [{1: "某甲", 2: "petitioner", 4: "13800000000"}, {6: "某公司"}],
           4: {"amount": "4800000", "mediator": "某人民调解委员会", "at": "白银"},
           5: "白信转〔2026〕17号", 6: "某乙",
           7: [["协议书.pdf", "application/pdf", 48211, rnd("pdf")]],
           8: [["12345", "620423-2026-000017"]]}
WHOLE = PRIVATE | {
    9: [{1: "law-1", 2: "某丙", 3: "lawyer", 4: "某律师事务所", 5: 159, 6: "2026-03-04",
         7: "2026-06-30", 8: "委托书 〔2026〕3号"}, {1: "rd-2", 9: "任务完成"}]}
BODY = ["text/plain", "请依法办理。".encode()]


def full_public():
    value = dict(REGISTER)
    value.update(SPLIT)
    value.update(FORWARD)
    value.update({5: uuid("other"), 6: uuid("earlier"), 15: "police.620423", 18: 3, 20: True,
                  22: True, 28: "petitions.62", 29: w.NUMBER_MAX, 30: w.U32,
                  16: w.MS_MAX})
    value[23] = [[f"sys-{i}", rnd(f"ext{i}")] for i in range(4)]
    value[24] = [f"a_very_long_role_nam.6204231234{i:02}" for i in range(16)]
    value[25] = [[uuid(f"c{i}"), f"court.{i:012}", True] for i in range(16)]
    value[26] = {("k" * 31 + chr(97 + i)): "V" * 48 for i in range(24)}
    value[31] = [rnd(f"accused{i}") for i in range(4)]
    value[32] = [rnd(f"person{i}") for i in range(4)]
    return value


def items():
    private, body = w.pack(PRIVATE), w.pack(BODY)
    keys = [[COURT, rnd("sealed1", 80)], ["police.620423", rnd("sealed2", 80)]]
    return [w.item_make(w.pack(REGISTER), private, body, rnd("salt1")),
            w.item_make(w.pack(FORWARD), rnd("sealed private", 90), b"", rnd("salt2"), keys),
            w.item_make(w.pack(ACK), b"", b"", rnd("salt3"))]


def bundle(some, first=7, seed=SENDER, tag="rhub/bundle/1"):
    header = w.header_encode(HUB, ME, EPOCH, first, some, NOW)
    return [3, header, w.sign(tag, header, seed), some]


def delivery(some, at):
    _, header, signature, _ = bundle(some)
    path = w.audit_path([w.leaf(w.item_digest(one)) for one in some], at)
    return [68, 0, ME, 2, 17, 4711, NOW + 1234, "R-620423-2026-000017", *some[at], header,
            signature, at, path]


def core(some, n, index, **more):
    value = {1: HUB, 2: 4, 3: index, 4: NOW + 1000, 5: ME, 6: EPOCH, 7: n,
             8: w.unpack(some[0])[1], 9: w.item_digest(some), 11: COURT, 12: NOW + 86400000,
             13: "notice", 14: 1}
    value.update(more)
    return value


def confirm(some, first_n=7, first_index=5, size=13):
    """A confirm out of a small log whose other leaves are of other agencies."""
    leaves = [rnd(f"leaf{i}") for i in range(size)]
    records = []
    for at, item in enumerate(some):
        one = w.pack(core(item, first_n + at, first_index + at))
        rest = rnd(f"rest{at}")
        records.append([one, rest])
        leaves[first_index + at] = w.leaf(one + rest)
    root = w.tree(leaves)
    signature = w.sign("rhub/batch/1", w.batch_message(HUB, size, root), HUB_SEED)
    proof = w.range_proof(leaves, first_index, first_index + len(some))
    return [67, first_n, size, root, signature, first_index, proof, records]


NEXT_HUB = HUB + "/2"


def again(some, hub, stored, seed=HUB_SEED, core_is=None):
    """A confirm of another generation, hub, key or core."""
    leaves = [rnd(f"leaf{i}") for i in range(13)]
    records = []
    for at, item in enumerate(some):
        one = w.pack({**core(item, 7 + at, 5 + at), 1: hub, 4: stored,
                      **(core_is or {})})
        records.append([one, rnd(f"rest{at}")])
        leaves[5 + at] = w.leaf(one + records[-1][1])
    root = w.tree(leaves)
    signature = w.sign("rhub/batch/1", w.batch_message(hub, 13, root), seed)
    return [67, 7, 13, root, signature, 5, w.range_proof(leaves, 5, 5 + len(some)), records]


NOTE = "test.620423\n13\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— test.620423 AAAA\n"


def hello():
    return [1, HUB, ME, EPOCH, rnd("nonce"), 3, 13, 9, 4712, 13, rnd("root"), 64, 2**20, NOW,
            "vectors 1.0", rnd("receipt root"), rnd("receipt signature", 64), NOTE]


def changed(value, *path_and_new):
    """A deep copy with one place replaced: changed(v, 3, 1, new) sets v[3][1]."""
    value = copy.deepcopy(value)
    *path, last, new = path_and_new
    at = value
    for step in path:
        at = at[step]
    at[last] = new
    return value


def without(value, key):
    value = dict(value)
    del value[key]
    return value


# ---- the files ----

def codec_file():
    out = File("codec", "Canonical MessagePack (wire.md, 1): any single value.")
    for name, data in bad.CODEC_GOOD.items():
        out.good(name, "value", bytes.fromhex(data), "canonical")
    for name, (data, why) in bad.CODEC_BAD.items():
        out.bad(name, "value", bytes.fromhex(data), why)
    return out


def public_file():
    out = File("public", "Public part of an item (wire.md, 6).")
    for name, value in {"register": REGISTER, "forward": FORWARD, "split": SPLIT, "ack": ACK,
                        "nack": NACK, "every_field_full": full_public(),
                        "smallest": {1: uuid("a"), 2: 71, 3: uuid("b")},
                        "bulletin_without_referral": {1: uuid("a"), 2: 85, 7: COURT},
                        "acknowledge_without_referral": {1: uuid("a"), 2: 86,
                                                         6: uuid("b")},
                        "shared": {1: uuid("a"), 2: 105, 10: "labour", 11: "620423",
                                   13: "overdue",
                                   26: {"month": 202608, "subscription": 3}}}.items():
        out.good(name, "public", w.pack(value), "a public part", value=readable(value))
    for name, (value, why) in bad.public(REGISTER, FORWARD, SPLIT, ACK, rnd).items():
        out.bad(name, "public", value if isinstance(value, bytes) else w.pack(value), why)
    return out


def private_file():
    out = File("private", "Private part and body (wire.md, 6), before any sealing.")
    out.good("private", "private", w.pack(WHOLE), "all keys", value=readable(WHOLE))
    out.good("private_title", "private", w.pack({1: "题"}), "one key")
    out.good("private_none", "private", b"", "nothing to say, no bytes")
    out.good("body", "body", w.pack(BODY), "media type and content")
    out.good("body_empty_content", "body", w.pack(["text/plain", b""]), "content may be empty")
    out.good("body_none", "body", b"", "no body, no bytes")
    for name, (value, why) in bad.private(WHOLE).items():
        out.bad(name, "private", w.pack(value), why)
    for name, (value, why) in bad.body().items():
        out.bad(name, "body", w.pack(value), why)
    return out


def item_file():
    out = File("item", "Item: form, sizes and the sender's commitment (wire.md, 6). digest is the "
                       "item digest. external_hash: hex is system, 0x00, number; digest its "
                       "keyed hash under key.")
    for name, value in zip(("register", "forward_sealed", "ack"), items()):
        out.good(name, "item", w.pack(value), "commitment opens", digest=w.item_digest(value).hex())
    large = w.item_make(w.pack(ACK), bytes(w.PRIVATE_MAX), b"", rnd("salt4"))
    out.good("largest_private", "item", w.pack(large), "65,536 bytes of private part",
             digest=w.item_digest(large).hex())
    large = w.item_make(w.pack(ACK), b"", b"a" * (w.ITEM_MAX - 148 + 2), rnd("salt5"))
    room = w.ITEM_MAX - len(w.pack(large))
    large = w.item_make(w.pack(ACK), b"", b"a" * (len(large[5]) + room), rnd("salt5"))
    assert len(w.pack(large)) == w.ITEM_MAX
    out.good("largest", "item", w.pack(large), "262,144 bytes", digest=w.item_digest(large).hex())
    over = w.item_make(w.pack(ACK), b"", large[5] + b"a", rnd("salt5"))
    out.bad("too_large", "item", w.pack(over), "262,145 bytes")
    for name, (value, why) in bad.item(items(), w.item_make, rnd).items():
        out.bad(name, "item", w.pack(value), why)
    out.good("external_number", "external_hash", b"12345\0" + b"620423-2026-000017",
             "keyed BLAKE2b-256", key=rnd("key").hex(),
             digest=w.external_hash(rnd("key"), "12345", "620423-2026-000017").hex())
    return out


def bundle_file():
    out = File("bundle", "Bundle header and whole BUNDLE frames (wire.md, 7). key is the sender's "
                         "public key; an accepted frame has a good signature, root and items.")
    key = w.public_key(SENDER).hex()
    header = w.unpack(bundle(items())[1])
    out.good("header", "header", w.pack(header), "eight values", value=readable(header))
    out.good("header_last_number", "header", w.pack(changed(changed(header, 4, w.NUMBER_MAX), 5, 1)),
             "the last running number")
    for name, (value, why) in bad.header(header).items():
        out.bad(name, "header", w.pack(value), why)
    out.good("bundle_of_three", "bundle", w.pack(bundle(items())), "verifies", key=key)
    out.good("bundle_of_one", "bundle", w.pack(bundle(items()[:1])), "verifies", key=key)
    many = [w.item_make(w.pack(changed(ACK, 1, uuid(f"ack{i}"))), b"", b"", rnd(f"s{i}"))
            for i in range(13)]
    out.good("bundle_of_thirteen", "bundle", w.pack(bundle(many)), "an uneven tree", key=key)
    cases = bad.bundle(bundle, items(), changed, SENDER, OTHER)
    for name, (value, why) in cases.items():
        out.bad(name, "bundle", w.pack(value), why, key=key)
    return out


def lost_bundle(some, *confirms, first=40, hub=None):
    """A bundle for the second generation with what the first had confirmed behind it."""
    header = w.header_encode(hub or NEXT_HUB, ME, EPOCH, first, some, NOW + 9)
    return [3, header, w.sign("rhub/bundle/1", header, SENDER), some,
            [[named, w.pack(value)] for named, value in confirms]]


def lost_file():
    out = File("lost", "BUNDLE frames with lost receipts (wire.md, 11). hub is the hub's "
                       "present id, key its public key, value the instants it believes by "
                       "place, 0 where there is none. Numbers have moved; digests count.")
    extra = {"hub": NEXT_HUB, "key": w.public_key(HUB_SEED).hex()}
    some = items()
    old = confirm(some)
    apart = [confirm(some[at:at + 1], 7 + at, 5 + at) for at in range(3)]
    stored = NOW + 1000
    good = {
        "lost_of_three": (lost_bundle(some, (HUB, old)), [stored] * 3, "one confirm for all"),
        "lost_apart": (lost_bundle(some, *((HUB, one) for one in apart)), [stored] * 3,
                       "a confirm for each"),
        "lost_one_of_three": (lost_bundle(some, (HUB, apart[1])), [0, stored, 0],
                              "the others never had one"),
        "lost_second_generation": (
            lost_bundle(some[:1], (HUB + "/2", again(some[:1], HUB + "/2", stored + 5)),
                        hub=HUB + "/3"), [stored + 5], "of the generation before"),
    }
    for name, (value, believed, why) in good.items():
        hub = HUB + "/3" if name == "lost_second_generation" else NEXT_HUB
        out.good(name, "lost", w.pack(value), why, **{**extra, "hub": hub}, value=believed)
    cases = bad.lost(lost_bundle, some, old, apart, again, changed, HUB, rnd)
    for name, (value, why) in cases.items():
        out.bad(name, "lost", w.pack(value), why, **extra)
    return out


def delivery_file():
    out = File("delivery", "DELIVERY frames of items (wire.md, 8). key is the sender's public "
                           "key; an accepted frame proves its sender.")
    key = w.public_key(SENDER).hex()
    many = items() + [w.item_make(w.pack(changed(ACK, 1, uuid(f"d{i}"))), b"", b"", rnd(f"t{i}"))
                      for i in range(4)]
    for at in (0, 1, 6):
        out.good(f"delivery_{at}_of_7", "delivery", w.pack(delivery(many, at)), "proves its sender",
                 key=key)
    out.good("delivery_1_of_1", "delivery", w.pack(delivery(items()[:1], 0)), "no path", key=key)
    for name, (value, why) in bad.delivery(delivery(many, 1), changed, rnd).items():
        out.bad(name, "delivery", w.pack(value), why, key=key)
    return out


def session_file():
    out = File("session", "HELLO: hex is the signed hello, signature and key belong to it "
                          "(wire.md, 5).")
    key = w.public_key(SENDER).hex()

    def add(verdict, name, value, why, tag="rhub/hello/1", seed=SENDER):
        data = w.pack(value)
        getattr(out, verdict)(name, "hello", data, why, key=key,
                              signature=w.sign(tag, data, seed).hex())

    first = hello()
    for at, empty in ((6, 0), (7, 0), (8, 0), (9, 0), (10, bytes(32)), (14, ""), (15, bytes(32)),
                      (16, bytes(64)), (17, "")):
        first = changed(first, at, empty)
    add("good", "hello", hello(), "with evidence of what is held")
    add("good", "hello_first", first, "nothing held yet")
    add("bad", "hello_other_key", hello(), "signed by another key", seed=OTHER)
    add("bad", "hello_other_tag", hello(), "signed with another tag", tag="rhub/bundle/1")
    for name, (value, why) in bad.hello(hello(), changed).items():
        add("bad", name, value, why)
    return out


def receipt_file():
    out = File("receipt", "Receipt cores, and whole CONFIRM frames with hub and its public key as "
                          "key: signature, range proof and cores hold (receipt.md).")
    plain = core(items()[0], 7, 5)
    undated = {key: value for key, value in plain.items() if key < 11}
    good = {"stored_item": plain, "stored_item_date_alone": without(without(plain, 13), 14),
            "refused_item": changed(undated, 10, 4301),
            "refused_unreadable_item": changed(without(undated, 8), 10, 4101),
            "bundle": without(changed(undated, 2, 3), 8),
            "stream": {1: HUB + "/2", 2: 8, 3: 0, 4: 0, 5: ME, 6: EPOCH},
            "genesis": {1: "hub.620423", 2: 1, 3: 0, 4: NOW},
            "timer": {1: HUB, 2: 5, 3: w.NUMBER_MAX, 4: w.MS_MAX, 11: COURT, 12: w.MS_MAX,
                      13: "watchdog", 14: 4}}
    for name, value in good.items():
        out.good(name, "receipt", w.pack(value), "a core", value=readable(value))
    for name, (value, why) in bad.receipt(plain, without, changed).items():
        out.bad(name, "receipt", value if isinstance(value, bytes) else w.pack(value), why)
    key = w.public_key(HUB_SEED).hex()
    for name, value in {"confirm": confirm(items()), "confirm_one": confirm(items()[:1], 1, 0, 1),
                        "confirm_at_end": confirm(items(), 7, 10, 13)}.items():
        out.good(name, "confirm", w.pack(value), "holds", key=key, hub=HUB)
    for name, (value, why) in bad.confirm(confirm(items()), changed).items():
        out.bad(name, "confirm", w.pack(value), why, key=key, hub=HUB)
    return out


def frames_file():
    out = File("frames", "Every frame by its form alone (wire.md, 4).")
    good = {"open": [1, 1, COURT], "hello": [2, w.pack(hello()), rnd("sig", 64)],
            "window": [4, w.U64, 64, 2**20], "window_pause": [4, 1, 0, 0],
            "resync": [5, 9, ME, 2, 17], "ask": [6, 9, 1], "prove": [7, 9, 4711, 0],
            "close": [8, 9], "extend": [9, 9, 13],
            "challenge": [65, 1, HUB + "/12", rnd("nonce"), NOW, True],
            "welcome": [66, 9, 7, NOW, NOTE, rnd("key")],
            "welcome_without_note": [66, 9, 1, NOW, "", rnd("key")],
            "confirm": confirm(items()), "bundle": bundle(items()),
            "bundle_with_lost": lost_bundle(items(), (HUB, confirm(items()))),
            "delivery": delivery(items(), 0),
            "notice": [68, 1, HUB, 0, 1, 12, NOW, "", w.pack({1: uuid("n"), 2: 102,
                                                             3: REGISTER[3]})],
            "tombstone": [68, 2, ME, 1, 3, 12, NOW, "R-1", b""],
            "busy": [69, 5101, 250, 7], "gap": [70, 7], "error": [71, 7103, "root", 7],
            "error_of_session": [71, 7102, "", 0], "checkpoint": [72, NOTE],
            "proof": [73, 5, NOTE, w.pack(core(items()[0], 7, 5)), rnd("rest0"),
                      [rnd("p1"), rnd("p2")]],
            "consistency": [74, 5, NOTE, [rnd("p1")]],
            "consistency_of_equal_sizes": [74, 13, NOTE, []],
            "time": [75, NOW, 1], "time_stands": [75, NOW, 0], "time_fast": [75, NOW, 10**6]}
    for name, value in good.items():
        out.good(name, "frame", w.pack(value), "a frame")
    for name, (value, why) in bad.frames(good, changed, rnd).items():
        out.bad(name, "frame", value if isinstance(value, bytes) else w.pack(value), why)
    return out


# ---- trying them ----

def check_external(vector, data):
    system, _, number = data.partition(b"\0")
    w.need(w.external_hash(bytes.fromhex(vector["key"]), system.decode(), number.decode()).hex()
           == vector["digest"], "another hash")


def try_vector(vector):
    """Raises Refused when the vector is refused."""
    data = expand(vector["hex"])
    key = bytes.fromhex(vector.get("key", ""))
    decoders = {"value": w.unpack, "public": w.public_decode, "private": w.private_decode,
                "body": w.body_decode, "item": w.item_decode, "header": w.header_decode,
                "hello": w.hello_decode, "frame": w.frame_decode, "bundle": w.frame_decode,
                "delivery": w.frame_decode, "confirm": w.frame_decode, "lost": w.frame_decode,
                "receipt": w.receipt_decode}
    kind = vector["type"]
    if kind == "external_hash":
        check_external(vector, data)
        return
    value = decoders[kind](data)
    if kind == "item":
        w.item_check(value)
        assert vector.get("digest", "") in ("", w.item_digest(value).hex())
    elif kind == "hello":
        w.verify("rhub/hello/1", data, bytes.fromhex(vector["signature"]), key)
    elif kind == "bundle":
        w.bundle_check(data, key)
    elif kind == "delivery":
        w.delivery_check(data, key)
    elif kind == "confirm":
        w.confirm_check(data, vector["hub"], key)
    elif kind == "lost":
        believed = [one or 0 for one in w.lost_check(data, vector["hub"], ME, key)]
        assert vector.get("value", believed) == believed, vector["name"]
        assert w.pack(value) == data
        return
    assert value in ({}, []) and data == b"" or w.pack(value) == data
    if "value" in vector:
        assert readable(value) == vector["value"], vector["name"]


def main():
    check = "--check" in sys.argv[1:]
    wrong, good, refused = [], 0, 0
    for make in (codec_file, public_file, private_file, item_file, bundle_file, lost_file,
                 delivery_file,
                 session_file, receipt_file, frames_file):
        made = make()
        path = FOLDER / f"{made.name}.json"
        if check and (not path.exists() or path.read_text("utf-8") != made.text()):
            wrong.append(f"{path.name} is not what make_vectors.py makes")
        if not check:
            path.write_text(made.text(), "utf-8")
        for vector in json.loads(path.read_text("utf-8"))["vectors"] if path.exists() else []:
            verdict, why = "accept", ""
            try:
                try_vector(vector)
            except w.Refused as refusal:
                verdict, why = "refuse", str(refusal)
            if verdict != vector["expect"]:
                wrong.append(f"{path.name}: {vector['name']}: {verdict} {why}")
            good += verdict == "accept"
            refused += verdict == "refuse"
    for one in wrong:
        print(one)
    print(f"{good} accepted, {refused} refused, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
