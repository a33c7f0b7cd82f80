"""Model fields for money and quantities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.db import models

if TYPE_CHECKING:
    _SetType = TypeVar("_SetType")
    _GetType = TypeVar("_GetType")
    _DecimalField = models.DecimalField[_SetType, _GetType]
else:
    _DecimalField = models.DecimalField


class NumberField(_DecimalField):
    """A price, quantity or amount: numeric(30, 12), a Decimal in code, never a float."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 30)
        kwargs.setdefault("decimal_places", 12)
        super().__init__(*args, **kwargs)
