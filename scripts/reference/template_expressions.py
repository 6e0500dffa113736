"""Writes packages/model/fixtures/templates/expressions.json: generated templates and what Jinja makes of them.

Expressions are drawn with a fixed seed from values of every kind, operators, methods of str, dict and list, filters, tests
and statements; each is rendered by Jinja as Transformers sets it up, or the class of its error is kept. Left out is what
prints addresses, sets or markup in a list, a slice of a number that is written out, and a power of a signed constant.

Needs Python 3.11 with jinja2 3.1. From the root of the repository:

    python scripts/reference/template_expressions.py
"""

import copy
import json
import random
import re
from pathlib import Path

import jinja2, jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.ext import Extension
from jinja2 import nodes


class Gen(Extension):
    tags = {"generation"}

    def parse(self, parser):
        lineno = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_g"), [], [], body).set_lineno(lineno)

    def _g(self, caller):
        return caller()


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(m):
    raise jinja2.exceptions.TemplateError(m)


env = ImmutableSandboxedEnvironment(
    trim_blocks=True, lstrip_blocks=True, extensions=[Gen, jinja2.ext.loopcontrols]
)
env.filters["tojson"] = tojson
env.globals["raise_exception"] = raise_exception
V = {
    "s": "Hello World",
    "t": "  pad\t\n",
    "e": "",
    "zh": "你好，世界",
    "em": "a😀b😀c",
    "up": "ABC",
    "num": "42",
    "neg": "-7.5",
    "path": "a/b/c.txt",
    "tag": "<b>x & 'y'</b>",
    "multi": "line one\nline two\n\nline four",
    "i": 7,
    "n": -3,
    "z": 0,
    "big": 12345678901234567890,
    "f": 2.5,
    "g": -0.125,
    "h": 1e-7,
    "w": 3.0,
    "k": 1e16,
    "T": True,
    "F": False,
    "N": None,
    "l": [3, 1, 2],
    "ls": ["b", "A", "c"],
    "m": [1, "x", None, 2.0, True, [1, 2], {"a": 1}],
    "el": [],
    "nested": [[1, 2], [3, [4]]],
    "d": {"b": 1, "a": [1, 2.5, None, True], "2": "x", "1": "y"},
    "ed": {},
    "items": {"items": 5, "keys": "v"},
    "rows": [
        {"role": "user", "content": "hi", "n": 2},
        {"role": "assistant", "content": "yo", "n": 1},
        {"role": "user", "content": "Bye", "n": 3},
    ],
}
V["items_"] = V.pop("items")
random.seed(11)
N = 7000
strs = [
    "s",
    "t",
    "e",
    "zh",
    "em",
    "up",
    "num",
    "neg",
    "path",
    "tag",
    "multi",
    "'x'",
    "'a b'",
    '"q\\"\'"',
    "'\\n'",
    "'%s-%s'",
    "'{}'",
    "'é'",
    "'ß'",
    "'ǆ'",
]
ints = ["i", "n", "z", "big", "0", "1", "2", "-1", "10", "T", "100"]
floats = ["f", "g", "h", "w", "k", "1.0", "0.5", "1e3", "2.50"]
lists = [
    "l",
    "ls",
    "m",
    "el",
    "nested",
    "[1,2,3]",
    "['a','b']",
    "(1,2)",
    "range(4)",
    "rows",
    "[T,N]",
    "d.keys()",
    "[1.0,1]",
]
dicts = ["d", "ed", "items_", "{'x':1}", "{1:'a',T:'b',2.0:'c'}", "rows[0]", "dict(a=1,b=2)"]
others = ["N", "undef", "T", "F", "d.a", "d['2']", "d.missing", "rows[1].content", "l[0]", "s[1]"]
KEYS = [
    "i",
    "n",
    "z",
    "big",
    "0",
    "1",
    "2",
    "-1",
    "10",
    "1:",
    "::-1",
    ":2",
    "-2:",
    "1:3",
    "::2",
    ":-1",
    "5:1:-1",
    "None:2",
    "::0",
    "s",
    '"a"',
    "f",
]
STAR = ["", ', "*"', ", zh[0]"]


