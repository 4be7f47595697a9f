from django.apps import AppConfig


class PreservationConfig(AppConfig):
    name = "hocbaso.apps.preservation"
    label = "preservation"

    def ready(self) -> None:
        from hocbaso.apps.preservation import policies  # noqa: F401  registers its rules with the policy door
