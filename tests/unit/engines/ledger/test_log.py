"""The log as files, notes, entries and proofs that travel."""

from __future__ import annotations

import base64
import dataclasses
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from hocbaso.core.errors import DomainError, Unreadable
from hocbaso.engines.ledger.checkpoints import (
    Checkpoint,
    check_consistent,
    open_checkpoint,
    sign_checkpoint,
    witness,
)
from hocbaso.engines.ledger.entries import EntryType, LogEntry, code_hash
from hocbaso.engines.ledger.hashing import leaf_hash
from hocbaso.engines.ledger.log import Ledger, MemoryStore
from hocbaso.engines.ledger.notes import (
    KeyType,
    NoteSigner,
    NoteVerifier,
    add_cosignature,
    open_note,
    sign_note,
    split_note,
)
from hocbaso.engines.ledger.proofs import InclusionProof
from hocbaso.engines.ledger.tiles import (
    TileName,
    TileNodes,
    changed_tiles,
    decode_bundle,
    encode_bundle,
    entries_path,
    parse_path,
    tile_path,
)
from hocbaso.engines.ledger.tree import nodes_of, root_hash, verify_consistency

ORIGIN = "nut.example/2025-2026"
KEY = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
MINISTRY = NoteSigner("bo.example/chung", Ed25519PrivateKey.from_private_bytes(b"\x02" * 32), KeyType.WITNESS)
INSPECTORATE = NoteSigner(
    "thanh-tra.example/chung", Ed25519PrivateKey.from_private_bytes(b"\x03" * 32), KeyType.WITNESS
)


def entry(number: int, school: str = "79000101") -> LogEntry:
    return LogEntry(
        EntryType.ISSUE,
        digest=f"{number:064x}",
        school=school,
        time="2026-05-26T08:00:00Z",
        code=code_hash(f"HB-1-79-79000101-2025-{number:012d}-0"),
        sheet_version=1,
    )


def grown(*sizes: int) -> Ledger:
    """A log grown in batches."""
    log, number = Ledger(MemoryStore(), ORIGIN), 0
    for size in sizes:
        log.append([entry(place).to_bytes() for place in range(number, number + size)])
        number += size
    return log


# ---- tiles


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("tile/0/000", TileName(0, 0)),
        ("tile/0/x001/234", TileName(0, 1234)),
        ("tile/63/x001/x234/067", TileName(63, 1234067)),
        ("tile/2/000.p/1", TileName(2, 0, 1)),
        ("tile/entries/x001/x234/067.p/255", TileName(None, 1234067, 255)),
    ],
)
def test_paths_of_the_specification(path: str, name: TileName) -> None:
    assert name.path() == path
    assert parse_path(path) == name
    maker = (
        entries_path(name.index, name.width)
        if name.level is None
        else tile_path(name.level, name.index, name.width)
    )
    assert maker == path


@pytest.mark.parametrize(
    "path",
    [
        "tile/00/000",
        "tile/64/000",
        "tile/0/0",
        "tile/0/1234",
        "tile/0/x000/001",
        "tile/0/001/234",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/../checkpoint",
        "tile/entries/x1/234",
        "tile/0/٠٠٠",
    ],
)
def test_other_spellings_of_a_path_are_refused(path: str) -> None:
    with pytest.raises(Unreadable):
        parse_path(path)


def test_the_tiles_of_a_tree_of_70000_are_those_of_the_specification() -> None:
    names = list(changed_tiles(0, 70_000))
    hashes = [name for name in names if name.level is not None]
    assert sum(name.level == 0 and name.width == 256 for name in hashes) == 273
    assert [name for name in hashes if name.width < 256] == [
        TileName(0, 273, 112),
        TileName(1, 1, 17),
        TileName(2, 0, 1),
    ]
    assert TileName(1, 0) in hashes
    assert [name for name in changed_tiles(255, 256) if name.level is not None] == [
        TileName(0, 0),
        TileName(1, 0, 1),
    ]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=4), st.data())
