"""`response_format` given as a class, as the SDKs' `parse` methods accept it."""

from __future__ import annotations

from typing import Any

from modelstream.errors import BadRequestError


def response_format(value: Any) -> Any:
    """`value`, or for a pydantic class the `json_schema` format with its schema.

    Raises `BadRequestError` for any other class.
    """
    if not isinstance(value, type):
        return value
    schema = getattr(value, "model_json_schema", None)
    if schema is None:
        raise BadRequestError(
            f"response_format is the class {value.__name__}: expected a pydantic class, or a dict such as "
            f'{{"type": "json_schema", "json_schema": {{"name": "{value.__name__}", "schema": …}}}}.'
        )
    return {"type": "json_schema", "json_schema": {"name": value.__name__, "schema": schema()}}
