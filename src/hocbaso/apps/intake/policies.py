"""Intake has no rights of its own: each kind of workbook asks the app that owns its rows."""

from __future__ import annotations

from hocbaso.apps.accounts.door import Actor, allowed, require
from hocbaso.apps.assessment import import_policies  # noqa: F401  registers its rule with the policy door
from hocbaso.apps.intake.models import Batch, Kind
from hocbaso.apps.organisations.models import Organisation

PERMISSION = {
    Kind.PUPILS: "pupils.import",
    Kind.STAFF: "accounts.import_staff",
    Kind.RESULTS: "assessment.import_results",
}
#: The right to import one's own part of a kind; only one's own batches are seen with it.
OWN = {Kind.RESULTS: "assessment.import_own"}


def for_school(actor: Actor, kind: Kind, school: Organisation) -> bool:
    """May the actor import the kind for the whole school, and see everybody's imports of it?"""
    return allowed(actor, PERMISSION[kind], school)


def may_import(actor: Actor, kind: Kind, school: Organisation) -> bool:
    """May the actor import this kind into the school at all?"""
    return for_school(actor, kind, school) or (kind in OWN and allowed(actor, OWN[kind], school))


def require_import(actor: Actor, kind: Kind, school: Organisation) -> None:
    """:raises NotAllowed: the actor may not import this kind into the school."""
    if not may_import(actor, kind, school):
        require(actor, PERMISSION[kind], school)


def may_handle(actor: Actor, batch: Batch) -> bool:
    """May the actor see the batch, answer, confirm and undo it?"""
    kind = Kind(batch.kind)
    if for_school(actor, kind, batch.school):
        return True
    return may_import(actor, kind, batch.school) and batch.created_by == actor.label
