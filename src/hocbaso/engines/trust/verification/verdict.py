"""The answer of a verification: one verdict, eight separate answers, one sentence each (``trust.md`` 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from hocbaso.core.document.model import YearSheet
from hocbaso.core.errors import DomainError
from hocbaso.core.shown import shown
from hocbaso.engines.trust.verification.policy import ValidationPolicy, main_indication

if TYPE_CHECKING:
    from hocbaso.engines.trust.verification.examined import Examined


class Conclusion(StrEnum):
    """The main status of EN 319 102-1, in the words of ``design.md`` 4.2."""

    VALID = "valid"
    INVALID = "invalid"
    INDETERMINATE = "indeterminate"


class Result(StrEnum):
    """One separate answer."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Question(StrEnum):
    """The eight questions, in the order in which they are asked and shown."""

    INTACT = "intact"
    SCHEMA = "schema"
    SIGNATURES = "signatures"
    CHAIN = "chain"
    AUTHORITY = "authority"
    STATUS = "status"
    LOGGED = "logged"
    LATEST = "latest"


_ABOUT_SIGNATURES = (
    Question.INTACT,
    Question.SCHEMA,
    Question.SIGNATURES,
    Question.CHAIN,
    Question.AUTHORITY,
)


#: Characters of a name in a certificate (RFC 5280 allows 64) before it is cut.
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Check:
    """An answer with its Vietnamese sentence.

    ``headline`` is the sentence that leads the whole verdict when this check decides it; where it is
    absent the sentence itself leads.
    """

    result: Result
    sentence: str
    sub_indication: str | None = None  # EN 319 102-1 table 6
    headline: str | None = None
    note: str | None = None  # what a reader should know although it decides nothing

    def __post_init__(self) -> None:
        """What a hostile file says of itself (a name in a certificate) steers no terminal, turns no text."""
        object.__setattr__(self, "sentence", shown(self.sentence))
        if self.headline is not None:
            object.__setattr__(self, "headline", shown(self.headline))


NOT_ASKED = Check(Result.UNKNOWN, "Không xét: chỉ xét khi nội dung còn nguyên vẹn.")


@dataclass(frozen=True, slots=True)
class SignatureAnswer:
    """What was found about one signature.

    ``valid`` is true only when its mathematics, its place in the order, its certificate's path and its
    authority are all known to be good. ``time`` is the time which the signer claims, or for the seal the
    time-stamped one.
    """

    role: str  # "gvbm" | "gvcn" | "hieu_truong" | "con_dau"
    signer: str
    valid: bool
    reason: str
    time: datetime | None
    serial: str
    subjects: tuple[str, ...] = ()  # codes of the subjects that a subject teacher signed

    def __post_init__(self) -> None:
        """As of :class:`Check`."""
        object.__setattr__(self, "signer", shown(self.signer, _LONGEST_NAME))
        object.__setattr__(self, "reason", shown(self.reason))

    @property
    def subject(self) -> str | None:
        """The first subject of a subject teacher, which the signature's Id names."""
        return self.subjects[0] if self.subjects else None


@dataclass(frozen=True, slots=True)
class RenditionAnswer:
    """What was found about the PDF around the signed XML."""

    seal: Check  # the PAdES seal is the school's and good
    whole: Check  # it covers the whole file; nothing was added later
    attachment: Check  # hocba.xml is the single attachment
    archive: Check | None = None  # its time stamps still prove when it existed; None: nothing to judge
    level: str | None = None  # PAdES baseline level by form: B-T, B-LT, B-LTA
    stamps: tuple[datetime, ...] = ()  # archive time stamps, oldest first

    @property
    def checks(self) -> tuple[Check, ...]:
        """The answers in the order in which they decide."""
        found = (self.seal, self.whole, self.attachment, self.archive)
        return tuple(check for check in found if check is not None)


