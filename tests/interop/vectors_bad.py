"""What must be refused: the bad examples for make_vectors.py, each with its reason."""
import rhwire as w

CODEC_GOOD = {
    "zero": "00", "fixint_max": "7f", "uint8": "cc80", "uint16": "cd0100", "uint32": "ce00010000",
    "uint64": "cf0000000100000000", "uint64_max": "cfffffffffffffffff", "minus_one": "ff",
    "minus_32": "e0", "int8": "d0df", "int16": "d1ff7f", "int32": "d2ffff7fff",
    "int64_min": "d38000000000000000", "true": "c3", "false": "c2", "empty_str": "a0",
    "str8": "d920" + "61" * 32, "str_chinese": "a6e79fade4bfa1", "empty_bin": "c400",
    "bin8": "c403010203", "bin16": "c50100" + "5a" * 256, "empty_array": "90",
    "array16": "dc0010" + "00" * 16, "empty_map": "80",
    "map_mixed_keys": "84 7f 00 a161 00 cc80 00 d920" + "61" * 32 + "00",
    "map_strs_by_length": "83 a162 00 a26161 00 d920" + "61" * 32 + "00",
    "depth_8": "91" * 7 + "90",
}

CODEC_BAD = {
    "nothing": ("", "no value"),
    "long_uint8": ("cc7f", "fits the fixint form"),
    "long_uint16": ("cd00ff", "fits 8 bits"),
    "long_uint32": ("ce0000ffff", "fits 16 bits"),
    "long_uint64": ("cf00000000ffffffff", "fits 32 bits"),
    "signed_positive": ("d005", "not negative, so unsigned"),
    "signed_positive_16": ("d100c8", "not negative, so unsigned"),
    "long_int8": ("d0ff", "fits the negative fixint form"),
    "long_int16": ("d1ff80", "fits 8 bits"),
    "long_int32": ("d2ffff8000", "fits 16 bits"),
    "long_int64": ("d3ffffffff80000000", "fits 32 bits"),
    "long_str8": ("d90161", "fits fixstr"),
    "long_str16": ("da0020" + "61" * 32, "fits str8"),
    "long_str32": ("db00000001 61", "fits fixstr"),
    "long_bin16": ("c50001 61", "fits bin8"),
    "long_bin32": ("c600000001 61", "fits bin8"),
    "long_array16": ("dc0001 00", "fits fixarray"),
    "long_array32": ("dd00000001 00", "fits fixarray"),
    "long_map16": ("de0001 00 00", "fits fixmap"),
    "long_map32": ("df00000001 00 00", "fits fixmap"),
    "float32": ("ca3f800000", "no floats"),
    "float64": ("cb3ff0000000000000", "no floats"),
    "nil": ("c0", "no nil"),
    "nil_in_array": ("9201c0", "no nil"),
    "fixext": ("d40100", "no extensions"),
    "ext8": ("c70105aa", "no extensions"),
    "timestamp": ("d6ff00000000", "no timestamps"),
    "never_used": ("c1", "0xC1"),
    "keys_descending": ("8202000100", "2 before 1"),
    "keys_str_before_int": ("82 a161 00 01 00", "str before integer"),
    "keys_long_str_first": ("82 a26161 00 a162 00", "str keys ascend by length first"),
    "key_int_twice": ("8201000100", "key twice"),
    "key_str_twice": ("82a16100a16101", "key twice"),
    "key_bin": ("81c40161 00", "key of bin"),
    "key_bool": ("81c3 00", "key of bool"),
    "key_negative": ("81ff00", "negative key"),
    "key_array": ("819000", "key of array"),
    "key_not_ascii": ("81a2c3a900", "key not ASCII"),
    "map_without_last_value": ("8201000200"[:8], "map cut short"),
    "utf8_overlong": ("a2c0af", "overlong UTF-8"),
    "utf8_overlong_3": ("a3e08080", "overlong UTF-8"),
    "utf8_surrogate": ("a3eda080", "surrogate"),
    "utf8_above": ("a4f4908080", "above U+10FFFF"),
    "utf8_cut": ("a2e6a3", "cut character"),
    "utf8_lone": ("a180", "lone continuation byte"),
    "utf8_ff": ("a1ff", "byte never in UTF-8"),
    "trailing": ("0000", "a second value"),
    "trailing_in_map": ("8001", "a second value"),
    "cut_uint": ("cd01", "cut header"),
    "cut_str": ("a361", "cut text"),
    "cut_array": ("9200", "cut array"),
    "array_bomb": ("ddffffffff00", "claims four milliards of elements"),
    "map_bomb": ("dfffffffff00", "claims four milliards of pairs"),
    "bin_bomb": ("c6ffffffff00", "claims four GiB"),
    "depth_9": ("91" * 8 + "90", "nine deep"),
    "depth_9_maps": ("8101" * 8 + "80", "nine deep"),
    "depth_300": ("91" * 300 + "00", "300 deep"),
}


