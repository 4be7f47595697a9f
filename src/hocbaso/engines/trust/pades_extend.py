"""Long-term data for sealed PDF files: what a file lacks to prove itself, and how it gets it.

A file proves itself when every certificate in it (of the seal, of the time stamps, of the signatures in the
XML inside) is found good with nothing but the roots and what the file carries. What does not answer for
itself yet is asked for; nothing is asked twice, and a file that lacks nothing stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
)
from hocbaso.engines.trust.pades_check import PDF_FAILURES, embedded_certificates, is_intact
from hocbaso.engines.trust.pades_objects import StoreRevision
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
    optional: bool = False  # without an answer the file is extended all the same (a signature in the XML)


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

    def long_term(self, pdf: bytes, documents: Mapping[str, bytes], now: datetime) -> Extended:
        """B-LT: the file with everything that it lacks to prove itself.

        :param documents: the signed XML inside, by name.
        :raises DomainError: ``pdf_not_extendable``, ``pdf_seal_not_provable``, ``timestamp_invalid``;
            ``validation_…`` when the seal's own path cannot be answered. What signatures inside lack is told
            in :attr:`Extended.lacking`.
        """
        file = _sound(pdf)
        return self._completed(file, self._questions(file, documents, now), now)

    def archive(
        self, pdf: bytes, documents: Mapping[str, bytes], stamper: ports.TimeStamper, now: datetime
    ) -> Extended:
        """B-LTA: long-term data, and a document time stamp where there is none or the newest must be renewed.

        :raises DomainError: as :meth:`long_term`; ``pdf_no_gain``: the authority's certificate ends too soon.
        :raises ServiceUnavailable: the time-stamp authority does not answer.
        """
        file = _sound(pdf)
        before = standing(file, self._policy, now)
        if before.ends < now:
            raise DomainError("pdf_seal_not_provable", reason="its newest time stamp has ended")
        questions = [*self._questions(file, documents, now)]
        if before.level == "B-LTA" and now < before.due:
            return self._completed(file, questions, now)
        # The newest stamp there is must be known to be good as of now: nothing older proves that its key was
        # in good hands until the next stamp was made over it (EN 319 102-1 clause 5.6.2.2). Near its end a
        # stamp without that answer is better than none: one that comes too late never proves anything.
        near = before.ends - timedelta(days=self._policy.alarm_days) <= now
        questions.append(replace(_stamp_question(before.newest, optional=near), at=now))
        lacked = self._completed(file, questions, now)
        stamped = opened(with_archive_stamp(lacked.pdf, stamper, now, imprint=self._policy.imprint))
        after = standing(stamped, self._policy, now)
        gain = timedelta(days=self._policy.minimum_gain_days)
        if before.level == "B-LTA" and after.ends < before.ends + gain:
            raise DomainError("pdf_no_gain")
        try:  # the new authority's own answers; the next stamp will cover them
            done = self._completed(stamped, [_stamp_question(after.newest)], now).pdf
        except DomainError:  # the stamp stands; its authority is asked about again when it is renewed
            done = stamped.pdf
        return replace(lacked, pdf=done, after=after.level)

    def _completed(self, file: SealedFile, questions: Iterable[_Question], now: datetime) -> Extended:
        """The file with the answers to questions that it does not answer yet."""
        lacking: list[str] = []
        certificates, crls, ocsps = list[bytes](), list[bytes](), list[bytes]()
        for question in questions:
            if self._answered(file, question, now):
                continue
            try:
                data = self._gatherer.gather([question.chain], question.at, older=True)
            except DomainError as error:
                if not question.optional:
                    raise
                lacking.append(error.code)
                continue
            certificates += data.certificates
            crls += data.crls
            ocsps += data.ocsps
        done = file.with_store(StoreRevision(tuple(certificates), tuple(crls), tuple(ocsps)))
        return Extended(done.pdf, file.level, done.level, tuple(dict.fromkeys(lacking)))

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

    def _answered(self, file: SealedFile, question: _Question, now: datetime) -> bool:
        """Whether the file answers with nothing but the roots."""
        stored = file.stored
        if not (stored.crls or stored.ocsps):
            return False
        if self._checker is None:
            self._checker = PathChecker(TrustBundle(created=now, as_of=now, anchors=self._anchors))
        certificates = (*map(_der, question.chain[1:]), *stored.certificates)
        evidence = Evidence(certificates, stored.crls, stored.ocsps)
        return self._checker.check(_der(question.chain[0]), question.at, question.purpose, evidence).ok


def _sound(pdf: bytes) -> SealedFile:
    """:raises DomainError: ``pdf_not_extendable``, ``pdf_seal_not_provable``."""
    file = opened(pdf)
    if not is_intact(pdf):
        raise DomainError("pdf_seal_not_provable", reason="digest or signature value")
    return file


def _stamp_question(token: TimeStampInfo, *, optional: bool = False) -> _Question:
    return _Question((token.certificate, *token.others), token.time, Purpose.TIME_STAMP, optional)


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
        yield _stamp_question(token, optional=True)
        for part in parts:
            chain = tuple(x509.load_der_x509_certificate(der) for der in part.ders)
            yield _Question(chain, token.time, Purpose.SIGN, optional=True)


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)
