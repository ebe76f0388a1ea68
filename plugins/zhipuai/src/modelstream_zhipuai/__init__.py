"""`zhipuai_chat`: the GLM models of ZhipuAI, in China and as Z.ai elsewhere."""

from modelstream_zhipuai.chat import ZhipuAIChat as ZhipuAIChat
from modelstream_zhipuai.config import ZhipuAIConfig as ZhipuAIConfig
from modelstream_zhipuai.dialect import ZhipuAIDialect as ZhipuAIDialect
