"""Keys on PKCS#11 tokens, by a file in the node's home; ``HOCBASO_KEY_PROVIDER`` names :func:`provider`.

``keys.toml`` names the vendor's module and, for each account and each school's seal, the token and the
certificate on it (docs/keys.md). It holds no PIN: whoever signs gives it when the session opens, to
:meth:`TokenKeys.unlock` or on the terminal of ``hocbaso``.
"""

from __future__ import annotations

import atexit
import getpass
import sys
import threading
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from hocbaso.apps.signing.ports import KeyProvider, Trust
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.authority import RevocationAnswer
from hocbaso.engines.trust.ports import Signer, TimeStamper
from hocbaso.engines.trust.providers.pkcs11 import AskPin, PinQuestion, TokenAddress, TokenSigner, open_token
from hocbaso.engines.trust.providers.token_choice import KeyChoice

register(
    {
        "token_session_needed": (
            "Chưa mở phiên ký trên thiết bị {token}. Thầy cô cần nhập mã PIN của thiết bị để mở phiên ký.",
            "No session is open on token {token}; its PIN is needed.",
        ),
    }
)

FILE = "keys.toml"
_PLACE = {"module", "token", "serial", "id", "label", "holder"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where one signer's key is."""

    address: TokenAddress
    choice: KeyChoice


class TokenKeys:
    """A :class:`~hocbaso.apps.signing.ports.KeyProvider` whose keys are on tokens.

    A session is opened at the first use and kept by this process; closed by :meth:`lock`, at the end of the
    process, and by any failure of the token. Time stamps, revocation and trust come from the provider that
    the file names as ``others``.
    """

    def __init__(self, file: Path, ask_pin: AskPin | None = None) -> None:
        self._ask = ask_pin or _ask_on_terminal
        values = _read(file)
        self._environment: dict[str, str] = values.get("environment", {})
        self._people = _places(values, "accounts", file)
        self._seals = _places(values, "seals", file)
        self._others: KeyProvider = import_string(values["others"])()
        self._open: dict[Place, TokenSigner] = {}
        self._lock = threading.RLock()
        atexit.register(self.close)

    def person(
        self, *, account: str, name: str, personal_number: str, school_code: str, school: str
    ) -> Signer:
        """The signer of an account. :raises DomainError: ``no_key``, or why no session opens."""
        return self._signer(self._people, account, name, self._ask)

    def organisation(self, *, code: str, name: str) -> Signer:
        """The signer of a school's seal. :raises DomainError: as :meth:`person`."""
        return self._signer(self._seals, code, name, self._ask)

    def unlock(self, *, pin: str, account: str = "", seal: str = "") -> None:
        """Open the session of an account or of a school's seal with a PIN that its holder just gave.

        :raises DomainError: ``no_key``, ``token_pin_wrong``, ``token_pin_locked``, …
        """
        places = self._people if account else self._seals
        self._signer(places, account or seal, account or seal, lambda _: pin)

    def lock(self, *, account: str = "", seal: str = "") -> None:
        """Log out and close the session; nothing happens when none is open."""
        place = (self._people if account else self._seals).get(account or seal)
        with self._lock:
            signer = self._open.pop(place, None) if place else None
        if signer is not None:
            signer.close()

    def close(self) -> None:
        """Log out everywhere."""
        with self._lock:
            signers, self._open = list(self._open.values()), {}
        for signer in signers:
            signer.close()

    def codes(self, *, name: str) -> Signer:
        """The node's own key for QR codes and status lists, from ``others``."""
        codes = getattr(self._others, "codes", None)
        signer: Signer = codes(name=name) if codes else self._others.organisation(code="NUT", name=name)
        return signer

    def stamper(self) -> TimeStamper:
        return self._others.stamper()

    def revocation(self, certificate: x509.Certificate, at: datetime) -> RevocationAnswer:
        return self._others.revocation(certificate, at)

    def trust(self) -> Trust:
        return self._others.trust()

    def _signer(self, places: Mapping[str, Place], owner: str, name: str, ask: AskPin) -> Signer:
        place = places.get(owner)
        if place is None:
            raise DomainError("no_key", name=name)
        with self._lock:
            signer = self._open.get(place)
            if signer is None or signer.closed:
                signer = open_token(
                    place.address,
                    ask,
                    choice=place.choice,
                    issuers=self._others.trust().intermediates,
                    environment=self._environment,
                )
                self._open[place] = signer
        return signer


def _read(file: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ImproperlyConfigured(f"{file} cannot be read: {type(error).__name__}") from None
    except ValueError as error:
        raise ImproperlyConfigured(f"{file}: {error}") from None
    strange = set(values) - {"module", "others", "environment", "accounts", "seals"}
    if strange:
        raise ImproperlyConfigured(f"{file}: unknown: {', '.join(sorted(strange))}")
    if not isinstance(values.get("others"), str) or not isinstance(values.get("environment", {}), dict):
        raise ImproperlyConfigured(f"{file}: `others` must name a key provider, `environment` be a table")
    return values


def _places(values: dict[str, Any], table: str, file: Path) -> dict[str, Place]:
    found = {}
    for owner, entry in values.get(table, {}).items():
        texts = isinstance(entry, dict) and all(isinstance(value, str) for value in entry.values())
        if not texts or not set(entry) <= _PLACE or not (entry.get("token") or entry.get("serial")):
            known = ", ".join(sorted(_PLACE))
            raise ImproperlyConfigured(
                f"{file}: [{table}.{owner}] wants `token` or `serial`; known are {known}; never a PIN"
            )
        module = entry.get("module", values.get("module", ""))
        if not module or not Path(module).is_absolute():
            raise ImproperlyConfigured(f"{file}: [{table}.{owner}] wants the absolute path of a `module`")
        address = TokenAddress(Path(module), entry.get("token", ""), entry.get("serial", ""))
        choice = KeyChoice(entry.get("id", ""), entry.get("label", ""), entry.get("holder", ""))
        found[str(owner)] = Place(address, choice)
    return found


def _ask_on_terminal(question: PinQuestion) -> str | None:
    """The PIN from whoever runs ``hocbaso`` in a terminal. :raises DomainError: ``token_session_needed``"""
    if not sys.stdin or not sys.stdin.isatty():
        raise DomainError("token_session_needed", token=question.token)
    return getpass.getpass(f"PIN ({question.token}): ") or None


def provider() -> TokenKeys:
    """What ``HOCBASO_KEY_PROVIDER`` names; reads ``keys.toml`` in the node's home."""
    return TokenKeys(settings.HOCBASO_HOME / FILE)
