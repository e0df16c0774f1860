"""Tool calls told apart by identity: their ids, and the fragments of streams that belong to them.

Vendors number fragments as they please: one index for all calls, a new index for every fragment, none at all; ids come
with the first fragment, with each, late, never, or one for two calls. Five rules put them together.

- A known id continues its call.
- A new id begins a call, unless the call of that index has an id that was made up here: then it is that call's own.
- A fragment without an id continues the call of its index, and with a new index, but no name, the open call. So does
  one with an id of its own, but no name, while the call of its index is not whole.
- A name after complete arguments begins a call. One before that is a piece of the name, or says it again.
- So does another object after complete arguments: it is a call of the same function. Two in one text are taken apart.

Three habits are undone: `{}` in place of arguments that are still to come, which is held back until it is known;
whole arguments that are said again behind their fragments, as text or as the JSON text of that; and a name that is said
again with every fragment.

Ids do not repeat within a conversation, for a tool's result is found by its id alone. A call without an id gets one,
and so does a call whose id an earlier turn has used.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from .._convert import json as _json
from .._convert.narrow import is_object

Fragment = dict[str, Any]

_EMPTY: Final = "{}"
_SEAM: Final = re.compile(r"\}\s*(?=\{)")
"""Where one object may end and another begin. Inside of one, only texts have that."""


class ConversationIds:
    """The ids of one conversation: those of its earlier turns, and those of the reply that is being read."""

    def __init__(self, messages: Iterable[Mapping[str, Any]]) -> None:
        self._messages = messages
        self._taken: set[str] | None = None

    def take(self, given: object, reply_id: object = None) -> str:
        """The id of the next call: the given one, or another if there is none or it is taken."""
        taken = self._taken
        if taken is None:  # few replies have calls, and reading a long conversation takes time
            taken = self._taken = set(_ids_of(self._messages))
        made = given if isinstance(given, str) and given else self._new(reply_id)
        while made in taken:
            made = self._new(made)
        taken.add(made)
        return made

    def _new(self, seed: object) -> str:
        # At most 40 characters, which is as many as OpenAI takes, and of a kind that every vendor takes.
        text = f"{seed}/{len(self._taken or ())}"
        return f"call_{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:24]}"


def _ids_of(messages: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for message in messages:
        calls = message.get("tool_calls")
        for call in calls if type(calls) is list or isinstance(calls, tuple) else ():
            if is_object(call) and isinstance(call.get("id"), str):
                yield call["id"]


def calls_in(message: Fragment) -> list[Fragment]:
    """The tool calls of a message or a delta, brought in place into OpenAI's shape where gateways write another.

    One call comes without its list, the list as JSON text, null stands between them, and name and arguments stand in
    the call itself, as in the Responses API; they are put into `function`.
    """
    given = message.get("tool_calls")
    if isinstance(given, str) and given.strip()[:1] in ("[", "{", "n"):
        given = message["tool_calls"] = _json_value(given)
    if isinstance(given, dict) and ("function" in given or "name" in given):
        given = message["tool_calls"] = [given]
    if not isinstance(given, list):
        return []
    if None in given:
        given = message["tool_calls"] = [call for call in given if call is not None]
    calls: list[Fragment] = [call for call in given if isinstance(call, dict)]
    for call in calls:
        if isinstance(call.get("name"), str) and not call.get("function") and not call.get("custom"):
            call["function"] = {"name": call.pop("name"), "arguments": call.pop("arguments", call.pop("input", None))}
    return calls


def taken_apart(calls: list[Fragment]) -> list[Fragment]:
    """Whole calls, of which several may stand in the arguments of one: `{"city":"Oslo"}{"city":"Rome"}`.

    Gemini's compatible endpoint and others write parallel calls so: NousResearch/hermes-agent#63015,
    diegosouzapw/OmniRoute#11043. The same object again is the same call.
    """
    if not any(_SEAM.search(_text(call)) for call in calls):
        return calls
    made: list[Fragment] = []
    for call in calls:
        made.append(call)
        if objects := _objects_in(_text(call)):
            part = _part(call)
            part["arguments"], *others = objects
            made += [{"type": "function", "function": {**part, "arguments": text}} for text in others]
    return made


def _objects_in(text: str) -> list[str] | None:
    """The different objects that a text consists of, None if it does not."""
    rest, found = text.strip(), dict[str, None]()
    while rest:
        try:
            value, end = _json.first_of(rest)
        except ValueError:
            return None
        if type(value) is not dict:
            return None
        found[rest[:end]] = None
        rest = rest[end:].lstrip()
    if len(found) > 1:
        found.pop(_EMPTY, None)
    return list(found)


def is_whole_object(text: str) -> bool:
    """Whether a text is a JSON object to its end."""
    if not text.rstrip().endswith("}"):
        return False
    try:
        return isinstance(_json.loads(text), dict)
    except ValueError:
        return False


class _OpenCall:
    """A tool call whose fragments are coming in."""

    def __init__(self, given: str | None, identifier: str, name: str | None) -> None:
        self.given = given
        """The provider's id, None as long as only ours is known."""
        self.identifier = identifier
        self.name = name
        self.texts: list[str] = []
        self._size = 0
        self.held = ""
        """An empty object that may be all, or stand in place of what is still to come."""

    @property
    def is_complete(self) -> bool:
        """Whether the arguments so far are a whole JSON object."""
        return is_whole_object("".join(self.texts) or self.held)

    def more(self, text: str) -> str:
        """What a fragment adds to the arguments."""
        if not any(self.texts):
            if text.strip() == _EMPTY:
                self.held = text
                return ""
            if text.strip():
                self.held, text = "", text if text.lstrip()[:1] == "{" else self.held + text
        elif len(text) >= self._size > len(_EMPTY) and self._is_said_again(text):
            return ""
        self.texts.append(text)
        self._size += len(text)
        return text

    def _is_said_again(self, text: str) -> bool:
        so_far = "".join(self.texts)
        return is_whole_object(so_far) and (text == so_far or (text[:1] == '"' and _json_value(text) == so_far))

    def is_over(self, text: str) -> bool:
        """Whether the arguments are whole, and a text is not theirs."""
        return self.is_complete and not self._is_said_again(text)

    def name_goes_on(self, name: str) -> str:
        """What a fragment adds to the name."""
        if self.name is None:
            self.name = name
            return name
        if name == self.name or (any(self.texts) and self.is_complete):
            return ""
        rest = name.removeprefix(self.name)
        self.name += rest
        return rest


