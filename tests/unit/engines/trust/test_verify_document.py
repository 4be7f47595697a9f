"""Every attack that we know has its test; whatever is not known to be good is never valid."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from time import process_time

import pytest

from hocbaso.core.document.codes import new_code
from hocbaso.core.document.emit import digest, emit
from hocbaso.core.document.model import SchoolLevel, SignerRole
from hocbaso.core.document.names import document_bytes
from hocbaso.core.document.parse import split_document
from hocbaso.core.errors import Unreadable
from hocbaso.engines.ledger.entries import EntryType
from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.verification import Question, Result, Verdict, verify_document
from hocbaso.engines.trust.xades import with_unsigned, without_unsigned
from tests.unit.engines.trust.verify_support import (
    DAY,
    NOW,
    SIGN_TIMES,
    STAMPED,
    T0,
    Holder,
    Pki,
    School,
    entry_of,
    evidence_of,
    rsa_key,
    sheet_of,
)

HOMEROOM, PRINCIPAL, SEAL = SignerRole.HOMEROOM, SignerRole.PRINCIPAL, SignerRole.SEAL
SCHOOL = School(Pki("S"))
FOREIGN = School(Pki("X"))
SHEET = sheet_of()
TEXT = emit(SHEET)


@lru_cache(maxsize=1)
def issued() -> bytes:
    return SCHOOL.issue()


@lru_cache(maxsize=1)
def bundle() -> TrustBundle:
    return SCHOOL.bundle(issued())


def parts() -> tuple[bytes, list[bytes]]:
    split = split_document(issued())
    return split.sheet, list(split.signatures)


def judge(document: bytes, given: TrustBundle | None = None) -> Verdict:
    return verify_document(document, given or bundle(), now=NOW)


def judge_signed(signatures: list[bytes]) -> Verdict:
    return judge(document_bytes(TEXT, signatures))


def assert_invalid(verdict: Verdict, question: Question, sub_indication: str | None = None) -> None:
    assert verdict.verdict == "invalid"
    assert verdict.check(question).result is Result.FAILED
    if sub_indication is not None:
        assert verdict.sub_indication == sub_indication


# --- what is right -----------------------------------------------------------------------------------------


def test_an_issued_document_with_a_full_bundle_is_valid_and_says_loudly_that_it_is_a_test() -> None:
    verdict = judge(issued())
    assert verdict.verdict == "valid"
    assert {check.result for check in verdict.checks.values()} == {Result.OK}
    assert [s.role for s in verdict.signatures] == ["gvcn", "hieu_truong", "con_dau"]
    assert all(s.valid for s in verdict.signatures)
    assert verdict.environment == "thu_nghiem"
    assert verdict.reason.startswith("Môi trường THỬ NGHIỆM")
    assert (verdict.best_signature_time, verdict.sheet) == (STAMPED, SHEET)


def test_the_json_answer_holds_what_the_contract_promises() -> None:
    data = judge(issued()).to_json()
    assert set(data) >= {"file", "verdict", "environment", "code", "checks", "signatures", "reason"}
    names = ["intact", "schema", "signatures", "chain", "authority", "status", "logged", "latest"]
    assert list(data["checks"]) == list(data["answers"]) == names
    assert set(data["checks"].values()) == {"ok"}
    assert all(sentence.endswith(".") for sentence in data["answers"].values())
    assert set(data["signatures"][0]) >= {"role", "signer", "valid", "reason"}
    assert data["code"] == SHEET.code


def test_a_genuine_document_under_a_genuine_root_is_called_genuine() -> None:
    sheet = sheet_of(environment="chinh_thuc")
    document = SCHOOL.issue(sheet)
    anchor = replace(bundle().anchors[0], environment="chinh_thuc")
    verdict = judge(document, SCHOOL.bundle(document, anchors=(anchor,)))
    assert (verdict.verdict, verdict.environment) == ("valid", "chinh_thuc")
    assert "THỬ NGHIỆM" not in verdict.reason


def test_a_sheet_that_calls_itself_genuine_under_a_sandbox_root_is_refused() -> None:
    document = SCHOOL.issue(sheet_of(environment="chinh_thuc"))
    verdict = judge(document, SCHOOL.bundle(document))
    assert_invalid(verdict, Question.CHAIN)
    assert verdict.environment == "thu_nghiem"


def test_a_root_that_names_itself_a_test_is_never_genuine_whatever_the_bundle_says() -> None:
    marked = School(Pki("CA thử nghiệm - THỬ NGHIỆM"))
    document = marked.issue(sheet_of(environment="chinh_thuc"))
    given = marked.bundle(document)
    anchor = replace(given.anchors[0], environment="chinh_thuc")
    assert judge(document, replace(given, anchors=(anchor,))).environment == "thu_nghiem"


def test_a_genuine_sheet_with_a_time_stamp_of_the_sandbox_is_refused() -> None:
    sandbox = School(Pki("Hộp cát"))
    sheet = sheet_of(environment="chinh_thuc")
    text = emit(sheet)
    signatures = SCHOOL.signatures(text, stamped=None)
    document = document_bytes(text, [*signatures[:2], sandbox.stamp(signatures[2])])
    given = SCHOOL.bundle(document)
    genuine = replace(given.anchors[0], environment="chinh_thuc")
    both = replace(
        given,
        anchors=(genuine, sandbox.bundle(document).anchors[0]),
        intermediates=(SCHOOL.pki.sub.der, sandbox.pki.sub.der),
        crls=(*given.crls, *sandbox.bundle(document).crls),
    )
    verdict = judge(document, both)
    assert_invalid(verdict, Question.CHAIN)
    assert verdict.environment == "thu_nghiem"


def test_rsa_and_subject_teachers_signatures_are_accepted() -> None:
    holders = {HOMEROOM: SCHOOL.pki.issue("Trần RSA", key=rsa_key())}
    document = SCHOOL.issue(subjects=("toan", "dao-duc"), holders=holders)
    register = (*SCHOOL.register(), *replace_holder(HOMEROOM, holders[HOMEROOM]))
    verdict = judge(document, SCHOOL.bundle(document, authority=register))
    assert verdict.verdict == "valid", verdict.reason
    assert [s.subject for s in verdict.signatures] == ["toan", "dao-duc", None, None, None]


def replace_holder(role: SignerRole, holder: Holder):  # type: ignore[no-untyped-def]
    school = School(SCHOOL.pki)
    school.holders = {role: holder}
    return school.register()


# --- what is altered ---------------------------------------------------------------------------------------


def test_an_altered_mark_is_seen_and_told_as_altered_content() -> None:
    altered = issued().replace(b"<DiemKiemTra>9<", b"<DiemKiemTra>10<", 1)
    verdict = judge(altered)
    assert_invalid(verdict, Question.INTACT, "HASH_FAILURE")
    assert "bị sửa" in verdict.reason
    assert verdict.check(Question.LOGGED).result is Result.FAILED
    assert not any(s.valid for s in verdict.signatures)


def test_new_content_signed_again_under_the_same_code_is_not_what_was_issued() -> None:
    again = SCHOOL.issue(sheet_of(homeroom_comment="Nội dung khác."))
    verdict = judge(again)
    assert_invalid(verdict, Question.STATUS)
    assert verdict.check(Question.LOGGED).result is Result.FAILED
    assert verdict.check(Question.INTACT).result is Result.OK


WRAPPERS: dict[str, Callable[[bytes], bytes]] = {
    "format version": lambda d: d.replace(b'phienBan="1.0"', b'phienBan="1.1"'),
    "namespace on the root": lambda d: d.replace(b'phienBan="1.0"', b'phienBan="1.0" xmlns:q="q"'),
    "another default namespace": lambda d: d.replace(b"urn:hocbaso:1", b"urn:hocbaso:2", 1),
    "white space after the root": lambda d: d + b"\n",
    "byte order mark": lambda d: b"\xef\xbb\xbf" + d,
    "comment": lambda d: d.replace(b"<DSCKS>", b"<!-- x --><DSCKS>"),
    "comment in a value": lambda d: d.replace(b"<DanToc>Kinh", b"<DanToc><!-- x -->Kinh"),
    "CDATA": lambda d: d.replace(b"<DanToc>Kinh", b"<DanToc><![CDATA[Kinh]]>"),
    "XML declaration": lambda d: b'<?xml version="1.0"?>' + d,
    "attribute on DSCKS": lambda d: d.replace(b"<DSCKS>", b'<DSCKS a="1">'),
    "text in DSCKS": lambda d: d.replace(b"<DSCKS>", b"<DSCKS>x"),
    "element in DSCKS": lambda d: d.replace(b"</DSCKS>", b"<GhiChu></GhiChu></DSCKS>"),
    "empty signature in DSCKS": lambda d: d.replace(b"</DSCKS>", b"<ds:Signature></ds:Signature></DSCKS>"),
    "second DSCKS": lambda d: d.replace(b"</HocBaSo>", b"<DSCKS></DSCKS></HocBaSo>"),
    "white space between sheet and signatures": lambda d: d.replace(b"<DSCKS>", b" <DSCKS>"),
    "xml:lang on the sheet": lambda d: d.replace(
        b'<ToNamHoc Id="tnh">', b'<ToNamHoc Id="tnh" xml:lang="vi">'
    ),
    "redundant namespace on the sheet": lambda d: d.replace(
        b"<ToNamHoc ", b'<ToNamHoc xmlns="urn:hocbaso:1" '
    ),
    "single quotes": lambda d: d.replace(b'Id="tnh"', b"Id='tnh'"),
    "numeric character reference": lambda d: d.replace(b"Hoa Mai", b"Hoa &#77;ai", 1),
    "empty-element tag": lambda d: d.replace(b"<ds:Transforms>", b"<ds:Transforms/><ds:Transforms>", 1),
    "other prefix": lambda d: d.replace(b"ds:", b"dsig:").replace(b"xmlns:ds=", b"xmlns:dsig="),
}


@pytest.mark.parametrize("change", WRAPPERS.values(), ids=WRAPPERS)
def test_bytes_that_no_signature_covers_are_pinned(change: Callable[[bytes], bytes]) -> None:
    changed = change(issued())
    assert changed != issued()
    assert judge(changed).verdict == "invalid"


def test_a_second_sheet_beside_the_signed_one_is_refused() -> None:
    sheet, signatures = parts()
    forged = sheet.replace(b"Kinh", b"Hoa")
    for order in (forged + sheet, sheet + forged):
        assert judge(document_bytes(order, signatures)).verdict == "invalid"


def test_a_signed_sheet_moved_elsewhere_with_a_forged_one_in_its_place_is_refused() -> None:
    sheet, signatures = parts()
    forged = sheet.replace(b"<DiemKiemTra>9<", b"<DiemKiemTra>10<").replace(b'Id="tnh"', b'Id="gia"')
    moved = signatures[0].replace(b"</ds:Signature>", b"<ds:Object>" + sheet + b"</ds:Object></ds:Signature>")
    verdict = judge(document_bytes(sheet, signatures).replace(sheet, forged))
    assert verdict.verdict == "invalid"
    assert judge(document_bytes(forged, [moved, *signatures[1:]])).verdict == "invalid"
    kept = sheet.replace(b"<DiemKiemTra>9<", b"<DiemKiemTra>10<")
    assert judge(document_bytes(kept, [moved, *signatures[1:]])).verdict == "invalid"


def test_an_id_that_stands_twice_is_refused() -> None:
    twice = issued().replace(b'Id="mon-toan"', b'Id="mon-dao-duc"')
    verdict = judge(twice)
    assert_invalid(verdict, Question.INTACT)
    assert "mon-dao-duc" in verdict.check(Question.INTACT).sentence


# --- signatures --------------------------------------------------------------------------------------------


def test_a_signature_over_something_else_than_its_place_demands_is_refused() -> None:
    subject = SCHOOL.sign(TEXT, HOMEROOM, subject="toan", signature_id="ck-cn")
    rest = SCHOOL.signatures(TEXT)[1:]
    assert_invalid(judge_signed([subject, *rest]), Question.SIGNATURES, "SIG_CONSTRAINTS_FAILURE")


def test_a_signature_of_another_pupils_sheet_is_refused() -> None:
    other = emit(sheet_of(pupil=replace(SHEET.pupil, full_name="Người Khác")))
    signatures = SCHOOL.signatures(other)
    assert_invalid(judge_signed(signatures), Question.INTACT, "HASH_FAILURE")
    mixed = [signatures[0], *SCHOOL.signatures(TEXT)[1:]]
    assert judge_signed(mixed).verdict == "invalid"


def test_a_subject_teachers_signature_cannot_be_carried_to_another_transcript() -> None:
    other = emit(sheet_of(code=new_code(SchoolLevel.PRIMARY, "79", "79000101", 2025, bytes(8))))
    stolen = SCHOOL.sign(other, SignerRole.SUBJECT_TEACHER, subject="toan")
    made = [stolen, SCHOOL.sign(TEXT, HOMEROOM, [stolen])]
    made.append(SCHOOL.sign(TEXT, PRINCIPAL, [made[-1]]))
    made.append(SCHOOL.stamp(SCHOOL.sign(TEXT, SEAL, [made[-1]])))
    assert_invalid(judge_signed(made), Question.INTACT, "HASH_FAILURE")


@pytest.mark.parametrize("order", [(1, 0, 2), (0, 2, 1), (2, 1, 0)])
def test_signatures_in_another_order_are_refused(order: tuple[int, ...]) -> None:
    signatures = parts()[1]
    assert_invalid(judge_signed([signatures[i] for i in order]), Question.SIGNATURES)


def test_a_signature_that_does_not_bind_the_one_before_it_is_refused() -> None:
    signatures = parts()[1]
    homeroom_again = SCHOOL.sign(TEXT, HOMEROOM, at=SIGN_TIMES[HOMEROOM] - timedelta(minutes=9))
    verdict = judge_signed([homeroom_again, *signatures[1:]])
    assert_invalid(verdict, Question.SIGNATURES, "HASH_FAILURE")
    assert verdict.check(Question.INTACT).result is Result.OK


def test_swapped_signature_values_are_refused() -> None:
    first, second, third = parts()[1]
    pattern = re.compile(rb'(-sv">)([^<]+)(<)')
    one, two = pattern.search(first), pattern.search(second)
    assert one is not None
    assert two is not None
    swapped = first.replace(one[2], two[2])
    assert_invalid(judge_signed([swapped, second, third]), Question.SIGNATURES, "SIG_CRYPTO_FAILURE")


def test_an_extra_signature_is_refused() -> None:
    signatures = parts()[1]
    stranger = SCHOOL.sign(TEXT, HOMEROOM, signature_id="ck-la")
    assert judge_signed([*signatures, stranger]).verdict == "invalid"
    assert judge_signed([signatures[0], *signatures]).verdict == "invalid"
    late = SCHOOL.sign(TEXT, SignerRole.SUBJECT_TEACHER, subject="toan")
    assert judge_signed([late, *signatures]).verdict == "invalid"


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_missing_signature_is_a_sheet_that_is_not_issued(missing: int) -> None:
    signatures = [text for number, text in enumerate(parts()[1]) if number != missing]
    assert_invalid(judge_signed(signatures), Question.SIGNATURES)


def test_a_sheet_without_seal_or_without_any_signature_is_told_as_not_issued() -> None:
    for signatures in ([], parts()[1][:1], parts()[1][:2]):
        verdict = judge_signed(signatures)
        assert_invalid(verdict, Question.SIGNATURES)
        assert "chưa được phát hành" in verdict.reason
        assert "con dấu" in verdict.reason


def test_a_claimed_role_that_is_not_the_place_is_refused() -> None:
    disguised = SCHOOL.sign(TEXT, HOMEROOM, signature_id="ck-ht")
    signatures = parts()[1]
    assert judge_signed([signatures[0], disguised, signatures[2]]).verdict == "invalid"


def test_spare_bits_of_base64_are_refused_everywhere() -> None:
    document = issued()
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    tried = 0
    for match in re.finditer(rb"[A-Za-z0-9+/]{20,}([A-Za-z0-9+/])(==?)<", document):
        position = match.start(1)
        other = alphabet[alphabet.index(document[position]) ^ 1]
        changed = document[:position] + bytes([other]) + document[position + 1 :]
        assert b64decode(changed[match.start() : match.end() - 1]) == b64decode(match[0][:-1])
        assert judge(changed).verdict == "invalid"
        tried += 1
    assert tried >= 10


def test_unsigned_properties_beside_a_persons_signature_are_refused() -> None:
    signatures = parts()[1]
    stamped = SCHOOL.stamp(signatures[0])
    verdict = judge_signed([stamped, *signatures[1:]])
    assert_invalid(verdict, Question.SIGNATURES, "FORMAT_FAILURE")


def test_another_certificate_in_key_info_is_refused() -> None:
    signatures = parts()[1]
    own, other = (SCHOOL.holders[role].der for role in (HOMEROOM, PRINCIPAL))
    changed = signatures[0].replace(b64encode(own), b64encode(other))
    assert changed != signatures[0]
    assert_invalid(judge_signed([changed, *signatures[1:]]), Question.SIGNATURES, "FORMAT_FAILURE")


# --- time --------------------------------------------------------------------------------------------------


def test_a_seal_without_time_stamp_is_not_conclusive() -> None:
    signatures = parts()[1]
    verdict = judge_signed([*signatures[:2], without_unsigned(signatures[2])])
    assert (verdict.verdict, verdict.sub_indication) == ("indeterminate", "NO_POE")


def test_the_time_stamp_of_another_signature_is_refused() -> None:
    signatures = parts()[1]
    elsewhere = SCHOOL.stamp(SCHOOL.sign(emit(sheet_of(place="Nơi khác")), SEAL, [signatures[1]]))
    stolen = re.search(rb"<xades:UnsignedProperties>.*</xades:UnsignedProperties>", elsewhere, re.DOTALL)
    own = re.search(rb"<xades:UnsignedProperties>.*</xades:UnsignedProperties>", signatures[2], re.DOTALL)
    assert stolen is not None
    assert own is not None
    verdict = judge_signed([*signatures[:2], signatures[2].replace(own[0], stolen[0])])
    assert_invalid(verdict, Question.SIGNATURES, "HASH_FAILURE")


def test_a_time_stamp_from_the_future_is_refused() -> None:
    document = SCHOOL.issue(stamped=NOW + timedelta(hours=1))
    assert_invalid(judge(document, SCHOOL.bundle(document)), Question.SIGNATURES, "TIMESTAMP_ORDER_FAILURE")


def test_a_time_stamp_of_an_unknown_authority_proves_nothing() -> None:
    signatures = parts()[1]
    seal = FOREIGN.stamp(without_unsigned(signatures[2]))
    verdict = judge_signed([*signatures[:2], seal])
    assert_invalid(verdict, Question.CHAIN, "NO_CERTIFICATE_CHAIN_FOUND")


def test_a_time_stamp_made_by_a_certificate_for_signing_is_refused() -> None:
    signatures = parts()[1]
    seal = SCHOOL.stamp(without_unsigned(signatures[2]), tsa=SCHOOL.holders[SEAL])
    assert judge_signed([*signatures[:2], seal]).verdict == "invalid"


@pytest.mark.parametrize(
    "times",
    [
        {PRINCIPAL: SIGN_TIMES[HOMEROOM] - timedelta(hours=1)},
        {HOMEROOM: T0 - DAY},
        {SEAL: STAMPED + timedelta(hours=1)},
    ],
    ids=["principal before homeroom teacher", "before freezing", "after the time stamp"],
)
def test_claimed_times_must_not_contradict_the_order_of_signing(times: dict[SignerRole, object]) -> None:
    document = SCHOOL.issue(times=times)
    verdict = judge(document, SCHOOL.bundle(document))
    assert_invalid(verdict, Question.SIGNATURES, "SIG_CONSTRAINTS_FAILURE")
    assert "thứ tự ký" in verdict.reason


# --- certificates ------------------------------------------------------------------------------------------


def with_holder(role: SignerRole, holder: Holder, **changes: object) -> Verdict:
    document = SCHOOL.issue(holders={role: holder})
    register = (*SCHOOL.register(), *replace_holder(role, holder))
    return judge(document, SCHOOL.bundle(document, **({"authority": register} | changes)))


def test_a_foreign_certificate_is_named_as_such() -> None:
    document = SCHOOL.issue(holders={PRINCIPAL: FOREIGN.holders[PRINCIPAL]})
    verdict = judge(document, SCHOOL.bundle(document))
    assert_invalid(verdict, Question.CHAIN, "NO_CERTIFICATE_CHAIN_FOUND")
    assert "không do nơi cấp được tin cậy cấp" in verdict.reason
    assert [s.valid for s in verdict.signatures] == [True, False, True]


def test_a_document_of_a_foreign_world_is_invalid_throughout() -> None:
    document = FOREIGN.issue()
    verdict = judge(document)
    assert verdict.verdict == "invalid"
    assert not any(s.valid for s in verdict.signatures)


def test_an_expired_signer_is_refused() -> None:
    expired = SCHOOL.pki.issue("Lê Hết Hạn", begins=T0 - 9 * DAY, ends=T0 + timedelta(hours=1))
    verdict = with_holder(PRINCIPAL, expired)
    assert_invalid(verdict, Question.CHAIN, "OUT_OF_BOUNDS_NO_POE")
    assert "hết hạn" in verdict.reason


def test_a_certificate_that_expired_after_issue_does_no_harm() -> None:
    short = SCHOOL.pki.issue("Lê Hạn Ngắn", ends=STAMPED + DAY)
    lists = SCHOOL.pki.lists(this_update=STAMPED + timedelta(hours=1), next_update=NOW + DAY)
    assert with_holder(PRINCIPAL, short, crls=lists).verdict == "valid"


def test_a_signer_revoked_before_issue_is_refused_and_one_revoked_later_is_not() -> None:
    holder = SCHOOL.holders[HOMEROOM]
    times = {"this_update": NOW - DAY, "next_update": NOW + DAY}
    before = SCHOOL.pki.lists([(holder, STAMPED - timedelta(minutes=1))], **times)
    after = SCHOOL.pki.lists([(holder, STAMPED + timedelta(minutes=1))], **times)
    verdict = judge(issued(), SCHOOL.bundle(issued(), crls=before))
    assert_invalid(verdict, Question.CHAIN, "REVOKED_NO_POE")
    assert "đã bị thu hồi ngày 01/05/2026" in verdict.reason
    assert judge(issued(), SCHOOL.bundle(issued(), crls=after)).verdict == "valid"


def test_a_revoked_time_stamp_authority_is_refused() -> None:
    crls = SCHOOL.pki.lists([(SCHOOL.tsa, T0)], this_update=NOW - DAY, next_update=NOW + DAY)
    assert_invalid(judge(issued(), SCHOOL.bundle(issued(), crls=crls)), Question.CHAIN, "REVOKED_NO_POE")


# --- authority ---------------------------------------------------------------------------------------------


def refused_by_register(**changes: object) -> Verdict:
    register = SCHOOL.register(**changes)
    return judge(issued(), SCHOOL.bundle(issued(), authority=register))


def test_a_certificate_registered_for_another_role_is_refused() -> None:
    verdict = refused_by_register(role="gvbm")
    assert_invalid(verdict, Question.AUTHORITY, "SIG_CONSTRAINTS_FAILURE")
    assert "giáo viên môn học" in verdict.reason


def test_a_certificate_of_a_person_who_is_not_registered_is_refused() -> None:
    stranger = SCHOOL.pki.issue("Người Ngoài")
    document = SCHOOL.issue(holders={HOMEROOM: stranger})
    verdict = judge(document, SCHOOL.bundle(document))
    assert_invalid(verdict, Question.AUTHORITY)
    assert "Người Ngoài" in verdict.reason


@pytest.mark.parametrize(
    "changes",
    [
        {"valid_to": STAMPED - timedelta(seconds=1)},
        {"valid_from": STAMPED + timedelta(seconds=1)},
        {"class_name": "5C"},
        {"subject": "toan"},
    ],
    ids=["ended", "not begun", "another class", "a subject only"],
)
def test_authority_is_asked_as_of_the_time_of_issue_and_for_this_class(changes: dict[str, object]) -> None:
    assert_invalid(refused_by_register(**changes), Question.AUTHORITY)


def test_a_seal_of_another_school_is_refused() -> None:
    register = tuple(
        replace(entry, school="79000999") if entry.role == "con_dau" else entry for entry in SCHOOL.register()
    )
    assert_invalid(judge(issued(), SCHOOL.bundle(issued(), authority=register)), Question.AUTHORITY)


def test_a_subject_teacher_may_sign_only_the_subject_given() -> None:
    document = SCHOOL.issue(subjects=("toan", "dao-duc"))
    register = tuple(
        replace(entry, subject="toan") if entry.role == "gvbm" else entry for entry in SCHOOL.register()
    )
    assert_invalid(judge(document, SCHOOL.bundle(document, authority=register)), Question.AUTHORITY)


# --- status and log ----------------------------------------------------------------------------------------


def with_status(**changes: object) -> Verdict:
    entry = replace(bundle().status[0], **changes)  # type: ignore[arg-type]
    return judge(issued(), SCHOOL.bundle(issued(), status=(entry,)))


def test_a_revoked_transcript_is_told_with_reason_and_decision() -> None:
    verdict = with_status(state="revoked", reason="cấp nhầm", decision="57/QĐ-HM", since=NOW - DAY)
    assert_invalid(verdict, Question.STATUS)
    assert "thu hồi" in verdict.reason
    assert "cấp nhầm" in verdict.check(Question.STATUS).sentence
    assert "57/QĐ-HM" in verdict.check(Question.STATUS).sentence
    assert all(s.valid for s in verdict.signatures)


def test_a_replaced_version_is_genuine_but_not_to_be_used() -> None:
    entry = replace(bundle().status[0], state="replaced", by_version=2)
    given = SCHOOL.bundle(issued(), status=(entry,), latest=((SHEET.code, 2),))
    verdict = judge(issued(), given)
    assert_invalid(verdict, Question.STATUS)
    assert verdict.check(Question.LATEST).result is Result.FAILED
    assert verdict.reason.endswith("Học bạ thật, nhưng đã được thay bằng phiên bản 2; hãy dùng phiên bản 2.")


def test_a_document_that_is_not_logged_as_issued_is_refused() -> None:
    document_digest = digest(TEXT)
    for change in ({"type": EntryType.REVOKE}, {"school": "79000999"}, {"sheet_version": 2}):
        parts = evidence_of([entry_of(SHEET, document_digest, **change)], [0])
        assert_invalid(judge(issued(), SCHOOL.bundle(issued(), **parts)), Question.LOGGED)


def test_a_wrong_proof_or_a_checkpoint_of_another_key_is_refused() -> None:
    evidence = bundle().evidence[0]
    for wrong in (
        replace(evidence, index=evidence.index - 1),
        replace(evidence, proof=evidence.proof[:-1]),
        replace(evidence, proof=(b"\0" * 32, *evidence.proof[1:])),
    ):
        assert_invalid(judge(issued(), SCHOOL.bundle(issued(), evidence=(wrong,))), Question.LOGGED)
    log = replace(bundle().logs[0], public_key=b"\1" * 32)
    assert_invalid(judge(issued(), SCHOOL.bundle(issued(), logs=(log,))), Question.LOGGED)


# --- what is missing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("missing", "question"),
    [
        ({"anchors": ()}, Question.CHAIN),
        ({"crls": ()}, Question.CHAIN),
        ({"authority": ()}, Question.AUTHORITY),
        ({"logs": ()}, Question.LOGGED),
        ({"evidence": ()}, Question.LOGGED),
        ({"status": ()}, Question.STATUS),
        ({"latest": ()}, Question.LATEST),
        ({"as_of": STAMPED - DAY}, Question.STATUS),
    ],
)
def test_a_missing_piece_of_the_bundle_makes_indeterminate(
    missing: dict[str, object], question: Question
) -> None:
    verdict = judge(issued(), SCHOOL.bundle(issued(), **missing))
    assert verdict.verdict == "indeterminate"
    assert verdict.check(question).result is Result.UNKNOWN
    assert "Chưa kết luận được" in verdict.reason


def test_without_a_bundle_the_mathematics_are_answered_and_nothing_else() -> None:
    verdict = verify_document(issued(), None, now=NOW)
    assert verdict.verdict == "indeterminate"
    ok = {question for question in Question if verdict.check(question).result is Result.OK}
    assert ok == {Question.INTACT, Question.SCHEMA, Question.SIGNATURES}
    altered = issued().replace(b"<DiemKiemTra>9<", b"<DiemKiemTra>10<", 1)
    assert verify_document(altered, None, now=NOW).verdict == "invalid"
    assert (verdict.environment, verdict.code) == ("thu_nghiem", SHEET.code)


def test_nothing_is_called_genuine_that_is_not_proved() -> None:
    document = SCHOOL.issue(sheet_of(environment="chinh_thuc"))
    assert verify_document(document, None, now=NOW).environment is None


def test_evidence_that_travels_with_the_seal_fills_what_the_bundle_lacks() -> None:
    sheet, signatures = parts()
    token = stamp_of(signatures[2])
    lists = SCHOOL.pki.lists(this_update=NOW - DAY, next_update=NOW + 9 * DAY)
    seal = with_unsigned(without_unsigned(signatures[2]), token, [SCHOOL.pki.sub.der], lists)
    document = document_bytes(sheet, [*signatures[:2], seal])
    assert judge(document, SCHOOL.bundle(document, crls=(), intermediates=())).verdict == "valid"


def test_planted_evidence_is_not_passed_over_in_silence() -> None:
    sheet, signatures = parts()
    token = stamp_of(signatures[2])
    for planted in (
        {"certificates": [FOREIGN.pki.root.der]},
        {"crls": [FOREIGN.pki.crl()]},
        {"crls": [SCHOOL.pki.crl()[:-1] + b"\0"]},
        {"ocsps": [b"rubbish"]},
    ):
        seal = with_unsigned(without_unsigned(signatures[2]), token, **planted)  # type: ignore[arg-type]
        assert judge(document_bytes(sheet, [*signatures[:2], seal])).verdict != "valid"


def stamp_of(seal: bytes) -> bytes:
    match = re.search(rb"<xades:EncapsulatedTimeStamp[^>]*>([^<]+)<", seal)
    assert match is not None
    return b64decode(match[1])


# --- hostile input -----------------------------------------------------------------------------------------

HOSTILE = {
    "nothing": (b"", "verify_empty"),
    "white space": (b" \n", "verify_empty"),
    "other XML": (b"<a></a>", "verify_not_transcript"),
    "not XML": (b"\x00\x01\x02", "verify_not_transcript"),
    "DTD": (b"<!DOCTYPE a [<!ENTITY b 'c'>]><HocBaSo>&b;</HocBaSo>", "document_forbidden_markup"),
    "DTD behind the head": (b"<HocBaSo><!DOCTYPE a></HocBaSo>", "document_forbidden_markup"),
    "too large": (b"<HocBaSo>" + b"a" * (9 * 1024 * 1024), "document_too_large"),
}


@pytest.mark.parametrize(("data", "code"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_input_is_refused_with_a_sentence(data: bytes, code: str) -> None:
    with pytest.raises(Unreadable) as caught:
        judge(data)
    assert caught.value.code == code


def test_thousands_of_signatures_are_refused_before_any_is_read() -> None:
    sheet, signatures = parts()
    with pytest.raises(Unreadable) as caught:
        judge(document_bytes(sheet, signatures[:1] * 1000))
    assert caught.value.code == "document_too_large"


@pytest.mark.parametrize(
    "filling",
    [
        b"<a>" * 5_000 + b"</a>" * 5_000,
        b"<a></a>" * 50_000,
        b'<MonHoc Id="mon-a">' * 25_000,
        b' Id="' * 50_000,
    ],
    ids=["deep", "many elements", "openings without end", "half attributes"],
)
def test_a_monster_inside_the_sheet_gets_its_verdict_quickly(filling: bytes) -> None:
    sheet, signatures = parts()
    monster = sheet.replace(b"</ToNamHoc>", filling + b"</ToNamHoc>")
    began = process_time()  # of this process: others on the machine do not count
    assert judge(document_bytes(monster, signatures)).verdict == "invalid"
    assert process_time() - began < 2


def test_xinclude_and_processing_instructions_are_inert_and_refused() -> None:
    include = (
        b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"></xi:include>'
    )
    assert judge(issued().replace(b"<DSCKS>", include + b"<DSCKS>")).verdict == "invalid"
    assert judge(issued().replace(b"<DSCKS>", b"<?php evil ?><DSCKS>")).verdict == "invalid"


def test_the_unchanged_document_is_still_valid_after_all_that() -> None:
    assert judge(issued()).verdict == "valid"
