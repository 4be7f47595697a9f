"""The tokens in this PC, as the desk needs them: what is there, and a session on the one that signs."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.providers.pkcs11 import TokenSigner, open_token
from hocbaso.engines.trust.providers.pkcs11_tokens import FoundToken, ShownCertificate, list_tokens
from hocbaso.engines.trust.providers.token_choice import KeyChoice

register(
    {
        "agent_no_driver": (
            "Máy này chưa cài phần mềm của thiết bị ký (trình điều khiển PKCS#11). Thầy cô cài phần mềm do "
            "nơi cấp chứng thư số đưa kèm, hoặc chạy lại với --module và đường dẫn của tệp trình điều khiển.",
            "No PKCS#11 driver is known here; name one with --module.",
        ),
        "agent_other_token": (
            "Không thấy thiết bị ký có chứng thư số {serial} của {name}. Thầy cô cắm đúng thiết bị rồi thử "
            "lại.",
            "No token with certificate {serial} of {name} is there.",
        ),
    }
)


class Session(AbstractContextManager["Session"], Protocol):
    """An open session on the token that signs."""

    def sign_digests(self, digests: Sequence[bytes]) -> Generator[bytes, None, None]:
        """Values in order. :raises SigningStopped:"""


class Keyring(Protocol):
    """What the desk asks of the tokens."""

    def find(self) -> list[FoundToken]:
        """Tokens that are plugged in now. :raises DomainError: ``agent_no_driver``, what a driver says."""

    def open(self, token: FoundToken, held: ShownCertificate, pin: str) -> Session:
        """A session with one PIN; "" where it is typed on the token. :raises DomainError:"""


class TokenKeyring:
    """Tokens behind vendors' drivers, each driver in a process of its own.

    :param modules: drivers. :param environment: further variables for them.
    """

    def __init__(self, modules: Sequence[Path], environment: dict[str, str] | None = None) -> None:
        self._modules, self._environment = tuple(modules), environment

    def find(self) -> list[FoundToken]:
        """Tokens of all drivers; a driver that fails is left out unless none answers."""
        if not self._modules:
            raise DomainError("agent_no_driver")
        found: list[FoundToken] = []
        failures: list[DomainError] = []
        for module in self._modules:
            try:
                found += list_tokens(module, environment=self._environment)
            except DomainError as error:
                failures.append(error)
        if len(failures) == len(self._modules):
            raise failures[0]
        return found

    def open(self, token: FoundToken, held: ShownCertificate, pin: str) -> TokenSigner:
        """Log in to the token; the certificate must be the very one.

        :raises DomainError: ``token_pin_wrong``, … (engines.trust.providers.stops), ``agent_other_token``.
        """
        signer = open_token(
            token.address, lambda _: pin, choice=KeyChoice(id=held.id), environment=self._environment
        )
        if signer.certificate != held.certificate:
            signer.close()
            raise other_token(held.certificate)
        return signer


def holding(
    tokens: Sequence[FoundToken], certificate: x509.Certificate
) -> tuple[FoundToken, ShownCertificate]:
    """The token that shows ``certificate``. :raises DomainError: ``agent_other_token``"""
    for token in tokens:
        for held in token.certificates:
            if held.certificate == certificate:
                return token, held
    raise other_token(certificate)


def other_token(certificate: x509.Certificate) -> DomainError:
    """The error that names the certificate which is wanted."""
    return DomainError(
        "agent_other_token", serial=f"{certificate.serial_number:X}", name=name_of(certificate)[:120]
    )


def name_of(certificate: x509.Certificate) -> str:
    """The common name in the subject, as far as it can be read."""
    try:
        names = [str(a.value) for a in certificate.subject if a.oid == x509.NameOID.COMMON_NAME]
    except ValueError:
        names = []
    return names[0] if names else "-"


def digest_of(certificate: x509.Certificate) -> str:
    """SHA-256 of the DER, hexadecimal."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
