"""The report: one verification in full, every indication as EN 319 102-1 pairs it, nothing personal in it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

import pytest
from asn1crypto import cms

from hocbaso.core.document.emit import emit
from hocbaso.core.document.model import SignerRole
from hocbaso.core.document.names import SIGNATURE_IDS, document_bytes
from hocbaso.core.document.parse import split_document
from hocbaso.engines.rendering.reports import render_report
from hocbaso.engines.trust.bundle import Anchor
from hocbaso.engines.trust.verification import Verdict, verify_document, verify_file
from hocbaso.engines.trust.verification.policy import (
    INDETERMINATE,
    TOTAL_FAILED,
    ValidationPolicy,
    main_indication,
)
from hocbaso.engines.trust.verification.report import report_json, report_of, schema
from hocbaso.engines.trust.xades import profile, sheet_object, with_unsigned
from hocbaso.engines.trust.xades.signing import assemble, render, xml_time
from hocbaso.engines.trust.xades.unsigned import read_unsigned, without_unsigned
from hocbaso.sandbox.tsa import SandboxStamper
from tests.unit.engines.trust.json_schema import faults
from tests.unit.engines.trust.offline_support import Node
from tests.unit.engines.trust.test_verify_policy import changed
from tests.unit.engines.trust.verify_support import (
    DAY,
    NOW,
    STAMPED,
    T0,
    YEAR,
    Pki,
    School,
    sheet_of,
    signature_value_digest,
)

SCHOOL = School(Pki("BC"))
OTHER = School(Pki("KH"))
HOMEROOM = SignerRole.HOMEROOM
Made = tuple[bytes, dict[str, Any]]  # document, changes to the bundle or policy=


@lru_cache(maxsize=1)
def issued() -> bytes:
    return SCHOOL.issue()


def judge(document: bytes, *, policy: ValidationPolicy | None = None, **bundle: object) -> Verdict:
    return verify_document(document, SCHOOL.bundle(issued(), **bundle), now=NOW, file="a.xml", policy=policy)


def report(verdict: Verdict) -> dict[str, Any]:
    made = report_of(verdict, now=NOW, software="hocbaso 0.1", place="máy thử", by="Lê Văn Kiểm")
    assert faults(made, json.loads(schema())) == []
    assert json.loads(report_json(made)) == made
    return made


# --- for each sub-indication a document that gets it, or why none can --------------------------------------


def altered() -> Made:
    return issued().replace(b"<HoVaTen>", b"<HoVaTen>X", 1), {}


def broken_form() -> Made:
    return issued().replace(b"<ds:X509Data>", b"<ds:X509Data >", 1), {}


def wrong_value() -> Made:
    text = emit(sheet_of())
    made = SCHOOL.signatures(text)
    other = SCHOOL.sign(text, HOMEROOM, at=T0 + timedelta(hours=2, minutes=1))
    start, end = (made[0].index(tag) for tag in (b"<ds:SignatureValue", b"</ds:SignatureValue>"))
    begin, stop = (other.index(tag) for tag in (b"<ds:SignatureValue", b"</ds:SignatureValue>"))
    made[0] = made[0][:start] + other[begin:stop] + made[0][end:]
    return document_bytes(text, made), {}


def stamp_of_an_ended_authority() -> Made:
    ended = SCHOOL.pki.issue("Dấu thời gian cũ", time_stamping=True, ends=STAMPED - timedelta(hours=1))
    text = emit(sheet_of())
    made = SCHOOL.signatures(text, stamped=None)
    made[-1] = SCHOOL.stamp(made[-1], tsa=ended)
    return document_bytes(text, made), {}


def signer_from_tomorrow() -> Made:
    young = SCHOOL.pki.issue("Người mới", begins=STAMPED + DAY)
    return SCHOOL.issue(holders={HOMEROOM: young}), {}


def unregistered() -> Made:
    return issued(), {"authority": SCHOOL.register(role="gvcn")}


def stamp_by_a_signer() -> Made:
    text = emit(sheet_of())
    made = SCHOOL.signatures(text, stamped=None)
    made[-1] = SCHOOL.stamp(made[-1], tsa=SCHOOL.holders[HOMEROOM])
    return document_bytes(text, made), {}


def strangers_certificate_beside() -> Made:
    text = emit(sheet_of())
    made = SCHOOL.signatures(text)
    seal = without_unsigned(made[-1])
    stamp = split_stamp(made[-1])
    made[-1] = with_unsigned(seal, stamp, [OTHER.pki.sub.der])
    return document_bytes(text, made), {}


def split_stamp(seal: bytes) -> bytes:
    start, end = seal.index(b"<xades:UnsignedProperties>"), seal.index(b"</xades:QualifyingProperties>")
    stamp = read_unsigned(SIGNATURE_IDS["con_dau"], seal[start:end]).time_stamp
    assert stamp is not None
    return stamp


def key_unknown_to_the_policy() -> Made:
    only = [{"name": "sha256", "until": None}]
    return issued(), {"policy": changed(lambda v: v.update(algorithms=only))}


def key_ended_before() -> Made:
    listed = [{"name": "sha256", "until": None}, {"name": "p256", "until": "2026-01-01"}]
    return issued(), {"policy": changed(lambda v: v.update(algorithms=listed))}


def stamp_from_the_future() -> Made:
    return SCHOOL.issue(stamped=NOW + DAY), {}


def stamp_without_certificate() -> Made:
    text = emit(sheet_of())
    made = SCHOOL.signatures(text, stamped=None)
    chain = (SCHOOL.tsa.certificate, SCHOOL.pki.sub.certificate)
    token = SandboxStamper(SCHOOL.tsa.key, chain, lambda: STAMPED).stamp(signature_value_digest(made[-1]))
    info = cms.ContentInfo.load(token)
    kept = [c for c in info["content"]["certificates"] if c.chosen.dump() != SCHOOL.tsa.der]
    info["content"]["certificates"] = cms.CertificateSet(kept)
    made[-1] = with_unsigned(made[-1], info.dump(force=True))
    return document_bytes(text, made), {}


def signer_of_a_foreign_authority() -> Made:
    stranger = OTHER.holders[HOMEROOM]
    return SCHOOL.issue(holders={HOMEROOM: stranger}), {}


def anchor_not_trusted_any_more() -> Made:
    ended = Anchor(SCHOOL.pki.root.der, "hop_cat", "thu_nghiem", T0 - YEAR, STAMPED - DAY)
    return issued(), {"anchors": (ended, Anchor.of(OTHER.pki.root.certificate, "hop_cat", "thu_nghiem"))}


def signer_revoked_before() -> Made:
    return issued(), {"crls": SCHOOL.pki.lists([(SCHOOL.holders[HOMEROOM], T0)])}


def issuer_revoked_before() -> Made:
    of_root = SCHOOL.pki.crl([(SCHOOL.pki.sub, T0)], issuer=SCHOOL.pki.root)
    return issued(), {"crls": (SCHOOL.pki.crl(), of_root)}


def signer_expired_before() -> Made:
    old = SCHOOL.pki.issue("Người cũ", ends=STAMPED - timedelta(hours=1))
    return SCHOOL.issue(holders={HOMEROOM: old}), {}


def without_stamp() -> Made:
    return SCHOOL.issue(stamped=None), {}


def without_lists() -> Made:
    return issued(), {"crls": ()}


MAKERS: dict[str, Callable[[], Made]] = {
    "FORMAT_FAILURE": broken_form,
    "HASH_FAILURE": altered,
    "SIG_CRYPTO_FAILURE": wrong_value,
    "EXPIRED": stamp_of_an_ended_authority,
    "NOT_YET_VALID": signer_from_tomorrow,
    "SIG_CONSTRAINTS_FAILURE": unregistered,
    "CHAIN_CONSTRAINTS_FAILURE": stamp_by_a_signer,
    "CERTIFICATE_CHAIN_GENERAL_FAILURE": strangers_certificate_beside,
    "CRYPTO_CONSTRAINTS_FAILURE": key_unknown_to_the_policy,
    "CRYPTO_CONSTRAINTS_FAILURE_NO_POE": key_ended_before,
    "TIMESTAMP_ORDER_FAILURE": stamp_from_the_future,
    "NO_SIGNING_CERTIFICATE_FOUND": stamp_without_certificate,
    "NO_CERTIFICATE_CHAIN_FOUND": signer_of_a_foreign_authority,
    "NO_CERTIFICATE_CHAIN_FOUND_NO_POE": anchor_not_trusted_any_more,
    "REVOKED_NO_POE": signer_revoked_before,
    "REVOKED_CA_NO_POE": issuer_revoked_before,
    "OUT_OF_BOUNDS_NO_POE": signer_expired_before,
    "NO_POE": without_stamp,
    "TRY_LATER": without_lists,
}
CANNOT = {
    "REVOKED": "only a time stamp inside the signed content proves that a signature came after a revocation",
    "POLICY_PROCESSING_ERROR": "a policy is read whole and refused before anything is verified",
    "SIGNATURE_POLICY_NOT_AVAILABLE": "the one accepted signature policy is in the package",
    "OUT_OF_BOUNDS_NOT_REVOKED": "lists may drop expired certificates, so nobody is called not revoked then",
    "REVOCATION_OUT_OF_BOUNDS_NO_POE": "an answer whose signer is out of its time is no answer: TRY_LATER",
    "SIGNED_DATA_NOT_FOUND": "a reference to anything but what its place demands is refused unlooked for",
    "CUSTOM": "own questions (status, log, latest version) carry no sub-indication of the standard",
}


def test_every_sub_indication_of_the_standard_has_a_document_or_a_reason() -> None:
    assert sorted([*MAKERS, *CANNOT]) == sorted([*TOTAL_FAILED, *INDETERMINATE])


@pytest.mark.parametrize("name", MAKERS)
def test_a_document_gets_its_sub_indication_and_the_main_one_that_goes_with_it(name: str) -> None:
    document, options = MAKERS[name]()
    verdict = judge(document, **options)
    assert (verdict.sub_indication, verdict.indication) == (name, main_indication(name)), verdict.reason
    assert not verdict.valid
    made = report(verdict)
    told = [part for part in _parts(made) if part["sub_indication"] == name]
    assert told
    for part in _parts(made):
        if part["sub_indication"] is not None:
            total = main_indication(part["sub_indication"])
            assert part["indication"] in (total, total.removeprefix("TOTAL-")), part


def _parts(made: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from made["constraints"]
    for one in (*made["signatures"], *made["time_stamps"]):
        yield one
        yield from one["building_blocks"].values()


# --- the report itself -------------------------------------------------------------------------------------


def test_a_valid_document_is_passed_block_by_block_with_its_time_objects_and_policy() -> None:
    made = report(judge(issued()))
    assert (made["verdict"], made["indication"], made["sub_indication"]) == ("valid", "TOTAL-PASSED", None)
    assert [one["indication"] for one in made["signatures"]] == ["TOTAL-PASSED"] * 3
    assert [one["format"] for one in made["signatures"]] == ["XAdES-B-B", "XAdES-B-B", "XAdES-B-T"]
    for one in (*made["signatures"], *made["time_stamps"]):
        assert {block["indication"] for block in one["building_blocks"].values()} == {"PASSED"}
    assert {one["indication"] for one in made["constraints"]} == {"PASSED"}
    (stamp,) = made["time_stamps"]
    assert stamp["time"] == made["best_signature_time"]["time"] == "2026-05-01T05:00:00Z"
    listed = {item["id"]: item for item in made["validation_objects"]}
    named = [name for s in made["signatures"] for name in (s["certificate"], *s["chain"], *s["time_stamps"])]
    assert {*named, stamp["certificate"], stamp["id"]} <= set(listed)
    assert made["document"]["octets"] == len(issued())
    assert made["policy"]["id"] == "urn:hocbaso:chinh-sach-xac-thuc:1"
    assert made["validator"] == {"software": "hocbaso 0.1", "place": "máy thử", "by": "Lê Văn Kiểm"}


def test_nothing_of_the_pupil_stands_in_a_report_and_no_certificate_either() -> None:
    sheet = sheet_of()
    text = report_json(report(judge(issued())))
    personal = [sheet.pupil.full_name, sheet.pupil.personal_number, sheet.pupil.birth_date, "MII"]
    assert [word for word in personal if word and word in text] == []


def test_a_fault_stands_with_the_signature_that_has_it_and_blocks_that_were_not_run_say_so() -> None:
    document, _ = wrong_value()
    first, second, third = report(judge(document))["signatures"]
    assert (first["indication"], first["sub_indication"]) == ("TOTAL-FAILED", "SIG_CRYPTO_FAILURE")
    assert second["sub_indication"] == "HASH_FAILURE"  # it is bound to another value of the step before
    assert third["sub_indication"] != "SIG_CRYPTO_FAILURE"
    document, _ = broken_form()
    first = report(judge(document))["signatures"][0]
    blocks = first["building_blocks"]
    assert blocks["format_checking"]["sub_indication"] == "FORMAT_FAILURE"
    assert not blocks["cryptographic_verification"]["performed"]
    assert first["certificate"] is None


def test_without_a_bundle_or_a_stamp_signatures_stay_open() -> None:
    bare = report(verify_document(issued(), None, now=NOW))
    assert {one["indication"] for one in bare["signatures"]} == {"INDETERMINATE"}
    assert {one["sub_indication"] for one in bare["signatures"]} == {"NO_CERTIFICATE_CHAIN_FOUND"}
    unstamped = report(judge(without_stamp()[0]))
    assert {one["sub_indication"] for one in unstamped["signatures"]} == {"NO_POE"}


def test_a_qr_code_a_refused_file_and_a_revoked_transcript_have_a_report_too() -> None:
    bundle = SCHOOL.bundle(issued())
    sheet, digest = sheet_of(), bundle.status[0].digest
    address = f"https://a.example/xac-thuc?c={sheet.code}&h={digest[:16]}".encode()
    (by_address,) = verify_file("qr", address, bundle, now=NOW)
    made = report(by_address)
    assert (made["verdict"], made["signatures"], made["document"]["sha256"]) == ("valid", [], None)
    (entry,) = [replace(status, state="revoked") for status in bundle.status]
    revoked = report(judge(issued(), status=(entry,)))
    assert (revoked["verdict"], revoked["indication"]) == ("invalid", "TOTAL-PASSED")
    wrapped = report(judge(issued().replace(b"<DSCKS>", b"<DSCKS >", 1)))
    assert (wrapped["indication"], wrapped["sub_indication"]) == ("TOTAL-FAILED", "FORMAT_FAILURE")


def test_a_signature_in_a_role_that_nobody_knows_is_a_strangers_in_every_report() -> None:
    sheet = split_document(issued()).sheet
    signer = SCHOOL.signer(SCHOOL.holders[HOMEROOM])
    path = (signer.certificate, *signer.chain)
    target = (profile.Reference("tnh", sheet_object(sheet).digest),)
    prepared = assemble("giam_thi", "ck-gt", target, xml_time(T0), profile.signer_parts(path))
    strange = render(prepared, b64encode(signer.sign_digest(prepared.digest)))
    verdict = judge(issued().replace(b"</DSCKS>", strange + b"</DSCKS>"))
    assert (verdict.verdict, verdict.sub_indication) == ("invalid", "SIG_CONSTRAINTS_FAILURE")
    assert "người lạ" in verdict.reason
    made = report(verdict)
    assert made["signatures"][3]["role"] == "la"
    assert render_report(made, report_json(made)).startswith(b"%PDF-")


def test_a_signed_qr_code_has_a_report_whether_its_signer_is_known_or_not() -> None:
    node = Node()
    for bundle, expected in ((node.bundle(), "valid"), (node.bundle(code_signers=()), "indeterminate")):
        (verdict,) = verify_file("ma.txt", node.text().encode(), bundle, now=NOW)
        made = report(verdict)
        assert (made["verdict"], made["signatures"]) == (expected, [])
        assert render_report(made, report_json(made)).startswith(b"%PDF-")


def test_the_checker_of_schemas_is_no_rubber_stamp() -> None:
    made = report(judge(issued()))
    wanted = json.loads(schema())
    for key, value in (("verdict", "fine"), ("validation_time", "2026"), ("stranger", 1), ("policy", {})):
        assert faults(made | {key: value}, wanted)
    assert faults({k: v for k, v in made.items() if k != "reason"}, wanted)
    assert split_document(issued())


def test_a_booklet_is_reported_with_its_earlier_years_and_refused_for_one_of_them() -> None:
    earlier = replace(judge(altered()[0]), earlier=())
    whole = replace(
        judge(issued()),
        earlier=(earlier,),
        conclusion=earlier.conclusion,
        sub_indication=earlier.sub_indication,
    )
    made = report(whole)
    assert (made["verdict"], made["indication"]) == ("invalid", "TOTAL-FAILED")
    (year,) = made["earlier_sheets"]
    assert (year["verdict"], year["sub_indication"]) == ("invalid", "HASH_FAILURE")
    assert render_report(made, report_json(made)).startswith(b"%PDF-")
