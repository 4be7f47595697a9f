"""Evidence records as rows that nobody changes.

A record holds trees (chains of RFC 4998), one after the other; a tree holds leaves (one a sheet: the hashes
of its data object group) and, once it is closed, time stamps. What a sheet's own record needs is derived from
these on demand; nothing is stored a sheet and renewal. A tree without a time stamp is still being filled.
"""

from __future__ import annotations

from django.db import models

from hocbaso.apps.common.guards import Condition, guard
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.preservation.models import ValidationSet
from hocbaso.apps.transcripts.models import YearSheet


class Record(models.Model):
    """One evidence record over many sheets; ``school`` and ``school_year`` say which were asked for."""

    school = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="evidence_records"
    )
    school_year = models.CharField(max_length=9, blank=True)
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=200)


guard(Record)


class Tree(models.Model):
    """One hash tree of a record: number 0 when it was built, another for each hash-tree renewal."""

    record = models.ForeignKey(Record, on_delete=models.PROTECT, related_name="trees")
    number = models.PositiveSmallIntegerField()
    algorithm = models.CharField(max_length=10)
    opened_at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["record", "number"], name="one_tree_a_number")]


guard(Tree)


class Leaf(models.Model):
    """A sheet's place in a tree, and the hashes of its data objects there, in ascending order."""

    tree = models.ForeignKey(Tree, on_delete=models.PROTECT, related_name="leaves")
    position = models.PositiveIntegerField()
    sheet = models.ForeignKey(YearSheet, on_delete=models.PROTECT, related_name="evidence_leaves")
    hashes = models.BinaryField()
    #: In first trees only: which attempt this is for the sheet; one more than records that were given up.
    attempt = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tree", "position"], name="one_leaf_a_position"),
            models.UniqueConstraint(fields=["tree", "sheet"], name="one_leaf_a_sheet"),
            models.UniqueConstraint(fields=["sheet", "attempt"], name="one_record_a_sheet"),
        ]


class Stamp(models.Model):
    """An archive time stamp: number 0 over the tree, each further one over the token before."""

    tree = models.ForeignKey(Tree, on_delete=models.PROTECT, related_name="stamps")
    number = models.PositiveSmallIntegerField()
    token = models.BinaryField()
    at = models.DateTimeField()  # the token's own time
    reason = models.CharField(max_length=20)  # "built", "tsa_ends", "algorithm_ends", "asked"
    authority = models.CharField(max_length=200)
    certificate_ends = models.DateTimeField()  # the earliest end on the authority's path
    algorithms = models.JSONField()  # what the token rests on, in the policy's names
    leaves = models.PositiveIntegerField(default=0)  # of number 0: how many the tree has
    blocks = models.BinaryField(default=bytes)  # of number 0: roots of the aligned blocks of leaves
    #: What proves the authority of the stamp before this one, as it was known when this one was made.
    before = models.ForeignKey(
        ValidationSet, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["tree", "number"], name="one_stamp_a_number")]


guard(Stamp)
_CLOSED = "EXISTS (SELECT 1 FROM preservation_records_stamp s WHERE s.tree_id = NEW.tree_id)"
#: A tree that was stamped takes no further leaf.
guard(Leaf, insert_when=Condition(sqlite=_CLOSED, postgresql=_CLOSED))


class GivenUp(models.Model):
    """A record that ended before it was renewed: its sheets may stand under a new one."""

    record = models.OneToOneField(Record, primary_key=True, on_delete=models.PROTECT, related_name="given_up")
    reason = models.CharField(max_length=40)
    at = models.DateTimeField()
    by = models.CharField(max_length=200)


guard(GivenUp)


class Round(models.Model):
    """A night's work: begun once a night, again when it was killed or something did not answer."""

    begun_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=60, blank=True)  # code of what did not work
    built = models.PositiveIntegerField(default=0)  # sheets
    renewed = models.PositiveIntegerField(default=0)  # records
