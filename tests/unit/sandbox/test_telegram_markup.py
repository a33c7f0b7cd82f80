"""The local Telegram refuses the markup that the real one refuses."""

from __future__ import annotations

import pytest

from sandbox.telegram.errors import BotError
from sandbox.telegram.markup import length, visible_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<b>a</b> &lt;b&gt; &amp;amp; &quot;", 'a <b> &amp; "'),
        ('<a href="https://x.example">go</a>', "go"),
        ('<span class="tg-spoiler">s</span>', "s"),
        ("&#36;&#x24; &copy; & &", "$$ &copy; & &"),
        ("2 > 1", "2 > 1"),
    ],
)
def test_known_markup_is_shown_without_its_tags(text, shown):
    assert visible_text(text, "HTML") == shown


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1 < 2", "Unclosed start tag"),
        ("1 < 2 > 0", "Unsupported start tag"),
        ("<script>x</script>", 'Unsupported start tag "script"'),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag"),
        ("<b><i>x</b></i>", 'expected "</i>", found "</b>"'),
        ("<span>x</span>", 'must have class "tg-spoiler"'),
    ],
)
def test_other_markup_is_refused(text, why):
    with pytest.raises(BotError, match="can't parse entities") as caught:
        visible_text(text, "HTML")
    assert why in caught.value.description
    assert visible_text(text, "") == text


def test_lengths_are_counted_as_telegram_does():
    assert length("가a📣") == 4