def variant(value, **changes):
    out = dict(value)
    for key, new in changes.items():
        out[int(key[1:])] = new
    return out


def public(register, forward, split, ack, rnd):
    return (public_fields(register, forward) | public_lists(register, forward, split, rnd)
            | public_rest(register, forward, split, ack, rnd))


def public_fields(register, forward):
    """A map of known keys, and a value of the right form under each."""
    return {
        "array": ([1, 2], "not a map"),
        "unknown_field": (variant(register, k32=1), "key 32"),
        "field_zero": (variant(register, k0=1), "key 0"),
        "field_text": (dict(register, kind=1), "key that is text"),
        "no_message_id": ({2: 1, 3: register[3]}, "key 1 missing"),
        "no_kind": ({1: register[1], 3: register[3]}, "key 2 missing"),
        "no_referral": ({1: register[1], 2: 10, 7: "court.62"}, "key 3 missing"),
        "message_id_short": (variant(register, k1=register[1][:15]), "15 bytes"),
        "message_id_zero": (variant(register, k1=bytes(16)), "id of zeros"),
        "message_id_text": (variant(register, k1="a" * 16), "str, not bin"),
        "kind_zero": (variant(register, k2=0), "kind 0"),
        "kind_unknown": (variant(register, k2=9), "kind 9"),
        "kind_high": (variant(register, k2=128), "kind 128"),
        "kind_300": (variant(register, k2=300), "kind 300"),
        "to_upper": (variant(forward, k7="Court.620423"), "upper case"),
        "to_no_division": (variant(forward, k7="court"), "no division"),
        "to_empty": (variant(forward, k7=""), "empty is absent"),
        "to_one_digit": (variant(forward, k7="court.6"), "division of one digit"),
        "to_13_digits": (variant(forward, k7="court.6204231234567"), "division too long"),
        "to_long_role": (variant(forward, k7="a" * 21 + ".62"), "role of 21 letters"),
        "to_too_long": (variant(forward, k7="court." + "6" * 60), "above 40 bytes"),
        "lane_zero": (variant(forward, k9=0), "normal is absent"),
        "lane_unknown": (variant(forward, k9=3), "lane 3"),
        "code_space": (variant(register, k10="two words"), "space in a code"),
        "code_chinese": (variant(register, k10="劳动"), "not ASCII"),
        "code_long": (variant(register, k10="a" * 49), "code of 49 bytes"),
        "code_empty": (variant(register, k12=""), "empty is absent"),
        "code_dash_first": (variant(register, k13="-a"), "begins with a dash"),
        "code_nul": (variant(register, k13="a\0b"), "NUL in a code"),
        "code_bin": (variant(register, k13=b"abc"), "bin, not str"),
        "due_zero": (variant(forward, k16=0), "zero is absent"),
        "due_above": (variant(forward, k16=253402300800000), "year 10000"),
        "due_negative": (variant(forward, k16=-1), "negative"),
        "extend_above": (variant(forward, k18=2**32), "above u32"),
        "flag_false": (variant(forward, k19=False), "false is absent"),
        "flag_number": (variant(forward, k19=1), "1 is not true"),
    }


