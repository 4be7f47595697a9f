"""Confirmation slips: printed with a secret, opened with the birth date, answered once."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import SignInAttempt
from hocbaso.apps.accounts.use_cases import throttle
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.privacy.masking import masked_number
from hocbaso.apps.pupils.models import Enrolment, Pupil, SchoolClass
from hocbaso.apps.quality.models import Answer, Channel, Proposal, ProposalState, Slip
from hocbaso.apps.quality.slip_fields import BY_KEY, FIELDS, Field, read_value, shown
from hocbaso.apps.quality.use_cases.check_papers import note_guardian
from hocbaso.apps.quality.use_cases.compute import compute
from hocbaso.core.errors import DomainError, NotFound, register
from hocbaso.core.vietnamese.dates import read_date
from hocbaso.core.vietnamese.letters import collapse, nfc

register(
    {
        "slip_unknown": (
            "Phiếu này không có hoặc đã hết hiệu lực. Xin hỏi giáo viên chủ nhiệm để nhận phiếu mới.",
            "There is no such slip, or it is no longer valid.",
        ),
        "slip_birth_date": (
            "Ngày sinh không khớp với phiếu này. Xin xem lại ngày sinh trên giấy khai sinh của con; nếu vẫn "
            "không mở được, xin ghi trên phiếu giấy rồi gửi lại giáo viên chủ nhiệm.",
            "The date of birth does not match.",
        ),
        "slip_birth_date_unreadable": (
            "Không đọc được ngày sinh. Xin ghi ngày/tháng/năm, ví dụ 09/02/2017.",
            "The date of birth cannot be read.",
        ),
        "slip_wait": (
            "Đã nhập sai nhiều lần. Xin chờ {minutes} phút rồi nhập lại.",
            "Too many wrong dates; wait {minutes} minutes.",
        ),
        "slip_answered": (
            "Phiếu này đã được trả lời. Nếu cần sửa thêm, xin liên hệ giáo viên chủ nhiệm.",
            "The slip was answered already.",
        ),
        "slip_unsaid": (
            "{label}: xin chọn Đúng hoặc Sai.",
            "{label}: choose right or wrong.",
        ),
        "slip_relation": ("Xin chọn người trả lời là ai.", "Choose who answers."),
        "slip_date_future": (
            "Ngày trả lời không thể ở tương lai.",
            "The day of the answer cannot be in the future.",
        ),
        "slip_nobody": (
            "Lớp chưa có học sinh đang học nên chưa có phiếu để in.",
            "Nobody studies in the class.",
        ),
    }
)

VALID = timedelta(days=30)
_MOST_WRONG = 10  # birth dates tried on one slip, in all its life
_LIMIT = throttle.Limit(free=4, first=60, longest=3600)
_BY_ADDRESS = throttle.Limit(free=20, first=60, longest=3600)
_MARK = throttle.SLIP
RELATIONS = ("Cha", "Mẹ", "Người giám hộ")
RELATION = "quan-he"  # its key among the errors of an answer


@dataclass(frozen=True, slots=True)
class Printed:
    """A slip as it is printed now, for the only time with its token."""

    slip: Slip
    pupil: Pupil
    token: str


def new_token() -> str:
    """160 random bits, as 32 small letters and digits."""
    return base64.b32encode(secrets.token_bytes(20)).decode().lower()


def hash_of(token: str) -> str:
    """How a token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def print_slips(
    actor: Actor, *, school_class: SchoolClass, pupils: Sequence[int] | None = None
) -> list[Printed]:
    """New slips for the class (or these pupils); slips that nobody has answered yet end.

    :raises NotAllowed: policy ``quality.print_slips``
    :raises DomainError: ``slip_nobody``
    """
    require(actor, "quality.print_slips", school_class)
    rows = Enrolment.objects.filter(school_class=school_class, active=True).select_related("pupil")
    if pupils is not None:
        rows = rows.filter(pupil__in=pupils)
    people = [row.pupil for row in rows]
    if not people:
        raise DomainError("slip_nobody")
    now = clock.now()
    Slip.objects.filter(pupil__in=people, answered_at__isnull=True, voided_at__isnull=True).update(
        voided_at=now
    )
    tokens = [new_token() for _ in people]
    slips = Slip.objects.bulk_create(
        Slip(
            pupil=pupil,
            school_class=school_class,
            token_hash=hash_of(token),
            issued_at=now,
            issued_by=actor.label,
            expires_at=now + VALID,
        )
        for pupil, token in zip(people, tokens, strict=True)
    )
    chain.record(
        actor,
        "quality.print_slips",
        school_class.name,
        organisation=school_class.school.code,
        pupils=[pupil.code for pupil in people],
    )
    return [Printed(s, p, t) for s, p, t in zip(slips, people, tokens, strict=True)]


