from django.apps import AppConfig


class BooksConfig(AppConfig):
    name = "hocbaso.apps.books"
    label = "books"

    def ready(self) -> None:
        from hocbaso.apps.books import policies  # noqa: F401  registers its rules with the policy door
