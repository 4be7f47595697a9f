"""Reads about periods, locks and cases: the gates that the one door of marks asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q, QuerySet

from hocbaso.apps.common import clock
from hocbaso.apps.common.compiled import Compiled
from hocbaso.apps.organisations import queries as units
from hocbaso.apps.organisations.models import Kind, Organisation
from hocbaso.apps.periods.models import (
    Act,
    CaseState,
    ColumnLock,
    EntryPeriod,
    Review,
    ReviewState,
    UnlockCase,
    UnlockCell,
)
from hocbaso.apps.periods.parts import COLUMN_NAMES, MOMENT_NAMES, part_name, parts_of
from hocbaso.apps.periods.scope import Closing, Owner, Place, Window, closings, decisive, levels_of
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.core.errors import register, sentence

register(
    {
        "gate_closed": (
            "Đã khóa nhập từ {at}. Muốn sửa, thầy cô gửi yêu cầu mở khóa.",
            "Closed since {at}; ask for it to be unlocked.",
        ),
        "gate_not_open": (
            "Chưa đến đợt nhập; mở từ {at}.",
            "The entry period opens at {at}.",
        ),
        "review_open": (
            "Chưa xong kiểm tra bài với điểm: {what}, người kiểm tra {who}.",
            "The check of papers against marks is not finished: {what}.",
        ),
        "review_returned": (
            "Kết quả kiểm tra bài đã trả lại giáo viên, chờ kiểm tra lại: {what}.",
            "The check was returned to the teacher: {what}.",
        ),
        "review_none": (
            "Trường quy định kiểm tra bài với điểm trước khi ký, nhưng lớp {name} chưa được giao kiểm tra.",
            "Signing waits for a check of papers, and none was assigned for class {name}.",
        ),
        "unlock_open": (
            "Yêu cầu mở khóa {number} chưa kết thúc ({state}).",
            "Unlock case {number} is not over ({state}).",
        ),
    }
)


def told(moment: datetime) -> str:
    """``17:00 ngày 31/12/2025``, in Vietnam."""
    return moment.astimezone(clock.VIETNAM).strftime("%H:%M ngày %d/%m/%Y")


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether one cell may be written now."""

    open: bool
    closes_at: datetime | None = None  # when it will close by itself
    opens_at: datetime | None = None  # when it opens (not yet open)
    closed_at: datetime | None = None
    case_number: str = ""  # the unlock case that lets this cell through
    message: str = ""  # Vietnamese sentence when closed


_OPEN = Gate(True)


@dataclass(frozen=True, slots=True)
class _Opening:
    """What a case in force opens."""

    number: str
    until: datetime
    part: str
    moment: str
    column: str
    enrolment_id: int | None


_locks = Compiled(
    lambda ids: ColumnLock.objects.filter(school_class__in=ids).values_list(
        "school_class_id", "period_id", "moment", "part", "column", "closed_at"
    ),
    ids=list[int],
)
_cells = Compiled(
    lambda ids: UnlockCell.objects.filter(
        case__school_class__in=ids, case__state=CaseState.IN_FORCE
    ).values_list(
        *("case__school_class_id", "case__number", "case__until", "case__part", "case__moment"),
        *("column", "enrolment_id"),
    ),
    ids=list[int],
)


