"""HTTP under the CSC client: JSON over httpx, bounded, and repeated only where that is safe.

Secrets (account, access token, OTP, SAD) go into requests and nowhere else: errors name a status or the
provider's error code, never a body.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx

from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.providers.csc_model import CscSettings
from hocbaso.engines.trust.providers.stops import SigningStopped

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_LATER = (429, 502, 503, 504)
#: No token and no authorisation is kept for longer, whatever the provider says: seconds.
LONGEST = 8 * 3600
#: Error codes as a provider names them; longer or stranger text is not shown.
_MAX_CODE = 60


class Refused(Exception):
    """The provider answered with an error of its own (CSC API v2 section 10)."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code = status, code


class CscHttp:
    """POSTs JSON below one base address and keeps the access token.

    :param steady: seconds of a clock that only runs forward. :param sleep: waits seconds.
    :param transport: instead of the network (tests, the sandbox in this process).
    """

    def __init__(
        self,
        settings: CscSettings,
        *,
        transport: httpx.BaseTransport | None = None,
        steady: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        for url in filter(None, (settings.url, settings.token_url)):
            parts = urlsplit(url)
            if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
                raise DomainError("csc_login_refused")  # codes never travel in the open
        self.settings = settings
        self._steady, self._sleep = steady, sleep
        self._token, self._token_ends = "", 0.0
        options: dict[str, Any] = {"transport": transport} if transport else {}
        if settings.ca_file and not transport:
            options["verify"] = httpx.create_ssl_context(verify=str(settings.ca_file))
        self._http = httpx.Client(
            base_url=settings.url.rstrip("/") + "/",
            timeout=httpx.Timeout(settings.read_timeout, connect=settings.connect_timeout),
            follow_redirects=False,  # codes go nowhere else
            trust_env=False,  # nor through a proxy that somebody's shell names
            **options,
        )

    def __repr__(self) -> str:
        return f"CscHttp({self.settings.url})"

    def close(self) -> None:
        """Close the connections and forget the token."""
        self._token = ""
        self._http.close()

    def call(self, method: str, body: dict[str, Any], *, safe: bool) -> dict[str, Any]:
        """Call an API method with the access token.

        :param safe: it may be repeated: it changes nothing and spends nothing.
        :raises SigningStopped: no usable answer. :raises Refused: the provider's own error.
        :raises DomainError: ``csc_login_refused``.
        """
        for again in (True, False):
            headers = {"Authorization": f"Bearer {token}"} if (token := self._access()) else {}
            try:
                return self._post(method, json.dumps(body).encode(), headers, safe)
            except Refused as refused:
                if refused.status != 401 or not token:
                    raise
                self._token = ""  # refused at the door: nothing was done, a fresh token may be tried
                if not again:
                    raise DomainError("csc_login_refused") from None
        raise AssertionError("the second turn returns or raises")

    def open_call(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        """Call a method that wants no token (``info``)."""
        return self._post(method, json.dumps(body).encode(), {}, True)

    def _access(self) -> str:
        settings = self.settings
        if settings.auth == "none" or (self._token and self._steady() < self._token_ends):
            return self._token
        try:
            if settings.auth == "basic":
                pair = base64.b64encode(f"{settings.user}:{settings.secret}".encode()).decode()
                answer = self._post(
                    "auth/login", b'{"rememberMe":false}', {"Authorization": f"Basic {pair}"}, True
                )
            else:
                form = {
                    "grant_type": "client_credentials",
                    "client_id": settings.user,
                    "client_secret": settings.secret,
                }
                content = str(httpx.QueryParams(form)).encode()
                kind = {"Content-Type": "application/x-www-form-urlencoded"}
                answer = self._post(settings.token_url or "oauth2/token", content, kind, True)
        except Refused:
            raise DomainError("csc_login_refused") from None
        token, lives = answer.get("access_token"), answer.get("expires_in", 3600)
        if not isinstance(token, str) or not token.isascii() or isinstance(lives, bool):
            raise SigningStopped("csc_answer_unreadable", detail="access_token")
        if not isinstance(lives, int | float):
            raise SigningStopped("csc_answer_unreadable", detail="expires_in")
        self._token, self._token_ends = token, self._steady() + max(0.0, min(lives, LONGEST) - 10)
        return token

    def _post(self, path: str, content: bytes, headers: dict[str, str], safe: bool) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "Accept": "application/json", **headers}
        attempts = max(1, self.settings.attempts)
        for attempt in range(1, attempts + 1):
            last = attempt == attempts
            try:
                return self._exchange(path, content, headers)
            except Refused as refused:
                if not (safe and refused.status in _LATER) or last:
                    raise
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
                if last:  # never sent: may be tried again, whatever it is
                    raise SigningStopped("csc_unreachable", detail=type(error).__name__) from None
            except httpx.TransportError as error:
                if not safe:
                    raise SigningStopped("csc_outcome_unknown", detail=type(error).__name__) from None
                if last:
                    raise SigningStopped("csc_unreachable", detail=type(error).__name__) from None
            self._sleep(min(0.2 * 2**attempt, 5.0))
        raise AssertionError("the last attempt returns or raises")

    def _exchange(self, path: str, content: bytes, headers: dict[str, str]) -> dict[str, Any]:
        deadline = self._steady() + self.settings.read_timeout
        body = bytearray()
        with self._http.stream("POST", path, content=content, headers=headers) as response:
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > self.settings.max_answer:
                    raise SigningStopped("csc_answer_unreadable", detail="too long")
                if self._steady() > deadline:
                    raise httpx.ReadTimeout("the answer drips")
            kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
            packed = response.headers.get("Content-Encoding", "identity") != "identity"
        status = response.status_code
        answer = _json(bytes(body)) if kind == "application/json" and not packed else None
        if status == 200 and answer is not None:
            return answer
        if status < 400:
            raise SigningStopped("csc_answer_unreadable", detail=f"HTTP {status} {kind or '-'}"[:_MAX_CODE])
        code = answer.get("error") if answer else None
        named = isinstance(code, str) and len(code) <= _MAX_CODE and code.replace("_", "").isalnum()
        raise Refused(status, str(code) if named else f"HTTP {status}")


def _json(content: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None
