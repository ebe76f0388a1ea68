"""`openai_chat`: OpenAI, and every server with the same chat completions API."""

from modelstream_openai.chat import OpenAIChat as OpenAIChat
from modelstream_openai.config import OpenAIConfig as OpenAIConfig
