#!/usr/bin/env python3
"""Write the seed corpora: tests/fuzz/corpus/NAME/.

The bytes are spelt out by hand rather than made with a library, because half of them are
what no library would write. Equal runs give equal files; inputs found by fuzzing live in the
same folders under other names and are left alone.
"""
import base64
import json
import pathlib
import re
import zlib

HERE = pathlib.Path(__file__).resolve().parent / "corpus"
RULES = HERE.parents[1] / "data/rules"
VECTORS = HERE.parents[2] / "protocol/spec/vectors"


def codec():
    text = "检察院 → 法院".encode()
    long_text = b"\xd9\x40" + b"a" * 64
    seeds = {
        "good_zero": "00",
        "good_widths": "98 7f cc80 cd0100 ce00010000 cf0000000100000000 e0 d0df d1ff7f",
        "good_min_int": "d38000000000000000",
        "good_bools": "92 c2 c3",
        "good_empty": "94 a0 c400 90 80",
        "good_depth_8": "91 91 91 91 91 91 91 90",
        "good_map_order": "84 00 01 7f 02 a161 03 cc80 04",
        "good_array16": "dc0010" + "c3" * 16,
        "good_map16": "de0010" + "".join(f"{i:02x}c2" for i in range(16)),
        "good_bin": "c408 0001020304050607",
        "good_chinese": bytes([0xA0 | len(text)]).hex() + text.hex(),
        "good_str8": long_text.hex(),
        "good_header": "87 00 01 01 a0 02 aa6875622e363230343233 03 c4080001020304050607"
                       " 04 cd0400 05 08 06 c420" + "5a" * 32,
        "bad_bomb_array32": "dd ff000000",
        "bad_bomb_map32": "df ffffffff",
        "bad_bomb_str32": "db ffffffff 61",
        "bad_bomb_bin32": "c6 ffffffff",
        "bad_bomb_nested": "92 dcffff dcffff dcffff",
        "bad_depth_9": "91 91 91 91 91 91 91 91 90",
        "bad_depth_200": "91" * 200,
        "bad_depth_maps": "8100" * 100,
        "bad_long_uint": "cc05",
        "bad_long_int": "d0ff",
        "bad_positive_signed": "d17fff",
        "bad_long_str": "d90161",
        "bad_long_array": "dc000100",
        "bad_float": "cb3ff0000000000000",
        "bad_nil": "c0",
        "bad_ext": "d40100",
        "bad_never_used": "c1",
        "bad_key_twice": "82 a161 00 a161 01",
        "bad_key_order": "82 02 00 01 00",
        "bad_key_type": "81 c400 00",
        "bad_key_not_ascii": "81 a2c3a9 00",
        "bad_utf8_surrogate": "a3 eda080",
        "bad_utf8_overlong": "a2 c0af",
        "bad_utf8_above": "a4 f4908080",
        "bad_utf8_cut": "a2 e6a3",
        "bad_trailing": "9000",
        "bad_cut": "93 00 01",
    }
    return {name: bytes.fromhex(value) for name, value in seeds.items()}


def keyfile():
    def line(use, owner, fill):
        key = base64.b64encode(bytes([fill]) * 32).decode()
        return f"rhub-public-1 {use} {owner} {key}\n"

    agency = "".join(line(use, "court.620423", i)
                     for i, use in enumerate(("transport", "sign", "seal", "witness")))
    hub = (line("transport", "hub.620423/2", 7) + line("sign", "hub.620423/2", 8)
           + "rhub-endpoint-1 tcp://hub.example:5570\n")
    seeds = {
        "good_agency": agency,
        "good_hub": hub,
        "good_pasted": "# from a mail\r\n\r\n" + agency.replace("\n", " \r\n"),
        "bad_empty": "",
        "bad_twice": line("sign", "court.620423", 1) * 2,
        "bad_two_owners": line("sign", "court.620423", 1) + line("seal", "police.620423", 2),
        "bad_base64": line("sign", "court.620423", 1).replace("=", ""),
        "bad_only_endpoint": "rhub-endpoint-1 tcp://h:1\n",
        "bad_port": agency + "rhub-endpoint-1 tcp://h:65536\n",
        "bad_secret": agency.replace("public", "secret"),
        "bad_cut": agency[:40],
    }
    return {name: value.encode() for name, value in seeds.items()}


def from_vectors(files, types):
    """Small vectors of the wire of these types: all accepted ones, every fourth refused one."""
    seeds, refused = {}, 0
    for file in files:
        path = VECTORS / f"{file}.json"
        for vector in json.loads(path.read_text("utf-8"))["vectors"]:
            data = b"".join(bytes.fromhex(one[1:3]) * int(one[4:-1]) if one[0] == "("
                            else bytes.fromhex(one)
                            for one in re.findall(r"\(..\*[0-9]+\)|[0-9a-f]+", vector["hex"]))
            good = vector["expect"] == "accept"
            refused += not good
            if vector["type"] in types and len(data) <= 4096 and (good or refused % 4 == 0):
                seeds[("good_" if good else "bad_") + vector["name"]] = data
    return seeds


