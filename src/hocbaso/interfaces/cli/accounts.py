"""``hocbaso account …``: what the operator of a node does about accounts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import typer

from hocbaso.core.errors import NotFound
from hocbaso.core.errors import register as register_errors
from hocbaso.interfaces.cli.output import JSON_OPTION, answer, messages, table, told

commands = typer.Typer(no_args_is_help=True, help="Tài khoản: mã kích hoạt, đặt lại, danh sách.")

register_errors(
    {
        "account_not_found": (
            "Không có tài khoản mang tên đăng nhập {username}.",
            "There is no account {username}.",
        )
    }
)

SCHOOL = typer.Option(..., "--school", help="Mã trường.")
_STATES = {"in_use": "đang dùng", "waiting": "chưa kích hoạt", "closed": "đã đóng", "none": "không có"}


@commands.command()
def reset(
    username: str = typer.Argument(..., metavar="USERNAME", help="Tên đăng nhập."),
    as_json: bool = JSON_OPTION,
) -> None:
    """Đặt lại mật khẩu và xác nhận lần hai; in mật khẩu dùng một lần để trao tận tay."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.accounts.models import User
    from hocbaso.apps.accounts.use_cases.reset_access import reset_access

    with told(as_json=as_json):
        user = User.objects.filter(username=username).first()
        if user is None:
            raise NotFound("account_not_found", username=username)
        code = reset_access(Actor.operator(), user=user)
    document = {"username": user.username, "name": user.full_name, "code": code}
    answer(document, as_json=as_json, human=lambda: _tell_reset(document))


def _tell_reset(document: dict[str, str]) -> None:
    messages.print(f"{document['name']} ({document['username']}): mật khẩu dùng một lần", markup=False)
    messages.print(document["code"], style="bold", markup=False)
    messages.print("Các phiên đang mở đã kết thúc; xác nhận lần hai phải cài đặt lại.")


@commands.command()
def codes(school: str = SCHOOL, as_json: bool = JSON_OPTION) -> None:
    """Cấp mã kích hoạt cho mọi tài khoản chưa dùng của trường, kể cả lãnh đạo; mã cũ hết hiệu lực."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.accounts.door import Actor
    from hocbaso.apps.accounts.use_cases.activation import activation_codes
    from hocbaso.apps.organisations import queries

    with told(as_json=as_json):
        slips = [asdict(slip) for slip in activation_codes(Actor.operator(), queries.school(school))]
    answer({"school": school, "codes": slips}, as_json=as_json, human=lambda: _tell_codes(slips))


def _tell_codes(slips: list[dict[str, str]]) -> None:
    if not slips:
        messages.print("Mọi tài khoản của trường đều đã được kích hoạt.")
        return
    columns = ["Mã cán bộ", "Họ và tên", "Vị trí việc làm", "Tên đăng nhập", "Mã kích hoạt"]
    rows = [list(s.values()) for s in slips]
    table(f"{len(slips)} mã chỉ hiện một lần", columns, rows, limit=len(rows), whole=columns[-2:])


@commands.command("list")
def list_accounts(school: str = SCHOOL, as_json: bool = JSON_OPTION) -> None:
    """Người của trường, tài khoản, tình trạng và các vị trí đang giữ."""
    from hocbaso.interfaces.cli.main import use_database

    use_database()
    from hocbaso.apps.organisations import queries

    with told(as_json=as_json):
        unit = queries.school(school)
    rows = _accounts(unit)
    columns = ["Mã cán bộ", "Họ và tên", "Tên đăng nhập", "Tình trạng", "Xác nhận lần hai", "Vị trí"]
    answer(
        {"school": school, "accounts": rows},
        as_json=as_json,
        human=lambda: table(
            unit.name,
            columns,
            [
                [
                    r["staff_code"],
                    r["name"],
                    r["username"],
                    _STATES[r["state"]],
                    "có" if r["second_factor"] else "chưa",
                    "; ".join(post["label"] for post in r["posts"]),
                ]
                for r in rows
            ],
            limit=len(rows),
            whole=columns[2:3],
        ),
    )


def _accounts(unit: Any) -> list[dict[str, Any]]:
    """Everybody with a personnel file or a post in the unit. Two queries."""
    from hocbaso.apps.accounts import queries

    posts: dict[int, list[dict[str, str]]] = {}
    people = {}
    for post in queries.assignments_of(unit):
        words = [post.get_role_display(), post.school_class.name if post.school_class else ""]
        label = " ".join(word for word in (*words, post.subject_code) if word)
        posts.setdefault(post.user_id, []).append({"role": post.role, "label": label})
        people[post.user_id] = post.user
    rows = []
    for member in queries.staff_of(unit):
        people.pop(member.user_id or 0, None)
        rows.append(_row(member.code, member.full_name, member.user, posts.get(member.user_id or 0, [])))
    rows += [_row("", user.full_name, user, posts[pk]) for pk, user in people.items()]
    return rows


def _row(code: str, name: str, user: Any, posts: list[dict[str, str]]) -> dict[str, Any]:
    if user is None:
        state = "none"
    elif not user.is_active:
        state = "closed"
    elif user.must_change_password or not user.has_usable_password():
        state = "waiting"
    else:
        state = "in_use"
    return {
        "staff_code": code,
        "name": name,
        "username": user.username if user else "",
        "state": state,
        "second_factor": bool(user and user.totp_confirmed_at),
        "posts": posts,
    }


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands, name="account")
