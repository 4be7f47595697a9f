"""A verdict in the words and shapes of the public page (``screens/xac-thuc.html``)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from hocbaso.apps.transcripts.public_verification import Found
from hocbaso.core.document.parse import parse_sheet
from hocbaso.core.vietnamese.names import initials
from hocbaso.engines.trust.verification import Check, Conclusion, Question, Result, SignatureAnswer, Verdict
from hocbaso.interfaces.web.templatetags.hbs import date_vi, datetime_vi, number

_KIND = {Result.OK: ("ok", "check"), Result.FAILED: ("stop", "cross"), Result.UNKNOWN: ("idle", "info")}
_STANDING = (Question.STATUS, Question.LATEST)


def page_url(code: str, digest: str = "") -> str:
    """The public page of a code, of one version where a digest is given."""
    values = {"c": code, **({"h": digest[:16]} if digest else {})}
    return f"{reverse('web:verify')}?{urlencode(values)}"


def describe(found: Found, *, file_name: str = "") -> dict[str, Any]:
    """Everything the page shows of one verdict, without anything that tells who the pupil is."""
    verdict = found.verdict
    kind, shape, heading, text, link, link_text = _heading(found)
    return {
        "kind": kind,
        "shape": shape,
        "heading": heading,
        "text": text,
        "link": link,
        "link_text": link_text,
        "sandbox": verdict.environment == "thu_nghiem",
        "file_name": file_name,
        "code": verdict.code,
        "version": verdict.version if found.issued else None,
        "facts": _facts(found),
        "answers": _answers(found),
        "issued": found.issued,
        "reason": verdict.reason,
    }


def _facts(found: Found) -> dict[str, str] | None:
    """Initials, school, year and grade: of the issued version only."""
    if found.issued is None:
        return None
    model = parse_sheet(bytes(found.issued.sheet.body))
    school = f"{model.school.name}, {model.school.commune}, {model.school.province}"
    grade = _("%(year)s, lớp %(grade)s") % {"year": model.year, "grade": model.grade}
    return {"initials": initials(model.pupil.full_name), "school": school, "year": grade}


def _failed(verdict: Verdict) -> set[Question]:
    return {q for q in Question if verdict.check(q).result is Result.FAILED}


def _heading(found: Found) -> tuple[str, str, str, str, str, str]:
    """Kind, shape, heading, sentence, and a link with its words."""
    verdict, event = found.verdict, found.event
    failed = _failed(verdict)
    if found.qr_differs:
        text = _("Đừng dùng bản giấy hoặc tệp mang mã QR này. Hãy so với bản gốc tra theo mã.")
        return "stop", "cross", _("Mã QR không khớp bản đã phát hành"), text, *_original(found)
    if Question.INTACT in failed:
        text = _("Đừng dùng tệp này. Hãy xin bản khác từ trường hoặc từ phụ huynh.")
        return "stop", "cross", _("Học bạ không hợp lệ: nội dung đã bị sửa"), text, "", ""
    if event is not None and failed and failed <= set(_STANDING):
        return _ended(found)
    if verdict.conclusion is Conclusion.INVALID:
        if verdict.rendition and verdict.rendition.whole.result is Result.FAILED:
            text = _("Đừng dùng tệp PDF này. Hãy xin bản khác từ trường hoặc từ phụ huynh.")
            return "stop", "cross", _("Bản PDF đã bị sửa sau khi đóng dấu"), text, "", ""
        return "stop", "cross", _("Học bạ không hợp lệ"), verdict.reason, "", ""
    if verdict.conclusion is Conclusion.INDETERMINATE:
        return "warn", "warn", _("Chưa kết luận được"), verdict.reason, "", ""
    if verdict.environment == "thu_nghiem":
        text = _("Chữ ký thuộc chứng thư thử nghiệm, không phải của cơ quan hay trường học nào.")
        return "", "info", _("Học bạ thử nghiệm, các bước kiểm tra đều đạt"), text, "", ""
    school = verdict.sheet.school.name if verdict.sheet else ""
    day = date_vi(verdict.best_signature_time)
    text = _("Đây là bản đang có hiệu lực, do %(school)s phát hành ngày %(day)s.")
    return "ok", "check", _("Học bạ hợp lệ"), text % {"school": school, "day": day}, "", ""


def _original(found: Found) -> tuple[str, str]:
    if found.newest is None:
        return "", ""
    return page_url(found.newest.code), _("Xem bản gốc theo mã")


def _ended(found: Found) -> tuple[str, str, str, str, str, str]:
    """Genuine, but replaced or revoked."""
    event, newest = found.event, found.newest
    assert event is not None
    if event.status == "revoked":
        text = _("Bản này từng có thật nhưng không còn giá trị. Đừng dùng.")
        return (
            "stop",
            "cross",
            _("Học bạ đã bị thu hồi ngày %(day)s") % {"day": date_vi(event.at)},
            text,
            "",
            "",
        )
    n = event.replaced_by or (newest.version if newest else "")
    heading = _("Học bạ thật, nhưng đã được thay bằng phiên bản %(n)s") % {"n": n}
    if newest is None:
        return "warn", "swap", heading, "", "", ""
    text = _("Hãy dùng phiên bản %(n)s, phát hành ngày %(day)s.") % {
        "n": newest.version,
        "day": date_vi(newest.issued_at),
    }
    link_text = _("Xem phiên bản %(n)s") % {"n": newest.version}
    return "warn", "swap", heading, text, page_url(newest.code), link_text


def _line(name: str, check: Check, words: dict[Result, str], extra: str = "") -> dict[str, Any]:
    kind, shape = _KIND[check.result]
    sentence = f"{check.sentence} {extra}".strip()
    return {"name": name, "kind": kind, "shape": shape, "words": words[check.result], "sentence": sentence}


def _words(ok: str, failed: str, unknown: str) -> dict[Result, str]:
    return {Result.OK: ok, Result.FAILED: failed, Result.UNKNOWN: unknown}


def _worse(*checks: Check) -> Check:
    order = (Result.FAILED, Result.UNKNOWN, Result.OK)
    return min(checks, key=lambda check: order.index(check.result))


def _answers(found: Found) -> list[dict[str, Any]]:
    """The separate answers, one sentence each, in the verifier's own sentences."""
    verdict = found.verdict
    no = _("Không xét")
    intact = _worse(verdict.check(Question.INTACT), verdict.check(Question.SCHEMA))
    if verdict.check(Question.INTACT).result is not Result.FAILED and intact.result is Result.UNKNOWN:
        intact = verdict.check(Question.INTACT)
    lines = [_line(_("Nguyên vẹn"), intact, _words(_("Không bị sửa"), _("Đã bị sửa sau khi ký"), no))]
    lines[0]["sentence"] = (
        verdict.check(Question.INTACT).sentence if intact.result is Result.OK else intact.sentence
    )
    if verdict.rendition is not None:
        if lines[0]["kind"] == "ok":
            lines[0]["words"] = _("Dữ liệu bên trong không bị sửa")
        found_outside = verdict.rendition
        archive = [found_outside.archive] if found_outside.archive is not None else []
        checks = (found_outside.whole, found_outside.seal, found_outside.attachment, *archive)
        words = _words(_("Đúng bản trường đã đóng dấu"), _("Không dùng được"), _("Chưa kết luận được"))
        lines.append(_line(_("Bản PDF"), _worse(*checks), words))
    lines.append(_signature_answer(verdict))
    if found.qr_differs:
        lines[-1]["words"] = no
    right = _words(_("Ký đúng quyền"), _("Ký không đúng quyền"), no)
    lines.append(_line(_("Thẩm quyền"), verdict.check(Question.AUTHORITY), right))
    lines.append(_standing_answer(found))
    logged = _words(_("Đã ghi sổ công khai"), _("Không có trong sổ"), no)
    line = _line(_("Sổ phát hành"), verdict.check(Question.LOGGED), logged)
    if found.issued and verdict.check(Question.LOGGED).result is Result.OK:
        line["link"] = f"{reverse('web:verify-proof')}?{urlencode({'c': found.issued.code})}"
        line["link_text"] = _("Tải bằng chứng")
    return [*lines, line]


