"""`litellm_chat`: a hundred more providers, through LiteLLM."""

from modelstream_litellm.chat import LiteLLMChat as LiteLLMChat
from modelstream_litellm.config import LiteLLMConfig as LiteLLMConfig
