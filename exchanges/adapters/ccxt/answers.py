"""Reading answers without believing them."""

from __future__ import annotations

from typing import Any

LIST, SWITCH, OR = "[]", "?", "|"
NOTHING: tuple[Any, ...] = ("", 0, "0", {})  # False counts as zero


def at(answer: Any, path: str) -> Any:
    """What stands at a dotted path, or None; numbers are places in a list, `[]` the list itself.

    A list that is there and null is empty: some exchanges say it so.
    """
    here = answer
    for step in path.split("."):
        if step == LIST:
            return here if isinstance(here, list) else None
        if isinstance(here, dict):
            is_null_list = step in here and here[step] is None and path.endswith(f"{step}.{LIST}")
            here = [] if is_null_list else here.get(step)
        elif isinstance(here, list) and step.isdigit() and int(step) < len(here):
            here = here[int(step)]
        else:
            return None
    return here


def proof_in(answer: Any, path: str) -> Any:
    """What proves that this answers the question asked, or None.

    `?` at a path's end is a switch, which says as much when it is off; `|` stands between paths of
    which one is enough.
    """
    if OR in path:
        proofs = (proof_in(answer, one) for one in path.split(OR))
        return next((proof for proof in proofs if proof is not None), None)
    found = at(answer, path.removesuffix(SWITCH))
    if path.endswith(SWITCH):
        return found if isinstance(found, bool) else None
    return None if found in NOTHING else found


def leaves(value: Any) -> list[str]:
    """Every text and number inside, as it would be written."""
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in leaves(part)]
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in leaves(part)]
    if isinstance(value, bool) or value is None:
        return []
    return [str(value)]
