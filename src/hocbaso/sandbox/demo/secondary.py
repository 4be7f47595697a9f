"""Two secondary demo schools: one in the middle of everything, one small upper secondary class.

THCS: grade 6 is being entered (its period closes in a few days), grade 7 is closed and somebody asks for a
mark to be opened, 8A waits for some of its subject teachers' signatures, 9A is issued. Times are counted from
the moment of seeding, so that what is open is open when somebody looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.accounts.models import Role
from hocbaso.apps.assessment.models import CommentTemplate
from hocbaso.apps.assessment.use_cases.comment_bank import import_comments
from hocbaso.apps.assessment.use_cases.set_programmes import set_electives
from hocbaso.apps.common import clock
from hocbaso.apps.intake.models import Kind
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.periods.models import EntryPeriod, ReviewMethod, UnlockCase
from hocbaso.apps.periods.use_cases.close_due import close_due
from hocbaso.apps.periods.use_cases.open_unlock_case import open_unlock_case
from hocbaso.apps.periods.use_cases.review import assign_review
from hocbaso.apps.periods.use_cases.set_period import set_period
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.apps.transcripts.models import YearSheet
from hocbaso.apps.transcripts.use_cases.close_class import close_class
from hocbaso.core.document.model import SignerRole
from hocbaso.core.regulation.secondary import ELECTIVES_NEEDED, secondary_grade
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.sandbox.demo import steps
from hocbaso.sandbox.demo.mark_books import Book, Gaps, mark_book, staff_workbook
from hocbaso.sandbox.demo.workbooks import DemoPupil, DemoSchool, grade_of, pupil_workbook, pupils_of

LOWER = DemoSchool(
    "79000904", "Trường THCS Ngọc Lan", "26929", "", {"6A": 40, "7A": 39, "8A": 38, "9A": 40}, level="thcs"
)
#: Both choices share one subject, so that one page of the gradebook holds only some pupils.
SCIENCES = ("vat-li", "hoa-hoc", "sinh-hoc", "tin-hoc")
HUMANITIES = ("dia-li", "giao-duc-kinh-te-va-phap-luat", "cong-nghe", "tin-hoc")
UPPER = DemoSchool(
    "79000905",
    "Trường THPT Phượng Hồng",
    "26929",
    "",
    {"10A": 14},
    level="thpt",
    subjects=tuple(dict.fromkeys((*SCIENCES, *HUMANITIES))),
)
HEADS = {"lich-su-va-dia-li": "Tổ Khoa học xã hội", "tin-hoc": "Tổ Toán - Tin"}
LOWER_HOMEROOM = {"6A": "ngoai-ngu-1", "7A": "khoa-hoc-tu-nhien", "8A": "ngu-van", "9A": "giao-duc-cong-dan"}
UPPER_HOMEROOM = {"10A": "ngu-van"}
BOOKS = (
    Book("6A", Gaps(empty=("tin-hoc",), without_final=("toan", "khoa-hoc-tu-nhien"), conduct=True)),
    Book("7A"),
    Book("8A", below=(5, 21, 33)),
    Book("9A"),
)
#: Of 8A: the others have not signed yet.
SIGNED_IN_8A = ("ngu-van", "toan", "giao-duc-cong-dan", "cong-nghe", "giao-duc-the-chat")
SCHOOL_COMMENTS = """T1\t{ten} học tập chủ động, hoàn thành tốt nhiệm vụ môn {mon}.
T2\t{ten} nắm chắc kiến thức, vận dụng tốt vào bài tập thực tế.
K1\t{ten} có tiến bộ rõ ở học kỳ II; cần phát biểu ý kiến nhiều hơn.
D1\t{ten} đạt yêu cầu; cần ôn bài đều và hỏi khi chưa hiểu.
Y1\t{ten} còn hổng kiến thức; gia đình nhắc em ôn tập theo hướng dẫn của giáo viên."""
OWN_COMMENTS = """gk\tTrình bày rõ, lập luận chặt chẽ.
tt\tTính toán còn nhầm dấu; cần kiểm tra lại kết quả."""


@dataclass(frozen=True, slots=True)
class Moments:
    """When things happened, counted from now."""

    now: datetime

    def before(self, days: int, hours: int = 0) -> datetime:
        return self.now - timedelta(days=days, hours=hours)

    def evening(self, days: int) -> datetime:
        """17:00 in Vietnam so many days from now."""
        day = (self.now + timedelta(days=days)).astimezone(clock.VIETNAM)
        return day.replace(hour=17, minute=0, second=0, microsecond=0)


def seed(tell: steps.Step) -> None:
    """Both schools, as they stand now."""
    at = Moments(clock.now())
    tell(f"{LOWER.name}: cán bộ, học sinh, sổ điểm")
    lower, upper = steps.with_commune(LOWER), steps.with_commune(UPPER)
    with clock.standing_at(at.before(40)):
        _bring_in_lower(lower)
    tell(f"{LOWER.name}: đợt nhập, yêu cầu mở khóa, ký, phát hành")
    _periods(lower, at)
    _comment_bank(lower)
    _unlock_case(lower, at)
    _signing(lower, at)
    tell(f"{UPPER.name}: môn lựa chọn, sổ điểm, chốt lớp")
    with clock.standing_at(at.before(40)):
        _bring_in_upper(upper)
    with clock.standing_at(at.before(3)):
        _close(steps.unit_of(upper), steps.classes_of(upper)["10A"])


def _bring_in_lower(school: DemoSchool) -> None:
    pupils, unit = pupils_of(school), steps.unit_of(school)
    known = Enrolment.objects.filter(school_class__school=unit).exists()
    if known:
        return  # locks and frozen sheets would refuse the same books row by row
    steps.bring_in(
        school,
        [
            (Kind.PUPILS, pupil_workbook(school, pupils), "danh_sach_hoc_sinh.xlsx"),
            (Kind.STAFF, staff_workbook(school, HEADS, LOWER_HOMEROOM), "danh_sach_can_bo.xlsx"),
            *(
                (Kind.RESULTS, mark_book(school, book, pupils), f"so_diem_{book.class_name}.xlsx")
                for book in BOOKS
            ),
        ],
    )
    steps.open_accounts(unit)
    steps.give_photos(unit, ("8A", "9A"))


def _bring_in_upper(school: DemoSchool) -> None:
    pupils, unit = pupils_of(school), steps.unit_of(school)
    if Enrolment.objects.filter(school_class__school=unit).exists():
        return
    steps.bring_in(
        school,
        [
            (Kind.PUPILS, pupil_workbook(school, pupils), "danh_sach_hoc_sinh.xlsx"),
            (Kind.STAFF, staff_workbook(school, {}, UPPER_HOMEROOM), "danh_sach_can_bo.xlsx"),
        ],
    )
    chosen = _choose(unit, pupils)
    book = Book("10A", electives=chosen)
    steps.bring_in(school, [(Kind.RESULTS, mark_book(school, book, pupils), "so_diem_10A.xlsx")])
    steps.open_accounts(unit)
    steps.give_photos(unit)


def _choose(unit: Organisation, pupils: list[DemoPupil]) -> dict[str, tuple[str, ...]]:
    """Eight pupils chose the sciences, the others the humanities, each with three topic clusters."""
    principal = steps.actor_of(unit, Role.PRINCIPAL)
    rows = list(
        Enrolment.objects.filter(school_class__school=unit)
        .select_related("pupil", "school_class", "school_class__school")
        .order_by("order")
    )
    found: dict[str, tuple[str, ...]] = {}
    for part, electives, topics in (
        (rows[:8], SCIENCES, ("toan", "vat-li", "hoa-hoc")),
        (rows[8:], HUMANITIES, ("ngu-van", "dia-li", "giao-duc-kinh-te-va-phap-luat")),
    ):
        assert len(electives) == ELECTIVES_NEEDED
        set_electives(
            principal, enrolments=part, electives=electives, topics=topics, decision="QĐ 45/QĐ-THPT"
        )
        found |= dict.fromkeys((row.pupil.code for row in part), electives)
    assert set(found) == {pupil.code for pupil in pupils}
    return found


def _periods(school: DemoSchool, at: Moments) -> None:
    """Grade 6 may be entered for some days yet; grade 7 was closed two days ago."""
    unit = steps.unit_of(school)
    if EntryPeriod.objects.filter(unit=unit).exists():
        return
    principal = steps.actor_of(unit, Role.PRINCIPAL)
    with clock.standing_at(at.before(20)):
        for grade, closes in ((6, at.evening(4)), (7, at.evening(-2))):
            set_period(
                principal,
                unit=unit,
                school_year=school.year,
                grade=grade,
                moment="hk2",
                opens_at=at.before(20),
                closes_at=closes,
                reason="Hoàn thành điểm học kỳ II",
                decision="KH 12/KH-THCSNL",
            )
    close_due(Actor.operator(), school=unit)


def _comment_bank(school: DemoSchool) -> None:
    unit, classes = steps.unit_of(school), steps.classes_of(school)
    if CommentTemplate.objects.filter(school=unit).exists():
        return
    principal = steps.actor_of(unit, Role.PRINCIPAL)
    import_comments(principal, school=unit, text=SCHOOL_COMMENTS, of_school=True)
    teacher = steps.actor_of(unit, Role.SUBJECT_TEACHER, classes["6A"], "toan")
    import_comments(teacher, school=unit, text=OWN_COMMENTS, subject_code="toan")


def _unlock_case(school: DemoSchool, at: Moments) -> None:
    """The mathematics teacher mistook two papers of 7A; the head of a group checks papers of 6A."""
    unit, classes = steps.unit_of(school), steps.classes_of(school)
    if UnlockCase.objects.filter(school=unit).exists():
        return
    teacher = steps.actor_of(unit, Role.SUBJECT_TEACHER, classes["7A"], "toan")
    rows = list(
        Enrolment.objects.filter(school_class=classes["7A"]).select_related("pupil").order_by("order")
    )
    pair = rows[11:13]
    first, second = (row.pupil.full_name for row in pair)
    with clock.standing_at(at.before(0, hours=5)):
        open_unlock_case(
            teacher,
            school_class=classes["7A"],
            part="toan",
            moment="hk2",
            columns=("ck",),
            enrolments=pair,
            why=f"Nhập nhầm điểm cuối kỳ của hai em đứng cạnh nhau trong danh sách: {first} và {second}.",
            minutes="Đổi lại ĐĐGck môn Toán học kỳ II của hai em theo bài kiểm tra; tổ trưởng đối chiếu.",
            until=at.evening(5),
        )
        checker = steps.actor_of(unit, Role.SUBJECT_TEACHER, classes["6A"], "lich-su-va-dia-li").user
        assert checker is not None
        assign_review(
            steps.actor_of(unit, Role.PRINCIPAL),
            school_class=classes["6A"],
            part="ngu-van",
            moment="hk2",
            column="ck",
            method=ReviewMethod.CHECKLIST,
            checker=checker,
            due=at.evening(3).date(),
        )


def _signing(school: DemoSchool, at: Moments) -> None:
    """9A issued; 8A with some subject teachers still to sign and three pupils who wait for the summer."""
    unit, classes = steps.unit_of(school), steps.classes_of(school)
    if YearSheet.objects.filter(school=unit).exists():
        return
    with clock.standing_at(at.before(6)):
        _close(unit, classes["9A"])
        for role in (SignerRole.HOMEROOM, SignerRole.PRINCIPAL, SignerRole.SEAL):
            steps.sign(unit, school.year, role, classes["9A"] if role is SignerRole.HOMEROOM else None)
    with clock.standing_at(at.before(2)):
        close_class(steps.actor_of(unit, Role.HOMEROOM, classes["8A"]), school_class=classes["8A"])
        steps.sign_subjects(classes["8A"], SIGNED_IN_8A)


def _close(unit: Organisation, school_class: SchoolClass) -> None:
    """Close a class; all its subject teachers sign."""
    if YearSheet.objects.filter(school_class=school_class).exists():
        return
    close_class(steps.actor_of(unit, Role.HOMEROOM, school_class), school_class=school_class)
    grade = secondary_grade(grade_of(school_class.name), SchoolYear.parse(school_class.school_year))
    offered = {*LOWER.subjects, *UPPER.subjects}
    taught = [s.code for s in grade.subjects if s.compulsory or (grade.grade >= 10 and s.code in offered)]
    steps.sign_subjects(school_class, taught)
