"""The minutes of an unlock case as a document: what was asked and decided, for people to sign."""

from __future__ import annotations

from django.conf import settings

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation, valid_on
from hocbaso.apps.organisations.queries import managers
from hocbaso.apps.periods.models import CaseState, UnlockCase
from hocbaso.apps.periods.parts import MOMENT_NAMES, column_names, part_name
from hocbaso.apps.periods.queries import told
from hocbaso.core import codelists
from hocbaso.engines.rendering.minutes import UnlockMinutes, render_minutes


def minutes_pdf(actor: Actor, case: UnlockCase) -> bytes:
    """PDF/A-2b of the case as it stands; the same state gives the same bytes.

    :raises NotAllowed: policy ``periods.view_case``; :raises DomainError: text that cannot be printed.
    """
    require(actor, "periods.view_case", case)
    return render_minutes(_content(case), case.agreed_at or case.decided_at or case.requested_at)


def _content(case: UnlockCase) -> UnlockMinutes:
    school = case.school
    asker, decider = case.requested_by.full_name, case.decided_by
    decider_office = _office(case.decided_role) if decider else "Hiệu trưởng"
    decider_name = decider.full_name if decider else _principal(school)
    people = [
        ("Người đề nghị", asker, _office(case.requested_role)),
        ("Người quyết định", decider_name, decider_office),
    ]
    signers = [("NGƯỜI ĐỀ NGHỊ", asker), (decider_office.upper(), decider_name)]
    if case.agreed_by is not None:
        people.append(("Cơ quan quản lý", case.agreed_by.full_name, "đồng ý mở khóa sau khi phát hành"))
        signers.append(("CƠ QUAN QUẢN LÝ", case.agreed_by.full_name))
    pupils = case.cells.filter(enrolment__isnull=False).order_by("enrolment__order", "enrolment_id")
    listed = dict(pupils.values_list("enrolment__pupil__code", "enrolment__pupil__full_name"))
    above = managers(school)
    return UnlockMinutes(
        number=case.number,
        school=school.name,
        manager=above[0].name if above else "",
        place=_place(school),
        trial=settings.HOCBASO_ENVIRONMENT != "chinh_thuc",
        people=tuple(people),
        scope=(
            ("Lớp, năm học", f"{case.school_class.name}, {case.school_year}"),
            ("Phần của sổ điểm", part_name(case.school_class, case.part)),
            ("Thời điểm", MOMENT_NAMES[case.moment]),
            ("Cột", column_names(case.columns)),
            ("Học sinh", f"{len(listed)} học sinh, danh sách dưới đây" if listed else "Cả lớp"),
            ("Mở đến", f"{told(case.until)}, sau đó tự khóa lại"),
        ),
        pupils=tuple(listed.items()),
        why=case.why,
        minutes=tuple(case.minutes.splitlines()),
        decisions=tuple(_decisions(case)),
        signers=tuple(signers),
    )


def _decisions(case: UnlockCase) -> list[str]:
    lines = []
    if case.decided_by is None or case.decided_at is None:
        return ["Chưa quyết định."]
    verdict = "không cho phép" if case.state == CaseState.REFUSED and not case.agreement_note else "cho phép"
    note = f" {case.decision_note}" if case.decision_note else ""
    lines.append(f"{case.decided_by.full_name} {verdict} mở khóa lúc {told(case.decided_at)}.{note}")
    if case.needs_manager:
        if case.agreed_by is not None and case.agreed_at is not None:
            lines.append(f"{case.agreed_by.full_name} (cơ quan quản lý) đồng ý lúc {told(case.agreed_at)}.")
        elif case.state == CaseState.REFUSED:
            lines.append(f"Cơ quan quản lý không đồng ý. {case.agreement_note}")
        else:
            lines.append("Học bạ đã phát hành: chờ cơ quan quản lý đồng ý.")
    lines.append("Người nhập chỉ sửa đúng các ô trong phạm vi trên; mọi thay đổi được ghi vào nhật ký.")
    return lines


def _office(role: str) -> str:
    return Role(role).label if role in Role.values else "Cán bộ"


def _principal(school: Organisation) -> str:
    posts = Assignment.objects.filter(valid_on(clock.today()), organisation=school, role=Role.PRINCIPAL)
    return next(iter(posts.values_list("user__full_name", flat=True)), "")


def _place(school: Organisation) -> str:
    commune = codelists.commune(school.commune_code) if school.commune_code else None
    return commune.short_name if commune else ""