def test_a_reader_of_the_published_files_alone_proves_everything(
    sizes: list[int], data: st.DataObject
) -> None:
    """Files are written as the log grows; the root and every proof come out of them as from the leaves."""
    log, files, since, roots = Ledger(MemoryStore(), ORIGIN), {}, 0, {}
    for size in sizes:
        log.append([entry(place).to_bytes() for place in range(since, since + size)])
        files.update(log.files(since))
        since += size
        roots[since] = log.head().root
    leaves = [leaf_hash(entry(place).to_bytes()) for place in range(since)]

    def fetch(level: int, index: int) -> bytes:
        width = min(256, (since >> 8 * level) - index * 256)
        return files[tile_path(level, index, width)]

    nodes = TileNodes(fetch)
    assert root_hash(since, nodes) == root_hash(since, nodes_of(leaves)) == log.head().root
    old = data.draw(st.sampled_from(sorted(roots)))
    assert verify_consistency(old, since, log.prove_consistency(old), roots[old], roots[since])
    bundles = [name for name in changed_tiles(0, since) if name.level is None]
    read = [part for name in bundles for part in decode_bundle(files[name.path()], name.width)]
    assert [leaf_hash(part) for part in read] == leaves
    if since:
        index = data.draw(st.integers(0, since - 1))
        (proof,) = log.prove([index], log.sign(KEY))
        assert proof.check(read[index], KEY.verifier).checkpoint == log.head()


def test_files_beyond_the_log_do_not_exist() -> None:
    log = grown(300)
    assert len(log.file(TileName(0, 1, 44))) == 44 * 32
    for name in (
        TileName(0, 1, 45),
        TileName(0, 1),
        TileName(0, 2, 1),
        TileName(1, 0, 2),
        TileName(None, 1, 45),
    ):
        with pytest.raises(KeyError):
            log.file(name)


@given(st.lists(st.binary(max_size=40), max_size=10), st.data())
def test_bundles_read_back_and_refuse_damage(entries: list[bytes], data: st.DataObject) -> None:
    bundle = encode_bundle(entries)
    assert decode_bundle(bundle, len(entries)) == entries
    cut = data.draw(st.integers(0, len(bundle) - 1)) if bundle else 0
    for damaged, width in (
        (bundle[:cut], len(entries)),
        (bundle + b"\x00", len(entries)),
        (bundle, len(entries) + 1),
    ):
        if (damaged, width) != (bundle, len(entries)):
            with pytest.raises(Unreadable):
                decode_bundle(damaged, width)


# ---- notes and checkpoints


def test_a_note_signed_by_the_go_reference_implementation_opens() -> None:
    """The example of golang.org/x/mod/sumdb/note, which defined the format."""
    verifier = NoteVerifier.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    text = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
    )
    line = (
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6"
        "RyyBwJnAM=\n"
    )
    assert open_note(f"{text}\n{line}", [verifier]).text == text
    assert str(verifier).startswith("PeterNeumann+c74f20a3+")
    with pytest.raises(DomainError) as refusal:
        open_note(f"{text}x\n\n{line}", [verifier])
    assert refusal.value.code == "note_forged"


def test_a_checkpoint_has_the_form_of_the_specification() -> None:
    note = grown(5).sign(KEY)
    lines = note.split("\n")
    assert lines[0] == ORIGIN
    assert lines[1] == "5"
    assert len(base64.b64decode(lines[2])) == 32
    assert lines[3] == ""
    assert lines[4].startswith(f"— {ORIGIN} ")
    assert lines[5:] == [""]
    assert open_checkpoint(note, KEY.verifier).checkpoint == grown(5).head()
    assert NoteVerifier.parse(str(KEY.verifier)) == KEY.verifier


@settings(max_examples=200)
@given(st.data())
def test_no_altered_checkpoint_opens_with_other_content(data: st.DataObject) -> None:
    log = grown(3)
    note = log.sign(KEY).encode()
    place = data.draw(st.integers(0, len(note) - 1))
    changed = note[:place] + bytes([note[place] ^ data.draw(st.integers(1, 255))]) + note[place + 1 :]
    with pytest.raises((DomainError, UnicodeDecodeError)):
        open_checkpoint(changed.decode(), KEY.verifier)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        "a\n1\nAAAA\n",
        "a\n01\n" + "A" * 43 + "=\n",
        "a\n-1\n" + "A" * 43 + "=\n",
        "a\n0\n" + "A" * 43 + "=\n",
        "\n1\n" + "A" * 43 + "=\n",
        "a\n1\n" + "A" * 43 + "=",
        "a\n1\n" + "A" * 42 + "B=\n",
    ],
)
def test_malformed_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        "text\n\n— name AAAA\n",
        "text\n\n— name AAAAAAAA",
        "text\n\n- name AAAAAAAA\n",
        "te\txt\n\n— name AAAAAAAA\n",
        "text\n\n— na me AAAAAAAA\n",
        "text\n\n" + "— name AAAAAAAA\n" * 65,
        "x" * 100_001,
    ],
)
def test_malformed_notes_are_refused(note: str) -> None:
    with pytest.raises(Unreadable):
        split_note(note)


