"""Code lists: whole, found by code and by what people write, never guessed."""

import subprocess
import sys
import unicodedata

import pytest

from hocbaso.core import codelists
from hocbaso.core.codelists.search import index_places, only, place_key


def test_the_lists_are_whole() -> None:
    provinces = codelists.provinces()
    assert len(provinces) == 34
    communes = [item for province in provinces for item in codelists.communes(province.code)]
    kinds = [item.kind for item in communes]
    assert (len(communes), kinds.count("xã"), kinds.count("phường"), kinds.count("đặc khu")) == (
        3321,
        2621,
        687,
        13,
    )
    assert len(codelists.communes("79")) == 168
    assert len(codelists.legacy_provinces()) == len(codelists.id_number_provinces()) == 63
    assert len(codelists.ethnic_groups()) == 56
    assert len(codelists.pupil_statuses()) == 12


def test_every_name_finds_its_own_entry_with_and_without_kind_in_either_unicode_form() -> None:
    for province in codelists.provinces():
        for text in (province.name, province.short_name, province.name.upper()):
            assert codelists.find_province(text) == province
            assert codelists.find_province(unicodedata.normalize("NFD", text)) == province
        for commune in codelists.communes(province.code):
            assert codelists.commune(commune.code) == commune
            assert codelists.find_commune(province.code, commune.name) == commune
            assert codelists.find_commune(province.code, commune.short_name) == commune
            assert commune.name.casefold() == f"{commune.kind} {commune.short_name}".casefold()


@pytest.mark.parametrize(
    "text",
    ["Thành phố Hồ Chí Minh", "TP. Hồ Chí Minh", "TP.Hồ Chí Minh", "TP Hồ Chí Minh", " hồ  chí minh "],
)
def test_a_province_is_found_with_any_writing_of_its_kind(text: str) -> None:
    found = codelists.find_province(text)
    assert found is not None
    assert found.code == "79"


def test_a_kind_that_is_given_must_be_right() -> None:
    assert codelists.find_province("Tỉnh Hồ Chí Minh") is None
    assert codelists.find_commune("79", "Xã Bình Thạnh") is None
    assert codelists.find_commune("79", "Phường Bình Thạnh") == codelists.find_commune("79", "P. Bình Thạnh")
    assert codelists.find_commune("79", "Đặc khu Côn Đảo") is not None
    assert codelists.find_commune("01", "Phường Bình Thạnh") is None


def test_a_name_that_two_places_share_is_found_only_with_its_kind() -> None:
    ward = codelists.Commune("00001", "Phường Tân Lập", "phường", "01")
    village = codelists.Commune("00002", "Xã Tân Lập", "xã", "01")
    index = index_places([ward, village])
    assert only(index.get(place_key("Tân Lập"))) is None
    assert only(index.get(place_key("xã Tân Lập"))) == village


def test_a_missing_mark_or_a_former_province_is_not_found_but_proposed() -> None:
    assert codelists.find_province("Ho Chi Minh") is None
    assert codelists.propose(codelists.provinces(), "Ho Chi Minh")[0].code == "79"
    assert codelists.find_province("Bà Rịa - Vũng Tàu") is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Kinhh", "Kinh"),
        ("Khơ me", "Khơ-me"),
        ("Khmer", "Khơ-me"),
        ("H'Mông", "Hmông"),
        ("Ê đê", "Ê-đê"),
        ("Gia rai", "Gia-rai"),
        ("Muong", "Mường"),
    ],
)
def test_a_misspelt_ethnic_group_is_not_taken_but_proposed(text: str, name: str) -> None:
    assert codelists.find_ethnic_group(text) is None
    assert codelists.propose(codelists.ethnic_groups(), text)[0].name == name


def test_marks_break_ties_between_proposals() -> None:
    assert codelists.propose(codelists.ethnic_groups(), "Thổ.")[0].name == "Thổ"
    assert codelists.propose(codelists.communes("79"), "Phường Bình Thanh")[0].name == "Phường Bình Thạnh"


