"""What the circulars make of the rows: one place for screens, closing and reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hocbaso.apps.assessment.models import SubjectResult, TraitResult, YearRecord
from hocbaso.core.document import model
from hocbaso.core.errors import DomainError
from hocbaso.core.regulation import tt27
from hocbaso.core.regulation.programme import GradeProgramme, Programme


@dataclass(frozen=True, slots=True)
class Finding:
    """A contradiction or doubt: stable code and a sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class YearVerdict:
    """The year's result of one pupil, or what is missing for it."""

    decision: tt27.YearDecision | None
    promotion: tt27.Promotion | None
    title: tt27.Ruling | None
    missing: tuple[str, ...]
    contradictions: tuple[Finding, ...]
    blocking_names: tuple[str, ...]
    principal_decided: bool
    #: Results with those of the summer in their place; none without a re-assessment.
    after: tt27.Reassessment | None = None

    def result(self) -> model.PrimaryResult:
        """Sections 4 to 6 of the form; only for a complete verdict."""
        assert self.decision is not None
        assert self.decision.overall is not None
        assert self.promotion is not None
        assert self.promotion.completion is not None
        completion, title = self.promotion.completion, self.title
        return model.PrimaryResult(
            overall=model.Decision(
                self.decision.overall.value, self.decision.clause, self.decision.explanation
            ),
            completed=bool(self.decision.completed),
            promoted=bool(self.promotion.promoted),
            completion=model.Decision(completion.value, completion.clause, completion.explanation),
            title=model.Decision(title.value, title.clause, title.explanation) if title else None,
        )


def _stated(record: YearRecord | None, decision: tt27.YearDecision) -> tuple[Finding, ...]:
    if record is None:
        return ()
    stated = tt27.Stated(
        overall=tt27.read_overall(record.stated_overall or None).value,
        completed=record.stated_completed,
        promoted=record.stated_promoted,
    )
    return tuple(Finding(f.code, f.message) for f in tt27.contradictions(stated, decision))


def _title(
    record: YearRecord | None, decision: tt27.YearDecision, programme: Programme
) -> tt27.Ruling | None:
    """Xuất sắc follows from the level; Tiêu biểu only where people proposed it."""
    excellent = tt27.excellent_title(decision)
    if excellent is not None or record is None or not record.title_proposed_by:
        return excellent
    grounds = [str(code) for code in record.title_grounds]
    proposal = tt27.ExemplaryProposal(
        subjects=tuple(c for c in grounds if not c.startswith(("pc-", "nl-"))),
        traits=tuple(c for c in grounds if c.startswith(("pc-", "nl-"))),
        recognised_by_class=True,
    )
    try:
        return tt27.exemplary_title(decision, proposal, programme=programme)
    except DomainError:  # the marks changed after the proposal: no title, the class page shows why
        return None


def _results(rows: Iterable[SubjectResult]) -> list[tt27.SubjectResult]:
    return [
        tt27.SubjectResult(
            row.subject_code,
            tt27.SubjectLevel(row.level) if row.level and not row.exempt_reason else None,
            None if row.exempt_reason else row.score,
            row.exempt_reason or None,
        )
        for row in rows
    ]


def _traits(rows: Iterable[TraitResult]) -> list[tt27.TraitResult]:
    return [
        tt27.TraitResult(row.trait_code, tt27.TraitLevel(row.level) if row.level else None) for row in rows
    ]


def year_verdict(
    grade: int,
    subjects: Iterable[SubjectResult],
    traits: Iterable[TraitResult],
    record: YearRecord | None,
    *,
    close_as_is: str | None = None,
    programme: Programme,
    summer_subjects: Iterable[SubjectResult] = (),
    summer_traits: Iterable[TraitResult] = (),
    individual_plan: bool = False,
) -> YearVerdict:
    """Ask Circular 27/2020 about one pupil's rows.

    :param close_as_is: the reason why the principal closes an incomplete year now; None = wait for summer.
    :param summer_subjects: rows of the re-assessment ("he"), in the place of what was not completed.
    """
    own, own_traits = _results(subjects), _traits(traits)
    decision = tt27.evaluate_year(
        grade, own, own_traits, programme=programme, individual_plan=individual_plan
    )
    missing = tuple(m.message.rstrip(".") for m in decision.missing)
    contradictions = _stated(record, decision)
    if missing:
        return YearVerdict(decision, None, None, missing, contradictions, (), False)
    after = _after_summer(
        decision, own, own_traits, _results(summer_subjects), _traits(summer_traits), programme
    )
    if after is not None:
        decision = after.decision
    decided = record is not None and record.promoted_by_principal is not None
    principal = None
    if (not decision.completed or individual_plan) and (decided or close_as_is):
        promoted = bool(record.promoted_by_principal) if record and decided else False
        reason = (record.promotion_reason if record else "") or close_as_is or ""
        principal = tt27.PrincipalDecision(promoted=promoted, reason=reason)
    reassessed = after is not None or principal is not None
    promotion = tt27.decide_promotion(decision, reassessed=reassessed, principal=principal)
    table = programme.grade(grade)
    names = tuple(_name(table, code) for code in decision.blocking)
    title = _title(record, decision, programme)
    return YearVerdict(decision, promotion, title, (), contradictions, names, decided, after)


def _after_summer(
    decision: tt27.YearDecision,
    subjects: list[tt27.SubjectResult],
    traits: list[tt27.TraitResult],
    new_subjects: list[tt27.SubjectResult],
    new_traits: list[tt27.TraitResult],
    programme: Programme,
) -> tt27.Reassessment | None:
    """The year after the re-assessment; None when there was none or nothing of it was needed."""
    if decision.completed:
        return None
    wanted = set(decision.blocking)
    some = [r for r in new_subjects if r.code in wanted and (r.level is not None or r.score is not None)]
    others = [t for t in new_traits if t.code in wanted and t.level is not None]
    if not some and not others:
        return None
    return tt27.reassess(
        decision.grade,
        subjects,
        traits,
        new_subjects=some,
        new_traits=others,
        individual_plan=decision.individual_plan,
        programme=programme,
    )


def _name(table: GradeProgramme, code: str) -> str:
    if code.startswith(("pc-", "nl-")):
        return table.trait(code).name
    return table.line(code).short_name
