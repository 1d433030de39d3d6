"""The direction of the arrows between folders, read from the includes.

    main -> operator, gateway, engine -> journal, log, views -> core -> protocol

A folder may include only what this page lists for it; a folder that is not listed must be
added here by whoever opens it. Every outside library has one home. hub/core includes nothing
but itself, <rh/...> and a few freestanding headers, so that it cannot read a clock, a file or
allocate. Includes are written from a root, never with "..".

tests/ stands outside: it may look at everything.
"""

import re

import tidy

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')

# Which folders below hub/ a folder below hub/ may include, itself apart; a single header where
# only that one is meant.
BELOW = {"journal", "log", "views", "core"}
HUB = {
    "core": set(),
    "views": {"core"},
    "store": {"views", "core"},  # it stands behind views/map.h; nobody looks back at it
    "journal": {"core"},
    "log": {"core"},
    "engine": BELOW | {"load"},  # rules come in through protocol/load
    "gateway": BELOW | {"engine"},  # its engine side offers to the engine
    "operator": BELOW | {"engine", "gateway", "load"},  # judges files that operators hand in
    # reaches the hub only through its socket; main.c hands it the calculus
    "cli": {"load", "core/deadline.h"},
    "audit": BELOW,  # with the map in memory; never the store, never the engine
    "assembly": BELOW | {"engine", "store"},  # the only room that knows both
    # the loop around the parts; main.c only chooses the verb
    "daemon": BELOW | {"engine", "gateway", "operator", "store", "assembly"},
    "main.c": {"daemon", "gateway"},
}
PROTOCOL = {"include": set(), "src": set(), "load": set(), "local": set()}
AGENTS = {
    "client": set(),
    "runtime": {"client", "load"},  # import maps and the routing map come in through load
    "doors": {"runtime", "client"},
    "procuratorate": {"runtime"},
    "petitions": {"runtime"},
    "court": {"runtime"},
    "police": {"runtime"},
    "main.c": {"client", "runtime", "doors", "load", "procuratorate", "petitions", "court",
               "police"},
}
AREAS = {"hub": HUB, "protocol": PROTOCOL, "agents": AGENTS}

# Where an outside library may be included: folders, or single files.
HOMES = (
    (r"lmdb\.h", {"hub/store", "agents/runtime"}),
    (r"(zmq|zmq_utils|czmq)\.h|czmq_.*|z[a-z]+\.h", {"hub/gateway", "agents/client"}),
    (r"msgpack(\.h|/.*)", {"protocol/src/codec.c"}),
    (r"sodium(\.h|/.*)|openssl/.*", {"protocol/src"}),
    (r"libfyaml(\.h|/.*)", {"protocol/load"}),
    (r"xxhash\.h|xxh3\.h", {"protocol/src"}),
    (r"libintl\.h", {"protocol/src"}),
    (r"libpq.*|postgres.*", {"hub/replica"}),
    (r"microhttpd\.h", {"hub/operator", "agents/doors"}),
)
NOT_IN = ((r"jansson.*", {"hub/core", "protocol/src", "protocol/include", "protocol/load"}),)

FREESTANDING = {"assert.h", "limits.h", "stdalign.h", "stdbool.h", "stddef.h", "stdint.h",
                "string.h"}


def check(root):
    findings = []
    for path in tidy.sources(root, {".c", ".h", ".def", ".inc"}, tuple(AREAS)):
        name = path.relative_to(root).as_posix()
        for number, line in enumerate(tidy.lines_of(path), 1):
            match = INCLUDE.match(line)
            if match:
                quoted, angle = match.groups()
                words = offence(name, angle) if angle else offence_quoted(root, name, quoted)
                if words:
                    findings.append(tidy.Finding(name, number, words))
    return findings


def place(name):
    """("hub", "core") of "hub/core/decide.c"; ("hub", "main.c") of "hub/main.c"."""
    parts = name.split("/")
    return parts[0], parts[1]


def within(name, homes):
    return any(name == home or name.startswith(home + "/") for home in homes)


def offence(name, header):
    """What is wrong with <header> in the file `name`, or nothing."""
    if header.startswith("rh/"):
        return ""
    if within(name, {"hub/core"}) and header not in FREESTANDING:
        return f"hub/core is pure and may not include <{header}>"
    for pattern, homes in HOMES:
        if re.fullmatch(pattern, header) and not within(name, homes):
            return f"<{header}> belongs to {', '.join(sorted(homes))}"
    for pattern, closed in NOT_IN:
        if re.fullmatch(pattern, header) and within(name, closed):
            return f"<{header}> is not for this folder"
    return ""


def offence_quoted(root, name, header):
    """What is wrong with "header" in the file `name`, or nothing."""
    area, folder = place(name)
    rules = AREAS[area]
    if folder not in rules:
        return f"{area}/{folder} has no arrows in tests/unit/check_includes.py"
    if ".." in header.split("/"):
        return f'"{header}" is not written from a root'
    if "/" not in header:
        beside = (root / name).parent / header
        if area == "hub" or (not beside.exists() and not header.endswith(".inc")):
            return f'"{header}" is not written from a root'
        return ""
    target = header.split("/")[0]
    if target == folder or target in rules[folder] or header in rules[folder]:
        return ""
    return f'"{header}": {area}/{folder} may not look at {target}'


PLANTS = [
    tidy.Plant("hub/core/planted.c", "#include <stdio.h>\n"),
    tidy.Plant("hub/core/planted.c", "#include <time.h>\n"),
    tidy.Plant("hub/core/planted.h", "  #  include <stdlib.h>\n"),
    tidy.Plant("hub/core/planted.c", '#include "views/views.h"\n'),
    tidy.Plant("hub/core/planted.c", "#include <jansson.h>\n"),
    tidy.Plant("hub/views/planted.c", '#include "store/store.h"\n'),
    tidy.Plant("hub/views/planted.c", "#include <lmdb.h>\n"),
    tidy.Plant("hub/journal/planted.c", '#include "log/tree.h"\n'),
    tidy.Plant("hub/engine/planted.c", '#include "gateway/gateway.h"\n'),
    tidy.Plant("hub/engine/planted.c", '#include "../core/decide.h"\n'),
    tidy.Plant("hub/engine/planted.c", '#include "engine.h"\n'),
    tidy.Plant("hub/operator/planted.c", '#include "store/store.h"\n'),
    tidy.Plant("hub/operator/planted.c", "#include <zmq.h>\n"),
    tidy.Plant("hub/audit/planted.c", '#include "engine/engine.h"\n'),
    tidy.Plant("hub/cli/planted.c", '#include "views/views.h"\n'),
    tidy.Plant("hub/cli/planted.c", '#include "core/decide.h"\n'),
    tidy.Plant("hub/attic/planted.c", '#include "core/decide.h"\n'),
    tidy.Plant("protocol/src/planted.c", '#include "core/decide.h"\n'),
    tidy.Plant("protocol/src/planted.c", "#include <msgpack.h>\n"),
    tidy.Plant("protocol/load/planted.c", "#include <sodium.h>\n"),
    tidy.Plant("agents/runtime/planted.c", '#include "engine/engine.h"\n'),
    tidy.Plant("agents/client/planted.c", '#include "runtime/spool.h"\n'),
    tidy.Plant("agents/doors/planted.c", "#include <czmq.h>\n"),
    tidy.Plant("agents/doors/planted.c", "#include <openssl/evp.h>\n"),
]

if __name__ == "__main__":
    tidy.main(check, PLANTS)
