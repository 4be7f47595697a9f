"""What the signing screens read: every pupil, and where the sheet stands for one role."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Count, Min, OuterRef, Subquery

from hocbaso.apps.accounts.models import User
from hocbaso.apps.assessment.models import YearRecord
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Enrolment, SchoolClass
from hocbaso.apps.signing.models import BatchState, SigningBatch, SigningItem
from hocbaso.apps.transcripts.examine import result_reasons
from hocbaso.apps.transcripts.forms import PupilRows, form_of, has_form
from hocbaso.apps.transcripts.models import IssuedSheet, SheetSignature, SheetState, SubjectDuty, YearSheet
from hocbaso.apps.transcripts.states import OPEN_STATES, STEPS
from hocbaso.apps.transcripts.waiting.queries import waiting_since
from hocbaso.core.document.model import SignerRole

_ORDER = (*OPEN_STATES, SheetState.ISSUED)
#: Who must act on a sheet that stands at a state.
WAITS_FOR = {step.before: role for role, step in STEPS.items()}


class Standing(StrEnum):
    """Where a pupil's sheet stands for the role that looks; unfinished ones first on the page."""

    FAILED = "failed"  # tried, refused, may be tried again
    OPEN = "open"  # not frozen yet
    EARLIER = "earlier"  # waits for the step before
    READY = "ready"
    AUTHORISED = "authorised"  # ready, and on the list of a batch that stopped
    SEALED = "sealed"  # the seal is made and waits for its time stamp: nobody has to do anything
    SIGNED = "signed"


_SHOWN_FIRST = list(Standing)


@dataclass(slots=True)
class Row:
    """One pupil on the signing list."""

    enrolment: Enrolment
    sheet: YearSheet | None
    standing: Standing
    reasons: list[str] = field(default_factory=list)
    returned: str = ""  # why the last sheet was returned, while no new one stands
    waits_for: SignerRole | None = None
    waits_for_names: tuple[str, ...] = ()  # the subject teachers who have not signed
    signed_at: datetime | None = None

    @property
    def selectable(self) -> bool:
        return self.standing in (Standing.READY, Standing.FAILED)


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch that stopped before its end, as far as it can still go on."""

    batch: SigningBatch
    total: int
    signed: int
    last_at: datetime | None
    left: list[YearSheet]


def open_batch(
    user: User, school: Organisation, role: SignerRole, school_class: SchoolClass | None
) -> OpenBatch | None:
    """The newest stopped batch of ``user`` in this role. At most two queries."""
    batch = (
        SigningBatch.objects.filter(user=user, school=school, role=role, school_class=school_class)
        .exclude(state=BatchState.DONE)
        .select_related("school", "school_class", "user")
        .order_by("-pk")
        .first()
    )
    if batch is None:
        return None
    items = list(batch.items.select_related("sheet").defer("sheet__body").order_by("id"))
    ready = STEPS[role].before
    left = [i.sheet for i in items if i.state == "waiting" and _still(i, ready)]
    signed = [i for i in items if i.state == "signed"]
    last = max((i.at for i in signed if i.at), default=None)
    return OpenBatch(batch, len(items), len(signed), last, left) if left else None


def _still(item: SigningItem, ready: str) -> bool:
    return item.sheet.state == ready and item.sheet.digest == item.digest


def rows_of_class(
    school_class: SchoolClass, role: SignerRole, stopped: OpenBatch | None, signer: User | None = None
) -> list[Row]:
    """Every active pupil of the class, and why who is not closed yet is not.

    At most six queries, and the form's own where somebody is not closed yet.

    :param signer: of a subject teacher: pupils whose sheet holds nothing of his are left out.
    """
    enrolments = list(
        Enrolment.objects.filter(school_class=school_class, active=True).select_related("pupil")
    )
    for enrolment in enrolments:
        enrolment.school_class = school_class  # asked for by every line
    sheets = YearSheet.objects.filter(school_class=school_class)
    rows = _rows(enrolments, sheets, role, stopped, signer)
    _explain_open(school_class, [row for row in rows if row.standing is Standing.OPEN])
    return rows


def _explain_open(school_class: SchoolClass, rows: list[Row]) -> None:
    """What the results themselves lack; policy (identity, photo) speaks on the class's own page."""
    if not rows or not has_form(school_class):
        return
    wanted = {row.enrolment.pk: row for row in rows}
    form = form_of(school_class)
    records = {r.enrolment_id: r for r in YearRecord.objects.filter(enrolment__in=list(wanted))}
    pupils = [PupilRows(row.enrolment, records.get(pk), ()) for pk, row in wanted.items()]
    form.load(pupils, close_as_is=None)
    for pupil in pupils:
        reasons = result_reasons(form.assess(pupil))
        wanted[pupil.enrolment.pk].reasons = [message for _code, message in reasons]


