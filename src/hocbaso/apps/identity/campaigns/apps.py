from django.apps import AppConfig


class IdentityCampaignsConfig(AppConfig):
    name = "hocbaso.apps.identity.campaigns"
    label = "identity_campaigns"

    def ready(self) -> None:
        from hocbaso.apps.identity.campaigns import policies  # noqa: F401  registers its rules with the door
