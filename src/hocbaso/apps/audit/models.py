"""The audit chain: every event holds the hash of the one before."""

from __future__ import annotations

from django.db import models

from hocbaso.apps.common.guards import guard


class Event(models.Model):
    """Who did what to what, when. Append-only by trigger; chained by hash."""

    sequence = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=200)  # user name, or the channel for the system itself
    role = models.CharField(max_length=40, blank=True)
    channel = models.CharField(max_length=10)  # web | cli | system
    organisation = models.CharField(max_length=20, blank=True)
    action = models.CharField(max_length=60)
    target = models.CharField(max_length=120, blank=True)
    details = models.JSONField(default=dict)
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["sequence"]
        indexes = [models.Index(fields=["organisation", "action"]), models.Index(fields=["target"])]


guard(Event)
