"""Every word of the rule grammar stands in a good file.

The loaders list the keys and words they know in arrays (static const char *const ..._keys[] and
the like, struct switch_word). Each of them must be used by the good file of its kind, which
unit.rules loads: so a word that is learned comes with an example that is read, and one that is
forgotten there fails here. The words of the life cycle (states, actors, units, kinds) come from
their own tables.
"""

import re

import tidy

GOOD = "tests/data/rules/good/"
PROCEDURES = ("every-word.yaml", "every-word-more.yaml", "every-word-reviewed.yaml",
              "every-word-last.yaml")
# Which files use the words of a source. Every source with words is named, here or below.
USED_BY = {
    "calendar.c": ("every-word-calendar.yaml",),
    "import_map.c": ("every-word-map.yaml", "every-word-map-utf-8.yaml",
                     "every-word-map-gb18030.yaml", "every-word-map-utf-16.yaml"),
    "limit.c": PROCEDURES,
    "procedure.c": PROCEDURES,
    "procedure_allows.c": PROCEDURES,
    "procedure_parts.c": PROCEDURES,
    "profile.c": ("every-word-profile.yaml",),
    "routing.c": ("every-word-routing.yaml",),
    "screening.c": ("every-word-screening.yaml",),
    "settings.c": ("every-word-settings.yaml",),
    "words.c": PROCEDURES,
}
# Arrays that list no words of a file but names of others.
NO_GRAMMAR = {"routing.c": ("others",), "screening.c": ("names",), "rules.c": ("needed",),
              "sources.c": ("folders",)}

ARRAY = re.compile(r"(?:static )?const (?:char \*const|struct switch_word) (\w+)\[[^\]]*\] = \{(.*?)\};",
                   re.DOTALL)
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
# Words that are compared one by one and stand in no array.
SINGLE = {"set_by_sender": PROCEDURES, "superior": PROCEDURES, "all": ("every-word-settings.yaml",)}


def check(root):
    findings = []
    for path in sorted((root / "protocol/load").glob("*.c")):
        text = path.read_text(encoding="utf-8")
        for array in ARRAY.finditer(text):
            if array[1] in NO_GRAMMAR.get(path.name, ()):
                continue
            line = text.count("\n", 0, array.start()) + 1
            if path.name not in USED_BY:
                findings.append(tidy.Finding(f"protocol/load/{path.name}", line,
                                             f"{array[1]}: say in USED_BY which good file "
                                             "uses these words"))
                continue
            for word in STRING.findall(array[2]):
                if not is_used(root, USED_BY[path.name], word, array[1].endswith("keys")):
                    findings.append(tidy.Finding(
                        f"protocol/load/{path.name}", line,
                        f"no word '{word}' of {array[1]} in {GOOD}{USED_BY[path.name][0]}"))
    for word, files in SINGLE.items():
        if not is_used(root, files, word, False):
            findings.append(tidy.Finding(GOOD + files[0], 0, f"no word '{word}'"))
    return findings


def is_used(root, files, word, key):
    """A key has a colon behind it; a word stands by itself. Comments do not count."""
    pattern = re.compile(r"(?<![\w.-])\"?%s\"?%s" % (re.escape(word), r"\s*:" if key else r"(?![\w-])"))
    for name in files:
        path = root / GOOD / name
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if pattern.search(re.sub(r"(^|\s)#[^\n]*", "", text)):
            return True
    return False


PLANTS = [
    tidy.Plant("protocol/load/limit.c", 'static const char *const x_keys[] = { "planted" };\n'),
    tidy.Plant("protocol/load/settings.c",
               'static const char *const y[] = { "all", "planted_word" };\n', says="planted_word"),
    tidy.Plant("protocol/load/planted.c", 'static const char *const x_keys[] = { "id" };\n',
               says="USED_BY"),
    tidy.Plant("protocol/load/procedure_allows.c",
               'const struct switch_word flags[] = {\n    { "planted_flag", &out->x },\n};\n'),
]

if __name__ == "__main__":
    tidy.main(check, PLANTS)
