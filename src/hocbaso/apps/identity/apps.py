from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "hocbaso.apps.identity"
    label = "identity"

    def ready(self) -> None:
        from hocbaso.apps.identity import policies  # noqa: F401  registers its rules with the policy door
