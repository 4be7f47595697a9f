"""What the trust engine needs from outside, as small protocols."""

from __future__ import annotations

from typing import Protocol

from cryptography import x509


class Signer(Protocol):
    """A key that stays where it is: it sees digests, never documents."""

    @property
    def certificate(self) -> x509.Certificate:
        """The signer's own certificate."""

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """Issuing certificates below the root, nearest first."""

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign a 32-byte SHA-256 digest.

        :returns: RSA PKCS#1 v1.5 value, or for ECDSA P-256 the raw r||s of 64 bytes as XML wants it.
        """


class TimeStamper(Protocol):
    """An RFC 3161 time-stamp authority."""

    def stamp(self, digest: bytes) -> bytes:
        """A DER TimeStampToken (CMS ContentInfo) over a SHA-256 digest; 48 or 64 octets: SHA-384, SHA-512.

        :raises hocbaso.core.errors.ServiceUnavailable: the authority does not answer.
        """