def public_lists(register, forward, split, rnd):
    external = register[23][0]
    child = split[25][0]
    many_facts = {f"f{i:02}": i for i in range(25)}
    return {
        "externals_empty": (variant(register, k23=[]), "empty is absent"),
        "externals_five": (variant(register, k23=[[f"s{i}", external[1]] for i in range(5)]),
                           "more than 4"),
        "externals_twice": (variant(register, k23=[external, external]), "element twice"),
        "external_hash_short": (variant(register, k23=[["a", external[1][:31]]]), "31 bytes"),
        "external_system": (variant(register, k23=[["A", external[1]]]), "upper case system"),
        "external_three": (variant(register, k23=[external + [1]]), "three elements"),
        "copies_17": (variant(forward, k24=[f"court.62{i:02}" for i in range(17)]),
                      "more than 16"),
        "copies_twice": (variant(forward, k24=["court.62", "court.62"]), "element twice"),
        "child_short": (variant(split, k25=[child[:2]]), "flag missing"),
        "child_zero": (variant(split, k25=[[bytes(16)] + child[1:]]), "id of zeros"),
        "child_twice": (variant(split, k25=[child, child]), "element twice"),
        "child_flag": (variant(split, k25=[child[:2] + [1]]), "flag is a number"),
        "children_17": (variant(split, k25=[[rnd(f"x{i}", 16), "court.62", True]
                                            for i in range(17)]), "more than 16"),
        "facts_25": (variant(forward, k26=many_facts), "more than 24"),
        "facts_array": (variant(forward, k26=["a"]), "not a map"),
        "fact_empty": (variant(forward, k26={"a": ""}), "empty code"),
        "fact_bool": (variant(forward, k26={"a": True}), "bool"),
        "fact_key_upper": (variant(forward, k26={"A": 1}), "upper case key"),
        "fact_key_number": (variant(forward, k26={1: 1}), "key is a number"),
        "fact_key_long": (variant(forward, k26={"a" * 33: 1}), "key of 33 bytes"),
        "fact_above": (variant(forward, k26={"a": 2**63}), "above 64 bits with sign"),
        "fact_sentence": (variant(forward, k26={"a": "not a code"}), "no code"),
    }


def public_rest(register, forward, split, ack, rnd):
    return {
        "trace_upper": (variant(forward, k27=forward[27].upper()), "upper case"),
        "trace_short": (variant(forward, k27=forward[27][:-1]), "54 bytes"),
        "pair_seq_above": (variant(ack, k29=2**53), "above 2^53 - 1"),
        "refusal_text": (variant(ack, k30="4222"), "text"),
        "accused_five": (variant(split, k31=[rnd(f"y{i}") for i in range(5)]), "more than 4"),
        "persons_five": (variant(register, k32=[rnd(f"y{i}") for i in range(5)]),
                         "more than 4"),
        "persons_twice": (variant(register, k32=[rnd("y"), rnd("y")]), "the same person twice"),
        "matter_short": (variant(register, k33=rnd("y")[:16]), "16 bytes"),
        "matter_zero": (variant(register, k33=bytes(32)), "zeros say nothing"),
        "accused_short": (variant(split, k31=[rnd("y")[:16]]), "16 bytes"),
        "too_large": (b"\xc5\x20\x01" + bytes(8193), "above 8,192 bytes"),
    }


def private(value):
    person = value[3][0]
    attachment = value[7][0]
    return {
        "private_empty_map": ({}, "an empty one has no bytes"),
        "private_unknown": (variant(value, k10="x"), "key 10"),
        "private_title_empty": (variant(value, k1=""), "empty is absent"),
        "private_title_long": (variant(value, k1="a" * 601), "601 bytes"),
        "private_summary_long": (variant(value, k2="a" * 32769), "32,769 bytes"),
        "private_person_empty": (variant(value, k3=[{}]), "an empty person"),
        "private_person_unknown": (variant(value, k3=[{7: "x"}]), "key 7 of a person"),
        "private_person_role": (variant(value, k3=[dict(person) | {2: "a b"}]), "no code"),
        "private_persons_65": (variant(value, k3=[{1: "a"}] * 65), "more than 64"),
        "private_form_key": (variant(value, k4={"Amount": "1"}), "upper case key"),
        "private_form_value": (variant(value, k4={"amount": ""}), "empty value"),
        "private_form_number": (variant(value, k4={"amount": 1}), "a number"),
        "private_attachment_path": (variant(value, k7=[["../x"] + attachment[1:]]), "a path"),
        "private_attachment_slash": (variant(value, k7=[["a/b"] + attachment[1:]]), "a path"),
        "private_attachment_hidden": (variant(value, k7=[[".x"] + attachment[1:]]), "hidden"),
        "private_attachment_control": (variant(value, k7=[["a\nb"] + attachment[1:]]), "newline"),
        "private_attachment_media": (variant(value, k7=[["a", ""] + attachment[2:]]), "no type"),
        "private_attachment_three": (variant(value, k7=[attachment[:3]]), "no hash"),
        "private_external_system": (variant(value, k8=[["", "1"]]), "no system"),
        "private_array": ([1], "not a map"),
        **participants(value),
    }


