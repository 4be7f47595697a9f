"""QR 2: what is written is read, and nothing else is; every lack makes indeterminate, every fault invalid."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hocbaso.core.errors import DomainError, Unreadable
from hocbaso.engines.trust import base45, cbor, cose
from hocbaso.engines.trust.bundle import FORMAT_3, CodeSigner, TrustBundle
from hocbaso.engines.trust.offline_code import PREFIX, code_of, read_code, write_code
from hocbaso.engines.trust.offline_results import read_results, write_results
from hocbaso.engines.trust.qr import qr_matrix, qr_png
from hocbaso.engines.trust.status_list import Status
from hocbaso.engines.trust.verification import verify_file
from hocbaso.engines.trust.verification.document import Verifier
from hocbaso.engines.trust.verification.offline import verify_code
from tests.unit.core.document.secondary_sheets import secondary
from tests.unit.core.document.sheets import year_sheets
from tests.unit.engines.trust.offline_support import DIGEST, ISSUED, PLACE, Node
from tests.unit.engines.trust.test_verify_policy import changed
from tests.unit.engines.trust.verify_support import DAY, NOW, T0, YEAR, Pki, rsa_key


@pytest.fixture(scope="module")
def node() -> Node:
    return Node()


def judged(text: str, bundle: TrustBundle | None, now=NOW):
    return verify_code(text, Verifier(bundle), now=now)[0]


@given(st.binary(max_size=64))
def test_base45_reads_what_it_writes(data: bytes):
    assert base45.decode(base45.encode(data)) == data


@pytest.mark.parametrize("text", ["A", "::", ":::", "GGW ", "ab1", "FGWW"])
def test_base45_refuses_what_it_never_writes(text: str):
    with pytest.raises(ValueError):
        base45.decode(text)


def test_base45_agrees_with_the_examples_of_rfc_9285():
    assert base45.encode(b"AB") == "BB8"
    assert base45.encode(b"Hello!!") == "%69 VD92EX0"
    assert base45.decode("QED8WEX0") == b"ietf!"


VALUES = st.recursive(
    st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.integers(-300, 70_000), inner, max_size=4),
    max_leaves=3,
)


@given(VALUES)
@settings(max_examples=30)
def test_cbor_has_one_encoding_for_one_value(value):
    assert cbor.decode(cbor.encode([value])) == [value]


@pytest.mark.parametrize(
    "data",
    [
        "1800",  # 0 in two bytes
        "a2020101010101",  # keys out of order
        "a201010102",  # a key twice
        "9f01ff",  # indefinite length
        "f5",  # true
        "fb3ff0000000000000",  # a float
        "0101",  # more after the end
        "9bffffffffffffffff",  # a length that nothing follows
        "61ff",  # not UTF-8
        "a1613100",  # a text as key
    ],
)
def test_cbor_refuses_what_is_not_deterministic(data: str):
    with pytest.raises(ValueError):
        cbor.decode(bytes.fromhex(data))


@given(year_sheets(), st.booleans())
@settings(max_examples=10, deadline=None)
def test_a_code_reads_back_as_it_was_written(sheet, with_results):
    content = code_of(sheet, DIGEST, issued_at=ISSUED, signed_at=NOW, place=PLACE, with_results=with_results)
    if content.results is not None:
        written = write_results(content.results)
        assert read_results(cbor.decode(cbor.encode(written)), sheet.school_level) == content.results
    else:
        assert read_code(write_code(content, Node().signer())).content == content


def test_thirteen_subjects_fit_version_13_level_m_and_come_back_from_the_picture(node: Node):
    sheet = secondary(10)
    assert len(sheet.subjects) >= 13
    thirteen = replace(sheet, subjects=sheet.subjects[:13])
    text = node.text(node.code(thirteen))
    assert len(qr_matrix(text)) <= 17 + 4 * 13
    (found,) = verify_file("anh.png", qr_png(text, scale=4), node.bundle(), now=NOW)
    assert found.valid, found.reason


def test_a_good_code_is_valid_in_both_variants_and_says_that_it_is_a_test(node: Node):
    bundle = TrustBundle.from_json(node.bundle().to_json())
    assert FORMAT_3 in bundle.to_json()
    for with_results in (True, False):
        verdict, content = verify_code(
            node.text(node.code(with_results=with_results)), Verifier(bundle), now=NOW
        )
        assert verdict.valid, verdict.reason
        assert verdict.environment == "thu_nghiem"
        assert (content.results is not None) is with_results
    assert "THỬ NGHIỆM" in verdict.reason


def test_no_altered_byte_is_ever_valid(node: Node):
    raw = base45.decode(node.text().removeprefix(PREFIX))
    using, seen = Verifier(node.bundle()), set()
    for position in random.Random(5).sample(range(len(raw)), 60):
        for bit in (1, 64):
            altered = bytearray(raw)
            altered[position] ^= bit
            try:
                found = verify_code(PREFIX + base45.encode(bytes(altered)), using, now=NOW)[0]
            except Unreadable as error:
                seen.add(error.code)
                continue
            assert not found.valid
            seen.add(found.verdict)
    assert {"invalid", "offline_code_unreadable"} <= seen


def stranger(node: Node) -> Node:
    """Same names, other keys, an authority that nobody trusts."""
    return Node(Pki("B"))


def test_a_wrong_key_is_invalid_and_an_unknown_signer_indeterminate(node: Node):
    other = node.pki.issue("Kẻ khác")
    text = node.text(holder=other)
    assert judged(text, node.bundle()).verdict == "indeterminate"
    forged = cbor.decode(base45.decode(text.removeprefix(PREFIX)))
    header = cbor.encode({1: -7, 4: cose.thumbprint(node.holder.der)})
    message = cbor.Tag(18, [header, {}, *forged.value[2:]])
    found = judged(PREFIX + base45.encode(cbor.encode(message)), node.bundle())
    assert (found.verdict, found.sub_indication) == ("invalid", "SIG_CRYPTO_FAILURE")
    foreign = stranger(node)
    signer = CodeSigner(foreign.holder.der, node.label, ("79",), T0 - YEAR)
    assert judged(foreign.text(), node.bundle(code_signers=(signer,))).verdict == "indeterminate"


def test_an_expired_and_a_revoked_signer_are_invalid(node: Node):
    old = Node(node.pki, label="Nút cũ", ends=T0 + 2 * DAY)
    assert judged(old.text(), old.bundle()).sub_indication == "OUT_OF_BOUNDS_NO_POE"
    lists = node.pki.lists([(node.holder, NOW - timedelta(hours=1))], this_update=NOW, next_update=NOW + DAY)
    found = judged(node.text(), node.bundle(crls=lists))  # signed, as it says, before the revocation
    assert (found.verdict, found.sub_indication) == ("invalid", "REVOKED_NO_POE")


def test_a_code_counts_as_long_as_its_kind_of_key_does(node: Node):
    listed = [{"name": "sha256", "until": None}, {"name": "p256", "until": (NOW - DAY).date().isoformat()}]
    ended = Verifier(node.bundle(), changed(lambda value: value.update(algorithms=listed)))
    found = verify_code(node.text(), ended, now=NOW)[0]
    assert (found.verdict, found.sub_indication) == ("indeterminate", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE")


def test_replaced_and_revoked_sheets_are_invalid(node: Node):
    for status, words in ((Status.REPLACED, "đã được thay"), (Status.REVOKED, "đã bị thu hồi")):
        found = judged(node.text(), node.bundle(node.list(status)))
        assert found.verdict == "invalid"
        assert words in found.reason
    assert judged(node.text(), node.bundle(node.list(Status.RESERVED))).verdict == "indeterminate"


def test_what_the_bundle_lacks_makes_indeterminate(node: Node):
    text, whole = node.text(), node.bundle()
    for changes in (
        {"status_lists": ()},
        {"status_lists": (node.list(name="2024-1"),)},
        {"status_lists": (node.list(made=ISSUED - DAY),)},
        {"status_lists": (stranger(node).list(),)},
        {"status_lists": (whole.status_lists[0][:-8] + "AAAAAAAA",)},
        {"evidence": ()},
        {"logs": ()},
        {"anchors": ()},
        {"crls": ()},
        {"code_signers": ()},
    ):
        assert judged(text, replace(whole, **changes)).verdict == "indeterminate", changes
    assert judged(text, None).verdict == "indeterminate"
    assert judged(text, whole, now=NOW + 31 * DAY).verdict == "indeterminate"


def test_a_signer_of_another_province_or_another_time_is_refused(node: Node):
    for changes in ({"provinces": ("01",)}, {"valid_to": T0}, {"valid_from": NOW + DAY}):
        signer = replace(node.bundle().code_signers[0], **changes)
        assert judged(node.text(), node.bundle(code_signers=(signer,))).verdict == "invalid"
    assert judged(node.text(node.code(signed=NOW + DAY)), node.bundle()).verdict == "invalid"


def test_a_slow_clock_does_not_make_a_fresh_code_invalid(node: Node):
    """The verifier's telephone is four minutes behind; more than the policy's five are a contradiction."""
    fresh = node.text(node.code(signed=NOW + timedelta(minutes=4)))
    assert judged(fresh, node.bundle()).verdict == "valid"
    assert judged(node.text(node.code(signed=NOW + timedelta(minutes=6))), node.bundle()).verdict == "invalid"


def test_only_p256_signs_codes(node: Node):
    with pytest.raises(DomainError, match="P-256"):
        node.text(holder=node.pki.issue("RSA", key=rsa_key()))