def test_unknown_signatures_are_passed_over_and_known_ones_must_be_right() -> None:
    note = grown(1).sign(KEY)
    other = NoteSigner("khac.example", Ed25519PrivateKey.from_private_bytes(b"\x09" * 32))
    text, _ = split_note(note)
    assert open_checkpoint(note + other.line(text), KEY.verifier).checkpoint.size == 1
    with pytest.raises(DomainError) as refusal:
        open_checkpoint(note, other.verifier)
    assert refusal.value.code == "note_untrusted"
    foreign = sign_note(Checkpoint("khac.example", 1, b"\x00" * 32).text(), KEY)
    with pytest.raises(DomainError) as refusal:
        open_checkpoint(foreign, KEY.verifier)
    assert refusal.value.code == "checkpoint_wrong_log"


def test_witnesses_cosign_only_what_grew_from_what_they_saw() -> None:
    log = grown(3)
    first = log.head()
    note, seen = witness(log.sign(KEY), KEY.verifier, None, [], MINISTRY, 1_780_000_000)
    assert seen == first
    log.append([entry(place).to_bytes() for place in range(3, 9)])
    note, seen = witness(log.sign(KEY), KEY.verifier, seen, log.prove_consistency(3), MINISTRY, 1_780_000_100)
    note = add_cosignature(note, INSPECTORATE, 1_780_000_200)
    both = [MINISTRY.verifier, INSPECTORATE.verifier]
    opened = open_checkpoint(note, KEY.verifier, both, quorum=2)
    assert opened.witnesses == ((MINISTRY.name, 1_780_000_100), (INSPECTORATE.name, 1_780_000_200))
    with pytest.raises(DomainError) as refusal:
        open_checkpoint(log.sign(KEY), KEY.verifier, both, quorum=1)
    assert refusal.value.code == "checkpoint_too_few_witnesses"

    rewritten = Ledger(MemoryStore(), ORIGIN)
    rewritten.append([entry(place + 1).to_bytes() for place in range(12)])
    with pytest.raises(DomainError) as refusal:
        witness(rewritten.sign(KEY), KEY.verifier, seen, rewritten.prove_consistency(9), MINISTRY, 1)
    assert refusal.value.code == "checkpoint_inconsistent"
    with pytest.raises(DomainError):
        check_consistent(seen, first, [])


def test_a_cosignature_binds_its_time_and_cannot_stand_for_the_logs_own() -> None:
    note = add_cosignature(grown(2).sign(KEY), MINISTRY, 1_780_000_000)
    head, line = note.rsplit("— ", 1)
    raw = bytearray(base64.b64decode(line.split(" ")[1]))
    raw[11] ^= 1  # last byte of the time
    moved = f"{head}— {MINISTRY.name} {base64.b64encode(raw).decode()}\n"
    with pytest.raises(DomainError) as refusal:
        open_checkpoint(moved, KEY.verifier, [MINISTRY.verifier])
    assert refusal.value.code == "note_forged"
    for signer, seconds in ((KEY, 5), (MINISTRY, None)):
        with pytest.raises(ValueError, match="witness"):
            signer.line("x\n", seconds)
    with pytest.raises(ValueError, match="log's name"):
        sign_checkpoint(Checkpoint("khac.example", 1, b"\x00" * 32), KEY)


@pytest.mark.parametrize(
    "text", ["", "a+b", "a+00000000+AAAA", str(KEY.verifier)[:-4], "x" + str(KEY.verifier)]
)
def test_malformed_verifier_keys_are_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        NoteVerifier.parse(text)


# ---- entries


def test_an_entry_is_canonical_json_and_reads_back() -> None:
    data = entry(255).to_bytes()
    assert data == (
        b'{"code":"' + entry(255).code.encode() + b'","digest":"' + b"0" * 62 + b'ff","school":"79000101",'
        b'"sheet_version":1,"time":"2026-05-26T08:00:00Z","type":"issue","v":1}'
    )
    assert LogEntry.from_bytes(data) == entry(255)
    event = LogEntry(EntryType.KEY_EVENT, "ab" * 32, "", "2026-05-26T08:00:00Z")
    assert LogEntry.from_bytes(event.to_bytes()) == event
    assert b"code" not in event.to_bytes()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        entry(1).to_bytes() + b"\n",
        entry(1).to_bytes().replace(b'"v":1', b'"v":2'),
        entry(1).to_bytes().replace(b'"v":1', b'"v":true'),
        entry(1).to_bytes().replace(b'"v":1', b'"v":1,"x":1'),
        entry(1).to_bytes().replace(b'"v":1', b'"v":1,"v":1'),
        entry(1).to_bytes().replace(b"issue", b"receipt"),
        entry(1).to_bytes().replace(b"issue", b"khac"),
        entry(1).to_bytes().replace(b"2026-05-26", b"2026-02-30"),
        entry(1).to_bytes().replace(b'"sheet_version":1,', b""),
        json.dumps(json.loads(entry(1).to_bytes())).encode(),
    ],
)
def test_other_bytes_are_no_entry(data: bytes) -> None:
    with pytest.raises(Unreadable) as refusal:
        LogEntry.from_bytes(data)
    assert refusal.value.code == "log_entry"


