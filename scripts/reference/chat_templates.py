"""Renders templates/*.jinja on conversations.json of a folder with Jinja2 and writes expected.json beside them.

    python scripts/reference/chat_templates.py FOLDER
    LATHE_CHAT_TEMPLATES=FOLDER npx vitest run packages/model/src/template

The environment is that of Hugging Face's chat templates: ImmutableSandboxedEnvironment with
trim_blocks and lstrip_blocks, the loopcontrols extension, a {% generation %} block, tojson as
json.dumps(ensure_ascii=False), raise_exception (a TemplateError) and strftime_now.

The time is frozen: strftime_now formats 2026-01-02 15:04:05 (a Friday) whatever the clock says.

Variables of a rendering: messages, tools (None where the conversation has none), documents
(None), bos_token "<s>", eos_token "</s>", unk_token "<unk>", pad_token "<pad>",
add_generation_prompt. Nothing else is defined (no enable_thinking, no builtin_tools ...).

An error is recorded with the name of its class and the text of the exception. A template that
does not parse has the same error for every conversation.
"""

import copy, datetime, json, pathlib
import jinja2, jinja2.ext
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment

import sys

HERE = pathlib.Path(sys.argv[1])


class Generation(Extension):
    tags = {"generation"}

    def parse(self, parser):
        lineno = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_generation"), [], [], body).set_lineno(lineno)

    def _generation(self, caller):
        return caller()


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


env = ImmutableSandboxedEnvironment(
    trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
)
env.filters["tojson"] = tojson
env.globals["raise_exception"] = raise_exception
env.globals["strftime_now"] = lambda f: datetime.datetime(2026, 1, 2, 15, 4, 5).strftime(f)

conversations = json.loads((HERE / "conversations.json").read_text(encoding="utf-8"))
expected = {}
for path in sorted((HERE / "templates").glob("*.jinja")):
    source = path.read_bytes().decode("utf-8")
    results = expected[path.stem] = []
    for conversation in conversations:
        try:
            text = env.from_string(source).render(
                messages=copy.deepcopy(conversation["messages"]),
                tools=copy.deepcopy(conversation["tools"]),
                documents=None,
                bos_token="<s>",
                eos_token="</s>",
                unk_token="<unk>",
                pad_token="<pad>",
                add_generation_prompt=conversation["add_generation_prompt"],
            )
            results.append({"conversation": conversation["id"], "text": text})
        except Exception as error:
            results.append(
                {"conversation": conversation["id"], "error": type(error).__name__, "message": str(error)}
            )

# One result a line: a difference shows in a diff.
blocks = []
for name, results in expected.items():
    lines = ",\n".join("  " + json.dumps(r, ensure_ascii=False) for r in results)
    blocks.append(f" {json.dumps(name)}: [\n{lines}\n ]")
(HERE / "expected.json").write_text("{\n" + ",\n".join(blocks) + "\n}\n", encoding="utf-8")

flat = [r for results in expected.values() for r in results]
print(
    f"jinja2 {jinja2.__version__}: {len(expected)} templates, {len(flat)} renderings, {sum('error' in r for r in flat)} errors"
)
