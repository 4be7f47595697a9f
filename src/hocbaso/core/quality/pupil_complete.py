"""Đủ: every mandatory field is filled; "không" where nothing applies counts as filled."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from hocbaso.core.quality.checklist import ITEMS
from hocbaso.core.quality.model import (
    BROKEN,
    CHARTER,
    LEARNER,
    NA,
    NUMBER,
    OK,
    RESIDENCE,
    SECTOR,
    TRANSCRIPT,
    About,
    Book,
    Dimension,
    Fix,
    Owner,
    Severity,
    Verdict,
)
from hocbaso.core.quality.records import PupilRecord
from hocbaso.core.quality.texts import filled, says_no

book = Book(
    About.PUPIL,
    dimension=Dimension.COMPLETE,
    severity=Severity.ERROR,
    owner=Owner.HOMEROOM,
    fix=Fix.FILE,
    basis=SECTOR,
)
Test = Callable[[PupilRecord, date], Verdict]


def _needs(name: str) -> Test:
    return lambda record, _today: OK if filled(getattr(record, name)) else BROKEN


def _needs_of(person: str, name: str) -> Test:
    """A fact about a parent who is named."""

    def test(record: PupilRecord, _today: date) -> Verdict:
        who = getattr(record, person)
        if not filled(who) or says_no(who):
            return NA
        return OK if filled(getattr(record, name)) else BROKEN

    return test


_MUST = (
    ("DU-001", "full_name", "họ tên", "Giấy khai sinh", SECTOR, Fix.IDENTITY),
    ("DU-002", "birth_date", "ngày sinh", "giấy khai sinh", SECTOR, Fix.IDENTITY),
    ("DU-003", "sex", "giới tính", "giấy khai sinh", SECTOR, Fix.IDENTITY),
    ("DU-005", "ethnic_group", "dân tộc", "giấy khai sinh", SECTOR, Fix.FILE),
    ("DU-007", "nationality", "quốc tịch", "giấy khai sinh", SECTOR, Fix.FILE),
    ("DU-008", "province_code", "tỉnh, thành phố thường trú", "thông tin cư trú", RESIDENCE, Fix.IDENTITY),
    ("DU-009", "commune_code", "xã, phường thường trú", "thông tin cư trú", RESIDENCE, Fix.IDENTITY),
    ("DU-011", "birth_place", "nơi sinh", "giấy khai sinh", TRANSCRIPT, Fix.FILE),
    ("DU-012", "home_town", "quê quán", "giấy khai sinh", SECTOR, Fix.FILE),
    ("DU-013", "current_address", "chỗ ở hiện nay", "phiếu đối chiếu với phụ huynh", RESIDENCE, Fix.FILE),
)
for _id, _field, _label, _paper, _basis, _fix in _MUST:
    book.add(
        _id,
        _needs(_field),
        name=f"Thiếu {_label}",
        says=(
            f"Chưa có {_label}. Thầy cô bổ sung theo {_paper[0].lower()}{_paper[1:]}.",
            f"{_field} is missing; complete it.",
        ),
        logic=f"`{_field}` is filled",
        basis=_basis,
        fix=_fix,
        fields=(_field,),
    )

_OR_NO = (
    ("DU-006", "religion", "tôn giáo", Severity.ERROR),
    ("DU-010", "hamlet", "tổ, thôn, xóm thường trú", Severity.QUERY),
    ("DU-015", "father_name", "họ tên cha", Severity.ERROR),
    ("DU-018", "mother_name", "họ tên mẹ", Severity.ERROR),
    ("DU-024", "disability", "loại khuyết tật", Severity.QUERY),
)
for _id, _field, _label, _severity in _OR_NO:
    book.add(
        _id,
        _needs(_field),
        name=f"Thiếu {_label}",
        says=(
            f"Ô {_label} còn trống. Thầy cô điền; nếu không có thì ghi “Không”.",
            f"{_field} is empty; write “Không” where nothing applies.",
        ),
        logic=f"`{_field}` is filled; “Không” counts",
        severity=_severity,
        fields=(_field,),
    )

_OF_PARENT = (
    ("DU-016", "father_name", "father_birth_year", "năm sinh của cha"),
    ("DU-017", "father_name", "father_occupation", "nghề nghiệp của cha"),
    ("DU-019", "mother_name", "mother_birth_year", "năm sinh của mẹ"),
    ("DU-020", "mother_name", "mother_occupation", "nghề nghiệp của mẹ"),
)
for _id, _person, _field, _label in _OF_PARENT:
    book.add(
        _id,
        _needs_of(_person, _field),
        name=f"Thiếu {_label}",
        says=(
            f"Chưa có {_label}. Thầy cô hỏi gia đình rồi bổ sung; không rõ thì giải trình.",
            f"{_field} is missing; complete or explain.",
        ),
        logic=f"`{_person}` names somebody: `{_field}` is filled",
        severity=Severity.QUERY,
        fields=(_field,),
    )


def _number(record: PupilRecord, _today: date) -> Verdict:
    if filled(record.nationality) and record.nationality.casefold() not in ("việt nam", "viet nam"):
        return NA  # foreigners may have none (domain 2.1 rule 5)
    if record.temporary_code:
        return NA  # no number for a special reason that is on record (domain 2.4)
    return OK if record.personal_number else BROKEN


def _phone(record: PupilRecord, _today: date) -> Verdict:
    numbers = (record.phone, record.father_phone, record.mother_phone)
    return OK if any(filled(one) and not says_no(one) for one in numbers) else BROKEN


def _guardian(record: PupilRecord, _today: date) -> Verdict:
    named = [one for one in (record.father_name, record.mother_name) if filled(one) and not says_no(one)]
    if named or not (filled(record.father_name) and filled(record.mother_name)):
        return NA
    return OK if filled(record.guardian_name) and not says_no(record.guardian_name) else BROKEN


book.add(
    "DU-004",
    _number,
    name="Chưa có số định danh",
    says=(
        "Chưa có số định danh cá nhân. Thầy cô tìm số trong cơ sở dữ liệu dân cư hoặc hỏi gia đình thông báo "
        "số định danh.",
        "The personal number is missing; search for it or ask the family.",
    ),
    logic="nationality is Việt Nam or unknown, no temporary code: `personal_number` is filled",
    basis=NUMBER,
    fix=Fix.IDENTITY,
    fields=("personal_number",),
)
book.add(
    "DU-014",
    _phone,
    name="Thiếu số điện thoại liên hệ",
    says=(
        "Không có số điện thoại nào của gia đình. Thầy cô hỏi và ghi ít nhất một số.",
        "No telephone number of the family is known.",
    ),
    logic="`phone`, `father_phone` or `mother_phone` is filled",
    fields=("phone", "father_phone", "mother_phone"),
)
book.add(
    "DU-021",
    _guardian,
    name="Thiếu người giám hộ",
    says=(
        "Cả cha và mẹ đều ghi “Không”. Thầy cô ghi người giám hộ của em.",
        "Neither father nor mother: the guardian must be named.",
    ),
    logic="father and mother both say “Không”: `guardian_name` names somebody",
    fields=("guardian_name",),
)
book.add(
    "DU-022",
    lambda record, _today: OK if record.photo_on else BROKEN,
    name="Chưa có ảnh 3×4",
    says=("Chưa có ảnh 3×4. Thầy cô tải ảnh chân dung của em lên.", "The portrait is missing."),
    logic="a portrait is stored",
    basis=TRANSCRIPT,
    fix=Fix.PHOTO,
)
book.add(
    "DU-023",
    lambda record, _today: OK if filled(record.register_number) else BROKEN,
    name="Chưa có số đăng bộ",
    says=(
        "Chưa có số đăng bộ. Nhân viên dữ liệu cấp số trong Sổ đăng bộ.",
        "The register number is missing.",
    ),
    logic="`register_number` is filled",
    severity=Severity.QUERY,
    owner=Owner.CLERK,
    fix=Fix.REGISTER,
    basis=CHARTER,
)
book.add(
    "DU-025",
    _needs("status"),
    name="Thiếu trạng thái học sinh",
    says=("Chưa ghi trạng thái của em trong năm học.", "The status of the year is missing."),
    logic="`status` is filled",
    owner=Owner.CLERK,
    fix=Fix.PLACE,
)


def _status_date(record: PupilRecord, _today: date) -> Verdict:
    return OK if filled(record.status_date) else {"status": record.status or "(trống)"}


book.add(
    "DU-026",
    _status_date,
    name="Thiếu ngày nhập trạng thái",
    says=(
        "Chưa có ngày của trạng thái “{status}”. Nhân viên dữ liệu bổ sung theo danh sách.",
        "The day of status {status} is missing.",
    ),
    logic="`status_date` is filled",
    severity=Severity.QUERY,
    owner=Owner.CLERK,
    fix=Fix.PLACE,
)


def _checked(key: str) -> Test:
    return lambda record, _today: OK if record.checks.get(key) else BROKEN


for _number_of, _item in zip(("DU-027", "DU-028", "DU-029"), ITEMS, strict=True):
    book.add(
        _number_of,
        _checked(_item.key),
        name=f"Chưa đối chiếu: {_item.label[0].lower()}{_item.label[1:]}",
        says=(
            f"Hồ sơ chưa được đối chiếu ({_item.label[0].lower()}{_item.label[1:]}). Thầy cô đối chiếu rồi "
            "đánh dấu trong bảng của lớp.",
            f"The file has not been compared ({_item.key}).",
        ),
        logic=f"the homeroom teacher's checklist holds `{_item.key}`",
        severity=Severity.QUERY,
        fix=Fix.CHECKLIST,
        basis=LEARNER,
    )
