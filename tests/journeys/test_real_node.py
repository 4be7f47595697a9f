"""A node without any sandbox, as its administrator and its people use it: genuine environment, trust store,
tokens, a remote service, a stick in somebody's PC; from nothing to verified transcripts and a revocation.

What is typed here is what docs/a-real-node.md says. Everything outside is behind addresses (``outside.py``).
"""

from __future__ import annotations

import io
import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import openpyxl
import pytest

from hocbaso.sandbox.demo.workbooks import (
    DemoSchool,
    pupil_workbook,
    pupils_of,
    result_workbook,
    staff_workbook,
)
from tests.interop.softhsm import PIN, SO_PIN, SoftToken, module, new_token
from tests.journeys.commands import Home
from tests.journeys.nursery import COMMAND
from tests.journeys.outside import Outside, as_text, outside
from tests.journeys.people_online import AgentPage, Person

pytestmark = [pytest.mark.journey, pytest.mark.interop]

CODE, YEAR = "79000105", "2025-2026"
CLASSES = {"1A": 7, "2A": 4, "3A": 4}
SCHOOL = DemoSchool(CODE, "Trường Tiểu học Sao Mai", "25747", "Phường Tân Định", CLASSES, YEAR)
OF_SCHOOL = ("--school", CODE, "--year", YEAR)
REMOTE_PIN, SERVICE_SECRET, PASSWORD = "planted-remote-pin", "bi-mat-thu-nghiem", "mot-mat-khau-rat-dai"
PEOPLE = "Cua nguoi ky"  # the token of those who sign at the server
PRINCIPAL, CLERK, ON_TOKEN, REMOTE, AT_AGENT = (f"GV00{n}" for n in (1, 3, 5, 6, 7))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Node:
    """The administrator's machine."""

    home: Home
    around: Outside
    folder: Path
    port: int
    hsm: SoftToken
    agent_port: int
    staff: dict[str, dict[str, str]] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def configure(self) -> None:
        """``keys.toml``, ``trust.toml``, and the files of PINs and secrets that only the server reads."""
        for name, secret in (("pin", PIN), ("csc", SERVICE_SECRET)):
            file = self.folder / f"{name}.secret"
            file.write_text(f"{secret}\n")
            file.chmod(0o600)
        (self.home.path / "trust.toml").write_text(self.around.trust_toml(self.home.path), "utf-8")
        token, pin = f'token = "{self.hsm.label}"', f'pin_file = "{self.folder / "pin.secret"}"'
        accounts = "\n".join(
            f'[accounts."{self.staff[code]["username"]}"]\ntoken = "{PEOPLE}"\nid = "{key}"\n'
            for code, key in ((PRINCIPAL, "01"), (ON_TOKEN, "02"))
        )
        (self.home.path / "keys.toml").write_text(
            f'module = "{module()}"\nothers = "hocbaso.apps.signing.providers.trust_store.provider"\n'
            f'agent = true\n[environment]\nSOFTHSM2_CONF = "{self.hsm.environment["SOFTHSM2_CONF"]}"\n'
            f'{accounts}[seals."{CODE}"]\n{token}\nid = "03"\n{pin}\n[node]\n{token}\nid = "04"\n{pin}\n'
            f'[remote.mau]\nname = "Mẫu Việt Remote"\nurl = "{self.around.url}/csc/v2"\nuser = "nut"\n'
            f'secret_file = "{self.folder / "csc.secret"}"\n',
            "utf-8",
        )

    def number(self, code: str) -> str:
        return self.staff[code]["number"]

    @contextmanager
    def served(self) -> Iterator[None]:
        server = self.home.start("serve", "--port", str(self.port), "--workers", "1")
        try:
            for _ in range(600):
                try:
                    if httpx.get(f"{self.site}/readyz", trust_env=False, timeout=10).status_code == 200:
                        break
                except httpx.HTTPError:
                    assert server.poll() is None, server.communicate()
                    time.sleep(0.1)
            yield
        finally:
            server.terminate()
            server.communicate(timeout=60)

    def enter(self, code: str, post: str = "") -> Person:
        slip = self.staff[code]
        person = Person(self.site, slip["username"], slip["code"])
        person.enter(PASSWORD, post)
        self.people[code] = person
        return person


