"""Moments as people say them: just now, 5 minutes ago, and the product's own long form."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

register = template.Library()

MINUTE, HOUR, DAY = 60, 3600, 86_400
LONG_FORMS = {"ko": "Y-m-d A g시 i분"}


@register.filter
def ago(moment: datetime) -> str:
    """Under a minute it is just now; then minutes, hours and days."""
    seconds = int((timezone.now() - moment).total_seconds())
    if seconds < MINUTE:
        return _("just now")
    if seconds < HOUR:
        count = seconds // MINUTE
        return ngettext("%(count)s minute ago", "%(count)s minutes ago", count) % {"count": count}
    if seconds < DAY:
        count = seconds // HOUR
        return ngettext("%(count)s hour ago", "%(count)s hours ago", count) % {"count": count}
    count = seconds // DAY
    return ngettext("%(count)s day ago", "%(count)s days ago", count) % {"count": count}


@register.filter
def when(moment: datetime | None) -> str:
    """To the minute, in the reader's zone."""
    if moment is None:
        return "–"
    form = LONG_FORMS.get((get_language() or "en")[:2], "Y-m-d H:i")
    return date_format(timezone.localtime(moment), form)
