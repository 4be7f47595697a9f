"""The comment bank: sentences of one's own and of the school, called by a code, filled in for a pupil."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.assessment.models import CommentTemplate
from hocbaso.apps.audit.chain import record as audit
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.pupils.models import Pupil
from hocbaso.core.errors import DomainError, NotFound, register
from hocbaso.core.vietnamese.letters import INVISIBLE, collapse, nfc
from hocbaso.engines.rendering.fonts import require_printable

register(
    {
        "comment_code": (
            "Mã nhận xét gồm 1 đến {limit} chữ hoặc số, không dấu cách: “{code}”.",
            "A code has up to {limit} letters or digits.",
        ),
        "comment_text": (
            "Nhận xét có từ 1 đến {limit} ký tự.",
            "A comment has 1 to {limit} characters.",
        ),
        "comment_variable": (
            "Không có biến “{name}”. Chỉ dùng {allowed}.",
            "There is no variable {name}.",
        ),
        "comment_unknown": ("Không có nhận xét này trong ngân hàng.", "No such comment."),
        "comment_line": (
            "Dòng {n}: cần mã rồi đến nhận xét, cách nhau bằng dấu tab, dấu chấm phẩy hoặc dấu phẩy.",
            "Line {n}: a code, then the comment.",
        ),
    }
)

LONGEST, LONGEST_CODE = 500, 12
_CODE = re.compile(rf"[^\W_]{{1,{LONGEST_CODE}}}")
_VARIABLE = re.compile(r"\{([^{}]*)\}")
VARIABLES = ("ten", "ho_ten", "mon", "muc")


@dataclass(frozen=True, slots=True)
class Filled:
    """What a template becomes for one pupil."""

    text: str
    too_long: bool  # the result would not fit the cell


def bank(actor: Actor, school: Organisation, subject_code: str = "") -> list[CommentTemplate]:
    """Sentences that somebody may use on a page: the own first, then the school's; general ones included.

    One query.

    :param subject_code: a subject; empty: pages that are no subject.
    :raises NotAllowed: nobody who writes comments in this school.
    """
    require(actor, "assessment.own_comments", school)
    rows = CommentTemplate.objects.filter(
        Q(owner=actor.user) | Q(owner__isnull=True),
        school=school,
        subject_code__in={"", subject_code},
    )
    return sorted(rows, key=lambda row: (row.owner_id is None, row.subject_code == "", row.code))


@transaction.atomic
def save_comment(
    actor: Actor,
    *,
    school: Organisation,
    code: str,
    text: str,
    subject_code: str = "",
    of_school: bool = False,
) -> CommentTemplate:
    """Put a sentence into the own bank or the school's; the same code again replaces it.

    :raises NotAllowed: the school's bank belongs to its leaders and heads of subject groups.
    :raises DomainError: ``comment_code``, ``comment_text``, ``comment_variable``; text that does not print.
    """
    require(actor, "assessment.school_comments" if of_school else "assessment.own_comments", school)
    code, text = _read_code(code), _read_text(text)
    owner = None if of_school else actor.user
    made, _new = CommentTemplate.objects.update_or_create(
        defaults={"text": text, "updated_at": clock.now()},
        school=school,
        owner=owner,
        subject_code=subject_code,
        code=code,
    )
    if of_school:  # what everybody sees is on record; one's own notes are one's own
        audit(actor, "assessment.save_comment", f"comment:{subject_code}:{code}", organisation=school.code)
    return made


@transaction.atomic
def remove_comment(actor: Actor, *, school: Organisation, template_id: int) -> None:
    """Take a sentence out of the own bank or the school's.

    :raises NotFound: ``comment_unknown``: no such sentence, or somebody else's own.
    :raises NotAllowed: see :func:`save_comment`.
    """
    row = CommentTemplate.objects.filter(
        Q(owner=actor.user) | Q(owner__isnull=True), pk=template_id, school=school
    ).first()
    if row is None:
        raise NotFound("comment_unknown")
    require(actor, "assessment.own_comments" if row.owner_id else "assessment.school_comments", school)
    if row.owner_id is None:
        target = f"comment:{row.subject_code}:{row.code}"
        audit(actor, "assessment.remove_comment", target, organisation=school.code)
    row.delete()


@transaction.atomic
def import_comments(
    actor: Actor, *, school: Organisation, text: str, subject_code: str = "", of_school: bool = False
) -> int:
    """A list with a code and a comment a line (tab, semicolon or first comma between); all or nothing.

    :returns: how many lines were taken.
    :raises DomainError: ``comment_line`` and those of :func:`save_comment`.
    """
    lines = [(n, line.strip()) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    for number, line in lines:
        mark = next((m for m in "\t;," if m in line), "")
        code, _mark, rest = line.partition(mark) if mark else (line, "", "")
        if not rest.strip():
            raise DomainError("comment_line", n=number)
        save_comment(
            actor,
            school=school,
            code=code.strip(),
            text=rest.strip(),
            subject_code=subject_code,
            of_school=of_school,
        )
    return len(lines)


def expand(text: str, pupil: Pupil, subject: str = "", level: str = "") -> Filled:
    """A template filled in for one pupil.

    :param subject: the subject's name as people say it; ``level``: the result in words.
    """
    given = collapse(pupil.full_name).rpartition(" ")[2]
    values = {"ten": given, "ho_ten": pupil.full_name, "mon": subject, "muc": level}
    filled = collapse(_VARIABLE.sub(lambda found: values.get(found[1], found[0]), text))
    return Filled(filled, len(filled) > LONGEST)


def matching(rows: Iterable[CommentTemplate], typed: str) -> CommentTemplate | None:
    """The sentence that a typed code calls, whatever its case; the own before the school's."""
    return next((row for row in rows if row.code.casefold() == typed.strip().casefold()), None)


def _read_code(code: str) -> str:
    code = nfc(code).strip()
    if not _CODE.fullmatch(code):
        raise DomainError("comment_code", code=code[:40], limit=LONGEST_CODE)
    return code


def _read_text(text: str) -> str:
    plain = collapse("".join(char for char in nfc(text) if char not in INVISIBLE))
    if not 0 < len(plain) <= LONGEST:
        raise DomainError("comment_text", limit=LONGEST)
    for name in _VARIABLE.findall(plain):
        if name not in VARIABLES:
            allowed = ", ".join(f"{{{v}}}" for v in VARIABLES)
            raise DomainError("comment_variable", name=name, allowed=allowed)
    require_printable("Nhận xét", plain)
    return plain
