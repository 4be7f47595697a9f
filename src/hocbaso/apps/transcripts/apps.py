from django.apps import AppConfig


class TranscriptsConfig(AppConfig):
    name = "hocbaso.apps.transcripts"
    label = "transcripts"

    def ready(self) -> None:
        from hocbaso.apps.transcripts import policies  # noqa: F401  registers its rules with the policy door
