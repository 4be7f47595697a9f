"""Keys outside the node's software: tokens (PKCS#11), remote services (CSC), the local agent.

``HOCBASO_KEY_PROVIDER`` names :func:`provider`; ``keys.toml`` says which there are (:mod:`.keys_file`). For a
token whoever signs gives the PIN: at the desk to :meth:`TokenKeys.open_session`, which lasts as long as the
run, or on the terminal of ``hocbaso``. A remote service's key signs through :meth:`TokenKeys.remote`; the
local agent's never comes near this process.
"""

from __future__ import annotations

import atexit
import getpass
import sys
import threading
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from django.conf import settings
from django.utils.module_loading import import_string

from hocbaso.apps.signing.ports import KeyProvider, Trust
from hocbaso.apps.signing.providers.keys_file import KeysFile, Place, RemoteService, read_keys_file
from hocbaso.apps.signing.stamping.node import configured, failover
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.authority import RevocationAnswer
from hocbaso.engines.trust.ports import Signer, TimeStamper
from hocbaso.engines.trust.providers.csc import CscClient
from hocbaso.engines.trust.providers.hardening import no_dumps
from hocbaso.engines.trust.providers.pkcs11 import AskPin, PinQuestion, TokenSigner, open_token

register(
    {
        "token_session_needed": (
            "Chưa mở phiên ký trên thiết bị {token}. Thầy cô cần nhập mã PIN của thiết bị để mở phiên ký.",
            "No session is open on token {token}; its PIN is needed.",
        ),
        "key_service_unknown": (
            "Nút này không còn dùng dịch vụ ký số từ xa {name}. Thầy cô chọn lại nơi giữ khóa ký.",
            "This node no longer knows the remote signing service {name}.",
        ),
        "rendition_seal_absent": (
            "Máy chủ không tự dùng được con dấu số của {name} nên chưa làm được bản PDF. Học bạ vẫn có giá "
            "trị: tệp XML đã ký tải về và xác thực được. Muốn có bản PDF, quản trị hệ thống khai `pin_file` "
            "cho con dấu trong keys.toml.",
            "The seal of {name} cannot be used by the node itself (`pin_file` in keys.toml): no rendition.",
        ),
        "token_pin_file_wrong": (
            "Thiết bị {token} không nhận mã PIN trong tệp của máy chủ, hoặc vừa có lần nhập sai. Để thiết bị "
            "khỏi bị khóa, máy chủ không thử nữa. Quản trị hệ thống sửa tệp mã PIN, mở thiết bị một lần bằng "
            "công cụ của nhà cung cấp, rồi chạy `hocbaso keys check`.",
            "Token {token} does not take the PIN of the server's file, or is about to lock; not tried again.",
        ),
    }
)

FILE = "keys.toml"


