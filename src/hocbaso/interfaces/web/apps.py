from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "hocbaso.interfaces.web"
    label = "web"
