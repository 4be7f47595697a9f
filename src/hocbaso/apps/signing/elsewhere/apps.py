from django.apps import AppConfig


class ElsewhereConfig(AppConfig):
    name = "hocbaso.apps.signing.elsewhere"
    label = "signing_elsewhere"

    def ready(self) -> None:
        from hocbaso.apps.signing.elsewhere import policies  # noqa: F401  registers its rules
