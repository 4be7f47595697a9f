"""``hocbaso identity verify | report | work`` (design 4.2); see also ``identity_send.py``."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hocbaso.core.errors import NotFound
from hocbaso.core.errors import register as register_errors
from hocbaso.interfaces.cli.imports import check_year
from hocbaso.interfaces.cli.output import JSON_OPTION, Exit, answer, messages, table, told

if TYPE_CHECKING:
    from hocbaso.apps.identity.models import Sending
    from hocbaso.apps.identity.queries import Row
    from hocbaso.apps.identity.use_cases.process import Progress as Run
    from hocbaso.apps.organisations.models import Organisation
    from hocbaso.apps.pupils.models import SchoolClass

commands = typer.Typer(no_args_is_help=True, help="Xác thực danh tính với cơ sở dữ liệu dân cư.")

register_errors(
    {
        "identity_class_not_found": (
            "Năm học {year} trường không có lớp {name}.",
            "There is no class {name} in {year}.",
        ),
        "identity_nobody": (
            "Năm học {year} trường chưa có {whom} nào. Hãy nhập danh sách trước.",
            "There is nobody to verify in {year}.",
        ),
    }
)

SCHOOL = typer.Option(..., "--school", help="Mã trường.")
YEAR = typer.Option(..., "--year", help="Năm học, ví dụ 2025-2026.")
CLASS = typer.Option(None, "--class", help="Chỉ một lớp, ví dụ 1A.")
STAFF = typer.Option(False, "--staff", help="Cán bộ, giáo viên thay cho học sinh.")
AGAIN = typer.Option(False, "--again", help="Hỏi lại cả những người đã có kết quả chưa khớp.")
PATIENCE = typer.Option(
    0, "--patience", min=0, help="Số giây chờ tiếp khi hệ thống dân cư không trả lời; mặc định dừng ngay."
)
#: Rests that a registry which is alive asks for are waited for up to so many seconds.
_SHORT_REST = 60.0


@dataclass(frozen=True)
class _Scope:
    school: Organisation
    year: str
    school_class: SchoolClass | None
    staff: bool

    @property
    def class_name(self) -> str | None:
        return self.school_class.name if self.school_class else None


@commands.command()
def verify(
    school: str = SCHOOL,
    year: str = YEAR,
    class_name: str | None = CLASS,
    staff: bool = STAFF,
    again: bool = AGAIN,
    patience: int = PATIENCE,
    as_json: bool = JSON_OPTION,
) -> None:
    """Gửi những ai đến lượt và chờ đến khi mọi người có kết quả."""
    with told(as_json=as_json):
        scope = find_scope(school, year, class_name, staff)
        sending = _send(scope, again)
        run = _work_off(scope.school, patience)
        document = _report(scope) | _of_sending(sending) | _waiting(scope.school, run)
    answer(document, as_json=as_json, human=lambda: _tell(scope, document))
    verified = document["states"].get("verified", 0)
    people = sum(document["states"].values())
    if document["waiting"]:
        raise typer.Exit(Exit.UNAVAILABLE)
    raise typer.Exit(Exit.DONE if verified == people else Exit.NEGATIVE)


@commands.command()
def report(
    school: str = SCHOOL,
    year: str = YEAR,
    class_name: str | None = CLASS,
    staff: bool = STAFF,
    as_json: bool = JSON_OPTION,
) -> None:
    """Trạng thái xác thực hiện tại; chỉ đọc, không gửi gì."""
    with told(as_json=as_json):
        scope = find_scope(school, year, class_name, staff)
        document = _report(scope) | _waiting(scope.school, None)
    answer(document, as_json=as_json, human=lambda: _tell(scope, document))


@commands.command()
def work(
    once: bool = typer.Option(False, "--once", help="Dừng khi không còn ai đến lượt."),
    every: float = typer.Option(5.0, "--every", min=0.1, help="Số giây giữa hai lần xem hàng đợi."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Xử lý hàng đợi xác thực của cả nút; chạy được nhiều tiến trình cùng lúc."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.identity.ports import population
    from hocbaso.apps.identity.use_cases.process import LANES, process_due

    outcomes: Counter[str] = Counter()
    while True:
        done = process_due(population(), lanes=LANES)
        outcomes.update(done.outcomes)
        if done.unavailable is not None:
            messages.print(done.unavailable.message, style="yellow", markup=False)
        if once:
            break
        time.sleep(every)
    document = {"answered": dict(outcomes), "postponed": done.postponed, "next_at": done.next_at}
    answer(document, as_json=as_json)
    raise typer.Exit(Exit.UNAVAILABLE if done.unavailable else Exit.DONE)


def find_scope(school_code: str, year: str, class_name: str | None, staff: bool) -> _Scope:
    """School, year and class that the command names, with somebody in them.

    :raises NotFound: ``school_not_found``, ``identity_class_not_found``, ``identity_nobody``
    """
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.organisations import queries as units
    from hocbaso.apps.pupils.models import SchoolClass

    school = units.school(school_code)
    check_year(year)
    school_class = None
    if class_name is not None:
        school_class = (
            SchoolClass.objects.filter(school=school, school_year=year, name=class_name)
            .select_related("school")
            .first()
        )
        if school_class is None:
            raise NotFound("identity_class_not_found", year=year, name=class_name)
    _require_somebody(school, year, class_name, staff)
    return _Scope(school, year, school_class, staff)


def _require_somebody(school: Organisation, year: str, class_name: str | None, staff: bool) -> None:
    """A mistyped year must not look as if everybody were verified."""
    from hocbaso.apps.accounts.models import StaffMember
    from hocbaso.apps.identity.queries import pupils_of

    people = StaffMember.objects.filter(organisation=school) if staff else pupils_of(school, year, class_name)
    if not people.exists():
        raise NotFound("identity_nobody", year=year, whom="cán bộ, giáo viên" if staff else "học sinh")


def _send(scope: _Scope, again: bool) -> Sending:
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.identity.use_cases.send import send, send_staff

    actor = Actor.operator()
    if scope.staff:
        return send_staff(actor, school=scope.school, year=scope.year, again=again)
    return send(actor, school=scope.school, year=scope.year, school_class=scope.school_class, again=again)


def _work_off(school: Organisation, patience: int) -> Run:
    """Process until nothing is left, or the registry does not answer for longer than somebody waits."""
    from hocbaso.apps.identity.ports import population
    from hocbaso.apps.identity.queries import open_jobs
    from hocbaso.apps.identity.use_cases.process import LANES, process_due

    port = population()
    waited = 0.0
    with _bar(open_jobs(school).count()) as advance:
        while True:
            run = process_due(port, school=school, lanes=LANES, tell=lambda seen: advance(seen.answered))
            advance(run.answered, closed=True)
            if run.answered:
                waited = 0.0
            if run.next_at is None:
                return run
            rest = _rest(run.next_at)
            allowed = patience if run.unavailable is not None else max(patience, _SHORT_REST)
            if waited + rest > allowed:
                return run
            time.sleep(rest)
            waited += rest


def _rest(until: datetime) -> float:
    from hocbaso.apps.common import clock

    return max(0.5, (until - clock.now()).total_seconds())


@contextmanager
def _bar(total: int) -> Iterator[Callable[..., None]]:
    """A bar on a terminal, nothing in a pipe."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=messages, transient=True, disable=not messages.is_terminal) as shown:
        task = shown.add_task("Xác thực", total=total)
        before = 0

        def advance(answered: int, *, closed: bool = False) -> None:
            nonlocal before
            shown.update(task, completed=before + answered)
            if closed:
                before += answered

        yield advance


