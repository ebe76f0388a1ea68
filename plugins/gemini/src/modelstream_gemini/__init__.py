"""`gemini_chat`: Google's Gemini models, through google-genai or google-generativeai."""

from modelstream_gemini.chat import GeminiChat as GeminiChat
from modelstream_gemini.config import GeminiConfig as GeminiConfig