def participants(value):
    one, ended = value[9]
    def put(why, *entries):
        return variant(value, k9=list(entries)), why
    def but(**changes):
        return {key: new for key, new in variant(one, **changes).items() if new is not None}
    return {
        "participants_none": put("an empty list is absent"),
        "participants_17": put("more than 16", *({1: f"p{i}", 9: "x"} for i in range(17))),
        "participants_twice": put("one id twice", one, but(k2="某丁")),
        "participant_id": put("a capital in the id", but(k1="Law-1")),
        "participant_id_long": put("25 bytes", but(k1="a" * 25)),
        "participant_nameless": put("no name", but(k2=None)),
        "participant_role": put("no such role", but(k3="friend")),
        "participant_scope_none": put("no scope", but(k5=None)),
        "participant_scope_zero": put("an empty scope", but(k5=0)),
        "participant_scope_256": put("no such part", but(k5=256)),
        "participant_scope_role": put("identity is beyond a deputy", but(k3="people_deputy", k5=7)),
        "participant_minors": put("a social worker sees pseudonyms",
                                  but(k3="social_worker", k5=129)),
        "participant_from": put("no first day", but(k6=None)),
        "participant_day": put("no such day", but(k6="2026-02-30")),
        "participant_until": put("ends before it begins", but(k7="2026-03-03")),
        "participant_basis": put("no basis", but(k8=None)),
        "participant_unknown": put("key 10 of a participant", but(k10="x")),
        "participant_end_named": put("an end says nothing else", dict(ended) | {2: "某"}),
        "participant_end_scope": put("an end with an empty scope", dict(ended) | {5: 0}),
    }


def body():
    return {"body_three": (["text/plain", b"", 1], "three elements"),
            "body_text": (["text/plain", "abc"], "content is str"),
            "body_media_empty": (["", b"abc"], "no media type"),
            "body_media_chinese": (["文本", b"abc"], "not ASCII"),
            "body_media_long": (["a" * 101, b"abc"], "101 bytes"),
            "body_map": ({1: 2}, "not an array")}


def item(items, make, rnd):
    register, forward, ack = items
    keys = forward[2]
    public, _, _, salt, private_part, body_part = register
    def put(at, new, of=register):
        return of[:at] + [new] + of[at + 1:]
    return {
        "five_parts": (register[:5], "five elements"),
        "seven_parts": (register + [b""], "seven elements"),
        "commitment_short": (put(1, register[1][:31]), "31 bytes"),
        "commitment_other": (put(1, rnd("other")), "does not open"),
        "salt_other": (put(3, rnd("other salt")), "does not open"),
        "salt_short": (put(3, salt[:16]), "16 bytes"),
        "private_other": (put(4, private_part + b"\0"), "does not open"),
        "border_moved": (put(5, private_part[-1:] + body_part,
                             put(4, private_part[:-1])), "a byte moved to the body"),
        "public_too_large": (make(bytes(8193), b"", b"", salt), "8,193 bytes of public part"),
        "private_too_large": (make(public, bytes(65537), b"", salt), "65,537 bytes"),
        "public_text": (put(0, "text"), "str, not bin"),
        "keys_17": (put(2, [[f"court.62{i:02}", bytes(80)] for i in range(17)]), "more than 16"),
        "keys_twice": (put(2, [keys[0], keys[0]], forward), "an agency twice"),
        "key_short": (put(2, [[keys[0][0], keys[0][1][:79]]], forward), "79 bytes"),
        "key_agency": (put(2, [["Court", keys[0][1]]], forward), "no agency id"),
        "keys_bin": (put(2, b""), "bin, not an array"),
    }