def c(x):
    return random.choice(x)


def atom():
    return c([c(strs), c(strs), c(ints), c(ints), c(floats), c(lists), c(lists), c(dicts), c(others)])


def arg(kind=None):
    return c(strs) if kind == "s" else c(ints) if kind == "i" else atom()


def method(d):
    r = random.random()
    st = c(strs)
    return c(
        [
            f"{st}.{c(['upper','lower','title','capitalize','swapcase','casefold','isdigit','isalpha','isalnum','isspace','isupper','islower','istitle','isnumeric','isdecimal','isidentifier','isascii','splitlines','split','strip','rstrip','lstrip','isprintable'])}()",
            f"{st}.{c(['strip','lstrip','rstrip'])}({c(strs)})",
            f"{st}.{c(['split','rsplit'])}({c(['None']+strs)}, {c(ints[:9])})",
            f"{st}.{c(['split','rsplit','partition','rpartition','count','find','rfind','index','rindex','startswith','endswith','removeprefix','removesuffix'])}({c(strs)})",
            f"{st}.{c(['find','count','startswith','index','endswith'])}({c(strs)},{c(['0','1','-1','3','20','None'])},{c(['2','-1','5','None'])})",
            f"{st}.replace({c(strs)},{c(strs)})",
            f"{st}.replace({c(strs)},{c(strs)},{c(['0','1','2','-1'])})",
            f"{st}.{c(['center','ljust','rjust'])}({c(['0','5','14','15','20'])}{c(STAR)})",
            f"{st}.zfill({c(['0','6','12'])})",
            f"{st}.join({c(lists+['ls','[s,e]'])})",
            f"{st}.splitlines({c(['True','False'])})",
            f"{st}.expandtabs({c(['','4','0'])})",
            f"{st}.format({atom()},{atom()},x={atom()})",
            "'{:>8}|{:<6}|{:^7}|{:05d}|{:.2f}|{:,}|{:+d}|{:x}|{:%}|{:e}'.format("
            + ",".join(
                [
                    c(strs),
                    c(strs),
                    c(strs),
                    c(ints),
                    c(floats + ints),
                    c(ints),
                    c(ints),
                    c(ints),
                    c(floats),
                    c(floats),
                ]
            )
            + ")",
            "'{:"
            + c(
                [
                    "",
                    ">",
                    "<",
                    "^",
                    "*^",
                    "=+",
                    "0=",
                    "08",
                    "+",
                    " ",
                    "#x",
                    "_",
                    "_x",
                    ",",
                    "10,",
                    ".3",
                    ".0f",
                    "g",
                    ".3g",
                    "12.4f",
                    "e",
                    ".1%",
                    "d",
                    "b",
                    "o",
                    "X",
                    "c",
                    "s",
                    ".2s",
                    "10s",
                    "n",
                ]
            )
            + c(["", "5"])[:0]
            + "}'.format("
            + c([c(ints), c(floats), c(strs)])
            + ")",
            "'"
            + c(
                [
                    "%s",
                    "%d",
                    "%5d",
                    "%-5d|",
                    "%05d",
                    "%.2f",
                    "%x",
                    "%r",
                    "%e",
                    "%g",
                    "%%",
                    "%+d",
                    "%i",
                    "%c",
                    "%s and %s",
                    "%(a)s",
                    "%5s|",
                    "%-5s|",
                    "%.3s",
                    "%o",
                    "%X",
                    "%5.1f",
                ]
            )
            + "' % "
            + c([atom(), f"({atom()},{atom()})", "{'a':1}", "(1,)"]),
            f"{c(dicts)}.{c(['items()','keys()','values()','get('+c(strs)+')','get('+c(strs)+','+atom()+')','copy()','items()|list','pop(1)','update({})'])}",
            f"{c(lists)}.{c(['index('+atom()+')','count('+atom()+')','append(1)','copy()'])}",
        ]
    )


