"""Loaded by schemathesis. Makes every Idempotency-Key unique, because each key stands for one request."""

import re
import uuid

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    """An Idempotency-Key names one request, so that no two requests may have the same."""
    key = (case.headers or {}).get("idempotency-key")
    if isinstance(key, str) and re.fullmatch(r"[!-~]{1,255}", key):
        case.headers["idempotency-key"] = key[:200] + uuid.uuid4().hex


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """schemathesis makes no data for an `anyOf` beside `unevaluatedProperties`; fields that no part names are then refused with 422."""
    for schema in raw_schema["components"]["schemas"].values():
        if any("anyOf" in part for part in schema.get("allOf", [])):
            schema.pop("unevaluatedProperties", None)