def public():
    return from_vectors(("public", "private", "item", "bundle", "session", "receipt"),
                        ("public", "private", "body", "item", "header", "hello", "receipt"))


def frame():
    return from_vectors(("frames", "bundle", "lost", "delivery", "receipt"),
                        ("frame", "bundle", "lost", "delivery", "confirm"))


def record():
    """Edits to a journal made by dice: record, offset, value (fuzz_record.c)."""
    def at(index, offset, value):
        return bytes([index, offset & 255, offset >> 8, value])
    seeds = {"good_untouched": b"", "good_random_only": at(40, 3, 7)}
    for index in (0, 1, 2, 30, 60, 90, 120, 150, 199):
        seeds[f"bad_map_{index}"] = at(index, 16, 0xc1)
        seeds[f"edit_{index}"] = b"".join(at(index, 17 + 13 * i, 1) for i in range(12))
    for value in (0, 1, 0x7f, 0x80, 0xcc, 0xff):
        seeds[f"edit_all_{value}"] = b"".join(
            at(i, 20 + 7 * (i % 40), value) for i in range(200))
    return seeds


def rules():
    def text(value):
        data = value.encode()
        return bytes([0xA0 | len(data)]).hex() + data.hex()

    limit = ("8a 01" + text("answer") + "04" + text("art. 19") + "06 82 01 03 02 02 07 01"
             " 08 02 0b cd080c 0c 81 01 cf0020000000000000 0e 04 10 c3"
             " 16 91 83 01 02 03 46 04 04")
    procedure = ("88 01" + text("p") + "02 01 06 98" + text("court") + "a0" * 7 + "07 c3"
                 " 13 91 83 01" + text("court") + "02" + text("*") + "03 81 01 cd0400"
                 " 14 91 83 01" + text("org") + "02 81 01 cd2000 04 cd10d9"
                 " 15 92" + text("done") + text("not") + "18 91" + limit)
    entry = ("86 01" + text("labour.*") + "02" + text("620423") + "03" + text("court.")
             + "04" + text("p") + "05 0a 06" + text("条件"))
    settings = "82 01 18 03 94" + text("court") + "a0 a0 a0"
    whole = "94 91" + procedure + "90 91" + entry + settings
    seeds = {
        "good_empty": "94 90 90 90 80",
        "good_settings": "94 90 90 90" + settings,
        "good_whole": whole,
        "bad_cut": whole[:-2],
        "bad_trailing": whole + "00",
        "bad_three_parts": "93 90 90 90",
        "bad_zero_kept": "94 90 90 90 81 01 00",
        "bad_unknown_key": "94 90 90 90 81 04 01",
        "bad_key_order": "94 90 90 90 82 03 94 a0a0a0a161 01 18",
        "bad_unit": whole.replace("06 82 01 03", "06 82 01 05"),
        "bad_many_procedures": "94 dc0041" + "80" * 65 + "90 90 80",
        "bad_calendar": "94 90 91 90 90 80",
    }
    return {name: bytes.fromhex(value) for name, value in seeds.items()}


def load():
    """The rule files of the tests: good ones, and about every sixth bad one without heading."""
    seeds = {}
    for path in sorted((RULES / "good").glob("*.yaml")):
        seeds["good_" + path.stem] = path.read_bytes()
    for path in sorted((RULES / "bad").glob("*.yaml")):
        if zlib.crc32(path.name.encode()) % 6:
            continue
        lines = path.read_text("utf-8").splitlines(keepends=True)
        text = "".join(line for line in lines if not line.startswith("# expect "))
        seeds["bad_" + path.stem] = text.encode()
    seeds["good_settings"] = (b"grace: 24 hour\nsupervisors: [court]\n"
                              b"watchdog: { signed: 3 working_day }\n")
    seeds["good_routing"] = (b"routing:\n  - { category: 'a.*', area: '62', to: court, "
                             b"procedure: p, kind: forward, condition: { zh: x, en: y }, "
                             b"remedy: { zh: x, en: y } }\n")
    seeds["good_calendar"] = (b"calendar: c\nversion: v\nvalid_from: 2026-01-01\n"
                              b"valid_through: 2026-12-31\nyears:\n  - year: 2026\n"
                              b"    holidays: [{ name: n, off: [2026-10-01..2026-10-07] }]\n")
    seeds["bad_binary"] = bytes(range(256))
    seeds["bad_deep"] = b"[" * 200
    seeds["bad_alias_bomb"] = b"a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    seeds["bad_two_documents"] = b"grace: 24 hour\n---\ngrace: 24 hour\n"
    return seeds


def main():
    for make in (codec, keyfile, public, frame, record, rules, load):
        folder = HERE / make.__name__
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in make().items():
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
