"""A class signed with a stick in the teacher's PC: real agent, real driver, real server, real Chromium."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pyotp
import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect

from hocbaso.apps.accounts.models import Role, User
from hocbaso.apps.common import clock
from hocbaso.apps.signing.certificate_models import Possession, ProofState
from hocbaso.apps.signing.register import digest_of
from hocbaso.apps.transcripts.models import SheetSignature, SheetState, YearSheet
from hocbaso.apps.transcripts.use_cases.close_class import close_class
from hocbaso.sandbox.ca import StoredCredential
from tests.builders import School, finished_class, make_school
from tests.interop.softhsm import PIN, SoftToken, module, new_token
from tests.journeys.browser import axe_findings, check_page, one_time_code, sign_in
from tests.unit.interfaces.web.agent_school import (
    at_the_agent,
    credential_of,
    offering_the_agent,
    registered_for,
)

pytestmark = [pytest.mark.journey, pytest.mark.interop, pytest.mark.django_db(transaction=True)]

PASSWORD = "mot-mat-khau-dai"
COMMAND = str(Path(sys.executable).with_name("hocbaso"))
COUNT = 12


@pytest.fixture
def port(settings, live_server) -> int:
    """Where the pages of this node look for the agent."""
    settings.HOCBASO_PUBLIC_URL = live_server.url
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings.HOCBASO_AGENT_PORT = free.getsockname()[1]
    return settings.HOCBASO_AGENT_PORT


@pytest.fixture
def school(settings) -> Iterator[School]:
    """A closed class whose homeroom teacher keeps the key on a stick."""
    with offering_the_agent(settings.HOCBASO_HOME):
        made = make_school()
        finished_class(made, "3A", COUNT)
        close_class(made.actor(Role.PRINCIPAL), school_class=made.classes["3A"])
        yield made


@pytest.fixture
def teacher(school: School) -> User:
    user = school.homeroom["3A"]
    user.set_password(PASSWORD)
    user.totp_secret, user.totp_confirmed_at = pyotp.random_base32(), clock.now()
    user.save()
    at_the_agent(user)
    return user


@pytest.fixture
def token(school: School, teacher: User, tmp_path: Path) -> SoftToken:
    credential = credential_of(teacher, school.unit)
    registered_for(school, teacher, credential)
    made = new_token(tmp_path / "t")
    made.add(credential, "01", "ky so")
    made.add(second_of(teacher, school), "02", "ky so 2")
    return made


def second_of(teacher: User, school: School) -> StoredCredential:
    """Another certificate of the teacher, which nobody has registered."""
    return credential_of(teacher, school.unit, "rsa2048")


@pytest.fixture
def agent(token: SoftToken, port: int, live_server, tmp_path: Path) -> Iterator[tuple[subprocess.Popen, str]]:
    """The agent as the teacher starts it, without any setting of a node, and the address of its window."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("HOCBASO_", "DJANGO_"))}
    command = [COMMAND, "agent", "--site", live_server.url, "--module", str(module()), "--port", str(port)]
    heard: IO[bytes] = (tmp_path / "agent.err").open("wb")
    with heard, subprocess.Popen(
        [*command, "--json"], env=clean | token.environment, stdout=subprocess.PIPE, stderr=heard, text=True
    ) as process:  # fmt: skip
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["ready"] is True
        assert ready["tokens"][0]["label"] == token.label
        yield process, ready["window"]
        process.terminate()
        assert process.wait(30) == 0
        assert process.stdout.read() == ""


def nowhere_in_the_database(planted: str) -> bool:
    """No row of any table says it, no session either."""
    rows = (repr(row) for model in apps.get_models() for row in model._default_manager.values_list())
    sessions = (repr(session.get_decoded()) for session in Session.objects.all())
    return not any(planted in text for text in (*rows, *sessions))


