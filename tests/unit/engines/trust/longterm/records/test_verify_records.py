"""Verification of records: proved sheets, and every attack by its name."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.longterm.policy import LongTermPolicy
from hocbaso.engines.trust.longterm.records import (
    ArchiveTimeStamp,
    DataObject,
    EvidenceRecord,
    Kind,
    combined,
    group_hash,
    identifier,
    objects_of_document,
    objects_of_file,
    read_record,
    verify_record,
)
from hocbaso.engines.trust.longterm.records.model import tlv
from tests.unit.engines.trust.longterm.records.world import (
    BUILT,
    NOW,
    REHASHED,
    RENEWED,
    policy,
    records,
    world,
)
from tests.unit.engines.trust.verify_support import T0, YEAR

SOON = BUILT + timedelta(days=10)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("kind", "now", "stamps"), [("built", SOON, 1), ("renewed", NOW, 2), ("rehashed", NOW, 3)]
)
def test_every_sheet_of_a_record_is_proved_from_its_first_stamp_on(
    kind: str, now: datetime, stamps: int
) -> None:
    for number, record in enumerate(records(kind)):
        verdict = world().verify(record, number, now=now)
        assert (str(verdict.conclusion), verdict.fault) == ("valid", None)
        assert verdict.since == BUILT
        assert len(verdict.stamps) == stamps
        assert [item.protected for item in verdict.objects] == [True, True]
        assert verdict.environment == "thu_nghiem"


def _fault(record: EvidenceRecord, number: int = 0, **options: object) -> tuple[str, str | None]:
    verdict = world().verify(record, number, **options)  # type: ignore[arg-type]
    assert (verdict.since is None) == (verdict.fault is not None)
    return str(verdict.conclusion), verdict.fault


def _wrong(code: str) -> tuple[str, str]:
    return "invalid", code


def _open(code: str) -> tuple[str, str]:
    return "indeterminate", code


def test_a_sheet_of_another_record_is_refused() -> None:
    assert _fault(records("rehashed")[0], 1) == _wrong("record_other_object")


def test_a_member_that_is_missing_or_altered_is_refused() -> None:
    document, stamp = world().objects(0)
    record = records("built")[0]
    assert _fault(record, objects=(document,), now=SOON) == _open("record_member_missing")
    assert _fault(record, objects=(), now=SOON) == _open("record_no_objects")
    longer = replace(document, content=document.content + b"\n")
    assert _fault(record, objects=(longer, stamp), now=SOON) == _wrong("record_other_object")
    stranger = DataObject(Kind.FILE, "khác.pdf", b"x")
    assert _fault(record, objects=(document, stamp, stranger), now=SOON) == _wrong("record_other_object")


def test_objects_that_came_after_the_record_are_left_aside() -> None:
    later = DataObject(Kind.CRL, "danh sách thu hồi 1", b"\x30\x00")
    verdict = world().verify(records("built")[0], objects=(*world().objects(0), later), now=SOON)
    assert (str(verdict.conclusion), verdict.objects[-1].protected) == ("valid", False)


def _changed(record: EvidenceRecord, chain: int, place: int, **parts: object) -> EvidenceRecord:
    chains = [list(stamps) for stamps in record.chains]
    chains[chain][place] = replace(chains[chain][place], **parts)  # type: ignore[arg-type]
    return replace(record, chains=tuple(map(tuple, chains)))


def test_a_tree_with_a_moved_or_repeated_node_is_refused() -> None:
    record = records("built")[0]
    lists = record.stamps[0].lists
    swapped = (lists[0], lists[2], lists[1], *lists[3:])
    assert _fault(_changed(record, 0, 0, lists=swapped), now=SOON) == _wrong("record_root")
    repeated = (*lists, lists[-1])
    assert _fault(_changed(record, 0, 0, lists=repeated), now=SOON) == _wrong("record_root")
    twice = (lists[0], lists[1] * 2, *lists[2:])
    assert _fault(_changed(record, 0, 0, lists=twice), now=SOON) == _wrong("record_tree")
    cut = lists[:-1]
    assert _fault(_changed(record, 0, 0, lists=cut), now=SOON) == _wrong("record_root")
    bare = _changed(record, 0, 0, lists=())
    assert _fault(bare, now=SOON) == _wrong("record_other_object")


def test_a_token_about_something_else_is_refused() -> None:
    record, w = records("built")[0], world()
    other = w.stamp(w.first, BUILT, b"\x01" * 32)
    assert _fault(_changed(record, 0, 0, token=other), now=SOON) == _wrong("record_root")


def test_a_renewal_that_does_not_cover_the_stamp_before_is_refused() -> None:
    w, record = world(), records("renewed")[0]
    foreign = w.stamp(w.second, RENEWED, b"\x01" * 32)
    assert _fault(_changed(record, 0, 1, token=foreign)) == _wrong("record_renewal")


def test_a_new_tree_that_misses_a_member_or_another_history_is_refused() -> None:
    w, record = world(), records("rehashed")[0]
    hashes = [item.hash("sha512") for item in w.objects(0)]
    for group in (
        combined(hashes[:1], record.chains[:1], "sha512"),
        combined([*hashes, b"\x00" * 64], record.chains[:1], "sha512"),
        combined(hashes, (record.chains[0][:1],), "sha512"),
    ):
        token = w.stamp(w.second, REHASHED, group_hash(group, "sha512"))
        forged = ArchiveTimeStamp(token, (group,), identifier("sha512"))
        chains = (record.chains[0], (forged,))
        assert _fault(replace(record, chains=chains)) == _wrong("record_renewal_member")


def test_stamps_out_of_time_order_are_refused() -> None:
    w = world()
    early = w.renew(list(records("built")), BUILT - DAY)[0]
    assert _fault(early) == _wrong("record_time_order")
    same = w.renew(list(records("built")), BUILT)[0]
    assert _fault(same) == _wrong("record_time_order")


def test_a_gap_in_time_is_refused() -> None:
    late = world().renew(list(records("built")), T0 + YEAR + DAY)[0]
    assert _fault(late) == _wrong("record_gap")


def test_an_algorithm_that_ended_before_the_renewal_is_refused() -> None:
    ended = policy(sha256=(REHASHED - DAY).date())
    assert _fault(records("rehashed")[0], using=ended) == _wrong("record_algorithm_ended")
    in_time = policy(sha256=REHASHED.date())
    # The authority's own signature still uses the hash that ended: now it proves nothing more.
    assert _fault(records("rehashed")[0], using=in_time) == _open("record_not_renewed")


def test_a_record_that_was_not_renewed_proves_nothing_any_more() -> None:
    assert _fault(records("built")[0], now=T0 + YEAR + DAY) == _open("record_not_renewed")
    weak = policy(p256=(SOON - DAY).date())
    assert _fault(records("built")[0], now=SOON, using=weak) == _open("record_not_renewed")


def test_two_hashes_in_one_chain_and_wrong_names_of_hashes_are_refused() -> None:
    w, record = world(), records("renewed")[0]
    other = ArchiveTimeStamp(
        w.stamp(w.second, RENEWED, DataObject(Kind.FILE, "", record.stamps[0].token).hash("sha512")),
        (),
        identifier("sha512"),
    )
    mixed = replace(record, chains=((record.stamps[0], other),))
    assert _fault(mixed) == _wrong("record_chain_algorithm")
    assert _fault(_changed(record, 0, 1, identifier=identifier("sha384"))) == _wrong(
        "record_algorithms_differ"
    )
    named = replace(record, identifiers=(identifier("sha256"), identifier("sha512")))
    assert _fault(named) == _wrong("record_algorithms_differ")
    unstated = _changed(_changed(record, 0, 0, identifier=None), 0, 1, identifier=None)
    assert _fault(read_record(unstated.to_der()))[0] == "valid"


def test_an_authority_of_nobody_and_data_of_nobody_are_not_believed() -> None:
    from tests.unit.engines.trust.verify_support import Pki

    w, record = world(), records("built")[0]
    foreign = Pki("Người lạ", begins=T0 - YEAR, ends=T0 + 30 * YEAR)
    tsa = foreign.issue("TSA lạ", time_stamping=True, ends=T0 + YEAR)
    from hocbaso.engines.trust.longterm.records import climb
    from hocbaso.sandbox.tsa import SandboxStamper

    chain = (tsa.certificate, foreign.sub.certificate)
    token = SandboxStamper(tsa.key, chain, lambda: BUILT).stamp(climb(record.stamps[0].lists, "sha256"))
    assert _fault(_changed(record, 0, 0, token=token), now=SOON) == _open("record_stranger")
    with_list = replace(record, crls=(foreign.crl(),))
    assert _fault(with_list, now=SOON) == _open("record_stranger")
    broken = bytearray(w.pki.crl())
    broken[-1] ^= 1
    assert _fault(replace(record, crls=(bytes(broken),)), now=SOON) == _wrong("record_damaged_evidence")


def test_the_hashes_that_a_token_announces_are_pinned() -> None:
    """A SET that nobody signs: it must name the signer's own hash and nothing else."""
    record = records("built")[0]
    token = record.stamps[0].token
    announced = b"\x31\x0f" + tlv(0x30, identifier("sha256")[2:] + b"\x05\x00")
    other = b"\x31\x0f" + tlv(0x30, identifier("sha512")[2:] + b"\x05\x00")
    assert token.count(announced) == 1
    changed = _changed(record, 0, 0, token=token.replace(announced, other))
    assert _fault(changed, now=SOON) == _wrong("record_stamp")