def issue_keys(node: Node) -> None:
    """What authorities hand over: tokens with a key each, a key at the service, a stick."""
    around, name = node.around, {code: row["full_name"] for code, row in node.staff.items()}
    people = SoftToken(node.hsm.folder, PEOPLE)  # whose PIN is in no file
    pins = ("--pin", PIN, "--so-pin", SO_PIN)
    people.tool("softhsm2-util", "--init-token", "--free", "--label", PEOPLE, *pins)
    people.add(around.person(name[PRINCIPAL], node.number(PRINCIPAL), SCHOOL.name), "01", "principal")
    people.add(around.person(name[ON_TOKEN], node.number(ON_TOKEN), SCHOOL.name), "02", "teacher")
    node.hsm.add(around.seal(CODE, SCHOOL.name), "03", "seal")
    node.hsm.add(around.seal("NUT", f"Nút Học bạ số 127.0.0.1:{node.port}"), "04", "node")
    around.enrol(name[REMOTE], node.number(REMOTE), SCHOOL.name, REMOTE_PIN)


def bring_in(node: Node) -> None:
    """School, pupils, staff, results; first codes for everybody."""
    place = ("--level", "tieu_hoc", "--province", "79", "--commune", "25747")
    node.home.json("school", "add", CODE, SCHOOL.name, *place)
    pupils = pupils_of(SCHOOL)
    books = {
        "pupils": pupil_workbook(SCHOOL, pupils),
        "staff": staff_workbook(SCHOOL),
        "results": result_workbook(SCHOOL, pupils, list(CLASSES)),
    }
    for kind, content in books.items():
        file = node.folder / f"{kind}.xlsx"
        file.write_bytes(content)
        told = node.home.json("import", kind, str(file), *OF_SCHOOL)
        assert told["written"], as_text(told)
    slips = node.home.json("account", "codes", "--school", CODE)["codes"]
    numbers = staff_numbers(books["staff"])
    for slip in slips:
        node.staff[slip["staff_code"].removeprefix(CODE)] = slip | {"number": numbers[slip["staff_code"]]}


def staff_numbers(workbook: bytes) -> dict[str, str]:
    """Personal numbers by staff code, as the school's own list has them."""
    rows = openpyxl.load_workbook(io.BytesIO(workbook)).active.iter_rows(min_row=2, values_only=True)
    return {str(row[1]): str(row[5]) for row in rows}


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    home = tmp_path / "node"
    home.mkdir()
    with outside(tmp_path / "outside", monkeypatch) as around:
        port, agent_port = free_port(), free_port()
        environment = {
            "HOCBASO_ENVIRONMENT": "chinh_thuc",
            "HOCBASO_KEY_PROVIDER": "hocbaso.apps.signing.providers.tokens.provider",
            "HOCBASO_TSA": f"{around.url}/tsa {around.url}/tsa2",
            "HOCBASO_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "HOCBASO_AGENT_PORT": str(agent_port),
        }
        Home(home).begin()  # the tables; `init` of the genuine node comes in the test
        hsm = new_token(tmp_path / "hsm", "May chu")
        yield Node(Home(home, extra=environment), around, tmp_path, port, hsm, agent_port)


