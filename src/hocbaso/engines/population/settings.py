"""How this node reaches the registry: what ``HOCBASO_POPULATION_*`` say, checked."""

from __future__ import annotations

import ipaddress
import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from hocbaso.engines.population.limits import NightWindow

#: Where ``hocbaso sandbox`` serves its registry by default.
SANDBOX_URL = "http://127.0.0.1:8089/population"
_CLIENT = re.compile(r"[^/\s]+/[^/\s]+/[^/\s]+/[^/\s]+")


class WrongSettings(ValueError):
    """A setting cannot be right; the text names it."""


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Address, identity and manners of the gateway.

    :ivar url: base address; with X-Road the security server's ``/r1/{service}``; empty = no service.
    :ivar client: X-Road identifier ``instance/class/member/subsystem`` of this node.
    :ivar service_user: named in ``X-Road-UserId`` when a message carries queries of several users.
    :ivar attempts: how often one message is tried before it is given up for now.
    :ivar quota: queries a day, 0 = no limit. :ivar rate: queries a second, 0 = no limit.
    :ivar patience: longest ``Retry-After`` (seconds) that is waited for; longer ones are told to the caller.
    """

    url: str = SANDBOX_URL
    client: str = "VN/GOV/hoc-ba-so/nut"
    service_user: str = "he-thong"
    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = field(default=None, repr=False)
    connect_timeout: float = 5.0
    read_timeout: float = 20.0
    attempts: int = 4
    patience: float = 30.0
    quota: int = 0
    rate: float = 0.0
    window: NightWindow = field(default_factory=NightWindow)
    max_answer: int = 1024 * 1024  # octets

    def __post_init__(self) -> None:
        if self.url:
            _check_address(self.url)
        if not _CLIENT.fullmatch(self.client):
            raise WrongSettings("client must be instance/class/member/subsystem")
        if not (0 < self.connect_timeout <= 60 and 0 < self.read_timeout <= 300):
            raise WrongSettings("timeouts must be seconds, up to 60 and 300")
        if not 1 <= self.attempts <= 10:
            raise WrongSettings("attempts must be from 1 to 10")
        if self.quota < 0 or not 0 <= self.rate < 1e6 or not 0 <= self.patience <= 600:
            raise WrongSettings("quota, rate and patience cannot be negative")
        if self.client_key and not self.client_certificate:
            raise WrongSettings("a client key needs its certificate")

    def ssl_context(self) -> ssl.SSLContext:
        """TLS 1.2 or newer, the named authorities only (otherwise the system's), own certificate if any.

        :raises OSError: a file cannot be read. :raises ssl.SSLError: it is not what it should be.
        """
        context = ssl.create_default_context(cafile=str(self.ca_file) if self.ca_file else None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.client_certificate:
            key = str(self.client_key) if self.client_key else None
            context.load_cert_chain(str(self.client_certificate), key)
        return context


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise WrongSettings("url must be an http or https address without query")
    if parts.username or parts.password:
        raise WrongSettings("url must not hold a password")
    if parts.scheme == "http" and not _loopback(parts.hostname):
        raise WrongSettings("url must be https unless it is on this machine: personal data travels there")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
