"""zhipuai_chat keeps all laws of the conformance kit, by either transport, with either SDK."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from modelstream.testing import WrapperConformance
from modelstream_zhipuai import ZhipuAIDialect

pytestmark = pytest.mark.conformance


class _Conformance(WrapperConformance):
    model_type = "zhipuai_chat"
    dialect = ZhipuAIDialect()


class TestNativeTransport(_Conformance):
    config = {"api_key": "id.secret", "transport": "native"}  # noqa: RUF012


if find_spec("zai"):  # not where only the other one is installed

    class TestWithZai(_Conformance):
        config = {"api_key": "id.secret", "sdk": "zai"}  # noqa: RUF012


if find_spec("zhipuai"):  # which has its own environment: nox -s extras

    class TestWithZhipuAI(_Conformance):
        config = {"api_key": "id.secret", "sdk": "zhipuai"}  # noqa: RUF012
