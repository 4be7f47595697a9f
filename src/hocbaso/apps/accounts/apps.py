from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "hocbaso.apps.accounts"
    label = "accounts"

    def ready(self) -> None:
        from hocbaso.apps.accounts import policies  # noqa: F401  registers its rules with the policy door
