"""Rules on staff and on classes."""

from __future__ import annotations

import re
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
from hocbaso.core.quality.records import ClassRecord, StaffRecord
from hocbaso.core.quality.texts import filled, phone_looks_right
from hocbaso.core.vietnamese import personal_number

staff = Book(About.STAFF, owner=Owner.CLERK, fix=Fix.STAFF, basis=SECTOR)
classes = Book(About.CLASS, basis=CHARTER)
_PRIMARY, _SECONDARY = 35, 45


def _needs(name: str) -> Callable[[StaffRecord, date], Verdict]:
    return lambda record, _today: OK if filled(getattr(record, name)) else BROKEN


for _id, _field, _label, _severity, _basis in (
    ("DU-101", "birth_date", "ngày sinh", Severity.ERROR, SECTOR),
    ("DU-102", "sex", "giới tính", Severity.ERROR, SECTOR),
    ("DU-103", "personal_number", "số định danh cá nhân", Severity.ERROR, NUMBER),
    ("DU-104", "position", "vị trí việc làm", Severity.QUERY, SECTOR),
    ("DU-105", "phone", "số điện thoại", Severity.QUERY, SECTOR),
):
    staff.add(
        _id,
        _needs(_field),
        name=f"Cán bộ thiếu {_label}",
        says=(
            f"Hồ sơ cán bộ chưa có {_label}. Nhân viên dữ liệu bổ sung bằng danh sách cán bộ.",
            f"{_field} is missing in the staff file.",
        ),
        logic=f"`{_field}` is filled",
        dimension=Dimension.COMPLETE,
        severity=_severity,
        basis=_basis,
    )


def _number(record: StaffRecord, _today: date) -> Verdict:
    number = record.personal_number
    if not number:
        return NA
    return OK if re.fullmatch(r"[0-9]{12}", number) else BROKEN


def _number_agrees(record: StaffRecord, _today: date) -> Verdict:
    number, birth = record.personal_number, record.birth_date
    if not re.fullmatch(r"[0-9]{12}", number):
        return NA
    agrees = personal_number.agrees(number, birth=birth or None, sex=record.sex or None)
    return OK if agrees or record.confirmed else BROKEN


def _email_alone(record: StaffRecord, _today: date) -> Verdict:
    if not record.email:
        return NA
    return BROKEN if record.same_email else OK


def _phone(record: StaffRecord, _today: date) -> Verdict:
    if not filled(record.phone):
        return NA
    return OK if phone_looks_right(record.phone) else BROKEN


def _answer(record: StaffRecord, _today: date) -> Verdict:
    return BROKEN if record.identity_state in ("mismatch", "not_found", "multiple") else OK


def _sent(record: StaffRecord, _today: date) -> Verdict:
    return BROKEN if record.identity_state in ("not_sent", "reverify", "error") else OK


_CORRECT = {"dimension": Dimension.CORRECT, "severity": Severity.ERROR}
staff.add(
    "DG-101",
    _number,
    name="Số định danh của cán bộ sai dạng",
    says=("Số định danh của cán bộ phải có đúng 12 chữ số. Nhân viên dữ liệu sửa lại.", "Not 12 digits."),
    logic="`personal_number` given: exactly 12 digits",
    **{**_CORRECT, "basis": NUMBER},
)
staff.add(
    "DG-102",
    _number_agrees,
    name="Số định danh của cán bộ lệch hồ sơ",
    says=(
        "Số định danh không hợp với giới tính hoặc năm sinh của cán bộ. Đối chiếu giấy tờ rồi sửa "
        "hoặc giải trình.",
        "The number disagrees with sex or year of birth.",
    ),
    logic="the number's digits agree with sex and birth year, or it was confirmed with a paper",
    dimension=Dimension.CORRECT,
    severity=Severity.QUERY,
    basis=NUMBER,
)
staff.add(
    "DG-103",
    _answer,
    name="Cán bộ chưa khớp dữ liệu dân cư",
    says=(
        "Cơ sở dữ liệu dân cư trả lời chưa khớp với hồ sơ cán bộ. Đối chiếu giấy tờ rồi gửi xác thực lại.",
        "The register does not agree with the staff file.",
    ),
    logic="identity state is not `mismatch`, `not_found`, `multiple`",
    **{**_CORRECT, "basis": LEARNER, "fix": Fix.IDENTITY},
)
staff.add(
    "DG-104",
    _phone,
    name="Số điện thoại của cán bộ sai dạng",
    says=("Số điện thoại của cán bộ phải bắt đầu bằng 0 và có 10 chữ số.", "Not a telephone number."),
    logic="`phone` given: 0 and 9 or 10 more digits",
    **_CORRECT,
)
staff.add(
    "SA-101",
    _email_alone,
    name="Hai cán bộ chung một thư điện tử",
    says=(
        "Địa chỉ thư điện tử này ghi cho nhiều cán bộ. Nhân viên dữ liệu ghi địa chỉ riêng, hoặc giải trình.",
        "Several members of staff share one e-mail address.",
    ),
    logic="nobody else of the school has the e-mail address",
    dimension=Dimension.CLEAN,
    severity=Severity.QUERY,
)
staff.add(
    "SO-101",
    _sent,
    name="Cán bộ chưa xác thực",
    says=(
        "Hồ sơ cán bộ chưa gửi xác thực, hoặc cần gửi lại. Nhân viên dữ liệu gửi xác thực.",
        "The identity is to be sent.",
    ),
    logic="identity state is not `not_sent`, `reverify`, `error`",
    dimension=Dimension.LIVE,
    severity=Severity.QUERY,
    basis=LEARNER,
    fix=Fix.IDENTITY,
)


