"""Signals: authors write, publish, change and close them; members read them and their results."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.wording import text_of
from hexagonal.lib.clock import database_now
from signals import selectors, timings
from signals.api.copies import FollowerCopySerializer
from signals.api.fields import (
    CONFLICT,
    Conflict,
    FindingSerializer,
    MayPublish,
    NumberField,
    optional_number,
    refuse,
)
from signals.api.results import FiguresSerializer, LatencySerializer, ResultsSerializer
from signals.choices import EntryKinds, SignalSide, StopKinds, Weightings
from signals.domain.direction import Direction
from signals.domain.draft import (
    MOST_STEPS,
    MOST_TARGETS,
    Draft,
    Entry,
    EntryKind,
    Expiry,
    StopKind,
    StopRule,
    TargetDraft,
    Trail,
    Weighting,
)
from signals.domain.parsing import ParsedSignal, parse
from signals.forms.symbols import MOST_SPELLING, contract_named
from signals.models import Signal, Target
from signals.services import publishing
from signals.services.preview import Preview, PreviewRow
from signals.services.preview import preview as preview_draft

KEY_HEADER = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The same key and content give the same signal, however often they are sent.",
)
MOST_KEY = 255
MOST_MINUTES = 60 * 24 * 31


class TargetSerializer(serializers.ModelSerializer[Target]):
    price = NumberField()
    share = NumberField()

    class Meta:
        model = Target
        fields = ["price", "share"]


class EntrySerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=EntryKinds.choices, default=EntryKinds.AUTO)
    steps = serializers.IntegerField(min_value=1, max_value=MOST_STEPS, default=1)
    weighting = serializers.ChoiceField(choices=Weightings.choices, default=Weightings.EQUAL)
    weights = serializers.ListField(child=NumberField(), max_length=MOST_STEPS, default=list)
    trigger = optional_number()
    trigger_rises = serializers.BooleanField(read_only=True, allow_null=True)

    @staticmethod
    def value(data: dict[str, Any]) -> Entry:
        return Entry(
            EntryKind(data["kind"]),
            data["steps"],
            Weighting(data["weighting"]),
            tuple(data["weights"]),
            data["trigger"],
        )


class TrailSerializer(serializers.Serializer[Any]):
    distance = optional_number()
    percent = optional_number()
    activation = optional_number()

    @staticmethod
    def value(data: dict[str, Any] | None) -> Trail | None:
        return Trail(**data) if data is not None else None


class StopRuleSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=StopKinds.choices, default=StopKinds.FIXED)
    after = serializers.IntegerField(min_value=1, max_value=MOST_TARGETS, default=1)
    trail = TrailSerializer(required=False, allow_null=True, default=None)

    @staticmethod
    def value(data: dict[str, Any]) -> StopRule:
        return StopRule(StopKind(data["kind"]), data["after"], TrailSerializer.value(data["trail"]))


class ExpirySerializer(serializers.Serializer[Any]):
    minutes = serializers.IntegerField(
        min_value=1, max_value=MOST_MINUTES, required=False, allow_null=True, default=None
    )
    at_first_target = serializers.BooleanField(default=True)
    beyond_percent = optional_number()

    @staticmethod
    def value(data: dict[str, Any]) -> Expiry:
        minutes = data["minutes"]
        return Expiry(
            timedelta(minutes=minutes) if minutes is not None else None,
            data["at_first_target"],
            data["beyond_percent"],
        )


class SignalSerializer(serializers.ModelSerializer[Signal]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    symbol = serializers.CharField(
        max_length=MOST_SPELLING,
        help_text="As a person writes it (BTCUSDT, BTC/USDT, BTC-USDT-SWAP); answered as listed.",
    )
    side = serializers.ChoiceField(choices=SignalSide.choices)
    leverage = NumberField()
    entry_low = NumberField()
    entry_high = NumberField()
    stop = NumberField()
    targets = TargetSerializer(many=True, max_length=MOST_TARGETS)  # type: ignore[call-arg]
    entry = EntrySerializer(source="terms.entry", required=False)
    stop_rule = StopRuleSerializer(source="terms.stop_rule", required=False)
    runner = TrailSerializer(source="terms.runner", required=False, allow_null=True)
    expiry = ExpirySerializer(source="terms.expiry", required=False)
    author = serializers.UUIDField(source="author.public_id", read_only=True)
    author_name = serializers.CharField(source="author.nickname", read_only=True)
    result_percent = NumberField(read_only=True, allow_null=True)

    class Meta:
        model = Signal
        fields = [
            *("id", "author", "author_name", "symbol", "side", "leverage", "entry_low"),
            *("entry_high", "stop", "targets"),
            *("entry", "stop_rule", "runner", "expiry", "note", "status", "revision"),
            *("publish_at", "published_at", "closed_at", "outcome", "result_percent"),
        ]
        read_only_fields = [
            *("status", "revision", "publish_at", "published_at", "closed_at", "outcome"),
        ]

    def validate_symbol(self, typed: str) -> str:
        return contract_named(typed)

    def draft(self) -> Draft:
        data = self.validated_data
        return Draft(
            symbol=data["symbol"],
            direction=Direction(data["side"]),
            leverage=data["leverage"],
            entry_low=data["entry_low"],
            entry_high=data["entry_high"],
            stop=data["stop"],
            targets=_targets(data["targets"]),
            note=data.get("note", ""),
            **_terms(data),
        )


def _targets(rows: list[dict[str, Decimal]]) -> tuple[TargetDraft, ...]:
    return tuple(TargetDraft(row["price"], row["share"]) for row in rows)


def _terms(data: dict[str, Any]) -> dict[str, Any]:
    """The terms that were given, as the domain's values; absent ones keep their defaults."""
    makers = {
        "entry": EntrySerializer.value,
        "stop_rule": StopRuleSerializer.value,
        "runner": TrailSerializer.value,
        "expiry": ExpirySerializer.value,
    }
    given = data.get("terms", {})
    return {name: make(given[name]) for name, make in makers.items() if name in given}