class TokenKeys:
    """A :class:`~hocbaso.apps.signing.ports.KeyProvider` whose keys are not files of this node.

    A session that :meth:`person` or :meth:`unlock` opens is kept by this process; closed by :meth:`lock`, at
    the end of the process, and by any failure of the token. Time stamps, revocation and trust come from the
    provider that the file names as ``others``.

    :param transport: instead of the network to remote services (tests).
    """

    def __init__(
        self, file: Path, ask_pin: AskPin | None = None, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._ask = ask_pin or _ask_on_terminal
        self._transport = transport
        self._file = read_keys_file(file)
        self._people, self._seals = self._file.accounts, self._file.seals
        self._others: KeyProvider = import_string(self._file.others)()
        self._open: dict[Place, TokenSigner] = {}
        self._own: dict[
            Place, TokenSigner
        ] = {}  # of machines: opened by the node, for nothing a person signs
        self._refused: dict[Place, int] = {}  # the PIN file that a token did not take, by its time
        self._lock = threading.RLock()
        atexit.register(self.close)

    @property
    def file(self) -> KeysFile:
        """What ``keys.toml`` says."""
        return self._file

    @property
    def others(self) -> KeyProvider:
        """The provider of trust, revocation and, where none are named, time stamps."""
        return self._others

    @property
    def software(self) -> bool:
        """Whether the keys of ``others`` sign for those who have no token here: never where it counts."""
        return self._file.software and settings.HOCBASO_ENVIRONMENT == "thu_nghiem"

    @property
    def agent(self) -> bool:
        """Whether the local agent is offered."""
        return self._file.agent

    @property
    def services(self) -> Mapping[str, RemoteService]:
        """Remote signing services by their name in the file."""
        return self._file.services

    def token_name(self, *, account: str = "", seal: str = "") -> str:
        """What the token of an account or a seal is called; empty where none is set down."""
        place = (self._people if account else self._seals).get(account or seal)
        return place.address.name if place else ""

    def open_session(self, pin: str, *, account: str = "", seal: str = "") -> TokenSigner:
        """A session of its own, for whoever closes it; the PIN is asked of nobody and kept nowhere.

        :raises DomainError: ``no_key``, ``token_pin_wrong``, ``token_pin_locked``, ``token_absent``, …
        """
        place = (self._people if account else self._seals).get(account or seal)
        if place is None:
            raise DomainError("no_key", name=account or seal)
        return self._session(place, lambda _: pin)

    def remote(self, service: str) -> CscClient:
        """A client of a remote service, to be closed. :raises DomainError: ``key_service_unknown``"""
        found = self._file.services.get(service)
        if found is None:
            raise DomainError("key_service_unknown", name=service)
        return CscClient(found.settings, transport=self._transport)

    def person(
        self, *, account: str, name: str, personal_number: str, school_code: str, school: str
    ) -> Signer:
        """The signer of an account. :raises DomainError: ``no_key``, or why no session opens."""
        if self.software and account not in self._people:
            return self._others.person(
                account=account,
                name=name,
                personal_number=personal_number,
                school_code=school_code,
                school=school,
            )
        return self._signer(self._people, account, name, self._ask)

    def organisation(self, *, code: str, name: str) -> Signer:
        """The signer of a school's seal. :raises DomainError: as :meth:`person`."""
        if self.software and code not in self._seals:
            return self._others.organisation(code=code, name=name)
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
            signers = [*self._open.values(), *self._own.values()]
            self._open, self._own = {}, {}
        for signer in signers:
            signer.close()

    def codes(self, *, name: str) -> Signer:
        """The node's own key for QR codes and status lists: ``[node]``, else of ``others``.

        :raises DomainError: ``no_key``; why the token does not open.
        """
        if self._file.node is not None:
            return self._machine(self._file.node)
        codes = getattr(self._others, "codes", None)
        signer: Signer = codes(name=name) if codes else self._others.organisation(code="NUT", name=name)
        return signer

    def renditions(self, *, code: str, name: str) -> Signer:
        """The school's seal for PDF renditions, which the node makes by itself; it issues nothing.

        :raises DomainError: ``rendition_seal_absent``: nobody opened the seal and no ``pin_file`` does.
        """
        place = self._seals.get(code)
        if place is not None and place.pin_file is not None:
            return self._machine(place)
        try:
            return self.organisation(code=code, name=name)
        except DomainError as error:
            if error.code in ("no_key", "token_session_needed"):
                raise DomainError("rendition_seal_absent", name=name) from None
            raise

    def stamper(self) -> TimeStamper:
        """The authorities that ``HOCBASO_TSA`` and ``tsa.toml`` name; where they name none, of ``others``."""
        return self._stamper or self._others.stamper()

    @cached_property
    def _stamper(self) -> TimeStamper | None:
        authorities = configured()
        if not authorities:
            return None
        trust = self._others.trust()
        return failover(
            authorities,
            anchors=lambda: [anchor.certificate for anchor in self._others.trust().anchors],
            intermediates=trust.intermediates,
            revocation=self.revocation,
        )

    def revocation(self, certificate: x509.Certificate, at: datetime) -> RevocationAnswer:
        return self._others.revocation(certificate, at)

    def trust(self) -> Trust:
        return self._others.trust()

    def refresh_lists(self) -> Any:
        """Revocation lists asked for anew, where ``others`` keeps any (``trust_store``)."""
        refresh = getattr(self._others, "refresh_lists", None)
        return refresh() if refresh is not None else None

    def _signer(self, places: Mapping[str, Place], owner: str, name: str, ask: AskPin) -> Signer:
        place = places.get(owner)
        if place is None:
            raise DomainError("no_key", name=name)
        with self._lock:
            signer = self._open.get(place)
            if signer is None or signer.closed:
                signer = self._session(place, ask)
                self._open[place] = signer
        return signer

    def _machine(self, place: Place) -> Signer:
        """A key that the node opens by itself. A PIN that was refused once is not tried again by anybody."""
        assert place.pin_file is not None

        def pin(question: PinQuestion) -> str:
            if question.tries:  # somebody's PIN was wrong since the last right one: the token may lock itself
                raise DomainError("token_pin_file_wrong", token=question.token)
            return place.pin()

        with self._lock:
            signer = self._own.get(place)
            if signer is not None and not signer.closed:
                return signer
            written = place.pin_file.stat().st_mtime_ns if place.pin_file.exists() else 0
            if self._refused.get(place) == written:
                raise DomainError("token_pin_file_wrong", token=place.address.name)
            try:
                signer = self._own[place] = self._session(place, pin)
            except DomainError as error:
                if error.code in ("token_pin_wrong", "token_pin_locked"):
                    self._refused[place] = written
                    raise DomainError("token_pin_file_wrong", token=place.address.name) from None
                raise
            return signer

    def _session(self, place: Place, ask: AskPin) -> TokenSigner:
        return open_token(
            place.address,
            ask,
            choice=place.choice,
            issuers=self._others.trust().intermediates,
            environment=self._file.environment,
        )


def _ask_on_terminal(question: PinQuestion) -> str | None:
    """The PIN from whoever runs ``hocbaso`` in a terminal. :raises DomainError: ``token_session_needed``"""
    at_terminal = threading.current_thread() is threading.main_thread()  # a server's requests are elsewhere
    if not at_terminal or not sys.stdin or not sys.stdin.isatty():
        raise DomainError("token_session_needed", token=question.token)
    return getpass.getpass(f"PIN ({question.token}): ") or None


def provider() -> TokenKeys:
    """What ``HOCBASO_KEY_PROVIDER`` names; reads ``keys.toml`` in the node's home.

    PINs and codes pass through this process: it leaves no core dump.
    """
    no_dumps()
    return TokenKeys(settings.HOCBASO_HOME / FILE)
