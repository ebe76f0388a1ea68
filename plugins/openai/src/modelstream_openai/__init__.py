"""`openai_chat`: OpenAI, and every server that speaks its chat completions."""

from modelstream_openai.chat import OpenAIChat as OpenAIChat
from modelstream_openai.config import OpenAIConfig as OpenAIConfig
