"""The trust bundle reads back what it wrote, and refuses everything else with a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hocbaso.core.errors import Unreadable
from hocbaso.engines.trust.bundle import TrustBundle
from hocbaso.engines.trust.verification import verify_document
from hocbaso.engines.trust.verification.policy import policy_in_force
from tests.unit.engines.trust.verify_support import NOW, STAMPED, Pki, School, der

SCHOOL = School(Pki("B"))


@lru_cache(maxsize=1)
def full() -> tuple[bytes, TrustBundle]:
    document = SCHOOL.issue()
    bundle = SCHOOL.bundle(document)
    revoked = replace(
        bundle.status[0],
        version=2,
        state="revoked",
        since=STAMPED,
        reason="cấp nhầm",
        decision="57/QĐ-HM",
        by_version=3,
        by_digest="0" * 64,
    )
    teacher = replace(bundle.authority[0], subject="toan", class_name="3A", valid_to=NOW)
    return document, replace(bundle, status=(*bundle.status, revoked), authority=(*bundle.authority, teacher))


def test_writing_and_reading_are_inverse_and_the_text_is_stable() -> None:
    text = full()[1].to_json()
    read = TrustBundle.from_json(text)
    assert read == full()[1]
    assert read.to_json() == text
    assert TrustBundle.from_json(text.encode()) == read


def test_only_a_register_with_subjects_or_staff_codes_is_written_in_the_second_format() -> None:
    """Verifiers of before read on as long as nothing is said that they do not know."""
    assert json.loads(full()[1].to_json())["format"] == "hocbaso-trust-bundle/1"
    for changes in ({"staff_code": "CB0007"}, {"subjects": ()}, {"subjects": ("toan", "tin-hoc")}):
        entry = replace(full()[1].authority[0], **changes)  # type: ignore[arg-type]
        newer = replace(full()[1], authority=(entry, *full()[1].authority[1:]))
        text = newer.to_json()
        assert json.loads(text)["format"] == "hocbaso-trust-bundle/2"
        assert TrustBundle.from_json(text) == newer
        assert TrustBundle.from_json(text).to_json() == text
        with pytest.raises(Unreadable, match="khóa lạ"):
            TrustBundle.from_json(text.replace("trust-bundle/2", "trust-bundle/1"))
    for wrong in ("toan", [1], [["toan"]], [True], {"1": "toan"}):
        data = json.loads(text)
        data["authority"][0]["subjects"] = wrong
        with pytest.raises(Unreadable, match="subjects"):
            TrustBundle.from_json(json.dumps(data))


def test_a_policy_for_readers_without_one_travels_in_the_fourth_format_and_rules_no_verifier() -> None:
    carried = policy_in_force(NOW).carried()
    assert ("p256", date(2035, 12, 31)) in carried.algorithms
    document, bundle = full()
    text = replace(bundle, policy=carried).to_json()
    assert json.loads(text)["format"] == "hocbaso-trust-bundle/4"
    read = TrustBundle.from_json(text)
    assert (read.policy, read.to_json()) == (carried, text)
    strict = replace(read, policy=replace(carried, algorithms=(("sha256", date(2020, 1, 1)),)))
    assert verify_document(document, strict, now=NOW).verdict == "valid"
    with pytest.raises(Unreadable, match="policy"):
        TrustBundle.from_json(text.replace("trust-bundle/4", "trust-bundle/3"))
    for wrong in (
        {"algorithms": []},
        {"algorithms": [{"name": "p256"}, {"name": "p256"}]},
        {"algorithms": [{"name": "p256", "until": "20351231"}]},
        {"clock_skew_seconds": 3601},
        {"sha256": "0"},
        {"more": 1},
    ):
        data = json.loads(text)
        data["policy"] |= wrong
        with pytest.raises(Unreadable, match=r"policy|algorithms"):
            TrustBundle.from_json(json.dumps(data))


def test_a_bundle_that_was_written_and_read_verifies_the_document() -> None:
    document, bundle = full()
    read = TrustBundle.from_json(bundle.to_json())
    assert verify_document(document, read, now=NOW).verdict == "valid"


def test_other_peoples_readers_find_certificates_and_lists_as_pem() -> None:
    bundle = full()[1]
    data = json.loads(bundle.to_json())
    roots = [x509.load_pem_x509_certificate(item["certificate"].encode()) for item in data["anchors"]]
    assert [der(root) for root in roots] == [anchor.certificate for anchor in bundle.anchors]
    subs = [x509.load_pem_x509_certificate(text.encode()) for text in data["intermediates"]]
    assert tuple(map(der, subs)) == bundle.intermediates
    lists = [x509.load_pem_x509_crl(text.encode()) for text in data["crls"]]
    assert tuple(item.public_bytes(Encoding.DER) for item in lists) == bundle.crls
    wrapped = json.dumps(data).replace("\\n", "\\r\\n")  # as some editors leave it
    assert TrustBundle.from_json(wrapped).crls == bundle.crls


def _first(data: dict[str, Any], group: str) -> dict[str, Any]:
    item: dict[str, Any] = data[group][0]
    return item


FAULTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another format": (lambda d: d.update(format="x"), "định dạng"),
    "missing part": (lambda d: d.pop("crls"), "crls"),
    "unknown key": (lambda d: d.update(extra=1), "extra"),
    "unknown key inside": (lambda d: _first(d, "authority").update(extra=1), "authority[1]"),
    "wrong type": (lambda d: d.update(anchors="x"), "anchors"),
    "item of wrong type": (lambda d: d.update(status=[1]), "status[1]"),
    "bad base64": (lambda d: d.update(crls=["@@"]), "crls[1]"),
    "list under a wrong label": (
        lambda d: d.update(crls=[d["crls"][0].replace("X509 CRL", "CERTIFICATE")]),
        "crls[1]",
    ),
    "bare base64": (lambda d: d.update(intermediates=["AAAA"]), "intermediates[1]"),
    "two certificates in one text": (
        lambda d: d.update(intermediates=[d["intermediates"][0] * 2]),
        "intermediates[1]",
    ),
    "half a character": (lambda d: _first(d, "authority").update(name="\ud83d"), "authority[1].name"),
    "bad time": (lambda d: d.update(created="hôm nay"), "created"),
    "time with zone": (lambda d: d.update(as_of="2026-05-01T00:00:00+07:00"), "as_of"),
    "bad digest": (lambda d: _first(d, "status").update(digest="A" * 64), "digest"),
    "bad state": (lambda d: _first(d, "status").update(state="ok"), "current"),
    "bad role": (lambda d: _first(d, "authority").update(role="giam_doc"), "con_dau"),
    "bad environment": (lambda d: _first(d, "anchors").update(environment="x"), "thu_nghiem"),
    "truth for a number": (lambda d: _first(d, "latest").update(version=True), "latest[1]"),
    "version zero": (lambda d: _first(d, "latest").update(version=0), "version"),
    "doubled status": (lambda d: d["status"].append(d["status"][0]), "status"),
    "doubled latest": (lambda d: d["latest"].append(d["latest"][0]), "latest"),
    "short hash in a proof": (lambda d: _first(d, "evidence").update(proof=["AAAA"]), "proof"),
    "short log key": (lambda d: _first(d, "logs").update(public_key="AAAA"), "32"),
}


@pytest.mark.parametrize(("spoil", "named"), FAULTS.values(), ids=FAULTS)
def test_a_spoilt_bundle_is_refused_and_the_place_is_named(
    spoil: Callable[[dict[str, Any]], object], named: str
) -> None:
    data = json.loads(full()[1].to_json())
    spoil(data)
    with pytest.raises(Unreadable) as caught:
        TrustBundle.from_json(json.dumps(data))
    assert caught.value.code == "bundle_unreadable"
    assert named in caught.value.message


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "[" * 100_000, '{"format": NaN}', '{"a": 1, "a": 2}', "\ud800"],
    ids=["empty", "cut", "list", "null", "deep", "NaN", "doubled key", "surrogate"],
)
def test_what_is_no_bundle_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        TrustBundle.from_json(text.encode("utf-8", "surrogatepass"))


def test_certificates_that_are_no_certificates_are_refused_and_not_passed_over() -> None:
    for spoilt in (
        replace(full()[1], intermediates=(b"rubbish",)),
        replace(full()[1], crls=(b"\x30\x03\x02\x01\x01",)),
        replace(full()[1], anchors=(replace(full()[1].anchors[0], certificate=b"\x30\x00"),)),
    ):
        with pytest.raises(Unreadable) as caught:
            verify_document(full()[0], spoilt, now=NOW)
        assert caught.value.code == "bundle_unreadable"
