from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class CommonConfig(AppConfig):
    name = "hocbaso.apps.common"
    label = "common"

    def ready(self) -> None:
        from hocbaso.apps.common import checks, guards  # noqa: F401  registers the system check

        pre_migrate.connect(guards.take_away_before_migrate, dispatch_uid="hocbaso-guards-away")
        # After every migrate, because SQLite drops triggers when it rebuilds a table.
        post_migrate.connect(guards.install_after_migrate, dispatch_uid="hocbaso-guards")
