"""Import in one go, as the command line does: read, plan, write or refuse."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.common import clock
from hocbaso.apps.intake.importers import note_refused
from hocbaso.apps.intake.models import Batch, Kind, State
from hocbaso.apps.intake.planning import Plan, Progress, silent
from hocbaso.apps.intake.policies import require_import
from hocbaso.apps.intake.use_cases.check_workbook import Answers, Read, compare, read_with, report_of
from hocbaso.apps.intake.use_cases.write_plan import keep_file, lock_school, write_plan
from hocbaso.apps.organisations.models import Organisation
from hocbaso.core.vietnamese.school_year import SchoolYear


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a workbook; without a batch nothing was written."""

    plan: Plan
    found: Read
    batch: Batch | None


def import_workbook(
    actor: Actor,
    *,
    kind: Kind,
    school: Organisation,
    year: str,
    data: bytes,
    file_name: str,
    accept_good_rows: bool = False,
    answers: Answers | None = None,
    progress: Progress = silent,
) -> Outcome:
    """Read, compare and write in one transaction; all or nothing unless ``accept_good_rows``.

    A killed process leaves nothing behind; run again, it finishes. A second run of the same file finds every
    row the same and writes nothing.

    :raises NotAllowed, Unreadable, DomainError: as :func:`check_workbook.dry_run`; ``intake_moved``.
    """
    require_import(actor, kind, school)
    year = str(SchoolYear.parse(year))
    found = read_with(kind, data, year, answers or {})  # before the transaction: it takes the longest
    with transaction.atomic():
        lock_school(school)
        plan = compare(actor, kind, school, year, found)
        if not plan.writes or (plan.refused and not accept_good_rows):
            note_refused(kind, plan, actor, school)
            return Outcome(plan, found, None)
        now = clock.now()
        batch = Batch.objects.create(
            kind=kind,
            school=school,
            school_year=year,
            file=keep_file(data),
            file_name=file_name[:200],
            state=State.APPLYING,
            done=len(plan.rows),
            total=len(plan.rows),
            decisions=found.answers,
            created_by=actor.label,
            created_at=now,
            checked_at=now,
        )
        write_plan(actor, batch, plan, report_of(plan, found), progress)
    return Outcome(plan, found, batch)
