"""The terminal as the agent's window: says what happens; with ``--terminal`` also asks for the PIN there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hocbaso.interfaces.agent.desk import Desk

Say = Callable[[str], None]


def _wrong_codes(wrong: dict[str, Any]) -> str:
    return (
        f"Mã ghép nối đã bị nhập sai {wrong['count']} lần từ khi mở chương trình (lần gần nhất: trang "
        f"{wrong['origin']}, tài khoản {wrong['account']}; đủ {wrong['limit']} lần thì phải mở lại chương "
        "trình). Nếu không phải thầy cô nhập, hãy rút thiết bị ký và báo người phụ trách máy tính."
    )


class TerminalWindow:
    """Follows the desk and speaks.

    :param say: writes a line.
    :param ask_pin: asks without echo and gives the PIN ("" declines); None: the PIN is typed in the page,
        here things are only told.
    """

    def __init__(self, desk: Desk, say: Say, ask_pin: Callable[[str], str] | None) -> None:
        self._desk, self._say, self._ask = desk, say, ask_pin
        self._told: set[tuple[str, ...]] = set()

    def follow(self, ended: Callable[[], bool]) -> None:
        """Until the program ends."""
        since = 0
        while not ended():
            now = self._desk.view(since, 1.0)
            since = now["version"]
            self.tell(now)

    def tell(self, now: dict[str, Any]) -> None:
        """Say what is new in this view, and ask when a PIN is wanted."""
        if attempt := now["attempt"]:
            code = f"{attempt['code'][:3]} {attempt['code'][3:]}"
            self._once(
                ("attempt", code),
                f"Mã ghép nối: {code}\n  Trang {attempt['origin']}, tài khoản {attempt['account']}. "
                "Nhập mã này vào trang đó nếu đúng là thầy cô đang ghép nối.",
            )
        if pairing := now["pairing"]:
            self._once(("pairing", *pairing.values()), f"Đã ghép nối với {pairing['origin']}.")
        if stranger := now["stranger"]:
            self._once(
                ("stranger", stranger), f"Đã từ chối trang {stranger}: không phải trang học bạ đã khai."
            )
        if wrong := now["wrong"]:
            self._once(("wrong", str(wrong["count"])), _wrong_codes(wrong))
        if now["closed"]:
            self._once(("closed", str(now["version"])), "Nhập sai mã nhiều lần: tạm không nhận ghép nối.")
        if job := now["job"]:
            self._tell_job(job)

    def _once(self, what: tuple[str, ...], text: str) -> None:
        if what not in self._told:
            self._told.add(what)
            self._say(text)

    def _tell_job(self, job: dict[str, Any]) -> None:
        list_line = (
            f"{job['total']} học bạ" if job["kind"] == "list" else "chuỗi thử thách đăng ký chứng thư số"
        )
        self._once(
            ("job", job["id"]),
            f"Yêu cầu ký: {job['title']}, {job['school']}: {list_line}. Mã danh sách {job['digest'][:16]}.",
        )
        if error := job["error"]:
            self._once(("error", job["id"], error["code"], str(job["signed"])), error["message"])
        if job["state"] == "done":
            self._once(("done", job["id"]), f"Đã ký xong {job['signed']} mục. Thầy cô quay lại trang học bạ.")
        if job["state"] == "waiting" and self._ask is not None:
            self._ask_for(job, self._ask)

    def _ask_for(self, job: dict[str, Any], ask: Callable[[str], str]) -> None:
        token = job["token"] or {"label": "", "tries": "", "pad": False}
        if token["tries"] in ("few", "last"):
            self._say("Thiết bị báo sắp hết số lần thử mã PIN; nhập thật cẩn thận.")
        left = job["total"] - job["signed"]
        question = f"Mã PIN để ký {left} mục (bỏ trống: không ký): "
        if token["pad"]:
            question = f"Bấm Enter rồi nhập mã PIN trên thiết bị để ký {left} mục (gõ k: không ký): "
        answer = ask(question)
        declined = answer.strip().lower() == "k" if token["pad"] else not answer
        if declined:
            self._desk.decline(job["id"])
        else:
            self._desk.give_pin(job["id"], "" if token["pad"] else answer)
