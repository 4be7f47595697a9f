from django.apps import AppConfig


class QualityConfig(AppConfig):
    name = "hocbaso.apps.quality"
    label = "quality"

    def ready(self) -> None:
        from hocbaso.apps.quality import policies  # noqa: F401  registers the rules of the door
