"""An address is cut before anything of it is kept."""

from __future__ import annotations

import pytest

from accounts.visits import truncated


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("112.2.45.77", "112.2.45.xxx"),
        ("2001:db8:1234:5678::9", "2001:0db8:1234::xxx"),
        ("::ffff:112.2.45.77", "112.2.45.xxx"),
        ("unix:", "?"),
        ("", "?"),
    ],
)
def test_the_last_part_of_an_address_is_dropped(address, kept):
    assert truncated(address) == kept
