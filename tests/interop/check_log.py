"""The log from both sides.

    check_log.py ROOT SAMPLE

1. The vectors in ROOT/protocol/spec/vectors/log.json are what log_vectors.py makes, and
   log_verify.py accepts the valid ones and refuses the others.
2. SAMPLE (tests/interop/log_sample.c) makes a log with the hub's own code; everything it
   claims is checked here from its files and its public key, and refused once it is spoilt.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import log_verify as log
import log_vectors


def holds(check, *arguments):
    try:
        check(*arguments)
    except log.Refused:
        return False
    return True


def unhex(texts):
    return [bytes.fromhex(text) for text in texts]


def check_vectors(root):
    path = root / "protocol/spec/vectors/log.json"
    text = path.read_text(encoding="utf-8")
    assert text == log_vectors.render(), f"{path} is not what log_vectors.py makes"
    vectors = json.loads(text)
    key = bytes.fromhex(vectors["public_key"])
    checks = {
        "inclusion": lambda v: holds(
            log.verify_inclusion, bytes.fromhex(v["leaf"]), v["index"], v["size"],
            unhex(v["proof"]), bytes.fromhex(v["root"])),
        "consistency": lambda v: holds(
            log.verify_consistency, v["old_size"], bytes.fromhex(v["old_root"]), v["size"],
            bytes.fromhex(v["root"]), unhex(v["proof"])),
        "range": lambda v: holds(
            log.verify_range, v["first"], unhex(v["leaves"]), v["size"], unhex(v["proof"]),
            bytes.fromhex(v["root"])),
        "batch": lambda v: holds(
            log.verify_batch_record, bytes.fromhex(v["record"]), v["hub"], key),
        "checkpoint": lambda v: holds(
            log.verify_checkpoint, v["note"].encode(), vectors["hub"], key),
    }
    count = 0
    for kind, check in checks.items():
        for vector in vectors[kind]:
            assert check(vector) == vector["valid"], f"{kind}: {vector}"
            count += 1
    return count


def flipped(data, bit):
    return data[:bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1:]


def check_sample(directory, claims):
    key, hub = bytes.fromhex(claims["public_key"]), claims["hub"]
    records = [(bytes.fromhex(c), bytes.fromhex(r)) for c, r in claims["records"]]
    leaves = [log.leaf_hash(*record) for record in records]

    note = (directory / "checkpoint").read_bytes()
    checkpoint = log.verify_checkpoint(note, hub, key)
    assert checkpoint.size == len(records)
    assert log.verify_tiles(directory, checkpoint.size, checkpoint.root) == leaves
    for bit in range(0, len(note) * 8, 3):
        assert not holds(log.verify_checkpoint, flipped(note, bit), hub, key), bit
    for size in claims["published"]:
        older = log.verify_checkpoint(
            (directory / "checkpoints" / str(size)).read_bytes(), hub, key)
        assert (older.size, older.root) == (size, log.tree_root(leaves[:size]))

    for claim in claims["confirms"]:
        first, proof = claim["first"], unhex(claim["proof"])
        some = records[first:claim["last"]]
        root, signature = bytes.fromhex(claim["root"]), bytes.fromhex(claim["signature"])
        log.verify_confirm(hub, key, first, some, claim["size"], root, signature, proof)
        for i, one in enumerate(proof):
            wrong = proof[:i] + [flipped(one, i)] + proof[i + 1:]
            assert not holds(log.verify_confirm, hub, key, first, some, claim["size"], root,
                             signature, wrong)
        assert not holds(log.verify_confirm, hub + "/2", key, first, some, claim["size"], root,
                         signature, proof)
    for claim in claims["inclusions"]:
        root = log.tree_root(leaves[:claim["size"]])
        log.verify_inclusion(leaves[claim["index"]], claim["index"], claim["size"],
                             unhex(claim["proof"]), root)
    for claim in claims["consistencies"]:
        log.verify_consistency(claim["old_size"], log.tree_root(leaves[:claim["old_size"]]),
                               claim["size"], log.tree_root(leaves[:claim["size"]]),
                               unhex(claim["proof"]))

    tile = directory / log.tile_path(0, 1)
    tile.write_bytes(flipped(tile.read_bytes(), 4711))
    assert not holds(log.verify_tiles, directory, checkpoint.size, checkpoint.root)
    return len(claims["confirms"]) + len(claims["inclusions"]) + len(claims["consistencies"])


def main():
    root, sample = pathlib.Path(sys.argv[1]), sys.argv[2]
    print(check_vectors(root), "vectors")
    with tempfile.TemporaryDirectory() as name:
        made = subprocess.run([sample, name], check=True, stdout=subprocess.PIPE)
        print(check_sample(pathlib.Path(name), json.loads(made.stdout)), "proofs of the hub")


if __name__ == "__main__":
    main()
