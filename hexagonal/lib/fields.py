"""Model fields for money and quantities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.db import models

_SetType = TypeVar("_SetType")
_GetType = TypeVar("_GetType")

if TYPE_CHECKING:
    _DecimalField = models.DecimalField
else:

    class _DecimalField(models.DecimalField):
        """Django's fields take type parameters in its stubs only."""

        def __class_getitem__(cls, parameters: object) -> type:
            return cls


class NumberField(_DecimalField[_SetType, _GetType]):
    """A price, quantity or amount: numeric(30, 12), a Decimal in code, never a float."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 30)
        kwargs.setdefault("decimal_places", 12)
        super().__init__(*args, **kwargs)
