from django.apps import AppConfig


class IntakeConfig(AppConfig):
    name = "hocbaso.apps.intake"
    label = "intake"

    def ready(self) -> None:
        from hocbaso.apps.intake import policies  # noqa: F401  registers its rules with the policy door