def test_unused_bits_of_a_lists_signature_are_pinned() -> None:
    """Nobody signs how many bits of a BIT STRING are unused; libraries read past it."""
    record = records("built")[0]
    for _ in range(20):  # until the last bit is free to be called unused
        crl = bytearray(world().pki.crl())
        if crl[-1] & 1 == 0:
            break
    place = len(crl) - len(x509.load_der_x509_crl(bytes(crl)).signature) - 1
    assert _fault(replace(record, crls=(bytes(crl),)), now=SOON)[0] == "valid"
    crl[place] = 1
    assert _fault(replace(record, crls=(bytes(crl),)), now=SOON) == _wrong("record_damaged_evidence")


def test_a_compromise_after_the_renewal_does_no_harm_and_one_before_it_does() -> None:
    w, record = world(), records("renewed")[0]

    def judged(when: datetime) -> tuple[str, str | None]:
        lists = w.pki.lists([(w.first, when)], this_update=T0 + YEAR - DAY, next_update=NOW + DAY)
        bundle = replace(w.bundle(), crls=lists)
        verdict = verify_record(record, w.objects(0), bundle, now=NOW, policy=policy())
        return str(verdict.conclusion), verdict.fault

    assert judged(RENEWED + DAY)[0] == "valid"
    assert judged(RENEWED - DAY) == _open("record_stamp_unknown")
    assert judged(BUILT - DAY) == _wrong("record_stamp_untrusted")