def test_a_class_is_signed_with_a_stick_in_the_teachers_pc(
    page: Page, live_server, school: School, teacher: User, token: SoftToken, agent, tmp_path: Path, caplog
) -> None:
    process, window_address = agent
    limits = Path(f"/proc/{process.pid}/limits").read_text()
    assert re.search(r"Max core file size +0 +0 ", limits)

    window = page.context.new_page()
    complaints: list[str] = []
    window.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    window.goto(window_address)
    expect(window.get_by_role("heading", name="Chương trình ký đã sẵn sàng")).to_be_visible()
    assert "#" not in window.url, "the word of the address is taken once and gone"

    sign_in(page, live_server.url, teacher.username, PASSWORD)
    if page.url.endswith("/vi-tri"):
        page.get_by_text("Giáo viên chủ nhiệm lớp 3A").click()
        page.get_by_role("button", name="Tiếp tục").click()
        page.wait_for_url(re.compile("/truong/$"))
    page.goto(f"{live_server.url}/truong/ky/{school.classes['3A'].pk}/")
    page.get_by_label("Mã xác nhận").fill(one_time_code(teacher.username))
    page.get_by_role("button", name=f"Ký {COUNT} học bạ").click()

    # the hand-over: found, not paired; a wrong code first
    expect(page.get_by_text("Chương trình ký đang chạy, chưa ghép nối với trang này")).to_be_visible()
    check_page(page)
    page.get_by_role("button", name="Ghép nối", exact=True).click()
    code = window.locator("#ma-so")
    expect(code).to_have_text(re.compile(r"^\d{3} \d{3}$"))
    assert axe_findings(window) == []
    shown = code.inner_text().replace(" ", "")
    page.get_by_label("Mã ghép nối").fill(f"{(int(shown) + 1) % 10**6:06d}")
    page.get_by_role("button", name="Xác nhận mã").click()
    expect(page.get_by_text("Mã ghép nối chưa đúng")).to_be_visible()
    check_page(page)
    page.get_by_label("Mã ghép nối").fill(shown)
    page.get_by_role("button", name="Xác nhận mã").click()

    # paired: the list is in the window, with the same digest on both sides
    expect(window.get_by_role("button", name=f"Ký {COUNT} học bạ")).to_be_visible()
    digest = window.locator("#viec-ma").inner_text()
    expect(page.get_by_text(f"Mã danh sách: {digest}")).to_be_visible()
    window.get_by_text("Xem danh sách").click()
    expect(window.locator("#dong tr")).to_have_count(COUNT)
    assert axe_findings(window) == []
    assert SheetSignature.objects.count() == 0

    # the stick is not there, then it is
    token.tokens.rename(tmp_path / "pulled")
    token.tokens.mkdir()
    window.get_by_label("Mã PIN của thiết bị ký").fill(PIN)
    window.get_by_role("button", name=f"Ký {COUNT} học bạ").click()
    expect(window.get_by_text("Không thấy thiết bị ký có chứng thư số")).to_be_visible()
    expect(
        page.get_by_text(f"Đã ký 0/{COUNT}. Thầy cô làm tiếp trong cửa sổ Chương trình ký")
    ).to_be_visible()
    token.tokens.rmdir()
    (tmp_path / "pulled").rename(token.tokens)
    window.get_by_label("Mã PIN của thiết bị ký").fill(PIN)
    window.get_by_role("button", name=f"Ký {COUNT} học bạ").click()

    expect(page.get_by_role("heading", name=f"Đã ký {COUNT} học bạ")).to_be_visible()
    expect(window.get_by_text(f"Đã ký {COUNT}/{COUNT} học bạ.")).to_be_visible()
    assert set(YearSheet.objects.values_list("state", flat=True)) == {SheetState.HOMEROOM_SIGNED}
    signer = digest_of(credential_of(teacher, school.unit).certificate)
    assert set(SheetSignature.objects.values_list("certificate", flat=True)) == {signer}

    # the other certificate on the stick is registered by the same way
    page.goto(f"{live_server.url}/truong/thiet-bi-ky/")
    expect(page.get_by_text("đã đăng ký")).to_have_count(1)
    check_page(page)
    page.get_by_role("button", name="Đăng ký chứng thư số này").click()
    expect(window.get_by_role("heading", name="Đăng ký chứng thư số")).to_be_visible()
    window.get_by_label("Mã PIN của thiết bị ký").fill(PIN)
    window.get_by_role("button", name="Ký chuỗi thử thách").click()
    page.wait_for_url(re.compile("/truong/chung-thu/dang-ky/"))
    proof = Possession.objects.get()
    assert proof.state == ProofState.PROVEN
    assert proof.certificate_id == digest_of(second_of(teacher, school).certificate)

    # the person ends the pairing in the window: the page says so and pairs anew
    page.goto(f"{live_server.url}/truong/thiet-bi-ky/")
    expect(page.get_by_text("Đã ghép nối với chương trình ký trên máy này")).to_be_visible()
    window.get_by_role("button", name="Ngắt ghép nối").click()
    expect(window.get_by_text("Chưa ghép nối.")).to_be_visible()
    page.get_by_role("button", name="Xem lại").click()
    expect(page.get_by_role("alert").get_by_text("chưa ghép nối với chương trình ký")).to_be_visible()

    # a page of nobody gets nothing; the PIN is nowhere
    stranger = page.context.new_page()
    stranger.goto("about:blank")
    ask = "address => fetch(address, {method: 'POST', body: '{}'}).then(() => 'in', () => 'out')"
    for path in ("/v1/hello", "/window/view"):
        assert stranger.evaluate(ask, f"{window_address.split('/#')[0]}{path}") == "out"
    assert complaints == []
    assert PIN not in caplog.text
    assert nowhere_in_the_database(PIN)
    assert PIN.encode() not in (tmp_path / "agent.err").read_bytes()
