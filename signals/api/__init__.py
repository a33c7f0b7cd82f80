"""The REST API of signals, copies and a follower's rules; the same services as the pages."""

from signals.api.copies import CopyViewSet
from signals.api.rules import RulesView
from signals.api.signals import SignalViewSet

__all__ = ["CopyViewSet", "RulesView", "SignalViewSet"]
