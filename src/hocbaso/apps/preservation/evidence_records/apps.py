from django.apps import AppConfig


class EvidenceRecordsConfig(AppConfig):
    name = "hocbaso.apps.preservation.evidence_records"
    label = "preservation_records"

    def ready(self) -> None:
        from hocbaso.apps.preservation.evidence_records import policies  # noqa: F401  registers its rules
