"""Every rule with the cases of docs/quality.md; the catalogue there is the one of the code; scores add up."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hocbaso.core.quality import (
    BY_ID,
    RULES,
    About,
    ClassRecord,
    Dimension,
    PupilRecord,
    Severity,
    StaffRecord,
    judge,
    score,
    together,
)
from hocbaso.core.quality.catalogue import markdown
from hocbaso.core.quality.model import Broken, Judged

DOCUMENT = Path(__file__).parents[4] / "docs" / "quality.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
TODAY = date(2026, 5, 20)
ITEMS = ("khai_sinh", "ly_lich", "phu_huynh")
PUPIL = PupilRecord(
    full_name="Nguyễn Phúc Bảo Quỳnh Hương",
    birth_date="2017-02-09",
    sex="Nữ",
    ethnic_group="Kinh",
    religion="Phật giáo",
    nationality="Việt Nam",
    personal_number="079317394341",
    province="Thành phố Hồ Chí Minh",
    province_code="79",
    commune="Phường Sài Gòn",
    commune_code="26740",
    hamlet="Khu phố 5",
    birth_place="Bệnh viện Từ Dũ",
    home_town="Xã Thủ Thừa, tỉnh Tây Ninh",
    current_address="12 Lê Lợi",
    phone="0903123456",
    disability="Không",
    father_name="Nguyễn Phúc Hoàng Long",
    father_occupation="Công nhân",
    father_birth_year="1985",
    father_phone="0903123457",
    mother_name="Trần Thị Diễm Quỳnh",
    mother_occupation="Giáo viên",
    mother_birth_year="1987",
    mother_phone="0903123458",
    grade=3,
    school_year="2025-2026",
    status="Đang học",
    status_date="2025-09-05",
    register_number="0012",
    photo_on="2025-09-10",
    identity_state="verified",
    verified_on="2026-03-05",
    checks=dict.fromkeys(ITEMS, "held"),
    updated_on="2026-03-01",
)
STAFF = StaffRecord(
    full_name="Lê Thị Phương",
    birth_date="1985-03-04",
    sex="Nữ",
    personal_number="079185394341",
    email="p@example.vn",
    phone="0903123459",
    position="Giáo viên",
    identity_state="verified",
)
CLASS = ClassRecord("3A", 3, 30, "Lê Thị Phương")
FLAWLESS = {About.PUPIL: PUPIL, About.STAFF: STAFF, About.CLASS: CLASS}


def cases() -> list[tuple[str, str, str]]:
    """Rows of the table of cases."""
    lines = TEXT.split("<!-- cases -->\n")[1].splitlines()[2:]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines if line]  # type: ignore[misc]


def changed(record: Any, changes: str) -> Any:
    """``name=value; name=value`` put into a record."""
    if changes == "–":
        return record
    kinds = {field.name: getattr(record, field.name) for field in fields(record)}
    values: dict[str, Any] = {}
    for change in changes.split("; "):
        name, _equals, text = change.replace("␣", " ").partition("=")
        if name == "checks":
            values[name] = dict(pair.split(":") for pair in text.split(",") if pair)
        elif name == "confirmed":
            values[name] = frozenset(text.split(","))
        else:
            values[name] = type(kinds[name])(int(text)) if isinstance(kinds[name], int) else text
    return replace(record, **values)


def ids(judged: Judged) -> tuple[set[str], set[str]]:
    return {rule.id for rule in judged.applicable}, {one.rule.id for one in judged.broken}


@pytest.mark.parametrize(("rule", "holds", "broken"), cases(), ids=[row[0] for row in cases()])
def test_the_rule_holds_and_breaks_as_the_document_says(rule, holds, broken):
    about = BY_ID[rule].about
    applies, wrong = ids(judge(about, changed(FLAWLESS[about], holds), TODAY))
    assert rule in applies
    assert rule not in wrong
    found = judge(about, changed(FLAWLESS[about], broken), TODAY)
    (one,) = [b for b in found.broken if b.rule.id == rule]
    assert "{" not in one.rule.says(one.params)


def test_every_rule_has_a_case():
    assert {row[0] for row in cases()} == set(BY_ID)
    assert len(RULES) >= 40


@pytest.mark.parametrize("about", list(About))
def test_a_flawless_record_has_no_finding(about):
    assert judge(about, FLAWLESS[about], TODAY).broken == ()


def test_the_catalogue_of_the_document_is_that_of_the_code():
    written = TEXT.split("<!-- catalogue -->\n")[1].split("<!-- /catalogue -->")[0]
    assert written.strip() == markdown().strip(), "run: hocbaso quality catalogue"


def test_no_rule_is_asked_before_it_holds():
    assert judge(About.PUPIL, PupilRecord(), date(2020, 1, 1)).applicable == ()


def test_no_sentence_carries_a_personal_number():
    wrong = replace(PUPIL, personal_number="999317394341", sex="Nam", birth_date="1990-02-09")
    for one in judge(About.PUPIL, wrong, TODAY).broken:
        assert "999317394341" not in one.rule.says(one.params)


_PUPIL_RULES = [rule for rule in RULES if rule.about is About.PUPIL]
_JUDGED = st.lists(st.sampled_from(_PUPIL_RULES), unique_by=lambda r: r.id).flatmap(
    lambda rules: st.builds(
        lambda wrong: Judged(tuple(rules), tuple(Broken(r, {}) for r in wrong)),
        st.lists(st.sampled_from(rules), unique_by=lambda r: r.id) if rules else st.just([]),
    )
)


@given(_JUDGED, st.sets(st.sampled_from([r.id for r in _PUPIL_RULES])))
def test_numerators_and_denominators_count_rules(judged, accepted):
    found = score(judged, accepted)
    for dimension, part in found.parts.items():
        assert part.total == sum(r.dimension is dimension for r in judged.applicable)
        assert 0 <= part.done <= part.total
    assert found.whole.total - found.whole.done == found.errors + found.queries
    errors = [b for b in judged.broken if b.rule.severity is Severity.ERROR]
    assert found.errors == len(errors)  # nobody explains an error away
    assert (found.whole.permille == 1000) is (found.whole.done == found.whole.total)


@given(st.lists(_JUDGED, max_size=4))
def test_a_class_is_the_sum_of_its_pupils(several):
    whole = together(score(one) for one in several)
    for dimension in Dimension:
        assert whole.parts[dimension].done == sum(score(one).parts[dimension].done for one in several)
        assert whole.parts[dimension].total == sum(score(one).parts[dimension].total for one in several)
