"""Makes protocol/spec/vectors/log.json: leaves, proofs, batch and published checkpoints, good
ones and spoilt ones. Written from protocol/spec/receipt.md, as log_verify.py is; both sides
check the result (unit.log_vectors in C, check_log.py here).

    log_vectors.py > log.json
    log_vectors.py --corpus DIRECTORY       notes and batches as files, for tests/fuzz

Keys come from fixed seeds and are worthless. Equal runs give equal bytes.
"""

import base64
import hashlib
import json
import pathlib
import sys

from nacl.signing import SigningKey

import log_verify as log

HUB = SigningKey(hashlib.sha256(b"test key of the hub").digest())
WITNESS = SigningKey(hashlib.sha256(b"test key of a witness").digest())
STRANGER = SigningKey(hashlib.sha256(b"test key of nobody").digest())
NAME = "hub.620423"


def record(i):
    core = f"core {i}".encode() * (1 + i % 3)
    return core, hashlib.sha256(f"rest {i}".encode()).digest()


LEAVES = [log.leaf_hash(*record(i)) for i in range(600)]


def path(m, leaves):
    if len(leaves) == 1:
        return []
    k = log.split(len(leaves))
    if m < k:
        return path(m, leaves[:k]) + [log.tree_root(leaves[k:])]
    return path(m - k, leaves[k:]) + [log.tree_root(leaves[:k])]


def subproof(m, leaves, whole=True):
    if m == len(leaves):
        return [] if whole else [log.tree_root(leaves)]
    k = log.split(len(leaves))
    if m <= k:
        return subproof(m, leaves[:k], whole) + [log.tree_root(leaves[k:])]
    return subproof(m - k, leaves[k:], False) + [log.tree_root(leaves[:k])]


def range_proof(first, last, leaves):
    if last <= 0 or first >= len(leaves):
        return [log.tree_root(leaves)]
    if len(leaves) == 1:
        return []
    k = log.split(len(leaves))
    return range_proof(first, last, leaves[:k]) + range_proof(first - k, last - k, leaves[k:])


def spoil(data, at=0):
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1:]


def hexes(hashes):
    return [h.hex() for h in hashes]


def variants(proof):
    """(name, proof, valid): the proof, and every way of spoiling it a little."""
    yield "good", proof, True
    for i, one in enumerate(proof):
        yield f"hash {i} flipped", proof[:i] + [spoil(one, i % 32)] + proof[i + 1:], False
    if proof:
        yield "last hash missing", proof[:-1], False
        yield "first hash missing", proof[1:], False
    if len(proof) > 1:
        yield "two hashes exchanged", [proof[1], proof[0]] + proof[2:], False
    yield "a hash too many", proof + [LEAVES[0]], False
    yield "a hash too many in front", [LEAVES[0]] + proof, False


def leaf_cases():
    for i in (0, 1, 2, 255):
        core, rest_hash = record(i)
        yield {"core": core.hex(), "rest_hash": rest_hash.hex(), "leaf": LEAVES[i].hex()}


def inclusion_cases():
    for index, size in ((0, 1), (0, 2), (4, 7), (6, 7), (255, 256), (256, 257), (300, 600)):
        leaves = LEAVES[:size]
        base = {"leaf": LEAVES[index].hex(), "index": index, "size": size,
                "root": log.tree_root(leaves).hex()}
        for name, proof, valid in variants(path(index, leaves)):
            yield {"case": name, **base, "proof": hexes(proof), "valid": valid}
        yield {"case": "another leaf", **base, "leaf": LEAVES[index + 1 - 2 * (index % 2)].hex(),
               "proof": hexes(path(index, leaves)), "valid": False}
        yield {"case": "index is the size", **base, "index": size,
               "proof": hexes(path(index, leaves)), "valid": False}


