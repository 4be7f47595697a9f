"""The catalogue: every rule, the judge, and the text of ``docs/quality.md``."""

from __future__ import annotations

from datetime import date
from typing import Any

from hocbaso.core.quality import others, pupil_clean_live, pupil_complete, pupil_correct, pupil_identity
from hocbaso.core.quality.model import (
    DIMENSION_NAMES,
    NA,
    About,
    Broken,
    Judged,
    Owner,
    Plain,
    Rule,
    Severity,
)

RULES: tuple[Rule, ...] = tuple(
    sorted(
        (
            *pupil_complete.book.rules,
            *pupil_identity.book.rules,
            *pupil_correct.book.rules,
            *pupil_clean_live.clean.rules,
            *pupil_clean_live.live.rules,
            *others.staff.rules,
            *others.classes.rules,
        ),
        key=lambda rule: rule.id,
    )
)
BY_ID = {rule.id: rule for rule in RULES}
assert len(BY_ID) == len(RULES)
_OF = {about: tuple(rule for rule in RULES if rule.about is about) for about in About}


def rules_of(about: About) -> tuple[Rule, ...]:
    """The rules on pupils, staff or classes, in order of id."""
    return _OF[about]


def judge(about: About, record: Any, today: date) -> Judged:
    """Ask every rule in force on ``today``.

    :param record: a record of :mod:`hocbaso.core.quality.records` that fits ``about``.
    """
    day = today.isoformat()
    applicable: list[Rule] = []
    broken: list[Broken] = []
    for rule in _OF[about]:
        if rule.since > day:
            continue
        verdict = rule.test(record, today)
        if verdict is NA:
            continue
        applicable.append(rule)
        if not isinstance(verdict, Plain):
            broken.append(Broken(rule, verdict))
    return Judged(tuple(applicable), tuple(broken))


_ABOUT = {About.PUPIL: "Pupils", About.STAFF: "Staff", About.CLASS: "Classes"}
_OWNERS = {Owner.HOMEROOM: "homeroom teacher", Owner.CLERK: "data clerk", Owner.PRINCIPAL: "principal"}
_SEVERITIES = {Severity.ERROR: "error", Severity.QUERY: "query"}


def markdown() -> str:
    """The tables of the catalogue as they stand in ``docs/quality.md``."""
    lines: list[str] = []
    for about, title in _ABOUT.items():
        own = rules_of(about)
        lines += ["", f"### {title} ({len(own)})", ""]
        lines += ["| id | dimension | severity | rule | holds when | owner | basis | fix | since |"]
        lines += ["|---|---|---|---|---|---|---|---|---|"]
        for rule in own:
            cells = (
                rule.id,
                DIMENSION_NAMES[rule.dimension].lower(),
                _SEVERITIES[rule.severity],
                rule.name,
                rule.logic,
                _OWNERS[rule.owner],
                rule.basis,
                rule.fix.value,
                rule.since,
            )
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines).strip() + "\n"
