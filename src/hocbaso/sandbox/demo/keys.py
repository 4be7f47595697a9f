"""Keys of the demo: the sandbox's software keys, and beside them its remote signing service.

Named by ``hocbaso demo`` only. Who chooses the service on "Nơi giữ khóa ký" meets a list, a PIN and an OTP as
with a real provider; the phone that gets the OTP is shown on the page (:mod:`hocbaso.interfaces.web.demo`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from hocbaso.apps.signing.providers.keys_file import RemoteService
from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.providers.csc import CscClient
from hocbaso.engines.trust.providers.csc_model import CscSettings
from hocbaso.engines.trust.providers.pkcs11 import TokenSigner
from hocbaso.sandbox.csc.web import MOUNT
from hocbaso.sandbox.wiring import NodeKeys

SERVICE = "thu-nghiem"
NAME = "nhà cung cấp thử nghiệm (hộp cát)"
PIN = "246810"  # of every key at the service; shown on the page, as the shared password is at the door
_ACCOUNT, _SECRET = "nut", "bi-mat-thu-nghiem"


@dataclass(frozen=True, slots=True)
class Text:
    """What lies on the phone: the newest code for a key, and the list that it signs."""

    code: str
    list_digest: str


def _address() -> str:
    """Where ``hocbaso demo`` has started the sandbox."""
    return f"http://127.0.0.1:{os.environ.get('HOCBASO_SANDBOX_PORT', '8089')}{MOUNT}"


class DemoKeys(NodeKeys):
    """:class:`~hocbaso.sandbox.wiring.NodeKeys` with a remote service beside the software keys.

    :param transport: instead of the network to the service (tests).
    """

    software = True
    agent = False
    trial_pin = PIN

    def __init__(self, transport: httpx.BaseTransport | None = None) -> None:
        if not settings.HOCBASO_DEMO:
            raise ImproperlyConfigured("the demo's keys are for `hocbaso demo` alone")
        super().__init__()
        self._transport = transport

    @property
    def services(self) -> Mapping[str, RemoteService]:
        """The one service."""
        found = CscSettings(url=_address(), auth="oauth2", user=_ACCOUNT, secret=_SECRET, batch=20)
        return {SERVICE: RemoteService(SERVICE, NAME, found)}

    def token_name(self, *, account: str = "", seal: str = "") -> str:
        """No token is plugged into a demo."""
        return ""

    def open_session(self, pin: str, *, account: str = "", seal: str = "") -> TokenSigner:
        """:raises DomainError: ``no_key``, always."""
        raise DomainError("no_key", name=account or seal)

    def remote(self, service: str) -> CscClient:
        """A client of the service, to be closed. :raises DomainError: ``key_service_unknown``"""
        if service != SERVICE:
            raise DomainError("key_service_unknown", name=service)
        return CscClient(self.services[service].settings, transport=self._transport)

    def phone(self, credential: str) -> Text | None:
        """The newest text for a key at the service; None where there is none, or no service answers."""
        try:
            with httpx.Client(transport=self._transport, trust_env=False, timeout=2.0) as client:
                answer = client.get(f"{_address()}/admin/outbox").json()
            texts = [one for one in answer["messages"] if one["credential"] == credential]
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return None
        return Text(str(texts[-1]["code"]), str(texts[-1]["list_digest"])) if texts else None


def provider() -> DemoKeys:
    """What ``HOCBASO_KEY_PROVIDER`` names in the demo."""
    return DemoKeys()