class AmendSerializer(SignalSerializer):
    """What may change once a signal is published; absent fields stay."""

    class Meta(SignalSerializer.Meta):
        fields = [
            *("entry_low", "entry_high", "stop", "targets", "stop_rule", "runner", "expiry"),
            "note",
        ]
        read_only_fields: list[str] = []

    author = author_name = entry = None  # type: ignore[assignment]

    def changed(self, signal: Signal) -> Draft:
        data = dict(self.validated_data)
        if "targets" in data:
            data["targets"] = _targets(data["targets"])
        changes = _terms(data)
        data.pop("terms", None)
        return dataclasses.replace(selectors.draft_of(signal), **(data | changes))


class AcceptSerializer(serializers.Serializer[Any]):
    """`accepted`: the codes of the warnings that the author says yes to."""

    accepted = serializers.ListField(
        child=serializers.CharField(max_length=40), max_length=20, default=list
    )


class ScheduleSerializer(AcceptSerializer):
    at = serializers.DateTimeField()


class OnceSerializer(serializers.Serializer[Any]):
    """With the `revision` that was looked at, a call that is sent twice is carried out once."""

    revision = serializers.IntegerField(source="seen", required=False, min_value=1)


class PercentSerializer(OnceSerializer):
    percent = NumberField()


class NoteSerializer(OnceSerializer):
    text = serializers.CharField(max_length=500)


class TextSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=4000)


class ParsedSerializer(serializers.Serializer[ParsedSignal]):
    """What a pasted text says; what is unsure is null and named in `unresolved`."""

    is_signal = serializers.BooleanField()
    symbol = serializers.CharField()
    side = serializers.CharField(source="direction", allow_null=True)
    leverage = NumberField(allow_null=True)
    entry_low = NumberField(allow_null=True)
    entry_high = NumberField(allow_null=True)
    is_market = serializers.BooleanField()
    steps = serializers.IntegerField()
    stop = NumberField(allow_null=True)
    targets = serializers.ListField(child=NumberField())
    unresolved = serializers.ListField(child=serializers.CharField())


class PartSerializer(serializers.Serializer[Any]):
    step = serializers.IntegerField()
    price = NumberField()
    quantity = NumberField()


class PreviewRowSerializer(serializers.Serializer[PreviewRow]):
    connection = serializers.UUIDField(source="link.public_id")
    trader = serializers.CharField(source="link.trader")
    orders = PartSerializer(source="parts", many=True)
    quantity = NumberField(allow_null=True)
    margin = NumberField(source="size.margin", default=None, allow_null=True)
    notional = NumberField(source="size.notional", default=None, allow_null=True)
    leverage = NumberField(source="size.leverage", default=None, allow_null=True)
    loss_at_stop = NumberField(source="loss", allow_null=True)
    reason = serializers.CharField()
    reason_text = serializers.SerializerMethodField()
    reason_params = serializers.DictField(source="params", child=NumberField())

    def get_reason_text(self, row: PreviewRow) -> str:
        return text_of(row.reason) if row.reason else ""

    def to_representation(self, row: PreviewRow) -> dict[str, Any]:
        """The same as by its fields, which take a second for ten thousand rows."""
        size = row.size
        return {
            "connection": str(row.link.public_id),
            "trader": row.link.trader,
            "orders": [
                {"step": p.step, "price": _number(p.price), "quantity": _number(p.quantity)}
                for p in row.parts
            ],
            "quantity": _number(row.quantity),
            "margin": _number(size.margin) if size is not None else None,
            "notional": _number(size.notional) if size is not None else None,
            "leverage": _number(size.leverage) if size is not None else None,
            "loss_at_stop": _number(row.loss),
            "reason": row.reason.value,
            "reason_text": self.get_reason_text(row),
            "reason_params": {name: _number(value) for name, value in row.params.items()},
        }


