"""Nearest scope wins: against a brute force that walks the table of docs/periods.md from top to bottom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hocbaso.apps.periods.queries import implied
from hocbaso.apps.periods.scope import (
    COLUMNS,
    MOMENTS,
    Owner,
    Place,
    Window,
    closings,
    columns_of,
    decisive,
    levels_of,
    moments_of_grade,
    record_moment,
)

NOW = datetime(2025, 12, 20, 10, tzinfo=UTC)
PLACE = Place(class_id=7, school_id=1, school_year="2025-2026", grade=6, levels=frozenset({"thcs"}))
PARTS = ("toan", "ngu-van", "tin-hoc", "nhan-xet")


@st.composite
def windows(draw: st.DrawFn) -> list[Window]:
    found = []
    for number in range(draw(st.integers(0, 7))):
        owner = draw(st.sampled_from(list(Owner)))
        place = draw(st.sampled_from(["class", "other class", "grade", "other grade", "level", "all"]))
        found.append(
            Window(
                id=number + 1,
                owner=owner,
                unit_id=1 if owner is Owner.SCHOOL else 99,
                school_year="2025-2026",
                levels=frozenset({"thcs"} if place == "level" else ()),
                grade={"grade": 6, "other grade": 7}.get(place),
                class_id={"class": 7, "other class": 8}.get(place) if owner is Owner.SCHOOL else None,
                part=draw(st.sampled_from(["", "toan", "ngu-van"])),
                moment=draw(st.sampled_from(["", "hk1", "hk2"])),
                columns=frozenset(draw(st.sets(st.sampled_from(["gk", "ck", "tx1"]), max_size=2))),
                opens_at=NOW - timedelta(days=30),
                closes_at=NOW + timedelta(days=draw(st.sampled_from([-2, -1, 1, 2]))),
            )
        )
    return found


def brute_force(found: list[Window], part: str, moment: str, column: str) -> Window | None:
    """The first row of the table that holds somebody; in it the latest made."""
    inside = [
        w
        for w in found
        if w.part in ("", part) and w.moment in ("", moment) and (not w.columns or column in w.columns)
    ]
    for owner in (Owner.SCHOOL, Owner.PROVINCE):
        for place in ("class", "grade", "level", "all"):
            for columns in (True, False):
                for parts in (True, False):
                    for moments in (True, False):
                        row = [
                            w
                            for w in inside
                            if w.owner is owner
                            and place
                            == (
                                "class"
                                if w.class_id
                                else "grade"
                                if w.grade
                                else "level"
                                if w.levels
                                else "all"
                            )
                            and bool(w.columns) is columns
                            and bool(w.part) is parts
                            and bool(w.moment) is moments
                        ]
                        if row:
                            return max(row, key=lambda w: w.id)
    return None


CELLS = [
    (p, m, c) for p in PARTS for m in ("hk1", "hk2", "he") for c in ("tx1", "tx2", "gk", "ck", "comment")
]


@given(windows())
def test_the_nearest_scope_decides(found):
    covering = [w for w in found if w.covers_class(PLACE)]
    for cell in CELLS:
        assert decisive(covering, *cell) == brute_force(covering, *cell)


@given(windows())
def test_locks_say_exactly_what_is_closed(found):
    """The rows written when periods end close every cell whose deciding period has ended, and no other."""
    covering = [w for w in found if w.covers_class(PLACE)]
    rows = closings(covering, PARTS, PLACE.grade, NOW)
    locks = {c.cell for c in rows}
    assert len(locks) == len(rows)
    for part in PARTS:
        for moment in moments_of_grade(PLACE.grade):
            for column in columns_of(part, PLACE.grade):
                window = brute_force(covering, part, moment, column)
                closed = window is not None and window.closes_at <= NOW
                assert implied(locks, (moment, part, column)) == closed, (part, moment, column)


@given(windows(), st.integers(0, 5))
def test_what_is_closed_stays_closed_when_nothing_is_set_anew(found, days):
    covering = [w for w in found if w.covers_class(PLACE)]
    now = {c.cell for c in closings(covering, PARTS, PLACE.grade, NOW)}
    later = {c.cell for c in closings(covering, PARTS, PLACE.grade, NOW + timedelta(days=days))}
    for part, moment, column in CELLS:
        cell = (moment, part, column)
        assert implied(later, cell) or not implied(now, cell)


def test_a_period_of_another_place_or_year_covers_nothing():
    base = {
        "id": 1,
        "unit_id": 1,
        "school_year": "2025-2026",
        "levels": frozenset(),
        "grade": None,
        "class_id": None,
        "part": "",
        "moment": "",
        "columns": frozenset(),
        "opens_at": NOW,
        "closes_at": NOW + timedelta(days=1),
    }
    assert Window(owner=Owner.SCHOOL, **base).covers_class(PLACE)
    for other in (
        {"unit_id": 2},
        {"school_year": "2024-2025"},
        {"grade": 7},
        {"class_id": 8},
        {"levels": {"thpt"}},
    ):
        assert not Window(owner=Owner.SCHOOL, **{**base, **other}).covers_class(PLACE)


def test_levels_and_moments_follow_the_grade():
    assert [levels_of(g) for g in (5, 6, 9, 10)] == [{"tieu_hoc"}, {"thcs"}, {"thcs"}, {"thpt"}]
    assert levels_of(10, ["gdtx"]) == {"thpt", "gdtx"}
    assert levels_of(5, ["gdtx"]) == {"tieu_hoc"}
    assert moments_of_grade(5) == ("ghk1", "chk1", "ghk2", "cn", "he")
    assert moments_of_grade(6) == ("hk1", "hk2", "he")
    assert set(moments_of_grade(1)) | set(moments_of_grade(12)) == set(MOMENTS)


def test_the_year_record_belongs_to_the_moments_of_the_door():
    """The door of marks asks with its own table: both have to say the same."""
    from hocbaso.apps.assessment.parts import record_moment as at_the_door

    for grade in (3, 6, 12):
        assert {c: record_moment(grade, c) for c in COLUMNS} == {
            c: str(at_the_door(grade, c)) for c in COLUMNS
        }
