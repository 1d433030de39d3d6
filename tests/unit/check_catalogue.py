"""Every sentence a program shows exists in Chinese.

xgettext collects the sentences of the sources; each must have a translation in
protocol/po/zh_CN.po that differs from it (protocol/po/same-in-both.txt lists exceptions) and
has the same printf directives. A translation nobody uses is an offence too. msgfmt --check
has the last word on the file's form.

An id with a length of <inttypes.h> (%<PRIu64>) needs the flag c-format: without it msgfmt takes
the id for plain text, and the program, which asks with "%lu", stays English.
"""

import ast
import re
import subprocess

import tidy

PO = "protocol/po/zh_CN.po"
SAME = "protocol/po/same-in-both.txt"
ROOMS = ("protocol", "hub", "agents")
KEYWORDS = ("_", "N_", "rh_text", "RH_REFUSAL:5,6", "rh_text_count:1,2")
# Whoever finds a problem gives its sentence here, by the number of the argument: it is put
# together where it is read.
REPORTS = ("hub_report:2",)  # may have lengths of <inttypes.h>, which xgettext knows
PROBLEMS = {"rh_yaml_problem": 3, "rh_load_report_file": 3, "report_at": 4, "more": 3}
# What such a sentence is about: a phrase of ours ("the file"), or a key of the file, which is
# the same in every language.
SUBJECTS = {"rh_yaml_keys": 3, "rh_yaml_need": 4, "rh_yaml_sequence": 3, "rh_yaml_text": 3,
            "rh_yaml_uint": 3, "rh_yaml_bool": 3, "rh_yaml_choice": 3, "rh_load_filled": 3,
            "rh_load_role": 3, "rh_load_span": 3, "rh_load_kind": 3, "rh_load_kinds": 3,
            "rh_load_state": 3, "rh_load_states": 3, "rh_load_actor": 3, "rh_load_code": 3,
            "rh_load_key": 3, "rh_load_line": 3, "rh_load_pair": 3}
KEY = re.compile(r"[a-z_]+")
# Sentences of the system and of libraries that stand in ours as arguments.
OTHERS = "protocol/po/from-others.txt"
# Lists of the form X(name, "text") hold sentences only in these files.
LISTS = ("protocol/include/rh/err.h",)
LIST_KEYWORDS = ("X:2,2t",)

DIRECTIVE = re.compile(r"%(?:\d+\$)?[-+ #0']*(?:\*|\d+)?(?:\.(?:\*|\d+))?"
                       r"(?:hh|h|ll|l|j|z|t|L)?(?:<PRI\w+>|[diouxXeEfFgGaAcspn%])")


# Chinese has its own comma; what is typed (a,b or K:V) has no blank behind it.
HALF = re.compile(r"[\u4e00-\u9fff\u201d\uff09][,;:?](?: |$)|[,;] [\u4e00-\u9fff\u201c]"
                  r"|[\u4e00-\u9fff] ?\([^()]*[\u4e00-\u9fff][^()]*\)")


def check(root):
    wanted = sentences(root)
    same = {line for line in tidy.lines_of(root / SAME) if line and not line.startswith("#")}
    findings = form(root) + unmarked(root)
    have = {}
    for line, msgid, msgstr in entries(tidy.lines_of(root / PO)):
        if msgid:
            have[msgid] = msgstr
            findings += offences(line, msgid, msgstr, wanted, same)
    for msgid, (path, line) in sorted(wanted.items()):
        if msgid not in have:
            findings.append(tidy.Finding(path, line, f"no Chinese for {msgid!r} in {PO}"))
        if not msgid.isascii():
            findings.append(tidy.Finding(path, line, f"the id {msgid!r} is not English"))
    return findings


def offences(line, msgid, msgstr, wanted, same):
    if msgid not in wanted:
        yield tidy.Finding(PO, line, f"no source says {msgid!r}")
    if not msgstr:
        yield tidy.Finding(PO, line, f"{msgid!r} is not translated")
    elif msgstr == msgid and msgid not in same:
        yield tidy.Finding(PO, line, f"{msgid!r} is the same in both languages")
    if HALF.search(msgstr):
        yield tidy.Finding(PO, line, f"half-width punctuation beside Chinese in {msgstr!r}")
    if msgstr and directives(msgid) != directives(msgstr):
        yield tidy.Finding(PO, line, f"printf directives of {msgid!r} differ")


def unmarked(root):
    """Entries that only a marked one reaches at run time, and that are not marked."""
    findings = []
    start, marked, told = 0, False, False
    for number, line in enumerate(tidy.lines_of(root / PO), 1):
        if not line:
            start, marked, told = number, False, False
        elif line.startswith("#,"):
            marked = marked or "c-format" in line
        elif "<PRI" in line and not marked and not told:
            told = True
            findings.append(tidy.Finding(PO, start + 1, "%<PRI...> without the flag #, c-format"))
    return findings


def directives(text):
    return sorted(re.sub(r"\d+\$", "", found) for found in DIRECTIVE.findall(text))


