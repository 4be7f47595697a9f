"""``hocbaso archive record build | renew | status | export | verify``: evidence records (RFC 4998)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hocbaso.apps.common import clock
from hocbaso.core.errors import DomainError, ServiceUnavailable, Unreadable
from hocbaso.interfaces.cli.output import JSON_OPTION, Exit, answer, messages, table, told

if TYPE_CHECKING:
    from hocbaso.apps.organisations.models import Organisation
    from hocbaso.apps.preservation.evidence_records.use_cases.renew import Renewal
    from hocbaso.engines.trust.longterm.records import RecordVerdict

commands = typer.Typer(no_args_is_help=True, help="Bản ghi bằng chứng (RFC 4998) cho nhiều học bạ.")

SCHOOL = typer.Option(None, "--school", help="Mã trường; không nêu thì mọi trường của nút.")
YEAR = typer.Option("", "--year", help="Năm học, ví dụ 2025-2026; không nêu thì mọi năm.")
LIMIT_MB = 64
_STYLE = {
    "valid": ("ĐÚNG", "bold green"),
    "invalid": ("SAI", "bold red"),
    "indeterminate": ("CHƯA KẾT LUẬN ĐƯỢC", "bold yellow"),
}


@commands.command()
def build(school: str = SCHOOL, year: str = YEAR, as_json: bool = JSON_OPTION) -> None:
    """Lập bản ghi cho mọi học bạ đã phát hành chưa có bản ghi; chạy lại được sau khi bị dừng."""
    with told(as_json=as_json):
        unit = _scope(school, year)
        from hocbaso.apps.accounts.door import Actor
        from hocbaso.apps.preservation.evidence_records.use_cases.build import build as run

        done = run(Actor.operator(), school=unit, year=year, told=_count)
    document = {
        "record": done.record,
        "added": done.added,
        "sheets": done.sheets,
        "stamped": done.stamped,
        "refused": [{"sheet": name, "code": code} for name, code in done.refused],
        "problem": _problem(done.problem),
    }

    def human() -> None:
        if done.record is None and not done.refused:
            messages.print("Không có học bạ nào chờ đưa vào bản ghi bằng chứng.")
        elif done.record is not None:
            state = "đã có dấu thời gian" if done.stamped else "CHƯA có dấu thời gian, chạy lại sau"
            messages.print(f"Bản ghi {done.record}: {done.sheets} tờ, thêm {done.added}; {state}.")
        _tell_refused(done.refused, done.problem)

    answer(document, as_json=as_json, human=human)
    raise typer.Exit(_exit([done.problem], refused=bool(done.refused)))


@commands.command()
def renew(
    school: str = SCHOOL,
    year: str = YEAR,
    way: str = typer.Option(
        None,
        "--way",
        help="time_stamp hoặc hash_tree: gia hạn ngay theo cách này dù chưa đến hạn.",
    ),
    replace_ended: bool = typer.Option(
        False,
        "--replace-ended",
        help="Bỏ bản ghi đã hết hiệu lực, để lần lập sau đưa học bạ vào bản ghi mới.",
    ),
    as_json: bool = JSON_OPTION,
) -> None:
    """Gia hạn những bản ghi đến hạn theo chính sách lưu trữ."""
    if way not in (None, "time_stamp", "hash_tree"):
        raise typer.BadParameter("--way chỉ nhận time_stamp hoặc hash_tree")
    with told(as_json=as_json):
        unit = _scope(school, year)
        from hocbaso.apps.accounts.door import Actor
        from hocbaso.apps.preservation.evidence_records.use_cases.renew import renew as run

        done = run(Actor.operator(), school=unit, year=year, way=way, replace_ended=replace_ended)
    answer(
        {"renewed": [_renewal(one) for one in done]},
        as_json=as_json,
        human=lambda: _tell_renewals(done),
    )
    raise typer.Exit(_exit([one.problem for one in done], refused=any(one.lost for one in done)))


def _renewal(one: Renewal) -> dict[str, Any]:
    return {
        "record": one.record,
        "way": one.way,
        "reason": one.reason,
        "sheets": one.sheets,
        "lost": [{"sheet": name, "code": code} for name, code in one.lost],
        "problem": _problem(one.problem),
    }


def _tell_renewals(done: list[Renewal]) -> None:
    if not done:
        messages.print("Không có bản ghi nào đến hạn.")
    for one in done:
        words = {"time_stamp": "thêm dấu thời gian", "hash_tree": "dựng lại cây băm"}.get(one.way, "bỏ")
        state = "chưa làm được" if one.problem else f"xong, {one.sheets} tờ"
        messages.print(f"Bản ghi {one.record}: {words}: {state}.")
        _tell_refused(one.lost, one.problem)


@commands.command()
def status(school: str = SCHOOL, year: str = YEAR, as_json: bool = JSON_OPTION) -> None:
    """Bao nhiêu học bạ đã có bản ghi, bản ghi nào sắp hết hiệu lực; trả về 1 nếu có cảnh báo."""
    with told(as_json=as_json):
        unit = _scope(school, year)
        from hocbaso.apps.preservation.evidence_records.queries import summary

        found = summary(unit, year)
    document = {
        "issued": found.issued,
        "protected": found.protected,
        "waiting": found.waiting,
        "records": [
            {
                "record": line.number,
                "sheets": line.sheets,
                "made": line.made_at,
                "algorithm": line.algorithm,
                "time_stamps": line.time_stamps,
                "authority": line.authority,
                "ends": line.ends,
                "due": line.due.way if line.due else None,
                "given_up": line.given_up,
            }
            for line in found.records
        ],
        "alarms": [{"code": a.code, "message": a.sentence, "record": a.record} for a in found.alarms],
    }

    def human() -> None:
        messages.print(f"Đã phát hành {found.issued} tờ; {found.protected} tờ có bản ghi bằng chứng.")
        table("Bản ghi", ["Số", "Tờ", "Lập", "Băm", "Dấu", "Hết hiệu lực"], [
            [line.number, line.sheets, f"{line.made_at:%d/%m/%Y}", line.algorithm, line.time_stamps,
             f"{line.ends:%d/%m/%Y}" + (" (đã bỏ)" if line.given_up else "")]
            for line in found.records
        ])  # fmt: skip
        for alarm in found.alarms:
            messages.print(f"- {alarm.sentence}", style="red", markup=False)

    answer(document, as_json=as_json, human=human)
    raise typer.Exit(Exit.NEGATIVE if found.alarms else Exit.DONE)


@commands.command()
def export(
    school: str = typer.Option(..., "--school", help="Mã trường."),
    year: str = YEAR,
    out: Path = typer.Option(..., "--out", help="Thư mục nhận tệp."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Xuất học bạ kèm bản ghi bằng chứng riêng của từng tờ và mọi thành phần dưới dạng tệp."""
    with told(as_json=as_json):
        unit = _scope(school, year)
        assert unit is not None
        from hocbaso.apps.accounts.door import Actor
        from hocbaso.apps.preservation.evidence_records.use_cases.hand_out import hand_out

        document = hand_out(Actor.operator(), school=unit, year=year, out=out, told=_count)

    def human() -> None:
        messages.print(f"Đã xuất {len(document['sheets'])} học bạ kèm bản ghi bằng chứng vào {out}.")
        for name, code in document["refused"]:
            messages.print(f"- {name}: {code}", style="red", markup=False)

    answer(document, as_json=as_json, human=human)
    raise typer.Exit(Exit.NEGATIVE if document["refused"] else Exit.DONE)