def header(value):
    def put(at, new):
        return value[:at] + [new] + value[at + 1:]
    return {
        "header_seven": (value[:7], "seven elements"),
        "header_nine": (value + [0], "nine elements"),
        "header_suite": (put(0, 2), "suite 2"),
        "header_hub": (put(1, "hub.x"), "no hub id"),
        "header_hub_generation_1": (put(1, "hub.620423/1"), "generation 1 has no suffix"),
        "header_hub_generation_0": (put(1, "hub.620423/02"), "leading zero"),
        "header_sender": (put(2, "petitions"), "no agency id"),
        "header_epoch": (put(3, bytes(7)), "7 bytes"),
        "header_n_zero": (put(4, 0), "numbers begin at 1"),
        "header_n_above": (put(4, 2**53), "above 2^53 - 1"),
        "header_n_runs_out": (put(4, 2**53 - 2), "three numbers do not fit"),
        "header_count_zero": (put(5, 0), "no items"),
        "header_count_257": (put(5, 257), "more than 256"),
        "header_root": (put(6, bytes(31)), "31 bytes"),
        "header_time": (put(7, 253402300800000), "year 10000"),
    }


def bundle(make, items, changed, sender, other):
    good = make(items)
    twisted = [items[1], items[0], items[2]]
    unread = [w.item_make(b"\xc0", b"", b"", bytes(32))]
    return {
        "bundle_no_items": (changed(good, 3, []), "no items"),
        "bundle_item_missing": (changed(good, 3, items[:2]), "header counts three"),
        "bundle_item_more": (changed(good, 3, items + items[:1]), "header counts three"),
        "bundle_order": (changed(good, 3, twisted), "root is not that of this order"),
        "bundle_root": (other_root(good, sender), "wrong root"),
        "bundle_other_key": (make(items, seed=other), "signed by another key"),
        "bundle_other_tag": (make(items, tag="rhub/hello/1"), "signed with another tag"),
        "bundle_signature_bit": (changed(good, 2, flip(good[2], 0)), "a flipped bit in R"),
        "bundle_signature_s": (changed(good, 2, flip(good[2], 63)), "a flipped bit in S"),
        "bundle_signature_short": (changed(good, 2, good[2][:63]), "63 bytes"),
        "bundle_header_bit": (changed(good, 1, flip(good[1], len(good[1]) - 1)),
                              "claimed time changed"),
        "bundle_header_spread": (changed(good, 1, good[1] + b"\0"), "header with a trailing byte"),
        "bundle_body_bit": (changed(good, 3, 0, 5, flip(items[0][5], 0)), "a changed body"),
        "bundle_public_unreadable": (make(unread), "public part is nil"),
        "bundle_five": (good + [0], "five elements, the fifth no list of lost receipts"),
        "bundle_six": (good + [[["test.620423", b""]], 0], "six elements"),
        "bundle_type": (changed(good, 0, 67), "type of another frame"),
    }


def lost(make, items, old, apart, again, changed, hub, rnd):
    police, epoch = {5: "police.620423"}, {6: rnd("epoch", 8)}
    refused = again(items[:1], hub, 1, core_is={10: 4301})
    return {
        "lost_none": (make(items), "an empty list"),
        "lost_too_many": (make(items[:1], *((hub, one) for one in apart[:2])),
                          "more receipts than items"),
        "lost_same_generation": (make(items, (hub + "/2", again(items, hub + "/2", 1))),
                                 "of the generation that is asked"),
        "lost_later_generation": (make(items, (hub + "/3", again(items, hub + "/3", 1))),
                                  "of a generation to come"),
        "lost_other_hub": (make(items, ("test.620422", again(items, "test.620422", 1))),
                           "of another hub"),
        "lost_other_key": (make(items, (hub, again(items, hub, 1, seed=rnd("other hub")))),
                           "signed by another key"),
        "lost_other_agency": (make(items, (hub, again(items, hub, 1, core_is=police))),
                              "of another agency's stream"),
        "lost_other_epoch": (make(items, (hub, again(items, hub, 1, core_is=epoch))),
                             "of another stream of this agency"),
        "lost_refused": (make(items[:1], (hub, refused)), "refused then: nothing was stored"),
        "lost_unrelated": (make(items[1:2], (hub, apart[0])), "of none of these items"),
        "lost_one_unrelated": (make(items[:2], (hub, apart[0]), (hub, apart[2])),
                               "the second is of none of these items"),
        "lost_earlier_stored": (make(items, (hub, moved(old))), "an instant put back"),
        "lost_root": (make(items, (hub, changed(old, 3, rnd("root")))), "another root"),
        "lost_size": (make(items, (hub, changed(old, 2, 14))), "another size"),
        "lost_signature": (make(items, (hub, changed(old, 4, flip(old[4], 0)))),
                           "a flipped bit in R"),
        "lost_rest": (make(items, (hub, changed(old, 7, 0, 1, rnd("rest")))), "another rest"),
        "lost_proof": (make(items, (hub, changed(old, 6, old[6][1:]))), "a proof too short"),
        "lost_index": (make(items, (hub, changed(old, 5, 6))), "another place in the log"),
        "lost_first_n": (make(items, (hub, changed(old, 1, 8))), "numbers that do not run"),
        "lost_form": (make(items)[:4] + [[[hub, b"\xc0"]]], "no confirm"),
        "lost_hub_form": (make(items)[:4] + [[["TEST", w.pack(old)]]], "no hub id"),
        "lost_pair": (make(items)[:4] + [[[hub, w.pack(old), 0]]], "three elements"),
        "lost_long": (make(items)[:4] + [[[hub, bytes(w.CONFIRM_MAX + 1)]]],
                      "a confirm of 163,841 bytes"),
        "lost_257": (make(items)[:4] + [[[hub, b""]] * 257], "257 of them"),
    }