@dataclass(frozen=True)
class Verdict:
    """The answer about one file. ``reason`` is one Vietnamese sentence that a clerk can read out."""

    file: str
    conclusion: Conclusion
    reason: str
    environment: str | None = None  # "chinh_thuc" only when proved; "thu_nghiem"; None = not known
    code: str | None = None
    version: int | None = None
    digest: str | None = None  # document digest, lower-case hex
    checks: Mapping[Question, Check] = field(default_factory=dict)
    signatures: tuple[SignatureAnswer, ...] = ()
    sub_indication: str | None = None
    best_signature_time: datetime | None = None
    sheet: YearSheet | None = None
    rendition: RenditionAnswer | None = None
    error: str | None = None  # code of the refusal, when the file could not be read at all
    policy: ValidationPolicy | None = None  # what was asked for
    earlier: tuple[Verdict, ...] = ()  # on the sheets of earlier years in the same file (a booklet)
    examined: Examined | None = field(
        default=None, repr=False, compare=False
    )  # for a report; not in the JSON

    def __post_init__(self) -> None:
        """As of :class:`Check`: the reason may be an error's sentence."""
        object.__setattr__(self, "reason", shown(self.reason))

    @property
    def verdict(self) -> str:
        """``valid``, ``invalid`` or ``indeterminate``."""
        return self.conclusion.value

    @property
    def indication(self) -> str:
        """The main indication of EN 319 102-1 about the signatures of the file, all taken together.

        Status, log and latest version are questions of this system: a document whose signatures are
        ``TOTAL-PASSED`` may have been revoked or replaced.
        """
        asked = [self.check(question) for question in _ABOUT_SIGNATURES]
        if self.rendition is not None:
            asked += self.rendition.checks
        for result in (Result.FAILED, Result.UNKNOWN):
            found = [check.sub_indication for check in asked if check.result is result]
            if found:
                return next(
                    (name for name in map(main_indication, found) if name == "TOTAL-FAILED"), "INDETERMINATE"
                )
        # An earlier year's sheet in the same file may be what refuses it.
        return "TOTAL-PASSED" if self.sub_indication is None else main_indication(self.sub_indication)

    @property
    def valid(self) -> bool:
        """Whether the document may be relied upon (exit status 0 of ``hocbaso verify``)."""
        return self.conclusion is Conclusion.VALID

    def check(self, question: Question) -> Check:
        """The answer to one question."""
        return self.checks.get(question, NOT_ASKED)

    def to_json(self) -> dict[str, Any]:
        """The data of ``design.md`` 4.2; ``answers`` holds the sentences of ``checks``."""
        data: dict[str, Any] = {
            "file": self.file,
            "verdict": self.verdict,
            "environment": self.environment,
            "code": self.code,
            "version": self.version,
            "digest": self.digest,
            "checks": {str(q): str(self.check(q).result) for q in Question},
            "answers": {str(q): self.check(q).sentence for q in Question},
            "signatures": [_signature_data(answer) for answer in self.signatures],
            "reason": self.reason,
            "indication": self.indication,
            "sub_indication": self.sub_indication,
            "policy": self.policy.to_json() if self.policy is not None else None,
            "best_signature_time": _time_text(self.best_signature_time),
        }
        if self.rendition is not None:
            data["rendition"] = _rendition_data(self.rendition)
        if self.error is not None:
            data["error"] = self.error
        return data


def refused(file: str, error: DomainError, policy: ValidationPolicy | None = None) -> Verdict:
    """The verdict about a file that cannot be read at all, for a list in which other files can."""
    return Verdict(
        file=file,
        conclusion=Conclusion.INVALID,
        reason=error.message,
        sub_indication="FORMAT_FAILURE",
        error=error.code,
        policy=policy,
    )


def _signature_data(answer: SignatureAnswer) -> dict[str, Any]:
    return {
        "role": answer.role,
        "subject": answer.subject,
        "subjects": list(answer.subjects),
        "signer": answer.signer,
        "valid": answer.valid,
        "reason": answer.reason,
        "time": _time_text(answer.time),
        "serial": answer.serial,
    }


def _rendition_data(answer: RenditionAnswer) -> dict[str, Any]:
    data: dict[str, Any] = {
        name: _check_data(getattr(answer, name)) for name in ("seal", "whole", "attachment")
    }
    if answer.archive is not None:
        data["archive"] = _check_data(answer.archive)
        data["level"] = answer.level
        data["archive_time_stamps"] = [_time_text(stamp) for stamp in answer.stamps]
    return data


def _check_data(check: Check) -> dict[str, str]:
    return {"result": str(check.result), "sentence": check.sentence}


def _time_text(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z"
