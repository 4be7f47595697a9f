"""Sheets that were issued before there was a work list and have no validation data yet come onto it."""

from django.db import migrations
from django.db.models import Max


def fill(apps, schema_editor):
    evidence = apps.get_model("transcripts", "Evidence")
    fresh = apps.get_model("transcripts", "FreshStamp")
    stamped = evidence.objects.filter(kind="signature_timestamp", sheet__long_term__isnull=True)
    stamped = stamped.order_by("sheet").values("sheet").annotate(latest=Max("at"))
    rows = (fresh(sheet_id=row["sheet"], at=row["latest"]) for row in stamped.iterator(chunk_size=2000))
    fresh.objects.bulk_create(rows, batch_size=200, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [
        ("preservation", "0002_stamp_validation"),
        ("transcripts", "0004_fresh_stamps"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
