"""The plain QR code: an address that names a transcript code and the first digits of the document digest.

It is a pointer, not a document: the answer says what became of the issued version with that digest. Whether
the paper shows what was issued only a comparison with the document itself can tell, and the answer says so.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

from hocbaso.core.document.codes import parse_code
from hocbaso.core.document.emit import short_digest
from hocbaso.core.errors import Unreadable
from hocbaso.engines.trust.bundle import StatusEntry, TrustBundle
from hocbaso.engines.trust.verification.conclude import weigh
from hocbaso.engines.trust.verification.document import Verifier
from hocbaso.engines.trust.verification.sentences import ENVIRONMENT_WARNING
from hocbaso.engines.trust.verification.standing import NO_BUNDLE, check_latest, check_status
from hocbaso.engines.trust.verification.verdict import Check, Conclusion, Question, Result, Verdict

MAX_ADDRESS = 2_048
_DIGITS = re.compile(r"[0-9a-f]{16,64}", re.ASCII)
_NOT_HERE = Check(Result.UNKNOWN, "Không xét: mã QR chỉ dẫn tới học bạ, không chứa nội dung học bạ.")
_RECORDS = (Question.STATUS, Question.LOGGED, Question.LATEST)


def is_address(text: str) -> bool:
    """Whether a text looks like a verification address of any node."""
    return len(text) <= MAX_ADDRESS and re.match(r"https?://[^\s?#]+/xac-thuc/?\?", text) is not None


def verify_address(text: str, verifier: Verifier, *, file: str = "") -> Verdict:
    """Answer a verification address from the bundle.

    :raises Unreadable: ``verify_unknown_kind``, ``transcript_code_invalid``.
    """
    code, digits = _read(text)
    bundle = verifier.bundle
    entry = _entry(bundle, code, digits)
    checks = dict.fromkeys(Question, _NOT_HERE)
    if bundle is None:
        checks |= dict.fromkeys(_RECORDS, NO_BUNDLE)
    elif entry is None:
        checks |= _without_entry(bundle, code, digits)
    else:
        checks |= {
            Question.STATUS: check_status(bundle, code, entry.version, entry.digest, None),
            Question.LOGGED: verifier.log.check(entry.digest, None, code, entry.version),
            Question.LATEST: check_latest(bundle, code, entry.version, None),
        }
    records = [checks[question] for question in _RECORDS]
    conclusion = weigh(records)
    environment = _environment(verifier)
    reason = _reason(conclusion, records)
    return Verdict(
        file=file,
        conclusion=conclusion,
        reason=f"{ENVIRONMENT_WARNING}. {reason}" if environment == "thu_nghiem" else reason,
        environment=environment,
        code=code,
        version=entry.version if entry else None,
        digest=entry.digest if entry else None,
        checks=checks,
        policy=verifier.policy,
    )


def _read(text: str) -> tuple[str, str]:
    try:
        values = parse_qsl(urlsplit(text).query, strict_parsing=True, max_num_fields=4)
    except ValueError:
        raise Unreadable("verify_unknown_kind") from None
    if sorted(name for name, _ in values) != ["c", "h"]:
        raise Unreadable("verify_unknown_kind")
    code, digits = dict(values)["c"], dict(values)["h"]
    if not _DIGITS.fullmatch(digits):
        raise Unreadable("verify_unknown_kind")
    return str(parse_code(code)), digits


def _entry(bundle: TrustBundle | None, code: str, digits: str) -> StatusEntry | None:
    if bundle is None:
        return None
    found = (entry for entry in bundle.status_by_code.get(code, []) if entry.digest.startswith(digits))
    return next(found, None)


def _without_entry(bundle: TrustBundle, code: str, digits: str) -> dict[Question, Check]:
    known = bundle.status_by_code.get(code)
    if not known:
        unknown = Check(Result.UNKNOWN, "Gói tin cậy không có mã học bạ này.")
        return dict.fromkeys(_RECORDS, unknown)
    sentence = f"Mã học bạ có thật, nhưng chưa từng phát hành bản nào có mã tóm lược {short_digest(digits)}."
    failed = Check(Result.FAILED, sentence, headline=f"Mã QR không hợp lệ. {sentence}")
    skipped = Check(Result.UNKNOWN, "Không xét: mã tóm lược không thuộc bản nào đã phát hành.")
    return {Question.STATUS: failed, Question.LOGGED: skipped, Question.LATEST: skipped}


def _environment(verifier: Verifier) -> str | None:
    """A pointer carries no certificate; a bundle that knows only sandbox roots speaks of nothing genuine."""
    worlds = verifier.checker.environments if verifier.checker is not None else frozenset()
    return "thu_nghiem" if worlds == {"thu_nghiem"} else None


def _reason(conclusion: Conclusion, records: list[Check]) -> str:
    if conclusion is Conclusion.VALID:
        return (
            "Mã học bạ có thật, đang có hiệu lực và đã ghi sổ công khai. "
            "Hãy so nội dung trên giấy với bản gốc tra theo mã."
        )
    wanted = Result.FAILED if conclusion is Conclusion.INVALID else Result.UNKNOWN
    decisive = next(check for check in records if check.result is wanted)
    if conclusion is Conclusion.INVALID:
        return decisive.headline or decisive.sentence
    return f"Chưa kết luận được. {decisive.sentence}"