def filt(x):
    n = c(
        [
            "abs",
            "capitalize",
            "center",
            "count",
            "length",
            'default("d")',
            'default("d",true)',
            "d(1)",
            "dictsort",
            'dictsort(false,"value")',
            "dictsort(reverse=true)",
            "escape",
            "e",
            "first",
            "last",
            "float",
            "float(1.5)",
            "int",
            "int(5)",
            "int(0,16)",
            "int(base=2)",
            "indent",
            "indent(2,true)",
            'indent("> ",blank=true)',
            "items",
            "items|list",
            "join",
            'join(", ")',
            'join("-",attribute="role")',
            "list",
            "lower",
            'map("upper")|list',
            'map(attribute="role")|list',
            'map(attribute="x",default="?")|list',
            'map("int")|list',
            "max",
            "min",
            'max(attribute="n")',
            'reject("none")|list',
            'select("string")|list',
            "select|list",
            'rejectattr("n","gt",1)|list',
            'selectattr("role","equalto","user")|list',
            'selectattr("n")|list',
            'replace("a","b")',
            'replace("l","L",1)',
            "reverse",
            "reverse|list",
            "round",
            "round(1)",
            "round(2)",
            "round(-1)",
            'round(1,"ceil")',
            'round(0,"floor")',
            "safe",
            "slice(2)|list",
            'slice(3,"x")|list',
            "sort",
            "sort(reverse=true)",
            "sort(case_sensitive=true)",
            'sort(attribute="n")',
            'sort(attribute="role,n")',
            "string",
            "striptags",
            "sum",
            'sum(attribute="n")',
            "sum(start=10)",
            "title",
            "tojson",
            "tojson(indent=2)",
            'tojson(separators=(",",":"))',
            "tojson(ensure_ascii=true)",
            "tojson(sort_keys=true)",
            "trim",
            'trim("d ")',
            "truncate(5)",
            "truncate(8,true)",
            'truncate(6,false,"..",0)',
            "unique|list",
            'unique(attribute="role")|list',
            "upper",
            "urlencode",
            "wordcount",
            "batch(2)|list",
            'batch(2,"f")|list',
            'groupby("role")',
            'groupby("role")|list|length',
            'attr("upper")',
            'attr("role")',
            "filesizeformat",
            "filesizeformat(true)",
            "xmlattr",
            "format(1,2)",
            'format("z")',
            "wordwrap(5)",
            "wordwrap(8,false)",
            "nosuch",
        ]
    )
    return f"{x}|{n}"


def test(x):
    n = c(
        [
            "defined",
            "undefined",
            "none",
            "boolean",
            "true",
            "false",
            "integer",
            "float",
            "number",
            "string",
            "mapping",
            "sequence",
            "iterable",
            "callable",
            "odd",
            "even",
            "divisibleby(3)",
            "divisibleby 2",
            "lower",
            "upper",
            'in [1,2,"b"]',
            'in "Hello"',
            "eq 7",
            'equalto("x")',
            "ne 3",
            "lt 5",
            "gt(1)",
            "ge 2",
            "le 2",
            "sameas none",
            "sameas(true)",
            "nosuch",
            "escaped",
        ]
    )
    return f"({x} is {c(['','not '])}{n})"


