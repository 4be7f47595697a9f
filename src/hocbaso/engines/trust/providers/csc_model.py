"""What a CSC v2 provider is told and tells, and what can go wrong there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509

from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.providers.stops import RESUME, SigningStopped

register(
    {
        "csc_unreachable": (
            "Chưa kết nối được dịch vụ ký số từ xa ({detail}). " + RESUME,
            "The remote signing service cannot be reached ({detail}).",
        ),
        "csc_outcome_unknown": (
            "Dịch vụ ký số từ xa không trả lời kịp ({detail}) nên chưa nhận được chữ ký của lượt vừa gửi. "
            + RESUME,
            "The remote signing service did not answer ({detail}); values under way were not received.",
        ),
        "csc_answer_unreadable": (
            "Dịch vụ ký số từ xa trả lời không đúng chuẩn ({detail}) nên không dùng được. " + RESUME,
            "The remote signing service's answer is not what CSC API v2 says ({detail}).",
        ),
        "csc_wrong_count": (
            "Dịch vụ ký số từ xa trả về {got} chữ ký trong khi cần {wanted} chữ ký. Không chữ ký "
            "nào của lượt này được nhận. " + RESUME,
            "{got} values came back for {wanted} hashes; none of them is taken.",
        ),
        "csc_wrong_value": (
            "Dịch vụ ký số từ xa trả về chữ ký không khớp với nội dung đã gửi hoặc sai thứ tự. Không chữ ký "
            "nào của lượt này được nhận; hãy báo nhà cung cấp. " + RESUME,
            "A returned value does not sign the hash in its place; none of the answer is taken.",
        ),
        "csc_refused": (
            "Dịch vụ ký số từ xa từ chối yêu cầu ({detail}). " + RESUME,
            "The remote signing service refuses ({detail}).",
        ),
        "csc_login_refused": (
            "Dịch vụ ký số từ xa không chấp nhận tài khoản của nút. Hãy báo quản trị hệ thống "
            "kiểm tra cấu hình.",
            "The remote signing service does not accept this node's account.",
        ),
        "csc_code_wrong": (
            "Mã gửi về điện thoại hoặc mã PIN chưa đúng, đã hết hạn hoặc không phải của danh sách này. "
            "Chưa ký gì; thầy cô hãy nhận mã mới rồi nhập lại.",
            "The PIN or OTP is wrong, expired or of another list.",
        ),
        "csc_code_cancelled": (
            "Thầy cô chưa nhập mã xác nhận nên chưa ký gì.",
            "No code was given; nothing was signed.",
        ),
        "csc_credential_unusable": (
            "Chứng thư số từ xa này không dùng để ký học bạ được ({detail}).",
            "The remote credential cannot be used ({detail}).",
        ),
        "csc_list_too_long": (
            "Danh sách có {count} tờ, dịch vụ ký số từ xa chỉ nhận tối đa {limit} tờ cho một lần xác nhận. "
            "Thầy cô hãy chia danh sách thành nhiều lần.",
            "{count} items; one authorisation covers {limit}.",
        ),
        "csc_outside_authorisation": (
            "Nội dung gửi ký không nằm trong danh sách đã xác nhận, hoặc đã ký rồi. Không gửi đi.",
            "The hash is not one of the authorised list, or was spent already.",
        ),
        "csc_authorisation_over": (
            "Lần xác nhận đã hết hạn. " + RESUME,
            "The authorisation (SAD) has expired.",
        ),
    }
)

#: SHA-256 (RFC 5754 section 2.2).
SHA256_OID = "2.16.840.1.101.3.4.2.1"
RSA_OIDS = ("1.2.840.113549.1.1.11", "1.2.840.113549.1.1.1")
ECDSA_OIDS = ("1.2.840.10045.4.3.2",)


@dataclass(frozen=True, slots=True)
class CscSettings:
    """A provider and this node's account there.

    :param url: base address of the API, with its ``/csc/v2``; https, plain http on loopback only.
    :param auth: "basic" (``auth/login``), "oauth2" (client credentials), or "none".
    :param token_url: of the oauth2 token service; by default ``oauth2/token`` below ``url``. Never taken from
        an answer: the secret goes nowhere else.
    :param batch: hashes a ``signHash`` request (the provider's limit). :param attempts: of what is safe.
    """

    url: str
    auth: str = "none"
    user: str = ""
    secret: str = field(default="", repr=False)
    token_url: str = ""
    batch: int = 50
    connect_timeout: float = 5.0
    read_timeout: float = 30.0
    attempts: int = 3
    max_answer: int = 2 * 1024 * 1024
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class ProviderInfo:
    """What the provider says of itself (``info``)."""

    name: str
    specs: str
    methods: frozenset[str]
    auth_types: frozenset[str]


@dataclass(frozen=True, slots=True)
class Credential:
    """A key at the provider: its certificate and how it is authorised."""

    id: str
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    sign_algorithm: str
    multisign: int  # signatures that one authorisation covers
    wants: tuple[str, ...]  # of "PIN" and "OTP", in the provider's order


@dataclass(frozen=True, slots=True)
class CodeQuestion:
    """What the person is asked to confirm."""

    credential: Credential
    wants: tuple[str, ...]
    count: int
    list_digest: str  # of exactly these hashes; a provider that shows a digest on the phone shows this one


@dataclass(frozen=True, slots=True)
class Codes:
    """What the person typed. Used once."""

    values: dict[str, str] = field(repr=False)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("codes are never serialised")


#: Asks the person; None: the person will not. The OTP has been sent when it is called.
AskCodes = Callable[[CodeQuestion], Codes | None]


class Authorisation:
    """A SAD and the hashes that it was given for; each may be sent once."""

    __slots__ = ("_sad", "credential", "expires", "left")

    def __init__(self, sad: str, credential: Credential, digests: Sequence[bytes], expires: float) -> None:
        self._sad, self.credential, self.expires = sad, credential, expires
        self.left = set(digests)

    def __repr__(self) -> str:
        return f"Authorisation({self.credential.id}, {len(self.left)} left)"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("an authorisation is never serialised")

    def spend(self, digests: Sequence[bytes], now: float) -> str:
        """The SAD for exactly these hashes, which are used up by it.

        :raises DomainError: ``csc_outside_authorisation``.
        :raises SigningStopped: ``csc_authorisation_over``.
        """
        if len(set(digests)) != len(digests) or not self.left.issuperset(digests):
            raise DomainError("csc_outside_authorisation")
        if now >= self.expires:
            raise SigningStopped("csc_authorisation_over")
        self.left.difference_update(digests)
        return self._sad


def list_digest(digests: Sequence[bytes]) -> str:
    """SHA-256, hexadecimal, over the hashes in the order in which they are sent."""
    return hashlib.sha256(b"".join(digests)).hexdigest()
