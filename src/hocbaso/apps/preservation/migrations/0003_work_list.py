"""Sheets that were issued before there was a work list and have no validation data yet come onto it."""

from django.db import migrations

FILL = """
INSERT INTO transcripts_freshstamp (sheet_id, at)
SELECT evidence.sheet_id, MAX(evidence.at)
FROM transcripts_evidence AS evidence
LEFT JOIN preservation_longtermsheet AS kept ON kept.sheet_id = evidence.sheet_id
WHERE evidence.kind = 'signature_timestamp' AND kept.sheet_id IS NULL
GROUP BY evidence.sheet_id
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [
        ("preservation", "0002_stamp_validation"),
        ("transcripts", "0004_fresh_stamps"),
    ]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
