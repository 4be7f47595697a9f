"""Sạch: nothing doubled, contradictory or only filled in. Sống: known to hold today."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from hocbaso.core.quality.checklist import BY_KEY
from hocbaso.core.quality.model import (
    BROKEN,
    LEARNER,
    NA,
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
from hocbaso.core.quality.texts import filled, names_somebody, placeholder, says_no, untidy
from hocbaso.core.vietnamese.school_year import SchoolYear

_COMMON = {"severity": Severity.QUERY, "owner": Owner.HOMEROOM, "fix": Fix.FILE, "basis": SECTOR}
clean = Book(About.PUPIL, dimension=Dimension.CLEAN, **_COMMON)
live = Book(About.PUPIL, dimension=Dimension.LIVE, **_COMMON)
Test = Callable[[PupilRecord, date], Verdict]

_TEXTS = (
    *("ethnic_group", "religion", "nationality", "hamlet", "birth_place", "home_town", "current_address"),
    *("father_name", "father_occupation", "mother_name", "mother_occupation", "guardian_name", "disability"),
)
#: Cells where nobody can have nothing.
_NEVER_NO = ("full_name", "birth_place", "home_town", "nationality", "ethnic_group", "current_address")
_FAMILY = 4  # so many children of one family with one number need no question
_VERIFIED_DAYS, _RESIDENCE_DAYS, _WAITING_DAYS, _PHOTO_DAYS = 366, 366, 7, 3 * 366


def none_of(name: str) -> Test:
    """A count of others is nought."""

    def test(record: PupilRecord, _today: date) -> Verdict:
        count = getattr(record, name)
        return {"count": str(count)} if count else OK

    return test


def _tidy_name(record: PupilRecord, _today: date) -> Verdict:
    if not filled(record.full_name):
        return NA
    return BROKEN if untidy(record.full_name) else OK


def _tidy(record: PupilRecord, _today: date) -> Verdict:
    return BROKEN if any(untidy(getattr(record, name)) for name in _TEXTS) else OK


def _parents_differ(record: PupilRecord, _today: date) -> Verdict:
    if not (names_somebody(record.father_name) and names_somebody(record.mother_name)):
        return NA
    return BROKEN if record.father_name.casefold() == record.mother_name.casefold() else OK


def _not_own_parent(record: PupilRecord, _today: date) -> Verdict:
    names = [n.casefold() for n in (record.father_name, record.mother_name) if names_somebody(n)]
    if not names:
        return NA
    return BROKEN if record.full_name.casefold() in names else OK


def _phone_alone(record: PupilRecord, _today: date) -> Verdict:
    if not filled(record.phone) or says_no(record.phone):
        return NA
    return OK if record.phone_shared < _FAMILY else {"count": str(record.phone_shared)}


def _real(record: PupilRecord, _today: date) -> Verdict:
    for name in ("full_name", *_TEXTS):
        if placeholder(getattr(record, name)):
            return {"value": getattr(record, name)}
    return OK


def _something(record: PupilRecord, _today: date) -> Verdict:
    return BROKEN if any(says_no(getattr(record, name)) for name in _NEVER_NO) else OK


def _arrived(record: PupilRecord, _today: date) -> Verdict:
    if not record.status.startswith("Chuyển đến"):
        return NA
    return OK if record.arrival else BROKEN


clean.add(
    "SA-001",
    none_of("twins"),
    name="Có thể trùng hồ sơ trong trường",
    says=(
        "Có {count} hồ sơ khác cùng họ tên, ngày sinh, giới tính trong trường. Thầy cô xem có trùng không; "
        "hai em khác nhau thì giải trình.",
        "{count} other files of the school have the same name, birth date and sex.",
    ),
    logic="no other pupil of the school has the same name, birth date and sex",
    fix=Fix.DUPLICATES,
    owner=Owner.CLERK,
)
clean.add(
    "SA-002",
    none_of("duplicate_cases"),
    name="Hồ sơ trùng chưa xử lý",
    says=(
        "Còn {count} vụ trùng hồ sơ chưa xử lý. Nhân viên dữ liệu mở mục Trùng hồ sơ để quyết định.",
        "{count} open cases of duplicates.",
    ),
    logic="no open case of duplicates names the pupil",
    severity=Severity.ERROR,
    fix=Fix.DUPLICATES,
    owner=Owner.CLERK,
)
clean.add(
    "SA-003",
    none_of("other_places"),
    name="Đang học ở hai lớp",
    says=(
        "Em đang học ở {count} lớp khác trong cùng năm học. Nhân viên dữ liệu đóng một trong hai chỗ học.",
        "Studies in {count} other classes of the year.",
    ),
    logic="one active enrolment a year, in all schools",
    severity=Severity.ERROR,
    fix=Fix.PLACE,
    owner=Owner.CLERK,
)
clean.add(
    "SA-004",
    _tidy_name,
    name="Họ tên gõ chưa sạch",
    says=(
        "Họ tên có dấu cách thừa, ký tự ẩn hoặc dấu gõ kiểu tổ hợp. Thầy cô gõ lại họ tên.",
        "The name is not in normal form.",
    ),
    logic="`full_name` is NFC, single spaces, no invisible characters",
    severity=Severity.ERROR,
    fix=Fix.IDENTITY,
    fields=("full_name",),
)
clean.add(
    "SA-005",
    _tidy,
    name="Ô chữ gõ chưa sạch",
    says=(
        "Có ô còn dấu cách thừa, ký tự ẩn hoặc dấu gõ kiểu tổ hợp. Thầy cô mở hồ sơ và lưu lại ô đó.",
        "Some text is not in normal form.",
    ),
    logic="other texts of the file are NFC, single spaces, no invisible characters",
    fields=_TEXTS,
)
clean.add(
    "SA-006",
    _parents_differ,
    name="Cha và mẹ trùng tên",
    says=(
        "Họ tên cha và họ tên mẹ giống nhau. Thầy cô xem lại; đúng thì giải trình.",
        "Father and mother have one name.",
    ),
    logic="names of father and mother differ",
    fields=("father_name", "mother_name"),
)
clean.add(
    "SA-007",
    _not_own_parent,
    name="Học sinh trùng tên cha hoặc mẹ",
    says=(
        "Họ tên học sinh giống họ tên cha hoặc mẹ. Thầy cô xem có gõ lệch cột không; đúng thì giải trình.",
        "The pupil has the name of a parent.",
    ),
    logic="the pupil's name is not that of father or mother",
    fields=("father_name", "mother_name"),
)
clean.add(
    "SA-008",
    _phone_alone,
    name="Số điện thoại dùng chung nhiều em",
    says=(
        "Số điện thoại liên hệ này ghi cho {count} học sinh của trường. Thầy cô xem lại; anh chị em thì giải "
        "trình.",
        "The contact number is that of {count} pupils.",
    ),
    logic=f"fewer than {_FAMILY} pupils of the school have the contact number",
    fields=("phone",),
)
clean.add(
    "SA-009",
    _real,
    name="Ô điền cho có",
    says=(
        "Có ô ghi “{value}” cho đủ. Thầy cô ghi thông tin thật; không có thì ghi “Không”.",
        "A cell holds only {value}.",
    ),
    logic="no text is a placeholder (x, ..., test, chưa rõ)",
    severity=Severity.ERROR,
    fields=("full_name", *_TEXTS),
)
clean.add(
    "SA-010",
    _something,
    name="Ghi “Không” ở ô bắt buộc có",
    says=(
        "Ô nơi sinh, quê quán, quốc tịch, dân tộc hoặc chỗ ở ghi “Không”. Thầy cô ghi thông tin thật.",
        "“Không” stands where everybody has something.",
    ),
    logic=f"none of {', '.join(_NEVER_NO)} says “Không”",
    severity=Severity.ERROR,
    fields=_NEVER_NO[1:],
)
clean.add(
    "SA-011",
    lambda record, _today: BROKEN if record.temporary_code and record.personal_number else OK,
    name="Còn mã tạm dù đã có số định danh",
    says=(
        "Em đã có số định danh nhưng còn dùng mã tạm. Nhân viên dữ liệu gộp vào mã chính thức.",
        "A temporary code is still used although the number is known.",
    ),
    logic="no temporary code once the personal number is known",
    fix=Fix.DUPLICATES,
    owner=Owner.CLERK,
)
clean.add(
    "SA-012",
    _arrived,
    name="Chuyển đến mà thiếu nơi chuyển",
    says=(
        "Trạng thái là chuyển đến nhưng chưa ghi trường cũ và giấy tờ. Nhân viên dữ liệu bổ sung ở mục "
        "Chuyển đến, hoặc giải trình.",
        "The pupil arrived but where from is not on record.",
    ),
    logic="status “Chuyển đến …”: an arrival is on record",
    fix=Fix.PLACE,
    owner=Owner.CLERK,
)


def _older(day: str, days: int, today: date) -> bool:
    return day[:10] < (today - timedelta(days=days)).isoformat()


def state_not(*states: str) -> Test:
    """Identity is in none of these states."""
    return lambda record, _today: BROKEN if record.identity_state in states else OK


def _fresh(name: str, days: int) -> Test:
    def test(record: PupilRecord, today: date) -> Verdict:
        day = getattr(record, name)
        if not day:
            return NA
        return {"day": f"{day[8:10]}/{day[5:7]}/{day[:4]}"} if _older(day, days, today) else OK

    return test


def _answered(record: PupilRecord, today: date) -> Verdict:
    if record.identity_state == "error":
        return BROKEN
    if record.identity_state != "sent" or not record.waiting_since:
        return OK
    return BROKEN if _older(record.waiting_since, _WAITING_DAYS, today) else OK


def _looked_at(record: PupilRecord, _today: date) -> Verdict:
    if not (record.updated_on and record.school_year):
        return NA
    first = SchoolYear.parse(record.school_year).first_day.isoformat()
    return OK if record.updated_on >= first or any(record.checks.values()) else BROKEN


def _checks_hold(record: PupilRecord, _today: date) -> Verdict:
    if not any(record.checks.values()):
        return NA
    stale = [BY_KEY[key].label.lower() for key, state in record.checks.items() if state == "stale"]
    return {"items": ", ".join(stale)} if stale else OK


_IDENTITY = {"severity": Severity.ERROR, "basis": LEARNER, "fix": Fix.IDENTITY}
live.add(
    "SO-001",
    state_not("not_sent"),
    name="Chưa gửi xác thực",
    says=(
        "Hồ sơ chưa được gửi xác thực với cơ sở dữ liệu dân cư. Thầy cô gửi xác thực.",
        "The identity was never sent.",
    ),
    logic="identity state is not `not_sent`",
    **_IDENTITY,
)
live.add(
    "SO-002",
    state_not("reverify"),
    name="Cần xác thực lại",
    says=(
        "Thông tin định danh đã đổi sau lần xác thực trước. Thầy cô gửi xác thực lại.",
        "A verified field changed since.",
    ),
    logic="identity state is not `reverify`",
    **_IDENTITY,
)
live.add(
    "SO-003",
    _fresh("verified_on", _VERIFIED_DAYS),
    name="Xác thực đã quá một năm",
    says=(
        "Lần xác thực gần nhất là {day}, đã quá một năm. Thầy cô gửi xác thực lại.",
        "The last verification, {day}, is more than a year old.",
    ),
    logic=f"verified at most {_VERIFIED_DAYS} days ago",
    basis=LEARNER,
    fix=Fix.IDENTITY,
)
live.add(
    "SO-004",
    _answered,
    name="Gửi xác thực mà chưa có trả lời",
    says=(
        "Đã gửi xác thực nhưng chưa có kết quả. Thầy cô gửi lại hoặc báo bộ phận kỹ thuật.",
        "Asked and not answered.",
    ),
    logic=f"state is not `error`, and `sent` for at most {_WAITING_DAYS} days",
    basis=LEARNER,
    fix=Fix.IDENTITY,
)
live.add(
    "SO-005",
    _looked_at,
    name="Chưa rà soát trong năm học này",
    says=(
        "Từ đầu năm học chưa ai xem lại hồ sơ này. Thầy cô đối chiếu rồi đánh dấu trong bảng của lớp.",
        "Nobody looked at the file in this school year.",
    ),
    logic="the file changed since 1 August of the year, or the checklist holds something",
    fix=Fix.CHECKLIST,
)
live.add(
    "SO-006",
    _checks_hold,
    name="Đối chiếu đã cũ",
    says=(
        "Hồ sơ đã thay đổi sau khi đối chiếu: {items}. Thầy cô đối chiếu lại.",
        "The file changed after it was compared: {items}.",
    ),
    logic="no check of the checklist is older than a change of its fields",
    fix=Fix.CHECKLIST,
)
live.add(
    "SO-007",
    _fresh("photo_on", _PHOTO_DAYS),
    name="Ảnh đã quá ba năm",
    says=(
        "Ảnh từ {day}, đã quá ba năm. Thầy cô thay ảnh mới.",
        "The portrait, of {day}, is older than 3 years.",
    ),
    logic="the portrait is at most three years old",
    basis=TRANSCRIPT,
    fix=Fix.PHOTO,
)
live.add(
    "SO-008",
    _fresh("residence_on", _RESIDENCE_DAYS),
    name="Thông tin cư trú đã quá một năm",
    says=(
        "Thông tin cư trú có từ {day}, đã quá một năm. Thầy cô tra cứu lại; không yêu cầu gia "
        "đình nộp giấy tờ.",
        "The residence, of {day}, is more than a year old.",
    ),
    logic=f"the residence's source is at most {_RESIDENCE_DAYS} days old, where known",
    basis=RESIDENCE,
    fix=Fix.IDENTITY,
)
live.add(
    "SO-009",
    lambda record, _today: BROKEN if record.class_closed and record.active else OK,
    name="Còn học ở lớp đã đóng",
    says=(
        "Lớp đã đóng nhưng em còn đang học ở đó. Nhân viên dữ liệu chuyển em sang lớp khác.",
        "The class was dissolved but the pupil still studies there.",
    ),
    logic="the class of an active enrolment is not dissolved",
    severity=Severity.ERROR,
    owner=Owner.CLERK,
    fix=Fix.PLACE,
)
