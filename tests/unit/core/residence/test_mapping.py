"""Former addresses lead where the list says, in whatever writing; nothing is chosen where several fit."""

from __future__ import annotations

import csv
import unicodedata
from collections import defaultdict
from datetime import date
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.core import codelists
from hocbaso.core.residence import Outcome, map_address, map_code, units_on

BEFORE, AFTER = date(2025, 6, 30), date(2025, 7, 1)
_SHORT = {
    "Thị trấn ": "TT. ",
    "Phường ": "P.",
    "Xã ": "x. ",
    "Quận ": "Q.",
    "Huyện ": "H. ",
    "Thị xã ": "TX ",
    "Thành phố ": "TP.",
    "Tỉnh ": "",
}


def _read(name: str) -> list[dict[str, str]]:
    text = files("hocbaso.core.codelists").joinpath("data", f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def _rows() -> list[tuple[str, str, str, str, frozenset[str]]]:
    """(code, commune, district, province, today's communes), read from the files themselves."""
    districts = {row["code"]: row["name"] for row in _read("legacy_districts")}
    provinces = {row["code"]: row["name"] for row in _read("legacy_provinces")}
    merged: dict[str, set[str]] = defaultdict(set)
    found = {}
    for row in _read("legacy_communes"):
        merged[row["code"]].add(row["merged_into"])
        found[row["code"]] = (row["name"], districts[row["district_code"]], provinces[row["province_code"]])
    return [(code, *names, frozenset(merged[code])) for code, names in found.items()]


ROWS = _rows()


def _bare(text: str) -> str:
    text = text.replace("đ", "d").replace("Đ", "D")
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def _short(name: str) -> str:
    return next((short + name[len(k) :] for k, short in _SHORT.items() if name.startswith(k)), name)


def _codes(mapping) -> frozenset[str]:
    return frozenset(commune.code for commune in mapping.communes)


def test_every_former_commune_leads_where_the_list_says():
    for code, commune, district, province, successors in ROWS:
        read = map_address(commune, district=district, province=province)
        assert _codes(read) == successors, (commune, district, province)
        assert read.outcome is (Outcome.ONE if len(successors) == 1 else Outcome.SEVERAL)
        assert read.exact
        assert _codes(map_code(code, on=BEFORE)) == successors


@pytest.mark.parametrize(
    "write",
    [
        lambda c, d, p: f"{c}, {d}, {p}",
        lambda c, d, p: f"{p} - {d} - {c}",
        lambda c, d, p: f"{_short(c)},{_short(d)} , {_short(p)}",
        lambda c, d, p: f"số 12 ngõ 3; {c.upper()} ({d}); {p}",
        lambda c, d, p: unicodedata.normalize("NFD", f"{c},  {d}, {p}, Việt Nam"),
    ],
    ids=["in order", "reversed with dashes", "abbreviated", "with a street", "decomposed"],
)
@given(st.sampled_from(ROWS))
def test_a_whole_address_is_read_in_any_writing(write, row):
    _code, commune, district, province, successors = row
    assert _codes(map_address(write(commune, district, province))) == successors


@given(st.sampled_from(ROWS))
def test_without_marks_the_right_place_is_among_the_candidates_and_a_person_is_asked_to_look(row):
    _code, commune, district, province, successors = row
    read = map_address(_bare(f"{commune}, {district}, {province}"))
    assert successors <= _codes(read)
    if not commune.isascii():
        assert not read.exact


@given(st.sampled_from(ROWS))
def test_the_new_province_with_the_old_district_is_understood(row):
    _code, commune, district, province, successors = row
    old = codelists.legacy_province(province)
    today = codelists.province(old.merged_into)
    assert successors <= _codes(map_address(commune, district=district, province=today.name))


@given(st.sampled_from(ROWS))
def test_names_stand_as_of_both_sides_of_the_reorganisation(row):
    code, commune, district, province, successors = row
    then = units_on(code, recorded_on=BEFORE, on=BEFORE)
    assert [u.text for u in then] == [f"{commune}, {district}, {province}"]
    now = units_on(code, recorded_on=BEFORE, on=AFTER)
    assert {u.code for u in now} == successors
    assert all(u.district == "" for u in now)
    for unit in now:
        assert then[0] in units_on(unit.code, recorded_on=AFTER, on=BEFORE)


def test_the_mapping_is_shown():
    read = map_address("Phường Thắng Tam, TP. Vũng Tàu, Bà Rịa - Vũng Tàu")
    assert read.text == (
        "Phường Thắng Tam, Thành phố Vũng Tàu, Tỉnh Bà Rịa - Vũng Tàu"
        " → Phường Vũng Tàu, Thành phố Hồ Chí Minh (từ 01/07/2025)"
    )
    assert (
        map_address("P.5, Q.Gò Vấp, TPHCM").text == "Phường 5, Quận Gò Vấp → Phường An Nhơn (từ 01/07/2025)"
    )


@pytest.mark.parametrize("written", ["P14 Q10 TPHCM", "TP.HCM, Quận 10, P.14", "phường 014, q. 10, tp hcm"])
def test_a_divided_commune_gives_every_part(written):
    read = map_address(written)
    assert read.outcome is Outcome.SEVERAL
    assert {c.name for c in read.communes} == {"Phường Hòa Hưng", "Phường Diên Hồng"}


def test_a_ward_number_without_its_district_means_every_district():
    read = map_address("Phường 7", province="Thành phố Hồ Chí Minh")
    assert read.outcome is Outcome.SEVERAL
    assert len({c.district.code for c in read.candidates}) > 3


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "empty"),
        ("Phường 1", "no_province"),
        ("Phường Thủ Thiêm, Quận 2, TPHCM", "district"),
        ("Xã Không Có, Huyện Bình Chánh, TP.HCM", "commune"),
        ("Xã Không Có, TP.HCM", "commune"),
    ],
)
def test_what_was_not_understood_is_said(written, reason):
    read = map_address(written)
    assert (read.outcome, read.reason) == (Outcome.NONE, reason)
    assert read.part in read.text


def test_a_province_that_is_none_is_told_and_not_searched():
    assert map_address("Xã Bình Lợi", province="Tỉnh Không Có").reason == "province"


def test_the_day_of_writing_decides_which_list_is_meant():
    clash = next(
        (row, present)
        for row in ROWS
        if (old := codelists.legacy_province(row[3]))
        and (present := codelists.find_commune(old.merged_into, row[1]))
        and present.code not in row[4]
        and codelists.find_province(row[3])
    )
    (_code, commune, _district, province, successors), present = clash
    assert _codes(map_address(commune, province=province, on=AFTER)) == {present.code}
    assert successors <= _codes(map_address(commune, province=province, on=BEFORE))
    both = map_address(commune, province=province)
    assert both.outcome is Outcome.SEVERAL
    assert {present.code, *successors} <= _codes(both)


def test_codes_of_today_are_themselves():
    for province in codelists.provinces():
        for commune in codelists.communes(province.code):
            assert _codes(map_code(commune.code, on=AFTER)) == {commune.code}
    assert map_code("99999").outcome is Outcome.NONE


@given(st.text(max_size=60), st.text(max_size=30), st.text(max_size=30))
def test_no_writing_breaks_the_reading(commune, district, province):
    read = map_address(commune, district=district, province=province)
    assert (read.outcome is Outcome.NONE) is (read.candidates == ())
    assert read.text
