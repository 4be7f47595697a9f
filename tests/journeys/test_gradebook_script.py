"""The pure parts of the gradebook's script, run by the browser that runs the page."""

from __future__ import annotations

import json

import pytest
from django.conf import settings
from playwright.sync_api import Page

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
MARK = {"kind": "mark", "low": 0, "high": 10}
PUPILS = [
    {"em": str(n), "no": str(n + 1), "code": f"7900{n:06d}", "name": name}
    for n, name in enumerate(("Nguyễn Hoài An", "Đặng Quỳnh Anh", "Lý Gia Bảo", "Võ Thùy Dương"))
]
COLUMNS = [{"key": "tx1", "label": "TX1"}, {"key": "tx2", "label": "TX2"}, {"key": "gk", "label": "ĐĐGgk"}]


@pytest.fixture
def run(page: Page, live_server):
    """``run(module, function, *arguments)`` → what it answers."""
    page.goto(f"{live_server.url}/")

    def call(module: str, function: str, *arguments: object):
        script = (
            "async ([module, name, given]) => {"
            f" const found = await import(`{settings.STATIC_URL}web/gradebook_${{module}}.js`);"
            " return found[name](...given); }"
        )
        return page.evaluate(script, [module, function, json.loads(json.dumps(arguments))])

    return call


def test_marks_are_read_as_they_will_count(run):
    def read(text: str, quick: bool = False) -> tuple[str, bool]:
        got = run("grammar", "read", MARK, text, quick)
        return got["text"], got["bad"]

    for text, counts in {
        "7,5": "7,5",
        "7.5": "7,5",
        " 8 ": "8",
        "8,0": "8",
        "0,5": "0,5",
        "10": "10",
    }.items():
        assert read(text) == (counts, False), text
    assert read("v") == ("V", False)
    assert read("m") == ("M", False)
    for text in ("11", "10,5", "7,55", "Đ", "75", "-1", "7;5"):
        assert read(text)[1], text
    assert read("75", quick=True) == ("7,5", False)
    assert read("58", quick=True) == ("5,8", False)
    assert read("70", quick=True) == ("7", False)
    assert read("10", quick=True) == ("10", False)
    assert read("100", quick=True)[1]
    assert run("grammar", "read", MARK, "7,", False)["partial"]


def test_letters_of_comment_subjects_and_conduct(run):
    def read(kind: str, text: str) -> str | None:
        got = run("grammar", "read", {"kind": kind}, text)
        return None if got["bad"] else got["text"]

    assert [read("pass", t) for t in ("d", "Đ", "cd", "CĐ", "đạt", "chưa đạt", "V", "x", "8")] == [
        *("Đ", "Đ", "CĐ", "CĐ", "Đ", "CĐ", "V"),
        None,
        None,
    ]
    assert [read("rating", t) for t in ("t", "K", "đ", "cd", "Khá", "giỏi")] == [
        *("Tốt", "Khá", "Đạt", "Chưa đạt", "Khá"),
        None,
    ]
    assert run("grammar", "letterOf", "TĐC", "d") == "Đ"
    assert run("grammar", "letterOf", "THC", "TH") == "H"
    assert run("grammar", "letterOf", "THC", "Hoàn thành") is None


def test_a_code_of_the_comment_bank_becomes_its_sentence(run):
    bank = [{"code": "T1", "text": "{ten} học {mon} {muc}."}]
    found = run("grammar", "codeBefore", "Ngoan. t1 ", 10, bank)
    assert (found["start"], found["end"]) == (7, 10)
    values = {"ten": "An", "mon": "Toán", "muc": "tốt"}
    assert run("grammar", "fillIn", bank[0]["text"], values) == "An học Toán tốt."
    assert run("grammar", "codeBefore", "xt1 ", 4, bank) is None


def page_of(start: int = 0) -> dict:
    return {"pupils": PUPILS, "columns": COLUMNS[1:], "all": COLUMNS, "start": start}


