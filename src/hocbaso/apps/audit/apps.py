from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "hocbaso.apps.audit"
    label = "audit"

    def ready(self) -> None:
        from hocbaso.apps.audit import policies  # noqa: F401  registers its rules with the policy door