def moved(confirm):
    """The first record says another instant of storing; nothing else was touched."""
    core = w.unpack(confirm[7][0][0])
    core[4] -= 86400000
    record = [w.pack(core), confirm[7][0][1]]
    return confirm[:7] + [[record] + confirm[7][1:]]


def other_root(frame, seed):
    """Well signed, but over a root that is not that of the items."""
    value = w.unpack(frame[1])
    value[6] = bytes(32)
    header_bytes = w.pack(value)
    return [3, header_bytes, w.sign("rhub/bundle/1", header_bytes, seed), frame[3]]


def flip(data, at):
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def delivery(good, changed, rnd):
    return {
        "delivery_body": (changed(good, 13, b"other"), "a changed body"),
        "delivery_public": (changed(good, 8, flip(good[8], 10)), "a changed public part"),
        "delivery_keys": (changed(good, 10, []), "sealed keys removed"),
        "delivery_sender": (changed(good, 2, "court.620423"), "another sender"),
        "delivery_position": (changed(good, 16, 2), "another position"),
        "delivery_position_outside": (changed(good, 16, 7), "position outside the bundle"),
        "delivery_path_short": (changed(good, 17, good[17][:-1]), "a hash too few"),
        "delivery_path_long": (changed(good, 17, good[17] + [rnd("z")]), "a hash too many"),
        "delivery_path_other": (changed(good, 17, 0, rnd("z")), "another hash"),
        "delivery_header": (changed(good, 14, flip(good[14], len(good[14]) - 1)),
                            "a changed header"),
        "delivery_signature": (changed(good, 15, flip(good[15], 5)), "a changed signature"),
        "delivery_seq_zero": (changed(good, 4, 0), "pair_seq from 1"),
    }


def hello(good, changed):
    return {
        "hello_suite": (changed(good, 0, 0), "suite 0"),
        "hello_hub": (changed(good, 1, "petitions.620423"), "no hub id"),
        "hello_agency": (changed(good, 2, ""), "no agency id"),
        "hello_epoch": (changed(good, 3, bytes(16)), "16 bytes"),
        "hello_nonce": (changed(good, 4, bytes(31)), "31 bytes"),
        "hello_receipt_size": (changed(good, 6, 2**53), "above 2^53 - 1"),
        "hello_window": (changed(good, 11, 2**32), "above u32"),
        "hello_software": (changed(good, 14, "a\nb"), "newline"),
        "hello_software_long": (changed(good, 14, "a" * 49), "49 bytes"),
        "hello_signature": (changed(good, 16, bytes(63)), "63 bytes"),
        "hello_note_long": (changed(good, 17, "a" * 65537), "65,537 bytes"),
        "hello_short": (good[:17], "seventeen elements"),
    }


