"""The log of views is kept as long as the setting says, and no shorter than the law."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from hocbaso.apps.accounts.door import Actor, require
from hocbaso.apps.audit import chain
from hocbaso.apps.common import clock
from hocbaso.apps.organisations.models import Organisation
from hocbaso.apps.organisations.queries import setting
from hocbaso.apps.privacy.models import LEAST_MONTHS, ViewEntry


def months_kept(unit: Organisation) -> int:
    """How long the unit's log is kept: the dated setting, never less than :data:`LEAST_MONTHS`."""
    return max(int(setting(unit, "view_log_months")), LEAST_MONTHS)


def purge_views(actor: Actor, unit: Organisation) -> int:
    """Delete the unit's views that are older than the setting; the audit chain keeps how many and until when.

    :raises NotAllowed: policy ``privacy.purge``: the operator alone.
    """
    require(actor, "privacy.purge", unit)
    before = _months_ago(clock.now(), months_kept(unit))
    with transaction.atomic():
        count, _models = ViewEntry.objects.filter(organisation=unit, at__lt=before).delete()
        if count:
            chain.record(
                actor,
                "privacy.purged",
                unit.code,
                organisation=unit.code,
                views=count,
                before=before.date().isoformat(),
            )
    return count


def _months_ago(now: datetime, months: int) -> datetime:
    """The first day of the month so many months ago: whole months, a little more than the setting asks."""
    index = now.year * 12 + now.month - 1 - months
    return now.replace(
        year=index // 12, month=index % 12 + 1, day=1, hour=0, minute=0, second=0, microsecond=0
    )
