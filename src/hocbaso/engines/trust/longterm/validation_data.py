"""What B-LT wants: the chain of every certificate to its root, and a revocation answer for each.

An answer counts when it was made after the time stamp (so that a revocation from before it would stand in
it); older ones only when the caller has waited long enough. Responders and the issuers of lists have chains
too: a delegated OCSP responder without ``id-pkix-ocsp-nocheck`` gets its own answer. Sources: EN 319 132-1
clauses 5.4.1 and 5.4.2, EN 319 102-1 clause 5.2.5, RFC 5280, RFC 6960.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust.longterm.answers import Answer, ask_list, ask_response, is_issued_by
from hocbaso.engines.trust.paths import X509_FAILURES
from hocbaso.engines.trust.xades.unsigned import NO_DATA, ValidationData

register(
    {
        "validation_no_path": (
            "Chứng thư số của {name} không dẫn được tới tổ chức chứng thực tin cậy, nên chưa đủ dữ liệu để "
            "lưu trữ dài hạn. Thầy cô báo quản trị bổ sung chứng thư của nơi cấp.",
            "The certificate of {name} leads to no trusted root.",
        ),
        "validation_no_answer": (
            "Nơi cấp chứng thư số của {name} chưa trả lời về tình trạng thu hồi. Hệ thống sẽ tự hỏi lại.",
            "Nobody says whether the certificate of {name} is revoked.",
        ),
        "validation_too_old": (
            "Thông tin thu hồi về chứng thư số của {name} còn cũ hơn dấu thời gian. Hệ thống chờ bản mới hơn "
            "rồi tự làm tiếp.",
            "What is known about revocation of {name} is older than the time stamp.",
        ),
        "validation_revoked": (
            "Chứng thư số của {name} đã bị thu hồi ngày {date}, trước khi có dấu thời gian: tờ học bạ này "
            "không đưa vào lưu trữ dài hạn được. Thầy cô cần lập bản thay thế.",
            "The certificate of {name} was revoked on {date}, before the time stamp.",
        ),
    }
)

#: A list up to this size serves every signer of its issuer; instead of a longer one OCSP is asked.
SMALL_LIST_OCTETS = 32 * 1024
_MAX_DEPTH = 6

#: Asks outside for a DER OCSP response or revocation list about a certificate of an issuer.
Ask = Callable[[x509.Certificate, x509.Certificate], bytes | None]


class Root(Protocol):
    """A trusted root."""

    @property
    def certificate(self) -> x509.Certificate:
        """The self-signed certificate."""


class Known(Protocol):
    """What is at hand: roots, issuing certificates, revocation lists (``apps.signing.ports.Trust``)."""

    @property
    def anchors(self) -> Sequence[Root]:
        """Trusted roots."""

    @property
    def intermediates(self) -> Sequence[x509.Certificate]:
        """Issuing certificates."""

    @property
    def crls(self) -> Sequence[bytes]:
        """DER revocation lists, the newest known."""


def gather(
    chains: Iterable[Sequence[x509.Certificate]],
    at: datetime,
    trust: Known,
    ask: Ask | None = None,
    *,
    older: bool = False,
    present: Collection[bytes] = (),
) -> ValidationData:
    """Everything that proves the certificates of ``chains`` as of ``at``.

    :param chains: of each signer or authority: its own certificate, then what it brought along.
    :param at: when the certificates must have been good: the time of the stamp.
    :param ask: for answers that ``trust`` does not hold; may return ``None``.
    :param older: take answers made before ``at``, too, when they were still current then.
    :param present: DER certificates that stand elsewhere in the signature and are not repeated.
    :raises DomainError: ``validation_no_path``, ``validation_no_answer``, ``validation_too_old``,
        ``validation_revoked``.
    """
    return Gatherer(trust, ask).gather(chains, at, older=older, present=present)


class Gatherer:
    """:func:`gather` for many signatures: paths and answers are kept."""

    def __init__(self, trust: Known, ask: Ask | None = None) -> None:
        #: Roots that are believed no more answer for what was stamped in their time.
        former = tuple(getattr(trust, "former", ()))
        self._roots = tuple(root.certificate for root in (*trust.anchors, *former))
        self._ended = {root.certificate: root.ends for root in former if root.ends is not None}
        self._intermediates = tuple(trust.intermediates)
        self._lists = tuple(trust.crls)
        self._ask = ask
        self._paths: dict[tuple[bytes, ...], tuple[x509.Certificate, ...]] = {}
        self._answers: dict[bytes, list[Answer]] = {}
        self._asked: dict[bytes, Answer | None] = {}

    def gather(
        self,
        chains: Iterable[Sequence[x509.Certificate]],
        at: datetime,
        *,
        older: bool = False,
        present: Collection[bytes] = (),
    ) -> ValidationData:
        """See :func:`gather`."""
        data = [self._of_chain(tuple(chain), at, older) for chain in chains]
        standing = frozenset(present)
        return ValidationData(
            tuple(dict.fromkeys(der for one in data for der in one.certificates if der not in standing)),
            tuple(dict.fromkeys(der for one in data for der in one.crls)),
            tuple(dict.fromkeys(der for one in data for der in one.ocsps)),
        )

    def _of_chain(self, chain: tuple[x509.Certificate, ...], at: datetime, older: bool) -> ValidationData:
        path = self._path(chain)
        if at > self._ended.get(path[-1], at):
            raise DomainError("validation_no_path", name=_name(chain[0]))
        answers: list[Answer] = []
        for certificate, issuer in pairwise(path):
            found = self._answer(certificate, issuer, at, older)
            answers.append(found)
            if found.responder is not None:
                answers.append(self._answer(found.responder, issuer, at, older, lists_only=True))
        return ValidationData(
            tuple(_der(certificate) for certificate in path[1:]),
            tuple(answer.der for answer in answers if answer.is_list),
            tuple(answer.der for answer in answers if not answer.is_list),
        )

    def _path(self, chain: tuple[x509.Certificate, ...]) -> tuple[x509.Certificate, ...]:
        """The chain up to a trusted root."""
        key = tuple(map(_der, chain))
        if key not in self._paths:
            self._paths[key] = self._build(chain)
        return self._paths[key]

    def _build(self, chain: tuple[x509.Certificate, ...]) -> tuple[x509.Certificate, ...]:
        path = [chain[0]]
        pool = (*self._roots, *self._intermediates, *chain[1:])
        while path[-1] not in self._roots:
            issuer = next((c for c in pool if c not in path and _issued(path[-1], c)), None)
            if issuer is None or len(path) > _MAX_DEPTH:
                raise DomainError("validation_no_path", name=_name(chain[0]))
            path.append(issuer)
        return tuple(path)

    def _answer(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        at: datetime,
        older: bool,
        *,
        lists_only: bool = False,
    ) -> Answer:
        """The smallest answer that is fresh enough; what nobody says, or says too early, is an error."""
        known = self._known(certificate, issuer)
        fresh = [answer for answer in known if answer.made >= at and _speaks(answer, certificate)]
        if not any(len(answer.der) <= SMALL_LIST_OCTETS for answer in fresh) and not lists_only:
            asked = self._outside(certificate, issuer)
            if asked is not None:
                known = [*known, asked]
                fresh += [asked] if asked.made >= at and _speaks(asked, certificate) else []
        revoked = min((a.revoked for a in known if a.revoked is not None), default=None)
        if revoked is not None and revoked <= at:  # whoever says so, however small another answer is
            raise DomainError("validation_revoked", name=_name(certificate), date=f"{revoked:%d/%m/%Y}")
        current = [a for a in known if a.made <= at and (a.expires is None or a.expires >= at)]
        usable = sorted(fresh, key=lambda a: len(a.der)) or (
            sorted(current, key=lambda a: a.made, reverse=True) if older else []
        )
        if not usable:
            code = "validation_too_old" if known else "validation_no_answer"
            raise DomainError(code, name=_name(certificate))
        return usable[0]

    def _known(self, certificate: x509.Certificate, issuer: x509.Certificate) -> list[Answer]:
        key = _der(certificate)
        if key not in self._answers:
            found = (_read(ask_list, der, certificate, issuer) for der in self._lists)
            self._answers[key] = [answer for answer in found if answer is not None]
        return self._answers[key]

    def _outside(self, certificate: x509.Certificate, issuer: x509.Certificate) -> Answer | None:
        key = _der(certificate)
        if key not in self._asked:
            der = self._ask(certificate, issuer) if self._ask is not None else None
            self._asked[key] = None
            if der is not None:
                self._asked[key] = _read(ask_response, der, certificate, issuer) or _read(
                    ask_list, der, certificate, issuer
                )
        return self._asked[key]


def _speaks(answer: Answer, certificate: x509.Certificate) -> bool:
    """A list made after a certificate ended may have dropped it, unless it says that it keeps such."""
    return answer.made <= certificate.not_valid_after_utc or (answer.is_list and answer.keeps_expired)


def _read(
    read: Callable[[bytes, x509.Certificate, x509.Certificate], Answer | None],
    der: bytes,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
) -> Answer | None:
    """An answer from outside may be anything; what cannot be read says nothing."""
    try:
        return read(der, certificate, issuer)
    except X509_FAILURES:
        return None


def _issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        return is_issued_by(certificate, authority)
    except X509_FAILURES:
        return False


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _name(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else f"{certificate.serial_number:x}"


__all__ = ["NO_DATA", "SMALL_LIST_OCTETS", "Ask", "Gatherer", "Known", "Root", "ValidationData", "gather"]
