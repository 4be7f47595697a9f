"""Who may speak to the agent: address, host name, origin, method, kind and size of what is sent.

Everything that a request says of itself is a rule here, without any state; :mod:`.http` reads the request and
asks. Sources: Fetch (CORS protocol), Private Network Access, RFC 9110 sections 7.2 and 15.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from hocbaso.core.errors import DomainError, Unreadable, register
from hocbaso.engines.trust.strict_json import Fault, no_doubles, refuse_constant

register(
    {
        "agent_site_wrong": (
            "Địa chỉ {site} không dùng được. Hãy ghi địa chỉ trang học bạ bắt đầu bằng https://, ví dụ "
            "--site https://hocba.truong.edu.vn (http:// chỉ dùng khi thử trên chính máy này).",
            "{site} is not an https origin.",
        ),
    }
)

#: Of every answer: nothing is kept, sniffed, framed or taken into another page.
HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'",
}
#: The agent's own page: its own script and style, and nothing from anywhere else.
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_LOOPBACK = ("127.0.0.1", "localhost")
_PLAIN = re.compile(r"[\x21-\x7e]{1,300}", re.ASCII)


class Denied(Exception):
    """The request is refused before anybody looks at what it wants."""

    def __init__(self, status: int, code: str) -> None:
        self.status, self.code = status, code
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Gate:
    """The rules of one running agent.

    :param port: of the agent. :param sites: origins that it works for.
    """

    port: int
    sites: tuple[str, ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        """What ``Host`` may be; another name that leads here is somebody's rebinding."""
        return tuple(f"{name}:{self.port}" for name in _LOOPBACK)

    @property
    def own_origins(self) -> tuple[str, ...]:
        """Origins of the agent's own page."""
        return tuple(f"http://{host}" for host in self.hosts)

    def check_host(self, values: Sequence[str]) -> str:
        """The one ``Host``. :raises Denied: 421"""
        if len(values) != 1 or values[0] not in self.hosts:
            raise Denied(421, "host")
        return values[0]

    def check_site(self, values: Sequence[str]) -> str:
        """The one ``Origin``, of a site. :raises Denied: 403"""
        if len(values) != 1 or values[0] not in self.sites:
            raise Denied(403, "origin")
        return values[0]

    def check_own(self, host: str, values: Sequence[str], fetch_site: str) -> None:
        """The request comes from the agent's own page and from no other. :raises Denied: 403"""
        if list(values) != [f"http://{host}"] or fetch_site not in ("", "same-origin"):
            raise Denied(403, "origin")


def preflight(headers: Mapping[str, str], origin: str) -> dict[str, str]:
    """What a preflight of a site's page is answered with (Fetch 4.8; Private Network Access 3.1).

    :raises Denied: it asks for more than a POST of JSON.
    """
    if headers.get("Access-Control-Request-Method", "") != "POST":
        raise Denied(403, "method")
    asked = {name.strip().lower() for name in headers.get("Access-Control-Request-Headers", "").split(",")}
    if not asked <= {"content-type", ""}:
        raise Denied(403, "headers")
    answer = cors(origin) | {
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "content-type",
        "Access-Control-Max-Age": "600",
    }
    if headers.get("Access-Control-Request-Private-Network") == "true":
        answer["Access-Control-Allow-Private-Network"] = "true"
    if headers.get("Access-Control-Request-Local-Network") == "true":
        answer["Access-Control-Allow-Local-Network"] = "true"
    return answer


def cors(origin: str) -> dict[str, str]:
    """That the page of ``origin``, and no other, may read the answer."""
    return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}


def body_length(headers: Mapping[str, str], lengths: Sequence[str], limit: int) -> int:
    """How many octets to read. :raises Denied: 400, 411, 413, 415"""
    if headers.get("Transfer-Encoding") is not None or headers.get("Content-Encoding") is not None:
        raise Denied(400, "encoding")
    if headers.get("Content-Type", "").strip().lower() not in (
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=utf-8",
    ):
        raise Denied(415, "content-type")
    if len(lengths) != 1 or not re.fullmatch(r"[0-9]{1,9}", lengths[0], re.ASCII):
        raise Denied(411, "length")
    if int(lengths[0]) > limit:
        raise Denied(413, "length")
    return int(lengths[0])


def read_fields(body: bytes | bytearray, shape: Mapping[str, type | tuple[type, ...]]) -> dict[str, Any]:
    """The fields of a request: exactly those of ``shape``, each of its type.

    :raises Denied: 400: not JSON, a field too many or too few, another type.
    """
    try:
        found = json.loads(body.decode(), object_pairs_hook=no_doubles, parse_constant=refuse_constant)
    except (Fault, ValueError, RecursionError):
        raise Denied(400, "json") from None
    if not isinstance(found, dict) or set(found) != set(shape):
        raise Denied(400, "fields")
    for name, kind in shape.items():
        if not isinstance(found[name], kind) or isinstance(found[name], bool):
            raise Denied(400, "fields")
    return found


def origin_of(site: str) -> str:
    """The origin of a site that the person named; https, or plain http on this machine itself.

    :raises Unreadable: ``agent_site_wrong``.
    """
    try:
        parts = urlsplit(site.strip().rstrip("/"))
        port = parts.port
    except ValueError:
        raise Unreadable("agent_site_wrong", site=site[:80]) from None
    host = (parts.hostname or "").lower()
    loopback = host in _LOOPBACK or host == "::1"
    fits = parts.scheme == "https" or (parts.scheme == "http" and loopback)
    bare = not (parts.path or parts.query or parts.fragment or parts.username or parts.password)
    if not (fits and bare and host and _PLAIN.fullmatch(site.strip())):
        raise Unreadable("agent_site_wrong", site=site[:80])
    named = f"[{host}]" if ":" in host else host
    usual = {"https": 443, "http": 80}[parts.scheme]
    return f"{parts.scheme}://{named}" + (f":{port}" if port not in (None, usual) else "")


def refusal(error: DomainError) -> dict[str, str]:
    """A refusal as the page gets it."""
    return {"code": error.code, "message": error.message}