@lru_cache(maxsize=1024)  # many accounts of one dry run have the same figures
def _number(value: Decimal | None) -> str | None:
    return None if value is None else NumberField().to_representation(value)


class PreviewSerializer(serializers.Serializer[Preview]):
    """What publishing would do now; in a market that stands still it does exactly this."""

    warnings = FindingSerializer(many=True)
    connections = PreviewRowSerializer(source="rows", many=True)
    total_margin = NumberField()
    total_notional = NumberField()
    fee_share_percent = NumberField(source="fee_share", allow_null=True)
    requests = serializers.IntegerField()
    seconds = NumberField()
    is_too_slow = serializers.BooleanField()


class ChainEntrySerializer(serializers.Serializer[Any]):
    """A link of the signal's log; `hash` is SHA-256 over the others' canonical JSON."""

    signal = serializers.UUIDField()
    number = serializers.IntegerField()
    action = serializers.CharField()
    author = serializers.CharField()
    at = serializers.CharField()
    content = serializers.DictField()
    previous = serializers.CharField()
    hash = serializers.CharField()


class AuthorSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField(source="nickname")


MEMBERS = {"list", "retrieve", "results", "figures", "authors"}  # what followers read as well


class SignalViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Signal]
):
    """Signals: written by their authors; what is published is read by every member."""

    serializer_class = SignalSerializer
    lookup_field = "public_id"
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"
    queryset = Signal.objects.all()

    def get_permissions(self) -> Any:
        if self.action == "chain":
            return [AllowAny()]  # the selector says who may read which
        return [IsAuthenticated() if self.action in MEMBERS else MayPublish()]

    def get_queryset(self) -> Any:
        return selectors.signals_readable(self.request.user)

    @extend_schema(
        parameters=[KEY_HEADER],
        responses={201: SignalSerializer, 409: CONFLICT},
    )
    def create(self, request: Request) -> Response:
        """Store a draft."""
        serializer = SignalSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        key = request.headers.get("Idempotency-Key", "")
        if len(key) > MOST_KEY or not key.isprintable():
            raise ValidationError({"Idempotency-Key": [_("At most 255 printable characters.")]})
        try:
            signal = publishing.create_signal(
                request.user,  # type: ignore[arg-type]
                serializer.draft(),
                now=timezone.now(),
                idempotency_key=key,
            )
        except publishing.SignalRefused as refusal:
            raise refuse(refusal) from None
        except publishing.IdempotencyConflict:
            raise Conflict(_("This key was used for another signal.")) from None
        return Response(SignalSerializer(signal).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=AmendSerializer, responses={200: SignalSerializer, 409: CONFLICT})
    def partial_update(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """Amend a published signal; live copies follow."""
        signal = selectors.signal_by_id(id)
        serializer = AmendSerializer(data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        draft = serializer.changed(signal)
        # The draft is made of this revision: one that came meanwhile is not overwritten.
        return self._move(request, id, publishing.amend, draft=draft, seen=signal.revision)

    @extend_schema(request=SignalSerializer, responses={200: SignalSerializer, 409: CONFLICT})
    def update(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """Write a draft anew; only before it is published."""
        serializer = SignalSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        signal = selectors.signal_by_id(id)
        return self._answer(
            lambda: publishing.rewrite(signal, serializer.draft(), now=timezone.now())
        )

    @extend_schema(request=SignalSerializer, responses={200: PreviewSerializer})
    @action(detail=False, methods=["post"])
    def preview(self, request: Request) -> Response:
        """A dry run: every connection's orders or reason, fees, time and warnings."""
        serializer = SignalSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        draft = serializer.draft()
        try:
            publishing.refuse_bad(draft)
        except publishing.SignalRefused as refusal:
            raise refuse(refusal) from None
        author = request.user
        found = preview_draft(draft, author=author, now=timezone.now())  # type: ignore[arg-type]
        return Response(PreviewSerializer(found).data)

    @extend_schema(request=TextSerializer, responses={200: ParsedSerializer})
    @action(detail=False, methods=["post"])
    def parse(self, request: Request) -> Response:
        """Read a signal's text as it is pasted; nothing is stored."""
        serializer = TextSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response(ParsedSerializer(parse(serializer.validated_data["text"])).data)

    @extend_schema(request=AcceptSerializer, responses={200: SignalSerializer, 409: CONFLICT})
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """Open a draft to every linked account; publishing twice changes nothing.

        Warnings that are not in `accepted` answer 409 and publish nothing.
        """
        return self._move(request, id, publishing.publish, **_checked(AcceptSerializer, request))

    @extend_schema(request=ScheduleSerializer, responses={200: SignalSerializer, 409: CONFLICT})
    @action(detail=True, methods=["post"])
    def schedule(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """Publish a draft later; it is checked again when its time comes."""
        return self._move(request, id, publishing.schedule, **_checked(ScheduleSerializer, request))

    @extend_schema(request=None, responses={200: SignalSerializer, 409: CONFLICT})
    @action(detail=True, methods=["post"])
    def unschedule(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """Make a scheduled signal a draft again."""
        return self._move(request, id, publishing.unschedule)

    @extend_schema(request=None, responses={200: SignalSerializer, 409: CONFLICT})
    @action(detail=True, methods=["post"])
    def cancel_entries(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """Withdraw entries that are not filled."""
        return self._move(request, id, publishing.cancel_entries)

    @extend_schema(request=None, responses={200: SignalSerializer, 409: CONFLICT})
    @action(detail=True, methods=["post"])
    def close(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """Withdraw entries and close every position at the market."""
        return self._move(request, id, publishing.close)

    @extend_schema(request=PercentSerializer, responses={200: SignalSerializer, 409: CONFLICT})
    @action(detail=True, methods=["post"])
    def reduce(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """Take a percentage of every open position off at the market."""
        return self._move(request, id, publishing.reduce, **_checked(PercentSerializer, request))

    @extend_schema(request=NoteSerializer, responses={200: SignalSerializer, 409: CONFLICT})
    @action(detail=True, methods=["post"])
    def note(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """Send a note to everybody who follows the signal."""
        return self._move(request, id, publishing.tell, **_checked(NoteSerializer, request))

    @extend_schema(responses={200: ChainEntrySerializer(many=True)})
    @action(detail=True, methods=["get"], pagination_class=None)
    def chain(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """The signal's whole log, chained by hashes; `manage.py verify_chain` checks it.

        Members read it once the signal is published, anybody once it is completed.
        """
        return Response(selectors.chain_of(selectors.signal_for_export(request.user, id)))

    @extend_schema(responses={200: ResultsSerializer})
    @action(detail=True, methods=["get"])
    def results(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """The nominal result, by public prices, and beside it the real one of the followers."""
        signal = self.get_object()
        found = {"nominal": signal, "real": selectors.real_result(signal)}
        return Response(ResultsSerializer(found).data)

    @extend_schema(responses={200: LatencySerializer})
    @action(detail=True, methods=["get"])
    def latency(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """How long each stage took over the signal's copies, and how fair the order has been."""
        signal = selectors.signal_by_id(id)
        found = {"latency": timings.latency_of(signal), "fairness": timings.fairness_lately()}
        return Response(LatencySerializer(found).data)

    @extend_schema(responses={200: FiguresSerializer})
    @action(detail=False, methods=["get"])
    def figures(self, request: Request) -> Response:
        """The dashboard's figures of all completed signals."""
        return Response(FiguresSerializer(selectors.signal_figures()).data)

    @extend_schema(responses={200: AuthorSerializer(many=True)})
    @action(detail=False, methods=["get"], pagination_class=None)
    def authors(self, request: Request) -> Response:
        """Everybody whose signals can be followed, for a connection's `authors`."""
        return Response(AuthorSerializer(selectors.authors(), many=True).data)

    @extend_schema(responses={200: FollowerCopySerializer(many=True)})
    @action(detail=True, methods=["get"])
    def copies(self, request: Request, id: UUID) -> Response:  # noqa: A002
        """Every account's copy, and which revision has arrived there."""
        found: Any = selectors.copies_of_signal(selectors.signal_by_id(id))
        page = self.paginate_queryset(found)
        return self.get_paginated_response(FollowerCopySerializer(page, many=True).data)

    def _move(self, request: Request, public_id: UUID, step: Any, **fields: Any) -> Response:
        signal = selectors.signal_by_id(public_id)
        return self._answer(lambda: step(signal, actor=request.user, now=database_now(), **fields))

    def _answer(self, step: Any) -> Response:
        try:
            signal = step()
        except publishing.SignalRefused as refusal:
            raise refuse(refusal) from None
        except publishing.NotPossible as refusal:
            raise Conflict(text_of(refusal.code)) from None
        signal = selectors.signal_by_id(signal.public_id)
        return Response(SignalSerializer(signal).data)


def _checked(kind: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    serializer = kind(data=request.data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)