@dataclass(slots=True)
class Gates:
    """The gates of some classes at one moment, read at once."""

    now: datetime
    windows: dict[int, list[Window]] = field(default_factory=dict)  # by class: the periods that cover it
    locks: dict[int, dict[tuple[str, str, str], datetime]] = field(default_factory=dict)
    openings: dict[int, list[_Opening]] = field(default_factory=dict)
    #: A period or a case is past its end and nobody has written that down yet: call ``close_due``.
    due: bool = False
    _known: dict[tuple[int, str, str, str], Gate] = field(default_factory=dict)
    _written: set[tuple[int, int]] = field(default_factory=set)  # (class, period that has left locks)

    @classmethod
    def of(cls, classes: Collection[SchoolClass], now: datetime) -> Gates:
        """Three queries, however many classes (of any schools); four where a school is not loaded yet."""
        found = cls(now)
        found.windows = windows_of(classes)
        ids = [c.pk for c in classes]
        for class_id, period_id, *cell, closed_at in _locks(ids=ids):
            found.locks.setdefault(class_id, {})[cell[0], cell[1], cell[2]] = closed_at
            found._written.add((class_id, period_id))
        for class_id, *opening in _cells(ids=ids):
            made = _Opening(*opening)
            if made.until <= now:
                found.due = True
            else:
                found.openings.setdefault(class_id, []).append(made)
        found.due = found.due or any(found._unwritten(c) for c in classes)
        return found

    def _unwritten(self, school_class: SchoolClass) -> bool:
        """Whether a period that has ended is not in the class's locks yet."""
        windows = self.windows.get(school_class.pk, [])
        if all((school_class.pk, w.id) in self._written or not w.closed(self.now) for w in windows):
            return False
        known = self.locks.get(school_class.pk, {})
        return any(not implied(known, c.cell) for c in closings_of(school_class, windows, self.now))

    def gate(
        self,
        school_class: SchoolClass,
        part: str,
        moment: str,
        column: str,
        enrolment_id: int | None = None,
    ) -> Gate:
        """May this cell be written? No query.

        :param enrolment_id: the pupil; None asks for the column as a whole, which a case for single pupils
            does not open.
        """
        for opening in self.openings.get(school_class.pk, ()):
            if (
                (opening.part, opening.moment) == (part, moment)
                and opening.column in ("", column)
                and (opening.enrolment_id is None or opening.enrolment_id == enrolment_id)
            ):
                return Gate(True, closes_at=opening.until, case_number=opening.number)
        return self.usual(school_class, part, moment, column)

    def usual(self, school_class: SchoolClass, part: str, moment: str, column: str) -> Gate:
        """The gate without any case. No query."""
        key = (school_class.pk, part, moment, column)
        if key not in self._known:
            self._known[key] = self._usual(*key)
        return self._known[key]

    def _usual(self, class_id: int, part: str, moment: str, column: str) -> Gate:
        locks = self.locks.get(class_id, {})
        shut = [locks[moment, p, c] for p in ("", part) for c in ("", column) if (moment, p, c) in locks]
        if shut:
            return _closed(min(shut))
        window = decisive(self.windows.get(class_id, ()), part, moment, column)
        if window is None:
            return _OPEN
        if self.now < window.opens_at:
            message = sentence("gate_not_open", at=told(window.opens_at))
            return Gate(False, window.closes_at, window.opens_at, message=message)
        if window.closed(self.now):
            return _closed(window.closes_at)
        return Gate(True, closes_at=window.closes_at)


def implied(locks: Container[tuple[str, str, str]], cell: tuple[str, str, str]) -> bool:
    """Whether locks that stand close this cell (moment, part, column; empty: all of them)."""
    moment, part, column = cell
    return any((moment, p, c) in locks for p in {"", part} for c in {"", column})


def locks_of(classes: Collection[SchoolClass]) -> dict[int, dict[tuple[str, str, str], datetime]]:
    """The locks of each class: when each (moment, part, column) was closed. One query."""
    found: dict[int, dict[tuple[str, str, str], datetime]] = {}
    for lock in ColumnLock.objects.filter(school_class__in=[c.pk for c in classes]):
        found.setdefault(lock.school_class_id, {})[lock.moment, lock.part, lock.column] = lock.closed_at
    return found


def closings_of(school_class: SchoolClass, windows: Sequence[Window], now: datetime) -> list[Closing]:
    """The locks that the class should have at ``now``."""
    parts = [code for code, _name in parts_of(school_class)]
    return closings(windows, parts, school_class.grade, now)


def _closed(at: datetime) -> Gate:
    return Gate(False, closed_at=at, message=sentence("gate_closed", at=told(at)))


def living(unit_filter: Q, years: Iterable[str]) -> list[EntryPeriod]:
    """Periods that hold: no later act has taken their place and they are not cancelled. One query."""
    return list(_living(unit_filter, years).select_related("school_class"))


def _living(unit_filter: Q, years: Iterable[str]) -> QuerySet[EntryPeriod]:
    found = EntryPeriod.objects.filter(unit_filter, school_year__in=years, replaced_by__isnull=True)
    return found.exclude(act=Act.CANCEL).select_related("unit")


_of_schools = Compiled(
    lambda schools, provinces, years: _living(
        Q(unit__in=schools) | Q(unit__kind=Kind.DEPARTMENT, unit__province_code__in=provinces), years
    ),
    schools=list[int],
    provinces=list[str],
    years=list[str],
)


