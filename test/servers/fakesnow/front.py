"""
A front of ours before fakesnow, in one process with it. fakesnow has no TLS, takes any password and answers queries as Arrow alone; the
front adds TLS, checks account, user and password, and turns each Arrow result into the JSON rowset that clients of the vendor's driver
for Node get (snowflake-connector-python, converter.py, has the forms). It respells what fakesnow does not parse, as RESPELLED has it, and
marks the primary key in the answer of DESCRIBE TABLE, which fakesnow knows by SHOW alone. Everything else is fakesnow's own answer.

Arguments: port, certificate, key, and a JSON file with `account`, `user` and `password`.
"""

import asyncio
import base64
import json
import re
import sys

import pyarrow as pa
import uvicorn
from fakesnow.server import app as fakesnow

PORT, CERTIFICATE, KEY, LOGIN = sys.argv[1:5]
with open(LOGIN) as file:
    KNOWN = json.load(file)

REFUSED = {"data": {"nextAction": "RETRY_LOGIN"}, "code": "390100", "message": "Incorrect username or password was specified.", "success": False}


def instant(value):
    """Seconds with nine decimals, the sign over both parts; `epoch` is rounded down. fakesnow has NULL as parts without values."""
    if value["epoch"] is None:
        return None
    nanos = value["epoch"] * 1_000_000_000 + value["fraction"]
    sign, size = ("-", -nanos) if nanos < 0 else ("", nanos)
    zone = f" {value['timezone']}" if "timezone" in value else ""
    return f"{sign}{size // 1_000_000_000}.{size % 1_000_000_000:09d}{zone}"


FORMS = {
    "fixed": lambda value: format(value, "f") if hasattr(value, "as_tuple") else str(value),
    "real": repr,
    "boolean": lambda value: "1" if value else "0",
    "binary": lambda value: value.hex().upper(),
    "date": lambda value: str((value - value.__class__(1970, 1, 1)).days),
    "time": lambda value: f"{value // 1_000_000_000}.{value % 1_000_000_000:09d}",
    "timestamp_ntz": instant,
    "timestamp_tz": instant,
}


def rows_of(data):
    """The rows of an Arrow result as lists of texts."""
    packed = base64.b64decode(data["rowsetBase64"])
    if not packed:
        return []
    table = pa.ipc.open_stream(packed).read_all()
    forms = [FORMS.get(column["type"], str) for column in data["rowtype"]]
    columns = [[None if value is None else form(value) for value in column.to_pylist()] for form, column in zip(forms, table.columns)]
    return [list(row) for row in zip(*columns)]


def as_json(body):
    answer = json.loads(body)
    data = answer.get("data") or {}
    if data.get("queryResultFormat") == "arrow":
        rows = rows_of(data)
        data.pop("rowsetBase64")
        data.update(queryResultFormat="json", rowset=rows, returned=len(rows))
    return json.dumps(answer).encode()


RESPELLED = [
    (r"CURRENT_(ACCOUNT|REGION|WAREHOUSE)\(\)", lambda found: {"ACCOUNT": "'FAKESNOW'", "REGION": "'NOWHERE'", "WAREHOUSE": "'FAKESNOW_WAREHOUSE'"}[found[1]]),
    (r"\bC\.DATETIME_PRECISION\b", "NULL"),
    (r"^SHOW PRIMARY KEYS IN DATABASE .*", "SHOW PRIMARY KEYS"),
    # Two spellings of one thing; inside MERGE fakesnow parses the second one alone.
    (r"\bTABLE\(FLATTEN\(INPUT => PARSE_JSON\(\?\)\)\) F", "LATERAL FLATTEN(INPUT => PARSE_JSON(?)) F"),
    (r"\bTO_(DATE|TIME|TIMESTAMP_[A-Z]+)\((F\.VALUE\[\d+\]::VARCHAR|\?), 'AUTO'\)", r"CAST(\2 AS \1)"),
]


def respelled(body):
    asked = json.loads(body)
    for pattern, by in RESPELLED:
        asked["sqlText"] = re.sub(pattern, by, asked["sqlText"])
    return json.dumps(asked).encode()


def is_known(body):
    given = json.loads(body)["data"]
    names = {"account": "ACCOUNT_NAME", "user": "LOGIN_NAME", "password": "PASSWORD"}
    return all(given.get(name) == KNOWN[key] for key, name in names.items())


async def whole(receive):
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def relayed(scope, body):
    """fakesnow's status and body."""
    given, sent = [{"type": "http.request", "body": body, "more_body": False}], []

    async def receive():
        return given.pop() if given else await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    await fakesnow(scope, receive, send)
    return sent[0]["status"], b"".join(each.get("body", b"") for each in sent[1:])


# fakesnow keeps a session's result where its next statement puts another.
turns = {}


async def asked(scope, body):
    status, said = await relayed(scope, respelled(body))
    if status != 200:
        return status, said
    said = as_json(said)
    table = re.match(r"DESCRIBE TABLE (.*)\.(\"(?:[^\"]|\"\")*\")$", json.loads(body)["sqlText"])
    rows = json.loads(said).get("data", {}).get("rowset")
    return (status, said) if table is None or rows is None else (status, await keyed(scope, json.loads(said), *table.groups()))


async def keyed(scope, described, schema, name):
    _, said = await relayed(scope, json.dumps({"sqlText": f"SHOW PRIMARY KEYS IN SCHEMA {schema}"}).encode())
    shown = json.loads(as_json(said))["data"]
    at = [column["name"] for column in shown["rowtype"]].index("table_name")
    keys = {row[at + 1] for row in shown["rowset"] if row[at] == name[1:-1].replace('""', '"')}
    for row in described["data"]["rowset"]:
        row[KEY_COLUMN] = "Y" if row[0] in keys else "N"
    return json.dumps(described).encode()


# `primary key` in the rows of DESCRIBE TABLE.
KEY_COLUMN = 5


async def answer(scope, body):
    path = scope["path"]
    if path == "/front/connections":
        return 200, json.dumps({"connections": len(server.server_state.connections) - 1}).encode()
    if path == "/session/v1/login-request" and not is_known(body):
        return 200, json.dumps(REFUSED).encode()
    if path != "/queries/v1/query-request":
        return await relayed(scope, body)
    token = dict(scope["headers"]).get(b"authorization", b"")
    async with turns.setdefault(token, asyncio.Lock()):
        return await asked(scope, body)


async def front(scope, receive, send):
    status, body = await answer(scope, await whole(receive))
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})


server = uvicorn.Server(
    uvicorn.Config(front, host="127.0.0.1", port=int(PORT), ssl_certfile=CERTIFICATE, ssl_keyfile=KEY, lifespan="off", log_level="info")
)
server.run()
