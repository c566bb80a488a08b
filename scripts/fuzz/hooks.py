"""Loaded by schemathesis. Makes every Idempotency-Key unique, because each key stands for one request."""

import re
import uuid

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    key = (case.headers or {}).get("idempotency-key")
    if isinstance(key, str) and re.fullmatch(r"[!-~]{1,255}", key):
        case.headers["idempotency-key"] = key[:200] + uuid.uuid4().hex
