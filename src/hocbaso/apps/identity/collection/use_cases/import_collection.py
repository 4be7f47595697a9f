"""Bring the collection workbook back: read, compare, and write through the repair; all of it or nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

from django.db import connection, transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.identity.collection.models import State, Upload
from hocbaso.apps.identity.collection.planning import Plan, PlanRow, plan, subjects_to_confirm
from hocbaso.apps.identity.collection.reading import Answers, Read, read_with
from hocbaso.apps.identity.collection.report import masked_text, report_of
from hocbaso.apps.identity.models import ConfirmationKind
from hocbaso.apps.identity.queries import rows_of_people
from hocbaso.apps.identity.use_cases.repair import (
    confirm_difference_for,
    confirm_warnings_for,
    correct_for,
)
from hocbaso.apps.organisations.models import Organisation
from hocbaso.core.vietnamese.dates import format_vi
from hocbaso.core.vietnamese.school_year import SchoolYear

DOOR = "collection"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a workbook; without an upload nothing was written."""

    plan: Plan
    found: Read
    upload: Upload | None


def check(
    actor: Actor, *, school: Organisation, year: str, data: bytes, answers: Answers | None = None
) -> tuple[Plan, Read]:
    """The dry run: what importing would do. Writes nothing.

    :raises NotAllowed: policy ``collection.view``. :raises Unreadable: no such workbook.
    :raises DomainError: ``collection_other_school``, ``school_year.format``.
    """
    require(actor, "collection.view", school)
    year = str(SchoolYear.parse(year))
    given = answers or {}
    found = read_with(data, year, given)
    made = plan(actor, school, year, found, given)
    found.answers |= {key: given[key] for key in made.questions if key in given}
    return made, found


def import_collection(
    actor: Actor,
    *,
    school: Organisation,
    year: str,
    data: bytes,
    file_name: str,
    accept_good_rows: bool = False,
    answers: Answers | None = None,
) -> Outcome:
    """Read, compare and write in one transaction; with a refused row nothing is written unless
    ``accept_good_rows``. A second import of the same workbook finds every row the same.

    :raises NotAllowed, Unreadable, DomainError: as :func:`check`.
    """
    with transaction.atomic():
        one_at_a_time(school)
        made, found = check(actor, school=school, year=year, data=data, answers=answers)
        if not made.writes or (made.counts["refused"] and not accept_good_rows):
            return Outcome(made, found, None)
        upload = Upload.objects.create(
            school=school,
            school_year=year,
            file_name=file_name[:200],
            digest=hashlib.sha256(data).hexdigest(),
            answers=dict(found.answers),
            by=actor.label,
            created_at=clock.now(),
        )
        write(actor, upload, made, found)
    return Outcome(made, found, upload)


def write(actor: Actor, upload: Upload, made: Plan, found: Read) -> None:
    """Write the accepted rows. Inside the caller's transaction."""
    upload.report = report_of(made, found)  # first: it tells what the files held before
    for one in made.writes:
        _write_row(actor, upload.school, one)
    upload.state, upload.applied_at = State.APPLIED, clock.now()
    upload.save()
    counts = made.counts
    chain.record(
        actor,
        "identity.collection_import",
        f"collection:{upload.pk}",
        organisation=upload.school.code,
        file=upload.digest,
        changed=counts["correct"],
        confirmed=counts["confirm"],
        refused=counts["refused"],
    )


def _write_row(actor: Actor, school: Organisation, one: PlanRow) -> None:
    person, row = one.person, one.row
    assert person is not None
    day = date.fromisoformat(row.paper_date) if row.paper_date else None
    note = masked_text(row.note)
    if one.act == "correct":
        told = ", ".join(part for part in (row.paper, format_vi(row.paper_date) if day else "", note) if part)
        values = {name: one.changed[name] for name in one.changed if name not in ("province", "commune")}
        if "commune_code" in values or "province_code" in values:
            values |= {name: row.values[name] for name in ("province_code", "commune_code")}
        correct_for(actor, school, person, values, told[:300], door=DOOR)
        if one.confirm_after:
            confirm_warnings_for(actor, school, person, paper=row.paper, paper_date=day, note=note)
        return
    (about,) = rows_of_people([person])
    for kind in subjects_to_confirm(about):
        confirm = confirm_warnings_for if kind is ConfirmationKind.WARNING else confirm_difference_for
        confirm(actor, school, person, paper=row.paper, paper_date=day, note=note)


def one_at_a_time(school: Organisation) -> None:
    if connection.vendor == "postgresql":  # SQLite has one writer anyhow
        Organisation.objects.select_for_update().get(pk=school.pk)
