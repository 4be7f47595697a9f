"""The page before a part is finished, in words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from hocbaso.apps.assessment.class_sheet import ClassSheet
from hocbaso.apps.assessment.use_cases.finish_entry import Check
from hocbaso.interfaces.web import gradebook_pages as pages
from hocbaso.interfaces.web.gradebook_columns import columns

_STATES = {"T": "ok", "H": "idle", "Đ": "idle", "C": "warn", "CĐ": "warn", "Chưa đạt": "warn"}


def check_lines(sheet: ClassSheet, check: Check) -> dict[str, Any]:
    """The check page in words."""
    labels = {c.key: c.label for c in columns(sheet)}
    names = pages.names_of(sheet)
    return {
        "pupils": check.pupils,
        "blanks": check.blanks,
        "counts": [
            (labels[f.key], [(value, _STATES.get(value, ""), n) for value, n in values])
            for f, values in check.counts
        ],
        "missing": [
            (
                names[e.pk],
                ", ".join(labels[f.key] for f in fields),
                pages.cell_name(e.pk, fields[0].key),
            )
            for e, fields in check.missing
        ],
        "warnings": [
            (
                w.id,
                names.get(w.enrolment.pk, "") if w.enrolment else _("Cả lớp"),
                w.message,
                pages.cell_name(w.enrolment.pk, w.key) if w.enrolment else "",
            )
            for w in check.warnings
        ],
    }
