from django.apps import AppConfig


class CollectionConfig(AppConfig):
    name = "hocbaso.apps.identity.collection"
    label = "collection"

    def ready(self) -> None:
        from hocbaso.apps.identity.collection import policies  # noqa: F401  registers its rules
