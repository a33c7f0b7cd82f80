"""What may go wrong with an answer, each by its name."""

from __future__ import annotations

from tests.integration.exchanges.ccxt_venues.stand_in import cut_short, reset

FAULTS = {
    "500": lambda server, verb, path: server.answer(verb, path, "oops", 500),
    "502": lambda server, verb, path: server.answer(verb, path, "<html>bad gateway</html>", 502),
    "503": lambda server, verb, path: server.answer(verb, path, {"code": -1008}, 503),
    "504": lambda server, verb, path: server.answer(verb, path, {}, 504),
    "403": lambda server, verb, path: server.answer(verb, path, "<html>denied</html>", 403),
    "404": lambda server, verb, path: server.answer(verb, path, "", 404),
    "empty": lambda server, verb, path: server.answer(verb, path, ""),
    "html": lambda server, verb, path: server.answer(verb, path, "<html>hello</html>"),
    "{}": lambda server, verb, path: server.answer(verb, path, "{}"),
    "[]": lambda server, verb, path: server.answer(verb, path, "[]"),
    "null": lambda server, verb, path: server.answer(verb, path, "null"),
    "text": lambda server, verb, path: server.answer(verb, path, '"ok"'),
    "an envelope without a letter": lambda server, verb, path: server.answer(
        verb, path, {"code": 0, "status": "ok", "success": True, "data": {}}
    ),
    "redirect": lambda server, verb, path: server.answer(verb, path, "", 302),
    "partial": lambda server, verb, path: server.send(verb, path, cut_short),
    "reset": lambda server, verb, path: server.send(verb, path, reset),
}
