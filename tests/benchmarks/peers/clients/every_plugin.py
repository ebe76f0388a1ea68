# /// script
# dependencies = [
#     "modelstream-dashscope", "modelstream-gemini", "modelstream-litellm", "modelstream-local",
#     "modelstream-ollama", "modelstream-openai", "modelstream-studio", "modelstream-terminal",
#     "modelstream-zhipuai",
# ]
# ///
"""No client, but the environment in which the command is started: every plugin is installed."""

WAYS = {}
