"""Số định danh cá nhân: structure, lost zeros, disagreement with the record, masking."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.core import codelists
from hocbaso.core.errors import DomainError
from hocbaso.core.vietnamese.personal_number import agrees, check, mask, parse
from hocbaso.core.vietnamese.reading import Severity

people = st.tuples(
    st.sampled_from([item.code for item in codelists.id_number_provinces()]),
    st.sampled_from(["Nam", "Nữ"]),
    st.integers(1900, 2299),
    st.integers(0, 999_999),
)


def number_of(province: str, sex: str, year: int, serial: int) -> str:
    digit = (year // 100 - 19) * 2 + (sex == "Nữ")
    return f"{province}{digit}{year % 100:02d}{serial:06d}"


def codes(raw: object, **record: str) -> list[str]:
    return [found.code.removeprefix("personal_number.") for found in check(raw, **record).findings]


@given(people)
def test_a_number_made_by_the_rule_parses_back_and_agrees_with_its_person(
    person: tuple[str, str, int, int],
) -> None:
    province, sex, year, serial = person
    number = number_of(province, sex, year, serial)
    parsed = parse(number)
    assert (parsed.province_code, parsed.sex, parsed.birth_year) == (province, sex, year)
    result = check(number, birth=f"{year}-05-01", sex=sex)
    assert (result.value, result.findings) == (number, ())


@given(
    people.map(lambda person: number_of(*person)) | st.text("0123456789 '０", max_size=13),
    st.sampled_from([None, "2017", "2017-05", "2117-05-01"]),
    st.sampled_from([None, "Nam", "Nữ"]),
)
def test_the_quick_answer_is_the_one_of_the_whole_check(
    written: str, birth: str | None, sex: str | None
) -> None:
    result = check(written, birth=birth, sex=sex)
    assert agrees(written, birth=birth, sex=sex) == ((result.value, result.findings) == (written, ()))


def test_the_quick_answer_sees_each_thing_that_can_disagree() -> None:
    record = {"birth": "2017-02-09", "sex": "Nữ"}
    assert agrees("079317000412", **record)
    for wrong in (
        "079217000412",
        "079117000412",
        "079318000412",
        "999317000412",
        "07931700041",
        "079317 00412",
    ):
        assert not agrees(wrong, **record), wrong


@given(people)
def test_a_number_that_lost_its_zeros_is_refused_with_the_padded_proposal(
    person: tuple[str, str, int, int],
) -> None:
    number = number_of(*person)
    result = check(int(number), birth=str(person[2]), sex=person[1])
    assert result.value is None
    assert result.refused
    assert [found.proposal for found in result.findings] == [number]


def test_the_proposal_for_a_lost_zero_is_compared_with_the_record_too() -> None:
    assert codes(1317438809, birth="2017-01-05", sex="Nữ") == ["lost_zero"]
    assert codes(1317438809, birth="2017-01-05", sex="Nam") == ["lost_zero", "sex"]


@pytest.mark.parametrize("raw", ["001319708", 271234567, "07921976783", "1234567890123", "12345"])
def test_a_wrong_length_without_known_province_is_refused_without_proposal(raw: object) -> None:
    if raw == "07921976783":  # eleven digits: padded it would begin 007, no province
        assert codelists.id_number_province("007") is None
    result = check(raw)
    assert [found.code for found in result.findings] == ["personal_number.length"]
    assert result.findings[0].proposal is None
    assert result.refused


def test_other_characters_are_refused_and_spaces_reported() -> None:
    assert codes("07921976783A") == ["characters"]
    assert codes("٠٧٩٢١٩٧٦٧٨٣٥") == ["characters"]
    result = check(" 079 219 767 835 ")
    assert result.value == "079219767835"
    assert [found.severity for found in result.findings] == [Severity.INFO]


def test_what_disagrees_with_the_record_is_a_warning_and_changes_nothing() -> None:
    result = check("079315095556", birth="2015-08-29", sex="Nam")
    assert result.value == "079315095556"
    assert [found.code for found in result.findings] == ["personal_number.sex"]
    assert codes("079219767835", birth="2018", sex="Nam") == ["year"]
    assert codes("079019767835", birth="2019", sex="Nam") == ["century"]
    assert codes("999219767835", birth="2019", sex="Nam") == ["province"]
    assert all(f.severity is Severity.WARNING for f in check("999019767835", birth="2018", sex="Nữ").findings)
    assert codes("999019767835", birth="2018", sex="Nữ") == ["province", "sex", "century", "year"]


def test_a_record_without_birth_date_or_sex_is_not_compared() -> None:
    assert codes("079315095556") == []
    assert check(None).findings == check("  ").findings == ()


def test_parsing_refuses_what_is_not_twelve_digits() -> None:
    for text, code in (("123", "personal_number.length"), ("x" * 12, "personal_number.characters")):
        with pytest.raises(DomainError) as caught:
            parse(text)
        assert caught.value.code == code


@given(st.text())
def test_the_mask_never_shows_the_birth_year_nor_the_whole(text: str) -> None:
    shown = mask(text)
    assert len(shown) == len(text)
    assert not any(char.isdigit() for char in shown[3:9])


def test_the_mask_keeps_three_digits_at_each_end() -> None:
    assert mask("079219767412") == "079••••••412"
    assert mask("12345") == "•••••"
    assert mask(None) == ""
