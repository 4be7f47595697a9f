from django.apps import AppConfig
from django.conf import settings


class StampingConfig(AppConfig):
    name = "hocbaso.apps.signing.stamping"
    label = "signing_stamping"

    def ready(self) -> None:
        """A ``tsa.toml`` that cannot be right stops the start, not the first seal."""
        if (settings.HOCBASO_HOME / "tsa.toml").exists():
            from hocbaso.apps.signing.stamping.node import configured

            configured()
