"""The server's half of the pairing with the local agent, kept in the signed-in session.

The database holds nothing secret: the session keeps random octets, and the private key is derived from them
and the node's own secret each time it is needed. Signing out, or another person signing in, ends it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.crypto import salted_hmac

from hocbaso.apps.accounts.door import Actor
from hocbaso.core.errors import DomainError, Unreadable, register
from hocbaso.interfaces.agent.protocol import (
    CODE_DIGITS,
    PairKeys,
    Transcript,
    agree,
    same,
)
from hocbaso.interfaces.web.json_body import read_json

register(
    {
        "agent_link_absent": (
            "Phiên đăng nhập này chưa ghép nối với chương trình ký. Thầy cô bấm Ghép nối.",
            "The session is not paired with an agent.",
        ),
        "agent_link_body": (
            "Trang gửi dữ liệu không đúng dạng. Thầy cô tải lại trang rồi thử lại.",
            "The body is not of the agreed form.",
        ),
        "agent_link_code": (
            "Mã ghép nối gồm 6 chữ số, hiện trong cửa sổ Chương trình ký.",
            "The pairing code has six digits.",
        ),
        "agent_link_strange": (
            "Chương trình trả lời không phải chương trình ký đã hiện mã. Chưa ghép nối; thầy cô thử lại.",
            "The agent's own proof does not fit.",
        ),
    }
)

_KEY = "agent_link"
_NAME = re.compile(r"[0-9a-f]{32}")


def port() -> int:
    """Where pages look for the agent; another port is a setting of the node."""
    return int(settings.HOCBASO_AGENT_PORT)


def agent_origin() -> str:
    """The address that pages of this node may connect to besides the node."""
    return f"http://127.0.0.1:{port()}"


def reaches_agent(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The view's page may connect to the agent in the person's own PC, and to nothing else outside."""

    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response._csp_update = {"connect-src": [agent_origin()]}  # type: ignore[attr-defined]  # as csp_update
        return response

    return opened


def panel(request: HttpRequest) -> dict[str, str]:
    """What ``web/agent/panel.html`` tells its script."""
    return {
        "origin": agent_origin(),
        "command": f"hocbaso agent --site {own_origin(request)}",
        "state": reverse("web:agent-state"),
        "ask": reverse("web:agent-pair"),
        "code": reverse("web:agent-code"),
        "finish": reverse("web:agent-paired"),
        "leave": reverse("web:agent-leave"),
        "list": reverse("web:agent-list"),
        "values": reverse("web:agent-values"),
        "prove": reverse("web:agent-prove"),
        "proof": reverse("web:agent-proof"),
    }


def own_origin(request: HttpRequest) -> str:
    """This site as the browser names it."""
    return f"{request.scheme}://{request.get_host()}"


def fields(request: HttpRequest, *names: str) -> list[Any]:
    """Exactly these fields of a JSON body. :raises Unreadable: ``agent_link_body``"""
    try:
        body = read_json(request.body)
    except ValueError:
        raise Unreadable("agent_link_body") from None
    if not isinstance(body, dict) or set(body) != set(names):
        raise Unreadable("agent_link_body")
    return [body[name] for name in names]


def octets(value: Any, most: int) -> bytes:
    """Base64 of at most so many octets. :raises Unreadable: ``agent_link_body``"""
    try:
        if not isinstance(value, str) or len(value) > 2 * most:
            raise ValueError
        found = base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        raise Unreadable("agent_link_body") from None
    if len(found) > most:
        raise Unreadable("agent_link_body")
    return found


def number(value: Any) -> int:
    """The number of a row. :raises Unreadable: ``agent_link_body``"""
    if type(value) is not int or not 0 < value < 2**63:
        raise Unreadable("agent_link_body")
    return value


def account_of(actor: Actor) -> str:
    """Who is signed in, as the agent shows it."""
    assert actor.user is not None
    return f"{actor.user.full_name} ({actor.user.username})"[:150]


