"""`dashscope_chat`: the Qwen models, and others, of Alibaba Cloud's DashScope."""

from modelstream_dashscope.chat import DashScopeChat as DashScopeChat
from modelstream_dashscope.config import DashScopeConfig as DashScopeConfig
from modelstream_dashscope.dialect import DashScopeDialect as DashScopeDialect