@commands.command()
def verify(
    files: list[Path] = typer.Argument(
        ..., help="Học bạ đã xuất (XML, PDF), hoặc mọi thành phần của nó dưới dạng tệp."
    ),
    record: Path = typer.Option(..., "--record", help="Bản ghi bằng chứng (.ers)."),
    trust_bundle: Path = typer.Option(
        None, "--trust-bundle", "--bundle", help="Gói tin cậy trust-bundle.json."
    ),
    as_json: bool = JSON_OPTION,
) -> None:
    """Xác thực học bạ theo bản ghi bằng chứng; không cần mạng và cơ sở dữ liệu."""
    from hocbaso.engines.trust.bundle import TrustBundle

    with told(as_json=as_json):
        bundle = TrustBundle.from_json(_read(trust_bundle)) if trust_bundle else None
        verdict = _judge(_read(record), [(path.name, _read(path)) for path in files], bundle)
    document = {"record": str(record), **verdict.to_json()}
    answer(document, as_json=as_json, human=lambda: _tell(verdict))
    raise typer.Exit(Exit.DONE if str(verdict.conclusion) == "valid" else Exit.NEGATIVE)


def _judge(record: bytes, files: list[tuple[str, bytes]], bundle: Any) -> RecordVerdict:
    from hocbaso.engines.trust.longterm import records

    try:
        read = records.read_record(record)
        ours = partial(records.protects, read)
        objects = [item for name, data in files for item in records.objects_of_file(name, data, ours)]
    except records.RecordFault as fault:
        return records.unreadable(fault)
    return records.verify_record(read, objects, bundle, now=clock.now())


