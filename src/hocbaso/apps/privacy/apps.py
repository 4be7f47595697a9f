from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "hocbaso.apps.privacy"
    label = "privacy"

    def ready(self) -> None:
        from hocbaso.apps.privacy import policies  # noqa: F401  registers its rules with the policy door