def expr(d):
    if d <= 0:
        return atom()
    r = random.random()
    if r < 0.16:
        return f"{expr(d-1)} {c(['+','-','*','/','//','%','**','~','+','~'])} {expr(d-1)}"
    if r < 0.26:
        return f"({expr(d-1)} {c(['==','!=','<','<=','>','>=','in','not in'])} {expr(d-1)})"
    if r < 0.30:
        return f"({atom()} {c(['<','==','>='])} {atom()} {c(['<','!=','<='])} {atom()})"
    if r < 0.36:
        return f"({expr(d-1)} {c(['and','or'])} {expr(d-1)})"
    if r < 0.39:
        return f"(not {expr(d-1)})"
    if r < 0.42:
        return f"{c(['-','+'])}{atom()}"
    if r < 0.48:
        return f"{atom()}[{c(KEYS)}]"
    if r < 0.66:
        return filt(c([atom(), f"({expr(d-1)})", method(0)]))
    if r < 0.74:
        return test(c([atom(), f"({expr(d-1)})"]))
    if r < 0.90:
        return method(d)
    if r < 0.94:
        return f"({expr(d-1)} if {expr(d-1)}{c([' else '+atom(),''])})"
    return f"[{expr(d-1)}, {expr(d-1)}]"


stm = [
    "{% for x in "
    + "%L"
    + " %}{{ loop.index }}{{ loop.first }}{{ loop.last }}{{ x }};{% else %}none{% endfor %}",
    "{% set q = %E %}{{ q }}",
    "{% if %E %}Y{% elif %E %}Z{% else %}N{% endif %}",
    "{% for x in %L if x %}{{ x }}{% if loop.index == 2 %}{% break %}{% endif %}{% endfor %}{{ x }}",
    "{% for k, v in %D.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% set ns = namespace(a=%E) %}{% for x in %L %}{% set ns.a = x %}{% set w = x %}{% endfor %}{{ ns.a }}{{ w }}",
    "{% macro m(a, b=%E) %}[{{ a }}|{{ b }}]{% endmacro %}{{ m(%E) }}{{ m(b=1, a=2) }}{{ m() }}",
    "{% set q %}x{{ %E }}y{% endset %}{{ q|length }}{{ q }}",
    "{% filter upper %}{{ %E }}{% endfilter %}",
    "{% macro w() %}<{{ caller() }}>{% endmacro %}{% call w() %}{{ %E }}{% endcall %}",
    "a  {%- if T %}  b  {% endif -%}  c\n  {% if T %}\n  d\n  {% endif %}\n{{ %E }}\n\n",
    "  {%+ if T %} x{% endif +%}\ny{# c #}\nz",
    "{% raw %}{{ x }} {% if %}{% endraw %}{{ %E }}",
    "{% with a=%E, b=2 %}{{ a }}{{ b }}{% endwith %}{{ a }}",
    "{% for x in %L %}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.revindex0 }}{{ loop.cycle('a','b') }}{{ loop.changed(x) }}{% endfor %}",
    "{% for x in nested recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}{{ x }}{{ loop.depth }}{% endif %}{% endfor %}",
    "{% generation %}{{ %E }}{% endgeneration %}",
]
# Kinds that the drawing comes to too seldom.
EXTRA = [
    "{{ l[1:] }}{{ range(4)[::2] }}{{ range(2,9,3)[2:-1:-1] }}{{ range(5,0,-2)[2:n:] }}{{ range(5,0,-2)[n:31:-1] }}",
    "{{ range(2,9,3)[3:0:]|list }}{{ range(9)[-3:]|list }}{{ 'y' if range(2,9,3)[-1:3:-1] else 'n' }}",
    "{% for g in rows|groupby('role') %}{{ g.grouper }}{{ g.list|length }}{{ g[0] }};{% endfor %}",
    "{{ rows|groupby('role')|map(attribute='grouper')|list }}{{ rows|groupby('role')|map(attribute='list')|map('length')|list }}",
    "{% macro f(a, b='x') %}{{ f.name }}{{ f.arguments }}{{ f.catch_kwargs }}{{ f.catch_varargs }}{{ f.caller }}{% endmacro %}{{ f(1) }}",
    "{% macro f(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f.catch_kwargs }}{{ f.catch_varargs }}{{ f(1, 2, z=3) }}",
    "{{ 'a b'.startswith(e,3,-1) }}{{ 'ab'.endswith('',3) }}{{ 'ab'.startswith('',2) }}{{ 'ab'.startswith('',3) }}",
    "{{ 'ǆ'.title() }}{{ 'ǉ x'.capitalize() }}{{ 'Ǳ'.title() }}{{ ''.capitalize() }}{{ undef|capitalize }}",
    "{{ m|truncate(6,false,'..',0) }}",
    "{{ m|truncate(9) }}",
    "{{ {1:'a'}|xmlattr }}",
    "{{ -0.0 // 0.001 }} {{ 0.0 // -2 }} {{ -0.0 // -2 }} {{ 0.0 // 2 }} {{ -1.0 // 3 }}",
    "{{ 2 ** 2.5 }} {{ 3 ** g }} {{ 7.5 ** -3 }} {{ 0.1 ** 20 }} {{ 10 ** -7 }} {{ 2 ** 0.5 }} {{ i ** h }} {{ 1e-3 ** 1.5 }}",
    "{{ 10.0 ** 22 }} {{ 10.0 ** -22 }} {{ 1.1 ** 300 }} {{ (0-2.5) ** 3 }} {{ (0-8) ** -3 }} {{ 2.0 ** -1074 }}",
    "{{ '%a|%r' % (zh, zh) }}{{ '%a' % em }}{{ '{!a}{!r}'.format('é', 'é') }}",
    "{{ '%*d' % (f,0) }}",
    "{{ '%*d|%-*s|%.*f' % (4,7,3,'a',2,1.005) }}",
    "{{ '१२'|float }}{{ '१२'|int }}{{ '1_000.5'|float }}{{ '１２'|int }}",
    "{{ d is test }}",
    "{{ l is filter }}{{ 'x' is filter }}",
    "{{ 'upper' is filter }}{{ 'odd' is test }}{{ 'x' is test }}",
]
out = []
drawn = 0
while drawn < N + len(EXTRA):
    drawn += 1
    if drawn > N:
        src = EXTRA[drawn - N - 1]
    elif random.random() < 0.85:
        src = "{{ " + expr(random.choice([1, 1, 2, 2, 3])) + " }}"
    else:
        src = c(stm)
        while "%E" in src:
            src = src.replace("%E", expr(c([0, 1, 2])), 1)
        while "%L" in src:
            src = src.replace("%L", c(lists), 1)
        while "%D" in src:
            src = src.replace("%D", c(dicts), 1)
    try:
        r = {"src": src, "text": env.from_string(src).render(**copy.deepcopy(V))}
        if (
            "Markup(" in r["text"]
            or re.search(r"(?<![\w\]\)])(\d[\d.e]*|\{'x':1\}|\{1:.*?\})\[[^\]]*:", src)
            or "- d.keys()" in src
            or " ** " in src
            and re.search(r"-[\d.]+ \*\* [a-z]", src)
            or " object at 0x" in r["text"]
            or "OBJECT AT 0X" in r["text"]
            or "<generator" in r["text"]
            or len(r["text"]) > 20000
            or "<built-in" in r["text"]
            or "<bound" in r["text"]
        ):
            continue
    except RecursionError:
        continue
    except MemoryError:
        continue
    except Exception as e:
        r = {"src": src, "error": type(e).__name__}
    out.append(r)


def encoded(x):
    if isinstance(x, bool) or x is None or isinstance(x, str):
        return x
    if isinstance(x, int):
        return {"int": str(x)}
    if isinstance(x, float):
        return {"float": repr(x)}
    if isinstance(x, list):
        return [encoded(y) for y in x]
    return {"dict": [[encoded(k), encoded(v)] for k, v in x.items()]}


whole = {
    "source": f"Jinja {jinja2.__version__} with the settings of Transformers",
    "variables": {k: encoded(v) for k, v in V.items()},
    "cases": out,
}
text = json.dumps(whole, ensure_ascii=False, separators=(",", ":")).replace('},{"src"', '},\n{"src"')
target = Path(__file__).parents[2] / "packages" / "model" / "fixtures" / "templates" / "expressions.json"
target.write_text(text + "\n", encoding="utf-8")
