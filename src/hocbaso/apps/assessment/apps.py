from django.apps import AppConfig


class AssessmentConfig(AppConfig):
    name = "hocbaso.apps.assessment"
    label = "assessment"

    def ready(self) -> None:
        from hocbaso.apps.assessment import idempotency, policies  # noqa: F401  a model of its own; rules of the policy door