def consistency_cases():
    for old, size in ((0, 0), (0, 5), (1, 1), (1, 2), (3, 7), (4, 7), (6, 8), (256, 600),
                      (257, 600), (599, 600)):
        base = {"old_size": old, "old_root": log.tree_root(LEAVES[:old]).hex(), "size": size,
                "root": log.tree_root(LEAVES[:size]).hex()}
        proof = subproof(old, LEAVES[:size]) if 0 < old < size else []
        for name, one, valid in variants(proof):
            yield {"case": name, **base, "proof": hexes(one), "valid": valid}
        yield {"case": "another old root", **base, "old_root": LEAVES[9].hex(),
               "proof": hexes(proof), "valid": False}
        if old:
            yield {"case": "another root", **base, "root": LEAVES[9].hex(),
                   "proof": hexes(proof), "valid": False}
        if old < size:
            yield {"case": "older and newer exchanged", **base, "old_size": size, "size": old,
                   "old_root": base["root"], "root": base["old_root"], "proof": hexes(proof),
                   "valid": False}


def range_cases():
    for first, last, size in ((0, 1, 1), (0, 2, 2), (0, 7, 7), (2, 5, 7), (6, 7, 7), (3, 4, 8),
                              (250, 260, 600), (598, 600, 600), (0, 3, 600)):
        leaves = LEAVES[:size]
        base = {"first": first, "leaves": hexes(leaves[first:last]), "size": size,
                "root": log.tree_root(leaves).hex()}
        proof = range_proof(first, last, leaves)
        for name, one, valid in variants(proof):
            yield {"case": name, **base, "proof": hexes(one), "valid": valid}
        yield {"case": "no leaves", **base, "leaves": [], "proof": hexes(proof), "valid": False}
        wrong = [spoil(LEAVES[last - 1], 31)]
        yield {"case": "a leaf flipped", **base, "leaves": hexes(leaves[first:last - 1] + wrong),
               "proof": hexes(proof), "valid": False}
        yield {"case": "beyond the end", **base, "first": size - (last - first) + 1,
               "proof": hexes(proof), "valid": False}


def batch_cases():
    root = log.tree_root(LEAVES)

    def signed(name, size, key=HUB, tag=log.BATCH_TAG):
        message = log.batch_message(name, size, root)
        return key.sign(tag + b"\x00" + message).signature

    good = log.batch_record(NAME, 600, root, signed(NAME, 600))
    generation = log.batch_record(NAME + "/2", 600, root, signed(NAME + "/2", 600))
    cases = [
        ("good", NAME, good, True),
        ("good, second generation", NAME + "/2", generation, True),
        ("largest size", NAME, log.batch_record(NAME, log.SIZE_MAX, root,
                                                signed(NAME, log.SIZE_MAX)), True),
        ("signed for the generation before", NAME + "/2",
         log.batch_record(NAME + "/2", 600, root, signed(NAME, 600)), False),
        ("another size", NAME, log.batch_record(NAME, 601, root, signed(NAME, 600)), False),
        ("size 0", NAME, log.batch_record(NAME, 0, root, signed(NAME, 0)), False),
        ("size above 2^62", NAME, log.batch_record(NAME, log.SIZE_MAX + 1, root,
                                                   signed(NAME, log.SIZE_MAX + 1)), False),
        ("another root", NAME, log.batch_record(NAME, 600, LEAVES[0], signed(NAME, 600)), False),
        ("another key", NAME, log.batch_record(NAME, 600, root,
                                               signed(NAME, 600, STRANGER)), False),
        ("another tag", NAME, log.batch_record(NAME, 600, root,
                                               signed(NAME, 600, tag=b"rhub/hello/1")), False),
        ("signature flipped", NAME, spoil(good, len(good) - 1), False),
        ("suite 2", NAME, good[:1] + b"\x02" + good[2:], False),
        ("a byte too many", NAME, good + b"\x00", False),
        ("cut short", NAME, good[:-1], False),
        ("size not in its shortest form", NAME,
         good.replace(log.pack_uint(600), b"\xce\x00\x00\x02\x58"), False),
    ]
    for name, hub, data, valid in cases:
        yield {"case": name, "hub": hub, "record": data.hex(), "valid": valid}


def signature_line(name, text, key, id_of=None):
    blob = log.key_id(name, bytes((id_of or key).verify_key)) + key.sign(text.encode()).signature
    return f"\u2014 {name} {base64.b64encode(blob).decode()}\n"


