"""The data could not be used: a paper was looked at instead. Recorded with its reason, or not at all."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from hocbaso.apps.accounts.door import Actor
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.identity.models import OPEN_JOBS, Wait
from hocbaso.apps.privacy.masking import masked_in
from hocbaso.apps.pupils.models import Pupil
from hocbaso.apps.residence.models import (
    Answer,
    ExceptionReason,
    Kind,
    Lookup,
    Outcome,
    Paper,
    PaperException,
    Source,
    Stay,
)
from hocbaso.apps.residence.queries import last_answer
from hocbaso.apps.residence.use_cases.common import authorised, day, units
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.letters import collapse, nfc

register(
    {
        "residence_exception_choose": (
            "Thầy cô chọn loại giấy tờ và lý do không khai thác được dữ liệu.",
            "Choose the paper and the reason.",
        ),
        "residence_exception_first_fetch": (
            "Thầy cô tra cứu dữ liệu dân cư trước. Chỉ ghi ngoại lệ khi lần tra cứu cho thấy lý do đã chọn.",
            "Look the residence up first; the look-up must show the reason.",
        ),
        "residence_exception_explain": (
            "Thầy cô ghi rõ lý do (ít nhất {least} ký tự): đã tra cứu thế nào, vì sao chưa dùng được "
            "dữ liệu.",
            "Explain in at least {least} characters.",
        ),
        "residence_exception_voluntary": (
            "Chỉ ghi khi gia đình tự nguyện cung cấp; nhà trường không yêu cầu giấy tờ cư trú.",
            "Only papers that the family offers freely are noted.",
        ),
        "residence_exception_kind": (
            "Thầy cô chọn loại cư trú ghi trên giấy.",
            "Choose the kind of residence.",
        ),
    }
)

_LEAST, _EXPLANATION = 20, 500


def reasons_for(pupil: Pupil) -> list[ExceptionReason]:
    """Reasons that the look-ups so far bear out; empty: look up first. Two queries."""
    if not pupil.personal_number:
        return [ExceptionReason.NO_NUMBER]
    answer = last_answer(pupil)
    found: list[ExceptionReason] = []
    unanswered = Lookup.objects.filter(
        pupil=pupil, state__in=OPEN_JOBS, wait=Wait.UNAVAILABLE, attempts__gte=1
    )
    if unanswered.exists():
        found.append(ExceptionReason.UNAVAILABLE)
    if answer is not None:
        if answer.outcome == Outcome.MISMATCH:
            found.append(ExceptionReason.MISMATCH)
        elif answer.outcome != Outcome.MATCHED or not answer.entries:
            found.append(ExceptionReason.NOT_FOUND)
        else:
            found.append(ExceptionReason.OUTDATED)
    return found


@transaction.atomic
def note_exception(
    actor: Actor,
    *,
    pupil: Pupil,
    paper: str,
    reason: str,
    explanation: str,
    voluntary: bool,
    kind: str,
    detail: str,
    commune_code: str,
    since: str = "",
    paper_number: str = "",
    paper_date: date | None = None,
) -> PaperException:
    """Record the exception and the stay that the paper shows; nothing of the file's fields changes.

    :raises NotAllowed: policy ``residence.exception``
    :raises DomainError: ``residence_exception_*``, ``residence_commune``, ``residence_empty``, …
    """
    school_class = authorised(actor, pupil, "residence.exception")
    if paper not in Paper.values or reason not in ExceptionReason.values:
        raise DomainError("residence_exception_choose")
    if reason not in reasons_for(pupil):
        raise DomainError("residence_exception_first_fetch")
    text = _plain(explanation, "Lý do", _EXPLANATION)
    if len(text) < _LEAST:
        raise DomainError("residence_exception_explain", least=_LEAST)
    if not voluntary:
        raise DomainError("residence_exception_voluntary")
    if kind not in Kind.values:
        raise DomainError("residence_exception_kind")
    commune, province = units(commune_code)
    house = _plain(detail, "Số nhà, đường, thôn", 200)
    if not house:
        raise DomainError("residence_empty", label="Số nhà, đường, thôn")
    begins = day(since, "Từ ngày")
    if paper_date is not None and paper_date > clock.today():
        raise DomainError("residence_date", label="Ngày cấp", why="không thể ở tương lai.")
    answer: Answer | None = None if reason == ExceptionReason.NO_NUMBER else last_answer(pupil)
    now = clock.now()
    noted = PaperException.objects.create(
        pupil=pupil,
        school=school_class.school,
        school_class=school_class,
        paper=paper,
        reason=reason,
        explanation=text,
        answer=answer,
        paper_number=_plain(paper_number, "Số giấy", 60),
        paper_date=paper_date,
        at=now,
        by=actor.label,
    )
    Stay.objects.create(
        pupil=pupil,
        kind=kind,
        detail=house,
        commune=commune.name,
        commune_code=commune.code,
        province=province.name,
        province_code=province.code,
        since=begins,
        source=Source.PAPER,
        exception=noted,
        recorded_at=now,
        recorded_by=actor.label,
    )
    chain.record(
        actor,
        "residence.exception",
        pupil.code,
        organisation=school_class.school.code,
        paper=paper,
        reason=reason,
        explanation=text,
    )
    return noted


def _plain(written: str, label: str, limit: int) -> str:
    """Here alone a paper about residence may be named; the number of a card is the person's: masked."""
    text = masked_in(collapse(nfc(written)))
    if len(text) > limit:
        raise DomainError("residence_long", label=label, limit=limit)
    return text
