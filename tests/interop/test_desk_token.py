"""The desk with a key on a token at the node (SoftHSM2): one PIN a list, a wrong PIN, a token pulled out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from hocbaso.apps.accounts.models import Role
from hocbaso.apps.signing.certificate_models import Possession
from hocbaso.apps.signing.elsewhere import runs
from hocbaso.apps.signing.elsewhere.models import KeyPlace, Run
from hocbaso.apps.signing.models import SigningBatch
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.transcripts.models import SheetSignature
from hocbaso.apps.transcripts.use_cases import sign_at_place
from hocbaso.engines.trust.providers.pkcs11 import TokenSigner
from tests.interop.softhsm import PIN, SO_PIN, SoftToken, module, new_token
from tests.unit.interfaces.web.conftest import *  # noqa: F403  the clients of the web tests
from tests.unit.interfaces.web.places import Desk, homeroom_desk, node_with
from tests.unit.interfaces.web.sheets import closed_school, post_of, text
from tests.unit.interfaces.web.test_desk_remote import assert_nowhere

pytestmark = [pytest.mark.interop, pytest.mark.django_db]
LABEL = "Thiet bi to 3"
BESIDE = runs.start


@dataclass
class Teacher:
    """Before the desk, with a token at the node."""

    desk: Desk
    token: SoftToken
    school: Any


@pytest.fixture
def teacher(inside: Callable[..., Client], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """``teacher(pupils)``: a class to sign, everything in this thread."""
    monkeypatch.setattr(runs, "start", runs.carry)
    nodes = []

    def make(pupils: int) -> Teacher:
        authority = key_provider().authority  # type: ignore[attr-defined]
        school = closed_school(pupils)
        post = post_of(school, Role.HOMEROOM, "3A")
        token = new_token(tmp_path / "hsm", LABEL)
        token.add(
            authority.issue_person(
                post.user.full_name, post.user.username, school.unit.name, key_kind="p256"
            ),
            "01",
            "own",
        )
        file = tmp_path / "keys.toml"
        file.write_text(
            f'module = "{module()}"\nothers = "hocbaso.sandbox.wiring.provider"\n'
            f'[environment]\nSOFTHSM2_CONF = "{token.environment["SOFTHSM2_CONF"]}"\n'
            f'[accounts."{post.user.username}"]\ntoken = "{LABEL}"\nid = "01"\n',
            "utf-8",
        )
        node = node_with(monkeypatch, file)
        node.__enter__()
        nodes.append(node)
        return Teacher(homeroom_desk(inside, school, post), token, school)

    yield make
    for node in nodes:
        node.__exit__(None, None, None)


def signed() -> int:
    return SheetSignature.objects.count()


def test_one_pin_signs_the_class_after_a_wrong_one_and_stays_nowhere(
    teacher: Callable[[int], Teacher], caplog: pytest.LogCaptureFixture
) -> None:
    here = teacher(12)
    desk = here.desk
    page = text(desk.client.get(desk.url))
    assert f"Mã PIN của thiết bị {LABEL}" in page
    assert 'type="password" autocomplete="off"' in page
    assert "Chứng thư được kiểm tra khi ký" in page
    missing = desk.press()
    assert (missing.status_code, SigningBatch.objects.count()) == (422, 0)  # the code is not used up
    wrong = desk.press(pin="planted-wrong-pin")
    page = text(wrong)
    assert wrong.status_code == 422
    assert "Mã PIN của thiết bị ký chưa đúng" in page
    assert 'href="#pin"' in page
    assert "planted-wrong-pin" not in page
    assert 'name="ma"' not in page  # the code just given still stands for this list
    assert signed() == 0
    answer = desk.go_on(pin=PIN)
    assert answer.status_code == 302
    assert signed() == 12
    assert "Đã ký 12 học bạ" in text(desk.client.get(answer.headers["Location"]))
    assert SigningBatch.objects.get().state == "done"
    page = text(desk.client.get(desk.url))
    assert "Người ký" in page  # what is on the token is known now
    assert KeyPlace.objects.count() == 1
    assert_nowhere([PIN, "planted-wrong-pin"], caplog.text + repr(dict(desk.client.session)))
    assert PIN not in repr(vars(key_provider()))


def test_a_token_pulled_out_at_sheet_20_stops_and_goes_on_with_the_pin_anew(
    teacher: Callable[[int], Teacher], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = teacher(23)
    desk, pulled, turns = here.desk, tmp_path / "pulled", []
    genuine = sign_at_place.run_batch

    def run_batch(*arguments: Any, **named: Any) -> Any:
        turns.append(1)
        if len(turns) == 5:
            here.token.tokens.rename(pulled)
            here.token.tokens.mkdir()
        return genuine(*arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(sign_at_place, "run_batch", run_batch)
        answer = desk.press(pin=PIN)
    assert signed() == 20
    kept = set(SheetSignature.objects.values_list("pk", flat=True))
    page = text(desk.client.get(answer.headers["Location"]))
    assert "Đã ký 20 học bạ" in page
    assert "Còn 3 học bạ của lần này chưa ký" in page
    assert Run.objects.get().stop_code == "token_removed"
    page = text(desk.client.get(desk.url))
    assert "Thiết bị ký đã bị rút" in page
    assert "Ký tiếp 3 học bạ" in page
    assert "Không thấy thiết bị ký" in text(desk.go_on(pin=PIN))
    here.token.tokens.rmdir()
    pulled.rename(here.token.tokens)
    desk.go_on(pin=PIN)
    assert signed() == 23
    assert kept < set(SheetSignature.objects.values_list("pk", flat=True))


def test_two_windows_at_once_sign_once(
    teacher: Callable[[int], Teacher], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = teacher(6)
    desk, waiting = here.desk, []
    monkeypatch.setattr(runs, "start", lambda run, work: waiting.append((run, work)))
    desk.press(pin=PIN)
    assert "đang được ký ở một cửa sổ khác" in text(desk.go_on(pin=PIN))
    [(run, work)] = waiting
    runs.carry(run, work)
    assert signed() == 6
    assert Run.objects.get().stop_code == ""


def test_the_place_is_tried_with_a_pin_and_signs_nothing(teacher: Callable[[int], Teacher]) -> None:
    here = teacher(1)
    client = here.desk.client
    assert LABEL in text(client.get("/tai-khoan/khoa-ky/"))
    assert client.post("/tai-khoan/khoa-ky/thu", {"pin": ""}).status_code == 422
    refused = client.post("/tai-khoan/khoa-ky/thu", {"pin": SO_PIN})
    assert (refused.status_code, SO_PIN in text(refused)) == (422, False)
    tried = client.post("/tai-khoan/khoa-ky/thu", {"pin": PIN}, follow=True)
    assert "Dùng được: đã đọc chứng thư số" in text(tried)
    assert "Chưa đăng ký ở trường" in text(tried)
    proven = client.post("/tai-khoan/khoa-ky/thu", {"pin": PIN, "viec": "dang-ky"})
    case = Possession.objects.get()
    assert proven.headers["Location"].endswith(f"/chung-thu/dang-ky/{case.pk}/")
    assert (case.state, signed()) == ("proven", 0)
    assert here.desk.post.user.full_name in text(client.get(here.desk.url))


@pytest.mark.django_db(transaction=True)
def test_the_run_goes_on_beside_the_request_in_a_thread_of_its_own(
    teacher: Callable[[int], Teacher], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = teacher(6)
    monkeypatch.setattr(runs, "start", BESIDE)
    sessions: list[TokenSigner] = []
    genuine = sign_at_place.open_token_session
    monkeypatch.setattr(
        sign_at_place, "open_token_session", lambda *a: sessions.append(genuine(*a)) or sessions[-1]
    )
    here.desk.press(pin=PIN)
    for thread in threading.enumerate():
        if thread.name.startswith("signing-"):
            thread.join()
    assert signed() == 6
    assert sessions[0].closed
    assert Run.objects.get().ended_at is not None
