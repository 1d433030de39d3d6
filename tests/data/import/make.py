#!/usr/bin/env python3
"""The tables of this folder, written anew: the same rows in every encoding, and bad ones.

    python3 tests/data/import/make.py

All of it is invented here. The rows try what tables of other systems contain: line ends, quotes
and commas in fields, wide blanks, characters outside the basic plane, times of several forms.
"""
import csv
import io
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
HEADER = ["id", "subject", "body", "opened_at", "due_at", "label", "division", "dept", "persons"]
ROWS = [
    ["A-1", "反映某工地拖欠农民工工资", "工程已完工,\n工资未结。\n共三人", "2026-03-02 09:30:00",
     "", "劳动", "620423", "热线 一组", "3"],
    ["A-2", "对法院判决有意见", "说\"不服\"", "2026-03-02T10:00:00+08:00", "", "", "510603", "a.b", ""],
    ["A-3", "派出所民警态度不好", "第一行\r\n第二行", "2026/3/2 10:05", "2026-04-01", "", "620423001",
     "", "1"],
    ["A-4", "路灯不亮", "\u3000\u3000路灯\u00a0坏了\u200b", "2026-03-02", "", "城乡", "", "--", "0"],
    ["A-5", "户口迁移", "姓名用字: \U00020bb7\U0001f600", "2026-03-02 23:59:59.250", "", "", "620423",
     "x", "12"],
    ["A-6", "检察院办理情况咨询", "", "", "", "", "510", "y", ""],
    ["A-7", "学校午餐", "é, ü, ß, Ω, Я", "2026-12-31 23:59", "", "教育", "330000", "z", "-1"],
    ["A-8", "", "无题", "1999-01-01 00:00:00", "", "未知标签", "620423", "Q", ""],
]
BAD = [
    ["B-1", "路灯不亮", "好的一行", "2026-03-02", "", "城乡", "620423", "a", "1"],   # line 2
    ["", "没有编号", "x", "2026-03-02", "", "", "620423", "a", "1"],                 # line 3
    ["B-3", "两行\n的题目", "x", "yesterday", "", "", "620423", "a", "1"],           # lines 4, 5
    ["B-4", "短", "x", "2026-02-30", "", "", "620423", "a", "1"],                    # line 6
    ["B-5", "题", "x", "2026-03-02", "", "", "six", "a", "1"],                       # line 7
    ["B-6", "题", "x", "2026-03-02", "", "", "620423", "a", "1.5"],                  # line 8
    ["B-7", "题" * 201, "x", "2026-03-02", "", "", "620423", "a", "1"],              # line 9
    ["B-8", "少列", "x"],                                                            # line 10
    ["B-1", "编号重复", "x", "2026-03-02", "", "", "620423", "a", "1"],              # line 11
    ["B-9", "最后一行", "好的", "2026-03-02", "", "", "620423", "a", "1"],           # line 14
]


def table(rows, end="\n"):
    out = io.StringIO()
    csv.writer(out, lineterminator=end).writerows(rows)
    return out.getvalue()


def main():
    text = table([HEADER] + ROWS)
    for name, data in {
        "letters.csv": text.encode(),
        "letters-bom.csv": b"\xef\xbb\xbf" + table([HEADER] + ROWS, "\r\n").encode(),
        "letters-utf16le.csv": b"\xff\xfe" + text.encode("utf-16-le"),
        "letters-utf16be.csv": b"\xfe\xff" + text.encode("utf-16-be"),
        "letters-utf16-bare.csv": text.encode("utf-16-le"),
        "letters-gb18030.csv": text.encode("gb18030"),
    }.items():
        (HERE / name).write_bytes(data)
    lines = table([HEADER] + BAD).encode()
    broken = 'B-X,题,开头"引号,2026-03-02,,,620423,a,1\n'.encode()
    damaged = b"B-Y,\xc3\x28,x,2026-03-02,,,620423,a,1\n"
    last = table(BAD[-1:]).encode()
    (HERE / "bad.csv").write_bytes(lines[:-len(last)] + broken + damaged + last)
    (HERE / "columns.csv").write_bytes(table([["id", "subjects", "Body", "opened_at"]] + [
        ["C-1", "题", "文", ""]]).encode())


if __name__ == "__main__":
    main()
