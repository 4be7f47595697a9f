from django.apps import AppConfig


class PupilsConfig(AppConfig):
    name = "hocbaso.apps.pupils"
    label = "pupils"

    def ready(self) -> None:
        from hocbaso.apps.pupils import policies  # noqa: F401  registers its rules with the policy door
