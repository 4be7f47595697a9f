"""The validation policy: dated data with a digest, never laxer than the readers, decisive where it speaks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from hocbaso.core.document import parse
from hocbaso.core.document.emit import emit
from hocbaso.core.document.model import SignerRole
from hocbaso.core.document.names import document_bytes
from hocbaso.core.document.parse import split_document
from hocbaso.core.errors import DomainError, Unreadable
from hocbaso.engines.trust import qr, tokens
from hocbaso.engines.trust.longterm.policy import long_term_policy
from hocbaso.engines.trust.verification import Question, Result, Verdict, verify_document, verify_file
from hocbaso.engines.trust.verification import pdf as pdf_reader
from hocbaso.engines.trust.verification.again import Reverifier
from hocbaso.engines.trust.verification.policy import (
    ALGORITHMS,
    HARD_LIMITS,
    INDETERMINATE,
    ORDER,
    TOTAL_FAILED,
    ValidationPolicy,
    packaged_policies,
    policy_in_force,
    policy_named,
    read_policy,
)
from hocbaso.engines.trust.xades import SIGNATURE_POLICIES, pack_signature, profile, reading, unpack_signature
from tests.unit.engines.trust.verify_support import (
    DAY,
    NOW,
    STAMPED,
    T0,
    Pki,
    School,
    sheet_of,
)

FILE = resources.files("hocbaso.engines.trust.verification") / "policies" / "chinh-sach-xac-thuc-1.json"
SCHOOL = School(Pki("CS"))


def data() -> dict[str, Any]:
    return json.loads(FILE.read_text("utf-8"))  # type: ignore[no-any-return]


def changed(change: Callable[[dict[str, Any]], object]) -> ValidationPolicy:
    value = data()
    change(value)
    return read_policy(json.dumps(value).encode())


@lru_cache(maxsize=1)
def issued() -> bytes:
    return SCHOOL.issue()


def judge(policy: ValidationPolicy | None, document: bytes | None = None, **bundle: object) -> Verdict:
    document = document or issued()
    return verify_document(document, SCHOOL.bundle(document, **bundle), now=NOW, policy=policy)


# --- the data ----------------------------------------------------------------------------------------------


def test_a_verdict_names_the_policy_by_identifier_version_and_digest_of_its_file() -> None:
    digest = hashlib.sha256(FILE.read_bytes()).hexdigest()
    named = {"id": "urn:hocbaso:chinh-sach-xac-thuc:1", "version": "1.0", "sha256": digest}
    verdict = judge(None)
    assert (verdict.verdict, verdict.indication) == ("valid", "TOTAL-PASSED")
    assert verdict.to_json()["policy"] == named
    other = changed(lambda value: value.update(title={"vi": "Khác", "en": "Other"}))
    assert judge(other).to_json()["policy"]["sha256"] == other.digest != digest


def test_the_policy_in_force_is_the_newest_begun_and_a_name_finds_it() -> None:
    first = packaged_policies()[0]
    assert policy_in_force(datetime(2001, 1, 1, tzinfo=UTC)) == first
    assert policy_in_force(NOW).valid_from <= NOW.date()
    assert policy_named(f"{first.id}@{first.version}") == first
    assert policy_named(first.id) == packaged_policies()[-1]
    with pytest.raises(Unreadable) as refused:
        policy_named("urn:khac:1")
    assert refused.value.code == "policy_unknown"


def test_the_readers_limits_and_those_of_the_policy_agree() -> None:
    limits = policy_in_force().limits
    assert {name: getattr(limits, name) for name in HARD_LIMITS} == HARD_LIMITS
    assert limits.document_octets == parse.MAX_DOCUMENT
    assert limits.sheet_octets == parse.MAX_SHEET
    assert limits.elements == parse.MAX_ELEMENTS
    assert limits.depth == parse.MAX_DEPTH
    assert limits.signatures == parse.MAX_SIGNATURES
    assert limits.references == profile.MAX_REFERENCES
    assert limits.signature_octets == reading.MAX_SIGNATURE_OCTETS
    assert limits.key_info_octets == reading.MAX_KEY_INFO_OCTETS
    assert limits.token_octets == tokens.MAX_TOKEN_OCTETS
    assert limits.picture_pixels == qr.MAX_MEGAPIXELS * 1_000_000
    assert limits.pdf_octets == pdf_reader.MAX_PDF
    assert policy_in_force().time_stamps.skew == tokens.CLOCK_TOLERANCE


def test_algorithms_end_on_the_same_day_for_verifying_and_for_renewing() -> None:
    archive = long_term_policy(date(2026, 9, 1))
    assert {name: archive.algorithm_ends(name) for name in ALGORITHMS} == dict(policy_in_force().algorithms)


def test_the_newest_policy_accepts_every_text_that_signers_commit_to_before_the_text_begins() -> None:
    assert policy_in_force().signature_policies == tuple(text.id for text in SIGNATURE_POLICIES)
    for text in SIGNATURE_POLICIES[1:]:
        assert text.id in policy_in_force(text.since - DAY).signature_policies
    first = SIGNATURE_POLICIES[0]
    assert first.id.encode() in issued()
    assert profile.b64encode(first.digest) in issued()


BEGINS = SIGNATURE_POLICIES[1].since
LATER = {SignerRole.PRINCIPAL: BEGINS + timedelta(hours=1), SignerRole.SEAL: BEGINS + timedelta(hours=2)}


@lru_cache(maxsize=2)
def across(stamped: datetime | None = BEGINS + timedelta(hours=3)) -> bytes:
    """A sheet that is signed across the change of texts: the homeroom teacher in the second before it."""
    times = LATER | {SignerRole.HOMEROOM: BEGINS - timedelta(seconds=1)}
    frozen = f"{BEGINS - DAY:%Y-%m-%dT%H:%M:%SZ}"
    return SCHOOL.issue(sheet_of(frozen_at=frozen), times=times, stamped=stamped)


def test_a_signature_names_the_text_in_force_at_its_time_and_is_valid_under_that_one() -> None:
    document, now = across(), BEGINS + DAY
    signatures = document.split(b"<ds:Signature ")[1:]
    named = [next(text.version for text in SIGNATURE_POLICIES if text.id.encode() in s) for s in signatures]
    assert named == [1, 2, 2]
    fresh = {"created": now, "as_of": now, "crls": SCHOOL.pki.lists(this_update=now, next_update=now + DAY)}
    bundle = SCHOOL.bundle(document, **fresh)
    assert verify_document(document, bundle, now=now).verdict == "valid"
    # A policy that knows the first text alone leaves the question open, by the quick path as by the full one.
    old = packaged_policies()[0]
    verdict = verify_document(document, bundle, now=now, policy=old)
    answer = verdict.checks[Question.SIGNATURES]
    assert (verdict.verdict, answer.sub_indication) == ("indeterminate", "SIGNATURE_POLICY_NOT_AVAILABLE")
    assert "urn:hocbaso:chinh-sach-ky:2 của hiệu trưởng" in answer.sentence
    again, strict, stored = Reverifier(), Reverifier(old), across(None)
    assert (again.quick(stored), again.prove(stored), again.quick(stored)) == (False, True, True)
    assert (strict.prove(stored), strict.quick(stored)) == (False, False)
    assert strict.prove(issued())


def test_a_text_outside_its_period_refuses_the_signature_and_says_which_was_in_force() -> None:
    first, second = map(profile.written_policy, SIGNATURE_POLICIES[:2])
    for document, due, other in ((issued(), first, second), (across(), second, first)):
        verdict = judge(None, document.replace(due, other))
        answer = verdict.checks[Question.SIGNATURES]
        assert (verdict.verdict, answer.sub_indication) == ("invalid", "SIG_CONSTRAINTS_FAILURE")
        assert "chính sách có hiệu lực vào thời điểm ký" in answer.sentence
    # A text of ours with the digest of another is nobody's form.
    mixed = issued().replace(SIGNATURE_POLICIES[0].id.encode(), SIGNATURE_POLICIES[1].id.encode())
    assert judge(None, mixed).checks[Question.SIGNATURES].sub_indication == "FORMAT_FAILURE"


def test_a_packed_signature_comes_back_with_its_own_text() -> None:
    for signature in split_document(across()).signatures[:2]:
        packed, key_info = pack_signature(signature)
        assert unpack_signature(packed, lambda _, kept=key_info: kept) == signature


def test_a_packed_signature_that_somebody_altered_is_damaged_and_stops_no_audit() -> None:
    packed, key_info = pack_signature(split_document(across()).signatures[0])
    for place in (2, 1 + packed[1], packed[1] + 3):  # of its Id the first and the last, of its role the first
        altered = packed[:place] + b"%" + packed[place + 1 :]
        with pytest.raises(DomainError, match="stored"):
            unpack_signature(altered, lambda _: key_info)


def test_the_sub_indications_are_those_of_the_standard_each_once() -> None:
    assert len({*TOTAL_FAILED, *INDETERMINATE}) == len(TOTAL_FAILED) + len(INDETERMINATE) == 26


# --- somebody else's file ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v.update(format="hocbaso-validation-policy/2"),
        lambda v: v.update(id="chinh-sach"),
        lambda v: v.update(version="mới"),
        lambda v: v.update(valid_from="2026-2-1"),
        lambda v: v.update(stranger=1),
        lambda v: v.pop("revocation"),
        lambda v: v["algorithms"].append({"name": "sha1", "until": None}),
        lambda v: v["algorithms"].append({"name": "sha256", "until": None}),
        lambda v: v.update(algorithms=[]),
        lambda v: v["signatures"].update(required=["hieu_truong", "con_dau"]),
        lambda v: v["signatures"].update(order=list(reversed(ORDER))),
        lambda v: v["signatures"].update(best_signature_time_of="gvcn"),
        lambda v: v["signatures"].update(clock_skew_seconds=3601),
        lambda v: v["signatures"].update(clock_skew_seconds=-1),
        lambda v: v["revocation"].update(required=False),
        lambda v: v["revocation"].update(hold_is_indeterminate="yes"),
        lambda v: v["time_stamps"].update(required=False),
        lambda v: v["rejected"].append("HASH_FAILURE"),
        lambda v: v["limits"].update(depth=25),
        lambda v: v["limits"].update(signatures=0),
        lambda v: v["limits"].update(signatures=True),
        lambda v: v["limits"].pop("depth"),
    ],
)
def test_a_policy_that_is_laxer_than_the_readers_or_not_of_the_form_is_refused(
    change: Callable[[dict[str, Any]], object],
) -> None:
    with pytest.raises(Unreadable) as refused:
        changed(change)
    assert refused.value.code == "policy_unreadable"


@pytest.mark.parametrize(
    "octets", [b"", b"[]", b"{", b"\xff", b'{"format":1,"format":2}', b"[" * 5000, b" " * 70_000]
)
def test_what_is_no_policy_is_refused_with_a_code(octets: bytes) -> None:
    with pytest.raises(Unreadable) as refused:
        read_policy(octets)
    assert refused.value.code == "policy_unreadable"


# --- what it decides ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("document_octets", 20_000),
        ("sheet_octets", 4_000),
        ("signature_octets", 5_000),
        ("signatures", 2),
        ("references", 2),
        ("elements", 100),
        ("depth", 3),
    ],
)
def test_a_stricter_limit_refuses_before_anything_is_read(name: str, limit: int) -> None:
    strict = changed(lambda value: value["limits"].update({name: limit}))
    with pytest.raises(Unreadable) as refused:
        judge(strict)
    assert refused.value.code == "document_too_large"
    assert not Reverifier(strict).verify(issued())


def test_an_algorithm_counts_as_of_the_time_stamp_and_no_longer() -> None:
    def until(day: date) -> ValidationPolicy:
        return changed(
            lambda v: v.update(
                algorithms=[
                    {"name": "sha256", "until": None},
                    {"name": "p256", "until": day.isoformat()},
                ]
            )
        )

    ended = judge(until(STAMPED.date() - DAY))
    assert (ended.verdict, ended.sub_indication) == ("indeterminate", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE")
    assert judge(until(NOW.date())).valid


def test_a_kind_of_key_that_the_policy_never_knew_is_refused_on_both_paths() -> None:
    without = changed(lambda v: v.update(algorithms=[{"name": "sha256", "until": None}]))
    verdict = judge(without)
    assert (verdict.verdict, verdict.sub_indication) == ("invalid", "CRYPTO_CONSTRAINTS_FAILURE")
    document = document_bytes(text := emit(sheet_of()), SCHOOL.signatures(text, stamped=None))
    assert Reverifier().verify(document)
    assert not Reverifier(without).verify(document)


def test_a_policy_may_ask_for_a_subject_teacher_and_both_paths_do() -> None:
    asking = changed(lambda v: v["signatures"].update(required=list(ORDER)))
    verdict = judge(asking)
    assert verdict.check(Question.SIGNATURES).result is Result.FAILED
    assert "giáo viên môn học" in verdict.reason
    document = document_bytes(text := emit(sheet_of()), SCHOOL.signatures(text, stamped=None))
    assert Reverifier().verify(document)
    assert not Reverifier(asking).verify(document)


def test_a_policy_that_rejects_nothing_beyond_the_standard_leaves_open_what_the_standard_leaves_open() -> (
    None
):
    patient = changed(lambda v: v.update(rejected=[]))
    stranger = SCHOOL.register(role="gvcn", school="79000999")
    strict, open_ = judge(None, authority=stranger), judge(patient, authority=stranger)
    late = SCHOOL.bundle(issued(), crls=SCHOOL.pki.lists([(SCHOOL.tsa, STAMPED - DAY)]))
    revoked = [verify_document(issued(), late, now=NOW, policy=policy) for policy in (None, patient)]
    assert (strict.verdict, open_.verdict) == ("indeterminate", "indeterminate")  # the school is not listed
    assert [(v.verdict, v.sub_indication) for v in revoked] == [
        ("invalid", "REVOKED_NO_POE"),
        ("indeterminate", "REVOKED_NO_POE"),
    ]
    altered = issued().replace(b"Minh", b"Ninh", 1)
    assert judge(patient, altered, status=(), latest=()).verdict == "invalid"


def test_clocks_may_differ_by_as_much_as_the_policy_says() -> None:
    early = timedelta(seconds=200)
    times = {SignerRole.PRINCIPAL: T0 + timedelta(hours=2) - early}
    document = SCHOOL.issue(times=times)
    assert judge(None, document).valid
    exact = changed(lambda v: v["signatures"].update(clock_skew_seconds=199))
    assert judge(exact, document).sub_indication == "SIG_CONSTRAINTS_FAILURE"
    future = SCHOOL.issue(stamped=NOW + timedelta(seconds=200))
    assert judge(None, future).check(Question.SIGNATURES).result is Result.OK
    exact = changed(lambda v: v["time_stamps"].update(clock_skew_seconds=199))
    assert judge(exact, future).sub_indication == "TIMESTAMP_ORDER_FAILURE"


def test_a_suspended_certificate_waits_and_is_refused_where_the_policy_says_so() -> None:
    hold = x509.ReasonFlags.certificate_hold
    root = SCHOOL.pki.lists(this_update=NOW - DAY, next_update=NOW + 9 * DAY)[1]
    lists = (
        SCHOOL.pki.crl([(SCHOOL.holders[SignerRole.HOMEROOM], T0)], reason=hold, this_update=NOW - DAY),
        root,
    )
    waiting = judge(None, crls=lists)
    assert (waiting.verdict, waiting.sub_indication) == ("indeterminate", "TRY_LATER")
    assert "tạm đình chỉ" in waiting.reason
    strict = changed(lambda v: v["revocation"].update(hold_is_indeterminate=False))
    assert (judge(strict, crls=lists).verdict) == "invalid"


def test_a_document_with_the_policy_of_a_file_is_judged_like_any_file() -> None:
    strict = changed(lambda value: value["limits"].update(document_octets=1_000))
    with pytest.raises(Unreadable):
        verify_file("a.xml", issued(), SCHOOL.bundle(issued()), now=NOW, policy=strict)
    assert verify_file("a.xml", issued(), SCHOOL.bundle(issued()), now=NOW)[0].valid


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(path=st.integers(0, 10**6), junk=JUNK)
def test_no_altered_policy_is_laxer_or_ends_in_a_crash(path: int, junk: object) -> None:
    value = data()
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        keys = list(node) if isinstance(node, dict) else range(len(node))
        for key in keys:
            places.append((node, key))
            if isinstance(node[key], dict | list):
                walk(node[key])

    walk(value)
    node, key = places[path % len(places)]
    node[key] = junk
    try:
        policy = read_policy(json.dumps(value).encode())
    except Unreadable:
        return
    assert all(getattr(policy.limits, name) <= most for name, most in HARD_LIMITS.items())
    assert set(policy.required) >= {"gvcn", "hieu_truong", "con_dau"}
    assert policy.time_stamps.required
    assert policy.revocation.required
