"""Intake has no rights of its own: each kind of workbook asks the app that owns its rows."""

from __future__ import annotations

from hocbaso.apps.intake.models import Kind

PERMISSION = {
    Kind.PUPILS: "pupils.import",
    Kind.STAFF: "accounts.import_staff",
    Kind.RESULTS: "assessment.import_results",
}
