"""Rows of the log. Tiles and checkpoint files are made from these rows and can be made again."""

from __future__ import annotations

from django.db import models

from hocbaso.apps.common.guards import guard


class LogHead(models.Model):
    """The sequencer's place in one log (one log a node and school year); the row that is locked."""

    log = models.CharField(max_length=20, primary_key=True)  # school year, "2025-2026"
    origin = models.CharField(max_length=200)  # fixed when the log begins, whatever the node is called later
    size = models.BigIntegerField(default=0)


class LogTile(models.Model):
    """Hashes of one tile as far as they are known: made from the entries, and checked against them."""

    log = models.CharField(max_length=20)
    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hashes = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["log", "level", "index"], name="one_tile_a_place")]


class LogEntry(models.Model):
    """One leaf; nothing personal stands in it."""

    log = models.CharField(max_length=20)
    index = models.BigIntegerField()
    entry = models.BinaryField()
    leaf_hash = models.CharField(max_length=64)
    type = models.CharField(max_length=12)
    document_digest = models.CharField(max_length=64, blank=True)
    school_code = models.CharField(max_length=20, blank=True)
    #: Once-only: "issue:<code>:<version>" and the like.
    once = models.CharField(max_length=120, unique=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["log", "index"]
        constraints = [models.UniqueConstraint(fields=["log", "index"], name="one_leaf_a_place")]


guard(LogEntry)


class Checkpoint(models.Model):
    """A signed-note checkpoint as published."""

    log = models.CharField(max_length=20)
    size = models.BigIntegerField()
    root = models.CharField(max_length=64)
    text = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["log", "size"], name="one_checkpoint_a_size")]


guard(Checkpoint)


class Cosignature(models.Model):
    """A witness's line under a checkpoint of this log."""

    log = models.CharField(max_length=20)
    size = models.BigIntegerField()
    witness = models.CharField(max_length=200)
    line = models.TextField()
    at = models.DateTimeField()  # as the witness states it

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["log", "size", "witness"], name="one_cosignature_a_witness")
        ]


guard(Cosignature)
