from django.apps import AppConfig


class OrganisationsConfig(AppConfig):
    name = "hocbaso.apps.organisations"
    label = "organisations"

    def ready(self) -> None:
        from hocbaso.apps.organisations import policies  # noqa: F401  registers its rules with the policy door
