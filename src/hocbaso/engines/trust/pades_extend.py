"""Long-term data for sealed PDF files: what a file lacks to prove itself, and how it gets it.

A file proves itself when every certificate in it (of the seal, of the time stamps, of the signatures in the
XML inside) is found good with nothing but the roots and what the file carries. What does not answer for
itself yet is asked for; nothing is asked twice, and a file that lacks nothing stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hocbaso.core.document.parse import split_document
from hocbaso.core.errors import DomainError, register
from hocbaso.engines.trust import ports
from hocbaso.engines.trust.bundle import Anchor, TrustBundle
from hocbaso.engines.trust.longterm.policy import LongTermPolicy
from hocbaso.engines.trust.longterm.validation_data import Gatherer
from hocbaso.engines.trust.pades_archive import (
    Standing,
    opened,
    standing,
    tokens_of,
    with_archive_stamp,
    with_validation_data,
)
from hocbaso.engines.trust.pades_check import PDF_FAILURES, check_pdf_seal, embedded_certificates
from hocbaso.engines.trust.pades_revisions import SealedFile
from hocbaso.engines.trust.paths import X509_FAILURES, Evidence, PathChecker, Purpose
from hocbaso.engines.trust.tokens import TimeStampInfo, read_token
from hocbaso.engines.trust.xades import read_signature, signature_value_digest

register(
    {
        "pdf_no_gain": (
            "Nơi cấp dấu thời gian hiện nay không giữ được lâu hơn dấu đã có, nên tệp PDF chưa được gia hạn. "
            "Tệp được giữ nguyên.",
            "A new time stamp would not hold longer than the one there is.",
        ),
        "pdf_seal_not_provable": (
            "Con dấu của tệp PDF không đúng hoặc không còn chứng minh được, nên không bổ sung dữ liệu lưu "
            "trữ. Tệp được giữ nguyên.",
            "The seal does not hold: {reason}.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class _Question:
    """A certificate with what it brought along, and when it must have been good."""

    chain: tuple[x509.Certificate, ...]
    at: datetime
    purpose: Purpose
    inside: bool = False  # of a signature in the XML inside


@dataclass(frozen=True, slots=True)
class Extended:
    """A file after an extension. ``lacking``: what nobody could answer yet (a stable code each)."""

    pdf: bytes
    before: str
    after: str
    lacking: tuple[str, ...] = ()


class Extender:
    """Extends files under the same trust; answers are kept, so that a folder costs little more than one file.

    :param anchors: the roots that count.
    :param gatherer: revocation answers and issuing certificates.
    :param policy: when to renew, and what with.
    """

    def __init__(self, anchors: Sequence[Anchor], gatherer: Gatherer, policy: LongTermPolicy) -> None:
        self._anchors = tuple(anchors)
        self._gatherer = gatherer
        self._policy = policy
        self._checker: PathChecker | None = None

    def standing(self, pdf: bytes, now: datetime) -> Standing:
        """Level, end and due day of a file.

        :raises DomainError: ``pdf_not_extendable``, ``timestamp_invalid``.
        """
        return standing(opened(pdf), self._policy, now)

    def long_term(
        self, pdf: bytes, documents: Mapping[str, bytes], now: datetime, *, stamping: bool = False
    ) -> Extended:
        """B-LT: the file with everything that it lacks to prove itself.

        :param documents: the signed XML inside, by name.
        :param stamping: a time stamp follows: the newest one there is must be known to be good as of now
            (EN 319 102-1 clause 5.6.2.2: nothing older proves that its key was in good hands until then).
        :raises DomainError: ``pdf_not_extendable``, ``pdf_seal_not_provable``, ``timestamp_invalid``;
            ``validation_…`` when the seal's own path cannot be answered. What signatures inside lack is told
            in :attr:`Extended.lacking`.
        """
        file = opened(pdf)
        if not check_pdf_seal(pdf, self._roots(now), self._checking(now), now).intact:
            raise DomainError("pdf_seal_not_provable", reason="digest or signature value")
        lacking: list[str] = []
        certificates, crls, ocsps = list[bytes](), list[bytes](), list[bytes]()
        questions = [*self._questions(file, documents, now)]
        if stamping:
            questions.append(replace(_stamp_question(tokens_of(file, now)[-1]), at=now))
        for question in questions:
            if self._answered(file, question, now):
                continue
            try:
                data = self._gatherer.gather([question.chain], question.at, older=True)
            except DomainError as error:
                if not question.inside:
                    raise
                lacking.append(error.code)
                continue
            certificates += data.certificates
            crls += data.crls
            ocsps += data.ocsps
        done = with_validation_data(pdf, certificates, crls, ocsps)
        return Extended(done, file.level, opened(done).level, tuple(dict.fromkeys(lacking)))

    def archive(
        self, pdf: bytes, documents: Mapping[str, bytes], stamper: ports.TimeStamper, now: datetime
    ) -> Extended:
        """B-LTA: long-term data, and a document time stamp where there is none or the newest must be renewed.

        :raises DomainError: as :meth:`long_term`; ``pdf_no_gain``: the authority's certificate ends too soon.
        :raises ServiceUnavailable: the time-stamp authority does not answer.
        """
        before = self.standing(pdf, now)
        if before.ends < now:
            raise DomainError("pdf_seal_not_provable", reason="its newest time stamp has ended")
        if before.level == "B-LTA" and now < before.due:
            return self.long_term(pdf, documents, now)
        lacked = self.long_term(pdf, documents, now, stamping=True)
        stamped = with_archive_stamp(lacked.pdf, stamper, now, imprint=self._policy.imprint)
        after = self.standing(stamped, now)
        gain = timedelta(days=self._policy.minimum_gain_days)
        if before.level == "B-LTA" and after.ends < before.ends + gain:
            raise DomainError("pdf_no_gain")
        # The new authority's own answers; the next stamp will cover them.
        done = self._answered_for(stamped, documents, now)
        return replace(lacked, pdf=done.pdf, after=done.after)

    def _answered_for(self, stamped: bytes, documents: Mapping[str, bytes], now: datetime) -> Extended:
        try:
            return self.long_term(stamped, documents, now)
        except DomainError:  # the stamp stands; its authority is asked about again when it is renewed
            return Extended(stamped, "B-LTA", "B-LTA")

    def _questions(
        self, file: SealedFile, documents: Mapping[str, bytes], now: datetime
    ) -> Iterator[_Question]:
        tokens = tokens_of(file, now)
        try:
            ders = embedded_certificates(file.pdf[: file.sealed_end])
            chain = tuple(x509.load_der_x509_certificate(der) for der in ders)
            yield _Question(chain, tokens[0].time, Purpose.SIGN)
            for token in tokens:
                yield _stamp_question(token)
            for data in documents.values():
                yield from _inner_questions(data, now)
        except (*PDF_FAILURES, *X509_FAILURES) as error:
            raise DomainError("pdf_not_extendable", reason=type(error).__name__) from error

    def _roots(self, now: datetime) -> TrustBundle:
        return TrustBundle(created=now, as_of=now, anchors=self._anchors)

    def _checking(self, now: datetime) -> PathChecker:
        if self._checker is None:
            self._checker = PathChecker(self._roots(now))
        return self._checker

    def _answered(self, file: SealedFile, question: _Question, now: datetime) -> bool:
        """Whether the file answers with nothing but the roots."""
        stored = file.stored
        certificates = (*map(_der, question.chain[1:]), *stored.certificates)
        evidence = Evidence(certificates, stored.crls, stored.ocsps)
        return self._checking(now).check(_der(question.chain[0]), question.at, question.purpose, evidence).ok


def _stamp_question(token: TimeStampInfo, *, inside: bool = False) -> _Question:
    return _Question((token.certificate, *token.others), token.time, Purpose.TIME_STAMP, inside)


def _inner_questions(data: bytes, now: datetime) -> Iterator[_Question]:
    """Of the signatures in one XML document; what cannot be read asks nothing (the verifier will say so)."""
    try:
        texts = split_document(data).signatures
        parts = [read_signature(text) for text in texts]
        stamps = [(part.unsigned.time_stamp, text) for part, text in zip(parts, texts, strict=True)]
        tokens = [
            read_token(stamp, signature_value_digest(text), now)
            for stamp, text in stamps
            if stamp is not None
        ]
    except DomainError:
        return
    for token in tokens:
        yield _stamp_question(token, inside=True)
        for part in parts:
            chain = tuple(x509.load_der_x509_certificate(der) for der in part.ders)
            yield _Question(chain, token.time, Purpose.SIGN, inside=True)


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)
