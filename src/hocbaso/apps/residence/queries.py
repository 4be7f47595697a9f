"""Reads of residence: the address on a day, the history, counts of a school.

What was recorded at a file that was merged into another stays there and is read as the other's: its history
and its evidence follow the person; what its file said does not, for that file says nothing more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery

from hocbaso.apps.common import clock
from hocbaso.apps.identity.models import OPEN_JOBS
from hocbaso.apps.matching import aliases
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment, Pupil, SchoolClass
from hocbaso.apps.residence.models import (
    Answer,
    Kind,
    Lookup,
    PaperException,
    Source,
    Stay,
    Told,
    ToldState,
)
from hocbaso.core.residence import full_address
from hocbaso.core.vietnamese.dates import format_vi

_RANK = {source.value: -at for at, source in enumerate(Source)}


@dataclass(frozen=True, slots=True)
class Address:
    """ "Address X, from Y, on date Z": what is known of one kind of residence on a day."""

    kind: str
    text: str  # house and street, commune, province
    since: str  # ISO, possibly partial; "" when nobody said
    until: str
    source: str
    source_label: str
    known_at: datetime  # when the register answered, or when it was recorded
    on: date
    province_code: str
    commune_code: str
    mapped: str = ""  # how a former unit was read

    @property
    def sentence(self) -> str:
        """``8 đường số 55, Phường …, từ 08/02/2019, theo CSDL quốc gia về dân cư ngày 03/11/2026``."""
        since = f", từ {format_vi(self.since)}" if self.since else ""
        day = self.known_at.astimezone(clock.VIETNAM).date().isoformat()
        label = self.source_label
        if label[1:2].islower():  # "Lời khai …" within a sentence; "CSDL …" stays
            label = label[0].lower() + label[1:]
        return f"{self.text}{since}, theo {label} ngày {format_vi(day)}"


def address_of(pupil: Pupil, on: date, kind: str = Kind.PERMANENT, *, source: str = "") -> Address | None:
    """The address of that kind on the day, by the dated history; None when it says nothing. Two queries.

    :param source: of :class:`Source`: only what was learnt there.
    """
    return addresses_of([pupil], on, kind, source=source).get(pupil.pk)


def addresses_of(
    pupils: Iterable[Pupil | int], on: date, kind: str = Kind.PERMANENT, *, source: str = ""
) -> dict[int, Address]:
    """Pupil id → address of that kind on the day, of those whose history has one. Two queries.

    Of several stays that last on the day the latest counts, then the more reliable source.
    """
    ids = [p if isinstance(p, int) else p.pk for p in pupils]
    owned = [
        (pk, stay)
        for pk, stay in stays_of(ids)
        if stay.kind == kind and (not source or stay.source == source)
    ]
    return {pk: address for (pk, _kind), address in _by_kind(owned, on).items()}


def files_of(pupil: Pupil) -> list[int]:
    """Ids of the file and of those merged into it. One query a depth."""
    return [pupil.pk, *aliases.merged_into([pupil.pk])]


def stays_of(ids: Collection[int], into: Mapping[int, int] | None = None) -> list[tuple[int, Stay]]:
    """Live stays with the pupil whose they are, those of merged files included. Two queries.

    :param into: files merged into these, where the caller knows them (one query less).
    """
    into = aliases.merged_into(ids) if into is None else into
    rows = live_stays([*ids, *into])
    return [
        (into.get(stay.pupil_id, stay.pupil_id), stay)
        for stay in rows
        if stay.pupil_id not in into or stay.source != Source.FILE
    ]


def live_stays(pupil_ids: Iterable[int]) -> QuerySet[Stay]:
    """Stays that no later row supersedes or takes back; the file's own only while the file says so."""
    rows = Stay.objects.filter(pupil__in=list(pupil_ids), superseded_by=None, void=False)
    stale = Q(source=Source.FILE) & ~Q(commune_code=F("pupil__commune_code"))
    return rows.exclude(stale).select_related("answer")


def lasts_on(stay: Stay, on: date) -> bool:
    """Whether the stay covers the day; a partial date covers its whole year or month."""
    day = on.isoformat()
    begun = not stay.since or stay.since <= day
    return begun and (not stay.until or day[: len(stay.until)] <= stay.until)


def _order(stay: Stay) -> tuple[str, int, int]:
    return stay.since, _RANK[stay.source], stay.pk