def _homeroom(record: ClassRecord, _today: date) -> Verdict:
    if record.closed or not record.pupils:
        return NA
    return OK if record.homeroom else BROKEN


def _pupils(record: ClassRecord, _today: date) -> Verdict:
    if record.closed:
        return NA
    return OK if record.pupils else BROKEN


def _grade(record: ClassRecord, _today: date) -> Verdict:
    found = re.match(r"\s*([0-9]{1,2})", record.name)
    if found is None:
        return NA
    return OK if int(found[1]) == record.grade else {"name": record.name, "grade": str(record.grade)}


def _size(record: ClassRecord, _today: date) -> Verdict:
    if not record.pupils:
        return NA
    limit = _PRIMARY if record.grade <= 5 else _SECONDARY
    return OK if record.pupils <= limit else {"count": str(record.pupils), "limit": str(limit)}


def _orders(record: ClassRecord, _today: date) -> Verdict:
    if not record.pupils:
        return NA
    return {"count": str(record.doubled_orders)} if record.doubled_orders else OK


def _dissolved(record: ClassRecord, _today: date) -> Verdict:
    if not record.closed:
        return NA
    return {"count": str(record.pupils)} if record.pupils else OK


_PRINCIPAL = {"owner": Owner.PRINCIPAL, "fix": Fix.TEACHING}
_CLERK = {"owner": Owner.CLERK, "fix": Fix.CLASS}
classes.add(
    "DU-201",
    _homeroom,
    name="Lớp chưa có giáo viên chủ nhiệm",
    says=("Lớp chưa có giáo viên chủ nhiệm. Hiệu trưởng phân công.", "The class has no homeroom teacher."),
    logic="a class with pupils has a homeroom teacher",
    dimension=Dimension.COMPLETE,
    severity=Severity.ERROR,
    **_PRINCIPAL,
)
classes.add(
    "DU-202",
    _pupils,
    name="Lớp chưa có học sinh",
    says=(
        "Lớp chưa có học sinh nào. Nhân viên dữ liệu nhập danh sách, đóng lớp, hoặc giải trình.",
        "The class has no pupils.",
    ),
    logic="a class that is not dissolved has pupils",
    dimension=Dimension.COMPLETE,
    severity=Severity.QUERY,
    **_CLERK,
)
classes.add(
    "DG-201",
    _grade,
    name="Tên lớp lệch khối",
    says=(
        "Lớp {name} ghi là khối {grade}. Nhân viên dữ liệu sửa tên lớp.",
        "Class {name} is of grade {grade}.",
    ),
    logic="a number at the beginning of the name is the grade",
    dimension=Dimension.CORRECT,
    severity=Severity.ERROR,
    **_CLERK,
)
classes.add(
    "DG-202",
    _size,
    name="Sĩ số vượt quy định",
    says=(
        "Lớp có {count} học sinh, quy định không quá {limit}. Hiệu trưởng giải trình.",
        "{count} pupils, at most {limit} are allowed.",
    ),
    logic=f"at most {_PRIMARY} pupils in primary, {_SECONDARY} in secondary classes",
    dimension=Dimension.CORRECT,
    severity=Severity.QUERY,
    **_PRINCIPAL,
)
classes.add(
    "SA-201",
    _orders,
    name="Số thứ tự trong lớp bị trùng",
    says=(
        "{count} số thứ tự trong danh sách lớp bị trùng. Nhân viên dữ liệu nhập lại danh sách lớp.",
        "{count} numbers of the list are doubled.",
    ),
    logic="every pupil of the class has a number of the list of his own",
    dimension=Dimension.CLEAN,
    severity=Severity.QUERY,
    **_CLERK,
)
classes.add(
    "SO-201",
    _dissolved,
    name="Lớp đã đóng còn học sinh",
    says=(
        "Lớp đã đóng nhưng còn {count} học sinh. Nhân viên dữ liệu chuyển các em sang lớp khác.",
        "The dissolved class still has {count} pupils.",
    ),
    logic="a dissolved class has no pupils",
    dimension=Dimension.LIVE,
    severity=Severity.ERROR,
    **_CLERK,
)