def find_slip(token: str) -> Slip:
    """The slip behind a link. One query; nothing of the pupil is told by it.

    :raises NotFound: ``slip_unknown``: none, expired, or taken back.
    """
    found = (
        Slip.objects.filter(token_hash=hash_of(token), voided_at__isnull=True, expires_at__gt=clock.now())
        .select_related("pupil", "school_class__school")
        .first()
    )
    if found is None:
        raise NotFound("slip_unknown")
    return found


def open_slip(*, slip: Slip, birth_date: str, address: str) -> None:
    """Return when ``birth_date`` is the pupil's as the file has it.

    Growing waits by slip and by address; after ten wrong dates the slip ends.

    :raises NotFound: ``slip_unknown``: it ended meanwhile.
    :raises DomainError: ``slip_birth_date*``, ``slip_wait``
    """
    key, hidden = f"{_MARK}{slip.token_hash[:40]}", throttle.hashed(address)
    reading = read_date(birth_date)
    with transaction.atomic():
        # One try at a time: whoever sends a hundred at once is counted like whoever sends them one by one.
        row = Slip.objects.select_for_update(of=("self",)).select_related("pupil").get(pk=slip.pk)
        if row.voided_at is not None:
            raise NotFound("slip_unknown")
        _require_no_wait(key, hidden)
        if not reading.exact:
            raise DomainError("slip_birth_date_unreadable")
        known, said = row.pupil.birth_date, reading.value or ""
        right = said == known or (len(known) < 10 and bool(known) and said.startswith(known))
        throttle.note(key, hidden, succeeded=right)
        if not right:
            row.wrong += 1
            row.voided_at = clock.now() if row.wrong >= _MOST_WRONG else None
            row.save(update_fields=["wrong", "voided_at"])
    if not right:
        raise DomainError("slip_birth_date")


def _require_no_wait(key: str, address: str) -> None:
    now = clock.now()
    recent = SignInAttempt.objects.filter(at__gt=now - throttle.WINDOW).order_by("-at", "-pk")
    by_slip = recent.filter(username=key).values_list("at", "succeeded")[:64]
    by_address = recent.filter(username__startswith=_MARK, address=address).values_list("at", "succeeded")
    seconds = 0.0
    for attempts, limit in ((list(by_slip), _LIMIT), (list(by_address[:64]), _BY_ADDRESS)):
        failures = next((n for n, (_at, ok) in enumerate(attempts) if ok), len(attempts))
        if failures:
            passed = (now - attempts[0][0]).total_seconds()
            seconds = max(seconds, limit.wait_after(failures) - passed)
    if seconds > 0:
        raise DomainError("slip_wait", minutes=max(1, int(seconds / 60 + 0.999)))


@dataclass(frozen=True, slots=True)
class Said:
    """What a guardian said of one field."""

    right: bool
    value: str = ""


class Unanswered(DomainError):
    """Fields that are unsaid or cannot be read, each with its sentence."""

    def __init__(self, errors: Mapping[str, DomainError]) -> None:
        first = next(iter(errors.values()))
        super().__init__(first.code, **first.params)
        self.errors = dict(errors)