class OpenCalls:
    """The tool calls of one streamed answer, which its fragments are sorted into."""

    def __init__(self, ids: ConversationIds) -> None:
        self._ids = ids
        self._calls: list[_OpenCall] = []
        self._by_index: dict[int, int] = {}
        self._by_id: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._calls)

    def settle(self, fragments: list[Fragment], reply_id: object) -> bool:
        """Give every fragment the number of its call, and the call's id and name to its first fragment only.

        A fragment in which another call begins becomes two. Says whether there was one.
        """
        count = len(fragments)
        for at, fragment in enumerate(fragments):  # which may become more on the way
            number = self._number(fragment)
            if _SEAM.search(_text(fragment)) and (rest := self._cut(fragment, number)):
                fragments.insert(at + 1, {"index": fragment.get("index"), "function": {"arguments": rest}})
            if number is not None and self._is_another(fragment, number):
                _part(fragment)["name"] = _name(fragment) or self._calls[number].name
                number = None
            if number is None:
                number = self._open(fragment, reply_id)
            else:
                self._continue(fragment, number)
            _add(self._calls[number], fragment)
            fragment["index"] = number
        return len(fragments) > count

    def held_back(self) -> list[Fragment]:
        """The fragments that no other one has made up for when the answer ends."""
        held = [(number, call) for number, call in enumerate(self._calls) if call.held]
        for _, call in held:
            call.texts, call.held = [call.held], ""
        return [{"index": number, "function": {"arguments": "".join(call.texts)}} for number, call in held]

    def _number(self, fragment: Fragment) -> int | None:
        """The number of the call that a fragment continues; None if it begins a new one."""
        identifier, index = _given_id(fragment), fragment.get("index")
        at_index = self._by_index.get(index) if isinstance(index, int) else None
        if identifier is not None:
            known = self._by_id.get(identifier)
            if known is None:
                return at_index if at_index is not None and self._goes_on(at_index, fragment) else None
            return None if at_index is None and self._begins(fragment, known) else known
        if not self._calls:
            return None
        number = at_index if at_index is not None else len(self._calls) - 1
        if _name(fragment) is None:
            return number
        if at_index is None and isinstance(index, int):
            return None
        return None if self._begins(fragment, number) or not self._is_named(number, fragment) else number

    def _goes_on(self, number: int, fragment: Fragment) -> bool:
        """Whether a new id is that call's, which has none yet, or is that of a fragment alone, which has no name."""
        call = self._calls[number]
        if call.given is None:
            return not self._begins(fragment, number)
        return _name(fragment) is None and bool(_text(fragment)) and not call.is_complete

    def _begins(self, fragment: Fragment, number: int) -> bool:
        """Whether a name, and something of arguments, come after arguments that are whole."""
        call, name = self._calls[number], _name(fragment)
        return name is not None and (name != call.name or bool(_text(fragment))) and call.is_complete

    def _cut(self, fragment: Fragment, number: int | None) -> str:
        """What is cut off a fragment since it follows arguments that are whole."""
        text, so_far = _text(fragment), "" if number is None else "".join(self._calls[number].texts)
        if "custom" in fragment:
            return ""
        if is_whole_object(so_far):
            so_far = ""
        for seam in _SEAM.finditer(text):
            if is_whole_object(so_far + (head := text[: seam.start() + 1])):
                _part(fragment)["arguments"] = head
                return text[seam.end() :]
        return ""

    def _is_another(self, fragment: Fragment, number: int) -> bool:
        """Whether arguments begin anew. SGLang numbers calls by their tool: sgl-project/sglang#35564."""
        call, text = self._calls[number], _text(fragment)
        return text.lstrip()[:1] == "{" and "custom" not in fragment and any(call.texts) and call.is_over(text)

    def _is_named(self, number: int, fragment: Fragment) -> bool:
        """Whether a name can be that of the call, or a piece of it: the call has none yet, the same, or has not ended.

        Where no call has an id, a new name before any arguments is that of the next one.
        """
        call = self._calls[number]
        return call.name in (None, _name(fragment)) or any(call.texts) or call.given is not None

    def _open(self, fragment: Fragment, reply_id: object) -> int:
        number, given, index = len(self._calls), _given_id(fragment), fragment.get("index")
        fragment["id"] = self._ids.take(given, reply_id)
        self._calls.append(_OpenCall(given, fragment["id"], _name(fragment)))
        if given is not None:
            self._by_id[given] = number
        if isinstance(index, int):
            self._by_index[index] = number
        return number

    def _continue(self, fragment: Fragment, number: int) -> None:
        call, given, index = self._calls[number], _given_id(fragment), fragment.get("index")
        fragment.pop("id", None)
        if given is not None and call.given is None:
            call.given = given
            self._by_id[given] = number
            call.identifier = fragment["id"] = self._ids.take(given)
        if isinstance(index, int):
            self._by_index[index] = number
        name = call.name_goes_on(_name(fragment) or "")
        if name:
            _part(fragment)["name"] = name
        else:
            _part(fragment).pop("name", None)


def _add(call: _OpenCall, fragment: Fragment) -> None:
    """Take what a fragment says of the arguments. A fragment of free text is taken as it is."""
    given = _text(fragment)
    if "custom" in fragment and "function" not in fragment:
        call.texts.append(given)
    elif (text := call.more(given)) != given:
        _part(fragment)["arguments"] = text


def _json_value(text: str) -> object:
    try:
        return _json.loads(text)
    except ValueError:
        return None


def _part(fragment: Fragment) -> Fragment:
    for name in ("function", "custom"):
        if type(fragment.get(name)) is dict:
            part: Fragment = fragment[name]
            return part
    return {}


def _given_id(fragment: Fragment) -> str | None:
    identifier = fragment.get("id")
    return identifier if isinstance(identifier, str) and identifier else None


def _name(fragment: Fragment) -> str | None:
    name = _part(fragment).get("name")
    return name if isinstance(name, str) and name else None


def _text(fragment: Fragment) -> str:
    part = _part(fragment)
    text = part.get("arguments", part.get("input"))
    return text if isinstance(text, str) else ""
