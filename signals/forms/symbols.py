"""From what a person types to the symbol of a contract."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError

from exchanges.selectors import find_symbol
from signals.domain.linting import unlisted
from signals.forms.fields import message_of

MOST_SPELLING = 40  # characters


def contract_named(typed: str) -> str:
    """The symbol of the contract that is meant; refuses with what comes near."""
    found = find_symbol(settings.SIGNAL_ENVIRONMENT, typed)
    if found.symbol is None:
        raise ValidationError(message_of(unlisted(typed, found.near)))
    return found.symbol