def address_from(stay: Stay, on: date) -> Address:
    """A stay as an address on a day."""
    return Address(
        kind=stay.kind,
        text=full_address(stay.detail, stay.commune, stay.province),
        since=stay.since,
        until=stay.until,
        source=stay.source,
        source_label=stay.get_source_display(),
        known_at=stay.answer.answered_at if stay.answer is not None else stay.recorded_at,
        on=on,
        province_code=stay.province_code,
        commune_code=stay.commune_code,
        mapped=stay.mapped,
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the timeline."""

    stay: Stay
    text: str
    live: bool
    now: bool  # the one that counts today for its kind


def history_of(pupil: Pupil) -> list[Line]:
    """Every stay ever recorded, the latest first; superseded ones stand with the rest. Two queries."""
    found = Stay.objects.filter(pupil__in=files_of(pupil), void=False)
    own = found.exclude(~Q(pupil=pupil), source=Source.FILE)
    stays = list(own.select_related("answer", "superseded_by"))
    today = clock.today()
    current: dict[str, Stay] = {}
    for stay in stays:
        if _live(stay) and lasts_on(stay, today):
            best = current.get(stay.kind)
            current[stay.kind] = stay if best is None or _order(stay) > _order(best) else best
    stays.sort(key=lambda s: (s.since, s.pk), reverse=True)
    return [
        Line(s, full_address(s.detail, s.commune, s.province), _live(s), current.get(s.kind) is s)
        for s in stays
    ]


def _live(stay: Stay) -> bool:
    try:
        return stay.superseded_by is None
    except Stay.DoesNotExist:
        return True


def asked_between(start: datetime, end: datetime) -> int:
    """Questions about residence sent in the span, answered or not: for the day's quota. Two queries."""
    answered = Answer.objects.filter(sent_at__gte=start, sent_at__lt=end).count()
    return answered + Lookup.objects.filter(state="sent", sent_at__gte=start, sent_at__lt=end).count()


def open_lookups(school: Organisation) -> QuerySet[Lookup]:
    """Who waits for an answer."""
    return Lookup.objects.filter(order__school=school, state__in=OPEN_JOBS)


def open_told(pupil: Pupil) -> list[Told]:
    """What the register told and nobody has decided. One query."""
    return list(Told.objects.filter(pupil=pupil, state=ToldState.OPEN).select_related("answer"))


#: State of a pupil's residence, the most pressing first, with words.
STATES = {
    "differs": "Khác hồ sơ, chờ xem",
    "old_units": "Chỉ có đơn vị cũ",
    "unknown": "Chưa có địa chỉ",
    "stated": "Theo hồ sơ, lời khai",
    "known": "Theo dữ liệu dân cư",
}


def state_of(pupil: Pupil, *, differs: bool, known: bool, stated: bool) -> str:
    """The state, a key of :data:`STATES`."""
    if differs:
        return "differs"
    if known:
        return "known"
    if not pupil.commune_code and pupil.commune:
        return "old_units"
    if not pupil.commune_code and not stated:
        return "unknown"
    return "stated"


def _marked(rows: QuerySet[Enrolment]) -> QuerySet[Enrolment]:
    stays = Stay.objects.filter(pupil=OuterRef("pupil"), superseded_by=None, void=False, kind=Kind.PERMANENT)
    by_data = stays.filter(source__in=(Source.POPULATION, Source.PAPER), until="")
    return rows.annotate(
        differs=Exists(Told.objects.filter(pupil=OuterRef("pupil"), state=ToldState.OPEN)),
        known=Exists(by_data),
        stated=Exists(
            Stay.objects.filter(
                pupil=OuterRef("pupil"), superseded_by=None, void=False, source=Source.STATEMENT
            )
        ),
    )


@dataclass(slots=True)
class Row:
    """A pupil of a class page."""

    enrolment: Enrolment
    state: str
    permanent: Address | None = None
    current: Address | None = None
    units_differ: bool = False  # of what waits: another commune, not only house and street
    outcome: str = ""  # of the latest look-up
    waiting: bool = False
    excepted: bool = False

    @property
    def pupil(self) -> Pupil:
        return self.enrolment.pupil

    @property
    def label(self) -> str:
        return STATES[self.state]


def rows_of_class(school_class: SchoolClass) -> list[Row]:
    """Pupils who study in the class, in its order, with their addresses of today. Three queries, with merged
    files two more."""
    answers = Answer.objects.filter(pupil=OuterRef("pupil")).order_by("-id")
    told = Told.objects.filter(pupil=OuterRef("pupil"), state=ToldState.OPEN, units_differ=True)
    enrolments = list(
        _marked(Enrolment.objects.filter(school_class=school_class, active=True))
        .annotate(
            units_differ=Exists(told),
            outcome=Subquery(answers.values("outcome")[:1]),
            waiting=Exists(Lookup.objects.filter(pupil=OuterRef("pupil"), state__in=OPEN_JOBS)),
            excepted=Exists(PaperException.objects.filter(pupil=OuterRef("pupil"))),
        )
        .select_related("pupil")
        .order_by("order", "id")
    )
    ids = [e.pupil_id for e in enrolments]
    into = aliases.merged_into(ids)
    owned = stays_of(ids, into)
    _follow(enrolments, owned)
    stays = _by_kind(owned, clock.today())
    excepted = _excepted((), into) if into else set()
    outcomes = _outcomes(into) if into else {}
    return [
        Row(
            e,
            _state(e),
            stays.get((e.pupil_id, Kind.PERMANENT)),
            stays.get((e.pupil_id, Kind.CURRENT)),
            e.units_differ,
            outcomes.get(e.pupil_id) or e.outcome or "",
            e.waiting,
            e.excepted or e.pupil_id in excepted,
        )
        for e in enrolments
    ]


def _excepted(ids: Collection[int], into: Mapping[int, int]) -> set[int]:
    """Pupils of whom an exception is noted, in their file or one merged into it. One query."""
    rows = PaperException.objects.filter(pupil__in=[*ids, *into])
    return {into.get(pk, pk) for pk in rows.order_by().values_list("pupil", flat=True)}


def _outcomes(into: Mapping[int, int]) -> dict[int, str]:
    """Survivor → the latest look-up of its file and of those merged into it. One query."""
    rows = Answer.objects.filter(pupil__in=[*into, *into.values()]).order_by("id")
    return {into.get(pk, pk): outcome for pk, outcome in rows.values_list("pupil", "outcome")}


def _state(marked: Any) -> str:
    """Of an enrolment that :func:`_marked` gave."""
    return state_of(marked.pupil, differs=marked.differs, known=marked.known, stated=marked.stated)


def _follow(marked: Iterable[Any], owned: Iterable[tuple[int, Stay]]) -> None:
    """Mark enrolments as known or stated by what a merged file brought."""
    brought = [(pk, stay) for pk, stay in owned if stay.pupil_id != pk]
    by_data = (Source.POPULATION, Source.PAPER)
    known = {pk for pk, s in brought if s.kind == Kind.PERMANENT and s.source in by_data and not s.until}
    stated = {pk for pk, stay in brought if stay.source == Source.STATEMENT}
    for row in marked:
        row.known = row.known or row.pupil_id in known
        row.stated = row.stated or row.pupil_id in stated


def _by_kind(owned: Iterable[tuple[int, Stay]], on: date) -> dict[tuple[int, str], Address]:
    best: dict[tuple[int, str], Stay] = {}
    for pk, stay in owned:
        key = (pk, stay.kind)
        if lasts_on(stay, on) and (key not in best or _order(stay) > _order(best[key])):
            best[key] = stay
    return {key: address_from(stay, on) for key, stay in best.items()}


def counts_of(classes: Iterable[SchoolClass]) -> dict[int, dict[str, int]]:
    """Class id → {state: pupils who study there}, every state named. Two queries, with merged files more."""
    ids = [c.pk for c in classes]
    counts = {pk: dict.fromkeys(STATES, 0) for pk in ids}
    rows = _marked(Enrolment.objects.filter(school_class__in=ids, active=True)).select_related("pupil")
    enrolments = list(rows.only("school_class_id", "pupil__commune", "pupil__commune_code", "pupil__code"))
    if survivors := set(aliases.merged_into([e.pupil_id for e in enrolments]).values()):
        _follow(enrolments, stays_of(survivors))
    for e in enrolments:
        state = _state(e)
        counts[e.school_class_id][state] += 1
    return counts


def report_rows(school: Organisation, year: str, class_name: str | None = None) -> list[dict[str, object]]:
    """One line a pupil for the report. Five queries."""
    found = Enrolment.objects.filter(active=True, school_class__school=school, school_class__school_year=year)
    if class_name is not None:
        found = found.filter(school_class__name=class_name)
    rows = list(
        _marked(found).select_related("pupil", "school_class").order_by("school_class", "order", "id")
    )
    ids = [e.pupil_id for e in rows]
    today = clock.today()
    into = aliases.merged_into(ids)
    owned = stays_of(ids, into)
    _follow(rows, owned)
    stays = _by_kind(owned, today)
    excepted = _excepted(ids, into)
    return [
        {
            "pupil": e.pupil.code,
            "class": e.school_class.name,
            "state": _state(e),
            "permanent": _told(stays.get((e.pupil_id, Kind.PERMANENT))),
            "current": _told(stays.get((e.pupil_id, Kind.CURRENT))),
            "exception": e.pupil_id in excepted,
        }
        for e in rows
    ]


def _told(address: Address | None) -> dict[str, str] | None:
    if address is None:
        return None
    return {"text": address.text, "since": address.since, "source": address.source}


def exceptions_of(school: Organisation, year: str) -> list[PaperException]:
    """The school's register of exceptions of a year. One query."""
    rows = PaperException.objects.filter(school=school, school_class__school_year=year)
    return list(rows.select_related("pupil", "school_class", "answer"))


def exception_counts(school: Organisation, year: str) -> Mapping[str, int]:
    """Reason → exceptions. One query."""
    rows = PaperException.objects.filter(school=school, school_class__school_year=year)
    return dict(rows.order_by().values_list("reason").annotate(n=Count("pk")))


def last_answer(pupil: Pupil) -> Answer | None:
    """The latest evidence, of the file or of one merged into it. Two queries."""
    return Answer.objects.filter(pupil__in=files_of(pupil)).order_by("-id").first()


def places_in_old_units(school: Organisation, year: str) -> QuerySet[Enrolment]:
    """Enrolments whose file names a commune that has no code of today."""
    return Enrolment.objects.filter(
        ~Q(pupil__commune=""),
        active=True,
        school_class__school=school,
        school_class__school_year=year,
        pupil__commune_code="",
    )