def test_nothing_is_proposed_for_what_is_like_nothing() -> None:
    assert codelists.propose(codelists.ethnic_groups(), "???") == ()
    assert codelists.propose(codelists.ethnic_groups(), "zzzzzz") == ()


def test_attributes_are_found_by_text_in_any_case() -> None:
    kinh = codelists.find_ethnic_group(" kinh ")
    assert kinh is not None
    assert (kinh.code, codelists.ethnic_group("01")) == ("01", kinh)
    moved = codelists.find_pupil_status("chuyển đến kỳ 1")
    assert moved is not None
    assert (moved.code, moved.active, codelists.pupil_status("02")) == ("02", True, moved)
    religion = codelists.find_religion("Phật giáo Hoà Hảo")
    assert religion is not None
    assert codelists.religion(religion.code) == religion
    place = codelists.find_id_number_province("Bà Rịa - Vũng Tàu")
    assert place == codelists.id_number_province("077")


def test_active_statuses_are_studying_arriving_and_coming_back() -> None:
    for status in codelists.pupil_statuses():
        coming = status.name.startswith(("Đang học", "Chuyển đến", "Nghỉ học xin học lại"))
        assert status.active == coming, status


def test_every_former_province_went_as_a_whole_into_one_present_province() -> None:
    for legacy in codelists.legacy_provinces():
        assert codelists.province(legacy.merged_into) is not None
        assert codelists.legacy_province(legacy.name) == legacy
        assert codelists.legacy_province_by_code(legacy.code) == legacy
        successors = {
            present.province_code
            for commune in codelists.legacy_communes(legacy.code)
            for code in commune.merged_into
            if (present := codelists.commune(code)) is not None
        }
        assert successors == {legacy.merged_into}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Tỉnh Bà Rịa - Vũng Tàu", "79"),
        ("Bà Rịa–Vũng Tàu", "79"),
        ("Bình Dương", "79"),
        ("Tỉnh Long An", "80"),
        ("Ninh Thuận", "56"),
        ("Hòa Bình", "25"),  # the list writes Hoà
    ],
)
def test_a_former_province_leads_to_the_present_one(text: str, code: str) -> None:
    found = codelists.legacy_province(text)
    assert found is not None
    assert found.merged_into == code


def test_every_former_commune_is_among_the_candidates_of_its_name() -> None:
    for legacy in codelists.legacy_communes("80"):
        found = codelists.legacy_commune_candidates("80", legacy.name)
        assert {c.commune.code for c in found if c.legacy == legacy} == set(legacy.merged_into)
        assert codelists.legacy_commune(legacy.code) == legacy
        district = codelists.legacy_district(legacy.district_code)
        assert district is not None
        narrowed = codelists.legacy_commune_candidates("80", legacy.name, district=district.name)
        assert {c.district.code for c in narrowed} == {legacy.district_code}


def test_a_name_in_several_districts_gives_several_candidates_until_the_district_is_known() -> None:
    many = codelists.legacy_commune_candidates("79", "Phường 1")
    assert len({candidate.district.code for candidate in many}) > 1
    one = codelists.legacy_commune_candidates("79", "P.01", district="Quận 10")
    assert {candidate.district.name for candidate in one} == {"Quận 10"}
    assert [c.commune.name for c in codelists.legacy_commune_candidates("77", "Phường 1")] == [
        "Phường Vũng Tàu"
    ]
    assert codelists.legacy_commune_candidates("77", "Phường Không Có") == ()


def test_a_divided_commune_gives_one_candidate_for_each_successor() -> None:
    found = codelists.legacy_commune_candidates("01", "Thị trấn Đông Anh")
    assert {candidate.commune.code for candidate in found} == {"00454", "00466", "00475"}


def test_first_lookups_in_a_fresh_process_are_quick() -> None:
    program = (
        "import time; from hocbaso.core import codelists as c; t = time.process_time();"
        "c.find_province('Huế'); c.find_commune('79', 'Bình Thạnh'); c.find_ethnic_group('Kinh');"
        "c.legacy_commune_candidates('77', 'Phường 1'); print(time.process_time() - t)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert float(done.stdout) < 0.5  # seconds of the processor; measured 0.04
