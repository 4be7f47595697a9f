from django.apps import AppConfig


class MatchingConfig(AppConfig):
    name = "hocbaso.apps.matching"
    label = "matching"

    def ready(self) -> None:
        from hocbaso.apps.matching import policies  # noqa: F401  registers its rules with the policy door
