from django.apps import AppConfig


class QualityConfig(AppConfig):
    name = "hocbaso.apps.quality"
    label = "quality"

    def ready(self) -> None:
        from hocbaso.apps.quality import policies, sources  # noqa: F401  policies: the rules of the door

        sources.register_all()
