"""What may be shown of an API key."""

from __future__ import annotations

import pytest

from exchanges.domain.masking import masked


def test_two_signs_and_four_are_left_to_know_a_key_again():
    assert masked("AbCdEfGhIjKlMnOpQr") == "Ab••••OpQr"


@pytest.mark.parametrize("key", ["", "a", "abcdef", "abcdefghijklmnop"])
def test_of_a_short_key_nothing_is_left(key):
    assert masked(key) == "••••"


def test_a_mask_tells_no_length():
    assert len(masked("x" * 18)) == len(masked("y" * 64))
