from django.apps import AppConfig
from django.core import checks

from accounts import wording


class SignalsConfig(AppConfig):
    name = "signals"

    def ready(self) -> None:
        # They need the translation and settings machinery, which is up only now.
        from exchanges.quarantine import withdraw_by  # noqa: PLC0415
        from exchanges.services import (  # noqa: PLC0415
            guard_links,
            hear_of_altered_keys,
            hear_of_operators_key,
        )
        from exchanges.stream_shares import tell_live_links  # noqa: PLC0415
        from exchanges.watching import hear_of_accounts  # noqa: PLC0415
        from signals import reasons  # noqa: PLC0415
        from signals.choices import AlarmCode  # noqa: PLC0415
        from signals.lease_check import check_lease  # noqa: PLC0415
        from signals.selectors import has_live_copies, live_links  # noqa: PLC0415
        from signals.services.alarms import note_affiliate_key, note_altered_key  # noqa: PLC0415
        from signals.services.seeds import note_seed  # noqa: PLC0415
        from signals.services.withdrawing import withdraw_entries  # noqa: PLC0415

        wording.register(reasons.REASONS)
        wording.register(reasons.REFUSALS)
        wording.register({f"alarm_{code.value}": code.label for code in AlarmCode})
        checks.register(check_lease)
        hear_of_accounts(note_seed)
        hear_of_operators_key(note_affiliate_key)
        hear_of_altered_keys(note_altered_key)
        guard_links(has_live_copies)
        tell_live_links(live_links)
        withdraw_by(withdraw_entries)
