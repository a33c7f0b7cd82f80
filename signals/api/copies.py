"""A trader's own copies."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.wording import text_of
from hexagonal.lib.clock import database_now
from signals import selectors
from signals.api.fields import NumberField
from signals.domain.reasons import Reason
from signals.models import Copy
from signals.services import copying


class CopySerializer(serializers.ModelSerializer[Copy]):
    """`net` is what the trade brought: `pnl` as the exchange books it, less funding.

    The times are the first of their kind: `filled_at` by the exchange's clock, the others by ours.
    """

    id = serializers.UUIDField(source="public_id", read_only=True)
    signal = serializers.UUIDField(source="signal.public_id", read_only=True)
    connection = serializers.UUIDField(source="connection.public_id", read_only=True)
    reason_text = serializers.SerializerMethodField()
    reason_params = serializers.DictField(child=serializers.CharField(), read_only=True)
    quantity = NumberField(read_only=True, allow_null=True)
    margin = NumberField(read_only=True, allow_null=True)
    leverage = NumberField(read_only=True, allow_null=True)
    entered_quantity = NumberField(read_only=True)
    entry_average = NumberField(read_only=True, allow_null=True)
    exited_quantity = NumberField(read_only=True)
    exit_average = NumberField(read_only=True, allow_null=True)
    own_stop = NumberField(read_only=True, allow_null=True)
    fees = NumberField(read_only=True)
    funding = NumberField(read_only=True)
    pnl = NumberField(read_only=True)
    net = NumberField(read_only=True)

    class Meta:
        model = Copy
        fields = [
            *("id", "signal", "connection", "symbol", "status", "reason", "reason_text"),
            "reason_params",
            *("applied_revision", "quantity", "margin", "leverage", "entered_quantity"),
            *("entry_average", "exited_quantity", "exit_average", "own_stop", "fees", "funding"),
            *("pnl", "net", "created_at", "claimed_at", "sent_at", "acknowledged_at"),
            *("filled_at", "ended_at"),
        ]
        read_only_fields = fields

    def get_reason_text(self, copy: Copy) -> str:
        return text_of(copy.reason) if copy.reason else ""


class FollowerCopySerializer(CopySerializer):
    """A copy as its signal's author sees it; `has_arrived` is null once the copy has ended."""

    trader = serializers.CharField(source="user.nickname", read_only=True)
    connection_name = serializers.CharField(source="connection.name", read_only=True)
    has_arrived = serializers.SerializerMethodField()

    class Meta(CopySerializer.Meta):
        fields = [*CopySerializer.Meta.fields, "trader", "connection_name", "has_arrived"]
        read_only_fields = fields

    def get_has_arrived(self, copy: Copy) -> bool | None:
        """Whether the account has taken over the signal's newest revision."""
        if copy.ended_at is not None:
            return None
        return copy.applied_revision >= copy.signal.revision


class ClosingSerializer(serializers.Serializer[Any]):
    closing = serializers.IntegerField()


class CopyViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Copy]):
    """A trader's own copies."""

    serializer_class = CopySerializer
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"
    queryset = Copy.objects.none()

    def get_queryset(self) -> Any:
        user = self.request.user
        return selectors.copies_of(user) if user.is_authenticated else Copy.objects.none()

    @extend_schema(request=None, responses={200: CopySerializer})
    @action(detail=True, methods=["post"])
    def close(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """Withdraw the entry and close the position at the market."""
        copy = selectors.copy_of(request.user, id)  # type: ignore[arg-type]
        copying.close_copy(copy, reason=Reason.CLOSED_BY_TRADER, now=database_now())
        copy.refresh_from_db()
        return Response(CopySerializer(copy).data)

    @extend_schema(request=None, responses={200: CopySerializer})
    @action(detail=True, methods=["post"])
    def opt_out(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """Leave this signal out: the entry is withdrawn, and what it has bought is sold."""
        copy = selectors.copy_of(request.user, id)  # type: ignore[arg-type]
        copying.opt_out(copy, now=database_now())
        copy.refresh_from_db()
        return Response(CopySerializer(copy).data)

    @extend_schema(request=None, responses={200: ClosingSerializer})
    @action(detail=False, methods=["post"])
    def panic(self, request: Request) -> Response:
        """Close every trade at the market and pause all connections."""
        closing = copying.panic(request.user, now=database_now())  # type: ignore[arg-type]
        return Response({"closing": closing})
