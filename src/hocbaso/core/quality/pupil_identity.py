"""Đúng, the verified fields: number, name, birth date agree with each other and with the register."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from hocbaso.core.quality.model import (
    BROKEN,
    CHARTER,
    LEARNER,
    NA,
    NUMBER,
    OK,
    SECTOR,
    About,
    Book,
    Dimension,
    Fix,
    Owner,
    Severity,
    Verdict,
)
from hocbaso.core.quality.records import PupilRecord
from hocbaso.core.quality.texts import filled
from hocbaso.core.vietnamese import personal_number
from hocbaso.core.vietnamese.dates import format_vi, is_partial_iso
from hocbaso.core.vietnamese.names import normalise

book = Book(
    About.PUPIL,
    dimension=Dimension.CORRECT,
    severity=Severity.ERROR,
    owner=Owner.HOMEROOM,
    fix=Fix.FILE,
    basis=SECTOR,
)
Test = Callable[[PupilRecord, date], Verdict]
#: A pupil of grade 1 is 6 in the year in which the school year starts; so many years more or less are asked.
_FIRST_AGE, _YOUNGER, _OLDER = 5, 1, 3


def _digits(record: PupilRecord, _today: date) -> Verdict:
    number = record.personal_number
    if not number:
        return NA
    right = len(number) == personal_number.LENGTH and number.isascii() and number.isdigit()
    return OK if right else {"count": str(sum(char.isdigit() for char in number))}


def number_agrees(finding: str) -> Callable[[PupilRecord, date], Verdict]:
    """The number says nothing else than the record, or somebody saw the paper (domain 2.1 rules 2 and 3)."""
    code = f"personal_number.{finding}"

    def test(record: PupilRecord, _today: date) -> Verdict:
        number, birth = record.personal_number, record.birth_date
        if len(number) != personal_number.LENGTH or not number.isdigit():
            return NA
        birth_known = birth if birth[:4].isdigit() else None
        if code in record.confirmed or personal_number.agrees(
            number, birth=birth_known, sex=record.sex or None
        ):
            return OK
        checked = personal_number.check(number, birth=birth_known, sex=record.sex or None)
        return BROKEN if any(one.code == code for one in checked.findings) else OK

    return test


book.add(
    "DG-001",
    _digits,
    name="Số định danh không đủ 12 chữ số",
    says=(
        "Số định danh có {count} chữ số, phải đúng 12. Thầy cô xem giấy tờ và nhập lại, kể cả số 0 ở đầu.",
        "The personal number has {count} digits, not 12.",
    ),
    logic="`personal_number` given: exactly 12 digits",
    basis=NUMBER,
    fix=Fix.IDENTITY,
    fields=("personal_number",),
)
_STRUCTURE = (
    ("DG-002", "sex", "giới tính", "Số thứ tư của số định danh không hợp với giới tính"),
    ("DG-003", "century", "thế kỷ sinh", "Số thứ tư của số định danh không hợp với năm sinh"),
    ("DG-004", "year", "năm sinh", "Số thứ năm và thứ sáu của số định danh không hợp với năm sinh"),
    ("DG-005", "province", "mã tỉnh", "Ba số đầu của số định danh không có trong danh sách mã tỉnh"),
)
for _id, _finding, _label, _what in _STRUCTURE:
    book.add(
        _id,
        number_agrees(_finding),
        name=f"Số định danh lệch {_label}",
        says=(
            f"{_what}. Thầy cô đối chiếu giấy tờ: sửa ô sai, hoặc giải trình nếu giấy tờ đúng như vậy.",
            f"The personal number disagrees ({_finding}); correct or explain.",
        ),
        logic=f"12 digits: no `personal_number.{_finding}`, or it was confirmed with a paper",
        severity=Severity.QUERY,
        basis=NUMBER,
        fix=Fix.IDENTITY,
        fields=("personal_number", "birth_date", "sex"),
    )


def state_is_not(*states: str) -> Callable[[PupilRecord, date], Verdict]:
    """The latest answer of the register is none of these."""
    return lambda record, _today: BROKEN if record.identity_state in states else OK


_ANSWERS = (
    ("DG-006", "mismatch", "Sai lệch với dữ liệu dân cư", "Cơ sở dữ liệu dân cư trả lời sai lệch."),
    ("DG-007", "not_found", "Không tìm thấy trong dữ liệu dân cư", "Dữ liệu dân cư không có người này."),
    ("DG-008", "multiple", "Dữ liệu dân cư trả nhiều người", "Dữ liệu dân cư có nhiều người khớp."),
)
for _id, _state, _name, _what in _ANSWERS:
    book.add(
        _id,
        state_is_not(_state),
        name=_name,
        says=(
            f"{_what} Thầy cô mở hồ sơ, đối chiếu giấy tờ rồi gửi xác thực lại.",
            f"Register says {_state}.",
        ),
        logic=f"identity state is not `{_state}`",
        basis=LEARNER,
        fix=Fix.IDENTITY,
    )


def _name_has(code: str) -> Test:
    def test(record: PupilRecord, _today: date) -> Verdict:
        if not filled(record.full_name):
            return NA
        return BROKEN if any(f.code == code for f in normalise(record.full_name).findings) else OK

    return test


def _capitals(record: PupilRecord, _today: date) -> Verdict:
    name = record.full_name
    if not filled(name):
        return NA
    return BROKEN if name.isupper() or any(word[:1].islower() for word in name.split()) else OK


book.add(
    "DG-009",
    _name_has("name.characters"),
    name="Họ tên có ký tự lạ",
    says=(
        "Họ tên có ký tự không dùng trong tên. Thầy cô sửa theo giấy khai sinh.",
        "The name holds characters that names do not use.",
    ),
    logic="`full_name`: letters, spaces, hyphens, apostrophes only",
    fix=Fix.IDENTITY,
    fields=("full_name",),
)
book.add(
    "DG-010",
    _name_has("name.one_word"),
    name="Họ tên chỉ có một từ",
    says=(
        "Họ tên chỉ có một từ. Thầy cô ghi đủ họ, tên đệm và tên; nếu khai sinh đúng vậy thì giải trình.",
        "The name has one word only.",
    ),
    logic="`full_name` has two words or more",
    severity=Severity.QUERY,
    fix=Fix.IDENTITY,
    fields=("full_name",),
)
book.add(
    "DG-011",
    _capitals,
    name="Họ tên viết hoa chưa đúng",
    says=(
        "Họ tên viết hoa chưa đúng: mỗi từ viết hoa chữ cái đầu. Thầy cô sửa lại.",
        "Every word of the name begins with a capital, the rest is small.",
    ),
    logic="`full_name` is not all capitals and no word begins small",
    severity=Severity.QUERY,
    fix=Fix.IDENTITY,
    fields=("full_name",),
)


def _whole_date(record: PupilRecord, _today: date) -> Verdict:
    birth = record.birth_date
    if not birth:
        return NA
    return (
        OK if len(birth) == 10 or "identity.partial_date" in record.confirmed else {"date": format_vi(birth)}
    )


def _real_date(record: PupilRecord, today: date) -> Verdict:
    if not record.birth_date:
        return NA
    real = is_partial_iso(record.birth_date) and record.birth_date <= today.isoformat()
    return OK if real else {"date": format_vi(record.birth_date)}


def _age(record: PupilRecord) -> int | None:
    """Years over (or under) the age of the grade in the year in which the school year starts."""
    birth, year = record.birth_date[:4], record.school_year[:4]
    if not (birth.isdigit() and year.isdigit() and record.grade):
        return None
    return int(year) - int(birth) - (record.grade + _FIRST_AGE)


def _not_young(record: PupilRecord, _today: date) -> Verdict:
    over = _age(record)
    if over is None:
        return NA
    return OK if over >= -_YOUNGER else {"grade": str(record.grade), "year": record.birth_date[:4]}


def _not_old(record: PupilRecord, _today: date) -> Verdict:
    over = _age(record)
    if over is None:
        return NA
    return OK if over <= _OLDER else {"grade": str(record.grade), "year": record.birth_date[:4]}


_BIRTH = {"fix": Fix.IDENTITY, "fields": ("birth_date",)}
book.add(
    "DG-012",
    _whole_date,
    name="Ngày sinh chưa đủ ngày, tháng",
    says=(
        "Ngày sinh mới có {date}. Thầy cô ghi đủ ngày/tháng/năm; nếu khai sinh chỉ có vậy thì giải trình.",
        "The birth date is only {date}.",
    ),
    logic="`birth_date` is a whole day, or the partial date was confirmed with a paper",
    severity=Severity.QUERY,
    **_BIRTH,
)
book.add(
    "DG-013",
    _not_young,
    name="Nhỏ hơn tuổi của lớp",
    says=(
        "Sinh năm {year} mà học lớp {grade}: nhỏ hơn tuổi quy định. Thầy cô xem lại ngày sinh; học trước "
        "tuổi thì giải trình.",
        "Born {year} in grade {grade}: younger than the rule.",
    ),
    logic="age in the starting calendar year ≥ grade + 4",
    severity=Severity.QUERY,
    basis=CHARTER,
    **_BIRTH,
)
book.add(
    "DG-014",
    _not_old,
    name="Lớn hơn tuổi của lớp",
    says=(
        "Sinh năm {year} mà học lớp {grade}: lớn hơn tuổi quy định quá 3 năm. Thầy cô xem lại ngày sinh; "
        "đúng thì giải trình.",
        "Born {year} in grade {grade}: more than three years older than the rule.",
    ),
    logic="age in the starting calendar year ≤ grade + 8",
    severity=Severity.QUERY,
    basis=CHARTER,
    **_BIRTH,
)
book.add(
    "DG-015",
    _real_date,
    name="Ngày sinh không có thật",
    says=(
        "Ngày sinh {date} không có thật hoặc chưa đến. Thầy cô sửa theo giấy khai sinh.",
        "Birth date {date} does not exist or lies in the future.",
    ),
    logic="`birth_date` is a (partial) date not after today",
    **_BIRTH,
)
