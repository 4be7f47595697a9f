from django.apps import AppConfig


class EscalationConfig(AppConfig):
    name = "hocbaso.apps.identity.escalation"
    label = "escalation"

    def ready(self) -> None:
        from hocbaso.apps.identity import states
        from hocbaso.apps.identity.escalation import policies  # noqa: F401  registers its rules
        from hocbaso.apps.identity.escalation.use_cases.close_case import close_verified

        states.when_verified(close_verified)