def match(run, text: str, start: int = 0) -> dict:
    return run("block", "match", run("block", "parse", text), page_of(start))


def placed(found: dict) -> dict[tuple[int, str], str]:
    return {(i["index"], i["key"]): i["text"] for i in found["items"]}


def test_a_block_of_values_goes_down_from_the_present_cell(run):
    found = match(run, "7,5\t8\n6\t9\n", start=2)
    assert found["how"] == "order"
    want = {(2, "tx2"): "7,5", (2, "gk"): "8", (3, "tx2"): "6", (3, "gk"): "9"}
    assert placed(found) == want
    assert match(run, "1\n2\n3\n4\n5", start=2)["surplus"] == 3


def test_an_empty_line_of_a_column_is_a_pupil_without_a_mark(run):
    assert placed(match(run, "7\n\n9\n")) == {(0, "tx2"): "7", (1, "tx2"): "", (2, "tx2"): "9"}


def test_codes_decide_whatever_the_order(run):
    text = "STT\tMã HS\tHọ và tên\tNgày sinh\tĐĐGtx1\n1\t7900000003\tVõ Thùy Dương\t01/02/2014\t9\n"
    found = match(run, text + "2\t7900000000\tNguyễn Hoài An\t02/02/2014\t7\n3\t7900009999\tAi Đó\t\t5")
    assert found["how"] == "code"
    assert placed(found) == {(3, "tx1"): "9", (0, "tx1"): "7"}
    assert found["strangers"] == ["7900009999"]


def test_names_are_compared_when_only_the_order_is_known(run):
    found = match(run, "1\tNguyễn Hoài An\t7\n2\tLý Gia Bảo\t8\n3\tĐặng Quỳnh Anh\t9")
    assert placed(found) == {(0, "tx2"): "7", (1, "tx2"): "8", (2, "tx2"): "9"}
    assert [(n["no"], n["theirs"]) for n in found["names"]] == [("2", "Lý Gia Bảo"), ("3", "Đặng Quỳnh Anh")]


def test_a_quoted_text_may_hold_lines_and_tabs(run):
    rows = run("block", "parse", '7\t"Chăm ngoan.\nViết ""đẹp""."\n8\tTốt\n\n')
    assert rows == [["7", 'Chăm ngoan.\nViết "đẹp".'], ["8", "Tốt"]]


def test_a_slipped_column_is_seen_and_an_honest_one_is_not(run):
    levels = [8.2, 4.1, 9.0, 5.5, 7.1, 3.2, 9.4, 6.0, 8.5, 4.4, 9.1, 5.2]
    near = [round(x + d, 1) for x, d in zip(levels, [0.4, -0.3, 0.2, 0.5, -0.5, 0.3] * 2, strict=True)]
    assert run("grammar", "shifted", near, levels) is None
    lost = [*near[:3], *near[4:], None]  # the fourth paper was not there: everybody has the next one's mark
    assert run("grammar", "shifted", lost, levels) == {"from": 3, "to": 10, "by": -1}
    doubled = [*near[:4], None, *near[4:-1]]  # a row was passed over
    assert run("grammar", "shifted", doubled, levels) == {"from": 4, "to": 11, "by": 1}
    items = [{"index": i, "key": "tx1", "text": "" if v is None else str(v)} for i, v in enumerate(doubled)]
    back = run("block", "moved", items, {"key": "tx1", "from": 4, "by": 1})
    assert [i["text"] for i in back] == [*map(str, near[:-1]), ""]
    items = [{"index": i, "key": "tx1", "text": "" if v is None else str(v)} for i, v in enumerate(lost)]
    back = run("block", "moved", items, {"key": "tx1", "from": 3, "by": -1})
    assert [i["text"] for i in back] == [*map(str, near[:3]), "", *map(str, near[4:])]
    flat = [5.0] * 12
    assert run("grammar", "shifted", flat, levels) is None
