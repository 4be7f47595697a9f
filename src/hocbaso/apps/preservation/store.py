"""Keeping validation data once, and putting a sheet's unsigned properties together from it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from hocbaso.apps.common import clock
from hocbaso.apps.preservation.models import (
    ArchiveTimeStamp,
    ItemKind,
    LongTermSheet,
    SetItem,
    StampValidation,
    ValidationItem,
    ValidationSet,
)
from hocbaso.engines.trust.xades import NO_DATA, ArchiveStamp, Unsigned, ValidationData

_Listed = list[tuple[str, str, bytes]]  # kind, digest, content


def _listed(data: ValidationData) -> _Listed:
    groups = (
        (ItemKind.CERTIFICATE, data.certificates),
        (ItemKind.CRL, data.crls),
        (ItemKind.OCSP, data.ocsps),
    )
    return [(str(kind), hashlib.sha256(der).hexdigest(), der) for kind, ders in groups for der in ders]


def _digest(items: _Listed) -> str:
    return hashlib.sha256("\n".join(digest for _, digest, _ in items).encode()).hexdigest()


def keep(wanted: Iterable[ValidationData]) -> dict[ValidationData, ValidationSet]:
    """The rows of these sets; what is missing is added. Inside the caller's transaction; a fixed number of
    statements.
    """
    lists = {data: _listed(data) for data in dict.fromkeys(wanted)}
    digests = {data: _digest(items) for data, items in lists.items()}
    found = _sets(digests.values())
    new = {data: items for data, items in lists.items() if digests[data] not in found}
    if new:
        _add(new, digests)
        found = _sets(digests.values())
    return {data: found[digest] for data, digest in digests.items()}


def _sets(digests: Iterable[str]) -> dict[str, ValidationSet]:
    return {row.digest: row for row in ValidationSet.objects.filter(digest__in=list(digests))}


def _add(new: dict[ValidationData, _Listed], digests: dict[ValidationData, str]) -> None:
    now = clock.now()
    rows = {d: (kind, der) for items in new.values() for kind, d, der in items}
    ValidationItem.objects.bulk_create(
        [ValidationItem(digest=d, kind=kind, content=der, at=now) for d, (kind, der) in rows.items()],
        ignore_conflicts=True,
    )
    ValidationSet.objects.bulk_create(
        [ValidationSet(digest=digests[data], at=now) for data in new], ignore_conflicts=True
    )
    items = dict(ValidationItem.objects.filter(digest__in=list(rows)).values_list("digest", "pk"))
    sets = _sets(digests[data] for data in new)
    SetItem.objects.bulk_create(
        [
            SetItem(set=sets[digests[data]], item_id=items[digest], position=position)
            for data, listed in new.items()
            for position, (_, digest, _) in enumerate(listed)
        ],
        ignore_conflicts=True,
    )


def _read_sets(keys: Iterable[int]) -> dict[int, ValidationData]:
    """Sets with their items. Two queries: a list that many sets share is read once."""
    places = list(
        SetItem.objects.filter(set__in=set(keys)).order_by("set", "position").values_list("set_id", "item_id")
    )
    items = {
        pk: (kind, bytes(content))
        for pk, kind, content in ValidationItem.objects.filter(
            pk__in={item for _, item in places}
        ).values_list("pk", "kind", "content")
    }
    grouped: dict[int, dict[str, list[bytes]]] = {}
    for key, item in places:
        kind, content = items[item]
        grouped.setdefault(key, {}).setdefault(kind, []).append(content)
    return {
        key: ValidationData(
            *(tuple(group.get(kind, ())) for kind in (ItemKind.CERTIFICATE, ItemKind.CRL, ItemKind.OCSP))
        )
        for key, group in grouped.items()
    }


def properties(tokens: dict[int, bytes]) -> dict[int, Unsigned]:
    """What stands beside each sheet's seal at its best level. Five queries, whatever the number.

    :param tokens: signature time stamps by sheet; sheets without one stay B-B.
    """
    rows = {row.sheet_id: row for row in LongTermSheet.objects.filter(sheet__in=list(tokens))}
    stamps: dict[int, list[ArchiveTimeStamp]] = {}
    for stamp in ArchiveTimeStamp.objects.filter(sheet__in=list(rows)).order_by("sheet", "number"):
        stamps.setdefault(stamp.sheet_id, []).append(stamp)
    proofs = {
        (sheet, number): data
        for sheet, number, data in StampValidation.objects.filter(sheet__in=list(stamps)).values_list(
            "sheet_id", "number", "data_id"
        )
    }
    keys = {key for row in rows.values() for key in (row.signers_id, row.stamp_id)} | set(proofs.values())
    sets = _read_sets(keys) if keys else {}
    return {
        sheet: _unsigned(token, rows.get(sheet), _archive(stamps.get(sheet, ()), proofs, sets), sets)
        for sheet, token in tokens.items()
    }


def _archive(
    stamps: Sequence[ArchiveTimeStamp],
    proofs: dict[tuple[int, int], int],
    sets: dict[int, ValidationData],
) -> tuple[ArchiveStamp, ...]:
    keyed = ((stamp, proofs.get((stamp.sheet_id, stamp.number), 0)) for stamp in stamps)
    return tuple(ArchiveStamp(bytes(stamp.token), sets.get(key, NO_DATA)) for stamp, key in keyed)


def _unsigned(
    token: bytes,
    row: LongTermSheet | None,
    archive: tuple[ArchiveStamp, ...],
    sets: dict[int, ValidationData],
) -> Unsigned:
    if row is None:
        return Unsigned(token)
    signers, stamp = sets.get(row.signers_id, NO_DATA), sets.get(row.stamp_id, NO_DATA)
    return Unsigned(token, signers.certificates, signers.crls, signers.ocsps, stamp, archive)
