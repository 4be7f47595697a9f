from django.apps import AppConfig


class OfflineConfig(AppConfig):
    name = "hocbaso.apps.transcripts.offline"
    label = "offline"

    def ready(self) -> None:
        from hocbaso.apps.transcripts.offline import policies  # noqa: F401  registers its rules
