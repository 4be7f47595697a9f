"""What the agent signs, and everything else that it does not."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from hocbaso.core.document.model import SignerRole
from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.xades import data_object, prepare, prepare_subjects, sheet_object
from hocbaso.interfaces.agent.work import read_challenge, read_message, read_signed_info
from tests.unit.interfaces.agent.support import (
    SITE,
    b64,
    challenge_message,
    challenge_text,
    list_message,
    prepared,
    sheet_digest,
    teacher,
)
from tests.unit.sandbox.cases import NOW, SHEET, STEPS, prepare_step, signed, signers

[ONE] = prepared(1)
PATH = (teacher().certificate, *teacher().chain)


def read(message: dict[str, Any]) -> Any:
    return read_message(json.dumps(message), SITE)


def refused(message: dict[str, Any]) -> str:
    with pytest.raises(DomainError) as caught:
        read(message)
    return caught.value.code


def with_item(**changes: Any) -> dict[str, Any]:
    message = list_message(3)
    message["items"][1] |= changes
    return message


def test_a_class_is_read_and_every_digest_is_computed_here() -> None:
    work = read(list_message(3))
    assert [item.digest for item in work.items] == [one.digest for one in prepared(3)]
    assert [item.sheet for item in work.items] == [sheet_digest(number) for number in range(3)]
    assert (work.certificate, *work.chain) == PATH
    assert work.kind == "list"


@pytest.mark.parametrize("place", range(3))
def test_the_signature_of_every_step_is_known_and_no_step_signs_as_another(place: int) -> None:
    case, signer = signed("p256"), signers("p256")[place]
    before = case.signatures[place - 1 : place] if place else ()
    ours = prepare_step(STEPS[place], signer, tuple(before))
    path, sheet = (signer.certificate, *signer.chain), sheet_object(SHEET).digest.hex()
    assert read_signed_info(ours.signed_info, STEPS[place], NOW, path, sheet) == ours.digest
    for other in SignerRole:
        if other is not STEPS[place]:
            with pytest.raises(DomainError):
                read_signed_info(ours.signed_info, other, NOW, path, sheet)


def test_a_subject_teacher_signs_subjects_only() -> None:
    certificate, *chain = PATH
    ours = prepare_subjects(
        SHEET, ["toan", "tieng-viet"], signing_time=NOW, certificate=certificate, chain=chain
    )
    sheet = "00" * 32
    digest = read_signed_info(ours.signed_info, SignerRole.SUBJECT_TEACHER, NOW, PATH, sheet)
    assert digest == ours.digest


@pytest.mark.parametrize(
    ("role", "objects", "signature_id"),
    [
        (SignerRole.HOMEROOM, ["ghi-chu"], None),  # another element than a year sheet
        (SignerRole.SEAL, ["bang-ke"], "ck-goi"),  # a package
        (SignerRole.SEAL, ["bang-ke"], None),
        (SignerRole.PRINCIPAL, ["hoa-don"], None),
    ],
)
def test_other_documents_in_our_own_profile_are_refused(
    role: SignerRole, objects: list[str], signature_id: str | None
) -> None:
    certificate, *chain = PATH
    made = prepare(
        role=role,
        objects=[data_object(name, b"x") for name in objects],
        signing_time=NOW,
        certificate=certificate,
        chain=chain,
        signature_id=signature_id,
    )
    with pytest.raises(DomainError) as caught:
        read_signed_info(made.signed_info, role, NOW, PATH, "00" * 32)
    assert caught.value.code == "agent_not_our_form"


@given(st.integers(0, len(ONE.signed_info) - 1), st.integers(1, 255))
@settings(max_examples=150)
def test_no_changed_octet_of_signed_info_is_signed(place: int, change: int) -> None:
    altered = bytearray(ONE.signed_info)
    altered[place] ^= change
    with pytest.raises(DomainError) as caught:
        read_signed_info(bytes(altered), SignerRole.HOMEROOM, NOW, PATH, sheet_digest(0))
    assert caught.value.code == "agent_not_our_form"


@pytest.mark.parametrize(
    "info",
    [
        b"",
        hashlib.sha256(b"a bare digest").digest(),
        b"%PDF-1.7 a contract",
        ONE.signed_info + b" ",
        b"\xef\xbb\xbf" + ONE.signed_info,
        ONE.signed_info.replace(b"<ds:SignedInfo", b"<!DOCTYPE x><ds:SignedInfo", 1),
        ONE.signed_info.replace(b"#tnh", b"#xyz"),
        ONE.signed_info.replace(b"</ds:SignedInfo>", b"<ds:Reference/></ds:SignedInfo>"),
        ONE.signed_info * 40,
    ],
)
def test_what_is_no_signed_info_of_ours_is_refused_by_name(info: bytes) -> None:
    assert refused(with_item(info=b64(info))) == "agent_not_our_form"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (with_item(sheet=sheet_digest(0)), "agent_not_our_form"),  # the list shows another sheet
        (list_message(3, role="hieu_truong"), "agent_not_our_form"),
        (list_message(3, at="2027-05-26T08:00:00Z"), "agent_not_our_form"),  # another time than shown
        (list_message(3, certificates=list_message()["certificates"][:1]), "agent_not_our_form"),
        (list_message(3, digest="00" * 32), "agent_list_digest"),
        (list_message(3, items=list_message(2)["items"]), "agent_list_digest"),  # one left out
        (list_message(3, items=[]), "agent_message_unreadable"),
        (list_message(3, items=list_message(2)["items"] * 301), "agent_message_unreadable"),
        (list_message(3, pin="1234"), "agent_message_unreadable"),
        (list_message(3, nonce="x"), "agent_message_unreadable"),
        (list_message(3, type="digest"), "agent_message_unreadable"),
        (list_message(3, title="Ký học bạ\u202e lớp 3A"), "agent_message_unreadable"),
        (list_message(3, who="a\nb"), "agent_message_unreadable"),
        (with_item(id=1), "agent_message_unreadable"),
        (with_item(id=True), "agent_message_unreadable"),
        (with_item(name="x" * 201), "agent_message_unreadable"),
        (with_item(extra=""), "agent_message_unreadable"),
    ],
)
def test_a_list_says_exactly_what_is_signed(message: dict[str, Any], code: str) -> None:
    assert refused(message) == code


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=12,
    ),
    st.sampled_from(sorted(list_message(1))),
)
@settings(max_examples=100)
def test_whatever_stands_in_a_field_is_read_or_refused_with_a_sentence(value: Any, name: str) -> None:
    message = list_message(1)
    for text in (json.dumps(message | {name: value}), json.dumps(value), str(value)):
        with suppress(DomainError):
            assert read_message(text, SITE).items[0].digest == ONE.digest


def test_a_challenge_of_this_site_for_this_certificate_is_signed_as_it_stands() -> None:
    work = read(challenge_message())
    assert work.kind == "challenge"
    assert work.items[0].digest == hashlib.sha256(challenge_text().encode()).digest()


@pytest.mark.parametrize(
    "text",
    [
        challenge_text(node="https://khac.example"),
        challenge_text(certificate="00" * 32),
        challenge_text().replace("\n", "\r\n"),
        challenge_text() + "\n",
        challenge_text().rstrip("\n"),
        challenge_text().replace("truong=", "x="),
        challenge_text().replace("hocbaso:chung-minh-giu-khoa:1", "hop-dong"),
        challenge_text().replace("vai-tro=", "vai-tro=a=b;"),
        challenge_text() + "them=1\n",
        "",
        "tôi nợ ông A một tỉ đồng",
    ],
)
def test_no_other_text_is_signed_as_a_challenge(text: str) -> None:
    with pytest.raises(DomainError) as caught:
        read_challenge(text, SITE, teacher().certificate)
    assert caught.value.code == "agent_not_a_challenge"


def test_a_challenge_may_not_carry_a_chain_of_strangers() -> None:
    message = challenge_message()
    message["certificates"] = [b64(signers("p256")[1].certificate.public_bytes(Encoding.DER))]
    assert refused(message) == "agent_not_a_challenge"
