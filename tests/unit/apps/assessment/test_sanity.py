"""Doubts about a page of marks: each is raised by its own slip and by nothing else."""

from __future__ import annotations

import random
from decimal import Decimal
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from hocbaso.apps.assessment.sanity import Column, Table, doubts, mean
from hocbaso.core.regulation.tt22 import mark_text

KEYS = ("tx1", "tx2", "tx3", "gk", "ck")
COLUMNS = tuple(Column(k, k.upper()) for k in KEYS)
seeds = st.integers(0, 10_000)
sizes = st.integers(15, 45)


def honest(seed: int, size: int, tenths: int = 15) -> dict[int, dict[str, str]]:
    """A class whose pupils have levels of their own and marks within so many tenths of them."""
    chance = random.Random(seed)
    rows = {}
    for number in range(size):
        level = chance.randint(25, 85)
        rows[number] = {
            k: mark_text(Decimal(min(100, max(0, level + chance.randint(-tenths, tenths)))) / 10)
            for k in KEYS
        }
    return rows


def kinds(rows: dict[int, dict[str, str]], **more: object) -> set[str]:
    return {d.code.removeprefix("sanity.") for d in doubts(Table(COLUMNS, rows, **more))}


@given(seeds, sizes)
def test_an_honest_class_raises_no_doubt(seed, size):
    assert kinds(honest(seed, size)) == set()


@given(seeds, sizes, st.sampled_from(KEYS), st.sampled_from([1, -1]))
def test_a_column_pasted_one_row_off_is_noticed(seed, size, key, step):
    rows = honest(seed, size, tenths=7)
    texts = [rows[n][key] for n in rows]
    gaps = [abs(Decimal(a) - Decimal(b)) for a, b in pairwise(texts)]
    assume(sum(gaps) / len(gaps) >= 2)  # neighbours of one level hide a shift from everybody
    moved = texts[-step:] + texts[:-step]
    for n, text in enumerate(moved):
        rows[n] = rows[n] | {key: text}
    found = [d for d in doubts(Table(COLUMNS, rows)) if d.code == "sanity.shifted_fit"]
    assert [d.column for d in found] == [key]


@given(seeds, sizes, st.sampled_from([1, -1]))
def test_the_neighbours_marks_one_row_off_are_noticed(seed, size, step):
    rows = honest(seed, size)
    texts = [rows[n]["gk"] for n in rows]
    moved = texts[-step:] + texts[:-step]
    for n, text in enumerate(moved):
        rows[n] = rows[n] | {"ck": text}
    assert [d.column for d in doubts(Table(COLUMNS, rows)) if d.code == "sanity.shifted"] == ["ck"]


@given(seeds, sizes, st.sampled_from(KEYS[1:]))
def test_a_column_written_twice_is_noticed(seed, size, key):
    rows = {n: cells | {key: cells["tx1"]} for n, cells in honest(seed, size).items()}
    assert [d.column for d in doubts(Table(COLUMNS, rows)) if d.code == "sanity.identical"] == [key]


@given(seeds, sizes, st.sampled_from(KEYS))
def test_one_mark_for_everybody_is_noticed(seed, size, key):
    rows = {n: cells | {key: "8"} for n, cells in honest(seed, size).items()}
    assert "same_value" in kinds(rows)


@given(seeds, sizes, st.data())
def test_a_mark_far_from_the_pupils_own_is_noticed_at_its_cell(seed, size, data):
    rows = honest(seed, size)
    pupil = data.draw(st.sampled_from(sorted(rows)))
    key = data.draw(st.sampled_from(KEYS))
    high = mean([Decimal(v) for k, v in rows[pupil].items() if k != key]) > 5
    rows[pupil] = dict.fromkeys(KEYS, "8" if high else "2") | {key: "1" if high else "9"}
    found = [d for d in doubts(Table(COLUMNS, rows)) if d.code == "sanity.outlier"]
    assert [(d.row, d.column) for d in found] == [(pupil, key)]


@given(seeds, sizes)
def test_a_test_much_harder_than_the_last_is_noticed(seed, size):
    rows = {
        n: c | {"ck": mark_text(max(Decimal(0), Decimal(c["ck"]) - 3))} for n, c in honest(seed, size).items()
    }
    assert kinds(rows) >= {"average"}


def test_a_column_that_is_begun_and_not_full_is_noticed_an_untouched_one_is_not():
    rows = honest(1, 20)
    rows[3]["ck"] = ""
    assert kinds(rows) == {"missing"}
    assert kinds({n: c | {"ck": ""} for n, c in rows.items()}) == set()
    optional = (*COLUMNS[:-1], Column("ck", "CK", required=False))
    assert doubts(Table(optional, rows)) == ()


def test_five_equal_comments_are_noticed_four_are_not():
    rows = honest(1, 20)
    comments = {n: f"Nhận xét {n}" for n in rows}
    assert kinds(rows, comments=comments | dict.fromkeys(range(4), "Cần cố gắng.")) == set()
    assert kinds(rows, comments=comments | dict.fromkeys(range(5), "Cần cố gắng.")) == {"same_comment"}


@given(seeds, sizes)
def test_a_tick_holds_as_long_as_the_values_and_no_longer(seed, size):
    rows = {n: cells | {"ck": cells["gk"]} for n, cells in honest(seed, size).items()}
    first = {d.id for d in doubts(Table(COLUMNS, rows)) if d.code == "sanity.identical"}
    assert first == {d.id for d in doubts(Table(COLUMNS, rows)) if d.code == "sanity.identical"}
    other = "9" if rows[0]["gk"] != "9" else "1"
    rows[0] = rows[0] | {"gk": other, "ck": other}
    assert first.isdisjoint({d.id for d in doubts(Table(COLUMNS, rows)) if d.code == "sanity.identical"})


def test_absences_and_comment_subjects_raise_nothing():
    rows = {n: dict.fromkeys(KEYS, "Đ" if n % 2 else "V") for n in range(20)}
    assert kinds(rows) == set()
