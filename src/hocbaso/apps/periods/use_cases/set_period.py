"""Set, extend, close early and cancel entry periods. Every act is a row of its own; none is ever changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.assessment.stored_rows import hold_class
from hocbaso.apps.audit.chain import record
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Kind, Level, Organisation
from hocbaso.apps.periods.models import Act, EntryPeriod
from hocbaso.apps.periods.parts import parts_of
from hocbaso.apps.periods.queries import implied, locks_of, place_of, told, window_of
from hocbaso.apps.periods.scope import COLUMNS, MOMENTS, columns_of, moments_of_grade
from hocbaso.apps.periods.use_cases.close_due import write_locks
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.school_year import SchoolYear

register(
    {
        "period_owner": (
            "Đợt nhập chỉ do Sở (mặc định của tỉnh) hoặc trường đặt.",
            "Only a department or a school has entry periods.",
        ),
        "period_times": (
            "Giờ đóng phải sau giờ mở.",
            "A period closes after it opens.",
        ),
        "period_past": (
            "Giờ đóng đã qua. Thầy cô chọn một thời điểm sau lúc này.",
            "The closing time lies in the past.",
        ),
        "period_scope": (
            "Phạm vi của đợt nhập chưa đúng: {what}.",
            "The scope is not right: {what}.",
        ),
        "period_locked": (
            "Phạm vi này đã khóa từ {at} (lớp {classes}). Đợt nhập mới không mở lại được; muốn sửa, thầy cô "
            "gửi yêu cầu mở khóa.",
            "The scope was closed at {at} (classes {classes}); only an unlock case opens it.",
        ),
        "period_over": (
            "Đợt nhập đã đóng lúc {at}. Sau khi đóng chỉ mở khóa theo từng yêu cầu.",
            "The period was closed at {at}.",
        ),
        "period_replaced": (
            "Đợt nhập này vừa được thay đổi. Thầy cô mở lại lịch để xem bản đang dùng.",
            "The period was changed meanwhile.",
        ),
        "period_not_later": (
            "Gia hạn là lùi giờ đóng: giờ mới phải sau {at}.",
            "An extension ends later than {at}.",
        ),
        "period_reason": ("Cần ghi lý do.", "A reason is needed."),
        "period_double": (
            "Phạm vi này đã có đợt nhập, đóng lúc {at}. Thầy cô gia hạn hoặc đóng đợt đó.",
            "There is a period with this scope already; extend or close it.",
        ),
    }
)

GRADES = range(1, 13)


def _checked_scope(
    unit: Organisation,
    school_year: str,
    levels: Sequence[str],
    grade: int | None,
    school_class: SchoolClass | None,
    moment: str,
    columns: Sequence[str],
) -> None:
    SchoolYear.parse(school_year)
    if unit.kind not in (Kind.SCHOOL, Kind.DEPARTMENT):
        raise DomainError("period_owner")
    wrong = ""
    if unknown := [level for level in levels if level not in Level.values]:
        wrong = f"không có cấp học {', '.join(unknown)}"
    elif grade is not None and grade not in GRADES:
        wrong = f"không có khối {grade}"
    elif moment and moment not in MOMENTS:
        wrong = f"không có thời điểm {moment}"
    elif unknown := [column for column in columns if column not in COLUMNS]:
        wrong = f"không có cột {', '.join(unknown)}"
    elif school_class is not None and (
        school_class.school_id != unit.pk or school_class.school_year != school_year
    ):
        wrong = "lớp không thuộc trường trong năm học này"
    elif school_class is not None and (grade is not None or levels):
        wrong = "đã chọn lớp thì không chọn thêm khối hay cấp học"
    if wrong:
        raise DomainError("period_scope", what=wrong)


def _reason(text: str) -> str:
    cleaned = " ".join(text.split())[:300]
    if not cleaned:
        raise DomainError("period_reason")
    return cleaned


def set_period(
    actor: Actor,
    *,
    unit: Organisation,
    school_year: str,
    opens_at: datetime,
    closes_at: datetime,
    levels: Sequence[str] = (),
    grade: int | None = None,
    school_class: SchoolClass | None = None,
    part: str = "",
    moment: str = "",
    columns: Sequence[str] = (),
    reason: str = "",
    decision: str = "",
) -> EntryPeriod:
    """Say from when to when a scope may be entered; what is empty means all.

    :param unit: a school, or a department for its whole province.
    :param opens_at: aware; with ``closes_at`` a half-open interval.
    :raises NotAllowed: neither the school's principal nor the department's officer.
    :raises DomainError: ``period_*``: a scope that is closed already is opened by unlock cases alone.
    """
    require(actor, "periods.set", unit)
    _checked_scope(unit, school_year, levels, grade, school_class, moment, columns)
    now = clock.now()
    if closes_at <= opens_at:
        raise DomainError("period_times")
    if closes_at <= now:
        raise DomainError("period_past")
    period = EntryPeriod(
        unit=unit,
        school_year=school_year,
        levels=sorted(levels),
        grade=grade,
        school_class=school_class,
        part=part,
        moment=moment,
        columns=sorted(columns),
        opens_at=opens_at,
        closes_at=closes_at,
        reason=" ".join(reason.split())[:300],
        decision=" ".join(decision.split())[:120],
        made_at=now,
        made_by=actor.label,
    )
    with transaction.atomic():
        _hold(unit)
        _refuse_double(period)
        _write_locks_of(period, now)  # what is over is over, before anything is set
        _refuse_locked(period)
        period.save(force_insert=True)
        _tell(actor, period)
    return period


def extend_period(
    actor: Actor, *, period: EntryPeriod, closes_at: datetime, reason: str, decision: str = ""
) -> EntryPeriod:
    """Close later than said before. Only while the period has not ended: afterwards there are unlock cases.

    :returns: the row that holds from now on.
    :raises NotAllowed: as :func:`set_period`; :raises DomainError: ``period_*``.
    """
    if closes_at <= period.closes_at:
        raise DomainError("period_not_later", at=told(period.closes_at))
    return _follow(actor, period, Act.EXTEND, reason, decision, closes_at=closes_at)


def close_period(actor: Actor, *, period: EntryPeriod, reason: str, decision: str = "") -> EntryPeriod:
    """Close now. The school's locks are written at once, a province's as its schools are met.

    :raises NotAllowed: as :func:`set_period`; :raises DomainError: ``period_*``.
    """
    return _follow(actor, period, Act.CLOSE, reason, decision, closes_at=None)


def cancel_period(actor: Actor, *, period: EntryPeriod, reason: str) -> EntryPeriod:
    """Take a period back that has not ended; what the wider scope says holds again.

    :raises NotAllowed: as :func:`set_period`; :raises DomainError: ``period_*``.
    """
    return _follow(actor, period, Act.CANCEL, reason, "", closes_at=period.closes_at)


def _follow(
    actor: Actor, period: EntryPeriod, act: Act, reason: str, decision: str, *, closes_at: datetime | None
) -> EntryPeriod:
    """A later act on a period: a row that takes its place. ``closes_at`` None: now."""
    require(actor, "periods.set", period.unit)
    why = _reason(reason)
    with transaction.atomic():
        if act is Act.CLOSE and period.unit.kind == Kind.SCHOOL:
            _await_saves(period)
        _hold(period.unit)
        now = clock.now()
        closes_at = closes_at or now
        if EntryPeriod.objects.filter(replaces=period).exists() or period.act == Act.CANCEL:
            raise DomainError("period_replaced")
        if period.closes_at <= now:
            raise DomainError("period_over", at=told(period.closes_at))
        following = EntryPeriod(
            **{name: getattr(period, name) for name in _SCOPE},
            # Closed before it ever opened: it was open for no time at all.
            opens_at=min(period.opens_at, closes_at),
            closes_at=closes_at,
            act=act,
            replaces=period,
            reason=why,
            decision=" ".join(decision.split())[:120] or period.decision,
            made_at=now,
            made_by=actor.label,
        )
        following.save(force_insert=True)
        _tell(actor, following)
        _write_locks_of(following, now)
    return following


_SCOPE = ("unit", "school_year", "levels", "grade", "school_class", "part", "moment", "columns")


def _await_saves(period: EntryPeriod) -> None:
    """Saves that are under way end before the column closes, and later ones find it closed.

    To be called before the hold on the unit: a save may wait for that one itself.
    """
    for school_class in sorted(_classes(period), key=lambda c: c.pk):
        hold_class(school_class)


def _hold(unit: Organisation) -> None:
    """One act on a unit's calendar at a time."""
    Organisation.objects.select_for_update().get(pk=unit.pk)


