"""The sandbox's authorities, time stamps, lists and OCSP answers verify offline, as a test world."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from hocbaso.core.document.emit import digest, emit
from hocbaso.core.document.model import SignerRole
from hocbaso.core.document.names import document_bytes
from hocbaso.engines.trust.bundle import (
    Anchor,
    AuthorityEntry,
    StatusEntry,
    TrustBundle,
    certificate_digest,
    serial_hex,
)
from hocbaso.engines.trust.verification import verify_document
from hocbaso.engines.trust.xades import prepare, sheet_object, sign, signature_value_digest, with_unsigned
from hocbaso.sandbox.ca import SandboxAuthority, StoredCredential
from tests.unit.engines.trust.verify_support import CHAIN, DAY, der, log_evidence, sheet_of

SIGNED = datetime(2026, 6, 1, 8, tzinfo=UTC)
LATER = SIGNED + timedelta(hours=1)
SHEET = sheet_of()
TEXT = emit(SHEET)


@dataclass
class World:
    authority: SandboxAuthority
    people: dict[SignerRole, StoredCredential]
    signatures: list[bytes]
    token: bytes

    def document(self, **evidence: list[bytes]) -> bytes:
        seal = with_unsigned(self.signatures[-1], self.token, **evidence)  # type: ignore[arg-type]
        return document_bytes(TEXT, [*self.signatures[:-1], seal])

    def lists(self) -> tuple[bytes, ...]:
        return tuple(item.public_bytes(Encoding.DER) for item in self.authority.crls(LATER))

    def bundle(self) -> TrustBundle:
        register = tuple(
            AuthorityEntry(
                certificate_digest(der(held.certificate)),
                serial_hex(held.certificate.serial_number),
                role.value,
                SHEET.school.code,
                SIGNED - DAY,
                None,
                "Người ký",
            )
            for role, held in self.people.items()
        )
        return TrustBundle(
            created=LATER,
            as_of=LATER,
            anchors=tuple(Anchor.of(root, "hop_cat", "thu_nghiem") for root in self.authority.roots()),
            intermediates=tuple(der(item) for item in self.authority.issuing()),
            crls=self.lists(),
            authority=register,
            status=(StatusEntry(SHEET.code, 1, digest(TEXT), "current"),),
            latest=((SHEET.code, 1),),
            **log_evidence([(SHEET, digest(TEXT))]),  # type: ignore[arg-type]
        )


@pytest.fixture
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        authority = SandboxAuthority(folder, clock=lambda: SIGNED, key_kind="p256")
        school = "Trường Tiểu học Hoa Mai"
        people = {
            SignerRole.HOMEROOM: authority.issue_person("Trần Chủ Nhiệm", "079200000001", school),
            SignerRole.PRINCIPAL: authority.issue_person(
                "Lê Hiệu Trưởng", "079200000002", school, family="vgca"
            ),
            SignerRole.SEAL: authority.issue_organisation("79000101", school),
        }
        made: list[bytes] = []
        for role in CHAIN:
            signer = people[role].signer()
            prepared = prepare(
                role=role,
                objects=[sheet_object(TEXT)],
                signing_time=SIGNED,
                certificate=signer.certificate,
                chain=signer.chain,
                previous=made[-1:],
            )
            made.append(sign(prepared, signer))
        yield World(authority, people, made, authority.stamper().stamp(signature_value_digest(made[-1])))


def test_a_document_of_the_sandbox_is_valid_and_never_genuine(world: World) -> None:
    verdict = verify_document(world.document(), world.bundle(), now=LATER)
    assert (verdict.verdict, verdict.environment) == ("valid", "thu_nghiem")
    anchors = tuple(replace(anchor, environment="chinh_thuc") for anchor in world.bundle().anchors)
    lying = replace(world.bundle(), anchors=anchors)
    assert verify_document(world.document(), lying, now=LATER).environment == "thu_nghiem"


def test_lists_and_ocsp_answers_beside_the_seal_stand_in_for_those_of_the_bundle(world: World) -> None:
    answers = [world.authority.ocsp(held.certificate, at=LATER) for held in world.people.values()]
    authorities = [der(item) for item in world.authority.issuing()]
    poor = replace(world.bundle(), crls=(), intermediates=())
    whole = world.document(certificates=authorities, crls=list(world.lists()), ocsps=answers)
    assert verify_document(whole, poor, now=LATER).verdict == "valid"
    assert verify_document(world.document(), poor, now=LATER).verdict == "indeterminate"
    spoilt = [answers[0][:-1] + bytes([answers[0][-1] ^ 1]), *answers[1:]]
    changed = world.document(certificates=authorities, crls=list(world.lists()), ocsps=spoilt)
    assert verify_document(changed, poor, now=LATER).verdict == "invalid"


def test_a_revocation_in_the_sandbox_reaches_the_verdict(world: World) -> None:
    world.authority.revoke(world.people[SignerRole.PRINCIPAL].certificate, SIGNED)
    verdict = verify_document(world.document(), world.bundle(), now=LATER)
    assert (verdict.verdict, verdict.sub_indication) == ("invalid", "REVOKED_NO_POE")