# ---- proofs that travel, monitor, audit


def test_a_proof_travels_as_json() -> None:
    log = grown(260, 5)
    proofs = log.prove([0, 255, 264], log.sign(KEY))
    for index, proof in zip([0, 255, 264], proofs, strict=True):
        read = InclusionProof.from_json(proof.to_json())
        assert read == proof
        assert read.check(entry(index).to_bytes(), KEY.verifier).checkpoint.size == 265
        with pytest.raises(DomainError) as refusal:
            read.check(entry(index + 1).to_bytes(), KEY.verifier)
        assert refusal.value.code == "proof_wrong"
        with pytest.raises(DomainError):
            dataclasses.replace(read, size=264).check(entry(index).to_bytes(), KEY.verifier)


@pytest.mark.parametrize(
    "change",
    [
        {"index": -1},
        {"index": True},
        {"index": "0"},
        {"size": 1.0},
        {"hashes": "ab"},
        {"hashes": ["AB" * 32]},
        {"hashes": [" " * 64]},
        {"hashes": ["ab" * 32] * 63},
        {"checkpoint": None},
        {"them": 1},
    ],
)
def test_malformed_proofs_are_refused(change: dict[str, object]) -> None:
    log = grown(2)
    values = json.loads(log.prove([0], log.sign(KEY))[0].to_json())
    with pytest.raises(Unreadable) as refusal:
        InclusionProof.from_json(json.dumps(values | change))
    assert refusal.value.code == "proof_unreadable"


def test_proofs_are_made_only_against_checkpoints_of_this_log() -> None:
    log = grown(3)
    for checkpoint in (grown(4).sign(KEY), sign_note(Checkpoint("khac", 2, b"\x00" * 32).text(), KEY)):
        with pytest.raises(ValueError, match="not a checkpoint"):
            log.prove([0], checkpoint)


def test_the_monitor_sees_everything_logged_in_a_schools_name() -> None:
    log = Ledger(MemoryStore(), ORIGIN)
    log.append([entry(place, "A" if place % 100 == 7 else "B").to_bytes() for place in range(600)])
    assert [index for index, _ in log.entries_of("A")] == [7, 107, 207, 307, 407, 507]
    assert [index for index, _ in log.entries_of("A", start=300)] == [307, 407, 507]


def test_the_audit_finds_altered_entries_tiles_and_shortened_logs() -> None:
    log = grown(0, 200, 150)
    notes = [grown(size).sign(KEY) for size in (0, 200)] + [log.sign(KEY)]
    assert log.audit(notes, KEY.verifier) == []

    altered = MemoryStore()
    Ledger(altered, ORIGIN).append([entry(place).to_bytes() for place in range(350)])
    altered._entries[220] = entry(999).to_bytes()
    assert Ledger(altered, ORIGIN).audit(notes, KEY.verifier) == ["checkpoint 350", "tile 0/0", "tile 1/0"]

    altered = MemoryStore()
    shortened = Ledger(altered, ORIGIN)
    shortened.append([entry(place).to_bytes() for place in range(349)])
    assert shortened.audit(notes, KEY.verifier) == ["checkpoint 350"]

    altered.put_tile(0, 1, b"\x00" * 32 * 93)
    assert shortened.audit(notes[:2], KEY.verifier) == ["tile 0/1"]
    (problem,) = grown(1).audit([notes[1].replace("200", "1")], KEY.verifier)
    assert isinstance(problem, DomainError)
    assert problem.code == "note_forged"


def test_an_entry_too_long_for_a_bundle_is_refused_and_nothing_is_added() -> None:
    log = grown(1)
    with pytest.raises(ValueError, match="too long"):
        log.append([b"x", b"x" * 65_536])
    assert log.size == 1
    assert log.append([]) == range(1, 1)