def duties_of(signer: User, school_class: SchoolClass) -> tuple[int, datetime | None]:
    """How many sheets of a class wait for a subject teacher's signature, and since when. One query."""
    open_duties = SubjectDuty.objects.filter(
        signer=signer,
        signed=False,
        sheet__school_class=school_class,
        sheet__state=SheetState.AWAITING_SUBJECTS,
    )
    found = open_duties.aggregate(n=Count("pk"), since=Min("sheet__frozen_at"))
    return found["n"], found["since"]


def has_open_duties(signer: User, school: Organisation) -> bool:
    """Whether any sheet of the school waits for the subject teacher's signature. One query."""
    return SubjectDuty.objects.filter(
        signer=signer, signed=False, sheet__school=school, sheet__state=SheetState.AWAITING_SUBJECTS
    ).exists()


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Sheets of one class that wait for a subject teacher."""

    class_id: int
    name: str
    n: int
    since: datetime


def duties_elsewhere(signer: User, school: Organisation, but: SchoolClass | None) -> list[Elsewhere]:
    """Classes of the school, but one, whose sheets wait for the teacher's signature. One query."""
    rows = (
        SubjectDuty.objects.filter(
            signer=signer, signed=False, sheet__school=school, sheet__state=SheetState.AWAITING_SUBJECTS
        )
        .exclude(sheet__school_class=but)
        .values("sheet__school_class", "sheet__school_class__name")
        .annotate(n=Count("pk"), since=Min("sheet__frozen_at"))
        .order_by("sheet__school_class__grade", "sheet__school_class__name")
    )
    return [
        Elsewhere(row["sheet__school_class"], row["sheet__school_class__name"], row["n"], row["since"])
        for row in rows
    ]


def missing_signers(classes: Collection[int]) -> dict[int, list[str]]:
    """Subject teachers who have not signed, by class, in the order of the form. At most one query."""
    found: dict[int, list[str]] = {}
    if not classes:
        return found
    rows = SubjectDuty.objects.filter(
        signed=False, sheet__school_class__in=classes, sheet__state=SheetState.AWAITING_SUBJECTS
    )
    people = rows.values_list("sheet__school_class", "signer", "signer__full_name")
    for key, _pk, name, _place in people.annotate(place=Min("position")).order_by("place", "signer"):
        found.setdefault(key, []).append(name)
    return found


def own_subjects(signer: User, school_class: SchoolClass) -> tuple[str, ...]:
    """Codes of the subjects that a subject teacher signs on the class's live sheets. One query."""
    rows = SubjectDuty.objects.filter(signer=signer, sheet__school_class=school_class)
    live = rows.exclude(sheet__state=SheetState.VOIDED).values_list("subjects", flat=True)
    return tuple(dict.fromkeys(code for codes in live for code in codes))


def rows_of_school(school: Organisation, year: str, role: SignerRole, stopped: OpenBatch | None) -> list[Row]:
    """Every active pupil of the school. Three queries whatever the school's size, for the seal one more."""
    enrolments = (
        Enrolment.objects.filter(school_class__school=school, school_class__school_year=year, active=True)
        .select_related("pupil", "school_class")
        .order_by("school_class__grade", "school_class__name", "order", "id")
    )
    sheets = YearSheet.objects.filter(school=school, school_year=year)
    return _rows(list(enrolments), sheets, role, stopped)


