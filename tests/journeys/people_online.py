"""People before a node that runs as a process of its own, over HTTP and without JavaScript."""

from __future__ import annotations

import html
import re
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import pyotp

STEP = 30


@dataclass
class Person:
    """Somebody with an account, from the first code on a slip of paper to a signed list."""

    site: str
    username: str
    password: str  # the code of the slip, at first
    secret: str = ""
    page: str = ""  # the last page, as text
    url: str = ""
    _step: int = 0
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.site, follow_redirects=True, trust_env=False, timeout=60.0)

    def get(self, path: str, expect: int = 200) -> str:
        return self._seen(self.client.get(path), expect)

    def post(self, path: str, expect: int = 200, /, **fields: object) -> str:
        """A form; ``_`` in a name stands for ``-``."""
        data = {name.replace("_", "-"): value for name, value in fields.items()}
        data["csrfmiddlewaretoken"] = self.client.cookies.get("csrftoken", "")
        headers = {"Referer": f"{self.site}/"}
        return self._seen(self.client.post(path, data=data, headers=headers), expect)

    def json(self, path: str, body: object = None) -> Any:
        """As the page's script asks."""
        headers = {"Accept": "application/json", "X-CSRFToken": self.client.cookies.get("csrftoken", "")}
        headers["Referer"] = f"{self.site}/"
        verb = "GET" if body is None else "POST"
        answer = self.client.request(verb, path, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _seen(self, answer: httpx.Response, expect: int) -> str:
        self.page, self.url = html.unescape(answer.text), answer.url.path
        shown = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", self.page.partition("<main")[2]))[:1500]
        assert answer.status_code == expect, f"{answer.url}: {answer.status_code}: {shown}"
        return self.page

    def code(self) -> str:
        """A code that was not used: of this step or the next; waits where both are gone."""
        present = int(time.time()) // STEP
        step = max(present, self._step + 1)
        while step > int(time.time()) // STEP + 1:
            time.sleep(0.5)
        self._step = step
        return pyotp.TOTP(self.secret, interval=STEP).generate_otp(step)

    def enter(self, password: str, post: str = "") -> None:
        """The first time: slip, own password, second factor, post."""
        self.get("/")
        self.post("/", username=self.username, password=self.password)
        assert self.url == "/mat-khau", self.url
        self.post("/mat-khau", present=self.password, new=password, again=password)
        assert self.url == "/ma-xac-nhan/cai-dat", self.url
        groups = re.search(r"((?:[A-Z2-7]{4} ){7}[A-Z2-7]{4})", self.page)
        assert groups is not None
        self.secret = groups[1].replace(" ", "")
        self.post("/ma-xac-nhan/cai-dat", code=self.code())
        if self.url == "/vi-tri":
            found = re.search(rf'value="(\d+)"[^>]*>\s*<span><strong>{post}', self.page)
            assert found is not None, post
            self.post("/vi-tri", vi_tri=found[1])
        assert self.url == "/truong/", self.url
        self.password = password

    def press(self, desk: str, **fields: object) -> str:
        """Sign everything on a desk's page, with a fresh code of the second factor."""
        self.get(desk)
        digest = re.search(r'name="danh-sach" value="([0-9a-f]{64})"', self.page)
        assert digest is not None
        sheets = re.findall(r'name="hoc-ba" value="(\d+)"', self.page)
        return self.post(desk, danh_sach=digest[1], hoc_ba=sheets, viec="ky", ma=self.code(), **fields)

    def go_on(self, desk: str, **fields: object) -> str:
        """The rest of a list that stopped."""
        self.get(desk)
        found = re.search(r'name="lan" value="(\d+)"', self.page)
        assert found is not None
        if 'name="ma"' in self.page:
            fields["ma"] = self.code()
        return self.post(desk, lan=found[1], viec="ky-tiep", **fields)

    def until_done(self) -> str:
        """The receipt of a run beside the request: the page asks again by itself, so do we."""
        for _ in range(600):
            if "Đang ký học bạ" not in self.page and "Đang phát hành" not in self.page:
                return self.page
            time.sleep(0.1)
            self.get(self.url)
        raise AssertionError("the run does not end")


class AgentPage:
    """What the page's script and the agent's window do for a person: carry, show, type."""

    def __init__(self, person: Person, origin: str, window: str) -> None:
        self.person, self.origin = person, origin
        self.own = window.partition("/#")[0]
        self.key = self._window("open", once=window.partition("#")[2])["key"]
        self.token = ""

    def _window(self, what: str, **fields: Any) -> Any:
        body = fields if what == "open" else {"key": self.key, **fields}
        return self._post(f"/window/{what}", body, self.own)

    def _agent(self, path: str, **fields: Any) -> Any:
        return self._post(path, fields, self.origin)

    def _post(self, path: str, body: object, origin: str) -> Any:
        headers = {"Origin": origin}
        answer = httpx.post(f"{self.own}{path}", json=body, headers=headers, timeout=60.0, trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def pair(self) -> None:
        attempt = self._agent("/v1/pair/ask", **self.person.json("/truong/thiet-bi-ky/ghep", {}))
        code = self._window("view", since=0)["attempt"]["code"]
        proof = self.person.json("/truong/thiet-bi-ky/ghep/ma", {**attempt, "code": code})["proof"]
        done = self._agent("/v1/pair/finish", attempt=attempt["attempt"], proof=proof)
        self.token = self.person.json("/truong/thiet-bi-ky/ghep/xong", done)["token"]

    def plugged(self) -> list[str]:
        found = self._agent("/v1/certificates", token=self.token)["tokens"]
        return [one["der"] for token in found for one in token["certificates"]]

    def values(self, sealed: dict[str, Any], pin: str) -> list[Any]:
        """The PIN typed in the window for exactly this job; what the stick gave."""
        job = self._agent("/v1/sign", token=self.token, text=sealed["text"], seal=sealed["seal"])["job"]
        for _ in range(200):
            if self._window("view", since=0)["job"]["state"] == "waiting":
                break
            time.sleep(0.05)
        assert self._window("pin", job=job, pin=pin)["taken"]
        found: list[Any] = []
        while True:
            now = self._agent("/v1/watch", token=self.token, job=job, after=len(found), wait=8)
            found += now["values"]
            if now["state"] in ("done", "ended"):
                assert now["state"] == "done", now
                return found

    def register(self, pin: str) -> str:
        """The certificate on the stick by proof of possession; the address of the case."""
        begun = self.person.json("/truong/thiet-bi-ky/dang-ky", {"certificate": self.plugged()[0]})
        [value] = self.values(begun, pin)
        done = self.person.json(
            "/truong/thiet-bi-ky/dang-ky/chu-ky", {"case": begun["case"], "value": value[1]}
        )
        return str(done["next"])

    def sign(self, batch: int, pin: str) -> dict[str, Any]:
        begun = self.person.json(
            "/truong/thiet-bi-ky/danh-sach", {"batch": batch, "certificates": self.plugged()}
        )
        values = self.values(begun, pin)
        found: dict[str, Any] = self.person.json(
            "/truong/thiet-bi-ky/chu-ky", {"list": begun["list"], "values": values}
        )
        return found
