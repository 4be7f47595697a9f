from django.apps import AppConfig


class AssessmentConfig(AppConfig):
    name = "hocbaso.apps.assessment"
    label = "assessment"

    def ready(self) -> None:
        from hocbaso.apps.assessment import policies  # noqa: F401  registers its rules with the policy door