def window_of(period: EntryPeriod, pk: int | None = None) -> Window:
    """A period as the resolution sees it; its unit must be loaded.

    :param pk: number of a period that is not stored yet.
    """
    return Window(
        id=period.pk if pk is None else pk,
        owner=Owner.SCHOOL if period.unit.kind == Kind.SCHOOL else Owner.PROVINCE,
        unit_id=period.unit_id,
        school_year=period.school_year,
        levels=frozenset(period.levels),
        grade=period.grade,
        class_id=period.school_class_id,
        part=period.part,
        moment=period.moment,
        columns=frozenset(period.columns),
        opens_at=period.opens_at,
        closes_at=period.closes_at,
    )


def windows_of(classes: Collection[SchoolClass]) -> dict[int, list[Window]]:
    """The periods that cover each class: the school's own and its province's.

    One query, and one more where a class's school is not loaded yet.
    """
    schools = _schools_of(classes)
    provinces = {school.province_code for school in schools.values() if school.province_code}
    by_unit: dict[int, list[Window]] = defaultdict(list)
    by_province: dict[str, list[Window]] = defaultdict(list)
    years = {c.school_year for c in classes}
    for period in _of_schools(schools=schools.keys(), provinces=provinces, years=years):
        if period.unit.kind == Kind.DEPARTMENT:
            by_province[period.unit.province_code].append(window_of(period))
        else:
            by_unit[period.unit_id].append(window_of(period))
    found = {}
    for school_class in classes:
        school = schools[school_class.school_id]
        place = place_of(school_class, school.levels)
        candidates = by_unit[school.pk] + by_province[school.province_code]
        found[school_class.pk] = [w for w in candidates if w.covers_class(place)]
    return found


def _schools_of(classes: Collection[SchoolClass]) -> dict[int, Organisation]:
    """The schools by number, each also at its classes: nobody asks for it again, class by class."""
    bare = [c for c in classes if not SchoolClass.school.is_cached(c)]
    read = Organisation.objects.in_bulk({c.school_id for c in bare}) if bare else {}
    for school_class in bare:
        school_class.school = read[school_class.school_id]
    return {c.school_id: c.school for c in classes}


def place_of(school_class: SchoolClass, school_levels: Iterable[str]) -> Place:
    """A class as scopes see it."""
    return Place(
        class_id=school_class.pk,
        school_id=school_class.school_id,
        school_year=school_class.school_year,
        grade=school_class.grade,
        levels=levels_of(school_class.grade, school_levels),
    )


def review_block(school_class: SchoolClass) -> tuple[str, ...]:
    """Why closing or signing has to wait for a check of test papers; empty when it need not. Its own setting
    (``signing_waits_for_review``) decides whether anything waits. One query beside the setting's.

    What waits: every check that is assigned, or returned without a later one; and a class without any check.
    """
    if units.setting(school_class.school, "signing_waits_for_review") != "yes":
        return ()
    reviews = Review.objects.filter(school_class=school_class, next__isnull=True)
    living = list(reviews.exclude(state=ReviewState.CANCELLED).select_related("checker").order_by("id"))
    if not living:
        return (sentence("review_none", name=school_class.name),)
    found = []
    for review in living:
        what = review_title(school_class, review)
        if review.state == ReviewState.RETURNED:
            found.append(sentence("review_returned", what=what))
        elif review.state != ReviewState.CONFIRMED:
            found.append(sentence("review_open", what=what, who=review.checker.full_name))
    return tuple(found)


def unlock_block(school_class: SchoolClass) -> tuple[str, ...]:
    """Unlock cases of the class that are open: freezing now would freeze half a correction. One query."""
    cases = UnlockCase.objects.filter(
        school_class=school_class, state__in=(CaseState.GRANTED, CaseState.IN_FORCE)
    )
    return tuple(
        sentence("unlock_open", number=case.number, state=CaseState(case.state).label.lower())
        for case in cases.order_by("id")
    )


def review_title(school_class: SchoolClass, review: Review) -> str:
    """``Toán, ĐĐGgk, Học kỳ I``."""
    return ", ".join(
        (part_name(school_class, review.part), COLUMN_NAMES[review.column], MOMENT_NAMES[review.moment])
    )