def _report(scope: _Scope) -> dict[str, Any]:
    from hocbaso.apps.identity import queries

    rows: Iterable[Row]
    if scope.staff:
        rows = queries.rows_of_staff(scope.school)
    else:
        rows = queries.report_lines(scope.school, scope.year, scope.class_name)
    states: Counter[str] = Counter()
    people = []
    for row in rows:
        states[row.state.value] += 1
        people.append(_line(row, "staff" if scope.staff else "pupil"))
    return {
        "school": scope.school.code,
        "year": scope.year,
        "states": dict(states),
        "staff" if scope.staff else "pupils": people,
    }


def _line(row: Row, key: str) -> dict[str, Any]:
    line: dict[str, Any] = {
        key: row.person.code,
        "state": row.state.value,
        "differences": row.differences,
        "missing": row.missing,
        "confirm": row.to_confirm,
        "responsible": row.responsible,
    }
    return line | {"class": row.school_class.name} if row.school_class else line


def _of_sending(sending: Sending) -> dict[str, Any]:
    return {
        "sending": sending.pk,
        "queued": sending.queued,
        "already": sending.already,
        "incomplete": sending.incomplete,
    }


def _waiting(school: Organisation, run: Run | None) -> dict[str, Any]:
    from hocbaso.apps.identity.queries import open_jobs
    from hocbaso.apps.identity.use_cases.process import next_due

    fault = run.unavailable if run else None
    return {
        "waiting": open_jobs(school).count(),
        "next_at": next_due(school),
        "unavailable": {"code": fault.code, "message": fault.message} if fault else None,
    }


def _tell(scope: _Scope, document: dict[str, Any]) -> None:
    from hocbaso.apps.identity.queries import FIELD_LABELS
    from hocbaso.apps.pupils.models import IdentityState

    people = document["staff" if scope.staff else "pupils"]
    rows = [
        [
            line.get("class", ""),
            line["staff" if scope.staff else "pupil"],
            IdentityState(line["state"]).label,
            ", ".join(FIELD_LABELS[name] for name in line["differences"]),
            (_STAFF_ACTS if scope.staff else _ACTS)[line["responsible"]],
        ]
        for line in people
        if line["state"] != IdentityState.VERIFIED
    ]
    if rows:
        table("Chưa xác thực", ["Lớp", "Mã", "Trạng thái", "Sai lệch", "Người xử lý"], rows)
    counts = (f"{IdentityState(s).label}: {n}" for s, n in sorted(document["states"].items()))
    messages.print(f"{scope.school.name}, năm học {scope.year}. " + " · ".join(counts), markup=False)
    if document["waiting"]:
        fault = document["unavailable"]
        why = fault["message"] if fault else ""
        messages.print(f"Còn {document['waiting']} yêu cầu chờ trả lời. {why}", style="yellow", markup=False)


_ACTS = {"": "", "school": "Nhà trường", "guardian": "Phụ huynh", "police": "Công an (qua phụ huynh)"}

_STAFF_ACTS = _ACTS | {"guardian": "Người có hồ sơ", "police": "Công an (qua người có hồ sơ)"}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    import hocbaso.interfaces.cli.identity_send  # noqa: F401  adds to the same group

    app.add_typer(commands, name="identity")