def _read(path: Path) -> bytes:
    from hocbaso.interfaces.cli import verify  # noqa: F401  registers the sentences

    try:
        with path.open("rb") as stream:
            data = stream.read(LIMIT_MB * 1024 * 1024 + 1)
    except OSError as error:
        raise Unreadable("file_unreadable", path=str(path), why=str(error.strerror)) from error
    if len(data) > LIMIT_MB * 1024 * 1024:
        raise Unreadable("file_too_large", path=str(path), limit=LIMIT_MB)
    return data


def _scope(code: str | None, year: str) -> Organisation | None:
    """The school, when one is named; the year must be one."""
    from hocbaso.core.vietnamese.school_year import SchoolYear
    from hocbaso.interfaces.cli.main import use_database

    if year:
        SchoolYear.parse(year)
    use_database()
    from hocbaso.apps.organisations.queries import school

    return school(code) if code else None


def _count(done: int) -> None:
    if messages.is_terminal:
        messages.print(f"{done} tờ", end="\r")


def _problem(error: DomainError | None) -> dict[str, str] | None:
    return None if error is None else {"code": error.code, "message": error.message}


def _tell_refused(refused: list[tuple[str, str]], problem: DomainError | None) -> None:
    from hocbaso.core.errors import catalogue

    for name, code in refused:
        messages.print(f"- {name}: {catalogue()[code].vi}", style="red", markup=False)
    if problem is not None:
        messages.print(problem.message, style="red", markup=False)


def _exit(problems: list[DomainError | None], *, refused: bool) -> Exit:
    if any(isinstance(problem, ServiceUnavailable) for problem in problems):
        return Exit.UNAVAILABLE
    return Exit.NEGATIVE if refused or any(problems) else Exit.DONE


def _tell(verdict: RecordVerdict) -> None:
    words, style = _STYLE[str(verdict.conclusion)]
    messages.print("Bản ghi bằng chứng: ", end="")
    messages.print(words, style=style)
    if verdict.environment == "thu_nghiem":
        messages.print("  THỬ NGHIỆM: không có giá trị sử dụng.", style="black on yellow")
    messages.print(f"  {verdict.reason}", markup=False)
    for stamp in verdict.stamps:
        messages.print(
            f"  - dấu thời gian {stamp.number}: {stamp.time:%Y-%m-%d %H:%M} UTC, {stamp.authority} "
            f"({stamp.algorithm}); chứng thư đến {stamp.certificate_ends:%Y-%m-%d}",
            markup=False,
        )
    for item in verdict.objects:
        mark = "được bảo vệ" if item.protected else "KHÔNG thuộc bản ghi"
        messages.print(f"  - {item.name}: {mark}", markup=False)


def register(archive: typer.Typer) -> None:
    """Add the commands to ``hocbaso archive``."""
    archive.add_typer(commands, name="record")