def checkpoint_cases():
    root = base64.b64encode(log.tree_root(LEAVES)).decode()
    text = f"{NAME}\n600\n{root}\n"
    hub = signature_line(NAME, text, HUB)
    witness = signature_line("court.620423", text, WITNESS)
    later = base64.b64encode(bytes(4) + bytes(range(200))).decode()
    unknown = f"\u2014 some.where/else {later}\n"

    def note(body, lines=None):
        return body + "\n" + (signature_line(NAME, body, HUB) if lines is None else lines)

    yield {"case": "good", "note": note(text), "valid": True}
    yield {"case": "cosigned", "note": note(text, hub + witness + unknown), "valid": True}
    yield {"case": "hub's line last", "note": note(text, unknown + witness + hub), "valid": True}
    yield {"case": "signed twice", "note": note(text, hub + hub), "valid": True}
    yield {"case": "empty log",
           "note": note(f"{NAME}\n0\n{base64.b64encode(log.tree_root([])).decode()}\n"),
           "valid": True}
    yield {"case": "with an extension", "note": note(text + "term 7\n"), "valid": True}
    stranger = signature_line(NAME, text, STRANGER)
    bad = {
        "only a witness": note(text, witness),
        "only another key of that name": note(text, stranger),
        "another key under the hub's key id": note(text, signature_line(NAME, text, STRANGER, HUB)),
        "one good and one bad line of the hub":
            note(text, hub + signature_line(NAME, text, STRANGER, HUB)),
        "no signature": text + "\n",
        "no blank line": text + hub,
        "signed another size": note(text.replace("600", "601"), hub),
        "signed another root": note(text.replace(root, root[1] + root[0] + root[2:]), hub),
        "another hub": note(text.replace(NAME, "hub.620424")),
        "another generation": note(text.replace(NAME, NAME + "/2")),
        "leading zero": note(text.replace("600", "0600")),
        "plus sign": note(text.replace("600", "+600")),
        "size above 2^62": note(text.replace("600", str(log.SIZE_MAX + 1))),
        "root without padding": note(text.replace("=\n", "\n")),
        "root with bits left over": note(text.replace(root, root[:-2] + "B=")),
        "root with a letter above ASCII": note(text.replace(root, root.replace("/I", "\u00e9"))),
        "signature with a letter above ASCII": note(text, hub[:-8] + "\u00e9" + hub[-6:]),
        "root too short": note(text.replace(root, root[:40])),
        "two lines": note(f"{NAME}\n600\n"),
        "empty extension": note(text + "\nx\n"),
        "carriage return": note(text.replace("\n", "\r\n")),
        "tab": note(text + "a\tb\n"),
        "signature without padding": note(text, hub.replace("=", "")),
        "signature cut": note(text, hub[:-6] + "\n"),
        "hyphen for em dash": note(text, "-" + hub[1:]),
        "no newline at the end": note(text)[:-1],
        "line after the signatures": note(text) + "x\n",
        "empty line after the signatures": note(text) + "\n",
    }
    for name, data in bad.items():
        yield {"case": name, "note": data, "valid": False}


def build():
    return {
        "source": "made by tests/interop/log_vectors.py from protocol/spec/receipt.md",
        "hub": NAME,
        "public_key": bytes(HUB.verify_key).hex(),
        "witness": "court.620423",
        "witness_key": bytes(WITNESS.verify_key).hex(),
        "leaf": list(leaf_cases()),
        "inclusion": list(inclusion_cases()),
        "consistency": list(consistency_cases()),
        "range": list(range_cases()),
        "batch": list(batch_cases()),
        "checkpoint": list(checkpoint_cases()),
    }


def render():
    """One case on one line, so that a difference reads well."""
    built = build()
    parts = []
    for key, value in built.items():
        if isinstance(value, list):
            lines = ",\n".join("  " + json.dumps(one, ensure_ascii=False) for one in value)
            parts.append(f' "{key}": [\n{lines}\n ]')
        else:
            parts.append(f' "{key}": {json.dumps(value)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def write_corpus(directory):
    for kind, cases in (("note", checkpoint_cases()), ("batch", batch_cases())):
        for case in cases:
            data = bytes.fromhex(case["record"]) if "record" in case else case["note"].encode()
            name = f"{kind}_{case['case']}".translate(str.maketrans(" ,'^", "____"))
            (directory / name).write_bytes(data)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--corpus"]:
        write_corpus(pathlib.Path(sys.argv[2]))
    else:
        sys.stdout.write(render())