def _signature_answer(verdict: Verdict) -> dict[str, Any]:
    signatures, chain = verdict.check(Question.SIGNATURES), verdict.check(Question.CHAIN)
    count = number(len(verdict.signatures))
    good = _("Đủ %(n)s chữ ký, đúng thứ tự") % {"n": count}
    worst = _worse(signatures, chain)
    line = _line(_("Chữ ký"), worst, _words(good, _("Không còn khớp"), _("Chưa kết luận được")))
    if worst.result is Result.OK:
        line["sentence"] = chain.sentence
    if verdict.check(Question.INTACT).result is not Result.FAILED:
        names = {line.code: line.name for line in verdict.sheet.subjects} if verdict.sheet else {}
        line["signatures"] = _signature_lines(verdict.signatures, names)
    return line


def _signature_lines(
    signatures: tuple[SignatureAnswer, ...], subjects: dict[str, str]
) -> list[dict[str, Any]]:
    """Subject teachers together, then one line each.

    :param subjects: name of each subject by its code.
    """
    names = {
        "gvcn": _("Giáo viên chủ nhiệm"),
        "hieu_truong": _("Hiệu trưởng"),
        "con_dau": _("Con dấu số của trường"),
    }
    teachers = [s for s in signatures if s.role == "gvbm"]
    lines = []
    if teachers:
        who = "; ".join(_teacher(s, subjects) for s in teachers)
        role = _("%(n)s giáo viên môn học") % {"n": number(len(teachers))}
        bad = next((s.reason for s in teachers if not s.valid), "")
        lines.append({"role": role, "who": who, "when": "", "ok": not bad, "reason": bad})
    for s in signatures:
        if s.role in names:
            when = datetime_vi(s.time)
            if s.role == "con_dau" and when:
                when = _("%(when)s, có dấu thời gian") % {"when": when}
            reason = "" if s.valid else s.reason
            lines.append(
                {"role": names[s.role], "who": s.signer, "when": when, "ok": s.valid, "reason": reason}
            )
    return lines


def _teacher(answer: SignatureAnswer, subjects: dict[str, str]) -> str:
    signed = ", ".join(subjects.get(code, code) for code in answer.subjects)
    return f"{signed}: {answer.signer}" if signed else answer.signer


def _standing_answer(found: Found) -> dict[str, Any]:
    verdict, event = found.verdict, found.event
    status, latest = verdict.check(Question.STATUS), verdict.check(Question.LATEST)
    words = _words(_("Đang có hiệu lực"), _("Không phải bản đã phát hành"), _("Không xét"))
    line = _line(_("Tình trạng"), _worse(status, latest), words)
    if event is not None and status.result is Result.FAILED:
        ended = {
            "replaced": (_("Đã thay thế"), "warn", "swap"),
            "revoked": (_("Đã thu hồi"), "stop", "cross"),
        }
        line["words"], line["kind"], line["shape"] = ended[event.status]
    elif (
        found.issued is None
        and found.newest is not None
        and verdict.check(Question.INTACT).result is Result.FAILED
    ):
        line["link"], line["link_text"] = _original(found)
    return line
