"""Keys in software: what a PKCS#12 file of the sandbox or of a test holds.

Key objects are loaded once and kept: parsing an RSA key costs as much as a hundred signatures.
Nothing here prints, logs or serialises a private key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import PublicKeyAlgorithmOID

from hocbaso.core.errors import DomainError, Unreadable, register

register(
    {
        "key_kind_not_allowed": (
            "Khóa của chứng thư số không dùng được để ký học bạ: chỉ nhận RSA từ 2048 bit hoặc ECDSA P-256. "
            "Thầy cô cần đề nghị đơn vị cấp chứng thư số đổi khóa.",
            "The certificate's key cannot sign transcripts: RSA of at least 2048 bits or ECDSA P-256 only.",
        ),
        "key_digest_length": (
            "Dữ liệu gửi đi ký không đúng: phải là giá trị băm SHA-256 dài 32 byte.",
            "What was handed over to sign is not a SHA-256 digest of 32 bytes.",
        ),
        "key_certificate_mismatch": (
            "Khóa riêng không thuộc chứng thư số đi kèm.",
            "The private key does not belong to the certificate beside it.",
        ),
        "pkcs12_unreadable": (
            "Không mở được tệp khóa PKCS#12: mật khẩu sai hoặc tệp hỏng.",
            "The PKCS#12 file cannot be opened: wrong password or damaged file.",
        ),
    }
)

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"

MINIMUM_RSA_BITS = 2048
_P256_OCTETS = 32
_PREHASHED = utils.Prehashed(hashes.SHA256())
_PKCS1 = padding.PKCS1v15()
_ECDSA = ec.ECDSA(_PREHASHED)

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
#: Whether a value (second) signs a digest (first) with a certain key.
Verify = Callable[[bytes, bytes], bool]


@lru_cache(maxsize=4096)
def signing_public_key(certificate: x509.Certificate) -> PublicKey:
    """The public key of ``certificate``, when it is of a kind and size that may sign transcripts.

    :raises DomainError: ``key_kind_not_allowed`` (RSA below 2048 bits, another curve, another algorithm).
    """
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError) as error:
        raise DomainError("key_kind_not_allowed") from error
    if isinstance(key, rsa.RSAPublicKey) and is_strong_rsa(certificate, key):
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise DomainError("key_kind_not_allowed")


def is_strong_rsa(certificate: x509.Certificate, key: object) -> bool:
    """Whether ``key`` of ``certificate`` is RSA, long enough, and not meant for RSA-PSS only (RFC 4055)."""
    plain = certificate.public_key_algorithm_oid != PublicKeyAlgorithmOID.RSASSA_PSS
    return isinstance(key, rsa.RSAPublicKey) and key.key_size >= MINIMUM_RSA_BITS and plain


def signature_algorithm(certificate: x509.Certificate) -> str:
    """The XML signature algorithm URI (RFC 9231) that goes with the certificate's key.

    :raises DomainError: ``key_kind_not_allowed``.
    """
    return RSA_SHA256 if isinstance(signing_public_key(certificate), rsa.RSAPublicKey) else ECDSA_SHA256


def verify_digest(certificate: x509.Certificate, digest: bytes, value: bytes) -> bool:
    """Whether ``value`` (RSA PKCS#1 v1.5, or ECDSA r||s of 64 octets) signs the 32-byte SHA-256 ``digest``.

    :raises DomainError: ``key_kind_not_allowed``.
    """
    return verify_with_key(signing_public_key(certificate), digest, value)


def verify_with_key(key: PublicKey, digest: bytes, value: bytes) -> bool:
    """The same with a public key that :func:`signing_public_key` gave."""
    return verifier_of(key)(digest, value)


def verifier_of(key: PublicKey) -> Verify:
    """:func:`verify_with_key` for many values of one key."""
    if isinstance(key, rsa.RSAPublicKey):
        return partial(_rsa_valid, key)
    return partial(_p256_valid, key)


def _rsa_valid(key: rsa.RSAPublicKey, digest: bytes, value: bytes) -> bool:
    try:
        key.verify(value, digest, _PKCS1, _PREHASHED)
    except (InvalidSignature, ValueError):
        return False
    return True


def _p256_valid(key: ec.EllipticCurvePublicKey, digest: bytes, value: bytes) -> bool:
    if len(value) != 2 * _P256_OCTETS:
        return False
    r, s = int.from_bytes(value[:_P256_OCTETS], "big"), int.from_bytes(value[_P256_OCTETS:], "big")
    try:
        key.verify(utils.encode_dss_signature(r, s), digest, _ECDSA)
    except (InvalidSignature, ValueError):
        return False
    return True


class SoftwareSigner:
    """A :class:`~hocbaso.engines.trust.ports.Signer` over a key object held in this process.

    :raises DomainError: ``key_kind_not_allowed``; ``key_certificate_mismatch``.
    """

    __slots__ = ("_certificate", "_chain", "_sign")

    def __init__(
        self, key: PrivateKey, certificate: x509.Certificate, chain: tuple[x509.Certificate, ...] = ()
    ) -> None:
        if signing_public_key(certificate).public_numbers() != key.public_key().public_numbers():
            raise DomainError("key_certificate_mismatch")
        self._sign: Callable[[bytes], bytes]
        if isinstance(key, rsa.RSAPrivateKey):
            self._sign = partial(_rsa_value, key)
        else:
            self._sign = partial(_p256_value, key)
        self._certificate = certificate
        self._chain = tuple(chain)

    def __repr__(self) -> str:
        return f"SoftwareSigner(serial={self._certificate.serial_number:x})"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a signer holds a private key and is never serialised")

    @property
    def certificate(self) -> x509.Certificate:
        """The signer's own certificate."""
        return self._certificate

    @property
    def chain(self) -> tuple[x509.Certificate, ...]:
        """Issuing certificates below the root, nearest first."""
        return self._chain

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign a 32-byte SHA-256 digest; RSA PKCS#1 v1.5 value or ECDSA r||s (64 octets).

        :raises DomainError: ``key_digest_length``.
        """
        if len(digest) != 32:
            raise DomainError("key_digest_length")
        return self._sign(digest)


def _rsa_value(key: rsa.RSAPrivateKey, digest: bytes) -> bytes:
    return key.sign(digest, _PKCS1, _PREHASHED)


def _p256_value(key: ec.EllipticCurvePrivateKey, digest: bytes) -> bytes:
    """r||s of a DER ``Ecdsa-Sig-Value``: two integers, each behind its tag and its length of one octet."""
    der = key.sign(digest, _ECDSA)
    end = 4 + der[3]
    r, s = der[4:end], der[end + 2 :]
    return r[-_P256_OCTETS:].rjust(_P256_OCTETS, b"\0") + s[-_P256_OCTETS:].rjust(_P256_OCTETS, b"\0")


def load_pkcs12(data: bytes, password: bytes | None) -> SoftwareSigner:
    """A signer from the bytes of a PKCS#12 file (RFC 7292); self-signed certificates in it are left out.

    :raises Unreadable: ``pkcs12_unreadable``.
    :raises DomainError: ``key_kind_not_allowed``; ``key_certificate_mismatch``.
    """
    try:
        key, certificate, others = pkcs12.load_key_and_certificates(data, password)
    except ValueError as error:
        raise Unreadable("pkcs12_unreadable") from error
    if key is None or certificate is None:
        raise Unreadable("pkcs12_unreadable")
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise DomainError("key_kind_not_allowed")
    return SoftwareSigner(key, certificate, issuing_path(certificate, others))


def issuing_path(leaf: x509.Certificate, others: Sequence[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """The issuers of ``leaf`` among ``others``, nearest first, without the root.

    A name is not enough: an authority that changed its key has several certificates of one name, and
    ``others`` may come from a page. Of several that fit the last of ``others`` is taken.
    """
    path: list[x509.Certificate] = []
    names: set[x509.Name] = set()  # authorities that certify each other again and again make no path longer
    current = leaf
    while issuer := next((other for other in reversed(others) if _issued(other, current)), None):
        if issuer.subject in names:
            break
        path.append(issuer)
        names.add(issuer.subject)
        current = issuer
    return tuple(path)


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        if issuer.subject != certificate.issuer or issuer.subject == issuer.issuer:
            return False
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):  # or it cannot be read
        return False
    return True