def test_without_a_bundle_nothing_is_valid() -> None:
    verdict = verify_record(records()[0], world().objects(0), None, now=SOON, policy=policy())
    assert (str(verdict.conclusion), verdict.fault) == _open("record_no_bundle")


def test_a_token_from_the_future_is_refused() -> None:
    assert _fault(records()[0], now=BUILT - DAY) == _wrong("record_stamp")


@lru_cache(maxsize=4)
def _encoded(kind: str) -> bytes:
    return records(kind)[0].to_der()


def _judge(data: bytes, kind: str, using: LongTermPolicy | None = None) -> str:
    try:
        record = read_record(data)
    except DomainError as error:
        return error.code
    verdict = world().verify(record, now=SOON if kind == "built" else NOW, using=using)
    return verdict.fault or "valid"


@given(st.sampled_from(["built", "rehashed"]), st.integers(0), st.integers(0, 7))
@settings(max_examples=120)
def test_any_flipped_bit_in_a_record_is_found(kind: str, place: int, bit: int) -> None:
    data = bytearray(_encoded(kind))
    data[place % len(data)] ^= 1 << bit
    assert _judge(bytes(data), kind) != "valid"


@given(st.integers(0), st.integers(0, 7))
@settings(max_examples=60)
def test_any_flipped_bit_in_the_exported_document_is_found(place: int, bit: int) -> None:
    document = bytearray(world().documents[0])
    document[place % len(document)] ^= 1 << bit
    try:
        objects = objects_of_file("hocba.xml", bytes(document))
    except DomainError:
        return
    assert _fault(records()[0], objects=objects, now=SOON)[1] in (
        "record_other_object",
        "record_member_missing",
    )


@given(st.data())
@settings(max_examples=60)
def test_cut_doubled_and_spliced_records_are_found(data: st.DataObject) -> None:
    whole = _encoded("rehashed")
    start = data.draw(st.integers(0, len(whole) - 1))
    end = data.draw(st.integers(start + 1, len(whole)))
    how = data.draw(st.sampled_from(["cut", "doubled", "spliced"]))
    part = whole[start:end]
    if how == "cut":
        changed = whole[:start] + whole[end:]
    elif how == "doubled":
        changed = whole[:end] + part + whole[end:]
    else:
        changed = whole[:start] + _encoded("renewed")[start:end] + whole[end:]
    genuine = (whole, _encoded("renewed"))  # the record as it was before its last renewal
    assert changed in genuine or _judge(changed, "rehashed") != "valid"


def test_chains_put_together_from_two_sheets_are_refused() -> None:
    mine, other = records("rehashed")[0], records("rehashed")[1]
    assert _fault(replace(mine, chains=(mine.chains[0], other.chains[1]))) == _wrong("record_renewal_member")
    assert _fault(replace(mine, chains=(other.chains[0], mine.chains[1]))) == _wrong("record_other_object")
    assert _fault(replace(mine, chains=mine.chains[::-1])) == _wrong("record_other_object")


def test_objects_are_the_stored_document_and_everything_inside_the_seal() -> None:
    document, stamp = world().objects(0)
    assert (document.kind, stamp.kind) == (Kind.DOCUMENT, Kind.TIME_STAMP)
    assert objects_of_document(document.content) == (replace(document, name="hocba.xml"),)
    exported = world().documents[0]
    start, end = exported.index(b"<xades:UnsignedProperties>"), exported.index(b"</xades:UnsignedProperties>")
    rest = exported[end + len(b"</xades:UnsignedProperties>") :]
    assert document.content == exported[:start] + rest
