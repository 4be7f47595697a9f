"""How each time-stamp authority is, for all processes of the node. Bookkeeping: nothing rests on it."""

from __future__ import annotations

from django.db import models


class AuthorityHealth(models.Model):
    """The breaker of one authority (``engines.trust.breakers.Health``)."""

    name = models.CharField(max_length=80, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    openings = models.PositiveIntegerField(default=0)
    open_until = models.DateTimeField(null=True)
    last_success = models.DateTimeField(null=True)
    last_failure = models.DateTimeField(null=True)
    last_fault = models.CharField(max_length=80, blank=True)
    mean_ms = models.FloatField(null=True)
