"""House rules that a reader notices and a compiler does not.

Nothing of the machine it was written on, nothing left for later, no function above 90 lines,
no file above 900, and a README.md in every folder of the house.
"""

import ast
import re

import tidy

FUNCTION_LINES_MAX = 90
FILE_LINES_MAX = 900
CODE = {".c", ".h", ".py"}
# A file without a suffix is a script.
TEXT = CODE | {"", ".cmake", ".conf", ".def", ".inc", ".md", ".po", ".sh", ".txt", ".yaml"}
HOUSE = ("protocol", "hub", "agents", "tests", "deploy")

# Put together from halves, because this file is read by the check as well.
LATER = re.compile(r"\b(TO" r"DO|FIX" r"ME|HA" r"CK|X" r"XX)\b|(?i:\bfor" r" now\b)")
MACHINE = re.compile(r"(?<![\w.])/(work|root|home/\w+|Users)/" r"\w")


def check(root):
    findings = []
    for path in tidy.sources(root, TEXT):
        name = path.relative_to(root).as_posix()
        lines = tidy.lines_of(path)
        findings += words(name, lines)
        if path.suffix in CODE and len(lines) > FILE_LINES_MAX:
            findings.append(tidy.Finding(name, 0, f"{len(lines)} lines; split it by meaning"))
        if path.suffix in {".c", ".h"}:
            findings += long_c_functions(name, lines)
        elif path.suffix == ".py":
            findings += long_python_functions(name, path)
    findings += folders_without_readme(root)
    return findings


def words(name, lines):
    for number, line in enumerate(lines, 1):
        if LATER.search(line):
            yield tidy.Finding(name, number, "left for later: finish it or take it out")
        if MACHINE.search(line):
            yield tidy.Finding(name, number, "a path of one machine")


def long_c_functions(name, lines):
    """In our style a function's braces, and only they, stand alone at the margin."""
    start = 0
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            if number - start + 1 > FUNCTION_LINES_MAX:
                yield tidy.Finding(name, start, f"function of {number - start + 1} lines")
            start = 0


def long_python_functions(name, path):
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        yield tidy.Finding(name, error.lineno or 0, "not Python")
        return
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            count = node.end_lineno - node.lineno + 1
            if count > FUNCTION_LINES_MAX:
                yield tidy.Finding(name, node.lineno, f"function of {count} lines")


def folders_without_readme(root):
    for room in HOUSE:
        top = root / room
        if not top.is_dir():
            continue
        inner = [path for path in sorted(top.iterdir())
                 if path.is_dir() and not path.name.startswith((".", "__"))]
        for folder in [top] + inner:
            if not (folder / "README.md").is_file() and holds_files(folder):
                yield tidy.Finding(folder.relative_to(root).as_posix(), 0, "no README.md")


def holds_files(folder):
    return any(path.is_file() and "__pycache__" not in path.parts
               for path in folder.rglob("*"))


LONG_BODY = "    x();\n" * FUNCTION_LINES_MAX
PLANTS = [
    tidy.Plant("hub/core/planted.c", "/* TO" "DO: later */\n"),
    tidy.Plant("deploy/planted", "# good enough for" " now\n"),
    tidy.Plant("protocol/planted.md", "see /wo" "rk/main/x\n"),
    tidy.Plant("tests/planted.py", "path = '/home" "/somebody/x'\n"),
    tidy.Plant("hub/core/planted.c", "static void f(void)\n{\n" + LONG_BODY + "}\n"),
    tidy.Plant("tests/planted.py", "def f():\n" + LONG_BODY),
    tidy.Plant("hub/core/planted.h", "\n" * (FILE_LINES_MAX + 1)),
    tidy.Plant("hub/attic/planted.c", "int x;\n", "hub/attic"),
    tidy.Plant("deploy/README.md", None, "deploy"),
]

if __name__ == "__main__":
    tidy.main(check, PLANTS)