def receipt(plain, without, changed):
    return {
        "core_no_hub": (without(plain, 1), "key 1 missing"),
        "core_no_type": (without(plain, 2), "key 2 missing"),
        "core_no_index": (without(plain, 3), "key 3 missing"),
        "core_no_time": (without(plain, 4), "key 4 missing"),
        "core_no_n": (without(plain, 7), "item without n"),
        "core_no_agency": (without(plain, 5), "item without agency"),
        "core_no_digest": (without(plain, 9), "item without digest"),
        "core_unknown": (changed(plain, 15, 1), "key 15"),
        "core_limit_number": (changed(plain, 13, 1), "a limit is a code"),
        "core_limit_alone": (without(plain, 14), "a limit without its basis"),
        "core_basis_alone": (without(plain, 13), "a basis without its limit"),
        "core_limit_undated": (without(plain, 12), "the limit of no date"),
        "core_basis_5": (changed(plain, 14, 5), "basis 5"),
        "core_basis_zero": (changed(plain, 14, 0), "zeros are absent"),
        "core_type_0": (changed(plain, 2, 0), "type 0"),
        "core_type_15": (changed(plain, 2, 15), "type 15"),
        "core_timer_with_stream": (changed(plain, 2, 5), "a timer has no stream"),
        "core_outcome_zero": (changed(plain, 10, 0), "stored is absent"),
        "core_n_zero": (changed(plain, 7, 0), "numbers begin at 1"),
        "core_epoch_zero": (changed(plain, 6, bytes(8)), "zeros are absent"),
        "core_digest_short": (changed(plain, 9, bytes(31)), "31 bytes"),
        "core_holder": (changed(plain, 11, "Court.62"), "no agency id"),
        "core_index_above": (changed(plain, 3, 2**53), "above 2^53 - 1"),
        "core_array": ([1, 2], "not a map"),
        "core_empty": (b"", "no bytes"),
    }


def confirm(good, changed):
    def core_with(at, key, new):
        value = w.unpack(good[7][at][0])
        value[key] = new
        return w.pack(value)
    hub_other = w.sign("rhub/batch/1", w.batch_message("test.620423/2", good[2], good[3]),
                       bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f"
                                     "5b8a319f35aba624da8cf6ed4fb8a6fb"))
    return {
        "confirm_root": (changed(good, 3, flip(good[3], 0)), "another root"),
        "confirm_size": (changed(good, 2, good[2] + 1), "another size"),
        "confirm_signature": (changed(good, 4, flip(good[4], 9)), "another signature"),
        "confirm_generation": (changed(good, 4, hub_other), "signed for another generation"),
        "confirm_index": (changed(good, 5, good[5] + 1), "another place"),
        "confirm_first_n": (changed(good, 1, good[1] + 1), "another first n"),
        "confirm_proof_short": (changed(good, 6, good[6][:-1]), "a hash too few"),
        "confirm_proof_long": (changed(good, 6, good[6] + good[6][:1]), "a hash too many"),
        "confirm_proof_other": (changed(good, 6, 1, bytes(32)), "another hash"),
        "confirm_outcome": (changed(good, 7, 0, 0, core_with(0, 10, 4301)), "a changed core"),
        "confirm_hub": (changed(good, 7, 0, 0, core_with(0, 1, "test.620424")), "another hub"),
        "confirm_rest": (changed(good, 7, 2, 1, bytes(32)), "another hash of the rest"),
        "confirm_record_missing": (changed(good, 7, good[7][:2]), "a record too few"),
        "confirm_order": (changed(good, 7, good[7][::-1]), "records turned round"),
        "confirm_none": (changed(good, 7, []), "no records"),
        "confirm_beyond": (changed(good, 5, good[2] - 1), "records beyond the size"),
    }


def frames(good, changed, rnd):
    many = [rnd(f"h{i}") for i in range(129)]
    return frames_of_client(good, changed) | frames_of_hub(good, changed, many)


