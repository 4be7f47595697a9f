from django.apps import AppConfig


class StampingConfig(AppConfig):
    name = "hocbaso.apps.signing.stamping"
    label = "signing_stamping"
