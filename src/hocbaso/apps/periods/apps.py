from django.apps import AppConfig


class PeriodsConfig(AppConfig):
    name = "hocbaso.apps.periods"
    label = "periods"

    def ready(self) -> None:
        from hocbaso.apps.periods import (
            lock_guard,
            policies,  # noqa: F401  registers its rules with the policy door
        )

        lock_guard.register()