def _write_locks_of(period: EntryPeriod, now: datetime) -> None:
    if period.unit.kind == Kind.SCHOOL:
        write_locks(_classes(period), now)


def _classes(period: EntryPeriod) -> list[SchoolClass]:
    return list(SchoolClass.objects.filter(school=period.unit, school_year=period.school_year))


def _refuse_double(period: EntryPeriod) -> None:
    same = EntryPeriod.objects.filter(
        unit=period.unit,
        school_year=period.school_year,
        grade=period.grade,
        school_class=period.school_class,
        part=period.part,
        moment=period.moment,
        replaced_by__isnull=True,
    ).exclude(act=Act.CANCEL)
    for other in same:
        if (other.levels, other.columns) == (period.levels, period.columns):
            raise DomainError("period_double", at=told(other.closes_at))


def _refuse_locked(period: EntryPeriod) -> None:
    """A period that could open nothing, because every cell of its scope is locked already."""
    if period.unit.kind != Kind.SCHOOL:
        return  # thousands of schools, each with its own locks: they hold whatever the province says
    window = window_of(period, pk=0)
    classes = [c for c in _classes(period) if window.covers_class(place_of(c, period.unit.levels))]
    locks = locks_of(classes)
    if classes and all(_all_locked(period, c, locks.get(c.pk, {})) for c in classes):
        names = ", ".join(c.name for c in classes[:5]) + ("…" if len(classes) > 5 else "")
        latest = max(at for of_class in locks.values() for at in of_class.values())
        raise DomainError("period_locked", at=told(latest), classes=names)


def _all_locked(
    period: EntryPeriod, school_class: SchoolClass, locks: dict[tuple[str, str, str], datetime]
) -> bool:
    moments = [period.moment] if period.moment else moments_of_grade(school_class.grade)
    parts = [period.part] if period.part else [code for code, _name in parts_of(school_class)]
    cells = [
        (moment, part, column)
        for moment in moments
        for part in parts
        for column in columns_of(part, school_class.grade)
        if not period.columns or column in period.columns
    ]
    return bool(cells) and all(implied(locks, cell) for cell in cells)


def _tell(actor: Actor, period: EntryPeriod) -> None:
    record(
        actor,
        f"periods.{period.act}",
        f"period:{period.pk}",
        organisation=period.unit.code,
        year=period.school_year,
        levels=period.levels,
        grade=period.grade,
        school_class=period.school_class.name if period.school_class else "",
        part=period.part,
        moment=period.moment,
        columns=period.columns,
        opens_at=clock.iso_seconds(period.opens_at),
        closes_at=clock.iso_seconds(period.closes_at),
        replaces=period.replaces_id,
        reason=period.reason,
        decision=period.decision,
    )
