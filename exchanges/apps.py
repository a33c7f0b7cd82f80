from django.apps import AppConfig
from django.core import checks

from accounts import wording


class ExchangesConfig(AppConfig):
    name = "exchanges"

    def ready(self) -> None:
        # They need the translation and settings machinery, which is up only now.
        from exchanges.choices import NOTICES, REFUSALS  # noqa: PLC0415
        from exchanges.egress_check import check_egress  # noqa: PLC0415
        from exchanges.gate_check import check_gate  # noqa: PLC0415
        from exchanges.offered_check import check_offered  # noqa: PLC0415

        wording.register(NOTICES)
        wording.register(REFUSALS)
        checks.register(check_egress)
        checks.register(check_gate)
        checks.register(check_offered)
