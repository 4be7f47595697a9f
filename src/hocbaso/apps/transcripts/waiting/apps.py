from django.apps import AppConfig


class WaitingConfig(AppConfig):
    name = "hocbaso.apps.transcripts.waiting"
    label = "transcripts_waiting"

    def ready(self) -> None:
        from hocbaso.apps.transcripts.waiting import policies  # noqa: F401  registers its rules
