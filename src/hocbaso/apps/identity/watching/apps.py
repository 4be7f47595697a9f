from django.apps import AppConfig


class IdentityWatchingConfig(AppConfig):
    name = "hocbaso.apps.identity.watching"
    label = "identity_watching"

    def ready(self) -> None:
        from hocbaso.apps.identity.watching import policies  # noqa: F401  registers its rules with the door
