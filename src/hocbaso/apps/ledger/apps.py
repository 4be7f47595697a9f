from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "hocbaso.apps.ledger"
    label = "ledger"

    def ready(self) -> None:
        from hocbaso.apps.ledger import policies  # noqa: F401  registers its rules with the policy door
