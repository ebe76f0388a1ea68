"""`gemini_chat`: Google's Gemini models, with google-genai, google-generativeai, or neither."""

from modelstream_gemini.chat import GeminiChat as GeminiChat
from modelstream_gemini.config import GeminiConfig as GeminiConfig
from modelstream_gemini.dialect.dialect import GeminiArrayDialect as GeminiArrayDialect
from modelstream_gemini.dialect.dialect import GeminiDialect as GeminiDialect
