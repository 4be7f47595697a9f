from django.apps import AppConfig


class ElsewhereConfig(AppConfig):
    name = "hocbaso.apps.signing.elsewhere"
    label = "signing_elsewhere"
