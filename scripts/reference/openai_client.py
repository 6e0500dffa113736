#!/usr/bin/env python3
"""Asks a server of Lathe through OpenAI's own client of Python, and prints what came as one JSON line.

    pip install openai==3.22.1
    python scripts/reference/openai_client.py http://127.0.0.1:8080/v1 KEY MODEL

packages/serve/src/python-client.test.ts runs it where Python has the client; name another interpreter in LATHE_PYTHON.
"""

import json
import sys

import openai

SCHEMA = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["order", "refund"]},
        "items": {"type": "array", "items": {"$ref": "#/$defs/item"}, "minItems": 1, "maxItems": 2},
        "note": {"anyOf": [{"type": "string", "maxLength": 5}, {"type": "null"}]},
    },
    "required": ["kind", "items", "note"],
    "additionalProperties": False,
    "$defs": {"item": {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}},
}
MESSAGES = [{"role": "user", "content": "你好"}]


def refused(call):
    try:
        call()
    except openai.APIStatusError as error:
        return {"type": type(error).__name__, "status": error.status_code, "message": str(error.body.get("message"))}
    return None


def main() -> int:
    url, key, model = sys.argv[1:]
    client = openai.OpenAI(base_url=url, api_key=key, max_retries=0)
    chat = client.chat.completions
    shared = {"model": model, "messages": MESSAGES, "max_tokens": 8, "temperature": 0}

    whole = chat.create(**shared)
    chunks = list(chat.create(**shared, stream=True, stream_options={"include_usage": True}))
    streamed = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    drawn = [chat.create(**{**shared, "temperature": 1.5}, seed=seed).choices[0].message.content for seed in (1, 1, 2)]
    likely = chat.create(**shared, logprobs=True, top_logprobs=2).choices[0].logprobs.content
    text = whole.choices[0].message.content
    stopped = chat.create(**shared, stop=[text[2:4]]).choices[0]
    shaped = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}}
    structured = chat.create(**{**shared, "max_tokens": 400, "temperature": 1}, seed=3, response_format=shaped)
    with_multiples = {**shaped, "json_schema": {"name": "answer", "schema": {"type": "integer", "multipleOf": 3}}}
    with chat.create(**{**shared, "max_tokens": 400}, stream=True) as left:
        next(iter(left))

    result = {
        "version": openai.__version__,
        "models": [one.id for one in client.models.list()],
        "text": text,
        "streamed": streamed,
        "tokens": [whole.usage.completion_tokens, chunks[-1].usage.completion_tokens],
        "drawn": drawn,
        "likely": [[one.logprob, [other.logprob for other in one.top_logprobs]] for one in likely],
        "stopped": [stopped.message.content, stopped.finish_reason],
        "structured": json.loads(structured.choices[0].message.content),
        "completed": client.completions.create(model=model, prompt="你好", max_tokens=4).choices[0].finish_reason,
        "refused": {
            "model": refused(lambda: chat.create(**{**shared, "model": "none"})),
            "key": refused(lambda: client.with_options(api_key="wrong").models.list()),
            "multiples": refused(lambda: chat.create(**shared, response_format=with_multiples)),
        },
    }
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
