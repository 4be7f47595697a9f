"""Managing levels: names of one school for a stated purpose on record, and the figures as a workbook."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import StaffMember
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.privacy.log import viewed
from hocbaso.apps.privacy.masking import masked_in
from hocbaso.apps.privacy.places import register_places
from hocbaso.apps.privacy.watermark import mark_workbook, who
from hocbaso.apps.signing.figures import Figures
from hocbaso.apps.signing.readiness import Line, boards
from hocbaso.apps.signing.request_papers import XLSX, Paper
from hocbaso.core.errors import DomainError, register
from hocbaso.core.vietnamese.letters import nfc
from hocbaso.engines.rendering.books.layout import Book, Column, Foot, Head, Part, School, Stamp, Table, Value
from hocbaso.engines.workbooks.books import book_workbook

register(
    {
        "certificate_purpose": (
            "Thầy cô ghi rõ kiểm tra việc gì (ít nhất 10 ký tự).",
            "The purpose of the inspection is needed.",
        ),
        "certificate_basis": (
            "Thầy cô ghi số quyết định, kế hoạch kiểm tra hoặc công văn làm căn cứ.",
            "The basis of the inspection is needed.",
        ),
    }
)
register_places({"certificates": "Chứng thư số"})
_LEAST = 10


@dataclass(frozen=True, slots=True)
class Opened:
    """Who of a school cannot sign or soon cannot; never a number of a person."""

    purpose: str
    basis: str
    lines: list[Line]


@transaction.atomic
def inspect_school(actor: Actor, school: Organisation, *, purpose: str, basis: str) -> Opened:
    """Names and states of a school's signers who are not ready.

    :param purpose: what is inspected. :param basis: decision, plan or letter.
    :raises NotAllowed: policy ``certificates.inspect``
    :raises DomainError: ``certificate_purpose``, ``certificate_basis``
    """
    require(actor, "certificates.inspect", school)
    purpose = masked_in(" ".join(nfc(purpose).split()))[:200]
    basis = masked_in(" ".join(nfc(basis).split()))[:90]
    if len(purpose) < _LEAST:
        raise DomainError("certificate_purpose")
    if len(basis) < 3:
        raise DomainError("certificate_basis")
    lines = [one for one in boards([school])[school.pk].lines if one.state != "ok" and not one.optional]
    users = [one.who.user.pk for one in lines if one.who.user is not None]
    staff = list(StaffMember.objects.filter(organisation=school, user__in=users))
    viewed(actor, staff, "list", "certificates", unit=school, purpose=f"{purpose} ({basis})")
    chain.record(
        actor,
        "signing.inspected",
        f"school:{school.code}",
        organisation=school.code,
        purpose=purpose,
        basis=basis,
        people=len(users),
    )
    return Opened(purpose, basis, lines)


_HEADS: tuple[tuple[str, float, str], ...] = (
    ("STT", 8, "center"),
    ("Đơn vị", 0, "left"),
    ("Mã", 18, "center"),
    ("Đơn vị quản lý", 30, "left"),
    ("Số trường", 11, "right"),
    ("Phải ký", 11, "right"),
    ("Ký được", 11, "right"),
    ("Chưa ký được", 11, "right"),
    ("Chưa đăng ký", 11, "right"),
    ("Thu hồi, khóa", 11, "right"),
    ("Đã hết hạn", 11, "right"),
    ("Không khớp số", 11, "right"),
    ("Hết hạn trong 30 ngày", 11, "right"),
    ("Hết hạn trong 60 ngày hoặc trước khi ký", 11, "right"),
    ("Chưa rõ thu hồi", 11, "right"),
    ("Trường chưa có con dấu số", 11, "right"),
    ("Trường có hiệu trưởng chưa ký được", 11, "right"),
    ("Số liệu lúc", 17, "center"),
)


def _values(line: Figures) -> tuple[Value, ...]:
    n = line.numbers
    return (
        line.schools,
        n["required"],
        n["able"],
        line.missing,
        *(n[name] for name in ("none", "lost", "expired", "wrong", "soon", "later", "unknown")),
        line.no_seal,
        line.no_principal,
    )


def figures_workbook(actor: Actor, unit: Organisation, whole: Figures, lines: list[Figures]) -> Paper:
    """The lines in the order of the page, with the export mark; numbers of people, no names.

    :raises NotAllowed: policy ``certificates.watch``
    """
    require(actor, "certificates.watch", unit)
    rows: list[tuple[Value, ...]] = []
    for n, line in enumerate(lines, 1):
        at = f"{line.oldest.astimezone(clock.VIETNAM):%H:%M %d/%m/%Y}" if line.oldest else "chưa đếm"
        rows.append((n, line.name, line.code, line.manager, *_values(line), at))
    table = Table(
        tuple(Column(width, align) for _text, width, align in _HEADS),
        (tuple(Head(text, turned=align == "right") for text, _width, align in _HEADS),),
        tuple(rows),
        (Foot("Cộng đơn vị", 4, (*_values(whole), None)),),
        size=7,
        head_size=7,
        empty="Không có đơn vị nào.",
    )
    title = "Tình hình chứng thư số các trường"
    stamp = Stamp(who(actor), clock.now().astimezone(clock.VIETNAM))
    book = Book(
        title,
        School(unit.name),
        title,
        "",
        stamp,
        (Part("Chứng thư số", title, table=table, landscape=True),),
    )
    content = mark_workbook(book_workbook(book), actor, title, what="certificate-figures", unit=unit)
    return Paper(f"chung-thu-so-{unit.code}-{clock.today():%Y%m%d}.xlsx", XLSX, content)
