"""Building a record over all issued sheets of a scope that stand under none yet.

Leaves are added in chunks, each in a transaction of its own, so that a run that was killed goes on where it
was; the time stamp closes the tree. Without an authority that answers the record waits, filled, for the next
run. A sheet stands under one record: the database says so, whoever builds beside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit.chain import record as tell
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.preservation.evidence_records.models import GivenUp, Leaf, Record, Stamp, Tree
from hocbaso.apps.preservation.evidence_records.queries import waiting_sheets
from hocbaso.apps.preservation.evidence_records.stamping import ask_for_stamp, stamp_row
from hocbaso.apps.preservation.models import ValidationSet
from hocbaso.apps.signing.ports import key_provider
from hocbaso.apps.transcripts.documents import export
from hocbaso.apps.transcripts.models import IssuedSheet
from hocbaso.core.errors import DomainError
from hocbaso.engines.trust.longterm.policy import long_term_policy
from hocbaso.engines.trust.longterm.records import (
    DataObject,
    HashTree,
    block_roots,
    member_hashes,
    new_algorithm,
    objects_of_document,
    stored_leaves,
)

#: Sheets of one transaction.
CHUNK = 500
#: Sheets under one token.
MOST = 100_000


@dataclass(slots=True)
class Built:
    """What a run did. ``refused``: sheet code and version, and the code of what is wrong with it."""

    record: int | None = None
    added: int = 0
    sheets: int = 0  # in the record
    stamped: bool = False
    refused: list[tuple[str, str]] = field(default_factory=list)
    problem: DomainError | None = None  # why it is not stamped yet


def build(
    actor: Actor,
    *,
    school: Organisation | None = None,
    year: str = "",
    settled_by: datetime | None = None,
    most: int = MOST,
    told: Callable[[int], None] = lambda _: None,
) -> Built:
    """Build a record over the waiting sheets of a scope, or go on with the one that is open.

    :param settled_by: see :func:`~.queries.waiting_sheets`.
    :param school: only its sheets. :param year: only this school year. :param told: called with the number
        of sheets done.
    :returns: what was done; no authority answering stands in ``problem``.
    :raises NotAllowed: policy ``records.build``.
    """
    require(actor, "records.build", school)
    done = Built()
    tree = _open_tree(school, year)
    done.sheets = tree.leaves.count() if tree is not None else 0
    last = 0
    while done.sheets < most:
        size = min(CHUNK, most - done.sheets)
        waiting = waiting_sheets(school, year, settled_by)
        rows = list(waiting.filter(pk__gt=last).select_related("sheet")[:size])
        if not rows:
            break
        last = rows[-1].pk
        readable = list(with_objects(rows, done.refused))
        if not readable:
            continue
        tree = tree or _open(actor, school, year)
        added = _add(tree, readable)
        if added is None:  # somebody builds beside and has closed it: the next run opens another
            break
        done.added, done.sheets = done.added + added, done.sheets + added
        told(done.added)
    if tree is not None and done.sheets:
        done.record = tree.record_id
        _close(actor, tree, done)
    return done


def _open_tree(school: Organisation | None, year: str) -> Tree | None:
    """The first tree of a record of this very scope that has no time stamp yet."""
    found = Tree.objects.filter(
        number=0, record__school=school, record__school_year=year, stamps__isnull=True
    )
    return found.exclude(record__in=GivenUp.objects.values("record")).order_by("pk").first()


def _open(actor: Actor, school: Organisation | None, year: str) -> Tree:
    now = clock.now()
    algorithm = new_algorithm(long_term_policy(now.date()), now)
    with transaction.atomic():
        record = Record.objects.create(school=school, school_year=year, opened_at=now, opened_by=actor.label)
        return Tree.objects.create(record=record, number=0, algorithm=algorithm, opened_at=now)


def _add(tree: Tree, sheets: list[tuple[IssuedSheet, tuple[DataObject, ...]]]) -> int | None:
    hashes = {row.pk: b"".join(member_hashes(objects, tree.algorithm)) for row, objects in sheets}
    try:
        return _store(tree, hashes)
    except IntegrityError:  # somebody builds beside: what is left of the chunk is ours
        still = waiting_sheets().filter(pk__in=hashes).values_list("pk", flat=True)
        return _store(tree, {pk: hashes[pk] for pk in still})


def with_objects(
    rows: Sequence[IssuedSheet], refused: list[tuple[str, str]]
) -> Iterator[tuple[IssuedSheet, tuple[DataObject, ...]]]:
    """Each sheet with its data objects, as its exported file has them; what cannot be read is told."""
    return ((row, objects) for row, _, objects in with_documents(rows, refused))


def with_documents(
    rows: Sequence[IssuedSheet], refused: list[tuple[str, str]]
) -> Iterator[tuple[IssuedSheet, bytes, tuple[DataObject, ...]]]:
    """:func:`with_objects`, and the exported file itself."""
    for row, document in _exported(rows, refused):
        try:
            yield row, document, objects_of_document(document)
        except DomainError as error:
            refused.append((name_of(row), error.code))


def _exported(
    rows: Sequence[IssuedSheet], refused: list[tuple[str, str]]
) -> Iterator[tuple[IssuedSheet, bytes]]:
    try:
        documents = export(rows)
    except DomainError as error:
        if len(rows) == 1:
            refused.append((name_of(rows[0]), error.code))
            return
        for row in rows:  # one is damaged: the others shall not wait for it
            yield from _exported([row], refused)
        return
    yield from ((row, one.xml) for row, one in zip(rows, documents, strict=True))


def name_of(row: IssuedSheet) -> str:
    """How a sheet is named in answers: code and version."""
    return f"{row.code} v{row.version}"


def _store(tree: Tree, hashes: dict[int, bytes]) -> int | None:
    """How many came in; ``None``: the tree is closed."""
    if not hashes:
        return 0
    with transaction.atomic():
        Record.objects.select_for_update().get(pk=tree.record_id)  # one writer a record
        if tree.stamps.exists():
            return None
        start = tree.leaves.count()
        attempts = _attempts(hashes)
        Leaf.objects.bulk_create(
            Leaf(tree=tree, position=start + n, sheet_id=pk, hashes=value, attempt=attempts.get(pk, 1))
            for n, (pk, value) in enumerate(hashes.items())
        )
    return len(hashes)


def _attempts(sheets: Iterable[int]) -> dict[int, int]:
    """Sheets whose record was given up stand under another: their attempts are counted."""
    found = Leaf.objects.filter(sheet__in=list(sheets), tree__record__given_up__isnull=False)
    return {
        sheet: (attempt or 0) + 1
        for sheet, attempt in found.filter(attempt__isnull=False)
        .order_by("attempt")
        .values_list("sheet_id", "attempt")
    }


def _close(actor: Actor, tree: Tree, done: Built) -> None:
    try:
        closed = close_tree(actor, tree, "built")
    except DomainError as error:
        done.problem = error
        return
    done.stamped = closed is not None


def close_tree(
    actor: Actor,
    tree: Tree,
    reason: str,
    *,
    after: datetime | None = None,
    before: ValidationSet | None = None,
) -> Stamp | None:
    """Ask for the time stamp of a filled tree and store it, with the audit event.

    :param after: time of the stamp before. :param before: what proves that one.
    :returns: ``None``: somebody else closed it or added leaves meanwhile.
    :raises ServiceUnavailable: ``timestamp_unavailable``. :raises DomainError: a wrong token.
    """
    leaves = leaves_of(tree)
    roots = block_roots(leaves, tree.algorithm)
    root = HashTree(roots, tree.algorithm).root
    made = ask_for_stamp(key_provider(), root, after)
    with transaction.atomic():
        Record.objects.select_for_update().get(pk=tree.record_id)
        if tree.stamps.exists() or tree.leaves.count() != len(leaves):
            return None
        row = stamp_row(made, tree, 0, reason, leaves=len(leaves), blocks=b"".join(roots), before=before)
        row.save(force_insert=True)
        tell(
            actor,
            "records.built" if tree.number == 0 else "records.renewed",
            f"record:{tree.record_id}",
            organisation=tree.record.school.code if tree.record.school else "",
            sheets=len(leaves),
            root=root.hex(),
            algorithm=tree.algorithm,
            authority=row.authority,
            way="hash_tree",
            reason=reason,
        )
    return row


def leaves_of(tree: Tree) -> list[bytes]:
    """The leaf values of a tree, in order."""
    rows = tree.leaves.order_by("position").values_list("hashes", flat=True)
    return stored_leaves(map(bytes, rows.iterator(chunk_size=5000)), tree.algorithm)
