"""Đúng: values are of the official lists and agree with each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from hocbaso.core import codelists
from hocbaso.core.quality.model import (
    BROKEN,
    ETHNIC,
    NA,
    OK,
    SECTOR,
    UNITS,
    About,
    Book,
    Dimension,
    Fix,
    Owner,
    Severity,
    Verdict,
)
from hocbaso.core.quality.records import PupilRecord
from hocbaso.core.quality.texts import filled, names_somebody, phone_looks_right, says_no
from hocbaso.core.vietnamese.dates import format_vi
from hocbaso.core.vietnamese.names import normalise
from hocbaso.core.vietnamese.school_year import SchoolYear

book = Book(
    About.PUPIL,
    dimension=Dimension.CORRECT,
    severity=Severity.ERROR,
    owner=Owner.HOMEROOM,
    fix=Fix.FILE,
    basis=SECTOR,
)
Test = Callable[[PupilRecord, date], Verdict]
#: Years between a parent's and the child's birth that need no question.
_FATHER, _MOTHER = (16, 70), (15, 55)


def in_list(name: str, known: Callable[[str], object | None], *, no: bool = False) -> Test:
    """The value is one of an official list ("Không" too, with ``no``)."""

    def test(record: PupilRecord, _today: date) -> Verdict:
        text = getattr(record, name)
        if not filled(text):
            return NA
        return OK if (no and says_no(text)) or known(text) is not None else {"value": text}

    return test


book.add(
    "DG-016",
    in_list("sex", {"Nam": 1, "Nữ": 1}.get),
    name="Giới tính ngoài danh mục",
    says=("Giới tính ghi “{value}”. Thầy cô chọn Nam hoặc Nữ.", "Sex {value} is neither Nam nor Nữ."),
    logic="`sex` is Nam or Nữ",
    fix=Fix.IDENTITY,
    fields=("sex",),
)
book.add(
    "DG-017",
    in_list("ethnic_group", codelists.find_ethnic_group),
    name="Dân tộc ngoài danh mục",
    says=(
        "Dân tộc “{value}” không có trong danh mục. Thầy cô chọn đúng tên trong danh mục.",
        "Ethnic group {value} is not in the list.",
    ),
    logic="`ethnic_group` is in the list of 1979",
    basis=ETHNIC,
    fields=("ethnic_group",),
)
book.add(
    "DG-018",
    in_list("religion", codelists.find_religion, no=True),
    name="Tôn giáo ngoài danh mục",
    says=(
        "Tôn giáo “{value}” không có trong danh mục. Thầy cô chọn trong danh mục, không có thì ghi “Không”.",
        "Religion {value} is not in the list.",
    ),
    logic="`religion` is in the list, or “Không”",
    severity=Severity.QUERY,
    fields=("religion",),
)


def _nationality(record: PupilRecord, _today: date) -> Verdict:
    if not (filled(record.nationality) and filled(record.ethnic_group)):
        return NA
    vietnamese = record.nationality.casefold() in ("việt nam", "viet nam")
    foreign = record.ethnic_group.casefold() == "người nước ngoài"
    return BROKEN if vietnamese and foreign else OK


book.add(
    "DG-019",
    _nationality,
    name="Quốc tịch và dân tộc mâu thuẫn",
    says=(
        "Quốc tịch Việt Nam nhưng dân tộc ghi “Người nước ngoài”. Thầy cô sửa một trong hai ô.",
        "Vietnamese nationality with the ethnic group of foreigners.",
    ),
    logic="not (`nationality` Việt Nam and `ethnic_group` Người nước ngoài)",
    fields=("nationality", "ethnic_group"),
)


def _province(record: PupilRecord, _today: date) -> Verdict:
    code = record.province_code
    if not code:
        return NA
    return OK if codelists.province(code) else {"code": code}


def _commune(record: PupilRecord, _today: date) -> Verdict:
    code = record.commune_code
    if not code:
        return NA
    return OK if codelists.commune(code) else {"code": code}


def _commune_there(record: PupilRecord, _today: date) -> Verdict:
    found = codelists.commune(record.commune_code)
    if found is None or not record.province_code:
        return NA
    return OK if found.province_code == record.province_code else {"commune": found.name}


def _commune_name(record: PupilRecord, _today: date) -> Verdict:
    found = codelists.commune(record.commune_code)
    if found is None or not filled(record.commune):
        return NA
    same = codelists.find_commune(found.province_code, record.commune)
    return (
        OK
        if same is not None and same.code == found.code
        else {"written": record.commune, "name": found.name}
    )


_PLACE = {"basis": UNITS, "fix": Fix.IDENTITY, "fields": ("province_code", "commune_code")}
book.add(
    "DG-020",
    _province,
    name="Mã tỉnh thường trú đã cũ",
    says=(
        "Mã tỉnh {code} không có trong danh mục 34 tỉnh, thành phố. Thầy cô chọn lại nơi thường trú.",
        "Province {code} is not among the 34 of today.",
    ),
    logic="`province_code` is in the list since 01/07/2025",
    **_PLACE,
)
book.add(
    "DG-021",
    _commune,
    name="Mã xã thường trú đã cũ",
    says=(
        "Mã xã {code} không có trong danh mục hiện hành. Thầy cô chọn lại xã, phường sau sắp xếp.",
        "Commune {code} is not in today's list.",
    ),
    logic="`commune_code` is in the list since 01/07/2025",
    **_PLACE,
)
book.add(
    "DG-022",
    _commune_there,
    name="Xã không thuộc tỉnh",
    says=(
        "{commune} không thuộc tỉnh đã ghi. Thầy cô chọn lại tỉnh hoặc xã, phường.",
        "{commune} is not in the province of the record.",
    ),
    logic="the commune's province is `province_code`",
    **_PLACE,
)
book.add(
    "DG-023",
    _commune_name,
    name="Tên xã lệch với mã",
    says=(
        "Tên xã ghi “{written}” nhưng mã là của {name}. Thầy cô chọn lại xã, phường.",
        "Commune is written {written} but its code means {name}.",
    ),
    logic="`commune` is the name of `commune_code`",
    severity=Severity.QUERY,
    **_PLACE,
)


def _telephone(name: str) -> Test:
    def test(record: PupilRecord, _today: date) -> Verdict:
        text = getattr(record, name)
        if not filled(text) or says_no(text):
            return NA
        return OK if phone_looks_right(text) else BROKEN

    return test


for _id, _field, _label in (
    ("DG-024", "phone", "liên hệ"),
    ("DG-025", "father_phone", "của cha"),
    ("DG-026", "mother_phone", "của mẹ"),
):
    book.add(
        _id,
        _telephone(_field),
        name=f"Số điện thoại {_label} sai dạng",
        says=(
            f"Số điện thoại {_label} không đúng dạng. Số đúng bắt đầu bằng 0 và có 10 chữ số.",
            f"{_field} is not a telephone number.",
        ),
        logic=f"`{_field}` given: 0 and 9 or 10 more digits",
        fields=(_field,),
    )


def _parent_age(name: str, span: tuple[int, int]) -> Test:
    def test(record: PupilRecord, _today: date) -> Verdict:
        parent, child = getattr(record, name)[:4], record.birth_date[:4]
        if not (parent.isdigit() and child.isdigit()):
            return NA
        return OK if span[0] <= int(child) - int(parent) <= span[1] else {"parent": parent, "child": child}

    return test


for _id, _field, _label, _span in (
    ("DG-027", "father_birth_year", "Cha", _FATHER),
    ("DG-028", "mother_birth_year", "Mẹ", _MOTHER),
):
    book.add(
        _id,
        _parent_age(_field, _span),
        name=f"Năm sinh của {_label.lower()} khó tin",
        says=(
            f"{_label} sinh năm {{parent}}, con sinh năm {{child}}. Thầy cô xem lại; đúng thì giải trình.",
            "Parent born {parent}, child born {child}.",
        ),
        logic=f"{_span[0]} to {_span[1]} years between `{_field}` and the birth date",
        severity=Severity.QUERY,
        fields=(_field,),
    )


def _carers(record: PupilRecord, _today: date) -> Verdict:
    names = [n for n in (record.father_name, record.mother_name, record.guardian_name) if names_somebody(n)]
    if not names:
        return NA
    for name in names:
        if any(found.code == "name.characters" for found in normalise(name).findings):
            return {"name": name}
    return OK


book.add(
    "DG-029",
    _carers,
    name="Họ tên cha, mẹ, người giám hộ có ký tự lạ",
    says=(
        "Họ tên “{name}” có ký tự không dùng trong tên. Thầy cô sửa lại.",
        "{name} holds characters that names do not use.",
    ),
    logic="names of father, mother, guardian: letters only",
    fields=("father_name", "mother_name", "guardian_name"),
)


def _status(record: PupilRecord, _today: date) -> Verdict:
    if not filled(record.status):
        return NA
    return OK if codelists.find_pupil_status(record.status) else {"value": record.status}


def _status_active(record: PupilRecord, _today: date) -> Verdict:
    found = codelists.find_pupil_status(record.status)
    if found is None:
        return NA
    return OK if found.active == record.active else {"value": found.name}


def _status_day(record: PupilRecord, today: date) -> Verdict:
    if not (filled(record.status_date) and record.school_year):
        return NA
    year = SchoolYear.parse(record.school_year)
    last = min(today, year.last_day).isoformat()
    inside = year.first_day.isoformat() <= record.status_date.ljust(10, "~") and record.status_date <= last
    return OK if inside else {"day": format_vi(record.status_date)}


_ENROLMENT = {"owner": Owner.CLERK, "fix": Fix.PLACE}
book.add(
    "DG-030",
    _status,
    name="Trạng thái ngoài danh mục",
    says=(
        "Trạng thái “{value}” không có trong danh mục 12 trạng thái. Nhân viên dữ liệu chọn lại.",
        "Status {value} is not one of the twelve.",
    ),
    logic="`status` is one of the twelve",
    **_ENROLMENT,
)
book.add(
    "DG-031",
    _status_active,
    name="Trạng thái mâu thuẫn với danh sách lớp",
    says=(
        "Trạng thái “{value}” mâu thuẫn với việc em có hay không có trong danh sách đang học. Nhân viên dữ "
        "liệu xem lại.",
        "Status {value} contradicts the roster.",
    ),
    logic="the status counts as studying exactly when the enrolment is active",
    **_ENROLMENT,
)
book.add(
    "DG-032",
    _status_day,
    name="Ngày trạng thái ngoài năm học",
    says=(
        "Ngày {day} của trạng thái nằm ngoài năm học hoặc chưa đến. Nhân viên dữ liệu xem lại; đúng thì giải "
        "trình.",
        "The status's day {day} lies outside of the school year.",
    ),
    logic="`status_date` lies in the school year and not in the future",
    severity=Severity.QUERY,
    **_ENROLMENT,
)
