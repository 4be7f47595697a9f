"""Papers about certificates: letter with list, list and board as workbooks; all marked and on record."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import Assignment, Role, StaffMember
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation, valid_on
from hocbaso.apps.organisations.queries import managers
from hocbaso.apps.privacy.watermark import begin, finish, mark_workbook, who
from hocbaso.apps.signing.certificate_models import CertificateRequest, LineState, RequestKind, RequestLine
from hocbaso.apps.signing.families import FAMILY_NAMES
from hocbaso.apps.signing.readiness import Board, Line, Ready, board
from hocbaso.apps.signing.requests import posts_of
from hocbaso.core import codelists
from hocbaso.core.vietnamese.dates import format_vi
from hocbaso.engines.rendering.books.layout import Book, Column, Head, Part, School, Stamp, Table, Value
from hocbaso.engines.rendering.letters.certificates import (
    LIST_HEADS,
    CertificateLetter,
    render_certificate_letter,
)
from hocbaso.engines.workbooks.books import book_workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_DOTS = "…………"
_VERBS = {
    RequestKind.NEW: "cấp mới",
    RequestKind.RENEW: "gia hạn",
    RequestKind.CHANGE: "thay đổi nội dung thông tin",
    RequestKind.REVOKE: "thu hồi",
}
_TO = {
    "vgca": "Cục Chứng thực số và Bảo mật thông tin, Ban Cơ yếu Chính phủ",
    "public": "Tổ chức cung cấp dịch vụ chứng thực chữ ký số công cộng",
}
_BASIS = {
    "vgca": "Căn cứ Luật Giao dịch điện tử ngày 22/6/2023; Nghị định số 68/2024/NĐ-CP về chữ ký số chuyên "
    "dùng công vụ,",
    "public": "Căn cứ Luật Giao dịch điện tử ngày 22/6/2023; Nghị định số 23/2025/NĐ-CP về chữ ký điện tử và "
    "dịch vụ tin cậy,",
}
STATE_WORDS = {
    Ready.REVOKED: "Đã bị thu hồi",
    Ready.BLOCKED: "Đã khóa ở trường",
    Ready.WRONG_HOLDER: "Không khớp số định danh trong hồ sơ",
    Ready.EXPIRED: "Đã hết hạn",
    Ready.NONE: "Chưa đăng ký",
    Ready.PARTLY: "Chưa đăng ký cho phân công mới",
    Ready.DAYS_7: "Còn không quá 7 ngày",
    Ready.DAYS_30: "Còn không quá 30 ngày",
    Ready.UNKNOWN: "Chưa rõ có bị thu hồi không",
    Ready.DAYS_60: "Còn không quá 60 ngày",
    Ready.BEFORE_YEAR_END: "Hết hạn trước khi ký học bạ",
    Ready.OTHER_FAMILY: "Không đúng hệ thống quy định",
    Ready.OK: "Sẵn sàng",
}


@dataclass(frozen=True, slots=True)
class Paper:
    """A file under the name a person would give it."""

    name: str
    media_type: str
    content: bytes


@transaction.atomic
def letter(actor: Actor, request: CertificateRequest) -> Paper:
    """The official letter with its list, to be signed and sent (PDF/A-2b).

    :raises NotAllowed: policy ``certificates.request``; :raises DomainError: text that cannot be printed.
    """
    require(actor, "certificates.request", request.school)
    lines, school = _lines(request), request.school
    mark = begin(actor)
    day = (request.sent_at or request.created_at).astimezone(clock.VIETNAM).date()
    verb, above = _VERBS[RequestKind(request.kind)], managers(school)
    people = sum(line.user_id is not None for line in lines)
    seals = len(lines) - people
    counted = " và ".join(
        text for n, text in ((people, f"{people} cán bộ, giáo viên"), (seals, "con dấu của trường")) if n
    )
    content = render_certificate_letter(
        CertificateLetter(
            number=request.number,
            dispatch=request.dispatch or _DOTS,
            school=school.name,
            manager=above[0].name if above else "",
            place=_place(school),
            day=(day.year, day.month, day.day),
            trial=settings.HOCBASO_ENVIRONMENT != "chinh_thuc",
            about=f"V/v {verb} chứng thư số để ký học bạ số",
            to=_TO[request.family],
            opening=(
                f"{_BASIS[request.family]} {school.name} đề nghị {verb} chứng thư số cho {counted} theo danh "
                "sách kèm theo, dùng để ký và phát hành học bạ số.",
                f"Lý do: {request.reason.rstrip('.;, ')}.",
                "Nhà trường chịu trách nhiệm về tính chính xác của thông tin trong danh sách. Đề nghị Quý cơ "
                "quan xem xét, giải quyết.",
            ),
            list_title=f"Danh sách đề nghị {verb} chứng thư số",
            rows=tuple(_rows(school, lines)),
            office="HIỆU TRƯỞNG",
            signer=_principal(school),
            mark=mark.line,
        ),
        mark.at,
    )
    purpose = f"Công văn đề nghị {verb} chứng thư số"
    finish(actor, mark, purpose, what="certificate-letter", content=content, persons=people, unit=school)
    return Paper(f"{request.number}.pdf", "application/pdf", content)


def request_list(actor: Actor, request: CertificateRequest) -> Paper:
    """The list alone as a workbook, for issuers who take it so.

    :raises NotAllowed: policy ``certificates.request``.
    """
    require(actor, "certificates.request", request.school)
    lines = _lines(request)
    title = f"Danh sách đề nghị {_VERBS[RequestKind(request.kind)]} chứng thư số {request.number}"
    rows: list[tuple[Value, ...]] = [(n, *row) for n, row in enumerate(_rows(request.school, lines), 1)]
    content = _workbook(actor, request.school, title, ("STT", *LIST_HEADS), rows)
    marked = mark_workbook(
        content, actor, title, what="certificate-list", persons=len(lines), unit=request.school
    )
    return Paper(f"{request.number}.xlsx", XLSX, marked)


def board_workbook(actor: Actor, school: Organisation) -> Paper:
    """The readiness board with names, marked and on record.

    :raises NotAllowed: policy ``certificates.view``.
    """
    found: Board = board(actor, school)
    heads = ("STT", "Họ và tên", "Vai trò", "Tình trạng", "Hệ thống", "Số hiệu", "Hết hạn", "Đang làm")
    rows = [(n, *_board_row(line)) for n, line in enumerate(found.lines, 1)]
    title = "Tình hình chứng thư số"
    content = _workbook(actor, school, title, heads, rows)
    marked = mark_workbook(
        content, actor, title, what="certificate-board", persons=len(found.lines), unit=school
    )
    return Paper(f"chung-thu-so-{school.code}-{clock.today():%Y%m%d}.xlsx", XLSX, marked)


def _board_row(line: Line) -> tuple[Value, ...]:
    certificate = line.certificate
    return (
        line.name,
        posts_of(line.who),
        "; ".join(STATE_WORDS[state] for state in line.states),
        FAMILY_NAMES.get(certificate.family, "") if certificate else "",
        certificate.serial.upper() if certificate else "",
        format_vi(line.ends_on.isoformat()) if line.ends_on else "",
        f"Đề nghị {line.request.request.number}" if line.request else "",
    )


def _workbook(
    actor: Actor,
    school: Organisation,
    title: str,
    heads: tuple[str, ...],
    rows: list[tuple[Value, ...]],
) -> bytes:
    table = Table(
        tuple(Column(10 if n == 0 else 0, "center" if n == 0 else "left") for n in range(len(heads))),
        (tuple(Head(text) for text in heads),),
        tuple(rows),
        empty="Không có ai.",
    )
    part = Part("Danh sách", title, table=table, landscape=True)
    stamp = Stamp(who(actor), clock.now().astimezone(clock.VIETNAM))
    return book_workbook(Book(title, School(school.name), title, "", stamp, (part,)))


def _lines(request: CertificateRequest) -> list[RequestLine]:
    rows = request.lines.exclude(state=LineState.WITHDRAWN).select_related("user", "certificate")
    return list(rows.order_by("id"))


def _rows(school: Organisation, lines: list[RequestLine]) -> list[tuple[str, ...]]:
    """The issuer identifies people by number, birth date and address: they stand here whole. One query."""
    staff = {
        row.user_id: row
        for row in StaffMember.objects.filter(organisation=school, user__in=[one.user_id for one in lines])
    }
    rows: list[tuple[str, ...]] = []
    for line in lines:
        member = staff.get(line.user_id) if line.user_id else None
        serial = f"Số hiệu {line.certificate.serial.upper()}" if line.certificate else ""
        if line.user_id is None:
            rows.append((line.name, "", school.code, line.post, "", "", serial))
            continue
        rows.append(
            (
                line.name,
                format_vi(member.birth_date) if member and member.birth_date else "",
                member.personal_number if member else "",
                line.post,
                member.email if member else "",
                member.phone if member else "",
                serial,
            )
        )
    return rows


def _principal(school: Organisation) -> str:
    posts = Assignment.objects.filter(valid_on(clock.today()), organisation=school, role=Role.PRINCIPAL)
    return next(iter(posts.values_list("user__full_name", flat=True)), "")


def _place(school: Organisation) -> str:
    commune = codelists.commune(school.commune_code) if school.commune_code else None
    return commune.short_name if commune else _DOTS