def form(root):
    done = subprocess.run(["msgfmt", "--check", "--output-file=/dev/null", str(root / PO)],
                          capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return []
    return [tidy.Finding(PO, 0, "msgfmt: " + done.stderr.strip().replace(str(root) + "/", ""))]


def sentences(root):
    """{id: (path, line)} of all sentences in the sources."""
    paths = [path.relative_to(root).as_posix()
             for path in tidy.sources(root, {".c", ".h", ".def"}, ROOMS)]
    found = extract(root, paths, KEYWORDS) | extract(root, LISTS, LIST_KEYWORDS)
    found |= {msgid: place for msgid, place in extract(root, paths, REPORTS).items()
              if has_letters(msgid)}
    for path in paths:
        text = "\n".join(tidy.lines_of(root / path))
        for msgid, line in calls(text, PROBLEMS):
            if has_letters(msgid):
                found.setdefault(msgid, (path, line))
        for msgid, line in calls(text, SUBJECTS):
            if not KEY.fullmatch(msgid):
                found.setdefault(msgid, (path, line))
    for number, line in enumerate(tidy.lines_of(root / OTHERS), 1):
        if line and not line.startswith("#"):
            found.setdefault(line, (OTHERS, number))
    return found


def has_letters(msgid):
    return re.search("[A-Za-z]", DIRECTIVE.sub("", msgid)) is not None


TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:[^"\\]|\\.)*"|\w+|\s+|.', re.DOTALL)


def calls(text, functions):
    """(string, line) of every literal in one argument of these calls, each arm of a choice too.

    xgettext sees the first arm of "bad ? ... : ..." only."""
    for call in re.finditer(r"\b(%s)\(" % "|".join(functions), text):
        depth, argument, before, literal = [], 1, "", None
        line = text.count("\n", 0, call.start()) + 1
        for token in TOKEN.findall(text, call.end()):
            if token.startswith('"') and argument == functions[call[1]] and not any(depth):
                literal = (literal or "") + ast.literal_eval(token)
                continue
            if token.isspace() or token.startswith(("/*", "//")):
                continue
            if literal is not None:
                yield literal, line
                literal = None
            if token == "(":
                depth.append(bool(re.fullmatch(r"\w+", before)))
            elif token == ")" and not depth:
                break
            elif token == ")":
                depth.pop()
            elif token == "," and not depth:
                argument += 1
            before = token


def extract(root, paths, keywords):
    template = subprocess.run(
        ["xgettext", "--language=C", "--from-code=UTF-8", "--output=-", "--keyword",
         "--files-from=-"] + [f"--keyword={word}" for word in keywords],
        input="\n".join(paths), capture_output=True, text=True, check=True, cwd=root).stdout
    found = {}
    place = ("", 0)
    block = []
    for line in template.splitlines() + [""]:
        if line.startswith("#: "):
            path, number = line[3:].split()[0].rsplit(":", 1)
            place = (path, int(number))
        elif line:
            block.append(line)
        else:
            found.update({msgid: place for _, msgid, _ in entries(block) if msgid})
            block = []
    return found


def entries(lines):
    """(line, id, text) of each entry; a plural id is one more entry with the same text."""
    state = {}
    name = ""
    start = 0
    for number, line in enumerate(lines + [""], 1):
        match = re.fullmatch(r'(msgid|msgid_plural|msgstr)(?:\[\d+\])? (".*")', line)
        if match:
            if match[1] == "msgid":
                yield from entry(start, state)
                state = {}
                start = number
            name = match[1]
            state[name] = ast.literal_eval(match[2])
        elif name and re.fullmatch('".*"', line):
            state[name] += ast.literal_eval(line)
    yield from entry(start, state)


def entry(line, state):
    for name in ("msgid", "msgid_plural"):
        if name in state:
            yield line, state[name], state.get("msgstr", "")


SOURCE = "protocol/src/planted.c"
PLANTS = [
    tidy.Plant(SOURCE, 'const char *f(void)\n{\n    return _("planted sentence");\n}\n'),
    tidy.Plant(SOURCE, 'static const char *const t[] = { N_("planted " "sentence") };\n'),
    tidy.Plant("protocol/include/rh/errors.def",
               'RH_REFUSAL(PLANTED, 4999, 0, RH_EXIT_DATA, "Planted title", "Not refused")\n'),
    tidy.Plant("protocol/include/rh/errors.def",
               'RH_REFUSAL(PLANTED, 4999, 0, RH_EXIT_DATA, "Not refused", "Planted action")\n'),
    tidy.Plant(SOURCE, 'void f(void)\n{\n    rh_yaml_problem(yaml, node,\n'
               '                    bad ? "success"\n : "planted %s", what);\n}\n',
               says="planted"),
    tidy.Plant(SOURCE, 'void f(void)\n{\n    rh_load_report_file(r, path, "planted thing");\n}\n'),
    tidy.Plant(SOURCE, 'void f(void)\n{\n    rh_yaml_need(yaml, node, "key", "a planted one");\n}\n'),
    tidy.Plant(OTHERS, 'Planted by a library\n'),
    tidy.Plant("protocol/include/rh/err.h", '#define Y(X) X(RH_PLANTED, "planted result")\n'),
    tidy.Plant(PO, '\nmsgid "nobody says this"\nmsgstr "没有人说"\n', says="no source says"),
    tidy.Plant(PO, '\nmsgid "success"\nmsgstr "success"\n', says="same in both"),
    tidy.Plant(PO, '\nmsgid "success"\nmsgstr ""\n', says="not translated"),
    tidy.Plant(PO, '\nmsgid "success"\nmsgstr "成功 %d"\n', says="directives"),
    tidy.Plant(PO, '\nmsgid "success"\nmsgstr "办好了, 成功"\n', says="half-width"),
    tidy.Plant(PO, '\nmsgid "success"\nmsgstr "成功 (完)"\n', says="half-width"),
    tidy.Plant(PO, '\nmsgid "success"\nmsgstr "成功"\n', says="duplicate"),
    tidy.Plant(PO, '\nmsgid "%<PRIu64> planted"\nmsgstr "%<PRIu64> 条"\n', says="c-format"),
    tidy.Plant(PO, '\nmsgid "broken\n', says="msgfmt"),
    tidy.Plant(SOURCE, '_("已签收")\n', says="not English"),
]

if __name__ == "__main__":
    tidy.main(check, PLANTS)
