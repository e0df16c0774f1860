"""LiteLLM, over three wires."""

import sys

try:
    import litellm
except ImportError:
    sys.exit(77)

HOME = sys.argv[1]
HELLO = [{"role": "user", "content": "one two three"}]
litellm.suppress_debug_info = True
PLACES = (
    ("openai/gpt-4o", f"{HOME}/v1"),
    ("anthropic/claude-sonnet-4-5", HOME),
    ("ollama_chat/llama3", HOME),
)
TOOL = {
    "type": "function",
    "function": {
        "name": "add",
        "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
    },
}

for model, home in PLACES:
    settings = {"model": model, "api_base": home, "api_key": "any", "num_retries": 0}
    answer = litellm.completion(messages=HELLO, **settings)
    assert answer.choices[0].message.content == "echo: one two three", answer
    stream = litellm.completion(messages=HELLO, stream=True, **settings)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    assert text == "echo: one two three", text
    print(f"chat and stream of {model}")

for model, home in PLACES[:2]:
    called = litellm.completion(
        model=model, messages=HELLO, tools=[TOOL], tool_choice="required", api_base=home, api_key="any"
    )
    assert called.choices[0].message.tool_calls[0].function.name == "add"
print("tools")

vectors = litellm.embedding(model="openai/text-embedding-3-small", input=["a"], api_base=f"{HOME}/v1", api_key="any")
assert len(vectors.data) == 1
print("embeddings")

try:
    litellm.completion(
        model="openai/gpt-4o", messages=[{"role": "user", "content": "fail 429"}], api_base=f"{HOME}/v1",
        api_key="any", num_retries=0, max_retries=0,
    )  # fmt: skip
except litellm.RateLimitError as error:
    assert "as you asked" in str(error)
else:
    raise AssertionError("no error")
print("errors")
