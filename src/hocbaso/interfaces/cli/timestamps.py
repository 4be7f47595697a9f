"""``hocbaso timestamps status | complete``: the authorities, and what waits for their stamps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from hocbaso.interfaces.cli.output import JSON_OPTION, Exit, answer, messages, table, told

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from hocbaso.engines.trust.breakers import Health

commands = typer.Typer(no_args_is_help=True, help="Dấu thời gian: nơi cấp, học bạ đang chờ.")

_STATES = {"closed": "đang dùng", "open": "tạm không hỏi", "half_open": "sắp hỏi thử lại"}


@commands.command()
def status(as_json: bool = JSON_OPTION) -> None:
    """Từng nơi cấp dấu thời gian ra sao, bao nhiêu học bạ đang chờ; trả về 1 nếu có học bạ chờ."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    with told(as_json=as_json):
        document = status_document()
    answer(document, as_json=as_json, human=lambda: _tell_status(document))
    raise typer.Exit(Exit.NEGATIVE if document["waiting"]["count"] else Exit.DONE)


@commands.command()
def complete(
    most: int = typer.Option(None, "--most", min=1, help="Nhiều nhất chừng này học bạ."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Xin dấu thời gian cho học bạ đang chờ và phát hành.

    Trả về 1 nếu còn học bạ chờ hoặc bị từ chối, 3 nếu không nơi cấp nào trả lời.
    """
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.transcripts.waiting.complete import complete_waiting

    with told(as_json=as_json):
        done = complete_waiting(Actor.operator(), most=most)
        document: dict[str, Any] = {
            "issued": done.issued,
            "refused": done.refused,
            "left": done.left,
            "stamped_by": dict(done.stamped_by),
            "stopped": done.stopped,
        }
    answer(document, as_json=as_json, human=lambda: _tell_completed(document))
    if done.stopped and not done.issued:
        raise typer.Exit(Exit.UNAVAILABLE)
    raise typer.Exit(Exit.NEGATIVE if done.left or done.refused else Exit.DONE)


def status_document() -> dict[str, Any]:
    """What ``status`` tells: two queries."""
    from hocbaso.apps.common import clock
    from hocbaso.apps.signing.ports import key_provider
    from hocbaso.apps.transcripts.waiting.queries import waiting

    health: Mapping[str, Health] = getattr(key_provider().stamper(), "health", dict)()
    now, queue = clock.now(), waiting()
    return {
        "authorities": [
            {
                "name": name,
                "state": str(one.state(now)),
                "last_success": _moment(one.last_success),
                "last_failure": _moment(one.last_failure),
                "last_fault": one.last_fault or None,
                "failures": one.failures,
                "open_until": _moment(one.open_until),
                "mean_ms": round(one.mean_ms, 1) if one.mean_ms is not None else None,
            }
            for name, one in health.items()
        ],
        "waiting": {"count": queue.count, "oldest": _moment(queue.oldest)},
    }


def _moment(at: datetime | None) -> str | None:
    from hocbaso.apps.common.clock import iso_seconds

    return iso_seconds(at) if at else None


def _tell_status(document: dict[str, Any]) -> None:
    rows = [
        [
            one["name"],
            _STATES[one["state"]],
            one["last_success"] or "chưa có",
            f"{one['last_failure']} ({one['last_fault']})" if one["last_failure"] else "không",
            one["mean_ms"] if one["mean_ms"] is not None else "",
        ]
        for one in document["authorities"]
    ]
    table("Nơi cấp dấu thời gian", ["Nơi cấp", "Tình trạng", "Lần được cuối", "Lần hỏng cuối", "ms"], rows)
    queue = document["waiting"]
    if queue["count"]:
        messages.print(f"{queue['count']} học bạ chờ dấu thời gian từ {queue['oldest']}.", style="yellow")
    else:
        messages.print("Không có học bạ nào chờ dấu thời gian.")


def _tell_completed(document: dict[str, Any]) -> None:
    issued, refused, left = (document[key] for key in ("issued", "refused", "left"))
    messages.print(f"Đã phát hành {issued} học bạ, từ chối {refused}, còn chờ {left}.")
    if document["stopped"]:
        messages.print(document["stopped"], style="yellow", markup=False)


def register(app: typer.Typer) -> None:
    """Add the group to the program."""
    app.add_typer(commands, name="timestamps")
