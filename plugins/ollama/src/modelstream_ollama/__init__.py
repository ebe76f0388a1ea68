"""`ollama_chat`: models that an Ollama server runs."""

from modelstream_ollama.chat import OllamaChat as OllamaChat
from modelstream_ollama.config import OllamaConfig as OllamaConfig
from modelstream_ollama.dialect import OllamaDialect as OllamaDialect
