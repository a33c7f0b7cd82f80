"""What a follower says, per connection."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.wording import text_of
from exchanges.models import Connection
from exchanges.selectors import connection_of
from signals.api.fields import CONFLICT, Conflict, NumberField, optional_number
from signals.forms.following import RulesForm
from signals.models import CopySettings
from signals.selectors import authors, is_out_of_seed
from signals.services import braking, copying


class RulesSerializer(serializers.ModelSerializer[CopySettings]):
    """Null and empty mean: no such limit. USDT, unless the name says percent.

    Signals that were published before the connection was linked or resumed are not copied; with
    `joins_open` they are, but only as long as their entry has not been reached.
    """

    amount = NumberField()
    multiplier = NumberField(required=False, default=Decimal(1))
    max_leverage = optional_number()
    max_notional = optional_number()
    max_exposure = optional_number()
    min_equity = optional_number()
    max_equity = optional_number()
    max_slippage_percent = optional_number()
    daily_loss = optional_number()
    weekly_loss = optional_number()
    drawdown_percent = optional_number()
    authors = serializers.SlugRelatedField(
        many=True, required=False, slug_field="public_id", queryset=authors()
    )
    allowed_symbols = serializers.ListField(
        child=serializers.CharField(max_length=30), max_length=100, required=False, default=list
    )
    denied_symbols = serializers.ListField(
        child=serializers.CharField(max_length=30), max_length=100, required=False, default=list
    )

    halted_text = serializers.SerializerMethodField()
    is_seed_limit = serializers.SerializerMethodField()

    class Meta:
        model = CopySettings
        fields = [
            *RulesForm.Meta.fields,
            *("halted_reason", "halted_text", "halted_at", "is_seed_limit"),
        ]
        read_only_fields = ["halted_reason", "halted_at"]

    def get_halted_text(self, rules: CopySettings) -> str:
        return text_of(rules.halted_reason) if rules.halted_reason else ""

    def get_is_seed_limit(self, rules: CopySettings) -> bool:
        """Whether the equity, as last read, is outside the seed: new signals are skipped."""
        return is_out_of_seed(rules.connection)


class RulesView(APIView):
    """How a connection copies; the same checks as the page's."""

    @extend_schema(responses={200: RulesSerializer})
    def get(self, request: Request, id: UUID) -> Response:  # noqa: A002
        return Response(RulesSerializer(_rules(_link(request, id))).data)

    @extend_schema(request=RulesSerializer, responses={200: RulesSerializer})
    def put(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """Set everything; what is left out has no limit, and a pause stays as it is."""
        link = _link(request, id)
        serializer = RulesSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        data = {"is_enabled": _rules(link).is_enabled} | serializer.validated_data
        return _set(link, data, RulesForm.Meta.fields)

    @extend_schema(request=RulesSerializer, responses={200: RulesSerializer, 409: CONFLICT})
    def patch(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """Change what is named, as to pause (`is_enabled` false) and resume; the rest stays."""
        link = _link(request, id)
        stored = _rules(link)
        if stored.pk is None:
            raise Conflict(_("Choose a size to start copying."))
        serializer = RulesSerializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        before = {name: getattr(stored, name) for name in RulesForm.Meta.fields}
        before["authors"] = list(stored.authors.all())
        return _set(link, before | given, list(given))

    @extend_schema(request=None, responses={200: RulesSerializer})
    def delete(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """Take the brake off: the limits count from now on."""
        link = _link(request, id)
        braking.release(link, now=timezone.now())
        return Response(RulesSerializer(_rules(link)).data)


def _set(link: Connection, data: dict[str, Any], names: list[str]) -> Response:
    """Check everything together, and store what is named."""
    form = RulesForm(_as_typed(data), instance=_rules(link))
    if not form.is_valid():
        raise ValidationError(
            {name: [str(each) for each in found] for name, found in form.errors.items()}
        )
    fields = {name: form.cleaned_data[name] for name in names}
    chosen = fields.pop("authors", None)
    return Response(RulesSerializer(copying.set_rules(link, fields=fields, authors=chosen)).data)


def _link(request: Request, public_id: UUID) -> Connection:
    return connection_of(request.user, public_id)  # type: ignore[arg-type]


def _rules(link: Connection) -> CopySettings:
    stored = CopySettings.objects.filter(connection=link).first()
    return stored or CopySettings(connection=link)


def _as_typed(data: dict[str, Any]) -> MultiValueDict[str, str]:
    """The values as a form takes them, so that one set of checks serves both ways in."""
    typed: MultiValueDict[str, str] = MultiValueDict()
    for name, value in data.items():
        if isinstance(value, bool):
            typed.setlist(name, ["on"] if value else [])
        elif name == "authors":
            typed.setlist(name, [str(author.pk) for author in value])
        elif isinstance(value, list):
            typed[name] = ",".join(value)
        elif value is not None:
            typed[name] = format(value, "f") if isinstance(value, Decimal) else str(value)
    return typed
