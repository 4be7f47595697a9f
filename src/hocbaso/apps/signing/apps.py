from django.apps import AppConfig


class SigningConfig(AppConfig):
    name = "hocbaso.apps.signing"
    label = "signing"

    def ready(self) -> None:
        from hocbaso.apps.signing import policies  # noqa: F401  registers its rules with the policy door
