from django.apps import AppConfig

from accounts import wording


class ExchangesConfig(AppConfig):
    name = "exchanges"

    def ready(self) -> None:
        from exchanges.choices import REFUSALS, ConnectionReason  # noqa: PLC0415 - needs translations

        wording.register({reason.value: reason.label for reason in ConnectionReason if reason})
        wording.register(REFUSALS)