@contextmanager
def agent_of(node: Node, person: Person) -> Iterator[AgentPage]:
    """The signing program in somebody's PC, with a stick; started without any setting of a node."""
    stick = new_token(node.folder / "stick", "USB cua co")
    name, number = node.staff[AT_AGENT]["full_name"], node.number(AT_AGENT)
    stick.add(node.around.person(name, number, SCHOOL.name), "01", "own")
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("HOCBASO_", "DJANGO_"))}
    command = [COMMAND, "agent", "--site", node.site, "--module", str(module())]
    command += ["--port", str(node.agent_port), "--no-browser", "--json"]
    with subprocess.Popen(
        command, env=clean | stick.environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        page = AgentPage(person, node.site, json.loads(process.stdout.readline())["window"])
        try:
            page.pair()
            yield page
        finally:
            process.terminate()


def everybody_registers(node: Node, agent: AgentPage) -> None:
    """Each from "Nơi giữ khóa ký", or from the stick's own page; nobody confirms the own one."""
    places, attempt = "/tai-khoan/khoa-ky/", "/tai-khoan/khoa-ky/thu"
    principal, clerk = node.people[PRINCIPAL], node.people[CLERK]
    for person, second in (
        (principal, clerk),  # the principal's own is confirmed by somebody else
        (clerk, principal),  # of the seal
        (node.people[ON_TOKEN], principal),
    ):
        person.post(attempt, viec="dang-ky", pin=PIN)
        register(person, second)
    remote = node.people[REMOTE]
    remote.post(places, noi_giu="remote:mau", tim="1")
    assert "Chưa đăng ký ở trường nên chưa ký được" in remote.page
    remote.post(attempt, viec="dang-ky")
    remote.post(remote.url, viec="ky", can=["PIN", "OTP"], pin=REMOTE_PIN, otp=node.around.otp())
    register(remote, principal)
    agent.person.get(agent.register(PIN))
    register(agent.person, principal)
    agent.person.post(places, noi_giu="agent")


def register(person: Person, second: Person) -> None:
    """The proof stands; the second person confirms."""
    assert "Chờ người thứ hai xác nhận" in person.page
    second.post(person.url, viec="xac-nhan")
    assert "Đã đăng ký chứng thư số" in second.page


def sign_in_order(node: Node, agent: AgentPage) -> None:
    """Three homeroom teachers, each where the key is; the principal; nothing is sealed yet."""
    on_token, remote = node.people[ON_TOKEN], node.people[REMOTE]
    on_token.press(desk_of(on_token), pin=PIN)
    assert "Đã ký 7 học bạ" in on_token.until_done()
    remote.press(desk_of(remote))
    listed = re.search(r'name="danh-sach" value="(\d+)"', remote.page)
    assert listed is not None
    codes = {"pin": REMOTE_PIN, "otp": node.around.otp()}
    remote.post(remote.url, viec="ky", danh_sach=listed[1], can=["PIN", "OTP"], **codes)
    assert "Đã ký 2 học bạ" in remote.until_done()
    agent.person.press(desk_of(agent.person))
    batch = re.search(r"/lan/(\d+)/may-nay", agent.person.url)
    assert batch is not None
    assert agent.sign(int(batch[1]), PIN) == {"signed": 3, "waiting": 0, "refused": []}
    principal = node.people[PRINCIPAL]
    principal.press("/truong/ky/hieu-truong/", pin=PIN)
    assert "Đã ký 12 học bạ" in principal.until_done()


def desk_of(person: Person) -> str:
    person.get("/truong/ky/")
    return person.url


def seal_with_the_token_pulled_out(node: Node) -> None:
    """While the second sheets' time stamps are asked for the token is gone; later it is there again."""
    clerk, around, hsm, away = node.people[CLERK], node.around, node.hsm, node.folder / "pulled"
    asked = around.asked.count("/tsa")

    def pull(path: str, count: int) -> None:
        if path == "/tsa" and count == asked + 1:
            hsm.tokens.rename(away)
            hsm.tokens.mkdir()

    around.before = pull
    clerk.press("/truong/phat-hanh/", pin=PIN)
    receipt = clerk.until_done()
    assert "Đã phát hành 5 học bạ" in receipt
    assert "Còn 7 học bạ của lần này chưa ký" in receipt
    assert "Thiết bị ký đã bị rút" in receipt
    hsm.tokens.rmdir()
    away.rename(hsm.tokens)
    clerk.go_on("/truong/phat-hanh/", pin=PIN)
    assert "Đã phát hành 12 học bạ" in clerk.until_done()


def proved(node: Node, out: Path, *kinds: str) -> None:
    """What was issued, exported and judged with nothing but the bundle; every file is genuine and valid."""
    more = [f"--{kind}" for kind in kinds if kind == "pdf"]
    node.home.json("transcripts", "export", *OF_SCHOOL, "--out", str(out), *more)
    files = [str(file) for kind in kinds for file in sorted(out.glob(f"*.{kind}"))]
    assert len(files) == 12 * len(kinds)
    bundle = ("--trust-bundle", str(out / "trust-bundle.json"))
    judged = node.home.json("verify", *files, *bundle)
    assert {(one["verdict"], one["environment"]) for one in judged} == {("valid", "chinh_thuc")}, judged[0]


def signed_code_verifies_without_network(node: Node, code: str) -> None:
    bundle = node.folder / "trust-bundle.json"
    assert node.home.json("offline", "bundle", "--out", str(bundle))["code_signers"] == 1
    text = node.home.json("offline", "qr", code)["text"]
    [judged] = node.home.json("verify", "--qr", text, "--trust-bundle", str(bundle))
    assert (judged["verdict"], judged["environment"]) == ("valid", "chinh_thuc")


def on_the_public_page(node: Node, file: Path) -> None:
    """Somebody without an account, who has a file."""
    person = Person(node.site, "", "")
    person.get("/xac-thuc")
    token = person.client.cookies["csrftoken"]
    answer = person.client.post(
        "/xac-thuc/tep",
        data={"csrfmiddlewaretoken": token},
        files={"tep": (file.name, file.read_bytes())},
        headers={"Referer": f"{node.site}/xac-thuc"},
    )
    assert "Học bạ hợp lệ" in answer.text


def a_revocation_is_seen(node: Node) -> None:
    """No OCSP answer: the list tells it. What was signed before stays valid; nothing more is signed."""
    home, around, remote = node.home, node.around, node.people[REMOTE]
    name = node.staff[REMOTE]["full_name"]
    around.silent.add("/ocsp")
    around.revoke(around.person(name, node.number(REMOTE), SCHOOL.name))
    told = home.json("certificates", "refresh", "--all")
    assert (told["asked"], told["revoked"]) == (5, 1), told
    assert any(path.startswith("/crl/cong_cong-issuing") for path in around.asked)
    board = home.json("certificates", "readiness", "--school", CODE, expect=1)["people"]
    assert {one["name"] for one in board if "revoked" in one["states"]} == {name}
    remote.get(desk_of(remote))  # the server heard "good" a minute ago; what the node knows now counts
    assert "đã bị thu hồi" in remote.page
    proved(node, node.folder / "after", "xml")


def test_a_node_without_sandbox_from_nothing_to_a_revocation(node: Node) -> None:
    home = node.home
    home.json("init")
    assert home.json("keys", "check", expect=2)["error"]["code"] == "wrong_configuration"
    bring_in(node)
    node.configure()
    checks = home.json("keys", "check", expect=1)["checks"]
    assert {one["part"] for one in checks if one["state"] == "stop"} == {"token", "node", "seal"}, as_text(
        checks
    )
    issue_keys(node)
    assert {one["state"] for one in home.json("keys", "check")["checks"]} == {"ok"}
    with node.served():
        node.enter(PRINCIPAL)
        node.enter(CLERK, "Văn thư giữ con dấu")
        for teacher in (ON_TOKEN, REMOTE, AT_AGENT):
            node.enter(teacher, "Giáo viên chủ nhiệm")
        with agent_of(node, node.people[AT_AGENT]) as agent:
            everybody_registers(node, agent)
            board = home.json("certificates", "readiness", "--school", CODE)
            assert (board["required"], board["able"]) == (5, 5)
            locked(node)
            closed = home.json("transcripts", "close", *OF_SCHOOL)
            assert (closed["closed"], {one["code"] for one in closed["blocked"]}) == (12, {"summer_pending"})
            refused = home.json("transcripts", "sign", *OF_SCHOOL, "--as", "gvcn", expect=1)
            assert refused["error"]["code"] == "only_in_sandbox"
            sign_in_order(node, agent)
        seal_with_the_token_pulled_out(node)
        proved(node, node.folder / "out", "xml", "pdf")
        first = home.json("transcripts", "list", *OF_SCHOOL)[0]["code"]
        signed_code_verifies_without_network(node, first)
        on_the_public_page(node, min((node.folder / "out").glob("*.xml")))
        home.json("archive", "extend", "--school", CODE)
        assert home.json("archive", "status", "--school", CODE)["levels"]["B-LT"] == 12
        a_revocation_is_seen(node)
        assert home.json("log", "audit")["ok"]
    assert no_secret_stays(node)


def locked(node: Node) -> None:
    """The period is over: the locks are facts of the database."""
    made = node.home.json("periods", "set", *OF_SCHOOL, "--moment", "cn", "--closes", "2035-05-31T17:00")
    closed = node.home.json("periods", "close", str(made["id"]), "--reason", "Đã nhập xong cuối năm")
    assert closed["state"] == "closed", closed


def no_secret_stays(node: Node) -> bool:
    """Neither a PIN nor the service's secret stands anywhere in the node's home; their files lie outside."""
    planted = [text.encode() for text in (PIN, REMOTE_PIN, SERVICE_SECRET)]
    files = [file for file in node.home.path.rglob("*") if file.is_file()]
    assert files
    return not any(secret in file.read_bytes() for file in files for secret in planted)
