from django.apps import AppConfig


class ResidenceConfig(AppConfig):
    name = "hocbaso.apps.residence"
    label = "residence"

    def ready(self) -> None:
        from hocbaso.apps.identity import ports
        from hocbaso.apps.residence import policies, queries  # noqa: F401  registers its rules

        ports.count_too(queries.asked_between)