def answer_by_phone(*, slip: Slip, said: Mapping[str, Said], relation: str, name: str = "") -> Answer:
    """The guardian's own answer, behind token and birth date.

    :raises Unanswered: by field; :raises DomainError: ``slip_answered``
    """
    return _answer(Actor.system(), slip, said, relation, name, Channel.PHONE, clock.today(), "phụ huynh")


def answer_on_paper(
    actor: Actor, *, slip: Slip, said: Mapping[str, Said], relation: str, name: str = "", said_on: date
) -> Answer:
    """The answer that came back on paper, written down by the homeroom teacher.

    :raises NotAllowed: policy ``quality.record_answer``
    :raises Unanswered: by field
    :raises DomainError: ``slip_answered``, ``slip_date_future``
    """
    require(actor, "quality.record_answer", slip.school_class)
    if said_on > clock.today():
        raise DomainError("slip_date_future")
    return _answer(actor, slip, said, relation, name, Channel.PAPER, said_on, actor.label)


@transaction.atomic
def _answer(
    actor: Actor,
    slip: Slip,
    said: Mapping[str, Said],
    relation: str,
    name: str,
    channel: Channel,
    said_on: date,
    by: str,
) -> Answer:
    pupil = Pupil.objects.get(pk=slip.pupil_id)
    right, wrong = _read(pupil, said, relation)
    now = clock.now()
    taken = Slip.objects.filter(pk=slip.pk, answered_at__isnull=True, voided_at__isnull=True)
    if not taken.update(answered_at=now):
        raise DomainError("slip_answered")
    slip.answered_at = now
    made = Answer.objects.create(
        slip=slip,
        channel=channel,
        relation=relation,
        name=collapse(nfc(name))[:120],
        right=right,
        said_on=said_on,
        at=now,
        by=by,
    )
    Proposal.objects.bulk_create(
        Proposal(answer=made, pupil=pupil, field=key, before=shown(BY_KEY[key], pupil), value=value)
        for key, value in wrong.items()
    )
    settle(made, pupil)
    chain.record(
        actor,
        "quality.slip_answered",
        pupil.code,
        organisation=slip.school_class.school.code,
        channel=channel.value,
        right=len(right),
        wrong=sorted(wrong),
    )
    compute(slip.school_class.school, slip.school_class.school_year, [pupil.pk])
    return made


def _read(pupil: Pupil, said: Mapping[str, Said], relation: str) -> tuple[list[str], dict[str, str]]:
    right: list[str] = []
    wrong: dict[str, str] = {}
    errors: dict[str, DomainError] = {}
    for field in FIELDS:
        told = said.get(field.key)
        if told is None:
            errors[field.key] = DomainError("slip_unsaid", label=field.label)
        elif told.right:
            right.append(field.key)
            if field.no and not getattr(pupil, field.key):
                wrong[field.key] = "Không"  # "there is none" is an answer that fills the cell
        else:
            try:
                wrong[field.key] = read_value(field, told.value)
            except DomainError as error:
                errors[field.key] = error
    if relation not in RELATIONS:
        errors[RELATION] = DomainError("slip_relation")
    if errors:
        raise Unanswered(errors)
    return right, wrong


def settle(answer: Answer, pupil: Pupil) -> None:
    """The guardian's confirmation counts once nothing of the answer waits any more."""
    if answer.proposals.filter(state=ProposalState.WAITING).exists():
        return
    who = f"{answer.relation} {answer.name}".strip()
    source = "Phiếu trả lời trên điện thoại" if answer.channel == Channel.PHONE else "Phiếu giấy đã ký"
    note_guardian(answer.by, who, pupil, source, answer.said_on)


def masked_value(field: Field, value: str) -> str:
    """A proposed value as lists show it."""
    return masked_number(value) if field.kind == "number" else value