def _rows(
    enrolments: list[Enrolment],
    sheets: Any,
    role: SignerRole,
    stopped: OpenBatch | None,
    signer: User | None = None,
) -> list[Row]:
    live: dict[int, YearSheet] = {}
    returned: dict[int, str] = {}
    own = SheetSignature.objects.filter(sheet=OuterRef("pk"), role=role, voided_at__isnull=True)
    own = own.filter(signer=signer) if signer is not None else own
    # A subject teacher is shown the own marks, which only the frozen text holds.
    light = sheets.defer("body") if signer is None else sheets
    stamped = light.annotate(signed_at=Subquery(own.values("signed_at")[:1]))
    for sheet in stamped.order_by("id"):
        if sheet.state == SheetState.VOIDED:
            returned[sheet.enrolment_id] = sheet.return_reason
        else:
            live[sheet.enrolment_id] = sheet
    duties = _duties(live.values(), signer)
    failures = _failures([s.pk for s in live.values() if s.state == STEPS[role].before], role)
    authorised = {s.pk for s in stopped.left} if stopped else set()
    here = [s.pk for s in live.values() if s.state == STEPS[role].before]
    sealed = waiting_since(here) if role is SignerRole.SEAL else {}
    rows = []
    for enrolment in enrolments:
        sheet = live.get(enrolment.pk)
        if signer is not None and sheet is not None and sheet.pk not in duties.own:
            continue
        row = Row(enrolment, sheet, _standing(sheet, role))
        if sheet is not None and duties.own.get(sheet.pk):
            row.standing = Standing.SIGNED
        if sheet is None:
            row.returned = returned.get(enrolment.pk, "")
        elif sheet.pk in sealed:
            row.standing, row.signed_at = Standing.SEALED, sealed[sheet.pk]
        elif row.standing is Standing.READY:
            if sheet.pk in failures:
                row.standing, row.reasons = Standing.FAILED, [failures[sheet.pk]]
            if sheet.pk in authorised:
                row.standing = Standing.AUTHORISED
        elif row.standing is Standing.EARLIER:
            row.waits_for = WAITS_FOR[SheetState(sheet.state)]
            row.waits_for_names = tuple(duties.open.get(sheet.pk, ()))
        else:
            row.signed_at = sheet.signed_at  # annotated above
        rows.append(row)
    return sorted(rows, key=lambda r: _SHOWN_FIRST.index(r.standing))


@dataclass(slots=True)
class _Duties:
    own: dict[int, bool] = field(default_factory=dict)  # of the signer, by sheet: signed
    open: dict[int, list[str]] = field(default_factory=dict)  # who has not signed, by sheet


def _duties(sheets: Iterable[YearSheet], signer: User | None) -> _Duties:
    """What subject teachers have done and not done. At most one query."""
    found = _Duties()
    waiting = [s.pk for s in sheets if signer is not None or s.state == SheetState.AWAITING_SUBJECTS]
    if not waiting:
        return found
    rows = SubjectDuty.objects.filter(sheet__in=waiting).order_by("position")
    for sheet, who, name, signed in rows.values_list("sheet", "signer", "signer__full_name", "signed"):
        if signer is not None and who == signer.pk:
            found.own[sheet] = signed
        if not signed:
            found.open.setdefault(sheet, []).append(name)
    return found


def _failures(sheets: list[int], role: SignerRole) -> dict[int, str]:
    """The newest refusal of each sheet that waits for the role. One query."""
    if not sheets:
        return {}
    items = SigningItem.objects.filter(sheet__in=sheets, batch__role=role).exclude(state="waiting")
    newest: dict[int, str] = {}
    for item in items.order_by("id").values("sheet_id", "state", "reason"):
        newest[item["sheet_id"]] = item["reason"] if item["state"] == "failed" else ""
    return {key: reason for key, reason in newest.items() if reason}


def _standing(sheet: YearSheet | None, role: SignerRole) -> Standing:
    if sheet is None:
        return Standing.OPEN
    here, own = _ORDER.index(SheetState(sheet.state)), _ORDER.index(STEPS[role].before)
    if here == own:
        return Standing.READY
    return Standing.EARLIER if here < own else Standing.SIGNED


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one batch did, for its receipt."""

    batch: SigningBatch
    items: list[SigningItem]
    issued: list[IssuedSheet]  # of a batch that issued

    def in_state(self, state: str) -> list[SigningItem]:
        return [i for i in self.items if i.state == state]


def receipt(batch: SigningBatch) -> Receipt:
    """The items of a batch in order; for issuing also the issued rows. At most two queries."""
    items = list(
        batch.items.select_related("sheet__pupil", "sheet__school_class").defer("sheet__body").order_by("id")
    )
    issued: list[IssuedSheet] = []
    if batch.role == SignerRole.SEAL:
        done = [i.sheet_id for i in items if i.state == "signed"]
        issued = list(
            IssuedSheet.objects.filter(sheet__in=done).defer("document").order_by("log", "log_index")
        )
    return Receipt(batch, items, issued)


def batch_of(user: User, batch_id: int) -> SigningBatch | None:
    """A batch that ``user`` authorised. One query."""
    return (
        SigningBatch.objects.select_related("school", "school_class__school", "user")
        .filter(pk=batch_id, user=user)
        .first()
    )


def item_states(batch: SigningBatch) -> list[SigningItem]:
    """The items of a batch in order, without their sheets: for the progress of the page. One query."""
    return list(batch.items.order_by("id"))
