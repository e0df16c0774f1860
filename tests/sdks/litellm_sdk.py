"""LiteLLM, over three wires."""

import json
import sys

try:
    import litellm
except ImportError:
    sys.exit(77)

KEY = sys.argv[2]
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
    settings = {"model": model, "api_base": home, "api_key": KEY, "num_retries": 0}
    answer = litellm.completion(messages=HELLO, **settings)
    assert answer.choices[0].message.content == "echo: one two three", answer
    stream = litellm.completion(messages=HELLO, stream=True, **settings)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    assert text == "echo: one two three", text
    print(f"chat and stream of {model}")

for model, home in PLACES[:2]:
    called = litellm.completion(
        model=model, messages=HELLO, tools=[TOOL], tool_choice="required", api_base=home, api_key=KEY
    )
    assert called.choices[0].message.tool_calls[0].function.name == "add"
print("tools")

vectors = litellm.embedding(model="openai/text-embedding-3-small", input=["a"], api_base=f"{HOME}/v1", api_key=KEY)
assert len(vectors.data) == 1
print("embeddings")

formed = litellm.completion(
    model="openai/gpt-4o",
    messages=HELLO,
    api_base=f"{HOME}/v1",
    api_key=KEY,
    response_format={"type": "json_schema", "json_schema": {"name": "sum", "schema": TOOL["function"]["parameters"]}},
)
assert isinstance(json.loads(formed.choices[0].message.content)["a"], int)
print("parse")

picture = litellm.image_generation(model="openai/gpt-image-1", prompt="a cat", api_base=f"{HOME}/v1", api_key=KEY)
assert picture.data[0].b64_json
print("images")

sound = litellm.speech(model="openai/tts-1", input="hello", voice="alloy", api_base=f"{HOME}/v1", api_key=KEY)
assert sound.content == b"ID3 hello"
heard = litellm.transcription(model="openai/whisper-1", file=("a.mp3", b"ID3"), api_base=f"{HOME}/v1", api_key=KEY)
assert heard.text == "Heard."
print("audio")

try:
    litellm.completion(
        model="openai/gpt-4o", messages=[{"role": "user", "content": "fail 429"}], api_base=f"{HOME}/v1",
        api_key=KEY, num_retries=0, max_retries=0,
    )  # fmt: skip
except litellm.RateLimitError as error:
    assert "as you asked" in str(error)
else:
    raise AssertionError("no error")
print("errors")

again = litellm.completion(
    model="openai/gpt-4o", messages=[{"role": "user", "content": "fail 500 once"}], api_base=f"{HOME}/v1",
    api_key=KEY, num_retries=2,
)  # fmt: skip
assert again.choices[0].message.content == "at last"
print("retries")
