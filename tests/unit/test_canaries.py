"""What looks for secrets finds them: a search that finds nothing must not be a blind one."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote

import pytest

from tests.fixtures.canaries import find

SECRET = b"Hush+/=&%\"'<\\hush-0123456789"
WAYS = {
    "raw": lambda s: s,
    "in the middle": lambda s: b"\0\1" + s + b"\xff",
    "backwards": lambda s: s[::-1],
    "hex": lambda s: s.hex().encode(),
    "HEX": lambda s: s.hex().upper().encode(),
    "base64": base64.b64encode,
    "base64 with more": lambda s: base64.b64encode(b'["' + s + b'", 1]'),
    "base64 with more still": lambda s: base64.urlsafe_b64encode(b"x" + s + b"xyz"),
    "url": lambda s: quote(s, safe="").encode(),
    "json": lambda s: json.dumps({"a": s.decode()}).encode(),
    "html": lambda s: html.escape(s.decode()).encode(),
    "repr": lambda s: repr([s, s.decode()]).encode(),
    "repr on a page": lambda s: html.escape(repr(s.decode())).encode(),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_is_found_in_any_form(tmp_path, way):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(b"line\n" + WAYS[way](SECRET) + b"\nline")
    (tmp_path / "clean").write_bytes(b"nothing to see")
    found = find({"it": SECRET, "other": b"is-not-there"}, [tmp_path])
    assert found == {"it": {str(tmp_path / "deep" / "file")}}


def test_a_part_of_a_secret_is_none(tmp_path):
    (tmp_path / "file").write_bytes(SECRET[:-1])
    assert find({"it": SECRET}, [tmp_path]) == {}