@dataclass(frozen=True, slots=True, repr=False)
class Link:
    """A pairing that lasts, of this session."""

    pairing: str
    keys: PairKeys
    who: str

    def sealed(self, message: Mapping[str, Any]) -> dict[str, str]:
        """A message to the agent with its MAC; ``pairing``, ``nonce`` and ``who`` are put in here."""
        whole = {**message, "pairing": self.pairing, "nonce": secrets.token_hex(16), "who": self.who}
        text = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
        return {"text": text, "seal": self.keys.seal(text)}


def begin(request: HttpRequest, actor: Actor) -> dict[str, str]:
    """What the page takes to the agent to ask for a pairing; an earlier one of this session is over."""
    state = {"seed": secrets.token_hex(32), "account": account_of(actor), "origin": own_origin(request)}
    request.session[_KEY] = state
    public = _private(state, actor).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"account": state["account"], "key": base64.b64encode(public).decode()}


def prove(request: HttpRequest, actor: Actor, attempt: Any, agent_key: Any, code: Any) -> str:
    """The server's proof of the code that the person typed.

    :raises DomainError: ``agent_link_absent``, ``agent_link_code``, ``agent_key_unusable``.
    """
    state = _state(request)
    digits = "".join(str(code).split()) if isinstance(code, str) else ""
    if not re.fullmatch(rf"[0-9]{{{CODE_DIGITS}}}", digits, re.ASCII):
        raise DomainError("agent_link_code")
    if not isinstance(attempt, str) or not _NAME.fullmatch(attempt):
        raise Unreadable("agent_link_body")
    octets(agent_key, 32)
    request.session[_KEY] = {
        **{name: state[name] for name in ("seed", "account", "origin")},
        "attempt": attempt,
        "agent_key": agent_key,
        "expects": "",
    }
    keys = _keys(request, actor)
    # What the agent will answer is known only with the code, which is not kept: a MAC of it is.
    request.session[_KEY] = request.session[_KEY] | {"expects": keys.proof("agent", digits)}
    return keys.proof("site", digits)


def finish(request: HttpRequest, actor: Actor, pairing: Any, proof: Any) -> Link:
    """Take the agent's own proof; from here the session is paired.

    :raises DomainError: ``agent_link_strange``, ``agent_link_absent``.
    """
    state = _state(request)
    if not isinstance(proof, str) or not state.get("expects") or not same(state["expects"], proof):
        raise DomainError("agent_link_strange")
    if pairing != state["attempt"]:
        raise DomainError("agent_link_strange")
    request.session[_KEY] = {**state, "expects": "", "paired": True}
    link = link_of(request, actor)
    assert link is not None
    return link


def leave(request: HttpRequest) -> None:
    """The session is not paired any more."""
    request.session.pop(_KEY, None)


def link_of(request: HttpRequest, actor: Actor) -> Link | None:
    """The pairing of this session, if there is one for this person."""
    state = request.session.get(_KEY)
    if not state or not state.get("paired") or state["account"] != account_of(actor):
        return None
    return Link(state["attempt"], _keys(request, actor), state["account"])


def require_link(request: HttpRequest, actor: Actor) -> Link:
    """:raises DomainError: ``agent_link_absent``"""
    found = link_of(request, actor)
    if found is None:
        raise DomainError("agent_link_absent")
    return found


def certificates_text(certificate: x509.Certificate, chain: Sequence[x509.Certificate]) -> list[str]:
    """DER in base64, the signer's own first."""
    return [base64.b64encode(c.public_bytes(Encoding.DER)).decode() for c in (certificate, *chain)]


def _state(request: HttpRequest) -> dict[str, Any]:
    state: dict[str, Any] | None = request.session.get(_KEY)
    if state is None:
        raise DomainError("agent_link_absent")
    return state


def _private(state: Mapping[str, Any], actor: Actor) -> X25519PrivateKey:
    assert actor.user is not None
    seed = salted_hmac("hocbaso.agent.pairing", f"{actor.user.pk}:{state['seed']}", algorithm="sha256")
    return X25519PrivateKey.from_private_bytes(seed.digest())


def _keys(request: HttpRequest, actor: Actor) -> PairKeys:
    state = _state(request)
    private = _private(state, actor)
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    other = base64.b64decode(state["agent_key"])
    return agree(
        private, other, Transcript(state["origin"], state["account"], state["attempt"], public, other)
    )
