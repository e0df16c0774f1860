"""Simon Willison's `llm`, by its OpenAI models."""

import sys

try:
    import llm
    import openai
    from llm.default_plugins.openai_models import Chat
except ImportError:
    sys.exit(77)

KEY = sys.argv[2]
model = Chat("simulated", model_name="gpt-4o", api_base=f"{sys.argv[1]}/v1")
model.key = KEY

assert model.prompt("one two three", stream=False).text() == "echo: one two three"
print("chat")
assert "".join(model.prompt("one two three", stream=True)) == "echo: one two three"
print("stream")
schema = llm.schema_dsl("name, age int")
schemas = Chat("simulated", model_name="gpt-4o", api_base=f"{sys.argv[1]}/v1", supports_schema=True)
schemas.key = KEY
assert '"age"' in schemas.prompt("one", schema=schema, stream=False).text()
print("parse")


def add(a: int) -> int:
    """Adds one."""
    return a + 1


tools = Chat("simulated", model_name="gpt-4o", api_base=f"{sys.argv[1]}/v1", supports_tools=True)
tools.key = KEY
(called,) = tools.prompt("call 1", tools=[add], stream=False).tool_calls()
assert (called.name, called.arguments) == ("add", {"a": 1})
print("tools")

try:
    model.prompt("fail 400", stream=False).text()
except openai.BadRequestError as error:
    assert "as you asked" in str(error)
else:
    raise AssertionError("no error")
print("errors")

assert model.prompt("fail 500 once", stream=False).text() == "at last"
print("retries")