def frames_of_client(good, changed):
    """What is no frame at all, then what a client may get wrong."""
    return {
        "empty_array": ([], "no type"),
        "map": ({1: 1}, "not an array"),
        "bytes": (b"\xc4\x01\x01", "not an array"),
        "type_0": ([0], "type 0"),
        "type_10": ([10, 1], "unknown type"),
        "type_64": ([64], "unknown type"),
        "type_75": ([75, 1], "unknown type"),
        "type_text": (["open", 1, "court.62"], "type is text"),
        "type_negative": ([-1, 1, "court.62"], "negative type"),
        "open_four": (good["open"] + [0], "an element too many"),
        "open_two": (good["open"][:2], "an element too few"),
        "open_version": (changed(good["open"], 1, 2**32), "above u32"),
        "open_agency": (changed(good["open"], 2, "COURT.62"), "no agency id"),
        "hello_signature": (changed(good["hello"], 2, bytes(65)), "65 bytes"),
        "hello_text": (changed(good["hello"], 1, "hello"), "str, not bin"),
        "window_messages": (changed(good["window"], 2, 2**32), "above u32"),
        "window_negative": (changed(good["window"], 3, -1), "negative"),
        "resync_lane": (changed(good["resync"], 3, 3), "lane 3"),
        "resync_from": (changed(good["resync"], 4, 2**53), "above 2^53 - 1"),
        "ask_zero": (changed(good["ask"], 2, 0), "numbers begin at 1"),
        "prove_size": (changed(good["prove"], 3, 2**53), "above 2^53 - 1"),
    }


def frames_of_hub(good, changed, many):
    return {
        "challenge_nonce": (changed(good["challenge"], 3, bytes(16)), "16 bytes"),
        "challenge_hub": (changed(good["challenge"], 2, "court.620423"), "no hub id"),
        "challenge_test": (changed(good["challenge"], 5, 1), "1 is not true"),
        "welcome_key": (changed(good["welcome"], 5, bytes(31)), "31 bytes"),
        "welcome_note": (changed(good["welcome"], 4, "a" * 65537), "65,537 bytes"),
        "confirm_core_long": (changed(good["confirm"], 7, 0, 0, bytes(513)), "core of 513 bytes"),
        "confirm_proof_129": (changed(good["confirm"], 6, many), "129 hashes"),
        "confirm_hash_short": (changed(good["confirm"], 6, 0, bytes(31)), "31 bytes"),
        "confirm_beyond": (changed(good["confirm"], 5, 11), "records beyond the size"),
        "confirm_record_three": (changed(good["confirm"], 7, 0, [b"", bytes(32), 1]),
                                 "three elements"),
        "delivery_form_3": (changed(good["notice"], 1, 3), "form 3"),
        "delivery_item_short": (good["delivery"][:9], "an item without its proof"),
        "notice_with_proof": (changed(good["delivery"], 1, 1), "a notice with a sender's proof"),
        "notice_empty": (changed(good["notice"], 8, b""), "a notice without words"),
        "notice_seq_zero": (changed(good["notice"], 4, 0), "pair_seq from 1"),
        "delivery_number_long": (changed(good["notice"], 7, "R" * 49), "49 bytes"),
        "delivery_path_9": (changed(good["delivery"], 17, many[:9]), "nine hashes"),
        "delivery_position_256": (changed(good["delivery"], 16, 256), "above 255"),
        "delivery_public_long": (changed(good["notice"], 8, bytes(8193)), "8,193 bytes"),
        "busy_refusal": (changed(good["busy"], 1, 2**32), "above u32"),
        "busy_retry": (changed(good["busy"], 2, -1), "negative"),
        "gap_text": ([70, "7"], "text"),
        "error_detail_long": (changed(good["error"], 2, "a" * 257), "257 bytes"),
        "error_three": (good["error"][:3], "without first n"),
        "checkpoint_bin": ([72, b"note"], "bin, not str"),
        "proof_core_long": (changed(good["proof"], 3, bytes(513)), "core of 513 bytes"),
        "proof_hashes": (changed(good["proof"], 5, many), "129 hashes"),
        "consistency_hash": (changed(good["consistency"], 3, [bytes(33)]), "33 bytes"),
        "time_rate": (changed(good["time"], 2, 10**6 + 1), "a rate above 1,000,000"),
        "time_negative": (changed(good["time"], 1, -1), "before 1970"),
        "time_without_rate": (good["time"][:2], "without a rate"),
        "trailing": (b"\x92\x46\x07\x00", "a byte after the frame"),
        "long_type": (b"\x92\xcc\x46\x07", "type not in shortest form"),
        "too_large": (b"\x93\x02\xc6\x00\x10\x00\x00" + bytes(2**20) + b"\xc4\x40" + bytes(64),
                      "above 1,048,576 bytes"),
    }
