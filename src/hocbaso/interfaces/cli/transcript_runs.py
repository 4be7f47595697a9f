"""What the transcript commands do once Django stands: find the school, act as the right people, add up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.accounts.models import Assignment, Role
from hocbaso.apps.common import clock
from hocbaso.apps.ledger.queries import log_size
from hocbaso.apps.organisations.models import Organisation, valid_on
from hocbaso.apps.organisations.queries import school as find_school
from hocbaso.apps.pupils.models import SchoolClass
from hocbaso.apps.transcripts import queries
from hocbaso.apps.transcripts.models import YearSheet
from hocbaso.apps.transcripts.signature_store import Outcome
from hocbaso.apps.transcripts.use_cases.close_class import close_class
from hocbaso.apps.transcripts.use_cases.export_sheets import export_sheets
from hocbaso.apps.transcripts.use_cases.sign_sheets import (
    OF_CLASS,
    authorise,
    earlier,
    ready_sheets,
    run_batch,
)
from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError, NotFound, Unreadable, register
from hocbaso.core.vietnamese.school_year import SchoolYear
from hocbaso.interfaces.cli.progress import counting

register(
    {
        "class_not_found": (
            "Năm học {year} trường không có lớp {name}.",
            "There is no class {name} in {year}.",
        ),
        "only_in_sandbox": (
            "Ký bằng dòng lệnh chỉ có ở hộp cát thử nghiệm. Chữ ký thật cần người ký tại màn hình Ký học bạ.",
            "Signing from the command line exists in the sandbox only.",
        ),
        "no_signer": (
            "Trường chưa phân công {role}. Nhập danh sách cán bộ hoặc phân công trước khi ký.",
            "Nobody is assigned as {role}.",
        ),
        "no_classes": (
            "Năm học {year} trường chưa có lớp nào. Hãy nhập danh sách học sinh trước.",
            "The school has no class in {year}.",
        ),
    }
)


def _classes(school: Organisation, year: str, name: str | None = None) -> list[SchoolClass]:
    SchoolYear.parse(year)
    rows = list(SchoolClass.objects.filter(school=school, school_year=year).select_related("school"))
    if name is not None:
        rows = [row for row in rows if row.name == name]
        if not rows:
            raise NotFound("class_not_found", year=year, name=name)
    if not rows:
        raise NotFound("no_classes", year=year)
    return rows


def close(school_code: str, year: str, class_name: str | None, include_incomplete: bool) -> dict[str, Any]:
    """Close classes as the operator. JSON: ``closed``, ``blocked``."""
    actor, school = Actor.operator(), find_school(school_code)
    closed, blocked = 0, []
    for school_class in counting(_classes(school, year, class_name), "Chốt lớp"):
        result = close_class(actor, school_class=school_class, include_incomplete=include_incomplete)
        closed += result.closed
        blocked += [b.to_json() for b in result.blocked]
    return {"closed": closed, "blocked": blocked}


def _people(school: Organisation, role: Role, school_class: SchoolClass | None = None) -> Iterator[Actor]:
    """Sandbox actors for the posts that hold ``role`` today, second factor taken as given."""
    if settings.HOCBASO_ENVIRONMENT != "thu_nghiem":
        raise DomainError("only_in_sandbox")
    posts = Assignment.objects.filter(valid_on(clock.today()), organisation=school, role=role)
    if school_class is not None:
        posts = posts.filter(school_class=school_class)
    for post in posts.select_related("user", "organisation", "school_class"):
        yield Actor.of(post, channel="cli", second_factor=True)


def _one(school: Organisation, role: Role, school_class: SchoolClass | None = None) -> Actor:
    for actor in _people(school, role, school_class):
        return actor
    raise DomainError("no_signer", role=role.label.lower())


def _sign_list(
    actor: Actor, role: SignerRole, school: Organisation, sheets: list[YearSheet], label: str
) -> Outcome:
    school_class = sheets[0].school_class if role in OF_CLASS else None
    batch = authorise(actor, role=role, school=school, sheets=sheets, school_class=school_class, method="cli")
    total = Outcome()
    for _ in counting(range(-(-len(sheets) // 100)), label):
        part = run_batch(actor, batch, limit=100)
        _add(total, part)
    return total


def sign(school_code: str, year: str, role_text: str) -> dict[str, Any]:
    """Sign in one role. JSON: ``signed``, ``waiting``, ``failed``."""
    school, role = find_school(school_code), SignerRole(role_text)
    total = Outcome()
    if role is SignerRole.SUBJECT_TEACHER:
        for school_class in _classes(school, year):
            for actor in _subject_signers(school_class):
                if sheets := ready_sheets(school, year, role, school_class, actor.user):
                    label = f"{actor.user.full_name} ký lớp {school_class.name}" if actor.user else ""
                    _add(total, _sign_list(actor, role, school, sheets, label))
    elif role is SignerRole.HOMEROOM:
        for school_class in _classes(school, year):
            if sheets := ready_sheets(school, year, role, school_class):
                actor = _one(school, Role.HOMEROOM, school_class)
                _add(total, _sign_list(actor, role, school, sheets, f"Ký lớp {school_class.name}"))
    else:
        _classes(school, year)
        if sheets := ready_sheets(school, year, role):
            _add(total, _sign_list(_one(school, Role.PRINCIPAL), role, school, sheets, "Hiệu trưởng ký"))
    waiting = earlier(school, year, role)
    return {"signed": total.signed, "waiting": waiting, "failed": [f.to_json() for f in total.failed]}


def _subject_signers(school_class: SchoolClass) -> Iterator[Actor]:
    """Every subject teacher of the class once, in one of the posts he holds there."""
    seen: set[int] = set()
    for actor in _people(school_class.school, Role.SUBJECT_TEACHER, school_class):
        assert actor.user is not None
        if actor.user.pk not in seen:
            seen.add(actor.user.pk)
            yield actor


def _add(total: Outcome, part: Outcome) -> None:
    total.signed += part.signed
    total.sealed += part.sealed
    total.failed += part.failed


def issue(school_code: str, year: str) -> dict[str, Any]:
    """Seal and log. JSON: ``issued``, ``failed``, ``log_size``; ``sealed`` where a time stamp is awaited."""
    school = find_school(school_code)
    _classes(school, year)
    total = Outcome()
    if sheets := ready_sheets(school, year, SignerRole.SEAL):
        total = _sign_list(_one(school, Role.SEAL_KEEPER), SignerRole.SEAL, school, sheets, "Phát hành")
    failed = [f.to_json() for f in total.failed]
    waits = {"sealed": total.sealed} if total.sealed else {}
    return {"issued": total.signed, **waits, "failed": failed, "log_size": log_size(year)}


def run(school_code: str, year: str, include_incomplete: bool) -> dict[str, Any]:
    """The three together; running again takes up what is left."""
    closed = close(school_code, year, None, include_incomplete)
    signed = [sign(school_code, year, role) for role in ("gvbm", "gvcn", "hieu_truong")]
    issued = issue(school_code, year)
    return {
        **closed,
        "signed": sum(part["signed"] for part in signed),
        "waiting": signed[-1]["waiting"],
        "issued": issued["issued"],
        **({"sealed": issued["sealed"]} if "sealed" in issued else {}),
        "failed": [*(one for part in signed for one in part["failed"]), *issued["failed"]],
        "log_size": issued["log_size"],
    }


def list_sheets(school_code: str, year: str) -> list[dict[str, Any]]:
    """JSON rows of design 4.2. One query and one for the school."""
    actor, school = Actor.operator(), find_school(school_code)
    SchoolYear.parse(year)
    require(actor, "transcripts.view_school", school)
    return queries.sheet_rows(school, year)


def export(school_code: str, year: str, out: Path, pdf: bool, archive: bool = False) -> dict[str, Any]:
    """Write XML, PDF and the trust bundle. JSON: ``files``."""
    actor, school = Actor.operator(), find_school(school_code)
    SchoolYear.parse(year)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unreadable("cannot_write", path=str(out), why=str(error.strerror)) from error
    with_progress = counting(queries.issued_sheets(school, year), "Xuất tệp")
    written = export_sheets(
        actor, school=school, year=year, sheets=with_progress, out=out, pdf=pdf or archive, archive=archive
    )
    return {"files": written}


register({"cannot_write": ("Không ghi được vào {path}: {why}.", "Cannot write to {path}: {why}.")})
