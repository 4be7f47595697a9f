"""Evidence records before other people's tools: the commands of docs/evidence-records.md, and RFC 4998 as
pyasn1-alt-modules has it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyasn1.codec.der import decoder, encoder
from pyasn1_alt_modules import rfc4998

from hocbaso.core.document.names import document_bytes
from hocbaso.core.document.parse import split_document
from hocbaso.engines.trust import xades
from hocbaso.engines.trust.longterm.records import (
    ArchiveTimeStamp,
    EvidenceRecord,
    HashTree,
    combined,
    group_hash,
    identifier,
    objects_of_document,
    reduced,
    stamp_imprint,
)
from hocbaso.engines.trust.longterm.validation_data import gather
from hocbaso.sandbox.ca import SandboxAuthority
from tests.interop.test_documented import export, run
from tests.interop.test_pdf import answering
from tests.unit.engines.trust.longterm.records.world import records
from tests.unit.sandbox.cases import der, pem

pytestmark = pytest.mark.interop
DOCUMENT = Path(__file__).parents[2] / "docs" / "evidence-records.md"
BLOCKS = re.findall(r"^```(sh|python)\n(.*?)^```$", DOCUMENT.read_text("utf-8"), re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A document with validation data (B-LT), its record (renewed twice), the bundle, the roots."""
    place = tmp_path_factory.mktemp("archive")
    with answering(tmp_path_factory.mktemp("ca"), "p256") as authority:
        export(authority, place)
        _with_validation_data(authority, place / "hocba.xml")
        (place / "hocba.ers").write_bytes(_record(authority, (place / "hocba.xml").read_bytes()))
        (place / "root.pem").write_bytes(pem(authority.unit("vgca-root").certificate))
        (place / "issuing.pem").write_bytes(pem(authority.unit("vgca-issuing").certificate))
        yield place


class _Known:
    """What the sandbox's own key provider would answer."""

    def __init__(self, authority: SandboxAuthority) -> None:
        from hocbaso.apps.signing.ports import Anchor

        self.anchors = tuple(Anchor(root, "hop_cat", "thu_nghiem") for root in authority.roots())
        self.intermediates = authority.issuing()
        self.crls = tuple(map(der, authority.crls()))


def _with_validation_data(authority: SandboxAuthority, file: Path) -> None:
    parts = split_document(file.read_bytes())
    *others, seal = parts.signatures
    signature = xades.read_signature(seal)
    chains = [xades.read_signature(text).chain for text in parts.signatures]
    data = gather(chains, datetime.now(UTC), _Known(authority), older=True)
    unsigned = xades.Unsigned(signature.unsigned.time_stamp, data.certificates, data.crls, data.ocsps)
    lasting = xades.with_properties(xades.without_unsigned(seal), unsigned)
    file.write_bytes(document_bytes(parts.sheet, [*others, lasting]))


def _record(authority: SandboxAuthority, document: bytes) -> bytes:
    now = datetime.now(UTC)
    objects = objects_of_document(document)
    assert len(objects) > 3

    def stamp(days: int, imprint: bytes) -> bytes:
        return authority.stamper(lambda: now - timedelta(days=days)).stamp(imprint)

    def chain(group: tuple[bytes, ...], algorithm: str, days: int) -> ArchiveTimeStamp:
        beside = [HashTree([bytes([n]) * len(group[0])], algorithm).root for n in range(5)]
        tree = HashTree([*beside[:2], group_hash(group, algorithm), *beside[2:]], algorithm)
        return ArchiveTimeStamp(stamp(days, tree.root), reduced(group, tree.path(2)), identifier(algorithm))

    first = chain(tuple(sorted(item.hash("sha256") for item in objects)), "sha256", 3)
    second = ArchiveTimeStamp(stamp(2, stamp_imprint(first.token, "sha256")), (), identifier("sha256"))
    members = combined([item.hash("sha512") for item in objects], [(first, second)], "sha512")
    record = EvidenceRecord.of([(first, second), (chain(members, "sha512", 1),)])
    return record.to_der()


def _say(folder: Path, *which: int) -> list[subprocess.CompletedProcess[str]]:
    return [run(*BLOCKS[number], folder) for number in which or range(len(BLOCKS))]


def test_every_command_of_the_document_says_yes(folder: Path) -> None:
    answers = _say(folder)
    for (_, text), answer in zip(BLOCKS, answers, strict=True):
        assert answer.returncode == 0, f"{text}\n{answer.stdout}{answer.stderr}"
    assert len(BLOCKS) == 6
    assert "ĐÚNG" in answers[0].stderr
    own = {item.hash("sha256").hex() for item in objects_of_document((folder / "hocba.xml").read_bytes())}
    assert own <= set(re.findall(r"= ([0-9a-f]{64})$", answers[1].stdout, re.MULTILINE))
    listed = set(re.findall(r"\[HEX DUMP\]:([0-9A-F]{64})", answers[3].stdout))
    assert {value.upper() for value in own} <= listed
    assert "ĐÚNG" in answers[2].stderr
    assert answers[4].stdout.count("sha256") == 2
    assert answers[4].stdout.count("sha512") == 1
    assert answers[5].stdout.count("Verification: OK") + answers[5].stderr.count("Verification: OK") == 3


def test_the_commands_say_no_to_an_altered_document_and_an_altered_record(folder: Path) -> None:
    for name, change in (("hocba.xml", "Nguyễn".encode()), ("hocba.ers", b"")):
        genuine = (folder / name).read_bytes()
        altered = bytearray(genuine)
        altered[genuine.index(change) if change else len(genuine) // 3] ^= 1
        try:
            (folder / name).write_bytes(altered)
            answers = _say(folder, 0, 1, 4, 5)
        finally:
            (folder / name).write_bytes(genuine)
        assert answers[0].returncode != 0
        assert any(answer.returncode != 0 for answer in answers[1:])


@pytest.mark.parametrize("kind", ["built", "renewed", "rehashed"])
def test_the_asn_1_of_the_rfc_reads_a_record_and_writes_the_same_octets(kind: str) -> None:
    for record in records(kind)[:2]:
        data = record.to_der()
        decoded, rest = decoder.decode(data, asn1Spec=rfc4998.EvidenceRecord())
        assert rest == b""
        assert encoder.encode(decoded) == data
        found = [len(chain) for chain in decoded["archiveTimeStampSequence"]]
        assert found == [len(chain) for chain in record.chains]
        lists = decoded["archiveTimeStampSequence"][0][0]["reducedHashtree"]
        assert [[bytes(value) for value in values] for values in lists] == [
            list(values) for values in record.stamps[0].lists
        ]
