"""``hocbaso residence fetch | map | report``."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import typer

from hocbaso.core.errors import NotFound
from hocbaso.core.errors import register as register_errors
from hocbaso.interfaces.cli.imports import check_year
from hocbaso.interfaces.cli.output import JSON_OPTION, Exit, answer, messages, table, told

if TYPE_CHECKING:
    from hocbaso.apps.organisations.models import Organisation
    from hocbaso.apps.pupils.models import SchoolClass
    from hocbaso.apps.residence.use_cases.process import Progress

commands = typer.Typer(no_args_is_help=True, help="Cư trú của học sinh, khai thác từ dữ liệu dân cư.")

register_errors(
    {
        "residence_no_class": (
            "Năm học {year} trường không có lớp {name}.",
            "There is no class {name} in {year}.",
        ),
    }
)

SCHOOL = typer.Option(..., "--school", help="Mã trường.")
YEAR = typer.Option(..., "--year", help="Năm học, ví dụ 2025-2026.")
CLASS = typer.Option(None, "--class", help="Chỉ một lớp, ví dụ 1A.")
AGAIN = typer.Option(False, "--again", help="Hỏi lại cả những em đã có câu trả lời.")
_SHORT_REST = 60.0


@commands.command()
def fetch(
    school: str = SCHOOL,
    year: str = YEAR,
    class_name: str | None = CLASS,
    again: bool = AGAIN,
    as_json: bool = JSON_OPTION,
) -> None:
    """Tra cứu cư trú của những em chưa có câu trả lời và chờ kết quả."""
    with told(as_json=as_json):
        unit, school_class = _scope(school, year, class_name)
        from hocbaso.apps.accounts.door import Actor
        from hocbaso.apps.residence.use_cases.fetch import order_lookups

        order = order_lookups(
            Actor.operator(), school=unit, year=year, school_class=school_class, again=again
        )
        run, outcomes = _work_off(unit)
        document = {
            "queued": order.queued,
            "already": order.already,
            "incomplete": order.incomplete,
            "outcomes": dict(outcomes),
            **_report(unit, year, class_name),
            **_waiting(unit, run),
        }
    answer(document, as_json=as_json, human=lambda: _tell(unit, year, document))
    raise typer.Exit(Exit.UNAVAILABLE if document["waiting"] else Exit.DONE)


@commands.command("map")
def map_units(
    school: str = SCHOOL,
    year: str = YEAR,
    apply: bool = typer.Option(
        False, "--apply", help="Ghi đơn vị mới cho những địa chỉ chỉ có một cách hiểu."
    ),
    as_json: bool = JSON_OPTION,
) -> None:
    """Địa chỉ còn theo đơn vị cũ: cách hiểu, và những chỗ phải hỏi."""
    with told(as_json=as_json):
        unit, _none = _scope(school, year, None)
        from hocbaso.apps.accounts.door import Actor
        from hocbaso.apps.residence.use_cases.map_units import apply_proposed, groups_of

        groups = groups_of(unit, year)
        written = apply_proposed(Actor.operator(), school=unit, year=year) if apply else 0
        document: dict[str, Any] = {
            "written": written,
            "addresses": [
                {
                    "written": group.written,
                    "outcome": group.mapping.outcome.value,
                    "exact": group.mapping.exact,
                    "proposed": group.proposed,
                    "mapping": group.mapping.text,
                    "communes": [c.code for c in group.mapping.communes],
                    "pupils": [p.code for p in group.pupils],
                }
                for group in groups
            ],
        }
    answer(document, as_json=as_json, human=lambda: _tell_groups(document))
    left = [line for line in document["addresses"] if not (apply and line["proposed"])]
    raise typer.Exit(Exit.NEGATIVE if left else Exit.DONE)


@commands.command()
def report(
    school: str = SCHOOL, year: str = YEAR, class_name: str | None = CLASS, as_json: bool = JSON_OPTION
) -> None:
    """Biết nơi cư trú từ đâu, và những trường hợp ngoại lệ; chỉ đọc."""
    with told(as_json=as_json):
        unit, _class = _scope(school, year, class_name)
        document = _report(unit, year, class_name) | _waiting(unit, None)
    answer(document, as_json=as_json, human=lambda: _tell(unit, year, document))


def _scope(school_code: str, year: str, class_name: str | None) -> tuple[Organisation, SchoolClass | None]:
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.organisations import queries as units
    from hocbaso.apps.pupils.models import SchoolClass

    school = units.school(school_code)
    check_year(year)
    if class_name is None:
        return school, None
    found = (
        SchoolClass.objects.filter(school=school, school_year=year, name=class_name)
        .select_related("school")
        .first()
    )
    if found is None:
        raise NotFound("residence_no_class", year=year, name=class_name)
    return school, found


def _work_off(school: Organisation) -> tuple[Progress, Counter[str]]:
    """Process until nothing is left; a register that asks to wait a moment is waited for."""
    from hocbaso.apps.common import clock
    from hocbaso.apps.identity.ports import population
    from hocbaso.apps.residence.use_cases.process import process_due

    outcomes: Counter[str] = Counter()
    waited = 0.0
    while True:
        run = process_due(population(), school=school)
        outcomes.update(run.outcomes)
        if run.next_at is None or run.unavailable is not None:
            return run, outcomes
        rest = max(0.5, (run.next_at - clock.now()).total_seconds())
        waited = rest if run.answered else waited + rest
        if waited > _SHORT_REST:
            return run, outcomes
        time.sleep(rest)


def _report(school: Organisation, year: str, class_name: str | None) -> dict[str, Any]:
    from hocbaso.apps.residence import queries

    pupils = queries.report_rows(school, year, class_name)
    return {
        "school": school.code,
        "year": year,
        "states": dict(Counter(str(line["state"]) for line in pupils)),
        "exceptions": dict(queries.exception_counts(school, year)),
        "pupils": pupils,
    }


def _waiting(school: Organisation, run: Progress | None) -> dict[str, Any]:
    from hocbaso.apps.residence.queries import open_lookups
    from hocbaso.apps.residence.use_cases.process import next_due

    fault = run.unavailable if run else None
    return {
        "waiting": open_lookups(school).count(),
        "next_at": next_due(school),
        "unavailable": {"code": fault.code, "message": fault.message} if fault else None,
    }


def _tell(school: Organisation, year: str, document: dict[str, Any]) -> None:
    from hocbaso.apps.residence.queries import STATES

    rows = [
        [line["class"], line["pupil"], STATES[line["state"]]]
        for line in document["pupils"]
        if line["state"] != "known"
    ]
    if rows:
        table("Chưa theo dữ liệu dân cư", ["Lớp", "Mã", "Tình trạng"], rows)
    counts = (f"{STATES[s]}: {n}" for s, n in sorted(document["states"].items()))
    messages.print(f"{school.name}, năm học {year}. " + " · ".join(counts), markup=False)
    if document["exceptions"]:
        messages.print(f"Ngoại lệ giấy tờ: {sum(document['exceptions'].values())}", style="yellow")
    if document["waiting"]:
        why = document["unavailable"]["message"] if document["unavailable"] else ""
        messages.print(f"Còn {document['waiting']} yêu cầu chờ trả lời. {why}", style="yellow", markup=False)


def _tell_groups(document: dict[str, Any]) -> None:
    rows = [[line["written"], line["mapping"], len(line["pupils"])] for line in document["addresses"]]
    if rows:
        table("Địa chỉ theo đơn vị cũ", ["Ghi trong hồ sơ", "Đơn vị mới", "Học sinh"], rows)
    messages.print(f"Đã ghi đơn vị mới cho {document['written']} học sinh.", markup=False)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="residence")
