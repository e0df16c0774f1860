"""Anthropic's own SDK."""

import sys

try:
    import anthropic
except ImportError:
    sys.exit(77)

KEY = sys.argv[2]
HELLO = [{"role": "user", "content": "one two three"}]
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False}
TOOL = {"name": "add", "description": "Adds.", "input_schema": SCHEMA}
client = anthropic.Anthropic(base_url=sys.argv[1], api_key=KEY, max_retries=0)


def asked(messages, **settings):
    return client.messages.create(model="claude-sonnet-4-5", max_tokens=100, messages=messages, **settings)


answer = asked(HELLO, system="Be kind.")
assert answer.content[0].text == "echo: one two three"
assert (answer.usage.input_tokens, answer.stop_reason) == (5, "end_turn")
print("chat")

with client.messages.stream(model="claude-sonnet-4-5", max_tokens=100, messages=HELLO) as stream:
    assert "".join(stream.text_stream) == "echo: one two three"
    assert stream.get_final_message().usage.output_tokens == 4
print("stream")

called = asked(HELLO, tools=[TOOL], tool_choice={"type": "any"})
(use,) = called.content
assert (use.name, list(use.input), called.stop_reason) == ("add", ["a"], "tool_use")
with client.messages.stream(
    model="claude-sonnet-4-5", max_tokens=100, messages=HELLO, tools=[TOOL], tool_choice={"type": "tool", "name": "add"}
) as stream:
    assert stream.get_final_message().content[0].input == use.input
result = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": use.id, "content": "3"}]}
said = {"role": "assistant", "content": [use.model_dump(include={"type", "id", "name", "input"})]}
assert asked([*HELLO, said, result], tools=[TOOL]).stop_reason == "end_turn"
print("tools")

formed = asked(HELLO, extra_body={"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}})
assert formed.content[0].text.startswith('{"a":')
print("parse")

assert client.messages.count_tokens(model="claude-sonnet-4-5", messages=HELLO).input_tokens == 3
assert client.models.retrieve("claude-x").id == "claude-x"
assert [model.id for model in client.models.list()] == ["simulated"]
print("counts, models")

for status, kind in (
    (400, anthropic.BadRequestError),
    (401, anthropic.AuthenticationError),
    (429, anthropic.RateLimitError),
    (529, anthropic.APIStatusError),
):
    try:
        asked([{"role": "user", "content": f"fail {status}"}])
    except kind as error:
        assert "as you asked" in str(error)
    else:
        raise AssertionError(status)
print("errors")

patient = anthropic.Anthropic(base_url=sys.argv[1], api_key=KEY, max_retries=2)
again = patient.messages.create(
    model="claude-sonnet-4-5", max_tokens=9, messages=[{"role": "user", "content": "fail 529 once"}]
)
assert again.content[0].text == "at last"
print("retries")
