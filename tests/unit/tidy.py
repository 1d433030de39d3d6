"""What the tidiness checks share: walking the sources, and proving that a check can fail.

A check is a function root -> list of Finding. Its program is started as
    check_x.py ROOT              fails when there is a finding
    check_x.py ROOT --self-test  plants each known offence in a temporary copy of the tree
                                 and fails when the check does not see it
"""

import pathlib
import shutil
import sys
import tempfile
from typing import NamedTuple

ROOMS = ("protocol", "hub", "agents", "tests", "deploy", "cmake")


class Finding(NamedTuple):
    path: str  # relative to the root
    line: int  # 0: the file or folder as a whole
    text: str

    def __str__(self):
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.text}"


class Plant(NamedTuple):
    """One offence: `text` appended to `path` (created when absent), or `path` removed when
    text is None. A finding must name `path`, or `where`, and contain `says`."""

    path: str
    text: object
    where: str = ""
    says: str = ""


def sources(root, suffixes, rooms=ROOMS):
    """Files of the rooms with one of the suffixes, in order, as paths below root."""
    for room in rooms:
        for path in sorted((root / room).rglob("*")):
            parts = path.relative_to(root).parts
            if any(part.startswith(".") or part == "__pycache__" for part in parts):
                continue
            if path.suffix in suffixes and path.is_file():
                yield path


def lines_of(path):
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def main(check, plants):
    root = pathlib.Path(sys.argv[1]).resolve()
    if sys.argv[2:] == ["--self-test"]:
        sys.exit(self_test(check, plants, root))
    findings = check(root)
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings")
    sys.exit(1 if findings else 0)


def self_test(check, plants, root):
    blind = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "tree"
        copy_tree(root, copy)
        before = set(check(copy))
        for plant in plants:
            undo = apply(copy, plant)
            fresh = set(check(copy)) - before
            undo()
            where = plant.where or plant.path
            if any(item.path == where and plant.says in item.text for item in fresh):
                print(f"seen: {plant.path}: {str(plant.text).strip()[:70]!r}")
            else:
                print(f"NOT SEEN: {plant.path}: {plant.text!r}; found {sorted(fresh)}")
                blind += 1
        if set(check(copy)) != before:
            print("the copy was not restored")
            blind += 1
    return 1 if blind else 0


def copy_tree(root, copy):
    copy.mkdir()
    for room in ROOMS:
        if (root / room).is_dir():
            shutil.copytree(root / room, copy / room,
                            ignore=shutil.ignore_patterns(".*", "__pycache__"))
    for path in root.iterdir():
        if path.is_file():
            shutil.copy(path, copy)


def apply(copy, plant):
    path = copy / plant.path
    old = path.read_bytes() if path.is_file() else None
    made = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    if plant.text is None:
        path.unlink()
    else:
        path.write_bytes((old or b"") + plant.text.encode())

    def undo():
        if old is not None:
            path.write_bytes(old)
        else:
            path.unlink()
        for folder in made:
            folder.rmdir()

    return undo
