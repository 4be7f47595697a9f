"""The plan as plain data for pages, JSON and the upload's record: numbers of persons masked."""

from __future__ import annotations

import re
from typing import Any

from hocbaso.apps.identity.collection.planning import Plan, PlanRow
from hocbaso.apps.identity.collection.reading import Read
from hocbaso.apps.identity.evidence import LABELS
from hocbaso.apps.privacy.masking import masked_number
from hocbaso.core.vietnamese.dates import format_vi
from hocbaso.engines.workbooks.model import Issue

_DIGITS = re.compile(r"\d(?:[\d .]{7,}\d)")
#: Fields in the order of the preview; a place is told by its names.
_TOLD = ("personal_number", "full_name", "birth_date", "sex", "province", "commune")
_ABOUT_NUMBERS = frozenset({"lost_zero", "bad_number", "unknown_number_province"})


def masked_text(text: str) -> str:
    """Every run of digits long enough to be a personal number, masked."""
    return _DIGITS.sub(lambda found: masked_number("".join(c for c in found[0] if c.isdigit())), text)


def report_of(plan: Plan, found: Read) -> dict[str, Any]:
    """Counts, changes, issues and questions; see :func:`masked_text`."""
    counts = plan.counts
    names = {(made.row.sheet, made.row.row): made.row.shown.get("full_name", "") for made in plan.rows}
    given = found.answers
    return {
        "rows": len(plan.rows),
        "sheets": list(found.reading.sheets),
        "changed": counts["correct"],
        "confirmed": counts["confirm"],
        "same": counts["same"],
        "untouched": counts["untouched"],
        "waiting": counts["wait"],
        "refused": counts["refused"],
        "warnings": sum(issue.severity == "warning" for issue in plan.issues),
        "changes": [_change(made) for made in plan.writes],
        "issues": [_issue(issue, names) for issue in plan.issues],
        "questions": [
            _issue(issue, names) | {"key": key, "answer": given.get(key)}
            for key, issue in plan.questions.items()
        ],
        "skipped": len(found.reading.skipped),
        "fingerprint": plan.fingerprint,
    }


def _issue(issue: Issue, names: dict[tuple[str, int], str]) -> dict[str, Any]:
    plain = issue.to_json() | {"name": names.get((issue.sheet, issue.row), "")}
    number = issue.code in _ABOUT_NUMBERS or "định danh" in issue.column.lower()
    if number and issue.column:
        for name in ("message", "value", "proposal"):
            plain[name] = masked_text(plain[name]) if plain[name] else plain[name]
    return plain


def _change(made: PlanRow) -> dict[str, Any]:
    person = made.person
    assert person is not None
    return {
        "sheet": made.row.sheet,
        "row": made.row.row,
        "staff": made.row.staff,
        "code": person.code,
        "name": person.full_name,
        "class": made.school_class.name if made.school_class else "",
        "act": made.act,
        "paper": made.row.paper,
        "paper_date": made.row.paper_date,
        "confirm_after": made.confirm_after,
        "fields": [
            {
                "field": name,
                "label": LABELS[name],
                "before": _told(name, getattr(person, name)),
                "after": _told(name, made.changed[name]),
            }
            for name in _TOLD
            if name in made.changed
        ],
    }


def _told(name: str, value: str) -> str:
    if name == "personal_number":
        return masked_number(value)
    return format_vi(value) if name == "birth_date" and value else value
